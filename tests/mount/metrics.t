#!/bin/bash
# metrics.t -- custom series and /openmetrics in a mount: sizes, names, copies, and points that come while it is read
# shellcheck disable=SC2119,SC2317 # functions are called through ok and soon
# shellcheck source=tests/mount/lib.sh
. "$(dirname "$0")/lib.sh"

mkpoints=$B/tests/tools/mkpoints
# 500 series over three hours, of which two are files; one of 100 000 points.
points() {
	awk -v hour="$1" 'BEGIN {
		for (i = 0; i < 500; i++)
			for (s = 0; s < 20; s++)
				printf "m%d{host=a%%2Fb,k=%d}\t%d%09d\t%g\n", i % 7, i, (498650 + hour) * 3600 + s * 60, i * 1000000, s * i / 8
		for (s = 0; s < 100000; s++)
			printf "long\t%d%09d\t%d\n", (498650 + hour) * 3600 + int(s / 100), s % 100 * 10000000, s * 7919 % 100003
	}' </dev/null
}
"$mkstore" -t 2026-11-20T02 -h 1 -l 3 -i 60 -p 5 "$S" || exit 1
{ points 0 && points 1; } | "$mkpoints" "$S" -f || exit 1
points 4 | "$mkpoints" "$S" || exit 1
ok "a store is mounted" mount_store

is "hours with points are there" "$(ls "$M/series" | tr '\n' ' ')" "2026-11-20T02 2026-11-20T03 2026-11-20T06 "
is "with all series" "$(ls "$M/series/2026-11-20T02/metrics" | wc -l)" 501
is "by readdir alone, too" "$(find "$M/series/2026-11-20T06/metrics" -type f | sort -u | wc -l)" 501
is "inodes are of one file each" "$(find "$M/series/"*/metrics "$M/openmetrics" -printf '%i\n' | sort | uniq -d | wc -l)" 0
sizes() {
	find "$M"/series/*/metrics "$M/openmetrics" -type f -printf '%s %p\n' | while read -r size path; do
		[ "$(wc -c <"$path")" = "$size" ] || echo "$path: not $size bytes"
	done
}
is "every file is as long as it is said to be" "$(sizes)" ""
is "a file is its points" "$(sed -n 3p "$M/series/2026-11-20T03/metrics/m1{host=a%2Fb,k=8}")" \
	"$(printf '2026-11-20T03:02:00.008Z\t2')"
is "a large one from its middle on is what it is from its beginning" \
	"$(dd if="$M/series/2026-11-20T06/metrics/long" bs=4096 skip=300 2>/dev/null | md5sum)" \
	"$(tail -c +1228801 "$M/series/2026-11-20T06/metrics/long" | md5sum)"
is "its times ascend" "$(cut -f 1 "$M/series/2026-11-20T06/metrics/long" | LC_ALL=C sort -cu 2>&1)" ""
ok "tar takes all of it" tar -C "$M" -cf "$T/all.tar" series/2026-11-20T03/metrics openmetrics
mkdir "$T/back" && tar -C "$T/back" -xf "$T/all.tar"
ok "and what comes out is the same" diff -r "$T/back/openmetrics" "$M/openmetrics"
ok "in every file" diff -r "$T/back/series/2026-11-20T03/metrics" "$M/series/2026-11-20T03/metrics"
ok "a block has each series' lines" test \
	"$(grep -c '^long ' "$M/openmetrics/2026-11-20T02.om") $(grep -vc '^#' "$M/openmetrics/2026-11-20T02.om")" = "200000 220000"
is "and a table's" "$(grep -c '^cpu_user_ticks_total{' "$M/openmetrics/2026-11-20T02.cpu.om")" \
	"$(($(cat "$M"/series/2026-11-20T0[23]/cpu/*/user_ticks | wc -l)))"
head -c 5 "$M/series/2026-11-20T03/metrics/long.svg" >"$T/svg"
is "a series has a picture" "$(cat "$T/svg")" "<svg "

# Points that come.
before=$(stat -c '%s %y' "$M/series/2026-11-20T06/metrics/long")
block=$(stat -c %s "$M/openmetrics/2026-11-20T06.om")
# shellcheck disable=SC2059 # tabs
printf 'long\t1795154400000000000\t123456\nnew{a=b}\t1795154400000000000\t1\n' | "$mkpoints" "$S"
changed() { [ "$(stat -c '%s %y' "$M/series/2026-11-20T06/metrics/long")" != "$before" ]; }
ok "a point in another's place changes a file" soon changed
is "which has it" "$(grep -c 123456 "$M/series/2026-11-20T06/metrics/long")" 1
ok "and a series that is new is there" soon test -e "$M/series/2026-11-20T06/metrics/new{a=b}"
larger() { [ "$(stat -c %s "$M/openmetrics/2026-11-20T06.om")" != "$block" ]; }
ok "the block has them" soon larger
is "as long as it says" "$(wc -c <"$M/openmetrics/2026-11-20T06.om")" "$(stat -c %s "$M/openmetrics/2026-11-20T06.om")"
is "and says so" "$(grep '^new' "$M/openmetrics/2026-11-20T06.om")" 'new{a="b"} 1 1795154400.000'
finish
