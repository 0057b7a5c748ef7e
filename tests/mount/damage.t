#!/bin/bash
# damage.t -- damaged bytes in the store are an I/O error for what needs them, a line in status, and nothing else
# shellcheck disable=SC2119,SC2317 # functions are called through ok and soon
# shellcheck source=tests/mount/lib.sh
. "$(dirname "$0")/lib.sh"

"$mkstore" -h 2 -l 5 -i 10 -p 20 "$S" || exit 1
chunk=$S/snapshots/2026-11-20T01.chunk
mount_store
(cd "$M" && sums hour) >"$T/whole" 2>/dev/null
# The length of pg_locks is known once it is written, which takes the group.
names() {
	find hour -type f \( -name pg_locks -printf '%p\n' -o -printf '%p %i %s %T@\n' \) | sort
}
(cd "$M" && names) >"$T/names"
unmount_store
printf '\125\252\125' | dd of="$chunk" bs=1 seek=$(($(stat -c %s "$chunk") / 2)) conv=notrunc status=none

ok "a store with a damaged group is mounted" mount_store
cd "$M" || exit 1
is "there is no damage before it is met" "$(grep -c ^damaged status)" 0
(sums hour) >"$T/spoilt" 2>"$T/errors"
ok "some files cannot be read" test -s "$T/errors"
is "because of I/O errors" "$(grep -vc 'Input/output error' "$T/errors")" 0
is "all of them in that hour" "$(grep -vc 2026-11-20T01 "$T/errors")" 0
n_bad=$(sed 's/.*snapshot-\([0-9]*\).*/\1/' "$T/errors" | sort -u | wc -l)
ok "and in the snapshots of one group" test "$n_bad" -ge 1 -a "$n_bad" -le 61
is "what can be read is right" "$(grep -vxFf "$T/whole" "$T/spoilt")" ""
is "names, sizes and inodes are all there" "$(names | sha256sum)" "$(sha256sum <"$T/names")"
status_has() {
	grep -q "^damaged.*2026-11-20T01.chunk" status
}
ok "status says where" soon status_has
whole_status() {
	[ "$(wc -c <status)" = "$(stat -c %s status)" ]
}
ok "and is as long as it says" soon whole_status

cd /
unmount_store
truncate -s 1000 "$chunk"
ok "a store with a cut chunk is mounted" mount_store
cd "$M" || exit 1
is "the other hours are whole" "$(sums hour/2026-11-20T00 | wc -l)" \
	"$(grep -c 'hour/2026-11-20T00' "$T/names")"
ok "the newest as well" cat now/summary
ls hour/2026-11-20T01 >/dev/null 2>&1
told_once() {
	[ "$(grep -c '^damaged.*2026-11-20T01' status)" = 1 ]
}
ok "status tells of it" soon told_once
cd /
unmount_store
: >"$chunk"
ok "one with an empty chunk is mounted" mount_store
ok "and read" cat "$M/now/summary" "$M/hour/2026-11-20T00/snapshot-3/processes"
finish
