#!/bin/bash
# payloads.t -- documents in a mount: by key, every version, and what was there at each snapshot
# shellcheck disable=SC2119,SC2317 # functions are called through ok and soon
# shellcheck source=tests/mount/lib.sh
. "$(dirname "$0")/lib.sh"

c=$B/histctl
export HISTFS_SOCKET="$T/socket"
printf '[store]\npath = %s\n[record]\ninterval = 100ms\ntables = load histd\npriority = normal\nlock_memory = 0\n' \
	"$S" >"$T/conf"
printf '[socket]\npath = %s\n' "$HISTFS_SOCKET" >>"$T/conf"
mkfifo "$T/ready"
"$B/histd" -c "$T/conf" --ready-fd 3 3>"$T/ready" 2>"$T/log" &
histd=$!
trap 'kill -9 $histd 2>/dev/null; clean_up' EXIT
[ "$(timeout 600 head -n 1 "$T/ready")" = ready ] || exit 1
# The newest snapshot is of a later second than this. Their number says less, as a listing may be half a second old.
is_later() { [ "$(stat -L -c %Y "$M/now" 2>/dev/null || echo 0)" -gt "$1" ]; }
later() {
	soon is_later "$(date +%s)"
}

ok "a store is mounted while it is recorded into" mount_store
is "without payloads there is a directory with nothing in it" "$(ls -A "$M/payloads")" ""
later
before=$(readlink -f "$M/now")
is "and no link in a snapshot" "$(ls "$before" | grep -c payloads)" 0

printf '{"first": true}' | "$c" put marker-0
wait_for() { soon test -e "$1"; }
ok "a document is there as soon as it was put" wait_for "$M/payloads/marker-0.json"
later
before=$(readlink -f "$M/now")
printf '{"version": 42}' | "$c" put deploy
later
after=$(readlink -f "$M/now")
is "a marker that is put between two snapshots is not in the one" "$(ls "$before/payloads/")" marker-0.json
is "and in the other" "$(cat "$after/payloads/deploy.json")" '{"version": 42}'
printf '{"version": 43}' | "$c" put deploy
"$c" del marker-0
gone() { [ ! -e "$M/payloads/marker-0.json" ]; }
ok "what is deleted is gone from what is there now" soon gone
is "but not from what was" "$(ls "$after/payloads/")" "$(printf 'deploy.json\nmarker-0.json')"
is "nor is what was there then changed" "$(cat "$after/payloads/deploy.json")" '{"version": 42}'
is "it is there now" "$(cat "$M/payloads/deploy.json")" '{"version": 43}'
is "the link is one" "$(stat -c %F "$after/payloads")" "symbolic link"
is "and says its length" "$(readlink -n "$after/payloads" | wc -c)" "$(stat -c %s "$after/payloads")"
is "the times of a document are when it was put" "$(date -u -d "@$(stat -c %Y "$M/payloads/deploy.json")" +%FT%T)" \
	"$("$c" keys "$S" | awk '$1 == "deploy" { print substr($3, 1, 19) }')"
is "every version is below .history" "$(cat "$M"/payloads/.history/deploy/*.json | sort)" \
	"$(printf '{"version": 42}{"version": 43}')"
is "also of what was deleted" "$(ls "$M/payloads/.history/marker-0" | sed 's/.*\.//' | sort | tr '\n' ' ')" \
	"deleted json "
is "which is not listed" "$(find "$M/payloads" | grep -c -e /.history -e /.at)" 0

