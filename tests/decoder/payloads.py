#!/usr/bin/python3
# payloads.py -- a second reader of payloads, written from docs/format.md, section 12
#
#   payloads.py STORE     every record that there is of every key, as a line: name, number, time, version, what it is, value
#
# Keys by name, newest records first. What is not as the format says is told on stderr, the index snapshot included; exit
# status 1 then. Beside the common parts of decode.py it shares no code with anything.

import json
import os
import re
import struct
import sys

import xxhash

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from decode import Damage, Frame, Header, Log, Reader, Sealed, Text, key_value, need, utf8_cut  # noqa: E402

BOOKMARK, PUT, DELETE, HEAD, PAGE = 12, 32, 33, 34, 35
NUMBER_KEY, RAW, BORN = 1, 2, 4
DELETED = 1 << 63


class Key:
	def __init__(self, is_number, data):
		need(1 <= len(data) <= 512 and (not is_number or len(data) == 8), "key")
		self.is_number, self.data = is_number, data
		hash = xxhash.xxh3_128_intdigest(bytes([is_number]) + data)
		self.hash, self.high = hash & (1 << 64) - 1, hash >> 64

	def prefix(self):
		return max(self.hash >> 13, 1)

	def name(self):
		if self.is_number:
			return b"%d" % int.from_bytes(self.data, "little")
		name = key_value(self.data)
		if name.startswith(b"."):
			name = b"%2E" + name[1:]
		if re.fullmatch(rb"0|[1-9][0-9]{0,19}", self.data):
			name = b"%%%02X" % name[0] + name[1:]
		if len(name) <= 240:
			return name
		at = utf8_cut(name, 206)
		for back in (1, 2):
			if name[at - back : at - back + 1] == b"%":
				at -= back
				break
		return name[:at] + b"%%~%016x%016x" % (self.high, self.hash)


class Record:
	def __init__(self, frame):
		r = Reader(frame.payload)
		(self.number, self.time, self.before, self.jump, self.version, self.left, key_len, flags, self.twin,
		 self.unsynced) = r.unpack("QqQQIIHBBI")
		self.key = Key(flags & NUMBER_KEY, r.take(key_len))
		self.value = r.take(r.left())
		self.deletes, self.raw, self.born = frame.type == DELETE, bool(flags & RAW), bool(flags & BORN)
		self.off, self.end = frame.off, frame.end
		need(flags < 8 and self.twin <= 15 and 0 < self.number < 1 << 55, "record")
		need(self.jump <= self.before < self.number and self.unsynced < self.number, "record")
		need(len(self.value) <= 16 << 20 and not (self.deletes and self.value), "value")
		if not self.raw and not self.deletes:
			check_json(self.value)

	def line(self):
		what = "deleted" if self.deletes else "raw" if self.raw else "json"
		fields = (b"%d" % self.number, Text.time(self.time).encode(), b"%d" % self.version, what.encode())
		return b"\t".join((Text.string(self.key.name()),) + fields + (Text.string(self.value),)) + b"\n"


def refuse(constant):
	raise ValueError(constant)


def check_json(value):
	try:
		text = value.decode("utf-8", "strict")
		json.loads(text, parse_constant=refuse, parse_int=str, parse_float=str)
	except ValueError as e:
		raise Damage("JSON: %s" % e)


def read_mark(path):
	"""File id, length and number that are known to be durable."""
	try:
		with open(path, "rb") as f:
			data = f.read()
		id = Header(data, b"BOOK").id
	except (FileNotFoundError, Damage):
		return 0, 0, 0
	places = [Frame.at(data, off + 4096, off, id) for off in (4096, 8192)]
	found = [struct.unpack("<QQQQ", f.payload) for f in places if f and f.type == BOOKMARK]
	return max(found)[1:] if found else (0, 0, 0)


def whole(segment, records, mark):
	"""The records of the newest segment that count: what is torn does not, what was durable does."""
	id, length, durable = mark
	if id != segment.header.id:
		length = 0
	counted, waiting, expected, doubt = [], [], Header.LEN, 0
	for r in records:
		durable = max(durable, r.number - r.unsynced - 1)
		if r.off > expected or (waiting and waiting[-1].number + waiting[-1].left != r.number + r.left):
			doubt = r.number - 1
		if doubt and durable >= doubt:
			counted, waiting, doubt = counted + waiting, [], 0
		waiting.append(r)
		if r.left == 0 and not doubt:
			counted, waiting = counted + waiting, []
		expected = r.end
	if expected < length:
		segment.problem(expected, "damaged up to %d" % length)
	return counted + [r for r in waiting if r.end <= length]


