# postgres.sh -- what recording a PostgreSQL server costs: its CPU, and bytes in the store
# shellcheck shell=bash
# shellcheck disable=SC2154 # of lib.sh: build work pid
#
# A server of its own on a Unix socket: 2 000 tables with an index each, 500 statements, pgbench with 100 clients. histd
# records its tables only, every 10 s; bytes are those by which the chunk of all grows over that of the first half, which
# is one group of 60 snapshots against another.
#
# BENCH_POSTGRES_SECONDS: length of the recording, default 1215: two groups of 60 snapshots.

pg_seconds=${BENCH_POSTGRES_SECONDS:-1215}

# As the server's user: it refuses to be root.
as_server() {
	if [ "$(id -u)" = 0 ]; then
		local user
		user=$(id -un postgres 2>"/dev/null" || echo nobody)
		setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups "$@"
	else
		"$@"
	fi
}

# Starts the server in $pg and fills it; sets $server.
start_postgres() {
	local bin i
	bin=$(find /usr/lib/postgresql/*/bin -maxdepth 0 2>"/dev/null" | sort -V | tail -n 1)
	[ -x "$bin/initdb" ] && have psql && have pgbench || return 1
	chmod 711 "$work"
	mkdir "$pg"
	[ "$(id -u)" != 0 ] || chown "$(id -un postgres 2>"/dev/null" || echo nobody)" "$pg"
	as_server "$bin/initdb" -D "$pg/data" -A trust -U boss -N --locale=C >>"$work/output" 2>&1 || return 1
	cat >>"$pg/data/postgresql.conf" <<-END
		listen_addresses = ''
		unix_socket_directories = '$pg'
		shared_preload_libraries = 'pg_stat_statements'
		max_connections = 120
		max_locks_per_transaction = 256
		synchronous_commit = off
	END
	start as_server "$bin/postgres" -D "$pg/data"
	for ((i = 0; i < 300; i++)); do
		! psql -qAtc 'select 1' >"/dev/null" 2>&1 || break
		sleep 0.1
	done
	server=$(head -n 1 "$pg/data/postmaster.pid" 2>"/dev/null") && [ -n "$server" ] || return 1
	psql -qc 'create extension pg_stat_statements' >>"$work/output" 2>&1 || return 1
	for ((i = 0; i < 2000; i++)); do
		echo "create table t$i(a int primary key, b text); insert into t$i values (1, 'x');"
	done | psql -q || return 1
	for ((i = 0; i < 500; i++)); do
		echo "select a as column_$i from t$i where a = 1;"
	done | psql -qAt >"/dev/null"
	pgbench -i -s 10 -q >>"$work/output" 2>&1
}

# CPU ticks of a process, those of its children that it has waited for included.
process_ticks() {
	sed 's/.*) //' "/proc/$1/stat" 2>"/dev/null" | awk '{n = $12 + $13 + $14 + $15} END {print n + 0}'
}
server_ticks() {
	local i
	for i in "$server" $(pgrep -P "$server"); do
		process_ticks "$i"
	done | awk '{n += $1} END {print n}'
}

# chunk_bytes STORE: seals it; sets $n_sealed.
chunk_bytes() {
	n_sealed=$("$build/bench/replay" seal "$1" 2>>"$work/output" | cut -d' ' -f1)
	bytes=$(cat "$1"/snapshots/*.chunk | wc -c)
}

postgres() {
	local pg=$work/pg conf=$work/pg.conf load recorder session server all ours n_sealed bytes half n_half growth left
	export PGHOST=$pg PGUSER=boss PGDATABASE=postgres

	table "PostgreSQL: 100 clients, 2000 tables, 500 statements, every 10 s, $pg_seconds s"
	if ! start_postgres; then
		shout "no PostgreSQL server could be started (initdb, postgres, psql, pgbench): nothing is measured"
		return
	fi
	start pgbench -n -c 100 -j 2 -T 86400
	load=$pid
	{
		printf '[socket]\npath = off\n[store]\npath = %s\nsync = none\n[record]\ninterval = 10s\n' "$work/pg-store"
		sed -n 's/^PG_TABLE([a-z_]*, [0-9]*, "\([a-z_]*\)".*/tables = \1/p' collector/tables/pg_*.c
		printf '[postgres.main]\nconninfo = host=%s user=boss dbname=postgres\n' "$pg"
	} >"$conf"
	left=$((3600 - $(date +%s) % 3600))
	if [ "$left" -lt $((pg_seconds + 30)) ]; then
		note "(waits for the next hour, $left s, as what is recorded is to be one chunk)"
		sleep "$left"
	fi
	start "$build/histd" -c "$conf"
	recorder=$pid
	while session=$(psql -qAtc "select pid from pg_stat_activity where application_name = 'histd' and datname = 'postgres' limit 1"); do
		[ -z "$session" ] && kill -0 "$recorder" 2>"/dev/null" || break
		sleep 0.2
	done
	all=$(server_ticks) ours=$(process_ticks "$session")
	sleep $((pg_seconds / 2))
	# A log is read as far as it is whole.
	cp -a "$work/pg-store" "$work/pg-half"
	sleep $((pg_seconds - pg_seconds / 2))
	ours=$(($(process_ticks "$session") - ours)) all=$(($(server_ticks) - all))
	finish "$recorder"
	finish "$load"
	kill -INT "$server"
	chunk_bytes "$work/pg-half"
	half=$bytes n_half=$n_sealed
	chunk_bytes "$work/pg-store"
	growth=$(awk -v a="$half" -v an="$n_half" -v b="$bytes" -v bn="$n_sealed" 'BEGIN {print (b - a) / (bn - an)}')

	row "histd's session, % of the server's CPU" "$(awk -v o="$ours" -v a="$all" 'BEGIN {print 100 * o / a}')" "" "" "<= 1"
	row "chunk, bytes a snapshot more" "$growth" "" "" "<= 2500"
	row "  an hour's, with what it has once" "$(awk -v b="$bytes" -v n="$n_sealed" -v g="$growth" 'BEGIN {print (b + g * (360 - n)) / 360}')" "" ""
	note "($ours of $all ticks; a chunk of $half bytes with $n_half snapshots, of $bytes with $n_sealed)"
	note "of that growth:"
	bench/bytes "$work/pg-store" | sed -n '1,12s/^/  /p'
}

postgres
