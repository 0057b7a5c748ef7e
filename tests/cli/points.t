#!/bin/sh
# points.t -- custom time series in a real histd: from the socket, ports, pages and files; what is wrong with them; kill -9

. tests/cli/histd.sh
c=${BUILD:-build}/histctl
export HISTFS_SOCKET="$dir/socket"
out=$dir/out err=$dir/err
pages='' exporter=''

cleanup_more() {
	[ -n "$pages" ] && kill "$pages" 2>/dev/null
	[ -n "$exporter" ] && kill "$exporter" 2>/dev/null
}

# values NAME: its values, in all hours, one behind the other
values() {
	for hour in $("$c" ls "$store" /series); do
		"$c" cat "$store" "series/$hour/metrics/$1" 2>/dev/null
	done | cut -f 2 | tr '\n' ' '
}
is() { [ "$(values "$1")" = "$2" ]; }
# lasts NAME VALUE N: it has at least so many points, and all of them are that
lasts() { [ "$(values "$1" | wc -w)" -ge "$3" ] && [ -z "$(values "$1" | sed "s/\(^\| \)\($2 \)*//g")" ]; }
# seen NAME VALUE N: at least so many of its points are that; a busy machine may be late for others
seen() { [ "$(values "$1" | tr ' ' '\n' | grep -cxFe "$2")" -ge "$3" ]; }
ends_with() { values "$1" | grep -q "\(^\| \)$2 \$"; }
lines() { grep -c -e "$1" "$log"; }

# send KIND ADDRESS: standard input, as one datagram, or as a stream that ends
send() {
	python3 -c 'import socket, sys
kind, where = sys.argv[1], sys.argv[2]
local = where.startswith("/")
s = socket.socket(socket.AF_UNIX if local else socket.AF_INET, getattr(socket, "SOCK_" + kind))
s.connect(where if local else ("127.0.0.1", int(where)))
s.sendall(sys.stdin.buffer.read())' "$1" "$2"
}

mkdir "$dir/prom"
tests/cli/pages.py "$dir" 2>/dev/null &
pages=$!
poll test -e "$dir/port"
url=http://127.0.0.1:$(cat "$dir/port")
here=127.0.0.1:$(cat "$dir/port")
graphite=$(free_port STREAM) statsd=$(free_port DGRAM)

{
	printf '[store]\npath = %s\n[record]\ninterval = 1s\ntables = point_log histd\npriority = normal\nlock_memory = 0\n' "$store"
	printf '[socket]\npath = %s\n[series]\nmax_series = 2000\n[statsd]\ninterval = 100ms\n' "$dir/socket"
	printf '[listen.graphite]\naddress = tcp:127.0.0.1:%s\nform = graphite\n' "$graphite"
	printf '[listen.statsd]\naddress = udp:127.0.0.1:%s\nform = statsd\n' "$statsd"
	printf '[listen.influx]\naddress = unix:%s\nform = influx\nunit = s\nmode = 0600\n' "$dir/influx"
	# Of all but one it is to be seen what they are, however long a busy machine takes for them.
	for page in good open packed hangs lies cut endless headers bomb rubbish elsewhere missing; do
		interval=3s timeout=3s
		[ $page != hangs ] || interval=1s timeout=500ms
		printf '[scrape.%s]\nurl = %s/%s\ninterval = %s\ntimeout = %s\nmax_bytes = 1M\nlabel.room = attic\n' \
			$page "$url" $page $interval $timeout
	done
	printf '[scrape.nobody]\nurl = http://127.0.0.1:1/metrics\ninterval = 1s\n'
	printf '[textfile.t]\npath = %s/*.prom\ninterval = 1s\nlabel.from = file\n' "$dir/prom"
} >"$conf"
printf '# TYPE backup gauge\nbackup{ok="1"} 5 1700000000000\nbackup_now 6\n' >"$dir/prom/good.prom"
printf 'torn 1\ntorn 2' >"$dir/prom/torn.prom"

start
ok $? "histd with ports, pages and files is there"

# --- histctl point ---

"$c" point --time 2023-11-14T22:13:20.000000001Z 'temp{room="x y",q="a\"b\\c"}' 21.5 &&
	is 'temp{q=a"b%5Cc,room=x y}' '21.5 '
ok $? "a point is there when it is acknowledged"
printf 'm,t=a f=1,g=2i 1700000000000000000\nbad\nm,t=a f="text",h=t 1700000001000000000\n' | "$c" point --influx 2>"$err"
[ $? = 1 ] && grep -q 'standard input: line 2: no fields' "$err" && grep -q '2 lines or points were refused' "$err" &&
	is 'm_f{t=a}' '1 ' && is 'm_g{t=a}' '2 ' && is 'm_h{t=a}' '1 '
ok $? "lines that are wrong are told, and the rest is kept"
printf 's\tx\n' | "$c" point 2>"$err"
[ $? = 1 ] && grep -q 'line 1: a line has a series, a time and a value' "$err"
ok $? "so are those of points as query prints them"
printf 'series\ttime\tvalue\nn{a="b"}\t2023-11-14T22:13:20.000Z\tNaN\nn{a="b"}\t2023-11-14T22:13:21.000000001Z\t-Infinity\nn{a="\\\\\\\\"}\t2023-11-14T22:13:20.000Z\t-0\n' |
	"$c" point && is 'n{a=b}' 'NaN -Infinity ' && is 'n{a=%5C}' '-0 '
ok $? "which come back as they were"
printf 'g.a;t=1 1 1700000000\n' | "$c" point --graphite && printf 'p{t="1"} 1 1700000000000\n' | "$c" point --prometheus &&
	printf 'o{t="1"} 1 1700000000\n# EOF\n' | "$c" point --openmetrics && printf 'i v=1 1700000000' | "$c" point -I -u s &&
	is 'g.a{t=1}' '1 ' && is 'p{t=1}' '1 ' && is 'o{t=1}' '1 ' && is i_v '1 '
ok $? "other forms are understood"
"$c" point 'temp{' 1 2>"$err"
[ $? = 1 ] && grep -q 'a label has a name' "$err" && ! "$c" point temp one 2>"$err" && grep -q 'one: not a number' "$err"
ok $? "a series or a value that makes no sense is told"
"$c" drop 'n' --from 2023-11-14T22:13:21Z && is 'n{a=b}' 'NaN ' && "$c" drop 'n{a="b"}' && is 'n{a=b}' '' &&
	! "$c" drop 'n{a=' 2>"$err" && grep -q 'at character' "$err"
ok $? "what is dropped is gone"

# A text with lines in it, in the middle of which a request ends.
i=0
while [ $i -lt 3000 ]; do
	i=$((i + 1))
	printf 'long msg="%0500d\nforged v=1 1\n",v=%d %d\n' 0 $i $i
done | "$c" point -I 2>"$err"
[ "$(values long_v | wc -w)" = 3000 ] && is forged_v ''
ok $? "lines within a text are none, wherever a request ends"

# --- ports ---

printf 'gr.a;t=v 1.5 1700000000\nbad\ngr.b 2 1700000000\nhalf 3 170' | send STREAM "$graphite" && poll is 'gr.a{t=v}' '1.5 ' &&
	poll is gr.b '2 ' && is half ''
ok $? "Graphite's lines come to a port; half a line at the end is none"
poll said "tcp:127.0.0.1:$graphite: 1 refused, as this one: line 2: a line has a path, a value and a time" &&
	[ "$(lines "tcp:127.0.0.1:$graphite: .*refused")" -le 2 ]
ok $? "what was refused is said, and how often"
printf 'in,t=v f=1 1700000000\n' | send STREAM "$dir/influx" && poll is 'in_f{t=v}' '1 ' && [ "$(stat -c %a "$dir/influx")" = 600 ]
ok $? "Influx's to a socket of its own"
printf 'st.c:3|c|#a:b\nst.g:4|g\nst.t:1:2:3|ms\nst.s:x|s' | send DGRAM "$statsd" && poll ends_with 'st.c.total{a=b}' 3 &&
	poll ends_with st.g 4 && poll is st.t.p99 '3 ' && poll is st.t.count '3 ' && poll is st.s.unique '1 '
ok $? "StatsD's are summed up over the interval"
printf 'st.c:2|c|@0.5|#a:b\nst.g:-1|g' | send DGRAM "$statsd" && poll ends_with 'st.c.total{a=b}' 7 && poll ends_with st.g 3
ok $? "counters go on, and gauges move"
head -c 100000 /dev/zero | tr '\0' x | send STREAM "$graphite"
poll is gr.b '2 ' && printf 'gr.c 1 1700000000\n' | send STREAM "$graphite" && poll is gr.c '1 '
ok $? "a line without an end harms nobody"

# --- pages ---

labels() { printf '{instance=%s,job=%s,room=attic}' "$here" "$1"; }
poll seen "up$(labels good)" 1 3 && poll seen "requests_total{code=200,exported_job=theirs,instance=$here,job=good,room=attic}" 5 3
ok $? "a page is scraped again and again, with labels as Prometheus gives them"
is "requests_total{code=500,instance=$here,job=good,room=attic}" '1 ' && poll seen "temperature$(labels good)" -3.5 3 &&
	poll seen "scrape_samples_scraped$(labels good)" 3 3 && [ "$(values "scrape_duration_seconds$(labels good)" | wc -w)" -ge 3 ]
ok $? "times in it are honoured"
poll seen "up$(labels open)" 1 2 && is "o_total{instance=$here,job=open,room=attic,x=1}" '7 ' &&
	poll seen "o_created$(labels open)" 1.5 2 && poll seen "packed$(labels packed)" 1 2
ok $? "so are OpenMetrics and gzip"
for page in hangs lies cut endless headers bomb rubbish elsewhere missing; do
	poll lasts "up$(labels $page)" 0 2 || echo "# $page"
done >"$out"
[ ! -s "$out" ] && poll lasts 'up{instance=127.0.0.1:1,job=nobody}' 0 2
ok $? "pages that hang, lie, never end, explode, or are none, are down"
for name in lie cut endless bomb; do
	[ -z "$(values "$name$(labels "$(echo $name | sed s/lie/lies/)")")" ] || echo "# $name"
done >"$out"
[ ! -s "$out" ]
ok $? "and nothing of them is kept"
said 'scraping hangs: Timeout was reached' && said 'scraping bomb: the page is too long (max_bytes)' &&
	said 'scraping headers: the headers are too long' && said 'scraping cut: the page does not end with # EOF' &&
	said 'scraping elsewhere: HTTP status 302' && said 'scraping missing: HTTP status 404' &&
	said 'scraping good: 1 lines are refused; the first: line 5: a value that is no number' &&
	for page in good hangs lies cut endless headers bomb rubbish elsewhere missing nobody; do
		# A page that was too late meanwhile, on a busy machine, is told of again.
		grep "scraping $page:" "$log" | uniq -d
		grep "scraping $page:" "$log" | grep -v 'Timeout was reached' | sort -u | tail -n +2
	done >"$out" && [ ! -s "$out" ]
ok $? "why is said once"
asked_again() { [ "$(grep -c hangs "$dir/asked")" -ge 2 ]; }
poll asked_again && poll seen "up$(labels good)" 1 3
ok $? "they are tried again, and delay no others"

# --- files ---

poll lasts 'backup_now{from=file}' 6 2 && is 'backup{from=file,ok=1}' '5 ' && is 'torn{from=file}' ''
ok $? "files are read, and half ones are not"
mtime=$(stat -c %Y "$dir/prom/good.prom")
values "node_textfile_mtime_seconds{file=$(echo "$dir" | sed 's|/|%2F|g')%2Fprom%2Fgood.prom,from=file}" | grep -q "^$mtime" &&
	poll ends_with 'node_textfile_scrape_error{from=file}' 1 && [ "$(lines 'torn.prom: its last line does not end')" = 1 ]
ok $? "their age is there, and what is wrong is said once"
rm "$dir/prom/torn.prom"
poll ends_with 'node_textfile_scrape_error{from=file}' 0 && poll said 'textfile.t.: all is well again'
ok $? "until it is well again"

# --- limits ---

i=0
while [ $i -lt 3000 ]; do
	i=$((i + 1))
	echo "bomb.n$i 1 1700000000"
done | "$c" point -G 2>"$err"
[ $? = 1 ] && grep -q 'it would be one series too many (max_series)' "$err" && printf 'gr.b 9 1700000009\n' | "$c" point -G &&
	is gr.b '2 9 '
ok $? "there are no more series than max_series, and those that are go on"
counted() { [ "$("$c" cat "$store" now/point_log | tail -1 | cut -f "$1")" -ge "$2" ]; }
poll counted 1 2000 && poll counted 12 1000 && poll counted 16 3
ok $? "what was refused is recorded"

# --- kill -9 ---

: >"$dir/acked"
(
	i=0
	while "$c" point -t $((1700000000 + i)) gr.b $i 2>/dev/null; do
		echo $i >>"$dir/acked"
		i=$((i + 1))
	done
) &
putter=$!
enough() { [ "$(wc -l <"$dir/acked")" -ge "$1" ]; }
poll enough 20
stop KILL
wait $putter
start
acked=$(tail -1 "$dir/acked")
[ "$(values gr.b | cut -d ' ' -f 1-$((acked + 1)))" = "$(seq -s ' ' 0 "$acked")" ]
ok $? "after kill -9 every point that was acknowledged is there"
is 'gr.a{t=v}' '1.5 ' && is 'n{a=b}' '' && is 'm_f{t=a}' '1 ' && poll seen "up$(labels good)" 1 4
ok $? "and all that were there before; what was dropped stays so, and scraping goes on"

printf '[store]\npath = %s\n[scrape.a]\nurl = ftp://x/\n' "$store" >"$dir/bad.conf"
"$histd" -c "$dir/bad.conf" 2>"$err"
[ $? = 2 ] && grep -q 'bad.conf:4: url: expected http' "$err" && printf '[listen.a]\nform = statsd\n' >"$dir/bad.conf" &&
	! "$histd" -c "$dir/bad.conf" 2>"$err" && grep -q 'listen.a. needs an address and a form' "$err"
ok $? "a configuration that is wrong is told"

printf '[store]\npath = %s\n[record]\ninterval = 1s\ntables = histd\npriority = normal\nlock_memory = 0\n' "$store" >"$conf"
printf '[socket]\npath = %s\n[scrape.late]\nurl = %s/good\ninterval = 3s\n' "$dir/socket" "$url" >>"$conf"
kill -HUP "$pid"
poll seen "up{instance=$here,job=late}" 1 2 && poll test ! -e "$dir/influx"
ok $? "on SIGHUP other pages are scraped, and ports closed"
stop TERM
[ "$status" = 0 ] && "$c" verify "$store" >"$out" 2>&1
ok $? "SIGTERM ends it well, also while a page hangs, and the store is whole"

# --- a real one ---

if command -v prometheus-node-exporter >/dev/null; then
	port=$(free_port STREAM)
	prometheus-node-exporter --web.listen-address="127.0.0.1:$port" --collector.disable-defaults --collector.cpu \
		--collector.loadavg --collector.meminfo --collector.netdev 2>>"$dir/exporter.log" &
	exporter=$!
	printf '[store]\npath = %s\n[record]\ninterval = 1s\ntables = histd\npriority = normal\nlock_memory = 0\n' "$store" >"$conf"
	printf '[socket]\npath = %s\n[scrape.node]\nurl = http://127.0.0.1:%s/metrics\ninterval = 1s\n' "$dir/socket" "$port" >>"$conf"
	start
	up() { values "up{instance=127.0.0.1:$port,job=node}" | grep -q '1 1 $'; }
	poll up && [ "$(values "node_load1{instance=127.0.0.1:$port,job=node}" | wc -w)" -ge 2 ] && ! said 'scraping node: [0-9]* lines'
	ok $? "a node_exporter is scraped, and no line of it refused"
	stop TERM
else
	skip "a node_exporter is scraped, and no line of it refused" "prometheus-node-exporter is not installed"
fi

echo "1..$n"
