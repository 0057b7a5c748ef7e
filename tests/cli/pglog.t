#!/usr/bin/env bash
# pglog.t -- the log of a real PostgreSQL server recorded, in all its formats at once, over rotation, truncation and restarts

. "$(dirname "$0")/postgres.sh"

# Before 15 there is no jsonlog, and what the server says is csvlog.
first=json destinations='stderr,csvlog,jsonlog'
[ "$major" -ge 15 ] || first=csv destinations='stderr,csvlog'
make_server pg 'logging_collector = on' "log_destination = '$destinations'" "log_filename = 'pg-%H%M%S.log'" \
	"log_line_prefix = '%m %%<%6p|%-8u@%d/%a> %q[%h %c] '" 'log_file_mode = 0644' 'log_rotation_age = 0' \
	'log_checkpoints = on' 'log_min_duration_statement = 400' 'log_lock_waits = on' 'deadlock_timeout = 200ms' \
	'log_temp_files = 0' 'work_mem = 64kB' 'autovacuum_naptime = 1s' 'log_autovacuum_min_duration = 0' \
	'log_connections = on' 'log_disconnections = on' "log_timezone = 'Asia/Kolkata'"
export PGHOST=$dir/pg
logs=$dir/pg/data/log

# configure WHAT-OF-THE-FIRST...
configure() {
	cat >"$conf" <<-END
	[socket]
	path = off
	[store]
	path = $store
	sync = none
	[record]
	interval = 200ms
	tables = load sources pg_log_errors pg_log_events pg_log_detailed_events
	END
	section json "$@"
	section csv "log = $logs/pg-*.csv"
	section lines "log = $logs/pg-*.log"
	section own_json "log = $dir/own/a.json"
	section own_csv "log = $dir/own/a.csv"
	section own_lines "log = $dir/own/a.log" 'log_line_prefix = "%m [%p] "'
}
mkdir "$dir/own"
touch "$dir/own/a.json" "$dir/own/a.csv" "$dir/own/a.log"

section() {
	printf '%s\n' "[postgres.$1]" "conninfo = host=$dir/pg user=boss dbname=postgres" 'interval = 200ms' 'slow = 1s' "${@:2}" >>"$conf"
}
all='json csv lines'

