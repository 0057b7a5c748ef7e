#!/bin/bash
# top.t -- histctl top on a terminal: what it shows, what keys do, that it follows, and how it leaves
#
# The terminal is tmux's: keys go in, and what a person would see comes out.
# shellcheck disable=SC2317 # functions are called through wait_for
set -u
export LC_ALL=C.UTF-8
cd "$(dirname "$0")/../.." || exit 1
B=$(realpath "${BUILD:-build}")
dir=$(mktemp -d "${TMPDIR:-/tmp}/histfs-test-XXXXXX") || exit 1
terminals=0
# A server of its own for each terminal: one that is ending takes no new ones.
tmux() {
	command tmux -S "$dir/tmux$terminals" -f /dev/null "$@"
}
trap 'tmux kill-server 2>/dev/null; rm -rf "$dir"' EXIT
store=$dir/store
hour=2026-11-20T00 live=2026-11-20T01
n=0 failed=0

# ok STATUS NAME
ok() {
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		failed=1
		echo "not ok $n - $2"
		sed 's/^/# /' "$dir/out" "$dir/err" 2>/dev/null
	fi
}

# histctl ARGUMENTS…: its output in $dir/out and $dir/err, its exit status in $status
run() {
	"$B/histctl" "$@" >"$dir/out" 2>"$dir/err" </dev/null
	status=$?
}

# fails STATUS PATTERN: that status, one line of complaint that matches, nothing printed
fails() {
	[ "$status" = "$1" ] && [ ! -s "$dir/out" ] && [ "$(wc -l <"$dir/err")" = 1 ] && grep -q "^histctl: .*$2" "$dir/err"
}

"$B/tests/tools/mkstore" -h 1 -l 5 -i 60 -p 40 -t "$hour" "$store" || exit 1

# --- without a terminal ---

run top --once "$store"
[ "$status" = 0 ] && "$B/histctl" cat "$store" now/summary | cmp -s - "$dir/out"
ok $? "--once prints the newest summary"
run top "$store" --once --at "${hour}:07:30"
"$B/histctl" cat "$store" "hour/$hour/snapshot-7/summary" | cmp -s - "$dir/out"
ok $? "--once --at prints that of a moment"
[ "$(wc -l <"$dir/out")" = 50 ] && ! LC_ALL=C grep -qvE '^.{80}$' "$dir/out"
ok $? "it has 50 lines of 80 bytes"
run top "$store"
fails 1 "needs a terminal; --once"
ok $? "without a terminal it says so"
run top "$store" --at noon
[ "$status" = 2 ] && grep -q "noon: not a time" "$dir/err"
ok $? "what is no time is refused"
run top --interval often "$store"
[ "$status" = 2 ] && grep -q "often: not an interval" "$dir/err"
ok $? "what is no interval is refused"
run top
fails 2 "usage: histctl top"
ok $? "a missing store is refused"
run top --once "$dir/none"
fails 1 "$dir/none: "
ok $? "a store that is not there is one line"
"$B/tests/tools/mkstore" -h 0 -l 1 -i 60 -p 4 -t "$hour" "$dir/nothing" && mv "$dir/nothing/snapshots/$hour.wal" "$dir/wal"
run top --once "$dir/nothing"
fails 1 "$dir/nothing: nothing is recorded"
ok $? "a store without a snapshot is one line"

# --- on one ---

# skip WHY: the rest
skip() {
	echo "ok $((n + 1)) - on a terminal # SKIP $1"
	echo "1..$((n + 1))"
	exit $failed
}

command -v tmux >/dev/null || skip "tmux is not there"

# start WIDTH HEIGHT COMMAND: in a new terminal; its exit status ends up in $dir/status
start() {
	tmux kill-server 2>/dev/null
	terminals=$((terminals + 1))
	rm -f "$dir/status"
	tmux new-session -d -x "$1" -y "$2" "$3 2>$dir/err; echo \$? >$dir/status; sleep 1000"
}

if ! start 80 24 true 2>/dev/null || ! sleep 0.5 || ! tmux has-session 2>/dev/null; then
	skip "tmux gets no pseudo-terminal here"
fi

screen() {
	tmux capture-pane -p >"$dir/out"
}

# wait_for COMMAND…: until it succeeds, which takes a moment as a rule and minutes at most
wait_for() {
	local tries=3600
	until "$@"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.05
	done
}

shown() {
	screen
	grep -qE "$1" "$dir/out"
}

# A terminal shows what is written to it in parts: whoever looks may see the first line anew and the others not yet.

# shows PATTERN NAME: sooner or later
shows() {
	wait_for shown "$1"
	ok $? "$2"
}

# prints TEXT: as it is, anywhere
prints() {
	screen
	grep -qF -e "$1" "$dir/out"
}

# has_line TEXT: one that is that
has_line() {
	screen
	grep -qxF -e "$1" "$dir/out"
}

# Nothing of the table is left, after the program has ended.
cleared() {
	screen
	! grep -q "COMMAND" "$dir/out"
}

# filled HEIGHT: from its first line to its last
filled() {
	screen
	[ "$(wc -l <"$dir/out")" = "$1" ] && head -1 "$dir/out" | grep -q '^LIVE' && tail -1 "$dir/out" | grep -q '^? help'
}

ended() {
	[ -s "$dir/status" ] && [ "$(cat "$dir/status")" = "$1" ]
}

keys() {
	tmux send-keys "$@"
}

