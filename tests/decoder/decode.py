#!/usr/bin/python3
# decode.py -- a second reader of histfs stores, written from docs/format.md
#
#   decode.py dump STORE                      every snapshot: times, heat, sizes, texts
#   decode.py list STORE                      the same without texts
#   decode.py cat STORE HOUR SEQ TABLE        one text, as /hour/HOUR/snapshot-SEQ/TABLE
#   decode.py series STORE                    every column of every row over each hour, as below /series
#   decode.py verify STORE                    checks everything, prints what is wrong where
#
# Shares no code with the C reader; the section numbers are those of docs/format.md. It reads whole files and keeps all of
# an hour in memory: it is here to be right, not to be fast. Exit status 1: something was damaged (told on stderr).

import os
import re
import struct
import sys

import xxhash
import zstandard

MASK = (1 << 64) - 1

U64, I64, F64, DECIMAL, STRING = 1, 2, 3, 4, 5
KEY = 1
RESET = 8

SCHEMA, SNAPSHOT, GROUP, DICTIONARY, INDEX, LISTING, META, HEAT, HOST, ROSTERS, HEAT_SUM, CONTENTS = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255


class Damage(Exception):
	"""Bytes that the format does not allow."""


def need(condition, what):
	if not condition:
		raise Damage(what)


def xxh3(data, seed):
	return xxhash.xxh3_64_intdigest(data, seed & MASK)


def signed(x):
	return x - (1 << 64) if x >> 63 else x


class Reader:
	"""Bytes that are taken from the front."""

	def __init__(self, data):
		self.data = bytes(data)
		self.at = 0

	def left(self):
		return len(self.data) - self.at

	def take(self, n):
		need(n <= self.left(), "cut off")
		self.at += n
		return self.data[self.at - n : self.at]

	def unpack(self, form):
		return struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))

	def u8(self):
		return self.take(1)[0]

	def varint(self, limit=MASK):
		value = 0
		for i in range(10):
			byte = self.u8()
			value |= (byte & 0x7F) << (7 * i)
			if byte < 0x80:
				need(value <= limit, "number above its limit")
				return value
		raise Damage("varint of more than ten bytes")

	def zigzag(self):
		x = self.varint()
		return (x >> 1) ^ -(x & 1)

	def string(self):
		return self.take(self.varint())

	def done(self):
		need(self.left() == 0, "bytes left over")


