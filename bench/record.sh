# record.sh -- records the busy machine with histd and its peers at the same time
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # set here for the parts; of lib.sh: build work ram

# cpu_us PID: CPU microseconds so far; - if it is gone.
cpu_us() {
	local ns
	ns=$(meter clock "$1" 2>"/dev/null") && echo $((ns / 1000)) || echo -
}

# now_cpu: jiffies of all CPUs, busy and all.
now_cpu() {
	awk '/^cpu / {print $2 + $3 + $4 + $7 + $8 + $9, $2 + $3 + $4 + $5 + $6 + $7 + $8 + $9; exit}' /proc/stat
}

# record SECONDS NAME [LINE]…: makes the busy machine, lets all recorders run on it, ends it; the lines are added to [record]
# of histd's configuration. Sets
#   store            histd's store, not sealed         half_store       the same as it was after half of the time
#   tars             folder of bench/capture's samples
#   atop_file        atop's raw file                   sadc_file        sadc's
#   ticks            seconds it took                   n_processes      processes at the end
#   busy_percent     of all CPUs                       per_tick[NAME]   CPU microseconds a tick: histd atop sadc capture
#   wal_bytes        histd's log                       histd_rss_kib    peak
record() {
	local before after name t0 t1
	local -A pid_of c0
	local -r folder=$work/$2
	store=$folder/store half_store=$folder/half tars=$folder/tars atop_file=$folder/atop.raw sadc_file=$folder/sadc.raw
	mkdir -p "$tars"
	note "recording: the busy machine for $1 s"
	bench/busy start "$work/busy"
	sleep 5

	start "$build/bench/capture" "$tars" 1000000 1000
	pid_of[capture]=$pid
	if have atop; then
		start atop -w "$atop_file" 1
		pid_of[atop]=$pid
	fi
	if [ -x /usr/lib/sysstat/sadc ]; then
		start /usr/lib/sysstat/sadc -S XALL 1 1000000 "$sadc_file"
		pid_of[sadc]=$pid
	fi
	if [ -x "$build/histd" ]; then
		printf '[socket]\npath = off\n[store]\npath = %s\n[record]\ninterval = 1s\n' "$store" >"$folder/histd.conf"
		[ $# -le 2 ] || printf '%s\n' "${@:3}" >>"$folder/histd.conf"
		start "$build/histd" -c "$folder/histd.conf"
		pid_of[histd]=$pid
	fi

	sleep 5 # each has begun and has its buffers
	before=$(now_cpu) t0=$(date +%s%3N)
	for name in "${!pid_of[@]}"; do
		c0[$name]=$(cpu_us "${pid_of[$name]}")
	done
	sleep $(($1 / 2))
	[ ! -d "$store" ] || cp -r "$store" "$half_store"
	sleep $(($1 - $1 / 2))
	after=$(now_cpu) t1=$(date +%s%3N)
	ticks=$(div $((t1 - t0)) 1000)
	for name in histd atop sadc capture; do
		per_tick[$name]=-
		[ -z "${pid_of[$name]-}" ] || per_tick[$name]=$(sub_div "$(cpu_us "${pid_of[$name]}")" "${c0[$name]}" "$ticks")
	done
	n_processes=$(find /proc -maxdepth 1 -name '[0-9]*' | wc -l)
	busy_percent=$(echo "$before $after" | awk '{printf "%.0f", ($3 - $1) / ($4 - $2) * 100}')
	histd_rss_kib=-
	[ -z "${pid_of[histd]-}" ] || histd_rss_kib=$(awk '/^VmHWM/ {print $2}' "/proc/${pid_of[histd]}/status" 2>"/dev/null" || echo -)
	for name in "${!pid_of[@]}"; do
		finish "${pid_of[$name]}"
	done
	bench/busy stop "$work/busy"
	wal_bytes=$(cat "$store"/snapshots/*.wal 2>"/dev/null" | wc -c)
}

# sub_div A B C: (A - B) / C; - if one of them is -.
sub_div() {
	if [ "$1" = - ] || [ "$2" = - ]; then
		echo -
	else
		div $(($1 - $2)) "$3"
	fi
}

# replayed STORE EVERY N: the samples through histd's sources into STORE, sealed. Prints bytes of its chunks a snapshot.
replayed() {
	"$build/bench/replay" record "$1" "$tars" "$2" "$3" >"$work/replayed" 2>>"$work/output" && chunk_bytes "$1"
}

# chunk_bytes STORE: seals it; bytes of its chunks a snapshot; - if that fails. Leaves replay's line in $work/sealed.
chunk_bytes() {
	"$build/bench/replay" seal "$1" >"$work/sealed" 2>>"$work/output" || {
		echo -
		return
	}
	div "$(cat "$1"/snapshots/*.chunk | wc -c)" "$(cut -d' ' -f1 "$work/sealed")"
}

# hour_bytes EVERY N: what a snapshot in a chunk of N snapshots would cost, by how the chunk of the samples grows from half of
# them to all; a chunk's fixed part, its dictionary, weighs more in a short recording.
hour_bytes() {
	local half=$work/half.$1 all=$work/all.$1 n
	n=$(($(find "$tars" -name '*.tar' | wc -l) / $1))
	if [ "$(replayed "$half" "$1" $((n / 2)))" = - ] || [ "$(replayed "$all" "$1" "$n")" = - ]; then
		echo -
		return
	fi
	awk -v a="$(cat "$half"/snapshots/*.chunk | wc -c)" -v b="$(cat "$all"/snapshots/*.chunk | wc -c)" -v n="$n" -v hour="$2" \
		'BEGIN {print (b + (b - a) / (n - int(n / 2)) * (hour - n)) / hour}'
	rm -rf "$half" "$all"
}

# live_hour_bytes: what a snapshot in a chunk of 3600 would cost, by how the recorded store's chunk grows over the second half
# of the recording. Both stores are sealed afterwards.
live_hour_bytes() {
	local n_half n
	[ "$(chunk_bytes "$half_store")" != - ] || {
		echo -
		return
	}
	n_half=$(cut -d' ' -f1 "$work/sealed")
	[ "$(chunk_bytes "$store")" != - ] || {
		echo -
		return
	}
	n=$(cut -d' ' -f1 "$work/sealed")
	awk -v a="$(cat "$half_store"/snapshots/*.chunk | wc -c)" -v b="$(cat "$store"/snapshots/*.chunk | wc -c)" -v m="$n_half" -v n="$n" \
		'BEGIN {print (b + (b - a) / (n - m) * (3600 - n)) / 3600}'
}

# A recording for the parts that need one and were called without recorders: the samples of BENCH_CAPTURE, or a short recording.
need_recording() {
	[ -z "${tars-}" ] || return 0
	if [ -n "${BENCH_CAPTURE-}" ]; then
		tars=$BENCH_CAPTURE
	else
		record "$((seconds < 60 ? seconds : 60))" short
	fi
}

declare -A per_tick
