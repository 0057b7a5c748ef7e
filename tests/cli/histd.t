#!/bin/sh
# histd.t -- the recorder as a program: start, stop, reload, refusals, kill -9, a full disk and other bad days
#
# Waits for notices and for what is to happen, at most minutes each; nothing is slept through blindly.

. tests/cli/histd.sh

cleanup_more() {
	[ -n "$listener" ] && kill "$listener" 2>/dev/null
	[ -n "$reader" ] && kill "$reader" 2>/dev/null
	fsfreeze -u "$dir/hung" 2>/dev/null
	mountpoint -q "$dir/hung" 2>/dev/null && umount "$dir/hung"
}

reread() { [ "$(grep -c "is read again" "$log")" = "$1" ]; }
# Snapshots that are stored: unlike bytes they do not become fewer when an hour is sealed.
stored() { "${BUILD:-build}/histctl" stat "$store" 2>/dev/null | awk '$1 == "snapshots" {n = $2} END {print n + 0}'; }
grown() { [ "$(stored)" -gt "$1" ]; }
# Only the hour that is over is ever sealed.
sealed_early() {
	hour=$(date -u +%Y-%m-%dT%H)
	[ -e "$store/snapshots/$hour.chunk" ] && [ "$(date -u +%Y-%m-%dT%H)" = "$hour" ]
}

configure() {
	printf '[store]\npath = %s\n[record]\n%s\n[socket]\npath = off\n' "$store" "$1" >"$conf"
}

: >"$log"
"$histd" -h >"$dir/out" && grep -q '^usage:' "$dir/out"
ok $? "help is printed"
"$histd" -V | grep -q '^histd [0-9]'
ok $? "the version is printed"
"$histd" --nonsense 2>/dev/null
[ $? = 2 ]
ok $? "an unknown option is refused"

configure "intervall = 1s"
"$histd" -c "$conf" 2>"$log"
[ $? = 2 ] && grep -qx "histd: $conf:4: unknown key intervall in \[record\]" "$log" && [ ! -e "$store" ]
ok $? "an unknown key is refused by file and line, and no store is made"
configure "interval = 1x"
"$histd" -c "$conf" 2>"$log"
[ $? = 2 ] && grep -q "^histd: $conf:4: interval: expected a time" "$log"
ok $? "a bad value is refused by file and line"
"$histd" -c "$dir/missing.conf" 2>"$log"
[ $? = 2 ] && said "missing.conf: No such file"
ok $? "a missing file is refused"

mkdir "$store" && touch "$store/precious"
configure "interval = 100ms"
"$histd" -c "$conf" 2>"$log"
[ $? = 1 ] && said "holds other things and no store" && [ "$(ls "$store")" = precious ]
ok $? "a directory with other things is left alone"
rm -r "$store"
store=$dir/histd.conf/store configure "interval = 100ms"
"$histd" -c "$conf" 2>"$log"
[ $? = 1 ] && said "^histd: store $conf/store: Not a directory"
ok $? "a store that cannot be made is refused with the reason"
printf '[store]\npath = %s\n[record]\nroot = %s/nowhere\n' "$store" "$dir" >"$conf"
"$histd" -c "$conf" 2>"$log"
[ $? = 1 ] && said "recording of $dir/nowhere cannot begin: No such file"
ok $? "a root that is not there is refused"
mkdir "$dir/hollow"
printf '[store]\npath = %s\n[record]\nroot = %s/hollow\n' "$store" "$dir" >"$conf"
start
said "root $dir/hollow: there is no proc/stat below it"
ok $? "a root without a proc is told of"
stop TERM
rm -r "$store"

configure "interval = 100ms"
: >"$log"
start && poll grown 0
ok $? "it starts, says that it is ready, and records"
[ "$(stat -c %a "$store")" = 750 ] && [ "$(stat -c %a "$store"/snapshots/*.wal | sort -u)" = 640 ]
ok $? "what is recorded is for owner and group only"

