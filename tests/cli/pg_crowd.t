#!/usr/bin/env bash
# pg_crowd.t -- a PostgreSQL server with 80 databases and 10 000 tables: every tick is kept, and memory has a bound

# Half a gigabyte of small files.
room=$(df --output=avail -B 1M /dev/shm 2>/dev/null | tail -n 1)
[ "${room:-0}" -lt 2000 ] || export TMPDIR=/dev/shm
. "$(dirname "$0")/postgres.sh"

make_server pg 'max_locks_per_transaction = 512' 'autovacuum = off'
export PGHOST=$dir/pg
start_server pg
for ((i = 0; i < 80; i++)); do echo "create database d$i strategy file_copy;"; done | psql -q
psql -qc "do 'begin for i in 1..10000 loop execute format(''create table t%s(a int)'', i); end loop; end'"
psql -q -d d0 -c 'create table near(a int)'
psql -q -d d79 -c 'create table far(a int)'
cat >"$conf" <<END
[socket]
path = off
[store]
path = $store
sync = none
[record]
interval = 200ms
[postgres.main]
conninfo = host=$dir/pg
interval = 200ms
slow = 5s
slowest = 5s
END
count_tables() { [ "$(rows pg_stat_user_tables 'f("datname") == "postgres"' | wc -l)" -ge 10000 ]; }
start_histd
poll count_tables
ok $? "10 000 tables are recorded"
poll has pg_relation_size 'f("relname") == "t10000" && f("size_bytes") == 0'
ok $? "and their sizes"
poll has pg_stat_user_tables 'f("datname") == "d0" && f("relname") == "near"'
ok $? "tables of other databases beside them"
poll has sources 'f("table") == "pg_stat_user_tables" && f("note") ~ /17 databases are left out/'
ok $? "how many databases are left out is noted"
! has pg_stat_user_tables 'f("relname") == "far"'
ok $? "namely the newest"
poll has pg_database 'f("datname") == "d79" && f("size_bytes") > 0'
ok $? "they are counted all the same"
before=$(poll rows histd 1 'f("ticks")')
more() { [ "$(rows histd 1 'f("ticks")')" -ge $((before + 50)) ]; }
poll more
ok $? "recording goes on while they are visited again"
# A machine that is too busy misses some, whatever is recorded: of a few times one has to be without.
missed=0
missed_none() { [ "$(rows histd 1 'f("missed_ticks")')" = "$missed" ]; }
for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
	missed_none && break
	before=$(rows histd 1 'f("ticks")') missed=$(rows histd 1 'f("missed_ticks")')
	poll more
done
missed_none
ok $? "no tick is missed"
[ "$(psql -qAtc "select max(n) from (select count(*) n from pg_stat_activity where application_name = 'histd' group by datname) c")" -le 1 ]
ok $? "there is one connection to a database"
kib=$(awk '/^VmHWM/ {print $2}' "/proc/$pid/status")
hours=$("$histctl" ls "$store" /hour | wc -l)
echo "# $kib KiB at most, over $hours hours"
# An hour that ends meanwhile is sealed beside recording, which takes a group of it more.
[ "$kib" -lt $((150000 + 100000 * (hours > 1))) ]
ok $? "histd took less than 150 MB"
stop_histd
ok $? "histd ends well"
"$histctl" verify "$store" >/dev/null
ok $? "the store is whole"
done_testing
