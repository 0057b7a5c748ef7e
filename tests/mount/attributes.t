#!/bin/bash
# attributes.t -- sizes, blocks, times, inode numbers and modes: exact, and the same after every remount
# shellcheck disable=SC2119,SC2317 # functions are called through ok and soon
# shellcheck source=tests/mount/lib.sh
. "$(dirname "$0")/lib.sh"

"$mkstore" -h 2 -l 5 -i 120 -p 20 "$S" || exit 1
chown 1234:2345 "$S"
ok "a store is mounted" mount_store
cd "$T" || exit 1

# Wrong sizes: the first is what stat says, the second what is read.
wrong_sizes() {
	find mnt -type f -printf '%s %p\n' | while read -r size name; do
		n=$(wc -c <"$name")
		[ "$n" = "$size" ] || echo "$name: $size is not $n"
	done
}
is "sizes are exact before a file is opened" "$(wrong_sizes)" ""
is "blocks are the size rounded up" "$(find mnt -type f -printf '%s %b %p\n' | awk '$2 != int(($1 + 511) / 512)')" ""
is "no file is empty" "$(find mnt -type f -size 0)" ""
is "inode numbers are unique" "$(find mnt -printf '%i\n' | sort | uniq -d)" ""
is "directories count their directories, but for those of rows" "$(find mnt -type d -printf '%n %p\n' | while read -r n d; do
	[ "$n" = 1 ] && [[ $d =~ ^mnt/series/[^/]*/[^/]*$ ]] && continue
	[ "$n" = $(($(find "$d" -mindepth 1 -maxdepth 1 -type d | wc -l) + 2)) ] || echo "$d: $n"
done)" ""
is "files are for owner and group to read" "$(find mnt -type f ! -perm 0440)" ""
is "directories are for owner and group to enter" "$(find mnt -type d ! -perm 0550)" ""
is "all belongs to whom the store belongs" "$(find mnt ! -uid 1234 -o ! -gid 2345)" ""
is "a snapshot's files have its time" "$(stat -c %y mnt/hour/2026-11-20T00/snapshot-0007/processes)" \
	"2026-11-20 00:14:00.000000000 +0000"
is "so has its directory" "$(stat -c '%y %z %x' mnt/hour/2026-11-20T00/snapshot-0007)" \
	"2026-11-20 00:14:00.000000000 +0000 2026-11-20 00:14:00.000000000 +0000 2026-11-20 00:14:00.000000000 +0000"
is "an hour has the time of its last snapshot" "$(stat -c %y mnt/hour/2026-11-20T00 mnt/table/2026-11-20T00/processes |
	sort -u)" "2026-11-20 00:58:00.000000000 +0000"
is "the root has the time of the last" "$(stat -c %y mnt)" "2026-11-20 02:08:00.000000000 +0000"
is "nothing can be written" "$(touch mnt/x 2>&1 | grep -c 'Read-only')" 1
is "unpadded numbers are the same inode" "$(stat -c %i mnt/hour/2026-11-20T00/snapshot-7)" \
	"$(stat -c %i mnt/hour/2026-11-20T00/snapshot-0007)"
if has getfattr; then
	is "there are no extended attributes" "$(getfattr -d -m - mnt/README 2>&1)" \
		"getfattr: mnt/README: Operation not supported"
else
	skip "there are no extended attributes" "getfattr is not installed"
fi
is "df knows the size of the store" "$(stat -f -c '%b %S' mnt | awk '{ print ($1 * $2 > 10000) }')" 1

look() {
	find mnt ! -path 'mnt/at/*' -printf '%p %i %s %b %T@ %C@ %m %n %U %G %l\n' | sort
}
look >before
ok "the mount goes away" unmount_store
ok "and comes again" mount_store
look >after
ok "nothing of all this changes with a remount" diff before after
ls -laR mnt >/dev/null
look >after
ok "or with looking" diff before after
finish