export TERM=screen
start 80 24 "$B/histctl top $store"
shows "^LIVE  ${live}:04:00.000Z  hour/$live/snapshot-0004  lag" "it begins live, at the newest snapshot"
full() {
	filled 24 && [ "$(grep -c . "$dir/out")" -ge 20 ]
}
wait_for full
ok $? "the summary fills the terminal"
keys Left
shows "^PAST  ${live}:03:00.000Z  hour/$live/snapshot-0003  .* ago" "left goes back"
keys h Left Left
shows "snapshot-0000 " "to the hour's first"
keys Left
shows "hour/$hour/snapshot-0059 " "and into the hour before"
wait_for has_line "$("$B/histctl" cat "$store" "hour/$hour/snapshot-59/summary" | grep '^all ' | sed 's/ *$//')"
ok $? "with the figures of that moment"
keys Right l
shows "hour/$live/snapshot-0001 " "right goes on"
keys PageUp
shows "snapshot-0000 " "page up is a minute"
keys ,
shows "hour/$hour/snapshot-0000 " "a comma is an hour"
keys .
shows "hour/$live/snapshot-0000 " "a dot is an hour on"
keys , End
shows "hour/$hour/snapshot-0059 " "end is the hour's last"
keys Home
shows "hour/$hour/snapshot-0000 " "home is its first"
keys Left
shows "This is the first one" "there is nothing before the first"
keys / "${hour}:30x" BSpace
shows "^Time .*: ${hour}:30\$" "a time is asked for"
keys Enter
shows "^PAST  ${hour}:30:00" "and gone to"
keys g nonsense Enter
shows "Not a time: nonsense" "what is no time is said"
keys g Escape s
shows "sort: memory" "s sorts"
shows "COMMAND, by memory" "by memory"
keys '?'
shows "a snapshot back, on" "there is help"
keys x
shows "COMMAND, by memory" "which any key ends"
keys n
shows "^LIVE  .*snapshot-0004" "n is live"
"$B/tests/tools/mkstore" "$store" -a 1 -i 60 -p 40
shows "^LIVE  .*snapshot-0005" "what is recorded is followed"
keys Left
"$B/tests/tools/mkstore" "$store" -a 1 -i 60 -p 40
shows "^PAST  .*snapshot-0004" "and not from the past"
keys End End
shows "^LIVE  .*snapshot-0006" "the very end is live"
tmux resize-window -x 120 -y 50 2>/dev/null
shows "UID  THRD CPUWT%" "a larger terminal shows more"
wait_for filled 50
ok $? "down to its last line"
tmux resize-window -x 40 -y 10
shows '^LIVE  .{34}$' "a narrow one is cut"
wait_for filled 10
ok $? "and a low one"
tmux resize-window -x 1 -y 1
tmux resize-window -x 300 -y 100
wait_for filled 100
ok $? "from nothing to very large"
keys q
wait_for ended 0
ok $? "q ends it"
wait_for cleared
ok $? "and the terminal is as before"

start 80 24 "$B/histctl top $store --at ${hour}:10"
shows "^PAST  ${hour}:10:00" "--at begins at a moment"
rm "$store/snapshots/$hour.chunk"
shows "^PAST  .*hour/$live/snapshot-0000 " "when that is removed, it goes on to what is left"
shows "no longer stored" "and says so"
keys q
wait_for ended 0

start 80 60 "$B/histctl top $store --at ${hour}:10"
shows "COMMAND" "a moment is shown"
keys C-l
shows "naïve" "letters are letters"
wait_for prints 'line\nbreak' && wait_for prints 'not utf-8 \xff\xfe'
ok $? "and what is none is escaped"
keys C-c
wait_for ended 1 && wait_for cleared
ok $? "an interrupt leaves the terminal as it was"
start 80 60 "env LC_ALL=C $B/histctl top $store --at ${hour}:10"
shows "na\?ve" "where the terminal has no such letters there is a question mark"
keys q
wait_for ended 0

"$B/tests/tools/mkstore" -h 1 -l 1 -i 30 -p 40 -t "$hour" "$dir/damaged"
chunk=$dir/damaged/snapshots/$hour.chunk
printf 'damaged by a test' | dd of="$chunk" bs=1 seek=$(($(stat -c %s "$chunk") / 2)) conv=notrunc status=none
bad=
for s in $(seq 0 2 119); do
	"$B/histctl" cat "$dir/damaged" "hour/$hour/snapshot-$s/processes" >/dev/null 2>&1 || bad="$bad $s"
done
[ -n "$bad" ]
ok $? "there is a damaged snapshot"
start 80 24 "$B/histctl top $dir/damaged --at ${hour}:$(printf %02d $((${bad##* } / 2)))"
shows "^This snapshot is damaged" "which is said"
keys Home Left
shows "This is the first one" "and can be left"
keys q
wait_for ended 0

start 80 40 "env TERM= $B/histctl top $store"
wait_for ended 1
grep -q "type is not known (TERM is" "$dir/err"
ok $? "without TERM it says so"
start 80 40 "env TERM=no-such-terminal $B/histctl top $store"
wait_for ended 1
grep -q "TERM is no-such-terminal" "$dir/err"
ok $? "a terminal that is not known is named"
start 80 24 "$B/histctl top $dir/nothing"
shows "^LIVE  nothing is recorded yet" "an empty store is waited for"
mv "$dir/wal" "$dir/nothing/snapshots/$hour.wal"
shows "^LIVE  .*snapshot-0000" "until something is recorded"
keys q
wait_for ended 0

echo "1..$n"
exit $failed
