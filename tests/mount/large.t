#!/bin/bash
# large.t -- an hour at the shortest interval, and tables of very many rows: no request takes a second, memory stays
#
# A second is what newer kernels and the tools' users give a request. It is some thirty times what the slowest takes, and the
# fastest of ten goes counts, so that a busy machine decides nothing.
# shellcheck disable=SC2119,SC2317 # functions are called through ok and soon
# shellcheck source=tests/mount/lib.sh
. "$(dirname "$0")/lib.sh"

slowest=$B/tests/tools/slowest

# prompt DIR [MAX]: walks it on a fresh mount, cold; fails if any call took a second every time
prompt() {
	local _
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		mount_store && "$slowest" "$@" >"$T/slow" || return
		grep VmHWM "/proc/$(daemon)/status" >"$T/memory"
		unmount_store || return
		awk '$1 != "entries" && $2 > 1000000 { n++ } END { exit n > 0 }' "$T/slow" && return 0
	done
	return 1
}

# Hour 00 is sealed, hour 01 live.
ok "36 000 snapshots are recorded in an hour, and in the next" "$mkstore" -h 1 -l 36000 -i 100ms -p 5 "$S"
for h in 2026-11-20T00 2026-11-20T01; do
	mount_store
	is "all are listed, once each" "$(find "$M/hour/$h" -maxdepth 1 -name 'snapshot-*' | sort -u | wc -l)" 36000
	is "ls -l too, with an inode each" \
		"$(ls -li "$M/hour/$h" | awk '/ snapshot-/ { print $1 }' | sort -u | wc -l)" 36000
	echo "# $(grep VmHWM "/proc/$(daemon)/status")"
	ok "for that the daemon needs less than 64 MB" test "$(awk '/^VmHWM/ { print $2 }' "/proc/$(daemon)/status")" -lt 65536
	unmount_store
	for view in hour rate; do
		echo "# $view/$h"
		ok "no request takes a second" prompt "$M/$view/$h" 1500
		sed 's/^/# /' "$T/slow"
	done
	ok "nor one for the last snapshot in json" prompt "$M/json/$h/snapshot-35999"
	mount_store
	ok "a whole table has the size it says" test "$(wc -c <"$M/table/$h/load")" = "$(stat -c %s "$M/table/$h/load")"
	unmount_store
done

rm -r "$S"
ok "a table of 20 000 rows is recorded" "$mkstore" -h 1 -l 2 -i 300 -p 20000 "$S"
for h in 2026-11-20T00 2026-11-20T01; do
	for view in hour rate json table; do
		echo "# $view/$h"
		ok "no request takes a second" prompt "$M/$view/$h" 60
		sed 's/^/# /' "$T/slow" "$T/memory"
	done
done
# Each of these texts has 20 MB.
mount_store
cat "$M"/json/2026-11-20T00/snapshot-*/processes | wc -c | sed 's/^/# bytes of them: /'
peak=$(awk '/^VmHWM/ { print $2 }' "/proc/$(daemon)/status")
echo "# peak $peak KB"
ok "the texts that were shown are not all kept" test "$peak" -lt $((200 * 1024))
finish
