#!/bin/sh
# payloads.t -- documents by key in a real histd: put, get, history, import and export, kill -9

. tests/cli/histd.sh
c=${BUILD:-build}/histctl
export HISTFS_SOCKET="$dir/socket"

printf '[store]\npath = %s\n[record]\ninterval = 1s\ntables = payload_log histd\npriority = normal\nlock_memory = 0\n' \
	"$store" >"$conf"
printf '[socket]\npath = %s\n[payloads]\nsegment_size = 1M\nmax_value = 1M\n' "$dir/socket" >>"$conf"
out=$dir/out err=$dir/err

start
ok $? "histd with payloads is there"

printf '{"version": 42 }' | "$c" put deploy 2>"$err" && [ "$("$c" get deploy)" = '{"version": 42 }' ]
ok $? "a document is what was put, byte for byte"
[ "$("$c" get "$store" deploy)" = '{"version": 42 }' ]
ok $? "also read from the store itself"

printf '7\n' | "$c" put 42 && printf '"text"' | "$c" put -s 42 && printf '\000\377' | "$c" put --raw -- '../x' &&
	[ "$("$c" get 42)" = 7 ] && [ "$("$c" get --string 42)" = '"text"' ] &&
	"$c" get ../x | od -An -tx1 | grep -q '^ 00 ff$'
ok $? "a number and its digits are two keys, and raw bytes are kept"

printf '{"a": [1, 2,]}' | "$c" put bad 2>"$err"
[ $? = 1 ] && grep -q 'bad: no JSON: byte 12: ' "$err" && ! "$c" get bad 2>/dev/null
ok $? "what is no JSON is told with the byte, and not kept"
head -c 1100000 /dev/zero | tr '\0' 1 | "$c" put long 2>"$err"
[ $? = 1 ] && grep -q 'too long' "$err"
ok $? "a value over the limit is refused"
: | "$c" put '' 2>"$err"
[ $? = 1 ] && grep -q '1 to 512 bytes' "$err"
ok $? "and so is an empty key"

is_past() { [ "$(date +%s)" -gt "$1" ]; }
before=$(date +%s)
poll is_past "$before"
printf '2' | "$c" put deploy
between=$((before + 1))
[ "$("$c" get --at $between deploy)" = '{"version": 42 }' ] &&
	[ "$("$c" get -t $between "$store" deploy)" = '{"version": 42 }' ] && [ "$("$c" get deploy)" = 2 ]
ok $? "the value at a time is the one before"
"$c" del deploy && ! "$c" get deploy 2>"$err" && grep -q 'no such document' "$err" && ! "$c" del deploy 2>/dev/null
ok $? "a document that was deleted is not there, and cannot be deleted again"
"$c" history deploy >"$out" && "$c" history "$store" deploy | cmp - "$out" &&
	[ "$(tail -n +2 "$out" | cut -f 2,3 | tr '\t\n' ' ,')" = 'deleted 0,json 1,json 16,' ]
ok $? "its history has all of it, newest first"
! "$c" history never 2>/dev/null
ok $? "what never was has none"
"$c" keys >"$out" && "$c" keys "$store" | cmp - "$out" &&
	[ "$(tail -n +2 "$out" | cut -f 1,2,4,5 | sort | tr '\t\n' ' ,')" = '../x string raw 2,42 number json 2,42 string json 6,' ]
ok $? "keys lists what is there"

# Odd keys and values, twice: what is exported is what was imported.
{
	printf '{"key":"","value":1}\n' | "$c" import 2>"$err"
	[ $? = 1 ] && grep -q 'line 1, byte 9: a key has 1 to 512 bytes' "$err"
}
ok $? "a line that is wrong is told with its number and the byte"
cat >"$dir/in" <<'X'
{"key":"..","value":1}
{"key":".","value":[ 1.50,2e-3 ]}
{"key":"a/b","value":{"b":1,"a":1,"b":2}}
{"key":"A/b","value":"\u00e4"}
{"key":"ä","value":"ä"}
{"key":"a\u0308","value":null}
{"key":18446744073709551615,"value":18446744073709551616}
{"key":"0","value":true}
{"key":0,"value":false}
{"key":"\u0000\n","value_text":"{\n\t\"pretty\": true\n}\n"}
{"key_base64":"/w==","value":1}
{"key":"logo","value_base64":"iVBORwAK"}
{"key":"empty","value_base64":""}
X
"$c" import "$dir/in" && "$c" export >"$out" && "$c" export "$store" | cmp - "$out" &&
	[ "$(wc -l <"$out")" = 16 ] && "$c" import <"$out" && "$c" export | cmp - "$out"
