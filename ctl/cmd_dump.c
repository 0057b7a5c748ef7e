/* cmd_dump.c -- histctl dump: a table over a span of time, as in /table or as JSON */
#include "ctl/command.h"
#include "ctl/opened.h"

#include "store/names.h"
#include "store/text.h"
#include "view/name.h"

#include <err.h>
#include <getopt.h>

struct dump {
	struct store *store;
	const char *table;
	int64_t from_ms, to_ms;
	bool json;
	struct table_schema *header; /* of the header line written last */
	bool found;                  /* the table, in any hour */
	struct buf out;
};

/* As in /table: a header line first, and again where the columns have changed. */
static void put_text(struct dump *d, const struct table *t, const char *time)
{
	_cleanup_(buf_done) struct buf prefix = {0};

	if (!d->header || !table_schema_equal(d->header, t->schema)) {
		if (d->header)
			table_schema_put(d->header);
		d->header = table_schema_get(t->schema);
		text_put_header(&d->out, t->schema, "time\t");
	}
	buf_printf(&prefix, "%s\t", time);
	if (prefix.err < 0)
		d->out.err = prefix.err;
	for (uint32_t row = 0; row < t->n_rows && prefix.err == 0; row++)
		text_put_row(&d->out, t, row, (const char *)prefix.p, prefix.len);
}

static void put_json(struct dump *d, const struct table *t, const char *time)
{
	_cleanup_(buf_done) struct buf prefix = {0};

	buf_printf(&prefix, "\"time\":\"%s\",", time);
	if (prefix.err < 0)
		d->out.err = prefix.err;
	for (uint32_t row = 0; row < t->n_rows && prefix.err == 0; row++)
		text_put_row_json(&d->out, t, row, (const char *)prefix.p, prefix.len);
}

static int dump_snapshot(struct dump *d, struct hour *h, uint32_t i, uint16_t id)
{
	char time[TEXT_TIME_LEN + 1];
	const struct table *t;
	uint32_t seq;
	int64_t ms;
	int r = hour_snapshot(h, i, &seq, &ms);

	if (r < 0 || ms < d->from_ms || ms >= d->to_ms)
		return r;
	r = store_table(d->store, h, i, id, &t);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	text_time(time, ms);
	d->out.len = 0;
	if (d->json)
		put_json(d, t, time);
	else
		put_text(d, t, time);
	if (d->out.err < 0)
		return d->out.err;
	fwrite(d->out.p, 1, d->out.len, stdout);
	return ferror(stdout) ? -EPIPE : 0;
}

static int find_table(const struct hour *h, const char *name, uint16_t *ret_id)
{
	struct table_schema *const *tables;
	uint32_t n;

	hour_tables(h, &tables, &n);
	for (uint32_t i = 0; i < n; i++)
		if (strcmp(tables[i]->name, name) == 0) {
			*ret_id = tables[i]->id;
			return 0;
		}
	return -ENOENT;
}

/* Damaged snapshots are told of and left out. Returns their number. */
static int dump_hour(struct dump *d, int32_t number)
{
	char name[HOUR_NAME_LEN + 1];
	struct hour *h;
	uint16_t id = 0;
	int r = store_hour(d->store, number, &h), n_damaged = 0;

	if (r == 0)
		r = find_table(h, d->table, &id);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	d->found = true;
	for (uint32_t i = 0; i < hour_n(h); i++) {
		r = dump_snapshot(d, h, i, id);
		if (r < 0 && r != -EBADMSG)
			return r;
		n_damaged += r < 0;
	}
	hour_name(name, number);
	if (n_damaged > 0)
		warnx("%s: %d snapshots are damaged and left out", name, n_damaged);
	return n_damaged;
}

static int dump_all(struct dump *d)
{
	int32_t first = hour_of(d->from_ms), last = hour_of(d->to_ms - 1);
	const int32_t *hours;
	size_t n;
	int r, bad = 0;

	store_hours(d->store, &hours, &n);
	for (size_t i = 0; i < n; i++) {
		if (hours[i] < first || hours[i] > last)
			continue;
		r = dump_hour(d, hours[i]);
		if (r < 0)
			return r;
		bad += r;
	}
	return bad;
}

/* An hour's name, or a time. */
static int parse_time(const char *text, int64_t *ret_ms)
{
	int32_t hour;

	if (name_parse_hour(text, &hour) < 0)
		return opened_time(text, ret_ms);
	*ret_ms = hour_begin_ms(hour);
	return 0;
}

static int parse_span(struct dump *d, const char *from, const char *to)
{
	if (parse_time(from, &d->from_ms) < 0)
		return -EINVAL;
	if (!to) {
		d->to_ms = d->from_ms + 3600 * 1000;
		return 0;
	}
	if (parse_time(to, &d->to_ms) < 0)
		return -EINVAL;
	if (d->to_ms > d->from_ms)
		return 0;
	warnx("%s is not after %s", to, from);
	return -EINVAL;
}

static int run(int argc, char **argv)
{
	static const struct option longs[] = {{"json", no_argument, NULL, 'j'}, {0}};
	_cleanup_(opened_done) struct opened o = {0};
	struct dump d = {0};
	int c, r;

	while ((c = getopt_long(argc, argv, "+j", longs, NULL)) >= 0) {
		if (c != 'j')
			return EXIT_USAGE;
		d.json = true;
	}
	if (argc - optind < 3 || argc - optind > 4)
		return EXIT_USAGE;
	d.table = argv[optind + 1];
	if (parse_span(&d, argv[optind + 2], argc - optind == 4 ? argv[optind + 3] : NULL) < 0)
		return EXIT_USAGE;
	if (opened_init(&o, argv[optind]) < 0)
		return EXIT_FAILURE;
	d.store = o.store;
	r = dump_all(&d);
	if (r < 0 && r != -EPIPE)
		warnx("%s: %s", argv[optind], strerror(-r));
	else if (r == 0 && !d.found)
		warnx("nothing of table %s is recorded there", d.table);
	buf_done(&d.out);
	if (d.header)
		table_schema_put(d.header);
	return r == 0 && d.found ? EXIT_SUCCESS : EXIT_FAILURE;
}

COMMAND(dump) = {
    .name = "dump",
    .args = "[--json] STORE TABLE FROM [TO]",
    .what = "prints a table from a time on for an hour, or up to another time, with the time in the first column",
    .run = run,
};
