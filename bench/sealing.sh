# sealing.sh -- sealing an hour of 3600 snapshots, and recording meanwhile
# shellcheck shell=bash
# shellcheck disable=SC2154 # of lib.sh and record.sh: build work runs tars

# sealed_beside STORE: histd records into it at 100 ms while it seals the hour that lies there. Prints the longest distance
# of two of its snapshots in milliseconds.
sealed_beside() {
	local i
	printf '[socket]\npath = off\n[store]\npath = %s\n[record]\ninterval = 100ms\n' "$1" >"$work/sealing.conf"
	start "$build/histd" -c "$work/sealing.conf"
	for ((i = 0; i < 600; i++)); do
		[ -z "$(find "$1/snapshots" -name '*.chunk')" ] || break
		sleep 0.1
	done
	sleep 1
	finish "$pid"
	"$build/bench/replay" census "$1" 2>>"$work/output" | awk 'END {print $3}'
}

sealing() {
	local i n=-
	need_recording
	table "Sealing an hour"
	: >"$work/cpu"
	: >"$work/memory"
	for ((i = 0; i < runs; i++)); do
		rm -rf "$work/hour"
		"$build/bench/replay" record "$work/hour" "$tars" 1 3600 >"$work/replayed" 2>>"$work/output" || break
		[ $i -gt 0 ] || cp -r "$work/hour" "$work/unsealed"
		[ "$(chunk_bytes "$work/hour")" != - ] || break
		read -r n us kib _ <"$work/sealed"
		div "$us" 1000000 >>"$work/cpu"
		div "$kib" 1024 >>"$work/memory"
	done
	note "$n snapshots: the recorded samples one after the other again and again"
	row "sealing, CPU s" "$(median <"$work/cpu")" "" "" "<= 2"
	row "sealing, memory, peak, MiB" "$(median <"$work/memory")" "" "" "<= 100"
	if [ -x "$build/histd" ] && [ -d "$work/unsealed" ]; then
		row "longest gap of 100 ms ticks meanwhile, ms" "$(sealed_beside "$work/unsealed")" "" "" "<= 199"
	else
		row "longest gap of 100 ms ticks meanwhile, ms" - "" "" "<= 199"
	fi
}

sealing
