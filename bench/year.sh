# year.sh -- does a long history cost anything? A store of a year beside one of an hour
# shellcheck shell=bash
# shellcheck disable=SC2154 # of lib.sh and record.sh: build work runs tars

# mount_ms STORE: milliseconds until histfs has mounted it, the store's pages dropped before; those of the first ls of its
# hours go to $work/listing.
mount_ms() {
	local m=$work/mnt.year out=$work/mounting
	mkdir -p "$m"
	rm -f "$out"
	meter drop "$1"
	if meter run "$out" "$build/histfs" "$1" "$m" </dev/null >>"$work/output" 2>&1; then # returns when it is mounted
		meter run "$out" ls "$m/hour" >"/dev/null"
		awk 'NR == 1 {print $1 / 1000} NR == 2 {print $1 / 1000 >listing}' listing="$work/listing" "$out"
	fi
	dismount "$m"
}

# days_ms STORE: milliseconds of a list of all its days with sizes, in a mount that has read nothing yet.
days_ms() {
	local m=$work/mnt.days out=$work/days
	rm -f "$out"
	meter drop "$1"
	mount_with "$m" "$build/histfs" "$1" "$m" -f || return
	meter run "$out" ls -l "$m/heatmap" >"/dev/null" && div "$(cut -d' ' -f1 "$out")" 1000
	dismount "$m" "$pid"
}

# moment_ms STORE TIME: milliseconds of one table of one moment in a process of its own, the store's pages dropped before.
moment_ms() {
	local out=$work/moment
	rm -f "$out"
	meter drop "$1"
	meter run "$out" "$build/histctl" cat "$1" "$2" processes >"/dev/null" 2>>"$work/output" &&
		div "$(cut -d' ' -f1 "$out")" 1000
}

# start_ms: milliseconds of a histctl that does nothing.
start_ms() {
	local out=$work/moment
	rm -f "$out"
	meter run "$out" "$build/histctl" -V >"/dev/null" 2>>"$work/output" && div "$(cut -d' ' -f1 "$out")" 1000
}

# Memory of histfs in MiB after find over the last week of STORE.
week_mib() {
	local m=$work/mnt.week
	mount_with "$m" "$build/histfs" "$1" "$m" -f || return
	find "$m"/hour -mindepth 1 -maxdepth 1 | sort | tail -n 169 | xargs -I{} find {} -type f -size +0 | wc -l >"$work/week"
	div "$(awk '/^VmRSS/ {print $2}' "/proc/$pid/status")" 1024
	dismount "$m" "$pid"
}

year() {
	local hours=${BENCH_HOURS:-8760} middle year=$work/year hour=$work/anhour first name when one
	local -A at

	middle=$((hours / 2))
	need_recording
	table "A history of $hours hours"
	if ! "$build/bench/replay" year "$year" "$tars" "$hours" >"$work/years" 2>>"$work/output"; then
		shout "no store of $hours hours could be made"
		return
	fi
	"$build/bench/replay" year "$hour" "$tars" 1 >"$work/hours" 2>>"$work/output"
	read -r first _ <"$work/years"
	at[first]=$((first + 30)) at[middle]=$((first + middle * 3600 + 30)) at[last]=$((first + (hours - 1) * 3600 + 30))
	note "$(du -sm "$year" | cut -f1) MB; the first, the middle and the last hour are those recorded, the others small"

	row "mount, ms" "$(median_of mount_ms "$year")" "$(median_of mount_ms "$hour")" "the same, one hour" "<= 100"
	mount_ms "$year" >"/dev/null"
	row "first ls of the hours, ms" "$(median <"$work/listing")" "" ""
	row "list of the days with sizes, ms" "$(median_of days_ms "$year")" "$(median_of days_ms "$hour")" "the same, one hour"
	read -r when _ <"$work/hours"
	one=$(runs=15 median_of moment_ms "$hour" $((when + 30)))
	for name in first middle last; do
		row "one table of the $name hour, cold, ms" "$(runs=15 median_of moment_ms "$year" "${at[$name]}")" "$one" "the same, one hour" "<= 2"
	done
	note "(with the start of a process, which alone takes $(runs=15 median_of start_ms) ms)"
	row "memory after find over a week, MiB" "$(week_mib "$year" | median)" "" "" "<= 128"
	note "($(cat "$work/week") files; of the 128 MiB, 64 are the cache)"
}

year
