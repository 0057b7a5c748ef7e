#!/bin/bash
# topics.t -- topics in a mount: messages and lines are files that tools read, copy and follow, however many there are
# shellcheck disable=SC2119,SC2317 # functions are called through ok and soon
# shellcheck source=tests/mount/lib.sh
. "$(dirname "$0")/lib.sh"

mktopic=$B/tests/tools/mktopic histctl=$B/histctl
from=1795132800000 # 2026-11-20T00:00
"$mkstore" -h 1 -l 3 -i 300 -p 5 "$S" || exit 1
"$mktopic" "$S" orders -n 3000 -l 50 -k 7 -H 2 -p 2 -S 65536 -t $from -i 1000 -c zstd || exit 1
"$mktopic" "$S" a.b-c_D -n 10 -l 10 -t $from || exit 1
ok "a store with topics is mounted" mount_store
cd "$M" || exit 1
p=topics/orders/0

is "every message is listed" "$(find $p -type f -name '0000000000000000????' | wc -l)" 3000
wrong_sizes() {
	find topics/orders/1 log hour/*/log -type f -printf '%s %p\n' | while read -r size name; do
		n=$(wc -c <"$name")
		[ "$n" = "$size" ] || echo "$name: $size is not $n"
	done
}
is "sizes are exact before a file is opened" "$(wrong_sizes)" ""
is "blocks are the size rounded up" \
	"$(find topics log hour/*/log -type f -printf '%s %b %p\n' | awk '$2 != int(($1 + 511) / 512)')" ""
is "inode numbers are unique" "$(find topics log hour -printf '%i\n' | sort | uniq -d)" ""
is "a message has its time" "$(stat -c %y $p/61)" "2026-11-20 00:01:01.000000000 +0000"
is "and its bytes" "$(cat $p/61)" "$("$histctl" cat "$S" $p/61)"
is "which are those that its line has" "$(cat $p/61)" "$(awk -F '\t' '$1 == 61 { print $5 }' log/orders/0/*.tsv)"
is "zeros may be left out" "$(stat -c %i $p/61)" "$(stat -c %i $p/00000000000000000061)"
is "grep finds a message among the lines of all segments" "$(grep -h '^2999	' log/orders/0/*.tsv | cut -f 1)" 2999
is "all messages are a line each" "$(tail -qn +2 log/orders/0/*.tsv | cut -f 1 | sort -n | uniq | wc -l)" 3000
is "since a time there are those from then on" "$(tail -n +2 log/orders/0.since/2026-11-20T00:49 | wc -l)" 60
is "an hour has its own" "$(tail -n +2 hour/2026-11-20T00/log/orders/1 | wc -l)" 3000
is "names of topics are what they are" "$(ls log)" "$(printf 'orders\na.b-c_D' | sort)"
is "a name that is none is none" "$(stat topics/orders/0/3000 topics/nothing log/orders/0.since/never 2>&1 |
	grep -c 'No such file')" 3
is "nothing can be written" "$(touch $p/5 2>&1 | grep -c 'Read-only')" 1
if has getfattr; then
	is "there are no extended attributes" "$(getfattr -d -m - $p/61 2>&1)" "getfattr: $p/61: Operation not supported"
else
	skip "there are no extended attributes" "getfattr is not installed"
fi
is "df counts them" "$(($(stat -f -c '%b * %S' .) >= $(find "$S/topics" -type f -printf '%s + ')0))" 1
is "status counts them" "$(grep -c '^topics	2$\|^partitions	3$' status)" 2

# A copy made twice is the same, and rsync finds nothing to do.
mkdir "$T/copy"
ok "tar takes it all" sh -c "tar -cf - topics/orders log | tar -xf - -C '$T/copy'"
is "to the byte" "$(sums log)" "$(sums "$T/copy/log")"
if has rsync; then
	rsync -a topics log "$T/copy" >/dev/null 2>&1
	is "rsync has nothing to do a second time" "$(rsync -ain topics log "$T/copy" 2>&1)" ""
else
	skip "rsync has nothing to do a second time" "rsync is not installed"
fi

look() {
	find topics log hour -printf '%p %i %s %b %T@ %m %n\n' | sort
}
look >"$T/before"
cd / && unmount_store && mount_store && cd "$M" || exit 1
look >"$T/after"
ok "a remount changes nothing" cmp "$T/before" "$T/after"

# --- beside a writer ---

newest=log/orders/0/$(ls log/orders/0 | tail -n 1)
ls $p >/dev/null
tail -n +1 -f "$newest" >"$T/followed" 2>/dev/null &
tail=$!
n=3000
for _ in 1 2 3; do
	"$mktopic" "$S" orders -n 20 -l 50 -S 1000000 -t $((from + 3000000)) -i 0 || exit 1
	n=$((n + 20))
	ok "a new message is there soon" soon test -e $p/$((n - 1))
	listed() {
		[ "$(find $p -type f | wc -l)" = "$1" ]
	}
	ok "it is listed, though messages of the same time were before" soon listed $n
done
followed() {
	cmp -s "$T/followed" "$newest" && grep -q "^$((n - 1))	" "$newest"
}
ok "tail -f has followed" soon followed
kill $tail
wait $tail 2>/dev/null

"$mktopic" "$S" orders -n 200000 -l 50 -S 1000000 -t $((from + 3600000)) -i 1 -y 10 &
writer=$!
rm -rf "$T/copy" && mkdir "$T/copy"
soon test -d hour/2026-11-20T01/log
tar -cf "$T/live.tar" log hour/2026-11-20T01/log 2>"$T/tar-said"
ok "tar of a topic that is written gives no error but that files grow" test "$(grep -vc 'changed as we read it' "$T/tar-said")" = 0
wait $writer
ok "what it took can be unpacked" tar -xf "$T/live.tar" -C "$T/copy"
n_copied=0 n_wrong=0
for f in "$T"/copy/log/orders/0/*.tsv; do
	n_copied=$((n_copied + 1))
	cmp -s -n "$(stat -c %s "$f")" "$f" "log/orders/0/${f##*/}" || n_wrong=$((n_wrong + 1))
done
is "and is the beginning of what there is now" "$n_wrong of $((n_copied > 0))" "0 of 1"
cd / && unmount_store

# --- damage ---

segment=$S/topics/orders/1/00000000000000000000.log
printf '\125\252\125' | dd of="$segment" bs=1 seek=$(($(stat -c %s "$segment") / 2)) conv=notrunc status=none
mount_store && cd "$M" || exit 1
(sums topics/orders/1) >"$T/whole" 2>"$T/errors"
is "what is damaged is an I/O error" "$(grep -vc 'Input/output error' "$T/errors")" 0
ok "at some messages, not at all" test "$(wc -l <"$T/whole")" -ge 2800
status_has() {
	grep -q "^damaged	topics/orders/1/00000000000000000000.log" status
}
ok "status says where" soon status_has
is "other partitions are whole" "$(cat log/orders/0/*.tsv 2>&1 >/dev/null)" ""
cd / && unmount_store

# --- very many ---

"$mktopic" "$S" many -n 10000000 -l 8 -b 10000 -i 1 -t $from || exit 1
mount_store && cd "$M" || exit 1
is "ten million messages are listed" "$(ls -U topics/many/0 | wc -l)" 10000000
is "and looked up" "$(stat -c %s topics/many/0/0 topics/many/0/9999999 | sort -u)" 8
hwm=$(awk '/^VmHWM/ { print $2 }' "/proc/$(daemon)/status")
echo "# $hwm KB"
ok "for which the daemon needs less than 64 MB" test "$hwm" -lt 65536
cd / && unmount_store
finish
