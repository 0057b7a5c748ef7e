#!/usr/bin/python3
# topics.py -- a second reader of topics, written from docs/format.md, section 11
#
#   topics.py STORE       every message of every partition as a line, behind a line "TOPIC PARTITION"
#
# What is not as the format says is told on stderr, indexes included; exit status 1 then. Beside the common parts of
# decode.py it shares no code with anything. lz4 and snappy blocks are taken apart here.

import json
import os
import re
import struct
import sys
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from decode import Damage, Log, Reader, Text, need, signed, unpack_zstd, xxh3  # noqa: E402

BATCH, OFFSETS, TIMES, TOPIC = 16, 17, 18, 19
NEVER = -(1 << 63)


def copied(out, distance, length):
	need(0 < distance <= len(out), "copy from before the beginning")
	for _ in range(length):
		out.append(out[-distance])


def unpack_lz4(body):
	r, out = Reader(body), bytearray()

	def length(nibble):
		if nibble == 15:
			while True:
				more = r.take(1)[0]
				nibble += more
				if more < 255:
					break
		return nibble

	while r.left():
		token = r.take(1)[0]
		out += r.take(length(token >> 4))
		if not r.left():
			break
		distance = int.from_bytes(r.take(2), "little")
		copied(out, distance, length(token & 15) + 4)
	return bytes(out)


def unpack_snappy(body):
	r, out = Reader(body), bytearray()
	whole = r.varint()
	while r.left():
		tag = r.take(1)[0]
		if tag & 3 == 0:
			n = tag >> 2
			out += r.take((n if n < 60 else int.from_bytes(r.take(n - 59), "little")) + 1)
		elif tag & 3 == 1:
			copied(out, tag >> 5 << 8 | r.take(1)[0], (tag >> 2 & 7) + 4)
		else:
			copied(out, int.from_bytes(r.take(2 if tag & 3 == 2 else 4), "little"), (tag >> 2) + 1)
	need(len(out) == whole, "snappy: wrong length")
	return bytes(out)


def unpack(codec, body, raw_len):
	if codec == 1:
		raw = unpack_zstd(body, raw_len, 64 << 20)
	else:
		need(codec in (0, 3, 4, 5), "unknown codec")
		raw = {0: bytes, 3: unpack_lz4, 4: lambda b: zlib.decompress(b, 31), 5: unpack_snappy}[codec](body)
	need(len(raw) == raw_len, "body of another length")
	return raw


def utf8(s):
	"""The text, with U+FFFD for each byte that is none; these are told apart from what was one in the input."""
	return s.decode("utf-8", "surrogateescape")


def json_string(s):
	out = []
	for c in utf8(s):
		if 0xDC80 <= ord(c) <= 0xDCFF:
			out.append("\\ufffd")
		elif c in '"\\':
			out.append("\\" + c)
		elif ord(c) < 32 or ord(c) == 127:
			out.append("\\u%04x" % ord(c))
		else:
			out.append(c)
	return '"' + "".join(out) + '"'


class Message:
	def __init__(self, offset, time, key, headers, value):
		self.offset, self.time, self.key, self.headers, self.value = offset, time, key, headers, value

	def line(self):
		headers = "{%s}" % ",".join(
			json_string(n) + ":" + ("null" if v is None else json_string(v)) for n, v in self.headers)
		json.loads(headers)
		fields = (self.key, headers.encode(), self.value)
		return b"\t".join([b"%d" % self.offset, Text.time(self.time).encode()] +
		                  [b"\\N" if f is None else Text.string(f) for f in fields]) + b"\n"


class Batch:
	def __init__(self, frame, file_id):
		p = frame.payload
		need(len(p) >= 64, "no whole head")
		(check, self.first, first_ms, self.max_ms, self.n, delta, dir_len, raw_len, self.text_len, codec, flags, zero,
		 self.boot, zero2) = struct.unpack("<QQqqIIIIIBBHII", p[:64])
		need(1 <= self.n <= 1 << 20 and raw_len <= 64 << 20 and 64 + dir_len <= len(p), "head out of its limits")
		need(check == xxh3(p[8 : 64 + dir_len], file_id - frame.off), "head: wrong check")
		need(not zero and not zero2, "head: not zero")
		self.off, self.end, self.last = frame.off, frame.end, self.first + delta
		directory, body = Reader(p[64 : 64 + dir_len]), Reader(unpack(codec, p[64 + dir_len :], raw_len))
		offset, time = self.first, first_ms
		self.messages = []
		for i in range(self.n):
			gap, change = directory.varint(), directory.zigzag()
			key, headers, value = (directory.varint() for _ in range(3))
			need((gap > 0) == (i > 0), "offsets do not ascend")
			offset += gap
			time = signed(time + change & (1 << 64) - 1)
			key = body.take(key - 1) if key else None
			headers = self.headers(Reader(body.take(headers)))
			self.messages.append(Message(offset, time, key, headers, body.take(value - 1) if value else None))
		need(directory.left() == 0 and body.left() == 0, "bytes left over")
		need(offset == self.last and self.max_ms == max(m.time for m in self.messages), "head: last offset or time")
		need(self.text_len == sum(len(m.line()) for m in self.messages), "head: length of the lines")

	@staticmethod
	def headers(r):
		found = []
		while r.left():
			name = r.take(r.varint())
			n = r.varint()
			found.append((name, r.take(n - 1) if n else None))
		return found


