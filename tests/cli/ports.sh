# ports.sh -- what tests of histd's ports share: clients, and whether what they sent is there
# shellcheck shell=sh
# shellcheck disable=SC2154 # of histd.sh and the test: store

. tests/cli/histd.sh
c=${BUILD:-build}/histctl
clients=''

cleanup_more() {
	# shellcheck disable=SC2086 # of each
	[ -n "$clients" ] && kill $clients 2>/dev/null
}

# once WHERE: standard input, in a connection of its own
once() {
	python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(sys.stdin.buffer.read())' "$1"
}
# has SERIES: a point, in any hour
has() {
	for hour in $("$c" ls "$store" /series); do
		"$c" cat "$store" "series/$hour/metrics/$1" 2>/dev/null
	done | grep -q .
}
