#!/usr/bin/env bash
# postgres.t -- a real PostgreSQL server recorded: what was done is what the rows say, and it may go away at any time

. "$(dirname "$0")/postgres.sh"

echo "# $("$bin/postgres" --version), of $bin"
plans=$(find "$bin/.." -name pg_store_plans.so -printf 'pg_store_plans, ' -quit)
make_server pg "shared_preload_libraries = '${plans}pg_stat_statements'" 'pg_store_plans.min_duration = 0' \
	'deadlock_timeout = 60s'
export PGHOST=$dir/pg
cat >"$conf" <<END
[socket]
path = off
[store]
path = $store
sync = none
[record]
interval = 200ms
tables = load sources pg_server pg_stat_activity pg_stat_database pg_stat_bgwriter pg_lock_tree pg_stat_progress
tables = pg_stat_wal pg_stat_io pg_stat_slru pg_stat_archiver pg_stat_statements pg_settings pg_stat_user_tables
tables = pg_stat_user_indexes pg_stat_replication pg_replication_slots pg_stat_wal_receiver pg_database
tables = pg_relation_size pg_stat_statements_info pg_store_plans pg_server_down
[postgres.main]
conninfo = host=$dir/pg user=boss dbname=postgres password='a b\\'c'
interval = 200ms
slow = 1s
slowest = 1s
END

# --- not there at first ---

began=$(date -u +%FT%T)
start_histd
ok $? "a server that is not there hinders nothing"
poll said 'postgres main: .*No such file'
ok $? "and it is said"
poll has sources 'f("table") == "pg_stat_activity" && f("state") == "not here" && f("note") ~ /^main: .*No such file/'
ok $? "the table sources says why its tables are absent"
locks_say() { "$histctl" cat "$store" now/pg_locks 2>/dev/null | grep -q -e "$1"; }
poll locks_say '^main has not answered yet: .*No such file'
ok $? "and pg_locks says that nothing is known of locks"
start_server pg
poll said 'postgres main: version .*, recorded'
ok $? "it is recorded once it is there"
[ "$(grep -c 'postgres main: .*No such file' "$log")" = 1 ]
ok $? "that it was not there is said once, not at every try"

# --- what was done ---

psql -qc 'create database "an other"' -c 'create extension pg_stat_statements'
psql -q -d 'an other' -c 'create table elsewhere(a int)'
psql -q -c 'create table t(a int primary key, b text)' -c "insert into t select i, 'x' from generate_series(1, 1000) i"
poll has pg_stat_user_tables 'f("relname") == "t" && f("n_tup_ins") == 1000 && f("datname") == "postgres"'
ok $? "rows that were inserted are counted"
poll has pg_stat_user_tables 'f("relname") == "elsewhere" && f("datname") == "an other"'
ok $? "tables of another database are there, whose name has a blank"
poll has pg_stat_user_indexes 'f("indexrelname") == "t_pkey"'
ok $? "so are indexes"
poll has pg_relation_size 'f("relname") == "t" && f("size_bytes") >= 8192'
ok $? "and the sizes of both"
poll has pg_database 'f("datname") == "an other" && f("size_bytes") > 1000000 && f("xid_age") != "\\N"'
ok $? "databases have sizes and ages"
poll has sources 'f("table") == "pg_stat_io" && (f("state") == "ok" || f("note") ~ /not in version/)'
ok $? "a view that this version does not have is one line in sources"

before=$(poll rows pg_stat_database 'f("datname") == "postgres"' 'f("xact_commit")')
for _ in 1 2 3 4 5 6 7 8 9 10; do echo 'select 1 + 1;'; done | psql -qAtX >/dev/null
poll has pg_stat_database "f(\"datname\") == \"postgres\" && f(\"xact_commit\") >= $before + 10"
ok $? "transactions are counted by database"
# shellcheck disable=SC2016 # as the server shows it
poll has pg_stat_statements 'f("query") ~ /^select \$1 \+ \$2/ && f("calls") == 10 && f("datname") == "postgres"'
ok $? "a statement has its calls and its text"
# asked WHAT: how often histd has read statements, with WHAT behind their keys
asked() { psql -qAtc "select coalesce(sum(calls), 0) from pg_stat_statements where query ~ '^SELECT userid, dbid, queryid, $1'"; }
# Three rounds without texts between two with them, if they are asked for at all.
rest() {
	local now
	now=$(asked 'query FROM')
	[ "$now" = "$texts" ] || { texts=$now rounds=$(asked '.*calls, rows'); }
	[ "$now" -gt 0 ] && [ "$(asked '.*calls, rows')" -ge $((rounds + 3)) ]
}
texts='' rounds=0
poll rest
ok $? "a text is not asked for again"
if [ "$plans" ]; then
	psql -q -c 'create extension pg_store_plans' -c 'select count(*) from t where a < 500' >/dev/null
	poll has pg_store_plans 'f("plan") ~ /Aggregate.*Scan.* on t/ && f("calls") >= 1 && f("usename") == "boss" && f("datname") == "postgres"'
	ok $? "a plan has its calls and its text"
	statement=$(poll rows pg_store_plans 'f("plan") ~ /Aggregate.*Scan.* on t/' 'f("stmt_queryid")' | head -n 1)
	poll has pg_stat_statements "f(\"queryid\") == \"$statement\" && f(\"query\") ~ /^select count/"
	ok $? "and is one of the statement"
