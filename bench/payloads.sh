# payloads.sh -- documents by key beside LMDB, RocksDB and SQLite, with the same promise of a commit
# shellcheck shell=bash
# shellcheck disable=SC2154 # of lib.sh: build work runs

keys=${BENCH_KEYS:-1000000}

# of STORE FIGURE: the median of its runs; - if it was not measured.
of() {
	sed -n "s/^$2 //p" "$work/payloads.$1" | median
}

payloads() {
	local i store peer
	table "Payloads"
	for ((i = 0; i < runs; i++)); do
		for store in histfs file lmdb rocksdb sqlite; do
			rm -rf "$work/store"
			"$build/bench/payloads" "$store" "$work/store" "$keys" 500 >>"$work/payloads.$store" 2>>"$work/output"
			[ $? != 3 ] || [ $i != 0 ] || shout "bench/payloads is built without $store"
		done
	done
	rm -rf "$work/store"
	note "$keys documents of 500 bytes, each batch of 1000 synced; every run all stores, one after the other"
	for peer in rocksdb lmdb sqlite; do
		row "put in batches, /s" "$(of histfs put_batch_rate)" "$(of $peer put_batch_rate)" $peer "$([ $peer != rocksdb ] || echo 'ratio >= 2')"
	done
	row "single put, us" "$(of histfs put_single_us)" "$(of file put_single_us)" "append + fdatasync" "ratio <= 1.1"
	for peer in lmdb rocksdb sqlite; do
		row "get, /s" "$(of histfs get_rate)" "$(of $peer get_rate)" $peer "$([ $peer != lmdb ] || echo 'ratio >= 1')"
	done
	row "get, 99th percentile, us" "$(of histfs get_p99_us)" "$(of lmdb get_p99_us)" lmdb "<= 5"
	row "open with a snapshot, ms" "$(of histfs open_ms)" "$(of rocksdb open_ms)" rocksdb "<= 15"
	row "open without, ms" "$(of histfs open_without_ms)" "" "" "<= 400"
	row "memory a key besides it, bytes" "$(of histfs memory_a_key)" "" "" "<= 40"
}

payloads
