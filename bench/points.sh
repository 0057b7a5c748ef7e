# points.sh -- custom time series: bytes a point, speed and memory, beside Prometheus, InfluxDB and VictoriaMetrics
# shellcheck shell=bash
# shellcheck disable=SC2154 # of lib.sh and points_peers.sh: build work ram cpu runs seconds peer_…
#
# The sets are of this machine, made busy, second by second and of every fifteenth second (BENCH_POINTS_INTERVAL=15: only
# each fifteenth, for as long as BENCH_SECONDS says):
#   all      every numeric column of every row of every table that histd recorded
#   active   those of them whose value changes
#   node     what Debian's prometheus-node-exporter said

. bench/points_peers.sh

# make_sets SUFFIX EVERY: of what was recorded, seconds that EVERY divides.
make_sets() {
	"$build/bench/pointset" store "$folder/store" "$sets/all-$1" "$2"
	"$build/bench/pointset" store "$folder/store" "$sets/active-$1" "$2" active
	[ ! -d "$folder/scrapes" ] || "$build/bench/pointset" scrapes "$folder/scrapes" "$sets/node-$1" "$2"
}

# Sets $sets, a folder with the sets, and makes them if they are not given.
points_record() {
	local folder=$work/points interval=${BENCH_POINTS_INTERVAL:-1} histd exporter port
	sets=${BENCH_POINTSETS:-$folder/sets}
	[ -z "${BENCH_POINTSETS-}" ] || return 0
	mkdir -p "$sets"
	note "recording: the busy machine for $seconds s"
	bench/busy start "$work/busy"
	printf '[socket]\npath = off\n[store]\npath = %s\n[record]\ninterval = %ss\n' "$folder/store" "$interval" >"$folder/histd.conf"
	start "$build/histd" -c "$folder/histd.conf"
	histd=$pid port=$(free_port)
	if have prometheus-node-exporter; then
		start prometheus-node-exporter --web.listen-address="127.0.0.1:$port"
		exporter=$pid
		sleep 1
		bench/scrape.py "$port" "$folder/scrapes" "$interval" "$seconds" 2>>"$work/output"
		finish "$exporter"
	else
		shout "prometheus-node-exporter is not installed: no node sets"
		sleep "$seconds"
	fi
	finish "$histd"
	bench/busy stop "$work/busy"
	make_sets "${interval}s" 1 >>"$work/output"
	[ "$interval" != 1 ] || make_sets 15s 15 >>"$work/output"
	rm -rf "$folder/store" "$folder/scrapes"
}

# on_cpu PROGRAM ARGUMENTS…: what a program of the bench prints.
on_cpu() {
	timeout 600 taskset -c "$cpu" "$build/bench/$1" "${@:2}" 2>>"$work/output" || echo -
}

# The same as often as all is run, a line each time.
on_cpus() {
	local i
	for ((i = 0; i < runs; i++)); do
		on_cpu "$@"
	done
}

# field N: of each line of standard input.
field() {
	cut -d' ' -f"$1"
}

# --- bytes ---

# Makes $work/pointstore of the set and sets $ours, bytes a point of its files.
points_stored() {
	rm -rf "$work/pointstore"
	ours=-
	[ "$(on_cpu points store "$1" "$work/pointstore")" = - ] ||
		ours=$(div "$(bytes_of "$work/pointstore/series" -name '*.points')" "$2")
}

# The bytes a point of each peer, in a note; sets $best and $best_name, and the scan of the fastest, $best_scan and $best_scan_name.
points_of_peers() {
	local peer name bytes said=''
	best=- best_name='no peer is installed' best_scan=- best_scan_name=''
	for peer in prometheus influxdb victoriametrics; do
		case $peer in
		prometheus) name="Prometheus" ;;
		influxdb) name="InfluxDB" ;;
		victoriametrics) name="VictoriaMetrics" ;;
		esac
		"of_$peer" "$1" "$2" "$3" "$4"
		[ "$peer_data" != - ] || continue
		bytes=$(div $((peer_data + peer_index)) "$3")
		said="$said; $name $(printf '%.3f + %.3f' "$(div "$peer_data" "$3")" "$(div "$peer_index" "$3")"), $(printf %.0f "$(div "$peer_rss" 1024)") MiB"
		[ "$best" != - ] && awk -v a="$best" -v b="$bytes" 'BEGIN {exit !(a <= b)}' || best=$bytes best_name=$name
		[ "$peer_scan" = - ] ||
			{ [ "$best_scan" != - ] && awk -v a="$best_scan" -v b="$peer_scan" 'BEGIN {exit !(a >= b)}'; } ||
			best_scan=$peer_scan best_scan_name=$name
	done
	note "data + index, peak memory: ${said#; }"
}