# errors CONDITION: in the rows of now, of each format
errors() {
	for i in $all; do has pg_log_errors "f(\"server\") == \"$i\" && $1" || return 1; done
}
# events CONDITION [NUMBER]: so many (or any) in all that was recorded since the test began, of each format
events() {
	for i in $all; do
		"$histctl" dump "$store" pg_log_detailed_events "$began" 2>/dev/null | awk -F'\t' -v want="${2-}" "
			function f(name) { return (name in c) ? \$(c[name]) : \"no such column\" }
			NR == 1 { for (i = 1; i <= NF; i++) c[\$i] = i; next }
			f(\"server\") == \"$i\" && $1 { n++ }
			END { exit want == \"\" ? n == 0 : n != want }" || return 1
	done
}
count() { # COLUMN CONDITION-ON-IT
	for i in $all; do has pg_log_events "f(\"server\") == \"$i\" && f(\"$1\") $2" || return 1; done
}
reading() { for i in $all; do said "postgres $i: log .* is read as" || return 1; done; }
# sql STATEMENT...: what fails is meant to
sql() { psql -qAtX "${@/#/-c}" >>"$dir/psql.log" 2>&1; }

# --- from the end on ---

start_server pg
sql "select 1 / 0 /* long ago */"
began=$(date -u +%FT%T)
configure
start_histd
ok $? "histd begins"
poll reading
ok $? "the log is found in each format: as the server says, or as the configuration does"
sql 'select no_such_column'
poll errors 'f("message") == "column \"no_such_column\" does not exist"'
ok $? "an error is there"
! has pg_log_errors 'f("message") == "division by zero"'
ok $? "what was in the log before is not"

# --- errors ---

sql 'create table t(a int primary key, b text not null)' "insert into t values (1, 'x')"
for i in 1 2 3; do sql "insert into t values (1, 'other $i')"; done
poll errors 'f("message") ~ /^duplicate key value violates unique constraint "t_pkey"/ && f("category") == "constraint" &&
	f("count") == 3 && f("datname") ~ /^(postgres|\\N)$/'
ok $? "the same error three times is one row, with a count"
poll errors "f(\"message\") ~ /^duplicate/ && f(\"first_s\") > $(date +%s) - 3600 && f(\"last_s\") < $(date +%s) + 3600 &&
	f(\"statement\") ~ /^insert into t values/"
ok $? "its times are UTC though the log's are not, and its statement is told"
sql 'selec 1' "select 'a'::int" "select 'b'::int" 'set statement_timeout = 50' 'select pg_sleep(5)'
sql 'select pg_terminate_backend(pg_backend_pid())'
psql -qAtX -U nobody_here -c 'select 1' >>"$dir/psql.log" 2>&1
sql "do 'begin raise warning ''over % per cent'', 90; end'" "do 'begin raise sqlstate ''XX001'' using message = ''invalid page in block 7 of relation base/1/2''; end'"
sql "do 'begin raise sqlstate ''40001'' using message = ''could not serialize access due to concurrent update''; end'"
poll errors 'f("message") ~ /^syntax error at or near "\?"/ && f("category") == "syntax"'
ok $? "syntax errors"
poll errors 'f("message") ~ /^invalid input syntax for (type )?integer: "\?"$/ && f("count") == 2'
ok $? "values do not tell errors apart"
poll errors 'f("message") == "canceling statement due to statement timeout" && f("category") == "timeout"'
ok $? "timeouts"
poll errors 'f("message") ~ /^terminating connection due to administrator/ && f("category") == "connection" && f("severity") == "FATAL"'
ok $? "sessions that are ended"
poll errors 'f("message") ~ /^role "nobody_here" does not exist/ && f("severity") == "FATAL"'
ok $? "those who may not come in"
poll errors 'f("message") == "over ? per cent" && f("severity") == "WARNING"'
ok $? "warnings"
poll errors 'f("message") ~ /^could not serialize access/ && f("category") == "serialization"'
ok $? "serialization failures"
poll errors 'f("message") == "invalid page in block ? of relation base/?/?" && f("category") == "data_corruption"'
ok $? "corruption"
weighed() { count errors_critical '== 1' && count errors_warning '>= 3' && count errors_info '>= 8'; }
poll weighed
ok $? "errors are counted by how much they matter"
sql "alter role not_there password 'topsecret'"
poll errors 'f("statement") ~ /^alter role not_there/'
"$histctl" cat "$store" now/pg_log_errors | grep -q topsecret
[ $? = 1 ]
ok $? "secrets are blanked"

# --- events ---

sql 'create table big as select i, md5(i::text) b from generate_series(1, 20000) i' 'select count(*) from (select * from big order by b) x'
poll events 'f("kind") == "temp_file" && f("size_bytes") > 100000 && f("query") ~ /^(select count|create table big)/'
ok $? "a sort that does not fit into memory leaves its files' sizes"
poll count temp_bytes '> 100000'
ok $? "which are added up"
sql 'delete from big where i % 2 = 0' checkpoint
poll events 'f("kind") == "checkpoint" && f("reason") ~ /immediate|fast/ && f("reason") ~ /force wait/ && f("buffers_written") > 0 &&
	f("duration_us") > 0 && f("write_us") != "\\N" && f("wal_files_added") != "\\N" && f("distance_bytes") > 0'
ok $? "a checkpoint, and why"
poll events 'f("kind") == "autovacuum" && f("relation") == "public.big" && f("tuples_removed") == 10000 && f("tuples_remain") == 10000 &&
	f("pages_remain") > 100 && f("buffer_hits") > 0 && f("duration_us") != "\\N" && f("cpu_user_us") != "\\N" && f("index_scans") == 0 &&
	f("datname") == "postgres"'
ok $? "an autovacuum, and what it removed"
poll events 'f("kind") == "autoanalyze" && f("relation") == "public.big" && f("duration_us") != "\\N"'
ok $? "an autoanalyze"
sql "select pg_sleep(0.5), 'secret value', 42"
poll events 'f("kind") == "slow_query" && f("reason") == "statement" && f("query") == "select pg_sleep(?), ?, ?" && f("duration_us") >= 500000'
ok $? "a slow query of the simple protocol"
if [ -x "$bin/pgbench" ]; then
	echo "\\set x 7
select pg_sleep(0.5), :x;" >"$dir/slow.sql"
	"$bin/pgbench" -n -M extended -t 1 -f "$dir/slow.sql" >"$dir/pgbench.log" 2>&1
	# shellcheck disable=SC2016 # as the server shows it
	poll events 'f("kind") == "slow_query" && f("reason") == "execute" && f("query") == "select pg_sleep(?), $1;" && f("duration_us") >= 500000'
	ok $? "and one of the extended"
fi
session holder
tell holder 'begin; lock table t;'
session waiter
locked() { [ "$(psql -qAtc "select count(*) from pg_locks where relation = 't'::regclass and granted = $1")" = 1 ]; }
poll locked true
tell waiter 'select * from t;'
poll events 'f("kind") == "lock_wait" && f("reason") == "still waiting" && f("lock_mode") == "AccessShareLock" && f("lock_object") ~ /^relation/ &&
	f("blocked_by") ~ /^[0-9]+$/ && f("query") ~ /^select \* from t/'
ok $? "who waits for a lock, and for whom"
hang_up holder
poll events 'f("kind") == "lock_wait" && f("reason") == "acquired" && f("duration_us") > 200000'
ok $? "and when it was had"
hang_up waiter
sql "insert into t values (2, 'y')"
session one
session two
tell one 'begin; update t set a = a where a = 1;'
tell two 'begin; update t set a = a where a = 2;'
idle() { [ "$(psql -qAtc "select count(*) from pg_stat_activity where state = 'idle in transaction' and query ~ '^update t'")" = 2 ]; }
poll idle
tell one 'update t set a = a where a = 2;'
tell two 'update t set a = a where a = 1;'
poll events 'f("kind") == "deadlock" && f("detail") ~ /waits for ShareLock on transaction/'
ok $? "a deadlock"
poll errors 'f("message") == "deadlock detected" && f("category") == "lock"'
ok $? "which is an error, too"
hang_up one
hang_up two
counted() {
	count deadlocks '== 1' && count connections '> 0' && count disconnections '> 0' && count unparsed_lines '== 0' &&
		count checkpoints '> 0'
}
poll counted
ok $? "all is counted, and every line understood"

# --- files ---

# probe NUMBER: an error that there is once
probe() { sql "select * from probe_$1"; }
# saw NUMBER...: each of them is there, once
saw() {
	local i
	for i; do errors "f(\"message\") == \"relation \\\"probe_$i\\\" does not exist\" && f(\"count\") == 1" || return 1; done
}

probe one
sql 'select pg_rotate_logfile()'
probe two
poll saw two one
ok $? "nothing is lost or twice when the log is rotated"
sleep 1.1 # its name is that of a second
sql 'select pg_rotate_logfile()'
probe three
poll saw three one two
ok $? "also not under a new name"
newest() { find "$logs" -name "pg-*.$1" -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d ' ' -f 2-; }
for i in $first csv log; do : >"$(newest $i)"; done
probe four
poll saw four three
ok $? "a log that was emptied is read from its start"
for i in $first csv log; do printf '\377\376 \300 no line of a log\n' >>"$(newest $i)"; done
probe five
poll saw five && poll count unparsed_lines '>= 1'
ok $? "a line that is not UTF-8 and none of a log's is counted, and stops nothing"

# Of logs that no server writes.
printf '%s' '2026-01-01 00:00:00.000 UTC [1] ERROR:  torn' >"$dir/own/a.log"
printf '%s' '2026-01-01 00:00:00.000 UTC,"boss","postgres",1,,x.1,1,"",2026-01-01 00:00:00 UTC,,0,ERROR,42P01,"torn' >"$dir/own/a.csv"
printf '%s' '{"timestamp":"2026-01-01 00:00:00.000 UTC","pid":1,"error_severity":"ERROR","state_code":"42P01","message":"torn' >"$dir/own/a.json"
all='own_json own_csv own_lines'
poll count read_bytes '> 0'
before=$(date -u -d '+2 seconds' +%FT%T)
later() { [[ $(rows pg_log_events 1 'f("taken")' | tail -n 1) > $before ]]; }
poll later
no_lines() { count log_lines '== 0' && count unparsed_lines '== 0'; }
poll no_lines
ok $? "the start of a line waits for its end"
echo ' off' >>"$dir/own/a.log"
echo ' off",,,,,,,,,"torn","client backend",,0' >>"$dir/own/a.csv"
echo ' off"}' >>"$dir/own/a.json"
poll errors 'f("message") == "torn off" && f("count") == 1'
ok $? "and is a message then"
# The nights when clocks are changed, by the names that the zone has then. The server is asked which these are now and then.
own() { printf '2026-%s [1] ERROR:  %s\n' "$1" "$2" >>"$dir/own/a.log"; }
at() { has pg_log_errors "f(\"server\") == \"own_lines\" && f(\"message\") == \"$1\" && f(\"last_s\") == \"$2\""; }
sql "alter system set log_timezone = 'Europe/Berlin'" 'select pg_reload_conf()'
summer() { own '06-01 12:00:00.000 CEST' 'in summer' && at 'in summer' 1780308000.000; }
poll summer
ok $? "a time of the summer is that, in winter too"
own '03-29 01:59:59.999 CET' 'before spring' && own '03-29 03:00:00.000 CEST' 'in spring'
own '10-25 02:30:00.000 CEST' 'before autumn' && own '10-25 02:30:00.000 CET' 'in autumn'
own '10-25 02:30:00.000 AKST' 'in Alaska'
poll at 'before spring' 1774745999.999 && poll at 'in spring' 1774746000.000
ok $? "so are times of the night when an hour is left out"
poll at 'before autumn' 1792888200.000 && poll at 'in autumn' 1792891800.000
ok $? "and of the one when an hour comes twice"
poll at 'in Alaska' '\\N'
ok $? "a time of a zone that the server does not have is not known"
all='json csv lines'

# --- restarts ---

probe six
poll saw six
stop_histd
ok $? "histd ends"
probe seven
sql "select pg_sleep(0.6) /* while it is away */"
start_histd
probe eight
poll saw eight seven && ! has pg_log_errors 'f("message") ~ /probe_six/'
ok $? "after a restart it goes on where it was: what happened meanwhile is there, what was there before is not"
poll events 'f("kind") == "slow_query" && f("query") == "select pg_sleep(?)" && f("duration_us") >= 600000' 1
ok $? "so are events, once"
"$histctl" dump "$store" pg_log_detailed_events "$began" | cut -f 2-6 | sort >"$dir/events"
[ "$(wc -l <"$dir/events")" -gt 30 ] && [ -z "$(uniq -d "$dir/events")" ]
ok $? "no event is there twice"
kill -9 "$pid"
wait "$pid" 2>/dev/null
probe nine
for i in $(printf '%s\n' $first csv log | sort -u); do mv "$(newest "$i")" "$logs/old.$i.1"; done
sleep 1.1
sql 'select pg_rotate_logfile()'
probe ten
start_histd
poll saw ten nine
ok $? "also after it was killed, and the log renamed and rotated meanwhile"
again
probe eleven
poll saw eleven
ok $? "reading the configuration again loses nothing"
# What was taken just before it was killed may be read again: then it has its number again.
"$histctl" dump "$store" pg_log_detailed_events "$began" |
	awk -F'\t' '{ k = $2 " " $3 } k in t && t[k] != $4 $5 $6 { print } { t[k] = $4 $5 $6 }' >"$dir/other"
[ ! -s "$dir/other" ]
ok $? "a number stands for one event"

# --- as the server says ---

sql "alter system set log_destination = 'csvlog'" 'select pg_reload_conf()'
poll said 'postgres json: log .*csv is read as csvlog'
ok $? "when the server goes over to another format, so does histd"
sql "alter system set log_destination = 'stderr'" 'select pg_reload_conf()'
poll said 'postgres json: log .*log is read as stderr'
ok $? "and to lines, with the server's prefix"
all=json
probe twelve
poll saw twelve
ok $? "which are read"
configure 'log = off'
again
off() { hasnt pg_log_events 'f("server") == "json"' && has pg_log_events 'f("server") == "lines"'; }
poll off
ok $? "a log that is off is not read"
configure "log = $dir/nothing/here.log"
again
poll has sources 'f("table") == "pg_log_events" && f("note") ~ /json: log .*nothing.here.log: No such file/'
ok $? "one that is not there is a line in sources"
stop_histd
ok $? "histd ends well"
"$histctl" verify "$store" >/dev/null
ok $? "the store is whole"

# --- without the collector ---

end_servers
make_server plain 'logging_collector = off'
export PGHOST=$dir/plain
start_server plain
cat >"$conf" <<END
[socket]
path = off
[store]
path = $store
sync = none
[record]
interval = 200ms
tables = load sources pg_log_errors pg_log_events
[postgres.plain]
conninfo = host=$dir/plain user=boss dbname=postgres
END
start_histd
poll said "postgres plain: log $dir/plain.log is read as stderr"
ok $? "a server's standard error is found where it is a file"
all=plain
probe one
poll saw one
ok $? "and read"

done_testing
