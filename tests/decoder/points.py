#!/usr/bin/python3
# points.py -- a second reader of custom time series, written from docs/format.md, section 14
#
#   points.py STORE       every point as a line: series, time, value; by hour, by key, by time
#
# What is not as the format says is told on stderr, indexes and Bloom filters included; exit status 1 then. Beside the
# common parts of decode.py it shares no code with anything.

import os
import re
import struct
import sys

import xxhash

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from decode import Damage, Log, MASK, Reader, Sealed, Text, need, signed, unpack_zstd, xxh3  # noqa: E402

BATCH, DROP, VALUES, KEYS, HEAD, TIMES, BLOOM, PAGES, KEY_PAGES, DROPS = 48, 49, 50, 51, 52, 53, 54, 55, 56, 57
HOUR = 3600 * 10**9
BLOCK_MAX = 8192


# --- keys -------------------------------------------------------------------------------------------------------------


def parts(key):
	"""Metric and labels of a key."""
	need(0 < len(key) <= 4096 and key.endswith(b"\0"), "key: length")
	metric, *rest = key[:-1].split(b"\0")
	labels = list(zip(rest[::2], rest[1::2]))
	need(len(rest) % 2 == 0 and len(labels) <= 64 and all([metric, *rest]), "key: parts")
	names = [n for n, _ in labels]
	need(names == sorted(set(names)) and b"__name__" not in names, "key: labels out of order")
	return metric, labels


def escaped(s):
	return b"".join(b"%%%02X" % c if c < 32 or c == 127 or c in b"%/,={}\\" else bytes([c]) for c in s)


def name(key):
	metric, labels = parts(key)
	text = b"%2E" + escaped(metric[1:]) if metric.startswith(b".") else escaped(metric)
	if labels:
		text += b"{" + b",".join(escaped(n) + b"=" + escaped(v) for n, v in labels) + b"}"
	if len(text) > 240:
		kept = text[:206]
		while kept and text[len(kept)] & 0xC0 == 0x80 and len(kept) > 203:
			kept = kept[:-1]
		kept = re.sub(rb"%.?$", b"", kept)
		text = kept + b"%~" + b"%032x" % xxhash.xxh3_128_intdigest(key)
	return text


class Selector:
	"""METRIC{label="value",label!="",label=~"re",label!~"re"}"""

	def __init__(self, text):
		m = re.fullmatch(r"\s*([a-zA-Z_:][\w:.]*)?\s*(?:\{(.*)\})?\s*", text.decode(), re.S)
		need(m, "selector")
		self.conditions = [("__name__", "=", m[1])] if m[1] else []
		for c in re.finditer(r'\s*([^\s=!,]+)\s*(=~|!~|!=|=)\s*"((?:\\.|[^"\\])*)"\s*,?', m[2] or "", re.S):
			self.conditions.append((c[1], c[2], re.sub(r"\\(.)", lambda e: {"n": "\n"}.get(e[1], e[1]), c[3])))

	def selects(self, key):
		metric, labels = parts(key)
		labels = dict(labels)
		labels[b"__name__"] = metric
		for label, how, value in self.conditions:
			have = labels.get(label.encode(), b"")
			same = re.fullmatch(value.encode(), have, re.S) if "~" in how else have == value.encode()
			if bool(same) == how.startswith("!"):
				return False
		return True


# --- runs -------------------------------------------------------------------------------------------------------------