else
	echo "# SKIPPED: this server has no pg_store_plans; no plans are recorded in this test" >&2
	poll has sources 'f("table") == "pg_store_plans" && f("note") == "main: the extension is not there in database postgres"'
	ok $? "an extension that is not there is one line in sources"
fi
psql -qc "/* hush */ create role r password 'topsecret'"
poll has pg_stat_statements 'f("query") ~ /hush/'
"$histctl" cat "$store" now/pg_stat_statements | grep -q topsecret
[ $? = 1 ]
ok $? "secrets in its text are blanked"
poll has pg_settings 'f("name") == "work_mem" && f("setting") == "4096"'
ok $? "settings are recorded"
psql -qc "alter system set work_mem = '8MB'" -c 'select pg_reload_conf()' >/dev/null
poll has pg_settings 'f("name") == "work_mem" && f("setting") == "8192" && f("source") == "configuration file"'
ok $? "and that one was changed"
now=$(date +%s)
poll has pg_server "f(\"in_recovery\") == 0 && f(\"now_s\") > $now - 60 && f(\"now_s\") < $now + 60 && f(\"version\") ~ /^[0-9]/"
ok $? "the server tells its own time"

poll hasnt sources 'f("table") ~ /^pg_/ && f("state") != "ok" && f("note") !~ /^main: (not in version [0-9.]+( of the extension)?|the extension is not there in database postgres)$/'
ok $? "every table is there, or the version does not have it"

# --- sessions and locks ---

session idle
tell idle 'begin; update t set b = 1 where a = 1;'
poll has pg_stat_activity 'f("application_name") == "idle" && f("state") == "idle in transaction" && f("query") ~ /^update t/ &&
	f("xact_start_s") > f("backend_start_s") && f("xact_start_s") <= f("state_change_s") && f("backend_xid") != "\\N"'
