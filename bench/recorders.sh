# recorders.sh -- bytes and CPU a snapshot: histd, atop, sadc and a copy of the text side by side
# shellcheck shell=bash
# shellcheck disable=SC2154 # of lib.sh and record.sh: build work seconds and what record sets

# What the peers read of a process, without the files that only histd reads.
text_stream() {
	local f
	for f in "$tars"/*.tar; do
		tar -xOf "$f" --exclude='*/cgroup' --exclude='*/oom_score' --exclude='*/wchan'
	done
}

# Those that the peers have, too, and histd's own; bench/everything.sh has all.
first_tables="processes cpu stat load mem vmstat psi net net_snmp sockets disk files interrupts softirqs histd"

recorders() {
	local n_tars n_ten hour hour_ten missed chunk wal ten text zstd atop sadc n name

	record "$seconds" recorders "tables = $first_tables"
	table "Recorders: 1 s, $n_processes processes, CPUs $busy_percent % busy, $(printf %.0f "$ticks") s"
	[ "$busy_percent" -le 50 ] || shout "others use this machine too: the busy one alone makes about 30 %"

	n_tars=$(find "$tars" -name '*.tar' | wc -l)
	text=$(div "$(text_stream | wc -c)" "$n_tars")
	zstd=-
	if have zstd; then
		zstd=$(div "$(text_stream | zstd -19 --long=27 -q | wc -c)" "$n_tars")
	fi
	atop=-
	if [ -s "$atop_file" ]; then
		atop=$(div "$(stat -c %s "$atop_file")" "$(atop -r "$atop_file" -P CPL 2>"/dev/null" | grep -c '^CPL')")
	fi
	sadc=-
	if [ -s "$sadc_file" ]; then
		sadc=$(div "$(stat -c %s "$sadc_file")" "$(sadf -d "$sadc_file" -- -q | grep -vc '^#')")
	fi
	chunk=- wal=- ten=- missed=- n=0 n_ten=0 hour=- hour_ten=-
	if [ -d "$store/snapshots" ]; then
		chunk=$(chunk_bytes "$store")
		n=$(cut -d' ' -f1 "$work/sealed")
		missed=$(awk '{printf "%.0f", $4 / 1000 + 1 - $1}' "$work/sealed")
		wal=$(div "$wal_bytes" "$n")
		ten=$(replayed "$work/ten" 10 0)
		n_ten=$(cut -d' ' -f1 "$work/sealed")
		hour=$(hour_bytes 1 3600) hour_ten=$(hour_bytes 10 360)
	fi

	row "chunk, bytes a snapshot" "$chunk" "$zstd" "the text, zstd -19 --long, a stream" "ratio <= 1"
	row "" "$chunk" "$atop" "atop -w" "ratio <= 0.04"
	row "" "$chunk" "$sadc" "sadc -S XALL (no processes)"
	row "" "$chunk" "$text" "the text" "<= 600"
	row "  that of a whole hour, by its growth" "$hour" "" "" "<= 600"
	row "chunk at 10 s, bytes a snapshot" "$ten" "" "" "<= 1300"
	row "  that of a whole hour, by its growth" "$hour_ten" "" "" "<= 1300"
	note "(measured: chunks of $n snapshots and of $n_ten, those a second histd would have made; an hour has 3600 and 360)"
	row "log, bytes a snapshot" "$wal" "$atop" "atop -w" "<= 5120"
	for name in atop sadc capture; do
		per_tick_ms[$name]=$(div "${per_tick[$name]}" 1000)
	done
	per_tick_ms[histd]=$(div "${per_tick[histd]}" 1000)
	row "CPU ms a tick" "${per_tick_ms[histd]}" "${per_tick_ms[atop]}" "atop -w" "ratio <= 0.2"
	row "" "${per_tick_ms[histd]}" "${per_tick_ms[sadc]}" "sadc -S XALL (no processes)"
	row "" "${per_tick_ms[histd]}" "${per_tick_ms[capture]}" "copy of the text"
	row "memory, peak, MiB" "$(div "$histd_rss_kib" 1024)" "" "" "<= 32"
	row "ticks missed" "$missed" "" "" "<= 0"
}

declare -A per_tick_ms
recorders
