#!/bin/bash
# histctl.t -- histctl as a program: what it prints, what it refuses, what it finds
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${BUILD:-build}
histctl=$B/histctl
dir=$(mktemp -d "${TMPDIR:-/tmp}/histfs-test-XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
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
	"$histctl" "$@" >"$dir/out" 2>"$dir/err"
	status=$?
}

# fails STATUS PATTERN: that status, one line of complaint that matches, nothing printed
fails() {
	[ "$status" = "$1" ] && [ ! -s "$dir/out" ] && [ "$(wc -l <"$dir/err")" = 1 ] && grep -q "^histctl: .*$2" "$dir/err"
}

"$B/tests/tools/mkstore" -h 1 -l 5 -i 60 -p 12 -t "$hour" "$store" || exit 1

# --- arguments ---

run -h
[ "$status" = 0 ] && [ "$(grep -cE '^  histctl (ls|cat|dump|verify|stat) ' "$dir/out")" = 5 ]
ok $? "help names all commands"
run -V
grep -qE '^histctl [0-9]' "$dir/out"
ok $? "the version is printed"
run
fails 2 "which command"
ok $? "no command is refused"
run frobnicate
fails 2 "no command frobnicate"
ok $? "an unknown command is refused"
run ls -x "$store"
fails 2 "usage: histctl ls"
ok $? "an unknown option is refused"
run verify
fails 2 "usage: histctl verify STORE"
ok $? "a missing argument is refused"
for c in ls verify stat; do
	run $c "$dir/none"
	fails 1 "$dir/none: \|$dir/none: there is no store"
	ok $? "$c of a store that is not there is one line"
	mkdir -p "$dir/empty"
	run $c "$dir/empty"
	fails 1 "$dir/empty: "
	ok $? "$c of a directory that is no store is one line"
done

# --- ls and cat ---

run ls "$store"
[ "$(sort "$dir/out" | tr '\n' ' ')" = "README at heatmap hour json log now openmetrics payloads rate series status table topics " ]
ok $? "ls lists the top of the tree"
run ls "$store" hour
[ "$(tr '\n' ' ' <"$dir/out")" = "$hour $live " ]
ok $? "ls lists hours"
run ls "$store" "hour/$hour"
[ "$(grep -c '^snapshot-' "$dir/out")" = 60 ]
ok $? "ls lists snapshots"
run ls "$store" hour/1999-01-01T00
fails 1 "hour/1999-01-01T00: No such file"
ok $? "ls of what is not there is one line"

# sizes DIRECTORY: every file is as long as ls -l says
sizes() {
	local bad=0 type size name
	while read -r type size _ name; do
		[ "$type" = file ] || continue
		[ "$("$histctl" cat "$store" "$1/$name" | wc -c)" = "$size" ] || { bad=1 && echo "$1/$name"; }
	done < <("$histctl" ls -l "$store" "$1")
	return $bad
}
for d in / "hour/$hour/snapshot-0007" "json/$hour/snapshot-0007" "rate/$hour/snapshot-0007" "table/$hour" "hour/$live" now; do
	sizes "$d" >"$dir/out"
	ok $? "files in $d are as long as ls says"
done

run cat "$store" "hour/$hour/snapshot-7/cpu"
cp "$dir/out" "$dir/cpu"
[ "$status" = 0 ] && head -1 "$dir/cpu" | grep -q "^cpu	user_ticks"
ok $? "cat prints a table"
run cat "$store" "${hour}:07:30" cpu
cmp -s "$dir/out" "$dir/cpu"
ok $? "cat of a time and a table is that of the snapshot before"
run cat "$store" 1999-01-01 load
fails 1 "/at/1999-01-01/load: No such file"
ok $? "cat of a time before all that is recorded names it"
run cat "$store" "hour/$hour/snapshot-7/cpu" "hour/$hour/snapshot-7/load"
[ "$(wc -l <"$dir/out")" -gt "$(wc -l <"$dir/cpu")" ]
ok $? "cat prints several files"
run cat "$store" README status
[ "$status" = 0 ] && grep -q '^store	' "$dir/out"
ok $? "two paths are not taken for a time and a table"
run cat "$store" noon cpu
fails 1 "noon: not a time"
ok $? "what is neither is one line"
run cat "$store" hour
fails 1 "hour: Is a directory"
ok $? "cat of a directory is one line"

