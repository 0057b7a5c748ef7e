#!/bin/bash
# mounting.t -- options, mount points that are busy or dead, stores that are none: one clear line each
# shellcheck disable=SC2119,SC2317 # functions are called through ok and soon
# shellcheck source=tests/mount/lib.sh
. "$(dirname "$0")/lib.sh"

"$mkstore" -h 1 -l 3 -i 600 -p 5 "$S" || exit 1

# says WHAT PATTERN COMMAND...: it fails, with one line that matches
says() {
	local what=$1 pattern=$2
	shift 2
	if "$@" >"$T/out" 2>&1; then
		is "$what" "it succeeded" "an error"
	else
		is "$what" "$(grep -cE -- "$pattern" "$T/out") of $(wc -l <"$T/out"): $(cat "$T/out")" \
			"1 of 1: $(cat "$T/out")"
	fi
}

says "a store that is not there" "histfs: $T/none: No such file" "$histfs" "$T/none" "$M"
mkdir "$T/empty"
says "a directory that is no store" "$T/empty: not a store" "$histfs" "$T/empty" "$M"
says "a file" "README|Makefile|Not a directory" "$histfs" "$histfs" "$M"
cp -r "$S" "$T/newer"
# The version, and an unknown incompatible bit, are covered by the header's checksum: a spoilt one is damage.
printf '\377' | dd of="$T/newer/histfs.store" bs=1 seek=12 conv=notrunc status=none
ok "a store file that is damaged hides no history" "$histfs" "$T/newer" "$M"
ok "which is there" test -n "$(ls "$M/hour")"
ok "and is told in status" grep -q histfs.store "$M/status"
ok "umount of it" unmount_store
says "a mount point that is not there" "mount point $T/none: No such file" "$histfs" "$S" "$T/none"
says "a mount point that is a file" "Not a directory" "$histfs" "$S" "$histfs"
says "an unknown option" "unknown option: -o colour=blue" "$histfs" "$S" "$M" -o ro,colour=blue
says "a bad cache size" "bad value: -o cache=lots" "$histfs" "$S" "$M" -o cache=lots
says "a cache size past all bounds" "bad value" "$histfs" "$S" "$M" -o cache=99999999999G
says "an unknown switch" "unknown option" "$histfs" -q "$S" "$M"
says "too few arguments" "usage" "$histfs" "$S"
says "an unknown long switch" "unknown option: --colour" "$histfs" --colour "$S" "$M"
says "a mount over the store itself" "this is the store itself" "$histfs" "$S" "$S"
ok "help is no error" "$histfs" -h
ok "nor in full" "$histfs" --help
is "the version is that of the others" "$("$histfs" --version)" "$("$B/histctl" --version | sed 's/histctl/histfs/')"
ok "nothing is mounted after all this" not is_mounted

ok "a mount with all options" mount_store -o rw,noauto,user,_netdev,x-systemd.automount,nodev,nosuid,noexec \
	-o cache=16M,allow_other,uid=12,gid=34,umask=022
is "uid, gid and umask count" "$(stat -c '%u %g %a' "$M" "$M/README" | tr '\n' ' ')" "12 34 555 12 34 444 "
is "it is a read-only mount of the store" "$(awk -v m="$M" '$5 == m { print $6 " " $0 }' /proc/self/mountinfo |
	grep -cE "^ro,.* - fuse.histfs $S ")" 1
says "a second mount on it is refused" "already mounted" mount_store
is "and not stacked" "$(awk -v m="$M" '$5 == m' /proc/self/mountinfo | wc -l)" 1
ok "umount" unmount_store
gone() {
	[ -z "$(daemon)" ]
}
ok "ends the daemon" soon gone

mkdir "$M/there"
ok "a mount point need not be empty" mount_store
d=$(daemon)
ok "there is one daemon" test -n "$d"
kill -TERM "$d"
ok "SIGTERM unmounts" soon not is_mounted
ok "and ends the daemon" soon gone
rmdir "$M/there"

mount_store
(cd "$M" && exec sleep 1000) &
user=$!
inside() {
	[ "$(readlink "/proc/$user/cwd")" = "$M" ]
}
soon inside
says "a mount in use is not unmounted" "busy" unmount_store
kill -KILL "$(daemon)"
soon gone
is "after kill -9 the mount is dead" "$(stat -f "$M" 2>&1 | grep -c 'not connected')" 1
ok "a new start clears it" mount_store
ok "and answers" test -s "$M/README"
is "with one mount" "$(awk -v m="$M" '$5 == m' /proc/self/mountinfo | wc -l)" 1
kill $user
wait $user 2>/dev/null
unmount_store

ln -s "$histfs" "$T/mount.fuse.histfs"
ok "as mount(8) calls it" "$T/mount.fuse.histfs" "$S" "$M" -n -t fuse.histfs -o rw,noatime
ok "it mounts" is_mounted
unmount_store
ok "mount -f" "$T/mount.fuse.histfs" "$S" "$M" -f -o rw
ok "mounts nothing" not is_mounted
if has mount.fuse3 || has mount.fuse; then
	ok "mount -t fuse" mount -t fuse "$histfs#$S" "$M" -o noauto,cache=8M
	ok "mounts" test -s "$M/status"
	unmount_store
else
	skip "mount -t fuse" "mount.fuse3 is not installed"
fi

cd "$T" || exit 1
ok "relative names" "$histfs" store mnt/
ok "work" test -s mnt/now/summary
unmount_store

"$histfs" "$S" "$M" -f &
d=$!
soon is_mounted
ok "in the foreground" test "$(daemon)" = $d
kill -INT $d
wait $d
is "it ends well" $? 0
ok "and unmounts" not is_mounted
finish