points_bytes() {
	local set file n_series n end fast scan
	for file in "$sets"/*; do
		set=${file##*/}
		read -r n_series n end < <("$build/bench/pointset" show "$file")
		table "Points: $set, $n_series series, $n points"
		points_of_peers "$file" "$n_series" "$n" "$end"
		points_stored "$file" "$n"
		row "bytes a point, index included" "$ours" "$best" "$best_name" "ratio <= 0.6"
		row "16 bytes, by that" "$(div 16 "$ours")" "$(div 16 "$best")" "$best_name" ">= 15"
		fast=$(on_cpu points file "$file" "$work/pointfile" fast)
		row "bytes a point while the hour runs" "$(div "${fast%% *}" "$n")" "" ""
		rm -rf "$work/pointfile"
		on_cpus points read "$file" "$work/pointstore" >"$work/read"
		scan=$(field 1 <"$work/read" | median)
		row "read through the reader, a second" "$scan" "$best_scan" "$best_scan_name, a count" ">= 100000000"
		row "" "$scan" "$(median_of on_cpu points copy "$file")" "memcpy of 16 bytes each" ""
		row "  once, opening included" "$(field 2 <"$work/read" | median)" "" ""
	done
	rm -rf "$work/pointstore"
}

# --- speed ---

points_codec() {
	local set shape
	table "Runs of integers, packed and read again, points a second of one CPU"
	for set in node-1s active-1s; do
		[ -s "$sets/$set" ] || continue
		for shape in packed plain; do
			on_cpus pointcodec "$sets/$set" $shape >"$work/codec"
			row "$set, $shape: written" "$(field 1 <"$work/codec" | median)" "" "" ">= 100000000"
			row "$set, $shape: read" "$(field 2 <"$work/codec" | median)" "" "" ">= 300000000"
			row "  with the times of each run: written" "$(field 3 <"$work/codec" | median)" "" ""
			row "  with the times of each run: read" "$(field 4 <"$work/codec" | median)" "" ""
		done
	done
}

# start_histd: into $work/ingest, with its socket there.
start_histd() {
	local i
	rm -rf "$work/ingest"
	mkdir "$work/ingest"
	printf '[store]\npath = %s/store\n[record]\ninterval = 10s\n[socket]\npath = %s/socket\n' "$work/ingest" "$work/ingest" \
		>"$work/ingest/histd.conf"
	start "$build/histd" -c "$work/ingest/histd.conf"
	for ((i = 0; i < 100; i++)); do
		[ ! -S "$work/ingest/socket" ] || return 0
		sleep 0.1
	done
	return 1
}

# load SET CLIENTS written|synced: points a second into a new histd; 4 million, 5000 in a request.
load() {
	local r=-
	start_histd && r=$(timeout 120 "$build/bench/pointload" socket "$work/ingest/socket" "$sets/$1" "$2" 4000000 5000 "$3" 2>>"$work/output")
	finish "$pid"
	rm -rf "$work/ingest"
	echo "${r:--}"
}

bare_load() {
	timeout 120 "$build/bench/pointload" file "$work/bare" "$sets/$1" 1 4000000 5000 "$2" 2>>"$work/output" || echo -
	rm -f "$work/bare"
}

points_ingest() {
	local set file clients bare i
	table "Points through the socket, line protocol, 5000 in a request, points/s"
	for set in node-1s active-1s all-1s; do
		[ -s "$sets/$set" ] || continue
		bare=$(median_of bare_load $set written)
		for clients in 1 4; do
			row "$set, $clients clients, acknowledged" "$(median_of load $set $clients written)" "$bare" "the text into a file" ""
		done
		bare=$(median_of bare_load $set synced)
		for clients in 1 4; do
			row "$set, $clients clients, each request synced" "$(median_of load $set $clients synced)" "$bare" \
				"the same, fdatasync each" ">= 1000000"
		done
	done
	file=$(find -L "$sets" -type f -name 'node-*' -o -name 'active-*' | sort | sed q)
	for ((i = 0; i < runs; i++)); do
		on_cpu points synced "$file" "$work/synced" 1000
		rm -rf "$work/synced"
	done >"$work/synced_us"
	row "100 points, synced, us" "$(field 1 <"$work/synced_us" | median)" "$(field 2 <"$work/synced_us" | median)" \
		"append + fdatasync of as much" "ratio <= 1.2"
}

# rss_kib WHAT: of histd's status.
rss_kib() {
	awk -v what="$1:" '$1 == what {print $2}' "/proc/$pid/status"
}

points_memory() {
	local before grown=- peak=-
	table "A million live series"
	if start_histd; then
		before=$(rss_kib VmRSS)
		if timeout 300 "$build/bench/pointload" live "$work/ingest/socket" 1000000 3 2>>"$work/output"; then
			grown=$(div $(($(rss_kib VmRSS) - before)) 1024)
			peak=$(div $(($(rss_kib VmHWM) - before)) 1024)
		fi
		finish "$pid"
	fi
	rm -rf "$work/ingest"
	row "memory of histd, three points each, MiB more" "$grown" "" "" "<= 1024"
	row "  at its peak" "$peak" "" "" "<= 1024"
}

points() {
	local sets
	points_record
	points_codec
	points_bytes
	points_ingest
	points_memory
}

points