# Names.
long=$(printf '%0512d' 7)
for k in .. . a/b A/b a,b 'with blank' "$long" ä $'a\xcc\x88'; do printf '1' | "$c" put -s "$k"; done
printf '1' | "$c" put 7
printf '2' | "$c" put -s 7
printf '3' | "$c" put -s 07
head -c 3000000 /dev/urandom | "$c" put -r big
for _ in 1 2 3 4 5; do printf '{"key":"same","value":1}\n{"key":"same","value":2}\n'; done | "$c" import
is "numbers and their digits are two files" "$(soon test -e "$M/payloads/07.json" && cat "$M"/payloads/{7,%37,07}.json)" 123
is "keys that are no names have some" "$(cd "$M/payloads" && cat %2E..json %2E.json a%2Fb.json A%2Fb.json a%2Cb.json 'with blank.json')" 111111
# A listing may be half a second old.
is_listed() { ls "$M/payloads" | grep -q '^with blank'; }
ok "what was put is listed" soon is_listed
is "a long one is cut and found" "$(cat "$M"/payloads/0000000*%~*.json)" 1
is "of two that look the same each is there" "$(find "$M/payloads" -name 'ä.json' -o -name $'a\xcc\x88.json' | wc -l)" 2
is "a large value is read in pieces" "$(sha256sum <"$M/payloads/big.raw")" "$("$c" get "$S" big | sha256sum)"
is "versions of one millisecond are told apart" "$(ls "$M/payloads/.history/same" | wc -l)" 10
is "and each is found by its name" "$(cat "$M"/payloads/.history/same/* | fold -w 1 | sort | uniq -c | tr -s ' ' | tr '\n' ,)" \
	" 5 1, 5 2,"
is "a name that is none is none" "$(stat "$M"/payloads/{deploy,deploy.raw,%64eploy.json,.json,..json} \
	"$M"/payloads/.history/{never,deploy/2026-01-01} "$M/payloads/.at/never" 2>&1 | grep -c 'No such file')" 8
is "a directory knows the one above it" "$(cd "$M/payloads/.history/deploy" && stat -c %i ../.. .. | tr '\n' ' ')" \
	"$(stat -c %i "$M/payloads" "$M/payloads/.history" | tr '\n' ' ')"
is "inode numbers are unique" "$(find "$M"/payloads "$M"/payloads/.history -printf '%i\n' | sort | uniq -d)" ""
is "sizes are exact and blocks not 0" "$(find "$M/payloads" -type f -printf '%s %b %p\n' | while read -r size blocks name; do
	[ "$(wc -c <"$name")" = "$size" ] && [ "$blocks" = $(((size + 511) / 512)) ] || echo "$name"
done)" ""
is "nothing can be written" "$(touch "$M/payloads/x.json" 2>&1 | grep -c 'Read-only')" 1
is "status counts them" "$(awk '$1 == "payloads" { print $2 }' "$M/status")" "$(find "$M/payloads" -type f | wc -l)"
ok "df counts them" test "$(($(stat -f -c '%b * %S' "$M")))" -ge 3000000

# Many, put while the first are listed, then copied.
seq 5000 | awk '{ printf "{\"key\":\"many-%d\",\"value\":%d}\n", $1, $1 }' | "$c" import
many() { [ "$(find "$M/payloads" -name 'many-*' | wc -l)" = 5000 ]; }
ok "many are all listed" soon many
is "each once" "$(find "$M/payloads" -name 'many-*' | sort | uniq -d)" ""
mkdir "$T/copy"
ok "tar takes them" sh -c "cd '$M' && tar -cf - payloads | tar -xf - -C '$T/copy'"
is "to the byte" "$(sums "$M/payloads")" "$(sums "$T/copy/payloads")"
if has rsync; then
	is "rsync has nothing to do then" "$(rsync -ain "$M/payloads" "$T/copy" 2>&1 | grep -v '^\.d')" ""
else
	skip "rsync has nothing to do then" "rsync is not installed"
fi

kill -TERM "$histd"
wait "$histd"
look() { find "$M/payloads" "$M"/payloads/.history -printf '%p %i %s %b %T@ %m %n\n' | sort; }
was=$(look | sha256sum)
ok "it is taken away" unmount_store
ok "and mounted again" mount_store
is "when all is as it was" "$(look | sha256sum)" "$was"
ok "it is taken away once more" unmount_store
finish
