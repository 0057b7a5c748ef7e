# files.sh -- find, tar and grep over the recorded hour as files: histfs beside other file systems with the same text
# shellcheck shell=bash
# shellcheck disable=SC2154 # of lib.sh: build work ram runs cpu seconds

# contender_mount NAME FOLDER: mounts $tree's text; sets $root (where it is) and $pid (daemon, if any).
contender_mount() {
	pid='' root=$2
	case $1 in
	tmpfs) root=$tree ;;
	squashfs)
		mkdir -p "$2"
		mount -o loop,ro "$image" "$2"
		;;
	squashfuse_ll | squashfuse) have "$1" && mount_with "$2" "$1" -f "$image" "$2" ;;
	floor) mount_with "$2" "$build/bench/floor" "$tree" "$2" ;;
	histfs)
		mount_with "$2" "$build/histfs" "$store" "$2" -f
		root=$2/hour/$hour
		;;
	esac
}

contender_unmount() {
	[ "$1" = tmpfs ] || dismount "$2" "$pid"
}

# cost OPERATION: CPU microseconds of client and daemon.
cost() {
	local before=0 after=0 out=$work/cost
	rm -f "$out"
	[ -z "$pid" ] || before=$(meter clock "$pid")
	case $1 in
	find) taskset -c "$cpu" "$build/bench/meter" run "$out" find "$root" -type f -size +0 >"/dev/null" ;;
	summaries) taskset -c "$cpu" "$build/bench/meter" run "$out" find "$root" -name summary -exec cat {} + >"/dev/null" ;;
	tar) taskset -c "$cpu" "$build/bench/meter" run "$out" tar -C "$root" -cf /dev/zero . ;; # to /dev/null it reads nothing
	grep) taskset -c "$cpu" "$build/bench/meter" run "$out" grep -rF 'no such text' "$root" ;;
	esac
	[ -z "$pid" ] || after=$(meter clock "$pid")
	awk -v daemon=$(((after - before) / 1000)) '{print $2 + daemon}' "$out"
}

# measure NAME: medians into us[NAME.OPERATION.cold] and .warm, microseconds a file.
measure() {
	local op i m=$work/mnt.$1
	for op in find tar grep; do
		: >"$work/cold"
		: >"$work/warm"
		for ((i = 0; i < runs; i++)); do
			if ! contender_mount "$1" "$m" 2>>"$work/output"; then
				us[$1.$op.cold]=- us[$1.$op.warm]=-
				continue 2
			fi
			cost $op >>"$work/cold"
			cost $op >>"$work/warm"
			contender_unmount "$1" "$m"
		done
		us[$1.$op.cold]=$(median <"$work/cold" | awk -v n="$n_files" '{print $1 == "-" ? "-" : $1 / n}')
		us[$1.$op.warm]=$(median <"$work/warm" | awk -v n="$n_files" '{print $1 == "-" ? "-" : $1 / n}')
	done
	[ "$1" != tmpfs ] || us[tmpfs.find.cold]=- us[tmpfs.tar.cold]=- us[tmpfs.grep.cold]=-
}

# matrix NAME…: the measured figures, a line each.
matrix() {
	local name op
	printf '  %-16s %s\n' '' '       find            tar          grep -r      CPU us a file, client and daemon, cold / warm'
	for name; do
		printf '  %-16s' "$name"
		for op in find tar grep; do
			awk -v a="${us[$name.$op.cold]:--}" -v b="${us[$name.$op.warm]:--}" '
				function show(x) { return x == "-" ? "-" : sprintf(x < 10 ? "%.1f" : "%.0f", x) }
				BEGIN { printf "%7s / %-6s", show(a), show(b) }'
		done
		[ "${us[$name.find.warm]:--}" != - ] && echo || echo '   MISSING'
	done
}

# The text of the hour as a folder in memory ($tree) and as a squashfs image ($image).
make_tree() {
	tree=$ram/tree image=$ram/image
	rm -rf "$tree" "$image"
	cp -r "$1" "$tree"
	if have mksquashfs; then
		mksquashfs "$tree" "$image" -comp zstd -quiet -no-progress >>"$work/output" 2>&1
	fi
	n_files=$(find "$tree" -type f | wc -l)
}

# 10 000 files of 4 KiB, for the floor alone.
make_plain_tree() {
	local i
	mkdir -p "$ram/plain"
	for ((i = 0; i < 100; i++)); do
		mkdir "$ram/plain/$i"
		head -c 409600 /dev/urandom | split -b 4096 -a 2 -d - "$ram/plain/$i/"
	done
}