def dense(r, layout, m):
	if layout == 0:
		return [0] * m
	if layout <= 8:
		planes = [r.take(m) for _ in range(layout)]
		return [sum(p[i] << 8 * b for b, p in enumerate(planes)) for i in range(m)]
	need(layout == 9, "layout")
	out = []
	while len(out) < m:
		n = min(64, m - len(out))
		width = r.u8()
		shift = r.u8() if width & 128 else 0
		width &= 127
		need(width + shift <= 64, "width of a group")
		bits = int.from_bytes(r.take((width * n + 7) // 8), "little")
		out += [(bits >> width * i & (1 << width) - 1) << shift for i in range(n)]
	return out


def integers(r, n):
	head = r.u8()
	order, zigzags, layout, sparse = head & 3, head & 4, head >> 3 & 15, head & 128
	first = r.zigzag()
	slope = r.zigzag() if order == 2 else 0
	unit = r.varint() if head > 7 else 1
	m = max(n - (0, 1, 2, 1)[order], 0)
	residuals = [0] * m
	if head > 7 and sparse:
		count, gap_layout = r.varint(m), r.u8()
		at = -1
		gaps = dense(r, gap_layout, count)
		for gap, x in zip(gaps, dense(r, layout, count)):
			at += gap + 1
			need(at < m, "sparse: beyond the end")
			residuals[at] = x + 1
	elif head > 7:
		residuals = dense(r, layout, m)
	r.done()
	if zigzags:
		residuals = [(x >> 1) ^ -(x & 1) for x in residuals]
	residuals = [x * unit for x in residuals]
	if order == 0:
		return [first + x & MASK for x in residuals]
	out = [first & MASK]
	if order == 2 and n > 1:
		out.append(first + slope & MASK)
	for x in residuals:
		if order == 2:
			slope += x
		out.append((out[-1] ^ x if order == 3 else out[-1] + (slope if order == 2 else x)) & MASK)
	return out


def as_bits(x):
	return struct.unpack("<Q", struct.pack("<d", x))[0]


def values(data, n):
	"""The bits of n doubles."""
	r = Reader(data)
	form = r.u8()
	if form == 24:
		out = list(r.unpack("%dQ" % n))
		r.done()
		return out
	if form == 23:
		return integers(r, n)
	digits, how = form & 31, form >> 5 & 3
	need(digits <= 22 and how < 3 and digits >= (0, 1, 4)[how], "form of a run")
	exceptions, at = {}, -1
	if form & 128:
		for _ in range(r.varint(n)):
			at += r.varint() + 1
			need(at < n, "exception beyond the end")
			exceptions[at] = r.unpack("Q")[0]
	out = []
	for i, x in enumerate(integers(r, n)):
		x = float(signed(x))
		if how == 0:
			x /= float("1e%d" % digits)
		elif how == 1:
			x *= float("1e-%d" % digits)
		else:
			x = x / 1e3 / float("1e%d" % (digits - 3))
		out.append(exceptions.get(i, as_bits(x)))
	return out


def times(data, n):
	out = [signed(x) for x in integers(Reader(data), n)]
	need(all(a < b for a, b in zip(out, out[1:])), "times do not ascend")
	return out


# --- files ------------------------------------------------------------------------------------------------------------


class Page:
	def __init__(self, frame):
		r = Reader(frame.payload)
		self.off, self.first, codec, raw_len = frame.off, r.varint(), r.u8(), r.varint(1 << 24)
		need(codec <= 1, "codec of a page")
		body = r.take(r.left())
		self.raw = unpack_zstd(body, raw_len, 1 << 24) if codec else body
		need(len(self.raw) == raw_len, "raw length of a page")


class PointFile:
	def __init__(self, path, hour, number):
		self.sealed = s = Sealed(path, b"PNTS")
		if (s.header.hour, s.header.first_seq) != (hour, number):
			s.problem(0, "another hour or number than the name's")
		self.number, self.series = number, {}
		pages = {t: [Page(f) for f in s.sections(t)] for t in (VALUES, TIMES, KEYS)}
		self.values = self.gather(pages[VALUES])
		self.vectors = [v for p in pages[TIMES] for v in self.times_page(p)]
		self.new, self.last_key = 0, b""
		for p in pages[KEYS]:
			self.keys_page(p)
		self.check_indexes(pages)
		self.check_head()
		self.check_bloom()

	@staticmethod
	def gather(pages):
		data = b""
		for p in pages:
			need(p.first == len(data), "a page of values is missing")
			data += p.raw
		return data

	def times_page(self, page):
		r = Reader(page.raw)
		n = r.varint()
		counts, fines, lengths = ([r.varint() for _ in range(n)] for _ in range(3))
		for count, fine, length in zip(counts, fines, lengths):
			need(1 <= count <= BLOCK_MAX, "count of a vector")
			v = times(r.take(length), count)
			need(fine == sum(t % 10**6 != 0 for t in v), "fine times of a vector")
			need(all(t // HOUR == self.sealed.header.hour for t in v), "times of another hour")
			yield v
		r.done()

	def keys_page(self, page):
		r = Reader(page.raw)
		need(page.first == len(self.series), "a page of keys is missing")
		n, offset, new = r.varint(), r.varint(), r.varint()
		need(new == self.new, "vectors are numbered from another")
		shared, rest, n_blocks = ([r.varint() for _ in range(n)] for _ in range(3))
		key, keys = b"", []
		for a, b in zip(shared, rest):
			need(a <= len(key), "key: shares more than there is")
			key = key[:a] + r.take(b)
			keys.append(key)
		blocks = [[] for _ in range(sum(n_blocks) + n)]
		for _ in range(4):
			for b in blocks:
				b.append(r.varint())
		mean, over = ([r.varint() for _ in range(n)] for _ in range(2))
		r.done()
		blocks = iter(blocks)
		for i, key in enumerate(keys):
			parts(key)
			need(key > self.last_key, "keys out of order")
			self.last_key = key
			points = []
			for _ in range(n_blocks[i] + 1):
				back, skipped, left, length = next(blocks)
				vector = self.vectors[self.new - back]
				self.new += back == 0
				t = vector[skipped : len(vector) - left]
				v = values(self.values[offset : offset + length], len(t))
				offset += length
				points += zip(t, v)
			need(all(a[0] < b[0] for a, b in zip(points, points[1:])), "blocks out of order")
			need(sum(len(Text.double(v)) for _, v in points) == mean[i] * len(points) + over[i] and over[i] < len(points),
			     "length of the values' text")
			self.series[key] = points

	def section(self, type):
		found = self.sealed.sections(type)
		need(len(found) == 1, "not one section %d" % type)
		return Reader(found[0].payload)

	def check_indexes(self, pages):
		def take(r, key):
			n, off, first, low, out = r.varint(), 0, 0, b"", []
			for _ in range(n):
				off, first = off + r.varint(), first + r.varint()
				if key:
					low = low[: r.varint()] + r.take(r.varint())
				out.append((off, first, low))
			return out

		r = self.section(PAGES)
		for type in VALUES, TIMES:
			need([p[:2] for p in take(r, False)] == [(p.off, p.first) for p in pages[type]], "index of pages")
		r.done()
		r = self.section(KEY_PAGES)
		index, keys = take(r, True), list(self.series)
		r.done()
		need([p[:2] for p in index] == [(p.off, p.first) for p in pages[KEYS]], "index of pages of keys")
		for i, (_, first, low) in enumerate(index):
			need(low <= keys[first] and (i == 0 or keys[first - 1] < low), "index of keys")

	def check_head(self):
		r = self.section(HEAD)
		version = r.varint()
		need(version in (1, 2) and r.varint() == self.number, "head: version or number")
		self.since = r.varint(self.number)
		if version == 2:
			r.varint(self.number)  # newest
		all_times = [t for points in self.series.values() for t, _ in points] or [0]
		expected = [len(self.series), sum(map(len, self.series.values()))]
		need([r.varint(), r.varint()] == expected, "head: series or points")
		need([r.zigzag(), r.zigzag()] == [min(all_times), max(all_times)], "head: times")
		need([r.varint(), r.varint()] == [len(self.vectors), len(self.values)], "head: vectors or values")
		r.done()

	def check_bloom(self):
		found = self.sealed.sections(BLOOM)
		if not found:
			return
		bits = found[0].payload
		for key in self.series:
			metric, labels = parts(key)
			for entry in [key, b"__name__\0" + metric] + [n + b"\0" + v for n, v in labels]:
				h = xxh3(entry, 0)
				for i in range(7):
					bit = ((h & 0xFFFFFFFF) + i * (h >> 32)) % (8 * len(bits))
					need(bits[bit // 8] >> bit % 8 & 1, "Bloom filter lacks something")


# --- logs -------------------------------------------------------------------------------------------------------------


def drop(payload):
	r = Reader(payload)
	number, first, last = r.varint(), *r.unpack("qq")
	selector = r.string()
	r.done()
	return number, first, last, Selector(selector)


def batch(payload, keys):
	r = Reader(payload)
	number, first_key, n_keys = r.varint(), r.varint(), r.varint()
	need(first_key == len(keys), "keys are missing")
	keys += [r.string() for _ in range(n_keys)]
	n = r.varint(1 << 20)
	columns = []
	for _ in range(2):
		x, column = 0, []
		for _ in range(n):
			x = x + r.zigzag() & MASK
			column.append(x)
		columns.append(column)
	bits = r.unpack("%dQ" % n)
	r.done()
	return number, [(keys[k], signed(t), v) for k, t, v in zip(*columns, bits)]


class Store:
	def __init__(self, folder):
		self.problems, files, self.hours = [], {}, {}
		events = []  # number, what
		for f in sorted(os.listdir(folder)):
			m = re.fullmatch(r"(.{13})\.(\d{20})\.points", f)
			if m:
				hour = Sealed(os.path.join(folder, f), b"PNTS").header.hour
				need(Text.time(hour * 3600000)[:13] == m[1], "name of another hour")
				self.attempt(lambda: files.setdefault(hour, []).append(PointFile(os.path.join(folder, f), hour, int(m[2]))), f)
		for hour, found in files.items():
			counting = [a for a in found if not any(b.since <= a.number < b.number for b in found)]
			for f in counting:
				self.problems += f.sealed.problems
				events.append((f.number, "file", hour, f))
		covered = {hour: max(f.number for f in found) for hour, found in files.items()}
		before = 0
		for f in sorted(f for f in os.listdir(folder) if re.fullmatch(r"\d{20}\.log", f)):
			log, keys = Log(os.path.join(folder, f), b"PNTW"), []
			self.problems += log.problems
			for frame in log.all.frames:
				if frame.type == BATCH:
					number, points = batch(frame.payload, keys)
					kept = [p for p in points if number > covered.get(p[1] // HOUR, 0)]
					events.append((number, "batch", kept))
				elif frame.type == DROP:
					number, *what = drop(frame.payload)
					events.append((number, "drop", *what))
				need(number > before and number >= int(f[:20]), "numbers do not ascend")
				before = number
		if os.path.exists(os.path.join(folder, "drops")):
			sealed = Sealed(os.path.join(folder, "drops"), b"PNTD")
			self.problems += sealed.problems
			for frame in sealed.sections(DROPS):
				number, *what = drop(frame.payload)
				events.append((number, "drop", *what))
		for event in sorted(events, key=lambda e: (e[0], e[1])):
			getattr(self, event[1])(*event[2:])

	def attempt(self, what, where):
		try:
			what()
		except Damage as e:
			self.problems.append("%s: %s" % (where, e))

	def file(self, hour, f):
		for key, points in f.series.items():
			self.hours.setdefault(hour, {}).setdefault(key, {}).update(points)

	def batch(self, points):
		for key, t, v in points:
			self.hours.setdefault(t // HOUR, {}).setdefault(key, {})[t] = v

	def drop(self, first, last, selector):
		for hour in self.hours.values():
			for key, points in hour.items():
				if selector.selects(key):
					for t in [t for t in points if first <= t <= last]:
						del points[t]


def time_text(ns):
	text = Text.time(ns // 10**6)
	return text[:-1] + "%06dZ" % (ns % 10**6) if ns % 10**6 else text


def main(args):
	if len(args) != 1:
		sys.exit("usage: points.py STORE")
	store = Store(os.path.join(args[0], "series"))
	out = sys.stdout.buffer
	for _, series in sorted(store.hours.items()):
		for key, points in sorted(series.items()):
			for t, v in sorted(points.items()):
				out.write(b"%s\t%s\t%s\n" % (name(key), time_text(t).encode(), Text.double(v)))
	out.flush()
	for p in store.problems:
		print(p, file=sys.stderr)
	return 1 if store.problems else 0


if __name__ == "__main__":
	sys.exit(main(sys.argv[1:]))
