#!/bin/bash
# readme.t -- the commands that README in the mount tells a person to type
# shellcheck disable=SC2119,SC2317 # functions are called through ok and soon
# shellcheck source=tests/mount/lib.sh
. "$(dirname "$0")/lib.sh"

# Commands are about today, which may end in the middle of them: the store goes on into the next hour.
"$mkstore" -t "$(date -d '29 hours ago' +%Y-%m-%dT%H)" -h 30 -l 30 -i 60 -p 20 "$S" || exit 1
"$B/tests/tools/mktopic" "$S" orders -n 1000 -t "$(date -d '30 minutes ago' +%s)000" || exit 1
ok "a store is mounted" mount_store
cd "$M" || exit 1

# The examples stand behind the last heading, two blanks in front; what they do stands further right.
sed '1,/^From the directory/d' README |
	sed -e ':more' -e '/\\$/{N;s/ *\\\n */ /;b more' -e '}' |
	sed -n 's/^  \(.*\)/\1/p' | sed 's/   *[^ ].*$//' >"$T/commands"
ok "there are examples" test "$(wc -l <"$T/commands")" -ge 8
H=
while read -r command; do
	case $command in
	H=*)
		eval "$command"
		ok "$command" test -d "hour/$H"
		;;
	"tail -f "*)
		: >"$T/out"
		bash -c "H=$H; exec $command" >"$T/out" 2>&1 &
		is "$command" "$(soon test -s "$T/out" && kill $! 2>&1 && echo it goes on)" "it goes on"
		wait $! 2>/dev/null
		;;
	*)
		if ! has "${command%% *}"; then
			skip "$command" "${command%% *} is not installed"
			continue
		fi
		H=$H bash -o pipefail -c "$command" >"$T/out" 2>"$T/errors"
		is "$command" "$? $(test -s "$T/out" && echo text) $(cat "$T/errors")" "0 text "
		;;
	esac
done <"$T/commands"
finish
