#!/bin/sh
# kcat.t -- histctl produce, consume and topics with a real histd: who knows kcat finds what that prints and takes
#
# Waits for notices and for what is to happen, at most minutes each; nothing is slept through blindly.

build=${BUILD:-build}
histd=$build/histd histctl=$build/histctl
dir=$(mktemp -d "${TMPDIR:-/tmp}/histfs-test-XXXXXX") || exit 1
store=$dir/store
export HISTFS_SOCKET="$dir/sock" TZ=UTC
pid='' follower='' source='' producer=''
n=0

cleanup() {
	for p in $pid $follower $source $producer; do
		kill -9 "$p" 2>/dev/null
	done
	rm -rf "$dir"
}
trap cleanup EXIT

# is WHAT GOT WANTED
is() {
	n=$((n + 1))
	if [ "$2" = "$3" ]; then
		printf 'ok %s - %s\n' "$n" "$1"
	else
		printf 'not ok %s - %s\n' "$n" "$1"
		printf '%s\n' "$2" | sed 's/^/# got:    /'
		printf '%s\n' "$3" | sed 's/^/# wanted: /'
	fi
}

# says WHAT COMMAND...: it succeeds
says() {
	what=$1
	shift
	n=$((n + 1))
	if "$@" >"$dir/said" 2>&1; then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
		sed 's/^/# /' "$dir/said"
	fi
}

# poll COMMAND...: until it succeeds
poll() {
	tries=0
	until "$@" >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ $tries -gt 3600 ] && return 1
		sleep 0.05
	done
}
not() { ! "$@"; }
has_lines() { [ "$(wc -l <"$1")" -ge "$2" ]; }
consume() { "$histctl" consume -e "$@"; }

cat >"$dir/conf" <<END
[store]
path = $store
sync = none
[record]
tables = load
[socket]
path = $dir/sock
[topic.keyed]
partitions = 4
END
mkfifo "$dir/ready"
"$histd" -c "$dir/conf" --ready-fd 3 3>"$dir/ready" 2>"$dir/log" &
pid=$!
[ "$(timeout 600 head -n 1 "$dir/ready")" = ready ] || { sed 's/^/# /' "$dir/log"; echo "not ok 1 - histd begins"; exit 1; }
poll test -S "$dir/sock"

# --- lines ---

printf 'one\ntwo\n\nfour' >"$dir/lines"
says "lines become messages, the last one also without its end" "$histctl" produce lines <"$dir/lines"
is "and come back as lines" "$(consume "$store" lines)" "$(cat "$dir/lines")"
is "an empty line is an empty message" "$(consume -o 2 -c 1 -f '%S' "$store" lines)" 0
says "with -Z it is one without a value" sh -c "echo | '$histctl' produce -Z lines"
is "whose length is -1" "$(consume -o -1 -f '%S %K' "$store" lines)" '-1 -1'
is "-c ends after so many" "$(consume -c 2 "$store" lines)" "$(printf 'one\ntwo')"
is "-o counts from the end, too" "$(consume -o -2 -f '%o,' "$store" lines)" '3,4,'
is "-D is what stands between messages" "$(printf 'a;b' | "$histctl" produce -D ';' semi && consume -D '|' "$store" semi)" 'a|b|'
is "a file is one message" "$("$histctl" produce file "$dir/lines" "$dir/lines" && consume -f '%S ' "$store" file)" '13 13 '

# --- the tokens of -f, as kcat -h lists them ---

printf 'k1:v1\nno key\n:empty key\n' | "$histctl" produce -K : -H a=1 -H b -H c= tokens
is "%t %p %o %k %s are topic, partition, offset, key and value" \
	"$(consume -f 'Topic %t [%p] at offset %o: key %k: %s\n' "$store" tokens)" \
	"$(printf 'Topic tokens [0] at offset 0: key k1: v1\nTopic tokens [0] at offset 1: key : no key\nTopic tokens [0] at offset 2: key : empty key')"
is "%K and %S are lengths, -1 for none" "$(consume -f '%K %S;' "$store" tokens)" '2 2;-1 6;0 9;'
is "%h are headers" "$(consume -c 1 -f '%h' "$store" tokens)" 'a=1,b=NULL,c='
is "%R is the length in binary, \\n \\t \\xHH are characters" \
	"$(consume -c 1 -f '%R\t\x41\n' "$store" tokens | od -An -tx1 | tr -d ' \n')" '0000000209410a'
is "%T is the time in milliseconds" "$(consume -c 1 -f '%T' "$store" tokens | grep -c '^[0-9]\{13\}$')" 1
is "-K prints keys" "$(consume -c 1 -K = "$store" tokens)" 'k1=v1'
is "-Z shows what is not there" "$(consume -Z -o 1 -c 1 -K = "$store" tokens)" 'NULL=no key'
is "a token that is none is an error" "$(consume -f '%y' "$store" tokens 2>&1 | grep -c 'token that is none')" 1

# --- kcat's envelope ---