class Partition:
	def __init__(self, path, number, index, problems):
		self.batches = []
		self.problems = problems
		bases = sorted(int(f[:20]) for f in os.listdir(path) if re.fullmatch(r"\d{20}\.log", f))
		for base, following in zip(bases, bases[1:] + [1 << 62]):
			self.segment(os.path.join(path, "%020d" % base), base, following, number, index)

	def segment(self, stem, base, following, number, index):
		log = Log(stem + ".log", b"TOPL")
		self.problems += log.problems
		h = log.header
		if (h.hour, h.part, h.first_seq) != (number, index, base):
			log.problem(0, "another segment's header")
		batches, at = [], base
		for f in log.all.of_type(BATCH):
			try:
				b = Batch(f, h.id)
				need(at <= b.first and b.last < following, "offsets out of order")
				at = b.last + 1
				batches.append(b)
			except Damage as e:
				self.problems.append("%s.log: %d: %s" % (stem, f.off, e))
		self.index(stem + ".index", b"TOPI", OFFSETS, h.id, base, batches)
		self.index(stem + ".timeindex", b"TOPT", TIMES, h.id, base, batches)
		self.batches += batches

	def index(self, path, kind, type, segment_id, base, batches):
		if not os.path.exists(path):
			return
		log = Log(path, kind)
		self.problems += log.problems
		entries, covered = [], 64
		for f in log.all.of_type(type):
			(id, covered, following, max_ms, text_len, closed) = struct.unpack("<QQQqQB7x", f.payload[:48])
			seen = [b for b in batches if b.end <= covered]
			sums = (segment_id, base if not seen else seen[-1].last + 1, max([NEVER] + [b.max_ms for b in seen]),
			        sum(b.text_len for b in seen))
			if (id, following, max_ms, text_len) != sums or closed > 1:
				log.problem(f.off, "is not what the segment comes to")
			entries += struct.iter_unpack("<IIQ" if type == OFFSETS else "<qII", f.payload[48:])
		if type == OFFSETS and not {(b.first - base, b.off) for b in batches}.issuperset(e[:2] for e in entries):
			log.problem(0, "an entry of no batch")
		expected = {}
		for i, b in enumerate(batches):
			text, top = sum(x.text_len for x in batches[:i]), max(x.max_ms for x in batches[: i + 1])
			expected[b.first - base] = (b.first - base, b.off, text) if type == OFFSETS else (top, b.first - base, 0)
		for e in entries:
			if expected.get(e[0] if type == OFFSETS else e[1]) != e:
				log.problem(0, "another entry than the batch's: %r" % (e,))
		self.problems += log.problems


def main(args):
	if len(args) != 1:
		sys.exit("usage: topics.py STORE")
	folder = os.path.join(args[0], "topics")
	names = Log(os.path.join(folder, "names"), b"TOPN")
	problems, topics = names.problems, {}
	for f in names.all.of_type(TOPIC):
		r = Reader(f.payload)
		number, n = r.varint(), r.varint()
		topics[r.take(r.left()).decode("ascii")] = (number, n)
	out = sys.stdout.buffer
	for name, (number, n) in sorted(topics.items()):
		for i in range(n):
			path = os.path.join(folder, name, str(i))
			out.write(b"%s %d\n" % (name.encode(), i))
			if os.path.isdir(path):
				for b in Partition(path, number + i, i, problems).batches:
					out.writelines(m.line() for m in b.messages)
	out.flush()
	for p in problems:
		print(p, file=sys.stderr)
	return 1 if problems else 0


if __name__ == "__main__":
	sys.exit(main(sys.argv[1:]))
