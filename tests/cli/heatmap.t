#!/usr/bin/env bash
# heatmap.t -- the files of /heatmap: as long as is said, whole, and well-formed
set -u
cd "$(dirname "$0")/../.." || exit 1
build=${BUILD:-build}
python=/usr/bin/python3

n=0
failed=0
work=$(mktemp -d "${TMPDIR:-/tmp}/histfs-heatmap.XXXXXX") || exit 1
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
"$build/tests/tools/mkstore" "$store" -h 5 -l 20 -i 60 -t 2026-11-20T21 2>"$work/err" >&2 || exit 1

# What the list says that each is long, and how long it is.
"$build/histctl" ls -l "$store" heatmap | awk '{print $NF, $2}' | sort >"$work/said"
for f in $("$build/histctl" ls "$store" heatmap); do
	"$build/histctl" cat "$store" "heatmap/$f" >"$work/$f" 2>>"$work/err"
	echo "$f $(stat -c %s "$work/$f")"
done | sort >"$work/found"
diff "$work/said" "$work/found" >"$work/err" && [ "$(wc -l <"$work/found")" = 6 ]
result $? "two days have three files each, as long as is said"

# lines HOUR...: the heatmaps of hours as one.
lines() {
	local hour first=1

	for hour; do
		"$build/histctl" cat "$store" "hour/$hour/heatmap" | tail -n +$first
		first=2
	done
}
lines 2026-11-20T2{1,2,3} | cmp - "$work/2026-11-20.tsv" >"$work/err" 2>&1 &&
	lines 2026-11-21T0{0,1,2} | cmp - "$work/2026-11-21.tsv" >"$work/err" 2>&1
result $? "a day's lines are those of its hours"

awk 'length != 80 || /[^ -~]/ {exit 1}' "$work"/*.txt 2>"$work/err"
result $? "the strip is 80 columns of plain characters"

"$python" - "$work"/*.svg 2>"$work/err" <<'END'
import re, sys
import xml.etree.ElementTree as tree

for path in sys.argv[1:]:
	text = open(path).read()
	root = tree.fromstring(text)
	names = {e.tag.split("}")[1] for e in root.iter()}
	assert root.tag == "{http://www.w3.org/2000/svg}svg", root.tag
	assert names <= {"svg", "title", "style", "defs", "pattern", "path", "rect", "text", "tspan", "g"}, names
	assert text.count("//") == 1 and "href" not in text and "@import" not in text
	assert set(re.findall(r"url\((.*?)\)", text)) == {"#h"}
	assert "prefers-color-scheme:dark" in text
END
result $? "the picture is well-formed, and all of it is in it"

"$build/histctl" cat "$store" status 2>"$work/err" | grep -q "^missing	2026-11-21	0 snapshots	0 gaps\$"
result $? "the status counts what is missing of the newest day"

if "$python" -c 'import zstandard, xxhash' 2>/dev/null; then
	"$python" -B tests/decoder/decode.py verify "$store" >"$work/err" 2>&1 && [ ! -s "$work/err" ]
	result $? "the independent reader finds the sums of the sidecars right"
else
	n=$((n + 1))
	echo "ok $n - the independent reader # SKIP python3-zstandard and python3-xxhash are not installed"
fi

# Removed sidecars are made up for.
rm "$store"/snapshots/2026-11-20T22.heat
for f in 2026-11-20.tsv 2026-11-20.txt 2026-11-20.svg; do
	"$build/histctl" cat "$store" "heatmap/$f" 2>>"$work/err" | cmp - "$work/$f" 2>>"$work/err" || echo differs
done | grep -q differs
[ $? = 1 ]
result $? "a day is the same where a sidecar is missing"

# Entries that are damaged beside a sum that is not, made anew without the hour before: other lengths than the sum says.
hurt=$work/hurt
"$build/tests/tools/mkstore" "$hurt" -h 2 -l 5 -i 60 -t 2026-11-20T10 2>"$work/err" >&2 || exit 1
rm "$hurt"/snapshots/2026-11-20T10.*
printf '\125' | dd of="$hurt/snapshots/2026-11-20T11.heat" bs=1 seek=100 conv=notrunc 2>"$work/err"
"$build/histctl" cat "$hurt" heatmap/2026-11-20.tsv >"$work/day" 2>"$work/err" &&
	{
		"$build/histctl" cat "$hurt" hour/2026-11-20T11/heatmap
		"$build/histctl" cat "$hurt" hour/2026-11-20T12/heatmap | tail -n +2
	} 2>>"$work/err" | cmp - "$work/day" >>"$work/err" 2>&1
result $? "a day's lines are right where a sidecar's entries are damaged and its sum is not"

echo "1..$n"
exit "$failed"