ok $? "what is exported can be imported, and is the same again"
LC_ALL=C grep -qxF '{"key":"a/b","value":{"b":1,"a":1,"b":2}}' "$out" && "$c" get a/b | grep -qxF '{"b":1,"a":1,"b":2}'
ok $? "a value's text stays as it was"
{
	printf '{"key":"one","value":1}\n{"key":"two","value":[1,}\n{"key":"three","value":3}\n' | "$c" import 2>"$err"
	[ $? = 1 ] && grep -q 'line 2, byte ' "$err" && [ "$("$c" get one)" = 1 ] && ! "$c" get three 2>/dev/null
}
ok $? "what stands before a line that is wrong is kept"

i=0
while [ $i -lt 5000 ]; do
	i=$((i + 1))
	printf '{"key":"many-%d","value":{"n":%d}}\n' $i $i
done >"$dir/in"
"$c" import "$dir/in" && [ "$("$c" keys | grep -c '^many-')" = 5000 ] && [ "$("$c" keys "$store" | grep -c '^many-')" = 5000 ] &&
	[ "$("$c" export | grep -c '"many-')" = 5000 ] && [ "$("$c" get many-4711)" = '{"n":4711}' ]
ok $? "many documents are listed in pages"

# Killed while documents are put one after another.
: >"$dir/acked"
(
	i=0
	while printf '%d' $i | "$c" put killed-$i 2>/dev/null; do
		echo $i >>"$dir/acked"
		i=$((i + 1))
	done
) &
putter=$!
lines() { [ "$(wc -l <"$dir/acked")" -ge "$1" ]; }
poll lines 20
stop KILL
wait $putter
start
lost=0
while read -r i; do
	[ "$("$c" get "killed-$i")" = "$i" ] || lost=$((lost + 1))
done <"$dir/acked"
[ $lost = 0 ] && lines 20
ok $? "after kill -9 every document that was acknowledged is there"
[ "$("$c" get many-5000)" = '{"n":5000}' ] && [ "$("$c" get logo | od -An -tx1)" = ' 89 50 4e 47 00 0a' ]
ok $? "and all that were there before"
sed -i 's/^max_value = .*/max_value = 1K/; s/^segment_size = .*/segment_size = 2M/' "$conf"
kill -HUP "$pid"
poll said 'the configuration is read again' && said 'sync or segment_size of \[payloads\] is changed: this takes effect' &&
	! head -c 1025 /dev/zero | tr '\0' 1 | "$c" put long 2>"$err" && grep -q 'too long' "$err" &&
	head -c 1024 /dev/zero | tr '\0' 1 | "$c" put long
ok $? "SIGHUP changes what is kept, but for what needs another start"
stop TERM
[ "$status" = 0 ] && "$c" verify "$store" >"$out" 2>&1
ok $? "SIGTERM ends it well, and the store is whole"

# A byte of a document's text is another one, under histd and in the store, where its log is read anew.
damage() {
	log=$(LC_ALL=C grep -laF '"pretty": true' "$store"/payloads/*.log | tail -n 1)
	at=$(LC_ALL=C grep -obaF '"pretty": true' "$log" | tail -n 1 | cut -d : -f 1)
	printf P | dd of="$log" bs=1 seek=$((at + 1)) conv=notrunc 2>/dev/null
}
start
"$c" export >"$dir/all" && damage
! "$c" export >"$out" 2>"$err" && grep -q '1 damaged documents are left out' "$err" &&
	[ "$(wc -l <"$out")" = $(($(wc -l <"$dir/all") - 1)) ] && ! "$c" keys >/dev/null 2>&1
ok $? "an export without what is damaged fails, and has the rest"
stop TERM
! "$c" export "$store" >"$out" 2>"$err" && grep -q 'the log is damaged in 1 places' "$err" && [ -s "$out" ]
ok $? "and so does one of a store whose log is damaged"

printf '[store]\npath = %s\n[payloads]\nkeep_versions = some\n' "$store" >"$dir/bad.conf"
"$histd" -c "$dir/bad.conf" 2>"$err"
[ $? = 2 ] && grep -q 'bad.conf:4: keep_versions: expected a number of versions' "$err"
ok $? "a configuration of payloads that is wrong is told"

echo "1..$n"
