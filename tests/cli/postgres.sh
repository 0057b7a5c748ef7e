# postgres.sh -- what the tests with real PostgreSQL servers share: servers in a folder of the test's own, histd, rows
# shellcheck shell=bash
# shellcheck disable=SC2034 # variables are for those who include this
#
# Servers are on Unix sockets, $dir/NAME, as user boss without a password. Waits for what is to happen, at most minutes each:
# also for rows that are there for long, as a server that is late is left out of a snapshot.
#
# PG_BIN=/path/to/bin, in which initdb and postgres of another version lie: that one is recorded. The folder must be
# readable for user postgres, or nobody, when the test runs as root.

BUILD=${BUILD:-build}
histd=$BUILD/histd histctl=$BUILD/histctl
n=0 pid='' failed=''
declare -A postmaster fd

bin=${PG_BIN:-$(find /usr/lib/postgresql/*/bin -maxdepth 0 2>/dev/null | sort -V | tail -n 1)}
if [ ! -x "$bin/initdb" ] || ! command -v psql >/dev/null; then
	echo "# SKIPPED: $0 needs PostgreSQL (initdb, postgres, psql); no server is recorded in these tests" >&2
	echo "1..0 # SKIP needs PostgreSQL"
	exit 0
fi

major=$("$bin/postgres" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')

dir=$(mktemp -d "${TMPDIR:-/tmp}/histfs-test-XXXXXX") || exit 1
store=$dir/store conf=$dir/histd.conf log=$dir/log
: >"$log"
chmod 711 "$dir"
user=$(id -un)
if [ "$(id -u)" = 0 ]; then
	user=$(id -un postgres 2>/dev/null || echo nobody)
fi
export PGUSER=boss PGDATABASE=postgres LC_ALL=C
unset PGHOST PGPORT PGSERVICE PGOPTIONS PGPASSFILE

cleanup() {
	[ -n "$pid" ] && kill -9 "$pid" 2>/dev/null
	end_servers
	jobs -p | xargs -r kill -9 2>/dev/null
	wait 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT

# As the servers' user: they refuse to be root.
as_user() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups "$@"
	else
		"$@"
	fi
}

# ok STATUS NAME
ok() {
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		failed=1
		echo "not ok $n - $2"
		sed 's/^/# /' "$log"
	fi
}

# poll COMMAND...: until it succeeds
poll() {
	local tries
	for ((tries = 0; tries < 1800; tries++)); do
		"$@" && return 0
		sleep 0.1
	done
	return 1
}

# done_testing: the plan; the status of the whole
done_testing() {
	echo "1..$n"
	[ -z "$failed" ]
}

# --- servers ---

# make_folder NAME: of a server whose data come from elsewhere
make_folder() {
	mkdir "$dir/$1"
	chown "$user" "$dir/$1"
}

# make_server NAME [SETTING...]
make_server() {
	local name=$1
	shift
	make_folder "$name"
	as_user "$bin/initdb" -D "$dir/$name/data" -A trust -U boss -N --locale=C >"$dir/initdb.log" 2>&1 || {
		sed 's/^/# /' "$dir/initdb.log"
		ok 1 "a server can be made"
		exit 1
	}
	printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$dir/$name'" 'fsync = off' \
		'dynamic_shared_memory_type = mmap' "$@" \
		>>"$dir/$name/data/postgresql.conf"
}

# launch NAME [ARGUMENT...]: does not wait
launch() {
	local name=$1
	shift
	(cd "$dir/$name" && as_user "$bin/postgres" -D "$dir/$name/data" "$@" >>"$dir/$name.log" 2>&1 </dev/null &)
	poll test -s "$dir/$name/data/postmaster.pid"
	postmaster[$name]=$(head -n 1 "$dir/$name/data/postmaster.pid")
}
answers() { psql -h "$dir/$1" -qAtc 'select 1' >/dev/null 2>&1; }
start_server() {
	launch "$@"
	poll answers "$1"
}

# family NAME: the process ids of a server
family() { echo "${postmaster[$1]}" && pgrep -P "${postmaster[$1]}"; }
# members NAME: all processes that work in its data, also those whose postmaster is gone
members() { find /proc -mindepth 2 -maxdepth 2 -name cwd -lname "*/${dir##*/}/$1/data" 2>/dev/null | cut -d / -f 3; }
# As long as one of them is left, one that was forked a moment ago or takes long to die, the server cannot begin anew.
is_killed() {
	local left
	mapfile -t left < <(members "$1")
	[ ${#left[@]} = 0 ] && return
	kill -9 "${left[@]}" 2>/dev/null
	return 1
}
# stop_server NAME: at once, without a word
stop_server() {
	[ -n "${postmaster[$1]-}" ] || return 0
	kill -9 "${postmaster[$1]}" 2>/dev/null
	poll is_killed "$1"
	rm -f "$dir/$1/data/postmaster.pid"
	unset "postmaster[$1]"
}
# end_servers: as their administrator would, so that the kernel keeps no memory of theirs; or at once, where that takes long
end_servers() {
	local i p tries
	for i in "${!postmaster[@]}"; do
		for p in $(members "$i"); do kill -CONT "$p" 2>/dev/null; done
		kill -INT "${postmaster[$i]}" 2>/dev/null
	done
	for i in "${!postmaster[@]}"; do
		for ((tries = 0; tries < 300; tries++)); do
			[ -z "$(members "$i")" ] && break
			sleep 0.1
		done
		stop_server "$i"
	done
}

# count_histd NAME DATABASE: connections
count_histd() {
	psql -h "$dir/$1" -qAtc "select count(*) from pg_stat_activity where application_name = 'histd' and datname = '$2'"
}

# --- histd ---

start_histd() {
	rm -f "$dir/ready"
	mkfifo "$dir/ready"
	"$histd" -c "$conf" --ready-fd 3 3>"$dir/ready" 2>>"$log" &
	pid=$!
	[ "$(timeout 600 head -n 1 "$dir/ready")" = ready ]
}
stop_histd() {
	kill -TERM "$pid"
	wait "$pid"
	set -- $?
	pid=
	return "$1"
}

# Pauses between tries to connect grow; whoever reads the configuration again tries at once.
again() { kill -HUP "$pid"; }

said() { grep -q -e "$1" "$log"; }

# rows TABLE CONDITION [WHAT]: prints WHAT of the rows of now for which CONDITION holds; f(NAME) is a column. Fails if
# there are none.
rows() {
	"$histctl" cat "$store" "now/$1" 2>/dev/null | awk -F'\t' "
		function f(name) { return (name in c) ? \$(c[name]) : \"no such column\" }
		NR == 1 { for (i = 1; i <= NF; i++) c[\$i] = i; next }
		$2 { print ${3:-1}; n++ }
		END { exit n == 0 }"
}
has() { rows "$@" >/dev/null; }
hasnt() { [ "$("$histctl" cat "$store" "now/$1" 2>/dev/null | wc -l)" -gt 0 ] && ! has "$@"; }

# --- sessions ---

# session NAME: a session that reads statements from descriptor, kept in the array
session() {
	mkfifo "$dir/$1"
	PGAPPNAME=$1 psql -qAtX <"$dir/$1" >>"$dir/psql.log" 2>&1 &
	exec {f}>"$dir/$1"
	fd[$1]=$f
}
tell() { echo "$2" >&"${fd[$1]}"; }
hang_up() {
	tell "$1" 'rollback; \q'
	eval "exec ${fd[$1]}>&-"
}
