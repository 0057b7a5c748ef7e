#!/bin/sh
# exporter.t -- node_exporter, scraped by a real histd, is in the tree, and is what promtool reads back from /openmetrics

. tests/cli/histd.sh
c=${BUILD:-build}/histctl
for tool in prometheus-node-exporter promtool python3; do
	if ! command -v $tool >/dev/null; then
		skip "an exporter" "$tool is not installed"
		echo "1..$n"
		exit
	fi
done
exporter=
cleanup_more() { [ -n "$exporter" ] && kill -9 "$exporter" 2>/dev/null; }

port=$(free_port STREAM)
prometheus-node-exporter --web.listen-address="127.0.0.1:$port" >"$dir/exporter.log" 2>&1 &
exporter=$!
printf '[store]\npath = %s\n[record]\ninterval = 1s\ntables = load histd\npriority = normal\nlock_memory = 0\n' "$store" >"$conf"
printf '[socket]\npath = %s/socket\n[scrape.node]\nurl = http://127.0.0.1:%s/metrics\ninterval = 1s\n' "$dir" "$port" >>"$conf"
start
ok $? "histd that scrapes is there"
hour() { "$c" ls "$store" /series | tail -n 1; }
# All of the series of an exporter: what is scraped first may be before it answers.
scraped() { "$c" query "$store" 'node_load1{job="node"}' 2>/dev/null | awk 'END { exit NR < 4 }'; }
poll scraped
ok $? "node_exporter is scraped, again and again"
# An hour that has just begun may have no points yet.
listed() { "$c" ls "$store" "/series/$(hour)/metrics" | grep -q '^node_load1{instance=127.0.0.1:'"$port"',job=node}$'; }
poll listed
ok $? "its series are in the tree"
# While it is scraped.
block=$("$c" ls "$store" /openmetrics | tail -n 1)
mkdir -p "$dir/live/wal" "$dir/blocks/wal"
"$c" cat "$store" "/openmetrics/$block" >"$dir/live.om" &&
	promtool tsdb create-blocks-from openmetrics "$dir/live.om" "$dir/live" >>"$log" 2>&1
ok $? "promtool takes the block that is growing"
stop TERM
[ "$status" = 0 ]
ok $? "histd ends"
for block in $("$c" ls "$store" /openmetrics); do
	"$c" cat "$store" "/openmetrics/$block" >"$dir/block.om" &&
		promtool tsdb create-blocks-from openmetrics "$dir/block.om" "$dir/blocks" >>"$log" 2>&1 || break
done
promtool tsdb dump "$dir/blocks" >"$dir/dump" 2>>"$log" &&
	python3 tests/cli/openmetrics.py points "$c" "$store" "$dir/dump" >"$dir/same" 2>>"$log" &&
	[ "$(sed 's/ .*//' "$dir/same")" -gt 100 ]
ok $? "and reads back what the series' files say"
echo "1..$n"
