# payloads.sh -- documents by key beside LMDB, RocksDB and SQLite, with the same promise of a commit
# shellcheck shell=bash
# shellcheck disable=SC2154 # of lib.sh: build work runs

keys=${BENCH_KEYS:-1000000}
many=${BENCH_KEYS_MANY:-10000000}

# of STORE FIGURE: the median of its runs; - if it was not measured.
of() {
	sed -n "s/^$2 //p" "$work/payloads.$1" | median
}

# measure STORE ARGUMENTS…: adds its figures to $work/payloads.STORE; says what is missing, and what failed.
measure() {
	local store=$1 status
	shift
	rm -rf "$work/store"
	"$build/bench/payloads" "$@" >>"$work/payloads.$store" 2>>"$work/output"
	status=$?
	case $status in
	0) ;;
	3) [ "$i" != 0 ] || shout "bench/payloads is built without $store" ;;
	*) shout "bench/payloads $* failed ($status): $(tail -n 1 "$work/output")" ;;
	esac
}

# Sixteen at once, each put synced: histfs through the socket of histd.
writers() {
	local store
	printf '[store]\npath = %s/writers\n[record]\ninterval = 10s\n[socket]\npath = %s/payloads.socket\n' \
		"$work" "$work" >"$work/payloads.conf"
	start "$build/histd" -c "$work/payloads.conf"
	for ((i = 0; i < 100; i++)); do
		[ ! -S "$work/payloads.socket" ] || break
		sleep 0.1
	done
	for ((i = 0; i < runs; i++)); do
		measure histfs writers histfs "$work/payloads.socket" 16 500
		for store in file lmdb rocksdb; do
			measure $store writers $store "$work/store" 16 100
		done
	done
	finish "$pid"
	rm -rf "$work/writers"
}

payloads() {
	local i store peer
	table "Payloads"
	note "load of the machine before: $(cut -d ' ' -f 1-3 /proc/loadavg)"
	for store in histfs file lmdb rocksdb sqlite many; do
		: >"$work/payloads.$store"
	done
	for ((i = 0; i < runs; i++)); do
		for store in histfs lmdb rocksdb sqlite; do
			measure $store $store "$work/store" "$keys" 500
		done
	done
	writers
	i=0
	[ "$many" = 0 ] || measure many histfs "$work/store" "$many" 0
	rm -rf "$work/store"
	note "$keys documents of 500 bytes, each batch of 1000 synced; every run all stores, one after the other"
	for peer in rocksdb lmdb sqlite; do
		row "put in batches, /s" "$(of histfs put_batch_rate)" "$(of $peer put_batch_rate)" $peer "$([ $peer != rocksdb ] || echo 'ratio >= 2')"
	done
	row "single put, us" "$(of histfs put_single_us)" "$(of histfs file_single_us)" "append + fdatasync, in turn" "ratio <= 1.1"
	for peer in rocksdb lmdb sqlite; do
		row "single put, us" "$(of histfs put_single_us)" "$(of $peer put_single_us)" $peer
	done
	for peer in file rocksdb lmdb; do
		row "16 writers, each put synced, /s" "$(of histfs writers_rate)" "$(of $peer writers_rate)" $peer "$([ $peer != file ] || echo 'ratio >= 1')"
	done
	for peer in lmdb rocksdb sqlite; do
		row "get, /s" "$(of histfs get_rate)" "$(of $peer get_rate)" $peer "$([ $peer != lmdb ] || echo 'ratio >= 1')"
	done
	row "get, 99th percentile, us" "$(of histfs get_p99_us)" "$(of lmdb get_p99_us)" lmdb "<= 5"
	row "open with a snapshot, ms" "$(of histfs open_ms)" "$(of rocksdb open_ms)" rocksdb "<= 15"
	row "open without, ms" "$(of histfs open_without_ms)" "" "" "<= 400"
	row "memory a key besides it, bytes" "$(of histfs memory_a_key)" "" "" "<= 40"
	row "making a snapshot, ms" "$(of histfs snapshot_ms)" "" "" ""
	[ "$many" != 0 ] || return
	note "$many documents, one run"
	row "open with a snapshot, ms" "$(of many open_ms)" "" "" "<= 50"
	row "open without, ms" "$(of many open_without_ms)" "" "" ""
	row "memory a key besides it, bytes" "$(of many memory_a_key)" "" "" "<= 40"
	row "get, /s" "$(of many get_rate)" "" "" ""
	row "get, 99th percentile, us" "$(of many get_p99_us)" "" "" ""
}

payloads
