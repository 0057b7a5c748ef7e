#!/bin/sh
# openmetrics.t -- blocks of /openmetrics, taken by promtool as they are, are what /series says

. tests/cli/histd.sh
c=${BUILD:-build}/histctl
tools=${BUILD:-build}/tests/tools
if ! command -v promtool >/dev/null || ! command -v python3 >/dev/null; then
	skip "blocks for Prometheus" "promtool (of prometheus) or python3 is not installed"
	echo "1..$n"
	exit
fi

# dump FILE NAME: what promtool reads back from a file, in $dir/NAME
dump() {
	mkdir -p "$dir/$2.blocks/wal" && promtool tsdb create-blocks-from openmetrics "$1" "$dir/$2.blocks" >>"$log" 2>&1 &&
		promtool tsdb dump "$dir/$2.blocks" >"$dir/$2" 2>>"$log"
}

# Two hours of files, one of both, one in the log; names and values that text has trouble with; points of one millisecond.
cat >"$dir/make.py" <<'END'
import random
rnd = random.Random(3)
for hour in range(4):
    begin = (498650 + hour) * 3600 * 10**9
    for s in range(0, 3600, 5):
        for host in "abc":
            print(f"cpu.usage{{host={host}}}\t{begin + s * 10**9}\t{rnd.randint(0, 1000) / 10!r}")
        print(f"http_requests_total{{code=200,path=%2Fx}}\t{begin + s * 10**9 + 123 * 10**6}\t{s + hour * 3600}")
        print(f"noise\t{begin + s * 10**9}\t{rnd.gauss(0, 1e9)!r}")
    for i, v in enumerate(("inf", "-inf", "nan", "-0.0", "5e-324", "1.7976931348623157e308", "9007199254740993")):
        print(f'odd{{name=a"%5Cb%0Ac,d%2C%3D%7B,é=x}}\t{begin + i * 10**6}\t{v}'.replace("c,d", "c%2Cd"))
        print(f"fine\t{begin + 10**9 + i * 400000}\t{i}")
    print(f"my-metric\t{begin + 1}\t1\nmy.metric\t{begin + 2}\t2\nmy_metric\t{begin + 3}\t3")
    print(f"9lives{{a.b=1}}\t{begin}\t1\n9lives{{a-b=1}}\t{begin + 10**9}\t2")
END
python3 "$dir/make.py" >"$dir/lines"
awk -F '\t' '$2 < 498652.5 * 3600 * 1e9' "$dir/lines" | "$tools/mkpoints" "$store" -f &&
	awk -F '\t' '$2 >= 498652.5 * 3600 * 1e9' "$dir/lines" | "$tools/mkpoints" "$store"
ok $? "points are put"
for h in 02 04; do
	"$c" cat "$store" /openmetrics/2026-11-20T$h.om >"$dir/$h.om" &&
		[ "$(stat -c %s "$dir/$h.om")" = "$("$c" ls -l "$store" /openmetrics/2026-11-20T$h.om | awk '{ print $2 }')" ]
	ok $? "block $h is as long as was told"
	dump "$dir/$h.om" "dump$h"
	ok $? "promtool makes blocks of it"
done
python3 tests/cli/openmetrics.py points "$c" "$store" "$dir/dump02" "$dir/dump04" >"$log" 2>&1
ok $? "and reads back what the series' files say"

# Tables of a machine.
"$tools/mkstore" "$dir/machine" -t 2026-11-20T02 -h 2 -l 4 -i 60 -p 5
ok $? "a machine is recorded"
for t in cpu mem load disk net processes; do
	"$c" cat "$dir/machine" "/openmetrics/2026-11-20T02.$t.om" >"$dir/$t.om" &&
		[ "$(stat -c %s "$dir/$t.om")" = "$("$c" ls -l "$dir/machine" "/openmetrics/2026-11-20T02.$t.om" | awk '{ print $2 }')" ]
	ok $? "table $t is as long as was told"
	dump "$dir/$t.om" "dump.$t" && python3 tests/cli/openmetrics.py table "$c" "$dir/machine" $t "$dir/dump.$t" >"$log" 2>&1
	ok $? "promtool reads back what its series' files say"
done
echo "1..$n"
