# lib.sh -- what the parts of the bench share: places, what to clean up, medians, lines of the table
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # set here for the parts; build is set by bench/run

seconds=${BENCH_SECONDS:-600}
runs=${BENCH_RUNS:-3}
cpu=$(($(nproc) - 1)) # where single-CPU measurements run

# --- places and cleaning up ---

# Makes $work (on disk) and $ram (in memory) and removes them, and all that was registered, when the bench ends in any way.
begin() {
	work=$(mktemp -d "${BENCH_DIR:-/tmp}/histfs-bench.XXXXXX") || exit 1
	ram=$(mktemp -d /dev/shm/histfs-bench.XXXXXX) || ram=$work
	chmod 755 "$work" "$ram"
	mkdir "$work/pids"
	trap end EXIT
	trap 'exit 130' INT TERM HUP
	export LC_ALL=C
	echo "$(nproc) CPUs, $(sed -n 's/^model name[^:]*: //p;T;q' /proc/cpuinfo), Linux $(uname -r), $(date -u +%FT%TZ)"
	[ "$(id -u)" = 0 ] || shout "not root: no kernel squashfs, and other users' processes are recorded in part"
}

end() {
	trap '' INT TERM HUP
	local i
	while read -r i; do
		dismount "$i"
	done < <(awk -v below="$work/" 'index($2, below) == 1 {print $2}' /proc/self/mounts)
	for i in "$work"/pids/*; do
		[ ! -e "$i" ] || finish "${i##*/}"
	done
	[ ! -d "$work/busy" ] || bench/busy stop "$work/busy"
	rm -rf "$work" "$ram"
}

# start COMMAND…: in the background; sets $pid. Its output goes to $work/output.
start() {
	"$@" </dev/null >>"$work/output" 2>&1 &
	pid=$!
	: >"$work/pids/$pid"
}

# finish PID: ends what start started and waits for it, also from another subshell.
finish() {
	local i
	kill -TERM "$1" 2>"/dev/null"
	for ((i = 0; i < 100; i++)); do
		kill -0 "$1" 2>"/dev/null" || break
		sleep 0.1
	done
	kill -KILL "$1" 2>"/dev/null"
	wait "$1" 2>"/dev/null"
	rm -f "$work/pids/$1"
}

# mount_with FOLDER COMMAND…: starts a file system's daemon in the foreground on $cpu and waits until it is mounted; sets $pid.
mount_with() {
	local where=$1 i
	shift
	mkdir -p "$where"
	start taskset -c "$cpu" "$@"
	for ((i = 0; i < 500; i++)); do
		! mountpoint -q "$where" || return 0
		kill -0 "$pid" 2>"/dev/null" || break
		sleep 0.02
	done
	finish "$pid"
	return 1
}

# dismount FOLDER [PID]: and waits for its daemon.
dismount() {
	local i
	for ((i = 0; i < 50; i++)); do
		mountpoint -q "$1" || break
		umount "$1" 2>"/dev/null" || fusermount3 -u "$1" 2>"/dev/null" || sleep 0.1
	done
	! mountpoint -q "$1" || umount -l "$1"
	[ -z "${2-}" ] || finish_alone "$2"
}

# finish_alone PID: waits for what ends by itself.
finish_alone() {
	wait "$1" 2>"/dev/null"
	rm -f "$work/pids/$1"
}

# --- measuring ---

meter() {
	"$build/bench/meter" "$@"
}

# Median of the numbers on standard input; - if there is none.
median() {
	grep -v '^-*$' | sort -g | awk '{v[NR] = $1} END {print NR ? (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 : "-"}'
}

# median_of COMMAND…: of the numbers that runs of it print.
median_of() {
	local i
	for ((i = 0; i < runs; i++)); do
		"$@"
	done | median
}

# div A B: A / B; - if one of them is - or B is 0.
div() {
	awk -v a="$1" -v b="$2" 'BEGIN {print a == "-" || b == "-" || b + 0 == 0 ? "-" : sprintf("%.6g", a / b)}'
}

# free_port: a port of the loopback that nobody listens on.
free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

have() {
	command -v "$1" >"/dev/null"
}

# --- the table ---

shout() {
	echo "  ************ $* ************"
}

table() {
	printf '\n%s\n' "$*"
	printf '  %-44s %10s  %10s %-34s %7s   %s\n' figure histfs peer '' ratio target
}

note() {
	echo "  $*"
}

# row FIGURE OURS PEER PEERS_NAME [TARGET]
# TARGET: "<= N" or ">= N" of our figure, "ratio <= N" of ours : the peer's. - is a figure that could not be measured.
row() {
	awk -v figure="$1" -v ours="$2" -v peer="$3" -v name="$4" -v target="${5-}" '
		function show(x) {
			if (x == "-" || x == "")
				return x == "" ? "" : "MISSING"
			return sprintf(x >= 1000 ? "%.0f" : x >= 10 ? "%.1f" : "%.3g", x)
		}
		BEGIN {
			ratio = ours != "-" && peer != "-" && peer + 0 > 0 ? ours / peer : "-"
			n = split(target, word, " ")
			value = word[1] == "ratio" ? ratio : ours
			if (n == 0)
				verdict = ""
			else if (value == "-")
				verdict = "NOT MEASURED"
			else if (word[n - 1] == "<=" ? value <= word[n] : value >= word[n])
				verdict = "met"
			else
				verdict = "NOT MET"
			printf "  %-44s %10s  %10s %-34s %7s   %s%s\n", figure, show(ours), show(peer), name,
				ratio == "-" ? "" : sprintf("%.3g", ratio), target, verdict == "" ? "" : ": " verdict
		}'
}
