#!/bin/bash
# hung.t -- a mounted file system that does not answer holds up neither the recorder, nor its end, nor the rows of others
# shellcheck disable=SC2119,SC2317 # functions are called through ok and soon
# shellcheck source=tests/mount/lib.sh
. "$(dirname "$0")/lib.sh"

histd=$B/histd histctl=$B/histctl deadfs=$B/tests/tools/deadfs
dead=$T/dead alive=$T/alive
mkdir "$dead" "$alive" || exit 1
server='' first='' second='' third=''

# As long as the server lives, nothing may look at its mount, and umount does.
end() {
	for p in $first $second $third $server; do
		kill -9 "$p" 2>/dev/null
	done
	clean_up
}
trap end EXIT

# start FIFO COMMAND...: in the background, returns when it says that it is ready
start() {
	local fifo=$1
	shift
	mkfifo "$fifo"
	"$@" >"$fifo" 2>>"$T/log" &
	started=$!
	[ "$(timeout 600 head -n 1 "$fifo")" = ready ]
}

# row MOUNTPOINT: its state and size
row() {
	"$histctl" cat "$S" now/filesystems | awk -F '\t' -v m="$1" '$1 == m { print $5, $6 }'
}
says() {
	[ "$(row "$1")" = "$2" ]
}
noted() {
	"$histctl" cat "$S" now/sources | grep "^filesystems" | grep -qF "do not answer: $dead"
}
gone() {
	! kill -0 "$1" 2>/dev/null
}

cat >"$T/conf" <<END
[socket]
path = off
[store]
path = $S
sync = none
[record]
tables = filesystems sources load
[interval]
filesystems = 1s
END
mount -t tmpfs -o size=64k alive "$alive" || exit 1
ok "a file system is mounted that answers nothing" start "$T/server" "$deadfs" "$dead"
server=$started
disown "$server"
ok "histd begins" start "$T/first" "$histd" -c "$T/conf" --ready-fd 1
first=$started
disown "$first"
ok "the one that does not answer has a row without sizes" soon says "$dead" 'hung \N'
ok "others have theirs" soon says "$alive" 'ok 65536'
ok "the table of sources says which one it is" soon noted
stored() {
	"$histctl" stat "$S" | awk '$1 == "snapshots" { print $2 }'
}
n=$(stored)
more() {
	[ "$(stored)" -gt $((n + 2)) ]
}
ok "snapshots go on" soon more
kill -9 "$first"
let_go() {
	flock -n "$S/lock" true
}
ok "a recorder that is killed lets go of the store, though a thread of it cannot end" soon let_go
ok "so that the next one begins" start "$T/second" "$histd" -c "$T/conf" --ready-fd 1
second=$started
sed "s|^path = $S\$|path = $T/third-store|; s|filesystems||; /interval/,\$d" "$T/conf" >"$T/third-conf"
printf '[topic.dead]\nfollow = %s\n[topic.alive]\nfollow = %s\n' "$dead/file" "$T/lines" >>"$T/third-conf"
echo line >"$T/lines"
ok "one begins that follows a file there" start "$T/third" "$histd" -c "$T/third-conf" --ready-fd 1
third=$started
disown "$third"
opens() {
	local comm
	for comm in $(grep -l histd-follow "/proc/$third/task"/*/comm); do
		grep -q fuse "${comm%comm}stack" && return 0
	done
	return 1
}
ok "it waits for the file" soon opens
reads() {
	[ -n "$("$histctl" ls "$T/third-store" topics/alive/0)" ]
}
ok "and reads another meanwhile" soon reads
kill "$third"
third_ends() {
	grep -q 'a followed file does not answer, and is not waited for' "$T/log" && flock -n "$T/third-store/lock" true
}
ok "and ends in spite of it" soon third_ends
kill -9 "$server"
ok "when the server dies, all threads come back" soon gone "$first"
ok "of the follower, too" soon gone "$third"
dead_row='Transport endpoint is not connected \N'
ok "and the row says so" soon says "$dead" "$dead_row"
kill "$second"
wait "$second"
is "nothing is left" "$?" 0
finish