ok $? "an idle transaction is seen, with its times and its statement"
root=$(poll rows pg_stat_activity 'f("application_name") == "idle"' 'f("pid")')
poll hasnt pg_lock_tree 'f("server") != ""'
ok $? "nobody waits"
session first
tell first 'begin; update t set b = 2 where a = 1;'
poll has pg_stat_activity 'f("application_name") == "first" && f("wait_event_type") == "Lock"'
first=$(poll rows pg_stat_activity 'f("application_name") == "first"' 'f("pid")')
session second
tell second 'begin; update t set b = 3 where a = 1;'
poll has pg_stat_activity 'f("application_name") == "second" && f("wait_event_type") == "Lock"'
ok $? "in the sessions it is seen who waits for locks"
second=$(poll rows pg_stat_activity 'f("application_name") == "second"' 'f("pid")')
poll has pg_lock_tree "f(\"pid\") == ${second:-0}"
ok $? "a pile-up is seen"
poll has pg_lock_tree "f(\"pid\") == $root && f(\"depth\") == 0 && f(\"granted\") == 1"
ok $? "at its root is the idle transaction"
began_s() { rows "$1" "f(\"pid\") == $first" 'f("xact_start_s") " " f("query_start_s")'; }
same_times() { [ -n "$(began_s pg_lock_tree)" ] && [ "$(began_s pg_lock_tree)" = "$(began_s pg_stat_activity)" ]; }
poll same_times
ok $? "its transaction and statement are those that the sessions tell"
poll has pg_lock_tree "f(\"pid\") == $first && f(\"depth\") == 1 && f(\"root_pid\") == $root && f(\"waits_for_pid\") == $root &&
	f(\"granted\") == 0 && f(\"locktype\") == \"transactionid\""
ok $? "the first waits for it"
poll has pg_lock_tree "f(\"pid\") == $second && f(\"depth\") == 2 && f(\"root_pid\") == $root &&
	f(\"waits_for_pid\") == $first && f(\"relation\") == \"public.t\" && f(\"xact_start_s\") > 0"
ok $? "the second waits for the first, and for the row of a table whose name is told"
poll has pg_lock_tree "f(\"pid\") == $root && f(\"state\") == \"idle in transaction\" && f(\"query\") ~ /^update t set b = 1/" &&
	poll has pg_lock_tree "f(\"pid\") == $second && f(\"state\") == \"active\" && f(\"query\") ~ /^update t set b = 3/"
ok $? "the tree tells statements itself"
# tree: in the newest snapshot, which stays $seen; what it was like is in $dir/tree
tree() {
	seen=/hour/$("$histctl" ls "$store" /hour | tail -n 1)
	seen=$seen/$("$histctl" ls "$store" "$seen" | tail -n 1)
	"$histctl" cat "$store" "$seen/pg_locks" 2>&1 | awk -v root="$root" -v first="$first" '
		{ print }
		NR == 1 && !/^main, PostgreSQL [0-9.a-z]+, .*: 2 waiting for locks, 1 whom they wait for$/ { exit }
		NR == 3 && !($0 ~ "^  " root " .* idle in transaction +holds ExclusiveLock on transactionid .*, blocks 2$") { exit }
		NR == 4 && !/boss@postgres idle Client\/ClientRead: update t set b = 1 where a = 1;$/ { exit }
		NR == 5 && !($0 ~ "^    " first " .* active +ShareLock on transactionid [0-9]*, behind " root "$") { exit }
		NR == 7 && !($0 ~ "^      [0-9]+ .* on tuple 0/[0-9]* of postgres.public.t, behind .*" first) { exit }
		END { exit NR != 8 }' >"$dir/tree"
}
poll tree
as_a_tree=$?
cat "$dir/tree" >>"$log"
[ $as_a_tree = 0 ]
ok $? "pg_locks tells it as a tree"
summary_has() { "$histctl" cat "$store" now/summary 2>/dev/null | grep -q -e "$1"; }
poll summary_has "main blocked: 2 by $root, idle in transaction .*, boss@postgres idle: "
ok $? "the summary names the root"
hang_up idle
hang_up first
hang_up second
poll hasnt pg_lock_tree 'f("server") != ""'
ok $? "when the root is gone, so is the tree"
poll locks_say '^main, .*: nobody waits for a lock$'
ok $? "pg_locks says that nobody waits"

# --- commands that tell how far they are ---

# Each is held up for as long as it is looked at: by its own pace, by a function that sleeps, by input that does not come.
version=$(psql -qAtc 'show server_version_num')
psql -q <<END
create function slow(int) returns int language plpgsql immutable as 'begin perform pg_sleep(current_setting(''my.sleep'')::float); return \$1; end';
set my.sleep = 0;
create table paced with (autovacuum_enabled = off) as select i a from generate_series(1, 200000) i;
create table indexed as select 1 a;
create table clustered as select 1 a;
create index ordered on clustered (a);
create index slowly on clustered (slow(a));
create table copied(a int);
END
progress() { poll has pg_stat_progress "f(\"datname\") == \"postgres\" && $1"; }
for kind in vacuum analyze; do
	session $kind
	tell $kind "set vacuum_cost_delay = 100; set vacuum_cost_limit = 1; $kind paced;"
	[ $kind = analyze ] && [ "$version" -lt 130000 ] && break
	progress "f(\"kind\") == \"$kind\" && f(\"relation\") == \"public.paced\" && f(\"phase\") ~ /scanning heap|acquiring sample rows/ &&
		f(\"blocks_total\") > 50 && f(\"blocks_done\") > 0"
	ok $? "how far $kind is"
	psql -qAtc "select pg_terminate_backend(pid) from pg_stat_activity where application_name = '$kind'" >/dev/null
done
if [ "$version" -ge 120000 ]; then
	session index
	tell index 'set my.sleep = 600; create index concurrently on indexed (slow(a));'
	progress 'f("kind") == "create index" && f("relation") == "public.indexed" && f("command") == "CREATE INDEX CONCURRENTLY" &&
		f("phase") ~ /^building index/ && f("lockers_total") == 0'
	ok $? "how far an index is"
	session cluster
	tell cluster 'set my.sleep = 600; cluster clustered using ordered;'
	progress 'f("kind") == "cluster" && f("relation") == "public.clustered" && f("command") == "CLUSTER" &&
		f("phase") == "rebuilding index" && f("tuples_done") == 1 && f("tuples_written") == 1 && f("index_relid") != "\\N"'
	ok $? "how far a table that is written anew is"
fi
if [ "$version" -ge 130000 ]; then
	# pg_basebackup is for servers no newer than itself.
	how='FAST MAX_RATE 32'
	[ "$version" -ge 150000 ] && how="(CHECKPOINT 'fast', MAX_RATE 32)"
	psql -qAtX -d 'dbname=postgres replication=true' -c "BASE_BACKUP $how" >/dev/null 2>>"$dir/psql.log" &
	poll has pg_stat_progress 'f("kind") == "base backup" && f("phase") == "streaming database files" && f("parts_total") == 1 &&
		f("bytes_done") > 0 && f("datid") == "\\N"'
	ok $? "how far a copy of the server is"
	kill $! && wait $!
fi
if [ "$version" -ge 140000 ]; then
	session copy
	tell copy $'copy copied from stdin;\n1\n2'
	progress 'f("kind") == "copy" && f("relation") == "public.copied" && f("command") == "COPY FROM" && f("phase") == "PIPE" &&
		f("tuples_excluded") == 0'
	ok $? "how far a table that is read from elsewhere is"
	hang_up copy
fi
psql -qAtc "select pg_terminate_backend(pid) from pg_stat_activity where application_name in ('analyze', 'index', 'cluster')" >/dev/null
poll hasnt pg_stat_progress 'f("kind") != "vacuum"'
ok $? "what has ended is not there"

# --- a table locked for nobody else ---

session locker
tell locker 'begin; lock table t in access exclusive mode;'
poll has pg_relation_size 'f("relname") == "t" && f("size_bytes") == "\\N"'
ok $? "the size of a locked table is not asked for"
poll has pg_relation_size 'f("relname") == "elsewhere" && f("size_bytes") != "\\N"' &&
	poll has pg_stat_user_tables 'f("relname") == "t"' && poll has pg_stat_activity 'f("application_name") == "locker"'
ok $? "all else goes on"
[ "$(psql -qAtc "select max(n) from (select count(*) n from pg_stat_activity where application_name = 'histd' group by datname) c")" -le 1 ]
ok $? "there is one connection to a database"
hang_up locker
poll has pg_relation_size 'f("relname") == "t" && f("size_bytes") != "\\N"'
ok $? "it is asked for again afterwards"

# A lock on the catalogue itself: the question fails, and nothing piles up.
session locker2
tell locker2 'begin; lock table pg_catalog.pg_database in access exclusive mode;'
poll has sources 'f("table") == "pg_database" && f("state") == "not here" && f("note") ~ /lock timeout/'
ok $? "a lock on the catalogue fails what needs it, and sources says so"
poll has pg_server 'f("server") == "main"'
ok $? "what does not need it goes on"
tell locker2 'commit;'
poll has pg_database 'f("datname") == "postgres"'
ok $? "it is there again afterwards"
hang_up locker2

# --- a server that hangs, dies, comes back ---

backend=$(psql -qAtc "select pid from pg_stat_activity where application_name = 'histd' and datname = 'postgres'")
kill -STOP "$backend"
poll has sources 'f("table") == "pg_stat_activity" && f("note") ~ /no answer/'
ok $? "a connection that does not answer makes the tables absent"
[ "$(count_histd pg postgres)" = 1 ]
ok $? "no second connection is made beside it"
kill -CONT "$backend"
poll has pg_stat_activity 'f("backend_type") == "checkpointer"'
ok $? "it goes on when the answer comes"

stop_server pg
poll has sources 'f("table") == "pg_stat_activity" && f("state") == "not here" && f("note") != "\\N"'
ok $? "a server that was killed is noted"
poll locks_say '^main has not answered since 20[0-9T:.-]*Z: '
ok $? "pg_locks says since when nothing is known of locks"
poll summary_has 'POSTGRES not asked: main: '
ok $? "the summary says that"
poll has load 1
ok $? "the machine is recorded all the same"
recorded=$(grep -c 'postgres main: version' "$log")
start_server pg
poll has pg_stat_activity 'f("backend_type") == "checkpointer"'
ok $? "and recorded again when it is back"
poll locks_say '^main, .*: nobody waits for a lock$'
ok $? "pg_locks knows it then"
# Before all of its first round was answered, no more is said than that the server was not there.
recorded_again() { [ "$(grep -c 'postgres main: version' "$log")" -gt "$recorded" ]; }
poll recorded_again

lost=$(grep -c 'postgres main: .*it is tried again' "$log")
psql -qAtc "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'histd'" >/dev/null
said_more() { [ "$(grep -c 'postgres main: .*it is tried again' "$log")" -gt "$lost" ]; }
poll said_more
ok $? "a session that was ended is said"
poll has pg_stat_activity 'f("backend_type") == "checkpointer"'
ok $? "and begun anew"

stop_histd
ok $? "histd ends well"
"$histctl" verify "$store" >/dev/null
ok $? "the store is whole"
rows_of_hour() { "$histctl" dump "$store" pg_lock_tree "$began" 2>/dev/null | grep -cw "$root"; }
[ "$(rows_of_hour)" -gt 0 ]
ok $? "the pile-up is told when it is long gone"
"$histctl" cat "$store" "$seen/pg_locks" | grep -q "^  $root .* blocks 2"
ok $? "and who was at its root"

done_testing
