#!/usr/bin/env bash
# pg_replica.t -- several servers, one of which copies another; then the copy takes over

. "$(dirname "$0")/postgres.sh"

# That of this version, or of a newer one.
basebackup=$bin/pg_basebackup
[ -x "$basebackup" ] || basebackup=$(find /usr/lib/postgresql/*/bin/pg_basebackup 2>/dev/null | sort -V | tail -n 1)
if [ -z "$basebackup" ] || [ "$("$basebackup" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')" -lt "$major" ]; then
	echo "# SKIPPED: $0 needs a pg_basebackup that is not older than PostgreSQL $major; no copy is recorded" >&2
	echo "1..0 # SKIP needs pg_basebackup"
	exit 0
fi
make_server one 'max_wal_size = 64MB'
make_folder two
cat >"$conf" <<END
[socket]
path = off
[store]
path = $store
sync = none
[record]
interval = 200ms
tables = load sources pg_server pg_stat_activity pg_stat_database pg_stat_replication pg_replication_slots
tables = pg_stat_wal_receiver pg_stat_user_tables
END
for i in one two gone; do
	printf '[postgres.%s]\nconninfo = host=%s\ninterval = 200ms\nslow = 1s\nslowest = 1s\n' "$i" "$dir/$i" >>"$conf"
done

# follow FROM NAME: NAME becomes a copy of FROM
follow() {
	rm -rf "$dir/$2/data"
	as_user "$basebackup" -h "$dir/$1" -D "$dir/$2/data" -R -S copy -X stream -c fast >>"$dir/backup.log" 2>&1
	echo "unix_socket_directories = '$dir/$2'" >>"$dir/$2/data/postgresql.conf"
	start_server "$2"
	again
}

start_server one
psql -h "$dir/one" -qAtc "select pg_create_physical_replication_slot('copy')" \
	-c "create table t(a int); insert into t select generate_series(1, 1000)" >/dev/null
start_histd
poll has pg_server 'f("server") == "one"'
ok $? "one server of three is there, and is recorded"
poll has sources 'f("table") == "pg_server" && f("state") == "ok" && f("note") ~ /gone: .*No such file/ && f("note") ~ /two: /'
ok $? "why the others are not is one line of the table sources"
! has pg_server 'f("server") != "one"'
ok $? "and they have no rows"
poll has pg_replication_slots 'f("server") == "one" && f("slot_name") == "copy" && f("active") == 0 &&
	f("active_pid") == "\\N" && f("restart_bytes") == "\\N"'
ok $? "a slot that nobody used yet has no position, not position 0"

follow one two
ok $? "a copy can be made"
poll has pg_server 'f("server") == "two" && f("in_recovery") == 1'
ok $? "the copy is recorded, and is in recovery"
poll has pg_server 'f("server") == "one" && f("in_recovery") == 0'
ok $? "the other one is not"
poll has pg_stat_replication 'f("server") == "one" && f("state") == "streaming" && f("sync_state") == "async" &&
	f("replayed_bytes") > 0 && f("lag_bytes") >= 0'
ok $? "who sends knows how far the other one is"
walsender=$(poll rows pg_stat_replication 'f("server") == "one"' 'f("pid")')
poll has pg_replication_slots "f(\"server\") == \"one\" && f(\"slot_name\") == \"copy\" && f(\"active\") == 1 &&
	f(\"active_pid\") == $walsender && f(\"restart_bytes\") > 0 && f(\"kept_bytes\") >= 0"
ok $? "its slot is used by the same process"
poll has pg_stat_activity "f(\"server\") == \"one\" && f(\"pid\") == $walsender && f(\"backend_type\") == \"walsender\""
ok $? "which is a session"
poll has pg_stat_wal_receiver 'f("server") == "two" && f("status") == "streaming" && f("slot_name") == "copy" && f("received_tli") == 1'
ok $? "who receives knows from which slot"
poll has pg_stat_user_tables 'f("server") == "two" && f("relname") == "t"'
ok $? "tables of the copy are there"

as_user kill -STOP "$(pgrep -P "${postmaster[two]}" -f walreceiver)"
psql -h "$dir/one" -qc 'insert into t select generate_series(1, 20000)'
poll has pg_stat_replication 'f("server") == "one" && f("lag_bytes") > 1000000'
ok $? "a copy that stays behind is seen by the bytes it lacks"
as_user kill -CONT "$(pgrep -P "${postmaster[two]}" -f walreceiver)"
poll has pg_stat_replication 'f("server") == "one" && f("lag_bytes") < 1000000'
ok $? "and so is that it has caught up"

# --- failing over ---

stop_server one
psql -h "$dir/two" -qAtc 'select pg_promote()' -c "select pg_create_physical_replication_slot('copy')" >/dev/null
poll has pg_server 'f("server") == "two" && f("in_recovery") == 0'
ok $? "a copy that took over is no longer in recovery"
receives_not() { ! has pg_stat_wal_receiver "f(\"server\") == \"$1\""; }
poll receives_not two
ok $? "and receives nothing"
one_is_gone() { ! has pg_server 'f("server") == "one"' && ! has pg_stat_replication 'f("server") == "one"'; }
poll one_is_gone
ok $? "the server that is gone has no rows"
follow two one
poll has pg_stat_replication 'f("server") == "two" && f("state") == "streaming"'
ok $? "who received sends now"
poll has pg_stat_wal_receiver 'f("server") == "one" && f("status") == "streaming" && f("received_tli") == 2'
ok $? "and who sent receives"
nobody_both() { ! has pg_stat_replication 'f("server") == "one"' && ! has pg_stat_wal_receiver 'f("server") == "two"'; }
poll nobody_both
ok $? "nobody does both"

psql -h "$dir/two" -qc 'insert into t select generate_series(1, 1000)'
stop_histd
ok $? "histd ends well"
"$histctl" verify "$store" >/dev/null
ok $? "the store is whole"
# Counters of two servers that became others: a rate is missing, and never below 0.
rates() {
	for i in $("$histctl" ls "$store" hour); do
		for k in $("$histctl" ls "$store" "hour/$i"); do
			"$histctl" cat "$store" "rate/$i/$k/pg_stat_database" 2>/dev/null
		done
	done
}
rates >"$dir/rates"
[ -s "$dir/rates" ] && ! grep -P '\t-[0-9]' "$dir/rates"
ok $? "no rate is below 0"

done_testing
