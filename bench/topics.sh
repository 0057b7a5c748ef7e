# topics.sh -- messages: appending, reading, looking up, opening; beside bare files, Redis streams and NATS JetStream
# shellcheck shell=bash
# shellcheck disable=SC2154 # of lib.sh: build work cpu runs

# on_cpu COMMAND…: the figures of bench/topics, on one CPU.
on_cpu() {
	taskset -c "$cpu" "$build/bench/topics" "$@" 2>>"$work/output" || echo -
}

# fresh append N BATCH | synced N: into a new store each time.
fresh() {
	local what=$1
	shift
	rm -rf "$work/topics"
	on_cpu "$what" "$work/topics" "$@"
}

# Sets $redis_write and $redis_read, messages a second; pipelines of 64, no sync.
redis_streams() {
	local dir=$work/redis text i
	redis_write=- redis_read=-
	if ! have redis-server || ! have redis-benchmark; then
		shout "redis-server is not installed: no Redis streams"
		return
	fi
	mkdir -p "$dir"
	start redis-server --port 0 --unixsocket "$dir/socket" --dir "$dir" --appendonly yes --appendfsync no --save ''
	for ((i = 0; i < 100; i++)); do
		redis-cli -s "$dir/socket" ping >"/dev/null" 2>&1 && break
		sleep 0.1
	done
	text=$(head -c 768 /dev/urandom | base64 -w0)
	redis_write=$(timeout 120 redis-benchmark -s "$dir/socket" -c 1 -P 64 -n 100000 --csv XADD bench '*' v "$text" |
		tail -1 | cut -d'"' -f4)
	redis_read=$(timeout 120 redis-benchmark -s "$dir/socket" -c 1 -P 4 -n 1000 --csv XRANGE bench - + COUNT 100 |
		tail -1 | cut -d'"' -f4 | awk '{print $1 * 100}')
	finish "$pid"
	rm -rf "$dir"
}

# Sets $nats_write and $nats_read, messages a second; 500 at most without an acknowledgement.
nats_stream() {
	local dir=$work/nats port i
	nats_write=- nats_read=-
	if ! have nats-server; then
		shout "nats-server is not installed: no NATS JetStream"
		return
	fi
	mkdir -p "$dir"
	port=$(free_port)
	start nats-server -js -sd "$dir" -a 127.0.0.1 -p "$port"
	for ((i = 0; i < 50; i++)); do
		timeout -s KILL 5 bench/nats.py "$port" create 2>>"$work/output" && break
		sleep 0.2
	done
	sleep 0.5
	nats_write=$(timeout -s KILL 30 bench/nats.py "$port" publish 100000 1024 500 2>>"$work/output" || echo -)
	nats_read=$(timeout -s KILL 30 bench/nats.py "$port" read 100000 2>>"$work/output" || echo -)
	finish "$pid"
	rm -rf "$dir"
}

topics() {
	local n=500000 bare pread mapped open_reader open_writer append next
	table "Messages of 1 KiB, one CPU; a second is one of CPU time unless something is synced"
	bare=$(median_of on_cpu write "$work/bare" $n)
	append=$(median_of fresh append $n 1000)
	row "appended, 1000 a batch, a second" "$append" "$bare" "64 KiB writes + XXH3" "ratio >= 0.85"
	append=$(median_of fresh append $n 64)
	row "appended, 64 a batch, a second" "$append" "$bare" "64 KiB writes + XXH3" ""
	bare=$(median_of on_cpu writesync "$work/bare" 100000)
	rm -f "$work/bare"
	row "appended, synced each 1000, a second" "$(median_of fresh synced 100000)" "$bare" "fdatasync of the same bytes" "ratio >= 0.85"
	[ "$(fresh append $n 64)" != - ] || shout "nothing was appended"
	next=$(median_of on_cpu next "$work/topics")
	row "read in a row, a second" "$next" "" "" ">= 3000000"
	pread=$(median_of on_cpu pread "$work/topics" 1000000)
	mapped=$(median_of on_cpu mmap "$work/topics" 1000000)
	row "read by offset, a second" "$(median_of on_cpu random "$work/topics" 1000000)" "$pread" "bare pread" "ratio >= 0.8"
	note "the same copied out of a mapping: $mapped a second"
	row "looked up in the index, a second" "$(median_of on_cpu look "$work/topics" 5000000)" "" "" ">= 5000000"
	row "as lines, MB a second" "$(median_of on_cpu text "$work/topics")" "" "" ">= 500"
	redis_streams
	row "appended" "$append" "$redis_write" "Redis streams, pipeline of 64, no sync"
	row "read in a row" "$next" "$redis_read" "Redis streams, XRANGE COUNT 100"
	nats_stream
	row "appended" "$append" "$nats_write" "NATS JetStream, window of 500"
	row "read in a row" "$next" "$nats_read" "NATS JetStream, push consumer"
	rm -rf "$work/topics"

	# Ten gigabytes: messages of a megabyte, so that making them takes seconds; heads and indexes are as ever.
	table "A partition of 10 GB"
	on_cpu big "$work/topics" 10240 >>"$work/output"
	read -r open_reader open_writer < <(on_cpu open "$work/topics")
	row "opened after a clean stop: reader, ms" "$open_reader" "" "" "<= 50"
	row "opened after a clean stop: writer, ms" "${open_writer:--}" "" "" "<= 50"
	read -r open_reader open_writer < <(on_cpu killed "$work/topics")
	row "opened after kill -9: reader, ms" "$open_reader" "" "" "<= 50"
	row "opened after kill -9: writer, ms" "${open_writer:--}" "" "" ""
	rm -rf "$work/topics"
}

topics
