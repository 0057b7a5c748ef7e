# openmetrics.py -- whether what promtool dumps of blocks is what the files of series say
#
#   openmetrics.py points HISTCTL STORE DUMP...    all custom series
#   openmetrics.py table HISTCTL STORE TABLE DUMP  all numbers of a table in 02 and 03

import math
import re
import subprocess
import sys
from datetime import datetime, timezone


def histctl(*args):
    r = subprocess.run([sys.argv[2], args[0], sys.argv[3], *args[1:]], stdout=subprocess.PIPE, text=True, errors="replace",
                       check=False)
    return r.stdout.splitlines()


def seconds(text):
    t = datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    return int(t.timestamp()) * 1000 + int(text[20:23])


def dumped(files):
    """{series as text: {ms: value}}"""
    found = {}
    for name in files:
        for line in open(name, encoding="utf-8"):
            series, value, ms = line.rstrip("\n").rsplit(" ", 2)
            series = re.sub(r', histfs_id="\w{32}"', "", series)
            found.setdefault(series, {})[int(ms)] = float(value)
    return found


def text_of(labels):
    def quoted(v):
        return v.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

    return "{" + ", ".join(f'{k}="{quoted(labels[k])}"' for k in sorted(labels) if labels[k]) + "}"


def unescaped(text):
    return re.sub("%(..)", lambda m: chr(int(m.group(1), 16)), text)


def lines(path):
    for line in histctl("cat", path):
        t, _, v = line.partition("\t")
        yield seconds(t), math.nan if v == "\\N" else float(v)


def points():
    wanted = {}
    for hour in histctl("ls", "/series"):
        folder = f"/series/{hour}/metrics"
        for name in histctl("ls", folder):
            m = re.fullmatch(r"([^{]*)(?:\{(.*)\})?", name)
            metric = unescaped(m.group(1))
            labels = {"__name__": re.sub("^(?=[0-9])", "_", re.sub("[^a-zA-Z0-9_:]", "_", metric))}
            if labels["__name__"] != metric:
                labels["histfs_name"] = metric
            for part in (m.group(2) or "").split(","):
                k, _, v = part.partition("=")
                if k:
                    labels[re.sub("[^a-zA-Z0-9_]", "_", unescaped(k))] = unescaped(v)
            wanted.setdefault(text_of(labels), {}).update(lines(f"{folder}/{name}"))
    return wanted


def table(name):
    wanted = {}
    for hour in ("02", "03"):
        snapshot = histctl("ls", f"/hour/2026-11-20T{hour}")[-1]
        columns = histctl("cat", f"/hour/2026-11-20T{hour}/{snapshot}/{name}")[0].split("\t")
        folder = f"/series/2026-11-20T{hour}/{name}"
        rows = histctl("ls", folder)
        keyed = not set(rows) <= set(columns)
        for row in rows if keyed else [""]:
            where = f"{folder}/{row}" if keyed else folder
            for column in histctl("ls", where):
                values = list(histctl("cat", f"{where}/{column}"))
                wanted.setdefault((row, column), {}).update(
                    (seconds(x[:24]), x[25:]) for x in values)
    return wanted


def check(got, wanted):
    if set(got) != set(wanted):
        sys.exit(f"series: {sorted(set(got) ^ set(wanted))[:4]}")
    for series, values in wanted.items():
        if sorted(values) != sorted(got[series]):
            sys.exit(f"{series}: other times")
        for ms, v in values.items():
            g = got[series][ms]
            if g != v and not (math.isnan(g) and math.isnan(v)):
                sys.exit(f"{series} {ms}: {g}, not {v}")
    print(f"{len(wanted)} series, {sum(map(len, wanted.values()))} points are the same")


def check_table(name, got):
    """Rows and columns as the names of files have them; labels have the key's values in order."""
    wanted, seen = table(name), {}
    for series, values in got.items():
        labels = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', series))
        metric = labels.pop("__name__")
        original = labels.pop("histfs_name", metric)
        column = original[len(name) + 1:]
        seen.setdefault((frozenset(labels.values()), re.sub("_total$", "", column)), []).append(values)
    for (row, column), values in wanted.items():
        key = (frozenset(unescaped(v) for v in row.split(",") if v), re.sub("_total$", "", column))
        numbers = {}
        try:
            numbers = {ms: math.nan if v == "\\N" else float(v) for ms, v in values.items()}
        except ValueError:
            if key in seen:
                sys.exit(f"{row} {column}: a text is there")
            continue
        if key not in seen:
            if all(v == "\\N" for v in values.values()) or set(values.values()) <= set(unescaped(row).split(",")):
                continue  # a text that is never known, or the key itself
            sys.exit(f"{row} {column} is not there")
        check({"x": seen.pop(key)[0]}, {"x": numbers})
    if seen:
        sys.exit(f"too much: {list(seen)[:3]}")


if sys.argv[1] == "points":
    check(dumped(sys.argv[4:]), points())
else:
    check_table(sys.argv[4], dumped(sys.argv[5:]))
