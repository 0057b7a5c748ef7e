#!/usr/bin/env bash
# json.t -- what is put as JSON is JSON for others, and what is refused is none
set -u
cd "$(dirname "$0")/../.." || exit 1

if out=$(/usr/bin/python3 -B tests/decoder/json_oracle.py "${BUILD:-build}/tests/tools/jsoncheck" 2>&1); then
	echo "ok 1 - Python takes the same texts for JSON"
else
	echo "not ok 1 - Python takes the same texts for JSON"
fi
printf '%s\n' "$out" | sed 's/^/# /'
echo 1..1
