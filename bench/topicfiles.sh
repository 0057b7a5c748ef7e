# topicfiles.sh -- topics as files: lines a second, one message, a listing; beside the least that FUSE can cost
# shellcheck shell=bash
# shellcheck disable=SC2154 # of lib.sh: build work ram runs cpu

# spent COMMAND…: microseconds of CPU that it and the daemon $pid took: on one CPU what it takes, with nothing else beside it.
spent() {
	local out=$work/spent before
	rm -f "$out"
	before=$(meter clock "$pid")
	taskset -c "$cpu" "$build/bench/meter" run "$out" "$@" >"/dev/null" || return
	awk -v daemon=$((($(meter clock "$pid") - before) / 1000)) '{print $2 + daemon}' "$out"
}

# lines TOPIC: MB a second of its first segment's lines, read once from a fresh mount.
lines() {
	local m=$work/mnt.topics file us
	mount_with "$m" "$build/histfs" "$store" "$m" -f || return
	file=$m/log/$1/0/00000000000000000000.tsv
	us=$(spent dd if="$file" of=/dev/null bs=1M status=none)
	div "$(stat -c %s "$file")" "$us"
	dismount "$m" "$pid"
}

# one_by_one FOLDER COMMAND…: microseconds a message, when a mount is asked for those in $work/names in that order.
one_by_one() {
	local where=$1 m=$work/mnt.topics us
	shift
	mount_with "$m" "$@" "$m" ${plain:+-f} || return
	us=$(cd "$m/$where" && spent xargs -a "$work/names" cat)
	div "$us" "$(wc -l <"$work/names")"
	dismount "$m" "$pid"
}

topicfiles() {
	local m=$work/mnt.topics store=$ram/topicstore mktopic=$build/tests/tools/mktopic topic plain
	local n_messages=10000 ours floor

	table "Topics as files, on one CPU"
	mkdir -p "$store/snapshots"
	"$mktopic" "$store" kib -n 300000 -l 1024 -b 64 -i 1 >>"$work/output" 2>&1
	"$mktopic" "$store" zstd -n 300000 -l 1024 -b 64 -i 1 -c zstd >>"$work/output" 2>&1
	"$mktopic" "$store" small -n 2000000 -l 100 -b 640 -i 1 >>"$work/output" 2>&1
	for topic in kib zstd small; do
		row "/log, MB of lines a second of CPU, $topic" "$(median_of lines $topic)" "" "" ">= 500"
	done

	"$mktopic" "$store" few -n $n_messages -l 1024 -b 64 -i 1 >>"$work/output" 2>&1
	mount_with "$m" "$build/histfs" "$store" "$m" -f
	cp -r "$m/topics/few/0" "$ram/few"
	dismount "$m" "$pid"
	find "$ram/few" -type f -printf '%f\n' | sort -R --random-source="$build/histfs" >"$work/names"
	plain=1
	ours=$(median_of one_by_one topics/few/0 "$build/histfs" "$store")
	plain=
	floor=$(median_of one_by_one . "$build/bench/floor" "$ram/few")
	row "cat of a message of 1 KiB, CPU us" "$ours" "$floor" "the same files, FUSE floor" "ratio <= 1.3"

	mount_with "$m" "$build/histfs" "$store" "$m" -f
	row "listing 2 million messages, CPU us an entry" "$(div "$(spent ls -U "$m/topics/small/0")" 2000000)" "" ""
	note "the daemon's memory then: $(awk '/^VmHWM/ {print $2}' "/proc/$pid/status") KiB"
	dismount "$m" "$pid"
	rm -rf "$store" "$ram/few"
}

topicfiles
