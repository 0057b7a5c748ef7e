#!/bin/sh
# streams.t -- connections to histd's ports: quiet ones, too many; ports that come, go and stay while it runs

. tests/cli/ports.sh

cat >"$dir/client.py" <<'EOF'
import os, socket, sys, threading, time
name, where = sys.argv[1:3]
s = socket.socket(socket.AF_UNIX if where.startswith("/") else socket.AF_INET)
s.connect(where if where.startswith("/") else (where, 2003))
def talk():
    try:
        if len(sys.argv) > 3: # for ever, and never a newline
            while True:
                s.sendall(b"x")
                time.sleep(0.02)
        with open(name + ".in", "rb", buffering=0) as f:
            while True: # also behind what is its end now
                s.sendall(f.read(4096))
                time.sleep(0.02)
    except OSError:
        pass
threading.Thread(target=talk, daemon=True).start()
open(name + ".there", "w").close()
try:
    while s.recv(4096):
        pass
except OSError:
    pass
open(name + ".ended", "w").close()
EOF

# client NAME WHERE [drip]: connects, sends what is written to NAME.in, and stays until it is disconnected
client() {
	: >>"$dir/$1.in"
	python3 "$dir/client.py" "$dir/$1" "$2" $3 &
	clients="$clients $!"
	poll test -e "$dir/$1.there"
}
# tell NAME TEXT: before it is there, or later
tell() { printf "$2" >>"$dir/$1.in"; }
ended() { [ -e "$dir/$1.ended" ]; }
# counted COLUMN NUMBER: of the table point_log, at least
counted() {
	"$c" cat "$store" now/point_log 2>/dev/null | python3 -c 'import sys
rows = [line.rstrip("\n").split("\t") for line in sys.stdin]
sys.exit(not (len(rows) > 1 and int(rows[-1][rows[0].index(sys.argv[1])]) >= int(sys.argv[2])))' "$1" "$2"
}

# An address of this test's own.
ip=127.$(($$ / 62500 % 250 + 1)).$(($$ / 250 % 250 + 1)).$(($$ % 250 + 1))
head_of_conf() {
	printf '[store]\npath = %s\n[record]\ninterval = 1s\ntables = point_log\npriority = normal\nlock_memory = 0\n' "$store"
	printf '[socket]\npath = off\n'
}
port() { printf '[listen.%s]\naddress = unix:%s/%s\nform = graphite\n' "$1" "$dir" "$1"; }
{
	head_of_conf
	printf '[listen.tcp]\naddress = tcp:%s:2003\nform = graphite\n' "$ip"
	port quiet
	printf 'idle = 1s\n'
	port few
	printf 'max_clients = 2\n'
	port stays
	port goes
	port taken
} >"$conf"
python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
open(sys.argv[1] + ".held", "w").close()
time.sleep(100000)' "$dir/taken" &
holder=$!
clients=$holder
poll test -e "$dir/taken.held" && start
ok $? "histd is there"

# --- quiet ones ---

client tcp "$ip" && tell tcp 'tcp.a 1 1700000000\n' && poll has tcp.a
ok $? "a client is there"
# The kernel's timer 02 is the one that asks whether the other side is still there.
kept_alive() {
	python3 -c 'import socket, sys
here = socket.inet_aton(sys.argv[1])[::-1].hex().upper() + ":07D3"
rows = [line.split() for line in open("/proc/net/tcp")][1:]
sys.exit(not any(r[1] == here and r[3] == "01" and r[5].startswith("02:") for r in rows))' "$ip"
}
poll kept_alive
ok $? "the kernel asks its machine whether it is still there"
tell lines 'quiet.a 1 1700000000\n'
client silent "$dir/quiet" && client lines "$dir/quiet" && client drip "$dir/quiet" drip
poll ended silent && poll ended lines && poll ended drip
ok $? "who sends no whole line for the time that is configured is disconnected"
# Who does not come to send it in time has another try.
half=0
until said 'quiet: .*half a line, of which the rest did not come' || [ $half -gt 20 ]; do
	half=$((half + 1))
	tell half$half 'quiet.b 1 17'
	client half$half "$dir/quiet" && poll ended half$half
done
said 'quiet: .*half a line, of which the rest did not come' && ! has quiet.b && poll counted streams_ended 3
ok $? "also with half a line, which is said, and counted"
client first "$dir/few" && client second "$dir/few" && tell first 'few.a 1 1700000000\n' && poll has few.a &&
	printf 'few.b 1 1700000000\n' | once "$dir/few" && poll has few.b
ok $? "where there are too many one more is accepted"
poll ended second && ! ended first && ! ended tcp
ok $? "and who has been quiet longest goes"

# --- ports that change ---

poll said 'listen.taken.: .*Address already in use' && kill "$holder" && poll said 'taken is open now' &&
	printf 'taken.a 1 1700000000\n' | once "$dir/taken" && poll has taken.a && [ "$(grep -c 'in use' "$log")" = 1 ]
ok $? "a port that somebody else had is opened when it is free, and what was wrong is said once"
client stays "$dir/stays" && tell stays 'stays.a 1 17' && client goes "$dir/goes" && poll counted streams 4
{
	head_of_conf
	printf '[listen.tcp]\naddress = tcp:%s:2003\nform = influx\n' "$ip"
	port new
	port stays
	printf 'mode = 0600\n'
} >"$conf"
kill -HUP "$pid"
poll test -S "$dir/new" && printf 'new.a 1 1700000000\n' | once "$dir/new" && poll has new.a
ok $? "on SIGHUP a port is opened"
poll ended goes && poll test ! -e "$dir/goes" && poll test ! -e "$dir/few" && poll ended first
ok $? "those that are not there any more are closed"
tell stays '00000000\n' && poll has stays.a && ! ended stays && [ "$(stat -c %a "$dir/stays")" = 600 ]
ok $? "connections to those that stay go on where they were"
poll ended tcp && client again "$ip" && tell again 'again value=1 1700000000000000000\n' && poll has again
ok $? "a port whose lines have another form now is another one, at the same address"
head_of_conf >"$conf"
kill -HUP "$pid"
poll ended stays && poll ended again && poll test ! -e "$dir/new"
ok $? "all can be closed"
{
	head_of_conf
	port goes
} >"$conf"
kill -HUP "$pid"
poll test -S "$dir/goes" && printf 'goes.a 1 1700000000\n' | once "$dir/goes" && poll has goes.a
ok $? "and opened again"
stop TERM
[ "$status" = 0 ] && [ ! -e "$dir/goes" ]
ok $? "histd ends as always"
echo "1..$n"
