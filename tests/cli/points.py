# points.py -- points for tests, and what histctl query has to say of them, by plain computation
#
#   points.py lines                       lines for mkpoints
#   points.py query AGGREGATE STEP [BY]   what `histctl query --aggregate … --step …` prints of the metric m

import math
import random
import sys

BEGIN = 498650 * 3600


def points():
    """Series by their labels: (seconds with parts, value), over three hours; counters that begin anew, NaN, gaps."""
    rnd = random.Random(7)
    series = {}
    for host in "ab":
        for mode in ("idle", "user", "odd"):
            t, v, out = BEGIN + 7, 0.0, []
            while t < BEGIN + 3 * 3600:
                if mode == "idle":
                    v += rnd.randint(0, 9)
                    if rnd.random() < 0.002:
                        v = 1.0
                elif mode == "user":
                    v = rnd.randint(-1000, 1000) / 8
                else:
                    v = math.nan if rnd.random() < 0.1 else rnd.random() * 1e9
                out.append((t, v))
                t += rnd.choice((1, 1, 1, 5, 400 if mode == "odd" else 1))
            series[(host, mode)] = out
    return series


def lines():
    for (host, mode), out in points().items():
        for t, v in out:
            print(f"m{{host={host},mode={mode}}}\t{t * 10**9}\t{v!r}")


def windows(out, step):
    """begin: (points, those that are numbers, growths, seconds that they took)"""
    cells, before = {}, None
    for t, v in out:
        c = cells.setdefault(t - t % step, ([], [], [], []))
        c[0].append((t, v))
        if math.isnan(v):
            continue
        c[1].append(v)
        if before is not None:
            c[2].append(v - before[1] if v >= before[1] else v)
            c[3].append(t - before[0])
        before = (t, v)
    return cells


def quantile(values, q):
    values = sorted(values)
    rank = q * (len(values) - 1)
    i = int(rank)
    part = rank - i
    return values[i] + (values[i + 1] - values[i]) * part if part else values[i]


def value(what, parts):
    """parts: of each series of a group its window"""
    every = [p for c in parts for p in c[0]]
    numbers = [v for c in parts for v in c[1]]
    grown = [c for c in parts if c[2]]
    if what == "count":
        return len(every)
    if what == "last":
        return max(every, key=lambda p: p[0])[1]
    if what == "increase":
        return sum(sum(c[2]) for c in grown) if grown else None
    if what == "rate":
        return sum(sum(c[2]) / sum(c[3]) for c in grown) if grown else None
    if not numbers:
        return None
    if what[0] == "p":
        return quantile(numbers, float(what[1:]) / 100)
    return {"avg": lambda: math.fsum(numbers) / len(numbers), "sum": lambda: math.fsum(numbers),
            "min": lambda: min(numbers), "max": lambda: max(numbers)}[what]()


def query(what, step, by=None):
    groups = {}
    for (host, mode), out in points().items():
        labels = {"host": host, "mode": mode}
        names = ("host", "mode") if by is None else [n for n in by.split(",") if n]
        name = ",".join(f'{n}="{labels[n]}"' for n in names)
        for begin, c in windows(out, int(step)).items():
            groups.setdefault((f"m{{{name}}}" if name else "m", begin), []).append(c)
    for (name, begin), parts in sorted(groups.items()):
        v = value(what, parts)
        if v is not None:
            yield name, begin, v


def check(what, step, by=None):
    """Whether standard input is that, to the last digits but two."""
    import datetime

    got = [x.rstrip("\n").split("\t") for x in sys.stdin]
    wanted = list(query(what, step, by))
    if got[:1] != [["series", "time", "value"]] or len(got) != len(wanted) + 1:
        sys.exit(f"{len(got) - 1} lines, not {len(wanted)}")
    for g, (name, begin, v) in zip(got[1:], wanted):
        t = datetime.datetime.fromtimestamp(begin, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        same = math.isnan(v) and g[2] == "NaN" or math.isclose(float(g[2]), v, rel_tol=1e-13, abs_tol=1e-6)
        if g[:2] != [name, t] or not same:
            sys.exit(f"{g}, not {[name, t, v]}")


if sys.argv[1] == "lines":
    lines()
else:
    check(*sys.argv[2:])
