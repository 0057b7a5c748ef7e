# moment.sh -- what was the machine doing then? One moment out of a recording
# shellcheck shell=bash
# shellcheck disable=SC2154 # of lib.sh and record.sh: build work runs tars atop_file

# wall_ms COMMAND…: milliseconds of a process.
wall_ms() {
	local out=$work/wall
	rm -f "$out"
	meter run "$out" "$@" >"/dev/null" 2>>"$work/output" && div "$(cut -d' ' -f1 "$out")" 1000
}

# step_ms STORE STEP: the longest of many steps of that kind through history, with the summary drawn after each.
step_ms() {
	div "$("$build/bench/step" "$1" "$2" 2>>"$work/output" | cut -d' ' -f3)" 1000
}

# atop_moment_ms TIME: until atop has printed the first sample of that minute; it cannot be asked for a second. (grep -m would
# read on to the end before it exits.)
atop_moment_ms() {
	wall_ms bash -c "atop -r '$atop_file' -b '$1' | awk '/^ATOP/ && n++ {exit} {print}'"
}

moment() {
	local samples_store=$work/momentstore ours=- atop=- first middle when step=- leap=-
	need_recording
	table "One moment of the recording, all processes as text"
	first=$(find "$tars" -name '*.tar' -printf '%f\n' | sort | sed q)
	middle=$(($(find "$tars" -name '*.tar' | wc -l) / 2))
	if [ -s "${atop_file-}" ]; then
		when=$(date -d "@$((${first%???.tar} + middle))" +%Y%m%d%H%M)
		atop=$(median_of atop_moment_ms "$when")
	fi
	if [ -x "$build/histctl" ] && [ "$(replayed "$samples_store" 1 0)" != - ]; then
		when=$(($(find "$samples_store/snapshots" -name '*.chunk' -printf '%f\n' | sed 's/T\(..\)\.chunk/ \1:00 UTC/' | date -f - +%s) + middle))
		ours=$(runs=15 median_of wall_ms "$build/histctl" cat "$samples_store" "$when" processes)
		step=$(median_of step_ms "$samples_store" 0)
		leap=$(median_of step_ms "$samples_store" 60)
	fi
	row "a process that prints it, ms" "$ours" "$atop" "atop -r FILE -b MINUTE" "ratio <= 1"
	row "histctl top: longest step to the next snapshot, ms" "$step" "" "" "<= 50"
	row "histctl top: longest step of a minute, ms" "$leap" "" "" "<= 50"
}

moment