# verdicts: the figures that have a target.
verdicts() {
	local op heat floor extra
	for op in find tar grep; do
		for heat in cold warm; do
			row "$op, $heat, CPU us a file" "${us[histfs.$op.$heat]}" "${us[squashfuse_ll.$op.$heat]:--}" squashfuse_ll "ratio <= 1"
			# What a file's text costs to decode is paid once, before its pages are there; find needs no text.
			extra=0
			[ "$op.$heat" = find.cold ] || [ $heat = warm ] || extra=$decode_us
			floor=$(awk -v f="${us[floor.$op.$heat]:--}" -v d="$extra" \
				'BEGIN {print f == "-" || d == "-" ? "-" : 1.3 * f + d}')
			row "" "${us[histfs.$op.$heat]}" "$floor" "1.3 x FUSE floor + decoding" "ratio <= 1"
		done
	done
}

# cached FILE: microseconds of open + read + close.
cached() {
	div "$(median_of taskset -c "$cpu" "$build/bench/meter" read "$1" 20000)" 1000
}

# throughput FILE…: MB a second of one reading of a file with cat, after which it is cached.
throughput() {
	local out=$work/throughput
	rm -f "$out"
	meter run "$out" cat "$1" >"/dev/null"
	div "$(stat -c %s "$1")" "$(cut -d' ' -f1 "$out")"
}

# The hour's whole table as one file.
whole_table() {
	local i ours=$work/ours peers=$work/peers m=$work/mnt.table
	mkdir "$ram/table"
	tree=$ram/table image=$ram/table.image
	contender_mount histfs "$m"
	cp "$m/table/$hour/processes" "$tree/processes"
	contender_unmount histfs "$m"
	mksquashfs "$tree" "$image" -comp zstd -quiet -no-progress >>"$work/output" 2>&1
	: >"$ours"
	: >"$peers"
	for ((i = 0; i < runs; i++)); do
		contender_mount histfs "$m"
		throughput "$m/table/$hour/processes" >>"$ours"
		contender_unmount histfs "$m"
		if contender_mount squashfuse_ll "$m" 2>"/dev/null"; then
			throughput "$m/processes" >>"$peers"
			contender_unmount squashfuse_ll "$m"
		fi
	done
	row "/table, MB of text a second, cold" "$(median <"$ours")" "$(median <"$peers")" squashfuse_ll ">= 300"
}

# What making the summaries, which are read as well but are no decoding of a table, takes of that.
summaries() {
	local m=$work/mnt.summaries
	contender_mount histfs "$m" || return
	note "(of the files of histfs, each summary takes $(div "$(cost summaries)" "$(find "$tree" -name summary | wc -l)") us, cold)"
	contender_unmount histfs "$m"
}

files() {
	local m=$work/mnt.histfs names=(tmpfs squashfs squashfuse_ll squashfuse floor) name f ours

	table "Files: open, read, find, tar, grep -r, on one CPU"
	make_plain_tree
	tree=$ram/plain n_files=10000
	measure floor
	for f in find.cold find.warm tar.cold tar.warm grep.cold grep.warm; do
		us[plain.$f]=${us[floor.$f]}
	done
	note "the FUSE floor: bench/floor, 10000 files of 4 KiB"
	matrix plain
	rm -rf "$ram/plain"

	need_recording
	store=$work/filestore decode_us=-
	if [ -x "$build/histfs" ] && [ "$(replayed "$store" 1 0)" != - ]; then
		hour=$(basename "$(find "$store/snapshots" -name '*.chunk')" .chunk)
		decode_us=$("$build/bench/scan" "$store" | awk '{print $3 / $1}')
		tree=- image=- # of no use to histfs
		contender_mount histfs "$m" || shout "histfs does not mount"
		make_tree "$root"
		contender_unmount histfs "$m"
		names+=(histfs)
	else
		shout "no histfs: the files are those of /proc in 3 samples"
		mkdir -p "$work/raw"
		find "$tars" -name '*.tar' | sort | sed 3q | while read -r f; do
			mkdir "$work/raw/$(basename "$f" .tar)"
			tar -xf "$f" -C "$work/raw/$(basename "$f" .tar)"
		done
		make_tree "$work/raw"
	fi
	for name in "${names[@]}"; do
		measure "$name"
	done
	note ""
	note "an hour's snapshots, $n_files files, $(du -sm --apparent-size "$tree" | cut -f1) MB of text; decoding and rendering alone: $decode_us us a file"
	matrix "${names[@]}"
	[ ! -x "$build/histfs" ] || summaries
	[ -n "${us[histfs.find.cold]-}" ] || return
	note ""
	verdicts

	contender_mount histfs "$m"
	f=$(find "$tree" -name stat | sed q)
	ours=$(cached "$root/${f#"$tree"/}")
	contender_unmount histfs "$m"
	row "cached file, open + read + close, us" "$ours" "$(cached "$f")" tmpfs "ratio <= 1.3"
	contender_mount floor "$m"
	row "" "$ours" "$(cached "$root/${f#"$tree"/}")" "FUSE floor"
	contender_unmount floor "$m"
	whole_table
}

declare -A us
files
