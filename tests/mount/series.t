#!/bin/bash
# series.t -- /series: names, globs, tar and find; what it says is what the tables say
# shellcheck disable=SC2119,SC2317 # functions are called through ok and soon
# shellcheck source=tests/mount/lib.sh
. "$(dirname "$0")/lib.sh"

"$mkstore" -h 2 -l 40 -i 40 -p 12 "$S" || exit 1
ok "a store is mounted" mount_store
cd "$M/series" || exit 1
H=2026-11-20T00 L=2026-11-20T02

# column HOUR TABLE COLUMN [KEY...]: what awk makes of the table over the hour
column() {
	local hour=$1 table=$2 column=$3
	shift 3
	awk -F '\t' -v column="$column" -v keys="$*" '
		NR == 1 { for (i = 1; i <= NF; i++) if ($i == column) c = i; n = split(keys, key, " "); next }
		{ for (i = 1; i <= n; i++) if ($(i + 1) != key[i]) next }
		!seen[$1]++ { print $1 "\t" $c }' "../table/$hour/$table"
}

is "hours are those of the other views" "$(ls)" "$(ls ../hour)"
is "tables are those of the hour" "$(ls $H)" "$(ls ../table/$H)"
is "rows are named by their keys" "$(ls $H/psi | head -2)" "cpu
io"
is "columns are files" "$(ls -U $H/cpu/all)" "$(head -1 ../table/$H/cpu | tr '\t' '\n' | tail -n +2)"
is "also of a table without a key" "$(ls -U $H/load)" "$(head -1 ../table/$H/load | tr '\t' '\n' | tail -n +2)"
is "a column of a row is what the table has" "$(cat $H/cpu/all/user_ticks)" "$(column $H cpu user_ticks all)"
is "also while it is recorded" "$(cat $L/cpu/all/user_ticks)" "$(column $L cpu user_ticks all)"
is "and of a table without a key" "$(cat $H/load/load1)" "$(column $H load load1)"

rows_differ() {
	local hour=$1 row
	for row in "$hour"/processes/*,*; do
		row=${row##*/}
		[ "$(cat "$hour/processes/$row/utime_us")" = "$(column "$hour" processes utime_us "${row%,*}" "${row#*,}")" ] ||
			echo "$row"
	done
}
is "every process has its own" "$(rows_differ $H)" ""
is "also while it is recorded, every one" "$(rows_differ $L)" ""
is "they are all there" "$(ls $H/processes | tr , '\t' | sort)" \
	"$(tail -n +2 ../table/$H/processes | cut -f 2,3 | sort -u)"
pid=$(ls $H/processes | sed -n '3s/,.*//p')
ok "a shell completes a row's name" cmp $H/processes/"$pid",*/comm $H/processes/"$pid"/comm
is "what is typed in short is the row itself" "$(stat -c %i $H/processes/"$pid",*)" "$(stat -c %i $H/processes/"$pid")"
is "there is no other row" "$(ls $H/cpu/none 2>&1 | grep -c 'No such file')" 1
is "globs go over the hours" "$(cat 2026-11-20T*/cpu/all/user_ticks)" \
	"$(for h in 2026-11-20T00 2026-11-20T01 2026-11-20T02; do column $h cpu user_ticks all; done)"
is "columns of a row stand beside each other" "$(paste $H/cpu/all/user_ticks $H/cpu/all/idle_ticks | cut -f 1,2,4)" \
	"$(paste <(column $H cpu user_ticks all) <(column $H cpu idle_ticks all | cut -f 2))"
is "a row has the time of its last snapshot" "$(find $H/processes -mindepth 1 -maxdepth 1 -printf '%f %TT\n' | while read -r row time; do
	[ "$(tail -1 "$H/processes/$row/pid" | cut -c 12-19)" = "${time%.*}" ] || echo "$row"
done)" ""
is "find knows the sizes" "$(find $H -type f -printf '%s\n' | awk '{ n += $1 } END { print n }')" \
	"$(find $H -type f -exec cat {} + | wc -c)"
tar cf "$T/series.tar" $H
ok "tar finds nothing changed" tar df "$T/series.tar"

# What is listed of the live hour is the same when it is sealed.
names() {
	(cd "$M/series/$L" && find . -mindepth 2 -printf '%p %i\n' | sort)
}
names >"$T/live"
"$mkstore" -a 10 -i 40 -p 12 "$S"
has_lines() {
	[ "$(wc -l <$L/cpu/all/user_ticks)" = "$1" ]
}
ok "a series grows" soon has_lines 50
# The kernel may believe an older size of one of the two for half a second.
is_the_tables() {
	[ "$(cat $L/cpu/all/user_ticks)" = "$(column $L cpu user_ticks all)" ]
}
ok "by what was recorded" soon is_the_tables
"$mkstore" -a 60 -i 40 -p 12 "$S"
ok "to the hour's end" soon has_lines 90
names >"$T/sealed"
is "names and inodes stay when the hour is sealed" "$(comm -23 "$T/live" "$T/sealed")" ""
ok "its text as well" soon is_the_tables

# Damage.
cd /
unmount_store
chunk=$S/snapshots/$H.chunk
printf '\125\252\125' | dd of="$chunk" bs=1 seek=$(($(stat -c %s "$chunk") / 2)) conv=notrunc status=none
mount_store
cd "$M/series" || exit 1
ok "rows are listed though a group is damaged" test "$(ls $H/cpu | wc -l)" -gt 1
is "a series over it is an I/O error" "$(cat $H/cpu/all/user_ticks 2>&1 | grep -c 'Input/output error')" 1
ok "that of another hour is not" cat 2026-11-20T01/cpu/all/user_ticks
finish