"$histd" -c "$conf" 2>"$dir/second"
[ $? = 1 ] && grep -qx "histd: store $store: another histd is recording into it" "$dir/second"
ok $? "a second one on the same store is refused"
before=$(stored)
poll grown "$before"
ok $? "the first one goes on meanwhile"

configure "interval = nonsense"
kill -HUP "$pid"
poll said "the configuration stays as it was" && said "$conf:4: interval: expected" && before=$(stored) && poll grown "$before"
ok $? "SIGHUP with a bad file changes nothing"
configure "interval = 200ms
tables = processes"
kill -HUP "$pid"
poll said "the configuration is read again" && before=$(stored) && poll grown "$before" && ! sealed_early
ok $? "SIGHUP with a good file is followed, and nothing is sealed"
printf '[store]\npath = %s\nsync = none\n[record]\nroot = %s/nowhere\n' "$store" "$dir" >"$conf"
kill -HUP "$pid"
poll said "recording goes on as before" && said "sync is changed: this takes effect at the next start" &&
	before=$(stored) && poll grown "$before"
ok $? "SIGHUP with a root that is not there changes nothing"

configure "interval = 10min"
kill -HUP "$pid"
poll reread 3
stop TERM
[ "$status" = 0 ] && ! sealed_early
ok $? "SIGTERM ends it at once, also between ticks far apart"

configure "interval = 100ms"
before=$(stored)
start && poll grown "$before"
ok $? "it goes on in the same store"
stop INT
[ "$status" = 0 ]
ok $? "SIGINT ends it"

start && before=$(stored) && poll grown "$before"
stop KILL
before=$(stored)
start && poll grown "$before" && ! sealed_early
ok $? "after kill -9 it goes on where it was"
stop TERM
[ "$status" = 0 ]
ok $? "and ends well"

# A service manager that listens.
if command -v python3 >/dev/null; then
	python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
out = open(sys.argv[2], "wb", 0)
while True:
	out.write(s.recv(4096) + b"\n")
' "$dir/notify" "$dir/told" &
	listener=$!
	poll test -S "$dir/notify"
	export NOTIFY_SOCKET="$dir/notify" WATCHDOG_USEC=200000
	start && poll grep -qx READY=1 "$dir/told" && poll grep -qx WATCHDOG=1 "$dir/told"
	ok $? "the service manager is told that it is ready and alive"
	kill -HUP "$pid"
	poll grep -qx RELOADING=1 "$dir/told" && grep -q '^MONOTONIC_USEC=[0-9]' "$dir/told"
	ok $? "that it rereads its file"
	stop TERM
	poll grep -qx STOPPING=1 "$dir/told"
	ok $? "and that it stops"
	unset NOTIFY_SOCKET WATCHDOG_USEC
	kill "$listener"
	wait "$listener" 2>/dev/null
	listener=
else
	skip "the service manager is told" "no python3"
fi

# A disk that is full for a while.
mkdir "$dir/full"
if mount -t tmpfs -o size=32m tmpfs "$dir/full" 2>/dev/null; then
	store=$dir/full/store
	configure "interval = 100ms"
	: >"$log"
	start && poll grown 0 && dd if=/dev/zero of="$dir/full/fill" bs=4k 2>/dev/null
	poll said "snapshots cannot be written: No space left on device; they are kept in memory"
	ok $? "a full disk is said"
	rm "$dir/full/fill"
	before=$(stored)
	poll said "snapshots are written again" && poll grown "$before"
	ok $? "recording goes on when there is room again"
	stop TERM
	[ "$status" = 0 ] && ! said lost
	ok $? "and nothing was lost"
	umount "$dir/full"
else
	skip "a full disk is said, and recording goes on when there is room" "cannot mount a tmpfs"
fi

# --- the worst day ---

