# series.sh -- one column of one row over an hour, and ls -l of rows
# shellcheck shell=bash
# shellcheck disable=SC2154 # of lib.sh and record.sh: build work tars cpu

# ls_us FOLDER: CPU microseconds of ls -l and the daemon an entry, of all rows' columns.
ls_us() {
	local before after out=$work/ls
	rm -f "$out"
	before=$(meter clock "$pid")
	taskset -c "$cpu" "$build/bench/meter" run "$out" find "$1" -type f -printf '%s\n' >"$work/sizes"
	after=$(meter clock "$pid")
	awk -v daemon=$(((after - before) / 1000)) -v n="$(wc -l <"$work/sizes")" '{print ($2 + daemon) / n}' "$out"
}

# awk_us: CPU microseconds in which awk takes the same column of the same row out of the text of the table.
awk_us() {
	local out=$work/awk
	rm -f "$out"
	"$build/bench/meter" run "$out" awk -F '\t' '$2 == "1" {print $1 "\t" $8}' "$work/processes" >"/dev/null"
	cut -d' ' -f2 "$out"
}

series() {
	local store=$work/seriesstore n rows first next size bytes hour m=$work/mnt.series pid=''
	need_recording
	table "One column of one row over an hour"
	if [ ! -x "$build/histfs" ] || [ "$(replayed "$store" 1 3599)" = - ]; then
		shout "nothing was recorded"
		return
	fi
	hour=$(basename "$(find "$store/snapshots" -name '*.chunk')" .chunk)
	read -r n rows first next size bytes < <("$build/bench/rows" "$store" processes rss_bytes)
	"$build/histctl" cat "$store" "/table/$hour/processes" >"$work/processes"
	note "an hour of $n snapshots, the samples over and over, with $rows processes"
	row "the first in a store just opened, CPU ms" "$(div "$first" 1000)" "$(div "$(awk_us)" 1000)" "awk over the table's text" "<= 60"
	row "the same of each further row, CPU ms" "$(div "$next" 1000)" "" ""
	row "a size of it, CPU us" "$size" "" ""
	mount_with "$m" "$build/histfs" "$store" "$m" -f
	row "find -printf %s, CPU us a file, cold" "$(ls_us "$m/series/$hour/processes")" "" ""
	dismount "$m" "$pid"
	row "what lists the rows, bytes a snapshot" "$(div "$bytes" "$n")" "" "" "<= 10"
	rm -rf "$store" "$work/processes"
}

series
