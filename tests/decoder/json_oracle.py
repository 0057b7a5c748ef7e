#!/usr/bin/python3
# json_oracle.py -- what histfs takes for JSON is what Python's strict parser does
#
#   json_oracle.py JSONCHECK     the program of tests/tools/jsoncheck.c
#
# Texts: such as parsers are known to go wrong with, all short rows of tokens, all pairs of bytes in a string, and documents
# with bytes changed, the same in every run. Python's parser is held to RFC 8259: no NaN, UTF-8 without exceptions, no
# half of a surrogate pair. Where a text is wrong, what is before that place must be the beginning of some JSON, so that the
# program says of it that it is right, or wrong at its end.

import itertools
import json
import random
import struct
import subprocess
import sys

DEPTH = 512  # store/json_check.h

KNOWN = [
	b"", b" ", b"\n", b"\t", b"\x0b1", b"\x0c1", b"\xc2\xa01", b"\xe2\x80\xa81", b"\xef\xbb\xbf1", b"\xff", b"\x00", b"1\x00",
	b"[1,]", b"[,1]", b"[1,,2]", b"[,]", b"[", b"]", b"[[]", b"[]]", b"[1", b"[1}", b"[1:2]", b"[a]", b"['a']", b"[\"a\",\n4\n,1,",
	b"{", b"}", b"{}}", b"{\"a\":}", b"{\"a\"}", b"{\"a\":1,}", b"{\"a\":1,,\"b\":2}", b"{,}", b"{a:1}", b"{1:1}", b"{\"a\" 1}",
	b"{\"a\"::1}", b"{\"a\":1 \"b\":2}", b"{\"a\":1}x", b"{'a':1}", b"{\"a\":1}{}", b"{\"a\":1,\"a\":2}", b"{\"\":0}",
	b"{\"a\":\"b\"}/**/", b"{\"a\":\"b\"}//", b"#1", b"/*1*/1", b"nul", b"nulll", b"NULL", b"truE", b"True", b"fals", b"falsey",
	b"NaN", b"-NaN", b"Infinity", b"-Infinity", b"+Infinity", b"undefined", b"nan", b"inf", b"0x1", b"0b1", b"1_000", b"1e", b"1e+",
	b"1E-", b"1eE2", b"1.e1", b".1", b"1.", b"-", b"--1", b"-a", b"+1", b"01", b"-01", b"00", b"-0", b"-0.0", b"0e0", b"0E+1", b"1.0e-2",
	b"0.1.2", b"1e1.5", b"1 2", b"- 1", b"1-", b"1+1", b"\xef\xbc\x91", b"123456789" * 700, b"1" * 400 + b"e" + b"9" * 400,
	b"-1" + b"0" * 5000, b"0." + b"0" * 5000 + b"1", b"1e999999999999999", b"\"", b"\"\"\"", b"\"a", b"a\"", b"\"\\\"", b"\"\\",
	b"\"\\u\"", b"\"\\u1\"", b"\"\\u12\"", b"\"\\u123\"", b"\"\\u1234", b"\"\\uD83D\\uDE00\"", b"\"\\uD83D\"", b"\"\\uDE00\"",
	b"\"\\uD83D\\uD83D\"", b"\"\\uDE00\\uD83D\"", b"\"\\uD83Dx\"", b"\"\\uD83D\\n\"", b"\"\\uD83D\\u\"", b"\"\\uD83D\\\"",
	b"\"\\ud800\\udbff\"", b"\"\\ud800\\udfff\"", b"\"\\uFFFF\"", b"\"\\u0000\"", b"\"\\U0041\"", b"\"\\x41\"", b"\"\\0\"", b"\"\\'\"",
	b"\"\\a\"", b"\"\\v\"", b"\"\\ \"", b"\"\\\n\"", b"\"\\/\"", b"\"\\b\\f\\n\\r\\t\"", b"\"\t\"", b"\"\n\"", b"\"\r\"", b"\"\x00\"",
	b"\"\x1f\"", b"\"\x7f\"", b"\"\xc2\x80\"", b"\"\xe2\x80\xa8\"", b"\"\xed\xa0\x80\"", b"\"\xed\xbf\xbf\"", b"\"\xc0\xaf\"",
	b"\"\xe0\x80\xaf\"", b"\"\xf0\x80\x80\xaf\"", b"\"\xf4\x8f\xbf\xbf\"", b"\"\xf4\x90\x80\x80\"", b"\"\xf8\x88\x80\x80\x80\"",
	b"\"\xfc\x84\x80\x80\x80\x80\"", b"\"\xf0\x9f\x98\"", b"\"\xe2\x82\"", b"\"\xc3\"", b"\"\x80\"", b"\"\xfe\"", b"\"\xef\xbb\xbf\"",
	b"{\"\xff\":1}", b"{\"\\ud800\":1}", b"{\"a\\\":1}", b"[" * DEPTH + b"]" * DEPTH, b"{\"a\":" * 200 + b"1" + b"}" * 200,
	b"[" * 100, b"[{\"a\":" * 100, b" " * 300 + b"[ 1 ,\t2\r\n]" + b"\n" * 300, "\"\u20ac\U0001f600\u00e9\"".encode("utf-16-le"),
]