# Ticks that the sampling thread has waited for: it sleeps between them.
slept() { awk '/^voluntary_ctxt/ {print $2}' "/proc/$pid/task/$sampler/status"; }
find_sampler() {
	sampler=$(grep -l '^histd-sample$' "/proc/$pid"/task/*/comm 2>/dev/null | head -n 1 | cut -d/ -f5)
	[ -n "$sampler" ]
}
ticked() { [ "$(slept)" -ge "$1" ]; }
# Of the recorder's own table, in the newest snapshot.
health() { "${BUILD:-build}/histctl" cat "$store" status | awk -v k="histd_$1" '$1 == k {print $2}'; }
# More than so many milliseconds between two snapshots, anywhere in the store.
gaps() {
	for hour in $("${BUILD:-build}/histctl" ls "$store" /hour); do
		"${BUILD:-build}/histctl" cat "$store" "hour/$hour/heatmap"
	done | awk -F'\t' -v most="$1" '
		/^20/ {
			split($1, t, /[T:Z]/)
			now = (t[2] * 60 + t[3]) * 60 + t[4]
			if (n++ && (now - last) * 1000 > most)
				print last, now
			last = now
		}'
}

# A reader of standard error who stops reading.
store=$dir/store2
configure "interval = 100ms"
mkfifo "$dir/stderr"
sleep 1000 <>"$dir/stderr" &
reader=$!
rm -f "$dir/ready"
mkfifo "$dir/ready"
"$histd" -c "$conf" --ready-fd 3 3>"$dir/ready" 2>"$dir/stderr" &
pid=$!
timeout 600 head -n 1 "$dir/ready" >/dev/null
poll find_sampler
# Full: the next line would wait. The sampling thread says it.
timeout 1 dd if=/dev/zero of="$dir/stderr" bs=4k oflag=nonblock 2>/dev/null
printf '[store]\npath = %s\n[record]\ninterval = 100ms\nroot = %s/nowhere\n' "$store" "$dir" >"$conf"
kill -HUP "$pid"
before=$(slept)
poll ticked $((before + 10)) && before=$(stored) && poll grown "$before"
ok $? "sampling and writing go on when nobody reads standard error"
stop TERM
[ "$status" = 0 ]
ok $? "and it ends"
kill "$reader"
wait "$reader" 2>/dev/null

# Few descriptors.
store=$dir/store3
: >"$log"
configure "interval = 100ms"
printf '#!/bin/sh\nulimit -n 100\nexec "%s" "$@"\n' "$(realpath "$histd")" >"$dir/few"
chmod +x "$dir/few"
histd=$dir/few start
poll grown 0 && find_sampler && before=$(slept) && poll ticked $((before + 5)) &&
	! grep "cannot be recorded" "$log" | grep -qv "Permission denied"
ok $? "with 100 descriptors all tables are recorded"
stop TERM

# A disk that hangs for a while. A machine that is too busy misses ticks with any disk: the best of a few rounds counts.
hang() {
	store=$dir/hung/store$1
	configure "interval = 100ms"
	: >"$log"
	start && poll grown 0 && poll find_sampler
	missed=$(health missed_ticks) before=$(slept) kept=$(stored)
	fsfreeze -f "$dir/hung"
	poll ticked $((before + 30))
	went_on=$?
	fsfreeze -u "$dir/hung"
	poll grown $((kept + 30)) && [ "$(health lost_snapshots)" = 0 ]
	written=$?
	[ "$(health missed_ticks)" = "$missed" ] && [ -z "$(gaps 1000)" ]
	whole=$?
	stop TERM
}
mkdir "$dir/hung"
truncate -s 64M "$dir/image"
if mkfs.ext4 -q "$dir/image" 2>/dev/null && mount -o loop "$dir/image" "$dir/hung" 2>/dev/null; then
	for round in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
		hang $round
		[ $went_on = 0 ] && [ $written = 0 ] && [ $whole = 1 ] && [ "$status" = 0 ] || break
		echo "# round $round: ticks were missed: $missed before, gaps: $(gaps 1000)"
	done
	[ $went_on = 0 ]
	ok $? "sampling goes on while the disk hangs"
	[ $written = 0 ]
	ok $? "what was sampled meanwhile is written when it comes back"
	[ $whole = 0 ]
	ok $? "and nothing is missing"
	[ "$status" = 0 ]
	ok $? "and it ends well"
	umount "$dir/hung"
else
	skip "sampling goes on while the disk hangs" "cannot mount an image"
fi

echo "1..$n"