# --- dump ---

run dump "$store" cpu "$hour"
"$histctl" cat "$store" "table/$hour/cpu" | cmp -s - "$dir/out"
ok $? "dump of an hour is the file in /table"
cp "$dir/out" "$dir/whole"
run dump "$store" cpu "${hour}:10" "${hour}:12"
grep -E "^(time|${hour}:1[01]:)" "$dir/whole" | cmp -s - "$dir/out"
ok $? "dump of a span has what is in it"
run dump "$store" cpu "$hour" 2026-11-20T02
[ "$(tail -n +2 "$dir/out" | wc -l)" = $((65 * $(tail -n +2 "$dir/cpu" | wc -l))) ]
ok $? "dump goes over hours"
run dump --json "$store" cpu "$hour"
[ "$(wc -l <"$dir/out")" = $(($(wc -l <"$dir/whole") - 1)) ] &&
	python3 -c 'import json, sys; assert all(json.loads(x)["time"].startswith(sys.argv[1]) for x in sys.stdin)' "$hour" <"$dir/out"
ok $? "dump --json is an object a row"
run dump "$store" nonsense "$hour"
fails 1 "nothing of table nonsense"
ok $? "dump of an unknown table is one line"
run dump "$store" cpu noon
[ "$status" = 2 ] && grep -q "noon: not a time" "$dir/err"
ok $? "dump refuses what is not a time"

# --- writing ---

(trap '' PIPE; "$histctl" dump "$store" processes "$hour" 2026-11-20T02 2>"$dir/err") | head -1 >/dev/null
[ ! -s "$dir/err" ]
ok $? "a reader that has enough is no error, also where SIGPIPE is ignored"
"$histctl" cat "$store" "table/$hour/processes" >/dev/full 2>"$dir/err"
[ $? = 1 ] && [ "$(wc -l <"$dir/err")" = 1 ] && grep -q "No space left" "$dir/err"
ok $? "output that cannot be written is an error"

# --- stat and verify ---

run stat "$store"
[ "$status" = 0 ] && grep -qx "snapshots	65" "$dir/out" && grep -qx "hours	2" "$dir/out" &&
	grep -qx "chunk_files	1" "$dir/out" && grep -qx "recorder	none" "$dir/out" && grep -qx "problems	0" "$dir/out"
ok $? "stat counts"
run verify "$store"
[ "$status" = 0 ] && grep -q '^[0-9]* files, .* 65 snapshots, .*: all is well$' "$dir/out"
ok $? "verify finds nothing in a good store"

chunk=$store/snapshots/$hour.chunk
cp "$chunk" "$dir/good"
size=$(stat -c %s "$chunk")
printf 'damaged by a test' | dd of="$chunk" bs=1 seek=$((size / 2)) conv=notrunc status=none
run verify "$store"
[ "$status" = 1 ] && grep -qE "^snapshots/$hour.chunk	[0-9]+	" "$dir/out" && tail -1 "$dir/out" | grep -q 'problems$'
ok $? "verify names file and offset of damage"
run stat "$store"
[ "$status" = 0 ]
ok $? "stat of a damaged store works"
head -c $((size / 2)) "$dir/good" >"$chunk"
run verify "$store"
[ "$status" = 1 ] && grep -q "^snapshots/$hour.chunk	0	.*the file is cut" "$dir/out"
ok $? "verify finds a file that is cut"
run ls "$store" "hour/$live"
[ "$status" = 0 ] && [ "$(grep -c snapshot- "$dir/out")" = 5 ]
ok $? "other hours are read as before"
cp "$dir/good" "$chunk"
printf 'damaged by a test' | dd of="$store/histfs.store" bs=1 seek=30 conv=notrunc status=none
run ls "$store" "hour/$live"
[ "$status" = 0 ] && [ "$(grep -c snapshot- "$dir/out")" = 5 ]
ok $? "a damaged store file hides no history"
run verify "$store"
[ "$status" = 1 ] && grep -q "^histfs.store	0	" "$dir/out"
ok $? "verify goes on behind it"

echo "1..$n"
exit $failed
