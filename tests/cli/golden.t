#!/usr/bin/env bash
# golden.t -- both readers give of each golden store what was recorded, and agree on a store that histd has just made
set -u
cd "$(dirname "$0")/../.." || exit 1
build=${BUILD:-build}
python=/usr/bin/python3

n=0
failed=0
work=$(mktemp -d "${TMPDIR:-/tmp}/histfs-golden.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT

# result STATUS NAME
result() {
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		failed=1
		echo "not ok $n - $2"
		sed 's/^/# /' "$work/err" | head -20
	fi
}

skip() {
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}

decode() {
	"$python" -B tests/decoder/decode.py "$@"
}

# same FILE FILE: they are, and are not empty.
same() {
	[ -s "$1" ] && cmp "$1" "$2" >>"$work/err" 2>&1
}

if "$python" -c 'import zstandard, xxhash' 2>/dev/null; then
	lacking=
else
	lacking='python3-zstandard and python3-xxhash are not installed'
fi

# What is kept was written by earlier versions; the same written anew has what this one adds.
mkdir "$work/anew"
"$build/tests/tools/mkgolden" "$work/anew" >"$work/err" 2>&1
result $? "the golden stores can be written anew"

for expected in tests/golden/*.expected "$work"/anew/*.expected; do
	store=${expected%.expected}
	name=${store##*/}
	[ "${store%/*}" = tests/golden ] || name="$name, written anew"

	"$build/tests/tools/dumpstore" "$store" >"$work/c" 2>"$work/err"
	same "$work/c" "$expected"
	result $? "the C reader gives of $name what was recorded"
	"$build/histctl" verify "$store" >"$work/err" 2>&1
	[ $? -eq "$([ "${store##*/}" = damaged ] && echo 1 || echo 0)" ]
	result $? "histctl verify finds all of $name well, or tells what is not"
	if [ "$lacking" ]; then
		skip "the independent reader gives of $name what was recorded" "$lacking"
		continue
	fi
	decode dump "$store" >"$work/py" 2>"$work/err"
	same "$work/py" "$expected"
	result $? "the independent reader gives of $name what was recorded"
	"$build/tests/tools/dumpstore" -j "$store" 2>/dev/null |
		"$python" -B tests/decoder/compare_json.py "$store" 2>"$work/err"
	result $? "the JSON of $name is JSON, and the rows that were recorded"
	"$build/tests/tools/dumpseries" "$store" >"$work/c" 2>"$work/err"
	decode series "$store" >"$work/py" 2>>"$work/err"
	same "$work/c" "$work/py"
	result $? "both readers find the same series in $name"
	# What is damaged is told, and nothing else is.
	decode verify "$store" >/dev/null 2>"$work/err"
	if [ "${store##*/}" = damaged ]; then [ -s "$work/err" ]; else [ ! -s "$work/err" ]; fi
	result $? "the independent reader finds every check of $name right, or tells what is not"
done

# lines_of THINGS DUMP READER: STORE.THINGS beside each golden store that has it are what both readers give of it.
lines_of() {
	local expected store name
	for expected in tests/golden/*."$1" "$work"/anew/*."$1"; do
		store=${expected%.*}
		name=${store##*/}
		[ "${store%/*}" = tests/golden ] || name="$name, written anew"
		"$build/tests/tools/$2" "$store" >"$work/c" 2>"$work/err"
		same "$work/c" "$expected"
		result $? "the $1 of $name are those that were put there"
		"$build/histctl" verify "$store" >"$work/err" 2>&1
		result $? "histctl verify finds all $1 of $name well"
		if [ "$lacking" ]; then
			skip "the independent reader gives the $1 of $name" "$lacking"
			continue
		fi
		"$python" -B "tests/decoder/$3" "$store" >"$work/py" 2>"$work/err" && same "$work/py" "$expected"
		result $? "the independent reader gives the $1 of $name"
	done
}

lines_of messages dumptopics topics.py
lines_of records dumppayloads payloads.py

for expected in tests/golden/*.points "$work"/anew/*.points; do
	store=${expected%.points}
	name=${store##*/}
	[ "${store%/*}" = tests/golden ] || name="$name, written anew"
	"$build/tests/tools/dumppoints" "$store" >"$work/c" 2>"$work/err"
	same "$work/c" "$expected"
	result $? "the points of $name are those that were put and not dropped"
	"$build/histctl" verify "$store" >"$work/err" 2>&1
	result $? "histctl verify finds all points of $name well"
	if [ "$lacking" ]; then
		skip "the independent reader gives the points of $name" "$lacking"
		continue
	fi
	"$python" -B tests/decoder/points.py "$store" >"$work/py" 2>"$work/err" && same "$work/py" "$expected"
	result $? "the independent reader gives the points of $name"
done

# newest FILE: the newest record of each key, of all.
newest() {
	LC_ALL=C awk -F'\t' '!seen[$1]++' "$1"
}

# damage STORE: wherever a bit of its log is another one, or it ends early, both readers find the same newest records,
# and no other than those that were put. The index snapshot is not there to tell more.
damage() {
	local log at

	for log in "$1"/payloads/*.log; do
		for ((at = 64; at < $(stat -c %s "$log"); at += 149)); do
			rm -rf "$work/hurt"
			cp -r "$1" "$work/hurt" && rm "$work/hurt/payloads/keys" || return 1
			if [ $((at % 2)) = 0 ]; then
				truncate -s "$at" "$work/hurt/payloads/${log##*/}"
			else
				printf '\377' | dd of="$work/hurt/payloads/${log##*/}" bs=1 seek="$at" conv=notrunc status=none
			fi
			"$build/tests/tools/dumppayloads" "$work/hurt" >"$work/c" 2>/dev/null
			"$python" -B tests/decoder/payloads.py "$work/hurt" >"$work/py" 2>/dev/null
			newest "$work/c" >"$work/newest"
			newest "$work/py" | cmp - "$work/newest" >>"$work/err" || return 1
			if LC_ALL=C grep -avxFf "$1.records" "$work/py" >>"$work/err"; then return 1; fi
		done
	done
}

if [ "$lacking" ]; then
	skip "both readers find the same where payloads are damaged" "$lacking"
else
	: >"$work/err"
	damage tests/golden/payloads
	result $? "both readers find the same where payloads are damaged"
fi

# A store that is alive, then the same after the end of histd.
live() {
	local pid i

	printf '[socket]\npath = off\n[store]\npath = %s/live\n[record]\ninterval = 100ms\n' "$work" >"$work/histd.conf"
	mkfifo "$work/ready"
	"$build/histd" -c "$work/histd.conf" --ready-fd 3 3>"$work/ready" 2>"$work/err" &
	pid=$!
	read -r _ <"$work/ready"
	for ((i = 0; i < 1000; i++)); do
		[ "$(decode list "$work/live" 2>/dev/null | grep -c ^snapshot)" -ge 5 ] && break
		kill -0 "$pid" || break
	done
	kill "$pid"
	wait "$pid"
	"$build/tests/tools/dumpstore" "$work/live" >"$work/c" 2>"$work/err" || return 1
	decode dump "$work/live" >"$work/py" 2>"$work/err" || return 1
	[ "$(grep -c ^snapshot "$work/py")" -ge 5 ] && same "$work/py" "$work/c"
}

if [ "$lacking" ]; then
	skip "both readers agree on what histd has recorded" "$lacking"
elif [ ! -x "$build/histd" ]; then
	skip "both readers agree on what histd has recorded" "there is no $build/histd"
else
	live
	result $? "both readers agree on what histd has recorded"
fi
echo "1..$n"
exit "$failed"
