#!/usr/bin/python3
# compare_json.py -- whether JSON lines on stdin (dumpstore -j) are JSON, and the rows that decode.py reads
#
#   dumpstore -j STORE | compare_json.py STORE

import decimal
import json
import struct
import sys

import decode


def value(column, cell):
	"""What a cell is in JSON."""
	if cell is None:
		return None
	if column.type == decode.STRING:
		return cell.decode("utf-8", "replace")
	if column.type == decode.F64:
		x = struct.unpack("<d", struct.pack("<Q", cell))[0]
		return x if x - x == 0 else None
	if column.type == decode.U64:
		return cell
	return decimal.Decimal(decode.signed(cell)).scaleb(-column.scale)


def same(expected, found):
	if isinstance(expected, float):
		return struct.pack("<d", expected) == struct.pack("<d", float(found))
	if isinstance(expected, decimal.Decimal):
		return expected == found
	return type(expected) is type(found) and expected == found


def integer(s):
	return -0.0 if s == "-0" else int(s)


def objects(store):
	"""Each row as a list of (name, value), in the order of dumpstore."""
	for snapshots in store.hours.values():
		for snapshot in snapshots:
			for id in sorted(snapshot.tables):
				table, rows, _ = snapshot.tables[id]
				for row in rows:
					yield [(c.name.decode(), value(c, cell)) for c, cell in zip(table.columns, row)]


def main(path):
	n = 0
	lines = sys.stdin.buffer
	for n, expected in enumerate(objects(decode.Store(path)), 1):
		line = lines.readline()
		found = json.loads(line, parse_int=integer, parse_float=decimal.Decimal, object_pairs_hook=list)
		if [k for k, _ in found] != [k for k, _ in expected]:
			return "line %d: other columns: %r" % (n, line)
		for (name, a), (_, b) in zip(expected, found):
			if not same(a, b):
				return "line %d: %s: %r is not %r" % (n, name, b, a)
	if lines.readline():
		return "more lines than rows"
	return None if n else "no rows"


if __name__ == "__main__":
	sys.exit(main(sys.argv[1]))