class Payloads:
	def __init__(self, folder):
		self.folder, self.problems = folder, []
		mark = read_mark(os.path.join(folder, "synced"))
		bases = sorted(int(f[:20]) for f in os.listdir(folder) if re.fullmatch(r"\d{20}\.log", f))
		self.segments = {}  # base: (segment, records by offset)
		self.records = {}  # by number
		for base, following in zip(bases, bases[1:] + [None]):
			self.segment(base, following, mark)
		self.keys = {}  # (is it a number, bytes): records, newest first
		for number in sorted(self.records, reverse=True):
			r = self.records[number]
			self.keys.setdefault((r.key.is_number, r.key.data), []).append(r)
		for records in self.keys.values():
			for r in records:
				self.check_history(r, records[0])
		self.check_twins()
		if os.path.exists(os.path.join(folder, "keys")):
			self.check_snapshot()

	def problem(self, r, what):
		self.problems.append("record %d: %s" % (r.number, what))

	def segment(self, base, following, mark):
		s = Log(os.path.join(self.folder, "%020d.log" % base), b"PAYL")
		records, last = [], base - 1
		if s.header.first_seq != base:
			s.problem(0, "another segment's header")
		for f in s.all.frames:
			if f.type not in (PUT, DELETE):
				continue
			try:
				r = Record(f)
				need(last < r.number, "numbers do not ascend")
				last = r.number
				records.append(r)
			except Damage as e:
				s.problem(f.off, e)
		if following is None:
			records = whole(s, records, mark)
		elif s.all.tail[0] < len(s.data):
			s.problem(s.all.tail[0], "damaged to the end")
		if following is not None and last >= following:
			s.problem(0, "has numbers of the next one")
		self.segments[base] = s, {r.off: r for r in records}
		self.records.update((r.number, r) for r in records)
		self.problems += s.problems

	def check_history(self, r, newest):
		before, jump = self.records.get(r.before), self.records.get(r.jump)
		if r.key.data != newest.key.data or r.twin != newest.twin:
			self.problem(r, "another twin than the newest")
		if (r.before == 0) != (r.version == 0) or (r.version == 0 and not r.born):
			self.problem(r, "first version")
		if before and (before.key.data != r.key.data or before.version != r.version - 1 or before.time > r.time or
		               before.deletes != r.born):
			self.problem(r, "does not follow %d" % r.before)
		rest = r.version + 1
		while rest:
			term = (1 << (rest + 1).bit_length() - 1) - 1
			rest -= term
		if jump and (jump.key.data != r.key.data or jump.version != r.version - term):
			self.problem(r, "jumps to %d" % r.jump)

	def check_twins(self):
		seen = {}
		for records in self.keys.values():
			r = records[0]
			if seen.setdefault((r.key.prefix(), r.twin), r) is not r:
				self.problem(r, "has the id of another key")

	def check_snapshot(self):
		s = Sealed(os.path.join(self.folder, "keys"), b"PAYK")
		self.problems += s.problems
		r = Reader(s.sections(HEAD)[0].payload)
		need(r.varint() == 1, "version")
		n_keys, n_live, newest, _ = r.varint(), r.varint(), r.varint(), r.zigzag()
		segments = [(r.varint(), r.unpack("Q")[0], r.varint()) for _ in range(r.varint())]
		n_pages, first_page = r.varint(), r.varint()
		pages = s.sections(PAGE)
		if [p.off for p in pages] != [first_page + 4096 * i for i in range(n_pages)] or first_page % 4096:
			s.problem(first_page, "pages are elsewhere")
		found, entries = {}, []
		for i, page in enumerate(pages):
			n, = struct.unpack("<H", page.payload[:2])
			entries += [(i, hash, at) for hash, at in struct.iter_unpack("<QQ", page.payload[12 : 12 + 16 * n])]
			if any(page.payload[12 + 16 * n :]):
				s.problem(page.off, "behind the entries: not zero")
		for page, hash, at in entries:
			base, id, covered = segments[at & (1 << 24) - 1]
			off = (at & ~DELETED) >> 24
			segment, records = self.segments.get(base, (None, {}))
			if hash * n_pages >> 64 != page:
				s.problem(pages[page].off, "hash of another page")
			if segment is None or segment.header.id != id:
				continue
			record = records.get(off)
			if record is None or off >= covered or record.key.hash != hash or record.deletes != bool(at & DELETED):
				s.problem(pages[page].off, "leads to no record of the key")
			else:
				found[record.key.is_number, record.key.data] = record
		known = {base: id for base, id, _ in segments}
		for key, records in self.keys.items():
			newer = next((r for r in records if r.number <= newest), None)
			base = newer and max(b for b in self.segments if b <= newer.number)
			if newer and known.get(base) == self.segments[base][0].header.id and found.get(key) is not newer:
				self.problem(newer, "is not the one in the snapshot")
		if [e[1] for e in entries] != sorted(e[1] for e in entries) or len(entries) != n_keys or \
		   sum(not e[2] & DELETED for e in entries) != n_live:
			s.problem(0, "order or number of entries")
		self.problems += s.problems


def main(args):
	if len(args) != 1:
		sys.exit("usage: payloads.py STORE")
	p = Payloads(os.path.join(args[0], "payloads"))
	for records in sorted(p.keys.values(), key=lambda records: records[0].key.name()):
		for r in records:
			sys.stdout.buffer.write(r.line())
	sys.stdout.flush()
	for problem in p.problems:
		print(problem, file=sys.stderr)
	return 1 if p.problems else 0


if __name__ == "__main__":
	sys.exit(main(sys.argv[1:]))
