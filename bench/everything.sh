# everything.sh -- all tables, on a machine with fifty control groups
# shellcheck shell=bash
# shellcheck disable=SC2154 # of lib.sh and record.sh: build work seconds and what record sets

everything() {
	local atop=- hour chunk n missed histd_ms atop_ms

	BENCH_CGROUPS=50 record "$seconds" everything
	table "Everything: 1 s, $n_processes processes, 50 control groups, CPUs $busy_percent % busy, $(printf %.0f "$ticks") s"
	[ "$busy_percent" -le 50 ] || shout "others use this machine too: the busy one alone makes about 30 %"
	if [ -s "$atop_file" ]; then
		atop=$(div "$(stat -c %s "$atop_file")" "$(atop -r "$atop_file" -P CPL 2>"/dev/null" | grep -c '^CPL')")
	fi
	hour=$(live_hour_bytes)
	chunk=$(div "$(cat "$store"/snapshots/*.chunk | wc -c)" "$(cut -d' ' -f1 "$work/sealed")")
	n=$(cut -d' ' -f1 "$work/sealed")
	missed=$(awk '{printf "%.0f", $4 / 1000 + 1 - $1}' "$work/sealed")
	histd_ms=$(div "${per_tick[histd]}" 1000)
	atop_ms=$(div "${per_tick[atop]}" 1000)

	row "chunk, bytes a snapshot" "$chunk" "$atop" "atop -w" "ratio <= 0.05"
	row "  that of a whole hour, by its growth" "$hour" "" "" "<= 900"
	note "(measured: a chunk of $n snapshots; an hour has 3600)"
	row "CPU ms a tick" "$histd_ms" "$atop_ms" "atop -w" "ratio <= 0.333"
	row "memory, peak, MiB" "$(div "$histd_rss_kib" 1024)" "" "" "<= 32"
	row "ticks missed" "$missed" "" "" "<= 0"
}

everything
