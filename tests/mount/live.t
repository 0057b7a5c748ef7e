#!/bin/bash
# live.t -- what is recorded shows up in the mount; sealing changes nothing
# shellcheck disable=SC2119,SC2317 # functions are called through ok and soon
# shellcheck source=tests/mount/lib.sh
. "$(dirname "$0")/lib.sh"

"$mkstore" -h 1 -l 3 -i 300 -p 20 "$S" || exit 1
ok "a store is mounted" mount_store
cd "$M" || exit 1
hour=hour/2026-11-20T01

ls -l $hour/ table/2026-11-20T01 >/dev/null
cat table/2026-11-20T01/processes >"$T/before"
cat heatmap/* >/dev/null
is "now is the last snapshot" "$(readlink now)" "$hour/snapshot-0002"
is "there are three" "$(find "$hour" -name 'snapshot-*' | wc -l)" 3
tail -n +1 -f table/2026-11-20T01/processes >"$T/followed" 2>"$T/tail-said" &
tail=$!

ok "another is recorded" "$mkstore" -a 1 -i 300 -p 20 "$S"
ok "it can be opened" soon test -e $hour/snapshot-0003/processes
listed() {
	find "$hour" -maxdepth 1 -name "$1" | grep -q .
}
ok "it is listed, though the listing was read before" soon listed snapshot-0003
leads_to() {
	[ "$(readlink "$1")" = "$2" ]
}
ok "now leads to it" soon leads_to now "$hour/snapshot-0003"
ok "at, too" soon leads_to at/2026-11-20T01:59 "../$hour/snapshot-0003"
grown() {
	[ "$(stat -c %s table/2026-11-20T01/processes)" -gt "$(stat -c %s "$T/before")" ]
}
ok "the hour's table has grown" soon grown
ok "at its end" cmp -n "$(stat -c %s "$T/before")" "$T/before" table/2026-11-20T01/processes
# The kernel may believe an older size, or an older listing, for half a second.
read_whole() {
	[ "$(wc -c <table/2026-11-20T01/processes)" = "$(stat -c %s table/2026-11-20T01/processes)" ]
}
ok "and is read to its end" soon read_whole
followed() {
	cmp -s "$T/followed" table/2026-11-20T01/processes
}
ok "tail -f has followed" soon followed
kill $tail
wait $tail 2>/dev/null
told() {
	grep -q "^last.*snapshot-0003$" status
}
ok "status has the new one" soon told
drawn() {
	"$B/histctl" cat "$S" "heatmap/2026-11-20.$1" | cmp -s - "heatmap/2026-11-20.$1"
}
for form in tsv txt svg; do
	ok "the day's $form has it, too" soon drawn $form
done
has_lines() {
	[ "$(wc -l <$hour/heatmap)" = "$1" ]
}
ok "the heatmap has four lines and a head" soon has_lines 5

look() {
	find "$hour" table/2026-11-20T01 -printf '%p %i %s %T@ %n\n' | sort
	sums $hour
	sums table/2026-11-20T01
}
"$mkstore" -a 8 -i 300 -p 20 "$S"
ok "the hour fills up" soon test -e $hour/snapshot-0011
sleep 1 # nothing older is believed any more
look >"$T/live"
"$mkstore" -a 1 -i 300 -p 20 "$S"
ok "the next hour begins" soon test -e hour/2026-11-20T02/snapshot-0000
ok "the hour before is sealed" test -e "$S/snapshots/2026-11-20T01.chunk" -a ! -e "$S/snapshots/2026-11-20T01.wal"
look >"$T/sealed"
ok "its names, inodes, sizes, times and bytes are what they were" diff "$T/live" "$T/sealed"
cd /
unmount_store
mount_store
cd "$M" || exit 1
look >"$T/sealed"
ok "and for a new mount as well" diff "$T/live" "$T/sealed"
is "the listing of hours has grown" "$(find hour -mindepth 1 -maxdepth 1 | wc -l)" 3
finish
