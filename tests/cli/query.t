#!/bin/sh
# query.t -- histctl query: points, windows and groups beside a plain computation, the three formats, what is refused

. tests/cli/histd.sh
c=${BUILD:-build}/histctl
mkpoints=${BUILD:-build}/tests/tools/mkpoints
if ! command -v python3 >/dev/null; then
	skip "queries" "python3 is not installed"
	echo "1..$n"
	exit
fi
python=/usr/bin/python3
[ -x $python ] || python=python3
out=$dir/out err=$dir/err

# Two hours are files, the third is in the log.
$python tests/cli/points.py lines >"$dir/lines"
awk -F '\t' '$2 < (498650 + 2) * 3600 * 1e9' "$dir/lines" | "$mkpoints" "$store" -f &&
	awk -F '\t' '$2 >= (498650 + 2) * 3600 * 1e9' "$dir/lines" | "$mkpoints" "$store"
ok $? "points are put"

"$c" query "$store" m >"$out" 2>"$err" && [ "$(wc -l <"$out")" = "$(($(wc -l <"$dir/lines") + 1))" ] &&
	[ "$(sed -n 2p "$out")" = "$(printf 'm{host="a",mode="idle"}\t2026-11-20T02:00:07.000Z\t%s' \
		"$(head -n 1 "$dir/lines" | cut -f 3 | sed 's/\.0$//')")" ]
ok $? "without a step all points are printed"
tail -n +2 "$out" | LC_ALL=C sort -c -t "$(printf '\t')" -k 1,2 && [ "$(head -n 1 "$out")" = "$(printf 'series\ttime\tvalue')" ]
ok $? "series after series, in order of time"
for h in 2 3 4; do
	for s in a b; do
		"$c" cat "$store" "/series/2026-11-20T0$h/metrics/m{host=$s,mode=user}"
	done
done | sort >"$dir/files"
"$c" query "$store" 'm{mode="user"}' | tail -n +2 | cut -f 2,3 | sort | cmp - "$dir/files"
ok $? "and they are what the files of series have"

for what in avg min max sum count last rate increase p0 p50 p90 p99 p99.9; do
	"$c" query "$store" m --step 5m --aggregate $what | $python tests/cli/points.py query $what 300 2>"$err"
	ok $? "$what of windows is as computed"
	"$c" query --by mode --step 7m --aggregate $what "$store" m | $python tests/cli/points.py query $what 420 mode 2>"$err"
	ok $? "$what by a label is as computed"
done
"$c" query "$store" m --step 1h --aggregate max --by '' | $python tests/cli/points.py query max 3600 '' 2>"$err"
ok $? "by no label all are one"

"$c" query "$store" 'm{host="a",mode=~"us.*|x"}' --from 2026-11-20T03:00:10 --to 2026-11-20T03:00:20 >"$out"
awk -F '\t' 'NR > 1 && ($1 != "m{host=\"a\",mode=\"user\"}" || $2 < "2026-11-20T03:00:10.000Z" || $2 >= "2026-11-20T03:00:20.000Z") { bad = 1 }
	$2 ~ /:(10|11|12)\.000Z$/ { n++ } END { exit bad || NR < 5 || n == 0 }' "$out"
ok $? "from is included, and to is not"
"$c" query "$store" nothing >"$out" && [ "$(wc -l <"$out")" = 1 ]
ok $? "where nothing is selected there are no lines"

"$c" query "$store" m --format json >"$out" && $python - "$out" "$dir/lines" <<'END'
import json, math, sys
got = {}
for line in open(sys.argv[1]):
    o = json.loads(line)
    assert o["metric"] == "m" and sorted(o) == ["labels", "metric", "time", "value"], o
    got.setdefault((o["labels"]["host"], o["labels"]["mode"]), []).append(float(o["value"]))
assert sum(map(len, got.values())) == sum(1 for _ in open(sys.argv[2]))
assert len(got) == 6 and math.isnan(sum(got["a", "odd"])) and not math.isnan(sum(got["b", "idle"]))
END
ok $? "JSON is a line a point"
"$c" query "$store" m --format openmetrics --from 2026-11-20T02 --to 2026-11-20T04 >"$out" &&
	grep -v '^#' "$out" | sort >"$dir/a" && "$c" cat "$store" /openmetrics/2026-11-20T02.om | grep -v '^#' | sort | cmp - "$dir/a" &&
	[ "$(tail -n 1 "$out")" = '# EOF' ] && [ "$(grep -c '^# TYPE m unknown$' "$out")" = 1 ]
ok $? "OpenMetrics is as in /openmetrics"

"$c" query "$store" 'm{host=~"("}' >"$out" 2>"$err"
[ $? = 2 ] && grep -q 'at character 12: there is a ( without )' "$err" && [ ! -s "$out" ]
ok $? "a selector that is none is told with the place"
for bad in '--step 0' '--step x' '--aggregate mean' '--aggregate p101' '--format xml' '--from never'; do
	# shellcheck disable=SC2086 # two words
	"$c" query $bad "$store" m >"$out" 2>"$err"
	[ $? = 2 ] && [ -s "$err" ] && [ ! -s "$out" ]
	ok $? "$bad is refused"
done
"$c" query "$dir/none" m >"$out" 2>"$err"
[ $? = 1 ] && grep -q "$dir/none" "$err"
ok $? "a store that is not there is an error"

for f in "$store"/series/2026-11-20T03.*.points; do
	printf '\245' | dd of="$f" bs=1 seek=$(($(stat -c %s "$f") / 3)) conv=notrunc 2>/dev/null
done
"$c" query "$store" m >"$out" 2>"$err"
[ $? = 1 ] && grep -q 'damaged' "$err" && grep -q T02: "$out" && grep -q T04: "$out"
ok $? "what is damaged is left out, and told"
echo "1..$n"