cat >"$dir/kcat.json" <<'END'
{"topic":"json","partition":0,"offset":0,"tstype":"create","ts":1795132800001,"broker":-1,"key":null,"payload":"plain"}
{"topic":"json","partition":0,"offset":1,"tstype":"create","ts":1795132800002,"broker":-1,"headers":["h","1","h",null,"","ä"],"key":"","payload":null}
{"topic":"json","partition":0,"offset":2,"tstype":"create","ts":1795132799999,"broker":-1,"key":"k\u0000\"\\/\n\u001F","payload":"😀 \t \b\f\r"}
END
says "kcat's envelope goes in" "$histctl" produce -J json <"$dir/kcat.json"
consume -J "$store" json >"$dir/out.json"
says "and out unchanged" cmp "$dir/kcat.json" "$dir/out.json"
head -c 100000 /dev/urandom >"$dir/bytes"
"$histctl" produce -k "$(printf 'k\377')" -H "$(printf 'h=\200')" bytes "$dir/bytes"
consume -J "$store" bytes | "$histctl" produce -J bytes
consume -o 1 -f %s "$store" bytes >"$dir/back"
says "any bytes make the round trip" cmp "$dir/bytes" "$dir/back"
is "so do those of keys and headers" "$(consume -o 1 -f '%k %h' "$store" bytes | od -An -tx1 | tr -d ' \n')" '6bff20683d80'
is "what is written is JSON all the same" "$(consume -J "$store" bytes |
	/usr/bin/python3 -c 'import sys, json; print(len([json.loads(line) for line in sys.stdin.buffer]))')" 2
printf '{"key":"\377","payload":"\376"}\n' | "$histctl" produce -J raw
is "what kcat writes of such bytes is read as it is" "$(consume -f '%k%s' "$store" raw | od -An -tx1 | tr -d ' \n')" 'fffe'
printf '{"payload":"before"}\n{"payload":\n' >"$dir/bad.json"
says "a line that is none is an error" not "$histctl" produce -J raw <"$dir/bad.json"
is "what stood before it is kept" "$(consume -o 1 "$store" raw)" before

# --- partitions and times ---

printf '21:a\nfoobar:b\nabc:c\n21:d\n' | "$histctl" produce -K : keyed
# Of murmur2, as Kafka's own test has it: 21 -973932308, foobar -790332482, abc 479470107; without the sign, modulo 4.
is "keys go where Kafka's clients put them" "$(consume -f '%p %k%s\n' "$store" keyed | sort)" \
	"$(printf '%s\n' "$(((-973932308 & 0x7fffffff) % 4)) 21a" "$(((-790332482 & 0x7fffffff) % 4)) foobarb" \
		"$((479470107 % 4)) abcc" "$(((-973932308 & 0x7fffffff) % 4)) 21d" | sort)"
echo x | "$histctl" produce -p 3 keyed
is "-p is one partition" "$(consume -p 3 -o -1 "$store" keyed)" x
is "one that is not there is an error" "$(echo x | "$histctl" produce -p 4 keyed 2>&1; consume -p 4 "$store" keyed 2>&1)" \
	"$(printf 'histctl: keyed has partitions 0 to 3\nhistctl: keyed: there is no such topic or partition')"
is "s@ and e@ are times as kcat's" "$(consume -o s@1795132800002 -o e@1795132800003 -f '%o ' "$store" json)" '1 2 '
is "or as below /at" "$(consume -o s@2026-11-20T00:00:00.002 -f '%o ' "$store" json)" '1 2 '
is "topics lists them" "$("$histctl" topics "$store" json | cut -f 1-4,6-7)" \
	"$(printf 'topic\tpartition\tfirst\tnext\tsegments\tnewest\njson\t0\t0\t3\t1\t2026-11-20T00:00:00.002Z')"
is "all of their partitions" "$("$histctl" topics "$store" | grep -c '^keyed')" 4
is "an argument that is wrong is named" "$("$histctl" consume -o 'then' "$store" json 2>&1 | head -n 1)
$("$histctl" consume -c many "$store" json 2>&1 | head -n 1)
$("$histctl" produce -a 3 json 2>&1 </dev/null | head -n 1)" \
	'histctl: -o then: not beginning, end, an offset, -N, s@TIME or e@TIME
histctl: -c many: not a number from 0 on
histctl: -a 3: not a number from 0 to 2'
is "a name that is none is refused" "$(echo x | "$histctl" produce ../x 2>&1 | grep -c .)" 1

# --- following ---

"$histctl" consume -o 5 -f '%o %s\n' "$store" lines >"$dir/followed" &
follower=$!
: >"$dir/grows"
mkfifo "$dir/pipe"
tail -n +1 -F "$dir/grows" >"$dir/pipe" 2>/dev/null &
source=$!
"$histctl" produce lines <"$dir/pipe" &
producer=$!
for i in 1 2 3 4 5; do
	echo "line $i of a log" >>"$dir/grows"
	says "line $i is consumed when it is written" poll grep -q "line $i of a log" "$dir/followed"
	poll has_lines "$dir/followed" "$i"
done
# The journal's story: what was produced, and a grep among the lines.
is "and found in /log" "$("$histctl" cat "$store" /log/lines/0/0.tsv | grep -c 'line [0-9] of a log$')" 5
is "in the topic as in the log" "$("$histctl" cat "$store" /log/lines/0/0.tsv | cut -f 5 | grep ' of a log$')" "$(cat "$dir/grows")"
kill "$follower" "$source"
wait "$follower" "$source" 2>/dev/null
wait "$producer"
is "producing ends with what it reads from" $? 0
follower='' source=''
mkfifo "$dir/slow"
"$histctl" produce lines <"$dir/slow" 2>"$dir/lost" &
producer=$!
exec 3>"$dir/slow"
echo first >&3
poll sh -c "'$histctl' consume -e -o -1 '$store' lines | grep -q first"
kill "$pid"
wait "$pid"
is "histd ends well" $? 0
echo second >&3
exec 3>&-
wait "$producer"
is "what cannot be produced any more is an error" $? 1
is "which is told once" "$(wc -l <"$dir/lost")" 1
pid='' producer=''
is "without histd a store can be consumed" "$(consume -c 1 "$store" lines)" one
is "but not produced to" "$(echo x | "$histctl" produce lines 2>&1 | grep -c "histd does not answer on $dir/sock")" 1
echo "1..$n"
