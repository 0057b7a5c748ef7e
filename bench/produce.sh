# produce.sh -- producing through histd's socket: one producer, many that share syncs
# shellcheck shell=bash
# shellcheck disable=SC2154 # of lib.sh: build work runs

# rate CLIENTS BATCH SIZE ACK: messages a second, the median of the runs.
rate() {
	local i
	for ((i = 0; i < runs; i++)); do
		"$build/bench/produce" "$work/produce.socket" "$@" 3 2>>"$work/output" |
			sed -n 's/.*: \([0-9]*\) messages.*/\1/p'
	done | median
}

produce() {
	local i alone together
	table "Producing through the socket, messages of 1 KiB"
	printf '[store]\npath = %s/produce\n[record]\ninterval = 10s\n[socket]\npath = %s/produce.socket\n[topics]\n%s\n' \
		"$work" "$work" "retention_bytes = 1G" >"$work/produce.conf"
	start "$build/histd" -c "$work/produce.conf"
	for ((i = 0; i < 100; i++)); do
		[ ! -S "$work/produce.socket" ] || break
		sleep 0.1
	done
	alone=$(rate 1 1 1024 2)
	together=$(rate 16 1 1024 2)
	row "each synced, 16 producers, messages/s" "$together" "$alone" "one producer" "ratio >= 8"
	row "batches of 1000, each synced, messages/s" "$(rate 1 1000 1024 2)" "" "" ""
	row "batches of 64, each acknowledged, messages/s" "$(rate 1 64 1024 1)" "" "" ""
	finish "$pid"
	rm -rf "$work/produce"
}

produce
