#!/bin/bash
# postgres.sh -- what recording a PostgreSQL server costs: its CPU, and bytes in the store
#
#   bench/postgres.sh BUILD_DIR [SECONDS]      after make bench; default 240
#
# BENCH_TABLES: records only the tables whose names match that expression.
#
# A server of its own in a temporary folder, on a Unix socket: 2 000 tables with an index each, 500 statements, pgbench with
# 100 clients. histd records its tables only, every 10 s. Prints the CPU time of histd's sessions as a share of that of all the
# server's processes, and what a snapshot adds to the chunk, by the growth of the second half.
set -eu

here=$(realpath "$(dirname "$0")")
build=$(realpath "${1:?usage: bench/postgres.sh BUILD_DIR [SECONDS]}")
seconds=${2:-240}
bin=$(find /usr/lib/postgresql/*/bin -maxdepth 0 | sort -V | tail -n 1)
dir=$(mktemp -d "${BENCH_DIR:-/tmp}/histfs-bench.XXXXXX")
user=$(id -un)
[ "$(id -u)" != 0 ] || user=$(id -un postgres 2>/dev/null || echo nobody)
histd='' server='' load=''

end() {
	[ -z "$histd" ] || kill "$histd" 2>/dev/null || true
	[ -z "$load" ] || kill "$load" 2>/dev/null || true
	[ -z "$server" ] || kill -INT "$server" 2>/dev/null || true
	wait
	rm -rf "$dir"
}
trap end EXIT
trap 'exit 130' INT TERM HUP

as_user() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups "$@"
	else
		"$@"
	fi
}

chmod 711 "$dir"
mkdir "$dir/pg"
chown "$user" "$dir/pg"
export PGHOST=$dir/pg PGUSER=boss PGDATABASE=postgres LC_ALL=C
as_user "$bin/initdb" -D "$dir/pg/data" -A trust -U boss -N --locale=C >"$dir/initdb.log"
cat >>"$dir/pg/data/postgresql.conf" <<END
listen_addresses = ''
unix_socket_directories = '$dir/pg'
shared_preload_libraries = 'pg_stat_statements'
max_connections = 120
max_locks_per_transaction = 256
synchronous_commit = off
END
as_user "$bin/postgres" -D "$dir/pg/data" >"$dir/pg.log" 2>&1 </dev/null &
until psql -qAtc 'select 1' >/dev/null 2>&1; do sleep 0.2; done
server=$(head -n 1 "$dir/pg/data/postmaster.pid")
psql -qc 'create extension pg_stat_statements'
for ((i = 0; i < 2000; i++)); do
	echo "create table t$i(a int primary key, b text); insert into t$i values (1, 'x');"
done | psql -q
for ((i = 0; i < 500; i++)); do
	echo "select a as column_$i from t$i where a = 1;"
done | psql -qAt >/dev/null
pgbench -i -s 10 -q >/dev/null 2>&1
pgbench -n -c 100 -j 2 -T 86400 >/dev/null 2>&1 &
load=$!

{
	printf '[store]\npath = %s\nsync = none\n[record]\ninterval = 10s\n' "$dir/store"
	sed -n 's/^PG_TABLE([a-z_]*, [0-9]*, "\([a-z_]*\)".*/\1/p' "$here"/../collector/tables/pg_*.c |
		grep -E "${BENCH_TABLES:-.}" | sed 's/^/tables = /'
	printf '[postgres.main]\nconninfo = host=%s user=boss dbname=postgres\n' "$dir/pg"
} >"$dir/histd.conf"

# CPU ticks of a process, its children's that it has waited for included.
ticks() {
	sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | awk '{print $12 + $13 + $14 + $15}'
}
all_ticks() {
	local sum=0 p t
	for p in "$server" $(pgrep -P "$server"); do
		t=$(ticks "$p")
		sum=$((sum + ${t:-0})) # it may have ended
	done
	echo "$sum"
}

# find_backend: histd's session; $backend.
find_backend() {
	backend=
	until [ -n "$backend" ]; do
		kill -0 "$histd" || { cat "$dir/histd.log" >&2; exit 1; }
		sleep 0.5
		backend=$(psql -qAtc "select pid from pg_stat_activity where application_name = 'histd' and datname = 'postgres' limit 1")
	done
}

"$build/histd" -c "$dir/histd.conf" 2>>"$dir/histd.log" &
histd=$!
find_backend
all=$(all_ticks) ours=$(ticks "$backend")
sleep $((seconds / 2))
# A log is read as far as it is whole.
cp -a "$dir/store" "$dir/half"
sleep $((seconds / 2))
ours=$(($(ticks "$backend") - ours)) all=$(($(all_ticks) - all))
kill "$histd"
wait "$histd" || true
histd=

sealed() {
	"$build/bench/replay" seal "$1" | cut -d' ' -f1 >"$dir/n"
	cat "$1"/snapshots/*.chunk | wc -c
}
half_bytes=$(sealed "$dir/half") half_n=$(cat "$dir/n")
bytes=$(sealed "$dir/store") n=$(cat "$dir/n")
awk -v o="$ours" -v a="$all" 'BEGIN {printf "CPU of histd'"'"'s session, share of the server'"'"'s: %.2f %% (%d of %d ticks)\n", 100 * o / a, o, a}'
awk -v h="$half_bytes" -v hn="$half_n" -v b="$bytes" -v n="$n" \
	'BEGIN {printf "chunk: %d bytes with %d snapshots, %d with %d: %.0f bytes a snapshot more\n", h, hn, b, n, (b - h) / (n - hn)}'
