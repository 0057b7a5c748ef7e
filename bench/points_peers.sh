# points_peers.sh -- sets of points in Prometheus, InfluxDB and VictoriaMetrics: bytes, scans, memory
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # set here for bench/points.sh; of lib.sh: build work
#
# Each is fed the same points and asked how many it has. of_PEER SET N_SERIES N_POINTS END_S sets, with - for what cannot be measured:
#   peer_data peer_index   bytes of its files, index apart, flushed and compacted
#   peer_scan              points a second of a query that reads every point
#   peer_rss               peak memory in KiB while it did all of this

# bytes_of FOLDER [find's conditions]…: of the files below it.
bytes_of() {
	find "$@" -type f -printf '%s\n' 2>"/dev/null" | awk '{n += $1} END {printf "%d", n}'
}

# settled FOLDER: waits until the names and sizes below a folder stay the same for five seconds.
settled() {
	local last='' now same=0 i
	for ((i = 0; i < 240 && same < 10; i++)); do
		now=$(find "$1" -type f -printf '%P %s\n' 2>"/dev/null" | sort)
		if [ "$now" = "$last" ]; then
			same=$((same + 1))
		else
			same=0
		fi
		last=$now
		sleep 0.5
	done
}

# ready URL: waits until a server answers.
ready() {
	local i
	for ((i = 0; i < 300; i++)); do
		! curl -sf -o "/dev/null" "$1" || return 0
		kill -0 "$pid" 2>"/dev/null" || return 1
		sleep 0.1
	done
	return 1
}

peak_kib() {
	awk '/^VmHWM/ {print $2}' "/proc/$1/status" 2>"/dev/null" || echo -
}

# query N EXPECTED URL DATA…: points a second of a query over N points, the median of the runs; - unless the number that it answers is
# the one expected.
query() {
	local n=$1 expected=$2 url=$3 t0 t1 said i
	local -a data=()
	for i in "${@:4}"; do
		data+=(--data-urlencode "$i")
	done
	for ((i = 0; i < runs; i++)); do
		t0=$(date +%s%N)
		timeout 300 curl -s -G "$url" "${data[@]}" >"$work/answer" 2>>"$work/output"
		t1=$(date +%s%N)
		said=$(/usr/bin/python3 -c "$answered" <"$work/answer" 2>&1)
		[ "$said" = "$expected" ] && div "$n" "$(div $((t1 - t0)) 1000000000)" && continue
		echo "points: $url: $said, not $expected" >>"$work/output"
	done | median
}

# The number of an answer's only value (Prometheus' API), or the sum of its measurements' (InfluxDB's).
answered='import json, sys
answer = json.load(sys.stdin)
if "data" in answer:
    print(answer["data"]["result"][0]["value"][1])
else:
    print(sum(series["values"][0][1] for series in answer["results"][0]["series"]))'

# --- Prometheus: blocks as its own tool makes them, scanned by its server ---

of_prometheus() {
	local dir=$work/prometheus port n_series=$2 n=$3 end=$4
	peer_data=- peer_index=- peer_scan=- peer_rss=-
	have promtool && have prometheus || return 0
	mkdir -p "$dir/data"
	"$build/bench/pointtext" openmetrics "$1" >"$dir/om"
	timeout 600 promtool tsdb create-blocks-from openmetrics "$dir/om" "$dir/data" >>"$work/output" 2>&1 || return 0
	rm -f "$dir/om"
	peer_data=$(bytes_of "$dir/data" -path '*/chunks/*')
	peer_index=$(($(bytes_of "$dir/data") - peer_data))
	port=$(free_port)
	: >"$dir/prometheus.yml"
	start prometheus --config.file="$dir/prometheus.yml" --storage.tsdb.path="$dir/data" --web.listen-address="127.0.0.1:$port" \
		--storage.tsdb.retention.time=100y --query.max-samples=100000000
	ready "http://127.0.0.1:$port/-/ready" &&
		peer_scan=$(query "$n" "$n_series" "http://127.0.0.1:$port/api/v1/query" "time=$end" \
			'query=count(last_over_time({__name__!=""}[2h]))')
	peer_rss=$(peak_kib "$pid")
	finish "$pid"
	rm -rf "$dir"
}

# --- InfluxDB: written over HTTP, compacted when it has been cold for a second ---

# The series file is preallocated in segments of 4 MiB and is not counted, in its favour; nor is the log, which is empty by then.
of_influxdb() {
	local dir=$work/influxdb port rpc n=$3 url
	peer_data=- peer_index=- peer_scan=- peer_rss=-
	have influxd || return 0
	mkdir -p "$dir"
	port=$(free_port) rpc=$(free_port) url=http://127.0.0.1:$port
	cat >"$dir/influxdb.conf" <<-END
		reporting-enabled = false
		bind-address = "127.0.0.1:$rpc"
		[meta]
		dir = "$dir/meta"
		[data]
		dir = "$dir/data"
		wal-dir = "$dir/wal"
		query-log-enabled = false
		cache-snapshot-write-cold-duration = "1s"
		compact-full-write-cold-duration = "2s"
		[monitor]
		store-enabled = false
		[http]
		bind-address = "127.0.0.1:$port"
		log-enabled = false
		max-body-size = 0
	END
	start influxd run -config "$dir/influxdb.conf"
	if ready "$url/ping" && curl -sf -o "/dev/null" "$url/query" --data-urlencode 'q=CREATE DATABASE b'; then
		"$build/bench/pointtext" influx "$1" | split -l 100000 --filter="curl -sf -XPOST '$url/write?db=b' --data-binary @-" - ||
			echo "influxdb refused points" >>"$work/output"
		settled "$dir"
		peer_data=$(bytes_of "$dir/data" -name '*.tsm') peer_index=0
		peer_scan=$(query "$n" "$n" "$url/query" db=b 'q=SELECT count(value) FROM /.*/')
	fi
	peer_rss=$(peak_kib "$pid")
	finish "$pid"
	rm -rf "$dir"
}

# --- VictoriaMetrics: imported as JSON, flushed and merged ---

of_victoriametrics() {
	local dir=$work/victoriametrics port n=$3 end=$4 url
	peer_data=- peer_index=- peer_scan=- peer_rss=-
	have victoria-metrics || return 0
	mkdir -p "$dir"
	port=$(free_port) url=http://127.0.0.1:$port
	start victoria-metrics -storageDataPath="$dir/data" -httpListenAddr="127.0.0.1:$port" -retentionPeriod=100y \
		-search.maxUniqueTimeseries=10000000 -search.disableCache -search.latencyOffset=0s -memory.allowedPercent=20
	if ready "$url/health" && "$build/bench/pointtext" json "$1" | curl -sf -XPOST "$url/api/v1/import" -T -; then
		curl -sf "$url/internal/force_flush"
		curl -sf "$url/internal/force_merge"
		settled "$dir"
		peer_scan=$(query "$n" "$n" "$url/api/v1/query" "time=$end" nocache=1 \
			'query=sum(count_over_time({__name__!=""}[2h]))')
	fi
	peer_rss=$(peak_kib "$pid")
	finish "$pid" # writes what it holds in memory
	if [ "$peer_scan" != - ]; then
		peer_data=$(bytes_of "$dir/data/data") peer_index=$(bytes_of "$dir/data/indexdb")
	fi
	rm -rf "$dir"
}
