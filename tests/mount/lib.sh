# lib.sh -- what the mount tests share: TAP, a store, a mount that is always taken away again
#
# Sourced by the tests. Programs are taken from $BUILD (build). Sets $T, a directory of the test's own, $S, where a store
# goes, and $M, a mount point.

set -u
export LC_ALL=C TZ=UTC
BUILD=${BUILD:-build}
B=$(realpath "$BUILD") || exit 1
histfs=$B/histfs mkstore=$B/tests/tools/mkstore
n_run=0 n_failed=0

if [ "$(id -u)" != 0 ] || [ ! -e /dev/fuse ]; then
	echo "# SKIPPED: $0 needs root and /dev/fuse; nothing of the mount is tested" >&2
	echo "1..0 # SKIP needs root and /dev/fuse"
	exit 0
fi

# As the kernel tells of it, without symbolic links.
T=$(mktemp -d "$(realpath "${TMPDIR:-/tmp}")/histfs-mount-XXXXXX") || exit 1
S=$T/store M=$T/mnt
mkdir "$M" || exit 1

clean_up() {
	cd /
	# Innermost first; a dead mount must go before rm can look at its directory.
	awk -v t="$T/" 'index($5, t) == 1 { print $5 }' /proc/self/mountinfo | tac | while read -r m; do
		umount -l "$m"
	done
	rm -rf "$T"
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP

# ok WHAT COMMAND...: the command succeeds
ok() {
	local what=$1
	shift
	n_run=$((n_run + 1))
	if "$@" >"$T/said" 2>&1; then
		echo "ok $n_run - $what"
	else
		n_failed=$((n_failed + 1))
		sed 's/^/# /' "$T/said"
		echo "not ok $n_run - $what"
	fi
}

# is WHAT GOT WANTED
is() {
	n_run=$((n_run + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $n_run - $1"
	else
		n_failed=$((n_failed + 1))
		echo "# got:    $2"
		echo "# wanted: $3"
		echo "not ok $n_run - $1"
	fi
}

# skip WHAT WHY: said aloud, as what is skipped is not tested
skip() {
	n_run=$((n_run + 1))
	echo "# SKIPPED: $1: $2" >&2
	echo "ok $n_run - $1 # SKIP $2"
}

# has COMMAND
has() {
	command -v "$1" >/dev/null 2>&1
}

finish() {
	echo "1..$n_run"
	[ $n_failed = 0 ]
	exit
}

# soon COMMAND...: the command succeeds within minutes; that it takes longer says nothing but that something is wrong
soon() {
	for _ in $(seq 3600); do
		"$@" && return 0
		sleep 0.05
	done
	return 1
}

mount_store() {
	"$histfs" "$S" "$M" "$@"
}

is_mounted() {
	awk -v m="$M" '$5 == m { n++ } END { exit n == 0 }' /proc/self/mountinfo
}

not() {
	! "$@"
}

# The daemon that serves $M has ended when its mount is gone and the store can be removed; umount waits for the first.
unmount_store() {
	umount "$M"
}

# The process that serves $M.
daemon() {
	local p
	for p in /proc/[0-9]*; do
		[ "$(readlink "$p/exe" 2>/dev/null)" = "$histfs" ] || continue
		tr '\0' '\n' <"$p/cmdline" 2>/dev/null | grep -qxF "$M" && echo "${p#/proc/}"
	done
}

# Every file below a directory: name and checksum of its contents.
sums() {
	(cd "$1" && find . -type f -print0 | sort -z | xargs -0 -r sha256sum)
}
