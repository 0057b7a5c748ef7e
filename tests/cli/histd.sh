# histd.sh -- what the tests of a running histd share: TAP, a directory, a configuration, starting and stopping
#
# Sourced by the tests, from the top folder. Programs are taken from $BUILD (build). Sets $dir, a directory of the test's
# own, $store, where the store goes, $conf and $log, which has what histd says; $pid is that of the one that runs. A test
# that has more to take away has a function cleanup_more.

histd=${BUILD:-build}/histd
dir=$(mktemp -d "${TMPDIR:-/tmp}/histfs-test-XXXXXX") || exit 1
store=$dir/store
conf=$dir/histd.conf
log=$dir/log
pid=
n=0
: >"$log"

cleanup_more() { :; }
cleanup() {
	[ -n "$pid" ] && kill -9 "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
	mountpoint -q "$dir/full" 2>/dev/null && umount "$dir/full"
	cleanup_more
	rm -rf "$dir"
}
trap cleanup EXIT

# ok STATUS NAME: a result; on failure the log is shown
ok() {
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		sed 's/^/# /' "$log"
	fi
}
skip() {
	n=$((n + 1))
	echo "# SKIPPED: $1: $2" >&2
	echo "ok $n - $1 # SKIP $2"
}

# poll COMMAND...: until it succeeds, for minutes; that it takes longer says nothing but that something is wrong
poll() {
	i=0
	until "$@"; do
		i=$((i + 1))
		[ $i -gt 3600 ] && return 1
		sleep 0.05
	done
}

# free_port KIND: a port of 127.0.0.1 (STREAM, DGRAM) that nobody has, and that nobody is given who asks for any: those
# are other ones as a rule
free_port() {
	python3 -c 'import random, socket, sys
while True:
	s = socket.socket(socket.AF_INET, getattr(socket, "SOCK_" + sys.argv[1]))
	try:
		s.bind(("127.0.0.1", random.randrange(10000, 32768)))
		print(s.getsockname()[1])
		break
	except OSError:
		s.close()' "$1"
}

# start: histd in the background, returns when it says that it is ready
start() {
	rm -f "$dir/ready"
	mkfifo "$dir/ready"
	"$histd" -c "$conf" --ready-fd 3 3>"$dir/ready" 2>>"$log" &
	pid=$!
	[ "$(timeout 600 head -n 1 "$dir/ready")" = ready ]
}

# stop SIGNAL: its exit status is $status
stop() {
	kill -"$1" "$pid"
	wait "$pid" 2>/dev/null
	status=$?
	pid=
}

said() { grep -q -e "$1" "$log"; }
