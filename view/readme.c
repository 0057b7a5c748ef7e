/* readme.c -- /README: how to read this mount */
#include "view/view.h"

static const char text[] =
    "This is the history of one machine, as files. All times are UTC.\n"
    "\n"
    "  now                                   link to the newest snapshot\n"
    "  at/TIME                               link to the newest snapshot not after a time; not listed, just name it:\n"
    "                                        at/2026-11-20T03:12:05  at/2026-11-20T03:12  at/2026-11-20  at/03:12\n"
    "                                        at/-5m  at/-2h  at/yesterday  at/1795144325  "
    "at/2026-11-20T04:12:05+01:00\n"
    "  hour/2026-11-20T03/snapshot-0042/     one moment: a file for each table, and\n"
    "                     snapshot-0042/summary   one screen, like top\n"
    "                     snapshot-0042/pg_locks  who waited for whose lock in PostgreSQL\n"
    "  hour/2026-11-20T03/heatmap            one line a snapshot: load, pressure, errors\n"
    "  heatmap/2026-11-20.txt                a day at a glance, for a terminal; .svg as a picture, .tsv all its lines\n"
    "  rate/...                              the same names; counters as rates per second since the snapshot before\n"
    "  json/...                              the same names; one JSON object a row\n"
    "  table/2026-11-20T03/processes         a table over the whole hour, the time in the first column\n"
    "  series/2026-11-20T03/cpu/all/user_ticks   one column of one row over the hour: a line a snapshot, time and "
    "value\n"
    "                                        user_ticks.svg, which is not listed, is its plot\n"
    "  series/2026-11-20T03/metrics/cpu.usage{host=a}   a custom series over the hour: a line a point, time and value; "
    ".svg\n"
    "  openmetrics/2026-11-20T02.om          all custom series of two hours, for promtool tsdb create-blocks-from "
    "openmetrics;\n"
    "                                        2026-11-20T02.cpu.om, which is not listed, has the numbers of a table\n"
    "  topics/orders/0/00000000000000001234  one message of a topic: exactly its bytes, and its time; or "
    "topics/orders/0/1234\n"
    "  log/orders/0/...tsv                   messages as lines: offset, time, key, headers, value\n"
    "  log/orders/0.since/-5m                those since a time; not listed, times as below at\n"
    "  hour/2026-11-20T03/log/orders/0       those of an hour\n"
    "  payloads/deploy.json                  a document by its key; .history/deploy/ beside it has all of its "
    "versions,\n"
    "                                        .at/TIME/ all documents as of a time (neither is listed), as has\n"
    "                     snapshot-0042/payloads/   of a snapshot\n"
    "  status                                what is stored, and what is damaged\n"
    "\n"
    "Tables are a line of column names and then a line a row, with tabs between. \\N is \"not known\", which is not "
    "0;\n"
    "\\t \\n \\\\ stand for tab, newline and backslash: the text format of PostgreSQL's COPY. Units are in the names "
    "of the\n"
    "columns. Columns keep their order; new ones come at the end.\n"
    "\n"
    "From the directory where this is mounted:\n"
    "\n"
    "  cat now/summary                       what is going on?\n"
    "  cat at/03:12/summary                  what was going on at 03:12 today?\n"
    "  column -ts \"$(printf '\\t')\" at/-5m/load            a table for the eye\n"
    "  head -1 now/processes | tr '\\t' '\\n' | cat -n      which column is which?\n"
    "  ls hour | tail -3                     the last hours recorded\n"
    "  H=$(ls hour | tail -1)                the newest hour\n"
    "  cat heatmap/$(date -u +%F).txt        when was it bad today?\n"
    "  cut -f 1-6 hour/$H/heatmap            that hour at a glance\n"
    "  grep -l postgres hour/$H/*/processes  when was it running?\n"
    "  tail -3 series/$H/cpu/all/user_ticks  one number over the hour\n"
    "  tail -f table/$H/load                 follow what is recorded\n"
    "  tail -f log/orders/0/$(ls log/orders/0 | tail -1)   follow a topic\n"
    "  grep -h shipped log/orders/*.since/-1h   what was shipped in the last hour?\n"
    "  awk -F '\\t' 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i } { print $c[\"rss_bytes\"], $c[\"comm\"] }' \\\n"
    "      now/processes | sort -n | tail -5\n"
    "\n"
    "A snapshot never changes, and keeps its name, inode number and time for ever: rsync, tar and backup programs\n"
    "copy what is new.\n";

static int readme_attr(struct tree *t, const struct view *v, struct node n, struct tree_attr *ret)
{
	struct store_info info;

	(void)v;
	if (!view_is_top(n))
		return -ENOENT;
	store_info(t->store, &info);
	ret->size = sizeof(text) - 1;
	ret->mtime_ms = info.created_ms;
	ret->attr_ms = VALID_EVER_MS;
	return 0;
}

static int readme_read(struct tree *t, const struct view *v, struct node n, uint64_t off, size_t len, struct span *ret)
{
	(void)t, (void)v;
	if (!view_is_top(n))
		return -ENOENT;
	*ret = view_part(span_of(text, sizeof(text) - 1), off, len);
	return 0;
}

VIEW(readme) = {.name = "README", .id = 7, .type = S_IFREG, .attr = readme_attr, .read = readme_read};
