#!/usr/bin/env bash
# pg_trouble.t -- PostgreSQL servers that refuse, hang, start and die, and who is let in: the machine is recorded all the same

. "$(dirname "$0")/postgres.sh"

make_server pg "shared_preload_libraries = 'pg_stat_statements'" 'max_connections = 20' 'superuser_reserved_connections = 3' \
	"password_encryption = 'scram-sha-256'" 'log_connections = on' "log_line_prefix = '%a %u '" 'restart_after_crash = on'
export PGHOST=$dir/pg
secret="a b'c\\d\"e"
cat >"$dir/hba" <<END
local all rejected reject
local all secretive scram-sha-256
END
cat "$dir/pg/data/pg_hba.conf" >>"$dir/hba"
cat "$dir/hba" >"$dir/pg/data/pg_hba.conf"
start_server pg

# configure SECTION CONNINFO [SECTION CONNINFO]...
configure() {
	cat >"$conf" <<-END
		[socket]
		path = off
		[store]
		path = $store
		sync = none
		[record]
		interval = 200ms
		tables = load histd sources pg_server pg_stat_activity pg_stat_database pg_stat_bgwriter pg_settings
		tables = pg_stat_statements pg_stat_user_tables pg_relation_size pg_database pg_lock_tree
	END
	while [ $# -gt 0 ]; do
		printf '[postgres.%s]\nconninfo = %s\ninterval = 200ms\nslow = 1s\nslowest = 1s\n' "$1" "$2" >>"$conf"
		shift 2
	done
	[ -z "$pid" ] || again
}

# --- who is let in ---

psql -q -v secret="$secret" <<'END'
create extension pg_stat_statements;
create role rejected login;
create role secretive login password :'secret';
create role lowly login;
create table t(a int primary key);
create database closed;
revoke connect on database closed from public;
revoke select on pg_stat_bgwriter from public;
END
# A colon and a backslash are escaped there.
echo "*:*:*:secretive:a b'c\\\\d\"e" >"$dir/passwords"
chmod 600 "$dir/passwords"
printf '[there]\nhost=%s\nuser=secretive\ndbname=postgres\npassword=%s\n' "$dir/pg" "$secret" >"$dir/services"
export PGSERVICEFILE=$dir/services
configure quoted "host=$dir/pg user=secretive password='a b\\'c\\\\d\"e'" passfile "host=$dir/pg user=secretive passfile='$dir/passwords'" \
	service 'service=there' wrong "host=$dir/pg user=secretive password=wrong" rejected "host=$dir/pg user=rejected"
start_histd
poll has pg_server 'f("server") == "quoted"'
ok $? "a password with blanks, quotes and backslashes is given as conninfo has it"
poll has pg_server 'f("server") == "passfile"'
ok $? "or is in the file for passwords"
poll has pg_server 'f("server") == "service"'
ok $? "or in the service file"
poll has sources 'f("table") == "pg_server" && f("note") ~ /wrong: .*password authentication failed/'
ok $? "a wrong one is noted"
poll has sources 'f("table") == "pg_server" && f("note") ~ /rejected: .*pg_hba/'
ok $? "and so is a user whom the server does not let in"
! has pg_server 'f("server") == "wrong" || f("server") == "rejected"'
ok $? "who has no rows"
! grep -q -e "a b'c" -e 'password=' "$log"
ok $? "no password is in a message"
in_status() { "$histctl" cat "$store" status | grep -q 'pg_server.*rejected: .*pg_hba'; }
poll in_status
ok $? "in /status it is one line"

# --- who may see little ---

configure low "host=$dir/pg user=lowly" high "host=$dir/pg"
session idle
tell idle 'begin; update t set a = 1;'
poll has pg_stat_activity 'f("server") == "high" && f("application_name") == "idle" && f("state") == "idle in transaction"'
poll has pg_stat_activity 'f("server") == "low" && f("query") == "<insufficient privilege>" && f("state") == "\\N" &&
	f("xact_start_s") == "\\N" && f("pid") > 0 && f("usename") == "boss"'
ok $? "sessions of others have their rows, and what is not shown of them is NULL"
poll has pg_stat_activity 'f("server") == "high" && f("query") ~ /^update t/'
ok $? "who may sees it"
poll has sources 'f("table") == "pg_stat_bgwriter" && f("state") == "ok" && f("note") ~ /^low: .*permission denied/'
ok $? "a table that may not be read is one line in sources"
poll has pg_stat_bgwriter 'f("server") == "high"' && ! has pg_stat_bgwriter 'f("server") == "low"'
ok $? "and has no rows"
poll has pg_database 'f("server") == "low" && f("datname") == "closed" && f("size_bytes") == "\\N"' &&
	poll has pg_database 'f("server") == "low" && f("datname") == "postgres" && f("size_bytes") > 0'
ok $? "the size of a database that one is not let into is NULL"
poll has pg_settings 'f("server") == "low" && f("name") == "work_mem"' && ! has pg_settings 'f("server") == "low" && f("name") == "data_directory"'
ok $? "settings are those that one may see"
poll has pg_stat_user_tables 'f("server") == "low" && f("relname") == "t"'
ok $? "tables are counted for everybody"
hang_up idle

# --- no more connections ---

configure none 'host=/nowhere'
poll has sources 'f("table") == "pg_server" && f("note") ~ /none: /'
for ((k = 0; k < 17; k++)); do
	session "s$k"
	tell "s$k" 'set role lowly; select 1;'
done
full() { [ "$(psql -qAtc "select count(*) from pg_stat_activity where application_name ~ '^s[0-9]'")" = 17 ]; }
poll full
configure low "host=$dir/pg user=lowly"
poll has sources 'f("table") == "pg_server" && f("note") ~ /low: .*(remaining connection slots|too many clients)/'
ok $? "a server that has no connection left is noted"
poll said 'remaining connection slots\|too many clients'
[ "$(grep -c 'remaining connection slots\|too many clients' "$log")" = 1 ]
ok $? "and said once"
for ((k = 0; k < 17; k++)); do hang_up "s$k"; done
poll has pg_server 'f("server") == "low"'
ok $? "it is recorded when there is one"

# --- a server that hangs as a whole ---

# Connections that were ever made to the first database, by the server's own log. Before 12 it does not say whose.
connected() { grep -c 'connection authorized: user=boss database=postgres' "$dir/pg.log"; }
missed() { rows histd 1 'f("missed_ticks")'; }
ticks() { rows histd 1 'f("ticks")'; }
configure main "host=$dir/pg"
poll has pg_stat_activity 'f("server") == "main"'
poll has pg_stat_user_tables 'f("server") == "main"'
mapfile -t all < <(family pg)
kill -STOP "${all[@]}"
poll has sources 'f("table") == "pg_stat_activity" && f("note") ~ /no answer/'
ok $? "a server that stands still is noted"
before=$(ticks) missed=$(missed) connected=$(connected)
again
poll has sources 'f("table") == "pg_stat_activity" && f("note") ~ /no answer/'
again
later() { [ "$(ticks)" -ge $((before + 15)) ]; }
poll later
ok $? "the machine is recorded meanwhile"
# A machine that is too busy misses some, whatever the server does: of a few times one has to be without.
missed_none() { [ "$missed" -ge 0 ] && [ "$(missed)" = "$missed" ]; }
for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
	missed_none && break
	before=$(ticks) missed=$(missed)
	again
	poll later
done
missed_none
ok $? "no tick was missed"
kill -CONT "${all[@]}"
poll has pg_stat_activity 'f("server") == "main"'
ok $? "it goes on when the server does"
[ "$connected" -gt 0 ] && [ "$(connected)" = "$connected" ]
ok $? "with the connection that it had, though the configuration was read again twice"

# --- killed in the middle of a question ---

backend=$(psql -qAtc "select pid from pg_stat_activity where application_name = 'histd' and datname = 'postgres'")
kill -STOP "$backend"
poll has sources 'f("table") == "pg_stat_activity" && f("note") ~ /no answer/'
kill -9 "$backend"
poll has pg_stat_activity 'f("server") == "main" && f("backend_type") == "checkpointer"'
ok $? "a session that was killed in the middle of a question is begun anew, when the server has recovered"

# --- starting ---

stop_server pg
recovery=postgresql.conf
[ "$major" -ge 12 ] || recovery=recovery.conf
as_user touch "$dir/pg/data/recovery.signal" "$dir/pg/data/$recovery"
printf '%s\n' "restore_command = 'until [ -e $dir/go ]; do sleep 0.1; done; false'" >>"$dir/pg/data/$recovery"
launch pg
again
poll has sources 'f("table") == "pg_server" && f("note") ~ /starting up|not yet accepting/'
ok $? "a server that starts is noted"
poll has load 1
ok $? "and hinders nothing"
touch "$dir/go"
again
poll has pg_server 'f("server") == "main" && f("in_recovery") == 0'
ok $? "and recorded when it has started"

# --- elsewhere ---

configure main "host=$dir/pg,$dir/pg port=5432,5433"
poll has pg_server 'f("server") == "main"'
stop_server pg
PGPORT=5433 start_server pg -p 5433
again
poll has pg_server 'f("server") == "main"'
ok $? "a server that comes back on another port of the configuration is recorded there"

stop_histd
ok $? "histd ends well"
"$histctl" verify "$store" >/dev/null
ok $? "the store is whole"
done_testing
