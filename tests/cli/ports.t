#!/bin/sh
# ports.t -- ports of histd where a machine has not what they need: no descriptors left, a socket that somebody else has

. tests/cli/ports.sh

# A program that holds what it is told to until it is killed, and says that it does.
hold() {
	python3 -c 'import socket, sys, time
kind, where = sys.argv[1], sys.argv[2]
if kind == "connect":
    held = []
    for i in range(60):
        s = socket.socket(socket.AF_UNIX)
        s.connect(where)
        held.append(s)
else:
    s = socket.socket(socket.AF_UNIX, getattr(socket, "SOCK_" + kind))
    s.bind(where)
    kind == "STREAM" and s.listen()
open(sys.argv[3], "w").close()
time.sleep(100000)' "$1" "$2" "$dir/held.$1" &
	clients="$clients $!"
	poll test -e "$dir/held.$1"
}

cat >"$conf" <<EOF
[store]
path = $store
[record]
interval = 1s
tables = cpu
priority = normal
lock_memory = 0
[socket]
path = $dir/socket
[listen.few]
address = unix:$dir/few
form = graphite
[listen.stream]
address = unix:$dir/stream
form = graphite
[listen.datagrams]
address = unixgram:$dir/datagrams
form = statsd
[listen.own]
address = unix:$dir/socket
form = influx
EOF
hold STREAM "$dir/stream" && hold DGRAM "$dir/datagrams"
ok $? "others listen"
printf '#!/bin/sh\nulimit -n 48 && exec %s "$@"\n' "$histd" >"$dir/histd"
chmod +x "$dir/histd"
histd=$dir/histd
start
ok $? "histd is there"
poll said 'datagrams: Address already in use' && poll said '/stream: Address already in use'
ok $? "a socket that somebody else has is not taken"
[ -S "$dir/stream" ] && [ -S "$dir/datagrams" ]
ok $? "and stays"
poll said '/socket: Address already in use'
ok $? "nor is the one of histd's own"

hold connect "$dir/few"
ok $? "more clients are there than histd has descriptors for"
poll said 'few: .*Too many open files'
ok $? "which is said"
kill "${clients##* }"
echo "late 1 $(date +%s)" | once "$dir/few"
poll has late
ok $? "when they are gone others are accepted"
stop TERM
ok "$status" "and histd ends as always"
[ -S "$dir/stream" ] && [ -S "$dir/datagrams" ] && [ ! -e "$dir/few" ]
ok $? "it takes its own sockets away, and those alone"
echo "1..$n"
