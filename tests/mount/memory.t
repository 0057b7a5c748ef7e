#!/bin/bash
# memory.t -- the daemon's memory does not grow with the files that are looked at
# shellcheck disable=SC2119,SC2317 # functions are called through ok and soon
# shellcheck source=tests/mount/lib.sh
. "$(dirname "$0")/lib.sh"

"$mkstore" -h 12 -l 5 -i 30 -p 5 "$S" || exit 1
ok "a store is mounted" mount_store -o cache=4M
d=$(daemon)
rss() {
	awk '/^VmRSS/ { print $2 }' "/proc/$d/status"
}
n=$(find "$M" | wc -l)
ok "there are many files" test "$n" -gt 50000
find "$M/hour/2026-11-20T00" "$M/json/2026-11-20T00" -type f -exec cat {} + >/dev/null
first=$(rss)
find "$M" -ls | wc -l >/dev/null
find "$M/hour" "$M/json" "$M/rate" -type f -path '*snapshot-00[0-2]*' -exec cat {} + >/dev/null
second=$(rss)
echo "# $n files; $first KB after the first hour, $second KB after all"
ok "all of them cost no more than an hour's" test "$second" -lt $((first + 16 * 1024))
finish
