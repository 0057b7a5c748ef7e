#!/bin/bash
# tools.t -- cat, wc, du, grep, tar, cp, rsync and borg agree on the bytes; a second backup copies nothing
# shellcheck disable=SC2119,SC2317 # functions are called through ok and soon
# shellcheck source=tests/mount/lib.sh
. "$(dirname "$0")/lib.sh"

"$mkstore" -h 2 -l 5 -i 240 -p 20 "$S" || exit 1
ok "a store is mounted" mount_store
cd "$T" || exit 1
sums mnt >wanted
ok "there is something to copy" test "$(wc -l <wanted)" -gt 300

remount() {
	unmount_store && mount_store
}

tar cf all.tar mnt
mkdir tar && tar xf all.tar -C tar
sums tar/mnt >got
ok "tar copies the bytes" cmp wanted got
remount
tar cSf sparse.tar mnt
mkdir sparse && tar xf sparse.tar -C sparse
sums sparse/mnt >got
ok "tar -S copies the bytes" cmp wanted got
ok "tar finds nothing changed" tar df all.tar
remount
cp -a mnt cp
sums cp >got
ok "cp -a copies the bytes" cmp wanted got
is "and the times" "$(find cp -type f -printf '%P %T@\n' | sort | sha256sum)" \
	"$(find mnt -type f -printf '%P %T@\n' | sort | sha256sum)"
is "wc counts what is there" "$(find mnt -type f -exec cat {} + | wc -c)" \
	"$(find mnt -type f -printf '%s\n' | awk '{ n += $1 } END { print n }')"
is "du --apparent-size knows it too" "$(du -sb mnt/hour | cut -f 1)" \
	"$(find mnt/hour -type f -printf '%s\n' | awk '{ n += $1 } END { print n }')"
is "grep -r finds in the mount what it finds in the copy" "$(cd mnt && grep -rc nginx . | sort | sha256sum)" \
	"$(cd cp && grep -rc nginx . | sort | sha256sum)"
is "dd in odd pieces reads the same" "$(dd if=mnt/table/2026-11-20T00/processes bs=7777 status=none | sha256sum)" \
	"$(sha256sum <mnt/table/2026-11-20T00/processes)"
is "tail reads the end" "$(tail -c 1000 mnt/table/2026-11-20T00/processes | sha256sum)" \
	"$(tail -c 1000 <cp/table/2026-11-20T00/processes | sha256sum)"

if has rsync; then
	mkdir rsync
	rsync -a mnt/ rsync/
	sums rsync >got
	ok "rsync copies the bytes" cmp wanted got
	remount
	is "after a remount it transfers nothing" "$(rsync -ai mnt/ rsync/)" ""
	is "and finds no difference in checksums" "$(rsync -aic mnt/ rsync/)" ""
else
	skip "rsync copies the bytes" "rsync is not installed"
fi

if has borg; then
	export BORG_BASE_DIR=$T/borg-base BORG_REPO=$T/borg BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes
	borg init -e none 2>/dev/null
	borg create ::one mnt
	remount
	# borg never trusts the newest of all files, which here is README: the store was made after the times it records.
	is "after a remount borg finds no other file changed" \
		"$(borg create --list --filter AMCE --files-cache ctime,size,inode ::two mnt 2>&1 | grep -v README)" ""
	mkdir borgs && (cd borgs && borg extract ::two)
	sums borgs/mnt >got
	ok "borg copies the bytes" cmp wanted got
else
	skip "borg copies the bytes" "borg is not installed"
fi
finish
