#!/bin/sh
# topics.t -- messages through the socket of a real histd: kill -9, a full disk, 100 000 topics, followed files
#
# Waits for what is to happen, at most minutes each; nothing is slept through blindly.

. tests/cli/histd.sh
produce=${BUILD:-build}/tests/tools/produce
ram=
second=
cleanup_more() {
	[ -z "$second" ] || kill -9 "$second" 2>/dev/null
	[ -z "$ram" ] || rm -rf "$ram"
}

# configure MORE: the recorder is slow, so that it is in nobody's way
configure() {
	printf '[store]\npath = %s\n[record]\ninterval = 1s\ntables = topics histd\npriority = normal\nlock_memory = 0\n' \
		"$store" >"$conf"
	printf '[socket]\npath = %s\n%s\n' "$dir/socket" "$1" >>"$conf"
}

lines() { [ "$(wc -l <"$1")" -ge "$2" ]; }

configure ""
start && [ -S "$dir/socket" ] && [ "$(stat -c %a "$dir/socket")" = 660 ]
ok $? "the socket is there when histd says that it is ready"

"$produce" "$dir/socket" quick 16 100 2 >"$dir/acked" && [ "$(wc -l <"$dir/acked")" = 1600 ] &&
	"$produce" -v "$dir/socket" quick <"$dir/acked" >"$dir/out"
ok $? "16 producers get acknowledgements, and all is there"

# Killed while 16 producers are at it. The lines of those before them are not to be taken for theirs.
: >"$dir/acked"
"$produce" "$dir/socket" killed 16 1000000 2 >"$dir/acked" 2>"$dir/errors" &
producers=$!
poll lines "$dir/acked" 500
stop KILL
wait $producers
ok $? "producers hear of it when histd is killed"
start && "$produce" -v "$dir/socket" killed <"$dir/acked" >"$dir/out"
ok $? "after kill -9 everything that was acknowledged is there, exactly once"
sed 's/^/# /' "$dir/out"

# Only written, which kill -9 does not take away either.
: >"$dir/acked"
"$produce" "$dir/socket" written 4 1000000 1 >"$dir/acked" 2>"$dir/errors" &
producers=$!
poll lines "$dir/acked" 500
stop KILL
wait $producers
start && "$produce" -v "$dir/socket" written <"$dir/acked" >"$dir/out"
ok $? "what was acknowledged as written is there as well"

configure "[topics]
create = 0
[topic.only]
partitions = 2"
kill -HUP "$pid"
poll said "the configuration is read again"
! "$produce" "$dir/socket" other 1 1 1 2>"$dir/errors" >"$dir/out" || [ ! -s "$dir/out" ]
ok $? "after SIGHUP a topic that is not configured is not made"
poll "$produce" "$dir/socket" only 1 1 1 >"$dir/out" && [ -d "$store/topics/only" ]
ok $? "and one that is configured can be used"
stop TERM
[ "$status" = 0 ] && [ ! -e "$dir/socket" ]
ok $? "SIGTERM ends it well, and the socket is gone"

# Two on one socket.
configure ""
start
printf '[store]\npath = %s\n[record]\ninterval = 1s\npriority = normal\nlock_memory = 0\n[socket]\npath = %s\n' \
	"$dir/store2" "$dir/socket" >"$dir/second.conf"
"$histd" -c "$dir/second.conf" 2>"$dir/second" &
second=$!
poll grep -qs "socket $dir/socket: somebody else listens there" "$dir/second" && "$produce" "$dir/socket" quick 1 1 2 >"$dir/out"
ok $? "a second histd leaves the socket to the first"
kill "$second"
wait "$second"
second=
stop TERM

# Following, and killed on the way.
i=0
while [ $i -lt 2000 ]; do
	i=$((i + 1))
	echo "line $i"
done >"$dir/lines"
configure "[topic.journal]
follow = $dir/journal"
count() { [ "$("$produce" -n "$dir/socket" journal 2>/dev/null)" -ge "$1" ]; }
start
head -n 700 "$dir/lines" >"$dir/journal"
poll count 1
stop KILL
sed -n 701,1400p "$dir/lines" >>"$dir/journal"
start
poll count 1400
stop KILL
mv "$dir/journal" "$dir/journal.1"
sed -n 1401,2000p "$dir/lines" >"$dir/journal"
start
poll count 2000
"$produce" -l "$dir/socket" journal >"$dir/out" && cmp -s "$dir/out" "$dir/lines"
ok $? "a followed file is there line by line, exactly once, in spite of kill -9 and rotation"
stop TERM

if [ "$(id -u)" = 0 ] && mkdir "$dir/full" && mount -t tmpfs -o size=4m tmpfs "$dir/full" 2>/dev/null; then
	store=$dir/full/store
	configure "[topic.t]
segment_size = 64K"
	: >"$log"
	start
	head -c 8000000 /dev/zero >"$dir/full/ballast" 2>/dev/null
	"$produce" "$dir/socket" t 4 20000 2 >"$dir/acked" 2>"$dir/errors"
	grep -q 'No space left on device' "$dir/errors" && kill -0 "$pid"
	ok $? "a full disk is told to the producers, and histd goes on"
	rm "$dir/full/ballast"
	poll "$produce" "$dir/socket" after 1 10 2 >"$dir/after" 2>/dev/null && "$produce" -v "$dir/socket" after <"$dir/after" >"$dir/out"
	ok $? "when there is room again, messages are taken again"
	stop TERM
	umount "$dir/full"
else
	skip "a full disk is told to the producers, and histd goes on" "only root may mount a small file system"
	skip "when there is room again, messages are taken again" "only root may mount a small file system"
fi

# 100 000 topics where creating one costs no disk.
room() { df --output="$1" -B 1M /dev/shm 2>/dev/null | tail -n 1; }
inodes=$(room iavail) mib=$(room avail)
if [ "${inodes:-0}" -gt 1500000 ] && [ "${mib:-0}" -gt 4000 ]; then
	ram=$(mktemp -d /dev/shm/histfs-test-XXXXXX)
	store=$ram/store
	configure ""
	: >"$log"
	start && timeout 4000 "$produce" -t "$dir/socket" 100000
	ok $? "100 000 topics are made by using them"
	rss=$(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status")
	fds=$(find "/proc/$pid/fd" | wc -l)
	[ "$rss" -lt 400000 ] && [ "$fds" -lt 1000 ]
	ok $? "and take no more than 4 kB each, and few descriptors"
	echo "# VmRSS $rss kB, $fds descriptors"
	! "$produce" "$dir/socket" onemore 1 1 1 2>"$dir/errors" >/dev/null
	grep -q 'one too many' "$dir/errors"
	ok $? "one more is refused"
	stop TERM
	[ "$status" = 0 ] && timeout 1000 "$histd" -V >/dev/null && start
	ok $? "it ends and starts again with them"
	stop TERM
else
	for what in "100 000 topics are made by using them" "and take no more than 4 kB each, and few descriptors" \
		"one more is refused" "it ends and starts again with them"; do
		skip "$what" "/dev/shm is too small"
	done
fi

echo "1..$n"
