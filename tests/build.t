#!/usr/bin/env bash
# build.t -- builds without a warning by gcc and clang; the unit tests and fuzzers run clean under the sanitizers
set -u
cd "$(dirname "$0")/.." || exit 1

n=0
failed=0
work=$(mktemp -d "${TMPDIR:-/tmp}/histfs-build.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT

# result STATUS NAME: shows the end of $work/out if it failed.
result() {
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
		return
	fi
	failed=1
	echo "not ok $n - $2"
	tail -40 "$work/out" | sed 's/^/# /'
}

# The suite's own make must not lend its job slots and its variables to these.
build() {
	env -u MAKEFLAGS -u MAKELEVEL -u BUILD make -s -j"$(nproc)" "$@" >"$work/out" 2>&1
}

# run FOLDER: all its programs; their output is kept if one fails.
run() {
	local t bad=0
	: >"$work/out"
	for t in "$1"/*; do
		if [ -x "$t" ] && [ -f "$t" ] && ! "$t" >"$work/one" 2>&1; then
			grep -v '^ok ' "$work/one" >>"$work/out"
			bad=1
		fi
	done
	return "$bad"
}

build B=build/strict CC=gcc WERROR=-Werror tests
result $? "gcc has no warning"
if command -v clang >/dev/null; then
	build B=build/strict-clang CC=clang WERROR=-Werror tests
	result $? "clang has no warning"
else
	n=$((n + 1))
	echo "ok $n - clang has no warning # SKIP clang is not there"
fi
build SAN=address,undefined tests
result $? "it builds with sanitizers"
run build-san/tests/unit
result $? "unit tests run clean with sanitizers"
run build-san/tests/fuzz
result $? "fuzz inputs run clean with sanitizers"
echo "1..$n"
exit "$failed"
