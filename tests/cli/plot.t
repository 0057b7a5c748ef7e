#!/usr/bin/env bash
# plot.t -- the plots of /series: as long as is said, well-formed, of numbers only, looked up and not listed
set -u
cd "$(dirname "$0")/../.." || exit 1
build=${BUILD:-build}
python=/usr/bin/python3

n=0
failed=0
work=$(mktemp -d "${TMPDIR:-/tmp}/histfs-plot.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT

# result STATUS NAME
result() {
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		failed=1
		echo "not ok $n - $2"
		sed 's/^/# /' "$work/err" | head -20
	fi
}

store=$work/store
"$build/tests/tools/mkstore" "$store" -h 1 -l 20 -i 10 -t 2026-11-20T21 2>"$work/err" >&2 || exit 1

# Every column of one row and of a table without a key, in a sealed hour and in one that is recorded.
: >"$work/wrong"
for hour in 2026-11-20T21 2026-11-20T22; do
	for row in "disk/$("$build/histctl" ls "$store" series/$hour/disk | head -1)" mem; do
		for column in $("$build/histctl" ls "$store" "series/$hour/$row"); do
			path=series/$hour/$row/$column.svg
			"$build/histctl" cat "$store" "$path" >"$work/$hour-${row%%/*}-$column.svg" 2>"$work/err" || {
				echo "$path" >>"$work/none"
				rm "$work/$hour-${row%%/*}-$column.svg"
				continue
			}
			"$build/histctl" ls -l "$store" "$path" | awk '{print $2}' |
				grep -qx "$(stat -c %s "$work/$hour-${row%%/*}-$column.svg")" || echo "$path" >>"$work/wrong"
		done
	done
done
cp "$work/wrong" "$work/err"
[ ! -s "$work/wrong" ] && [ "$(find "$work" -name '*.svg' | wc -l)" -gt 50 ]
result $? "plots are as long as is said"

sort "$work/none" | uniq >"$work/err"
[ "$(wc -l <"$work/err")" = 4 ] && ! grep -Eqv '/(device|name)\.svg$' "$work/err"
result $? "only what is no number has none"

! "$build/histctl" ls "$store" series/2026-11-20T21/mem | grep -q svg 2>"$work/err"
result $? "they are not listed"

"$python" - "$work"/*.svg 2>"$work/err" <<'END'
import sys
import xml.etree.ElementTree as tree

for path in sys.argv[1:]:
	text = open(path).read()
	names = {e.tag.split("}")[1] for e in tree.fromstring(text).iter()}
	assert names <= {"svg", "title", "style", "path", "rect", "circle", "text", "g"}, names
	assert text.count("//") == 1 and "href" not in text and "url(" not in text
	assert "prefers-color-scheme:dark" in text
END
result $? "they are well-formed, and all of each is in it"

echo "1..$n"
exit "$failed"