TOKENS = [b"{", b"}", b"[", b"]", b",", b":", b"\"a\"", b"1", b"-", b"0", b".", b"e", b"null", b" ", b"\"\\"]

DOCUMENTS = [
	b'{"service":"billing","replicas":12,"image":"registry/billing:4.1","ready":true,"env":{"A":"\\u00e9\\n","B":null}}',
	b'[0,-1.5e+10,[],{},[[{"k":[1,2,{"x":"\\ud83d\\ude00"}]}]],"",false]',
	'{"name":"Zo\u00eb \U0001f418","text":"0123456789abcdef0123456789abcdef\\"\\\\","n":[1,22,333]}'.encode(),
]


def refuse(constant):
	raise ValueError(constant)


def strings(value):
	"""All strings of what was parsed, objects as lists of pairs."""
	if isinstance(value, str):
		yield value
	elif isinstance(value, (list, tuple)):
		for v in value:
			yield from strings(v)


def is_json(text):
	try:
		value = json.loads(text.decode("utf-8", "strict"), parse_constant=refuse, parse_int=len, parse_float=len,
		                   object_pairs_hook=list)
	except ValueError:
		return False
	return not any("\ud800" <= c <= "\udfff" for s in strings(value) for c in s)


def changed(document, dice):
	text = bytearray(document)
	for _ in range(dice.randrange(1, 4)):
		at, what = dice.randrange(len(text)), dice.randrange(4)
		if what == 0:
			del text[at : at + dice.randrange(1, 4)]
		elif what == 1:
			text[at:at] = dice.choice(TOKENS)
		elif what == 2:
			text[at] = dice.randrange(256)
		else:
			text[at:at] = text[dice.randrange(len(text)) :][:8]
	return bytes(text)


def texts():
	yield from KNOWN
	for n in range(1, 5):
		yield from map(b"".join, itertools.product(TOKENS, repeat=n))
	for a in range(256):
		yield from (b'"%c%c"' % (a, b) for b in range(256))
	dice = random.Random(1)
	for _ in range(20000):
		yield b'"%s"' % bytes(dice.choice((0xC2, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF))
		                      for _ in range(dice.randrange(3, 6)))
	for document in DOCUMENTS:
		yield document
		yield from (document[:i] for i in range(len(document)))
		yield from (changed(document, dice) for _ in range(20000))


def ask(program, all):
	stream = b"".join(struct.pack("<I", len(t)) + t for t in all)
	answers = subprocess.run([program], input=stream, stdout=subprocess.PIPE, check=True).stdout.split()
	if len(answers) != len(all):
		sys.exit("json_oracle.py: %d answers to %d texts" % (len(answers), len(all)))
	return list(map(int, answers))


def main(args):
	if len(args) != 1:
		sys.exit("usage: json_oracle.py JSONCHECK")
	sys.setrecursionlimit(10000)
	all = list(texts())
	answers = ask(args[0], all)
	wrong = [t for t, at in zip(all, answers) if is_json(t) != (at < 0)]
	beginnings = [t[:at] for t, at in zip(all, answers) if at >= 0]
	wrong += [t for t, at in zip(beginnings, ask(args[0], beginnings)) if at not in (-1, len(t))]
	for t in wrong[:20]:
		print(repr(t[:200]), file=sys.stderr)
	print("%d texts, %d of them JSON, %d taken for what they are not" % (len(all), answers.count(-1), len(wrong)))
	return 1 if wrong or answers.count(-1) < 1000 else 0


if __name__ == "__main__":
	sys.exit(main(sys.argv[1:]))