def unpack_zstd(body, raw_len, limit, dictionary=None):
	need(raw_len <= limit, "raw length above its limit")
	dict_data = None
	if dictionary is not None:
		dict_data = zstandard.ZstdCompressionDict(dictionary, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
	try:
		raw = zstandard.ZstdDecompressor(dict_data=dict_data).decompress(body, max_output_size=max(raw_len, 1))
	except zstandard.ZstdError as e:
		raise Damage("zstd: %s" % e)
	need(len(raw) == raw_len, "raw length is not the one told")
	return raw


# --- sections 2 to 4: files -------------------------------------------------------------------------------------------


class Header:
	"""Section 2."""

	LEN = 64

	def __init__(self, data, kind):
		need(len(data) >= self.LEN, "no whole header")
		(magic, self.kind, version, zero, _, incompatible, self.id, self.store_id, self.hour, self.part,
		 self.first_seq, check) = struct.unpack("<8s4sHHIIQQiIQQ", data[: self.LEN])
		need(magic == b"\x89histfs\n", "not a file of histfs")
		need(check == xxh3(data[:56], 0), "header: wrong check")
		need(version == 1 and incompatible == 0, "written by a newer version")
		need(zero == 0, "header: not zero")
		need(self.kind == kind, "file of another kind")


class Frame:
	"""Section 3."""

	MARK = b"\xf5hf\n"
	LEN = 20

	def __init__(self, off, type, payload):
		self.off = off
		self.type = type
		self.payload = payload
		self.end = off + self.LEN + len(payload)

	@classmethod
	def at(cls, data, end, off, file_id):
		"""The valid frame at that offset, or None."""
		if end - off < cls.LEN or data[off : off + 4] != cls.MARK:
			return None
		check, length, type, flags, zero = struct.unpack("<QIBBH", data[off + 4 : off + cls.LEN])
		if length > 64 << 20 or length > end - off - cls.LEN or flags or zero:
			return None
		if check != xxh3(data[off + 12 : off + cls.LEN + length], file_id + off):
			return None
		return cls(off, type, data[off + cls.LEN : off + cls.LEN + length])


class Frames:
	"""All valid frames of a file, and what is not a frame: damage in the middle, a tail at the end."""

	def __init__(self, data, file_id, end):
		self.frames = []
		self.damage = []  # (from, to)
		off = Header.LEN
		while True:
			start = off
			frame = Frame.at(data, end, off, file_id)
			while frame is None and off >= 0:
				off = data.find(Frame.MARK, off + 1, end)
				frame = Frame.at(data, end, off, file_id) if off >= 0 else None
			if frame is None:
				self.tail = (start, end)
				return
			if frame.off != start:
				self.damage.append((start, frame.off))
			self.frames.append(frame)
			off = frame.end

	def of_type(self, type):
		return [f for f in self.frames if f.type == type]


class File:
	def __init__(self, path, kind):
		self.path = path
		self.problems = []
		with open(path, "rb") as f:
			self.data = f.read()
		self.header = Header(self.data, kind)

	def problem(self, off, what):
		self.problems.append("%s: %d: %s" % (self.path, off, what))


class Log(File):
	def __init__(self, path, kind):
		super().__init__(path, kind)
		self.all = Frames(self.data, self.header.id, len(self.data))
		for start, end in self.all.damage:
			self.problem(start, "%d damaged bytes" % (end - start))


class Sealed(File):
	"""Section 4. The frames are found as in a log; footer and table of contents are checked against them."""

	FOOTER = 32

	def __init__(self, path, kind):
		super().__init__(path, kind)
		end = len(self.data) - self.FOOTER
		try:
			need(end >= Header.LEN, "no room for a footer")
			toc_off, length, magic, check = struct.unpack("<QQ8sQ", self.data[end:])
			need(magic == b"sealed\n\x89" and check == xxh3(self.data[end : end + 24], self.header.id), "footer")
			need(length == len(self.data), "length of the file is not the one in its footer")
		except Damage as e:
			self.problem(max(end, 0), e)
			end, toc_off = len(self.data), None
		self.all = Frames(self.data, self.header.id, end)
		for start, stop in self.all.damage:
			self.problem(start, "%d damaged bytes" % (stop - start))
		if toc_off is not None:
			if self.all.tail[0] != end:
				self.problem(self.all.tail[0], "bytes before the footer")
			self.check_contents(toc_off)

	def check_contents(self, toc_off):
		contents = [f for f in self.all.of_type(CONTENTS) if f.off == toc_off]
		if not contents or self.all.frames[-1] is not contents[0]:
			return self.problem(toc_off, "no table of contents")
		frames = {(f.off, f.type, len(f.payload)) for f in self.all.frames}
		r, before = Reader(contents[0].payload), 0
		while r.left():
			type, length, off = r.unpack("IIQ")
			need(off > before, "table of contents out of order")
			before = off
			if (off, type, length) not in frames:
				self.problem(off, "section of type %d is not there" % type)

	def sections(self, type):
		return self.all.of_type(type)


# --- section 5: schemas -----------------------------------------------------------------------------------------------


NAME = re.compile(rb"[A-Za-z0-9][A-Za-z0-9_.()-]{0,63}")


class Column:
	def __init__(self, r):
		self.name, self.unit = r.string(), r.string()
		self.type, self.kind, self.flags, self.scale = r.unpack("BBBB")
		need(NAME.fullmatch(self.name) and len(self.unit) <= 16, "column name")
		need(self.type in (U64, I64, F64, DECIMAL, STRING) and self.kind <= 2 and self.flags <= 15, "column")
		need(not self.flags & RESET or self.type != STRING, "column")
		need(self.scale <= 18 and (self.scale == 0 or self.type == DECIMAL), "scale")

	def integer_key(self):
		return self.flags & KEY and self.type in (U64, I64, DECIMAL)


class Table:
	def __init__(self, r):
		self.id, self.name = r.varint(4095), r.string()
		need(self.id > 0 and NAME.fullmatch(self.name), "table")
		self.columns = [Column(r) for _ in range(r.varint(4096))]
		need(len({c.name for c in self.columns}) == len(self.columns), "two columns of one name")


class Schema:
	def __init__(self, payload):
		r = Reader(payload)
		raw_len = r.varint()
		raw = unpack_zstd(r.take(r.left()), raw_len, 4 << 20)
		self.check = xxh3(raw, 0)
		r = Reader(raw)
		self.number = r.varint(65535)
		self.tables = [Table(r) for _ in range(r.varint(1024))]
		r.done()
		ids = [t.id for t in self.tables]
		need(ids == sorted(set(ids)) and len({t.name for t in self.tables}) == len(ids), "table ids and names")


# --- section 6: groups ------------------------------------------------------------------------------------------------


class GroupHeader:
	LEN = 56
	BASED = 1

	def __init__(self, r):
		(self.first_seq, self.first_ms, self.last_ms, self.boot, self.n, self.raw_len, self.body_len, self.schema,
		 self.codec, self.flags, self.schema_check) = r.unpack("QqqQIIIHBBQ")
		need(1 <= self.n <= 4096 and self.codec <= 2 and self.flags <= 1, "group header")
		need(self.raw_len <= 256 << 20, "group header: raw length")
		self.based = bool(self.flags & self.BASED)

	def body(self, stored, dictionary):
		need(len(stored) == self.body_len, "length of the group's body")
		if self.codec == 0:
			need(self.raw_len == self.body_len, "length of the group's body")
			return stored
		need(self.codec == 1 or dictionary is not None, "dictionary is lost")
		return unpack_zstd(stored, self.raw_len, 256 << 20, dictionary if self.codec == 2 else None)


class Life:
	"""A row from its appearance to its disappearance or the group's end."""

	def __init__(self, birth, n_columns):
		self.birth = birth
		self.last = None
		self.cells = [0] * n_columns  # last values that were not NULL
		self.null = [True] * n_columns


class TableState:
	"""The rows of a table after the last snapshot decoded, and its text and more for each snapshot of the group."""

	def __init__(self, table):
		self.table = table
		self.rows = []
		self.taken_ms = None

	def decode(self, r, times, based, strings):
		"""Takes up a section; returns (rows, taken_ms) for each snapshot, None where the table is absent."""
		columns = self.table.columns
		presence = self.presence(r, len(times), based)
		first = next(s for s, code in enumerate(presence) if code != 0)
		lives = self.lives(r, len(times), based, first)
		lengths = [r.varint() for _ in range(3 * len(columns))]
		inits = [Reader(r.take(lengths[3 * i])) for i in range(len(columns))]
		changes = [(Reader(r.take(lengths[3 * i + 1])), Reader(r.take(lengths[3 * i + 2]))) for i in range(len(columns))]
		r.done()

		new = [life for life in lives if life.birth >= 0]
		for i, column in enumerate(columns):
			self.init(inits[i], column, i, new)
		steps = {}  # snapshot: [(life, column, value or None)]
		for i, column in enumerate(columns):
			self.changes(*changes[i], column, i, lives, len(times), steps)
		need(all(presence[s] for s in (*self.events, *steps)), "change of a table that is not there")

		result = []
		for s, code in enumerate(presence):
			if s in self.events:
				self.rows = self.events[s]
			for life, i, value in steps.get(s, ()):
				life.null[i] = value is None
				if value is not None:
					life.cells[i] = value
			if code >= 2:
				x = (code - 2) >> 1
				self.taken_ms = times[s] + ((x >> 1) ^ -(x & 1))
			result.append((self.values(strings), self.taken_ms) if code else None)
		for life in self.rows:
			life.birth = -1
		return result

	def presence(self, r, n, based):
		codes = []
		while len(codes) < n:
			run, code = r.varint(n - len(codes)), r.varint()
			need(run > 0, "presence")
			codes += [code] * run
		need(any(codes), "table is in no snapshot")
		need(based or next(c for c in codes if c) != 1, "keyframe begins with a repeated table")
		return codes

	def lives(self, r, n, based, first):
		"""Numbers the lives; self.events holds the rows from a snapshot on."""
		n_base, n_first = r.varint(1 << 22), r.varint(1 << 22)
		need(n_base == (len(self.rows) if based else 0), "rows of the state before")
		need(n_first == 0 or not based, "first rows in a based group")
		n_columns = len(self.table.columns)
		lives = list(self.rows) if based else [Life(first, n_columns) for _ in range(n_first)]
		rows = list(lives)
		for life in lives:
			life.last = n - 1
		self.events = {} if based else {first: rows}
		s = -1
		while True:
			gap = r.varint(n)
			if gap == 0:
				return lives
			s += gap
			need(s < n and (based or s > first), "event behind the group's end")
			rows = list(rows)
			for position in reversed(self.positions(r, len(rows))):
				rows[position].last = s - 1
				del rows[position]
			inserted = self.positions(r, 1 << 22)
			for position in inserted:
				need(position <= len(rows), "row inserted behind the end")
				life = Life(s, n_columns)
				life.last = n - 1
				rows.insert(position, life)
				lives.append(life)
			self.events[s] = rows

	def positions(self, r, limit):
		result, position = [], -1
		for _ in range(r.varint(limit)):
			gap = r.varint(limit)
			position += gap
			need(gap > 0 and position < limit, "position")
			result.append(position)
		return result

	def init(self, r, column, i, new):
		if not new:
			return r.done()
		mode = r.u8()
		differences = column.integer_key() or mode >= 3
		need(mode <= 4, "init of a column")
		need(mode <= 2 or not (column.integer_key() or column.type == F64), "init of a column")
		null = [mode == 1] * len(new)
		if mode in (2, 4):
			bitmap = r.take((len(new) + 7) // 8)
			null = [bool(bitmap[k // 8] >> (k % 8) & 1) for k in range(len(new))]
		before = 0
		for life, is_null in zip(new, null):
			life.null[i] = is_null
			if is_null:
				continue
			if differences:
				before = (before + r.zigzag()) & MASK
				life.cells[i] = before
			elif column.type in (U64, STRING):
				life.cells[i] = r.varint()
			elif column.type == F64:
				life.cells[i] = r.unpack("Q")[0]
			else:
				life.cells[i] = r.zigzag() & MASK
		r.done()

	def changes(self, positions, values, column, i, lives, n, steps):
		if positions.left() == 0:
			return values.done()
		order = positions.u8()
		need(order == 1 or order == 2 and column.type not in (STRING, F64) or order == 3 and column.type != F64, "order")
		number, across = -1, []
		while positions.left():
			gap = positions.varint()
			number += gap
			need(gap > 0 and number < len(lives), "number of a life")
			life = lives[number]
			if order == 3:
				across += [(s, number, null) for s, null in self.steps(positions, life)]
				continue
			p, d = life.cells[i], 0
			for s, null in self.steps(positions, life):
				if null:
					steps.setdefault(s, []).append((life, i, None))
					continue
				if column.type == STRING:
					p = values.varint()
				elif column.type == F64:
					p ^= int.from_bytes(values.varint().to_bytes(8, "little"), "big")
				else:
					d = (values.zigzag() + (d if order == 2 else 0)) & MASK
					p = (p + d) & MASK
				steps.setdefault(s, []).append((life, i, p))
		value = 0
		for s, number, null in sorted(across):
			if not null:
				value = (value + values.zigzag()) & MASK
			steps.setdefault(s, []).append((lives[number], i, None if null else value))
		values.done()

	def steps(self, r, life):
		count = r.varint()
		if count == 0:
			need(life.birth < life.last, "change of a life that is too short")
			return [(s, False) for s in range(life.birth + 1, life.last + 1)]
		result, s = [], life.birth
		for _ in range(count):
			step = r.varint()
			s += step >> 1
			need(step >> 1 > 0 and s <= life.last, "change outside of the life")
			result.append((s, bool(step & 1)))
		return result

	def values(self, strings):
		"""The rows as Python values, NULL as None."""
		rows = []
		for life in self.rows:
			row = []
			for column, cell, null in zip(self.table.columns, life.cells, life.null):
				if not null and column.type == STRING:
					need(cell in strings, "string that is not defined")
					cell = strings[cell]
				row.append(None if null else cell)
			rows.append(row)
		return rows


class Snapshot:
	def __init__(self, seq, time_ms, boot, boot_us):
		self.seq = seq
		self.time_ms = time_ms
		self.boot = boot
		self.boot_us = boot_us
		self.tables = {}  # table id: (Table, rows, taken_ms)
		self.heat = None


class GroupState:
	"""What a keyframe begins and based groups go on from."""

	def __init__(self):
		self.next_seq = None

	def decode(self, header, raw, schema):
		"""The snapshots of a group, which must be a keyframe or follow the one decoded before."""
		if header.based:
			need(self.next_seq == header.first_seq, "group before it is lost")
			need(self.schema is schema and self.boot == header.boot, "based on a group of another schema or boot")
		else:
			self.schema, self.boot, self.strings = schema, header.boot, {}
			self.tables = [TableState(t) for t in schema.tables]
		self.next_seq = None  # should anything be wrong
		r = Reader(raw)
		times, boots = self.times(r, header)
		self.take_strings(r)
		snapshots = [Snapshot(header.first_seq + s, times[s], header.boot, boots[s]) for s in range(header.n)]
		index = 0
		for i in range(r.varint(len(self.tables))):
			gap = r.varint()
			need(gap > 0 or i == 0, "tables out of order")
			index += gap
			need(index < len(self.tables), "table that is not in the schema")
			state = self.tables[index]
			section = Reader(r.take(r.varint()))
			for snapshot, rows in zip(snapshots, state.decode(section, times, header.based, self.strings)):
				if rows is not None:
					snapshot.tables[state.table.id] = (state.table, *rows)
		r.done()
		self.next_seq = header.first_seq + header.n
		return snapshots

	def times(self, r, header):
		times, boots = [header.first_ms], [r.varint()]
		dt = db = 0
		for _ in range(header.n - 1):
			dt += r.zigzag()
			db += r.zigzag()
			times.append(signed((times[-1] + dt) & MASK))
			boots.append((boots[-1] + db) & MASK)
		need(times[-1] == header.last_ms, "time of the last snapshot")
		return times, boots

	def take_strings(self, r):
		count = r.varint(1 << 22)
		ids, id = [], -1
		for _ in range(count):
			gap = r.varint()
			id += gap
			need(gap > 0 and id < 1 << 22 and id not in self.strings, "string id")
			ids.append(id)
		lengths = [r.varint(1 << 20) for _ in range(count)]
		for id, length in zip(ids, lengths):
			self.strings[id] = r.take(length)


# --- sections 7 to 9: files of snapshots ------------------------------------------------------------------------------


class HeatEntry:
	LEN = 48

	def __init__(self, r):
		self.time_ms, self.seq = r.unpack("qI")
		self.measures = r.unpack("18H")


class SnapshotLog(Log):
	"""Section 7. snapshots, and sizes: {seq: {table id: (rows, text_len)}}."""

	def __init__(self, path):
		super().__init__(path, b"SNPW")
		self.snapshots, self.sizes, self.heat = [], {}, {}
		schemas, state = {}, GroupState()
		for frame in self.all.frames:
			try:
				if frame.type == SCHEMA:
					schema = Schema(frame.payload)
					schemas.setdefault((schema.number, schema.check), schema)
				elif frame.type == SNAPSHOT:
					self.snapshot(frame, schemas, state)
			except Damage as e:
				self.problem(frame.off, e)

	def snapshot(self, frame, schemas, state):
		r = Reader(frame.payload)
		header = GroupHeader(r)
		need(header.n == 1, "more than one snapshot in a frame")
		heat = HeatEntry(r)
		need((heat.seq, heat.time_ms) == (header.first_seq, header.first_ms), "heat entry of another snapshot")
		r.varint()  # text_version
		sizes, before = {}, 0
		for _ in range(r.varint(1024)):
			id, rows, length = r.varint(4095), r.varint(), r.varint()
			need(id > before, "sizes out of order")
			sizes[id] = (rows, length)
			before = id
		schema = schemas.get((header.schema, header.schema_check))
		need(schema is not None, "schema is lost")
		self.snapshots += state.decode(header, header.body(r.take(r.left()), None), schema)
		self.sizes[header.first_seq] = sizes
		self.heat[header.first_seq] = heat


class Chunk(Sealed):
	"""Section 8."""

	def __init__(self, path):
		super().__init__(path, b"SNPC")
		self.snapshots = []
		self.schemas = {}
		for frame in self.sections(SCHEMA):
			schema = Schema(frame.payload)
			self.schemas.setdefault(schema.number, schema)
		self.dictionary = self.packed(DICTIONARY, 256 << 20)
		for frame in self.sections(GROUP):
			try:
				self.snapshots += self.group(frame)
			except Damage as e:
				self.problem(frame.off, e)
		self.read_meta()
		self.read_listing()
		self.read_index()
		self.read_rosters()

	def packed(self, type, limit):
		frames = self.sections(type)
		if not frames:
			return None
		r = Reader(frames[0].payload)
		raw_len = r.varint()
		return unpack_zstd(r.take(r.left()), raw_len, limit)

	def group(self, frame):
		r = Reader(frame.payload)
		header = GroupHeader(r)
		need(not header.based, "based group in a chunk")
		schema = self.schemas.get(header.schema)
		need(schema is not None and schema.check == header.schema_check, "schema is lost")
		return GroupState().decode(header, header.body(r.take(r.left()), self.dictionary), schema)

	def read_meta(self):
		frames = self.sections(META)
		self.wal_id = self.n = None
		if not frames:
			return
		r = Reader(frames[0].payload)
		(self.wal_id, self.wal_len, self.n, self.n_lost, self.first_seq, self.last_seq, self.first_ms, self.last_ms,
		 self.text_version, z0, z1, z2) = r.unpack("QQQQQQqqIIII")
		r.done()
		need(z0 == z1 == z2 == 0, "meta: not zero")

	def read_listing(self):
		self.sizes, self.times = {}, {}
		raw = self.packed(LISTING, 256 << 20)
		if raw is None:
			return
		r = Reader(raw)
		n = r.varint(1 << 20)
		seqs, times, dt = [], [], 0
		for i in range(n):
			seqs.append((seqs[-1] if i else -1) + r.zigzag())
			dt += r.zigzag()
			times.append(signed(((times[-1] if i else 0) + dt) & MASK))
		self.times = dict(zip(seqs, times))
		self.sizes = {seq: {} for seq in seqs}
		for _ in range(r.varint(4095)):
			id = r.varint(4095)
			rows, lengths = self.sums(r, n), self.sums(r, n)
			for seq, n_rows, length in zip(seqs, rows, lengths):
				if length:
					self.sizes[seq][id] = (n_rows, length)
		r.done()

	def sums(self, r, n):
		result, x = [], 0
		for _ in range(n):
			x += r.zigzag()
			result.append(x)
		return result

	def read_index(self):
		frames = self.sections(INDEX)
		if not frames:
			return
		r = Reader(frames[0].payload)
		groups = {f.off: f for f in self.sections(GROUP)}
		by_seq = {s.seq: s for s in self.snapshots}
		for _ in range(r.varint()):
			off, length, n, schema, first_seq, first_ms, min_ms, max_ms = r.unpack("QIHHQqqq")
			if off not in groups:
				continue  # damaged; told already
			header = GroupHeader(Reader(groups[off].payload))
			times = [by_seq[seq].time_ms for seq in range(first_seq, first_seq + n) if seq in by_seq]
			found = (len(groups[off].payload), header.n, header.schema, header.first_seq, header.first_ms)
			if found != (length, n, schema, first_seq, first_ms) or (times and (min(times), max(times)) != (min_ms, max_ms)):
				self.problem(off, "group is not as the index says")
		self.totals = {}
		for _ in range(r.varint()):
			id = r.varint(4095)
			self.totals[id] = (r.varint(), r.varint(), r.varint())
		r.done()
		self.check_totals()

	def check_totals(self):
		totals = {}
		for sizes in self.sizes.values():
			for id, (rows, length) in sizes.items():
				n, all_rows, all_lengths = totals.get(id, (0, 0, 0))
				totals[id] = (n + 1, all_rows + rows, all_lengths + length)
		if self.sizes and totals != self.totals:
			self.problem(0, "totals of the index are not those of the listing")


	def read_rosters(self):
		"""What is stored of the tables' rows, against the rows."""
		for frame in self.sections(ROSTERS) if self.n else ():
			r = Reader(frame.payload)
			lengths, before = [], 0
			need(r.varint() == self.n, "rosters of other snapshots")
			for _ in range(r.varint(1024)):
				id, length = r.varint(4095), r.varint()
				need(id > before and length > 0, "rosters out of order")
				lengths.append((id, length))
				before = id
			for id, length in lengths:
				packed = Reader(r.take(length))
				raw_len = packed.varint()
				stored = Roster.stored(Reader(unpack_zstd(packed.take(packed.left()), raw_len, 64 << 20)), self.n)
				if len(self.snapshots) == self.n and stored != Roster.of(self.snapshots, id):
					self.problem(frame.off, "roster of table %d is not what the groups have" % id)
			r.done()


class Roster:
	"""The rows of a table: [name, first, last, n, sum of the text lengths of each column]."""

	def __init__(self, rows, n_columns):
		self.rows = rows
		self.n_columns = n_columns

	def __eq__(self, other):
		return (self.n_columns, self.rows) == (other.n_columns, other.rows)

	@classmethod
	def stored(cls, r, n):
		n_keys, n_columns = r.varint(1 << 20), r.varint(4096)
		names = [r.take(length) for length in [r.varint(255) for _ in range(n_keys)]]
		need(len(set(names)) == n_keys, "name that is there twice")
		first, rows = 0, []
		for name in names:
			first += r.varint(n)
			rows.append([name, first])
		for row in rows:
			row.append(n - 1 - r.varint(n))
			need(row[1] <= row[2], "row that ends before it begins")
		for row in rows:
			row.append(row[2] - row[1] + 1 - r.varint(row[2] - row[1]))
			row.append([])
		for _ in range(n_columns):
			mean, means = 0, []
			for row in rows:
				mean += r.zigzag()
				means.append(mean)
			for row, mean in zip(rows, means):
				row[4].append(mean * row[3] + r.varint(row[3] - 1))
		r.done()
		return cls(rows, n_columns)

	@classmethod
	def of(cls, snapshots, id):
		n_columns = max([len(s.tables[id][0].columns) for s in snapshots if id in s.tables], default=0)
		rows = {}
		for i, s in enumerate(snapshots):
			for name, cells in named_rows(s, id).items():
				row = rows.setdefault(name, [name, i, i, 0, [0] * n_columns])
				row[2], row[3] = i, row[3] + 1
				for c in range(n_columns):
					row[4][c] += len(cells[c]) if c < len(cells) else 2
		return cls(list(rows.values()), n_columns)


class Heat(Sealed):
	"""Section 9."""

	def __init__(self, path):
		super().__init__(path, b"HEAT")
		self.entries = {}
		for frame in self.sections(HEAT):
			r = Reader(frame.payload)
			while r.left():
				entry = HeatEntry(r)
				self.entries[entry.seq] = entry
		for frame in self.sections(HEAT_SUM):
			self.check_sum(frame)

	def check_sum(self, frame):
		r = Reader(frame.payload)
		length, last_ms, n, known, version, zero = r.unpack("QqIIII")
		entries = self.entries.values()
		lines = [[Text.time(e.time_ms), str(e.seq)] + [Text.measure(m) for m in e.measures] for e in entries]
		if (n, known, last_ms, zero) != (len(entries), sum(1 << k for k in range(18)
			if any(e.measures[k] != 65535 for e in entries)), max((e.time_ms for e in entries), default=0), 0):
			self.problem(frame.off, "sum of other entries")
		if version == 1 and length != sum(len("\t".join(line)) + 1 for line in lines):
			self.problem(frame.off, "sum of other lines")


# --- texts: the rules of store/text.h ---------------------------------------------------------------------------------


class Text:
	NAMED = {8: b"\\b", 9: b"\\t", 10: b"\\n", 11: b"\\v", 12: b"\\f", 13: b"\\r", 92: b"\\\\"}

	@classmethod
	def string(cls, s):
		return b"".join(cls.NAMED.get(c) or (b"\\x%02x" % c if c < 32 or c == 127 else bytes([c])) for c in s)

	@staticmethod
	def measure(m):
		return "\\N" if m == 65535 else "65534+" if m == 65534 else str(m)

	@staticmethod
	def double(bits):
		x = struct.unpack("<d", bits.to_bytes(8, "little"))[0]
		if x != x:
			return b"NaN"
		if x - x != 0:
			return b"Infinity" if x > 0 else b"-Infinity"
		for digits in range(15 if abs(x) >= sys.float_info.min else 1, 18):
			text = "%.*g" % (digits, x)
			if float(text) == x:
				break
		return text.encode()

	@staticmethod
	def decimal(x, scale):
		digits = b"%0*d" % (scale + 1, abs(x))
		point = len(digits) - scale
		return (b"-" if x < 0 else b"") + digits[:point] + (b"." + digits[point:] if scale else b"")

	@classmethod
	def cell(cls, column, value):
		if value is None:
			return b"\\N"
		if column.type == STRING:
			return cls.string(value)
		if column.type == F64:
			return cls.double(value)
		if column.type == U64:
			return b"%d" % value
		return cls.decimal(signed(value), column.scale)

	@classmethod
	def table(cls, table, rows):
		lines = [b"\t".join(c.name for c in table.columns)]
		lines += [b"\t".join(map(cls.cell, table.columns, row)) for row in rows]
		return b"".join(line + b"\n" for line in lines)

	@staticmethod
	def time(ms):
		"""RFC 3339, UTC, of any year from 0 to 9999 (days to a date as Howard Hinnant describes it)."""
		days, ms = divmod(ms, 86400000)
		era, day = divmod(days + 719468, 146097)
		year = (day - day // 1460 + day // 36524 - day // 146096) // 365
		day -= 365 * year + year // 4 - year // 100
		month = (5 * day + 2) // 153
		day -= (153 * month + 2) // 5
		month += 3 if month < 10 else -9
		year += era * 400 + (month <= 2)
		return "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ" % (
			year, month, day + 1, ms // 3600000, ms // 60000 % 60, ms // 1000 % 60, ms % 1000)

	@classmethod
	def hour(cls, hour):
		return cls.time(hour * 3600000)[:13]


# --- section 10: rows by name -----------------------------------------------------------------------------------------


def key_name(table, row):
	values = []
	for column, value in zip(table.columns, row):
		if column.flags & KEY:
			plain = column.type != STRING or value is None
			values.append(Text.cell(column, value) if plain else key_value(value))
	name = b",".join(values) or b"%"
	if name.startswith(b"."):
		name = b"%2E" + name[1:]
	if len(name) > 255:
		name = name[: utf8_cut(name, 221)] + b"%~" + xxhash.xxh3_128_hexdigest(name).encode()
	return name


def key_value(s):
	return b"".join(b"%%%02X" % c if c < 32 or c == 127 or c in b"%/,\\" else bytes([c]) for c in s)


def utf8_cut(s, at):
	cut = at
	while cut > at - 3 and s[cut] & 0xC0 == 0x80:
		cut -= 1
	return at if s[cut] & 0xC0 == 0x80 else cut


def named_rows(snapshot, id):
	"""The texts of the cells of a snapshot's rows, by name, in order; of equal keys the first."""
	rows = {}
	table, values, _ = snapshot.tables.get(id, (None, (), None))
	for row in values:
		rows.setdefault(key_name(table, row), [Text.cell(c, v) for c, v in zip(table.columns, row)])
	return rows


# --- section 1: the directory -----------------------------------------------------------------------------------------


class Part:
	"""One part of an hour: a chunk, or else a log."""

	def __init__(self, store, name, files):
		log = chunk = heat = None
		if "chunk" in files:
			chunk = store.open(Chunk, files["chunk"])
		if "wal" in files:
			log = store.open_log(files["wal"])
		if "heat" in files:
			heat = store.open(Heat, files["heat"])
		self.sources = [f for f in (chunk, log) if f]
		if chunk and log and chunk.wal_id == log.header.id:
			self.sources = [chunk]
		for source in self.sources:
			if source is chunk:
				entries = heat.entries if heat else {}
			else:
				entries = source.heat
			for snapshot in source.snapshots:
				snapshot.heat = entries.get(snapshot.seq)
				snapshot.sizes = source.sizes.get(snapshot.seq)
				store.check(source, snapshot)
		self.snapshots = [s for source in self.sources for s in source.snapshots]


class Store:
	NAME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d)(?:\.([1-9]\d{0,3}))?\.(wal|chunk|heat)")

	def __init__(self, path):
		self.path = path
		self.problems = []
		identity = Sealed(os.path.join(path, "histfs.store"), b"STOR")
		self.id = identity.header.store_id
		self.created_ms = identity.header.first_seq
		self.host = b"".join(f.payload for f in identity.sections(HOST))
		self.problems += identity.problems

		hours = {}
		for name in sorted(os.listdir(os.path.join(path, "snapshots"))):
			match = self.NAME.fullmatch(name)
			if match:
				part = hours.setdefault(match[1], {}).setdefault(int(match[2] or 0), {})
				part[match[3]] = os.path.join(path, "snapshots", name)
		self.hours = {}
		for hour in sorted(hours):
			parts = [Part(self, hour, hours[hour][n]) for n in sorted(hours[hour])]
			self.hours[hour] = [s for part in parts for s in part.snapshots]
			self.check_hour(hour)

	def open(self, kind, path):
		try:
			file = kind(path)
			need(file.header.store_id == self.id, "file of another store")
		except Damage as e:
			self.problems.append("%s: %s" % (path, e))
			return None
		self.problems += file.problems
		return file

	def open_log(self, path):
		if os.path.getsize(path) < Header.LEN:
			return None  # its creation did not finish
		return self.open(SnapshotLog, path)

	def check(self, file, snapshot):
		"""What is stored beside the rows must be what the rows give."""
		if snapshot.sizes is not None:
			found = {id: (len(rows), len(Text.table(table, rows))) for id, (table, rows, _) in snapshot.tables.items()}
			if found != snapshot.sizes:
				self.problems.append("%s: snapshot %d: sizes are not those of its texts" % (file.path, snapshot.seq))
		if snapshot.heat and snapshot.heat.time_ms != snapshot.time_ms:
			self.problems.append("%s: snapshot %d: heat of another time" % (file.path, snapshot.seq))

	def check_hour(self, hour):
		before = -1
		for snapshot in self.hours[hour]:
			if snapshot.seq <= before:
				self.problems.append("%s: snapshot %d follows %d" % (hour, snapshot.seq, before))
			if Text.hour(snapshot.time_ms // 3600000) != hour:
				self.problems.append("%s: snapshot %d is of another hour" % (hour, snapshot.seq))
			before = snapshot.seq


# --- commands ---------------------------------------------------------------------------------------------------------


def dump(store, out, texts):
	for hour, snapshots in store.hours.items():
		for s in snapshots:
			out.write(b"snapshot %s %04d %s boot %016x %d\n"
				  % (hour.encode(), s.seq, Text.time(s.time_ms).encode(), s.boot, s.boot_us))
			if s.heat:
				out.write(b"heat %s\n" % " ".join(map(str, s.heat.measures)).encode())
			for id in sorted(s.tables):
				table, rows, taken_ms = s.tables[id]
				n_rows, length = s.sizes.get(id, (-1, -1)) if s.sizes is not None else (-1, -1)
				out.write(b"table %s rows %d bytes %d taken %s\n"
					  % (table.name, n_rows, length, Text.time(taken_ms).encode()))
				if texts:
					out.write(Text.table(table, rows))


def cat(store, out, hour, seq, name):
	for s in store.hours.get(hour, ()):
		if s.seq == int(seq):
			for table, rows, _ in s.tables.values():
				if table.name == name.encode():
					return out.write(Text.table(table, rows))
	sys.exit("decode.py: nothing recorded there")


def series(store, out):
	"""Of what inode numbers have room for: hours since 1970, tables up to 127."""
	for hour, snapshots in store.hours.items():
		tables = {id: s.tables[id][0] for s in snapshots for id in s.tables if id < 128 and s.time_ms >= 0}
		for id in sorted(tables):
			lines = {}
			for s in snapshots:
				for name, cells in named_rows(s, id).items():
					columns = lines.setdefault(name, [b""] * len(tables[id].columns))
					for c in range(len(columns)):
						value = cells[c] if c < len(cells) else b"\\N"
						columns[c] += b"%s\t%s\n" % (Text.time(s.time_ms).encode(), value)
			for name, columns in lines.items():
				for column, text in zip(tables[id].columns, columns):
					out.write(b"series %s %s %s %s\n" % (hour.encode(), tables[id].name, name, column.name))
					out.write(text)


def main(args):
	commands = {"dump": 2, "list": 2, "verify": 2, "series": 2, "cat": 5}
	if len(args) < 1 or commands.get(args[0]) != len(args):
		sys.exit("usage: decode.py dump|list|verify|series STORE | cat STORE HOUR SEQ TABLE")
	store = Store(args[1])
	if args[0] == "cat":
		cat(store, sys.stdout.buffer, *args[2:])
	elif args[0] == "series":
		series(store, sys.stdout.buffer)
	elif args[0] != "verify":
		dump(store, sys.stdout.buffer, args[0] == "dump")
	sys.stdout.flush()
	for problem in store.problems:
		print(problem, file=sys.stderr)
	return 1 if store.problems else 0


if __name__ == "__main__":
	sys.exit(main(sys.argv[1:]))
