/* status.c -- /status: what is stored, and what of it is damaged
 *
 * A line a fact: its name, a tab, its value. A function of the store alone: no ages, nothing about this process, so
 * that two mounts of one store, or one before and after a restart, say the same. What is damaged is added as it is met.
 */
#include "view/day.h"
#include "view/view.h"

#include "store/text.h"

#include <inttypes.h>

static void count_problem(const struct store_problem *p, void *arg)
{
	(void)p;
	++*(uint64_t *)arg;
}

static void put_problem(const struct store_problem *p, void *arg)
{
	struct buf *out = arg;

	buf_printf(out, "damaged\t%s\t%" PRIu64 "\t%s\n", p->file, p->off, p->what);
}

static int count_file(const struct store_file *f, void *arg)
{
	uint64_t *sums = arg;

	sums[0]++;
	sums[1] += f->len;
	return 0;
}

static void put_moment(struct buf *out, const char *key, int64_t ms, int32_t hour, int32_t seq)
{
	char time[TEXT_TIME_LEN + 1], target[NAME_MAX_LEN];

	text_time(time, ms);
	name_target(target, "", hour, seq);
	buf_printf(out, "%s\t%s\t%s\n", key, time, target);
}

/* The oldest hour's first snapshot. One that cannot be read is left out; it is among the damaged. */
static void put_first(struct tree *t, struct buf *out, int32_t number)
{
	struct hour *h;
	uint32_t seq;
	int64_t ms;

	if (number >= 0 && number <= NODE_HOUR_MAX && store_hour(t->store, number, &h) == 0 &&
	    hour_snapshot(h, 0, &seq, &ms) == 0)
		put_moment(out, "first", ms, number, (int32_t)seq);
}

static void put_hours(struct tree *t, struct buf *out)
{
	const int32_t *hours;
	uint64_t sums[2] = {0};
	int32_t first = -1, span = 0;
	size_t n;

	store_hours(t->store, &hours, &n);
	if (n > 0) {
		first = hours[0];
		span = hours[n - 1] - first + 1;
	}
	buf_printf(out, "hours\t%zu\nhours_missing\t%" PRIu64 "\n", n, (uint64_t)span - n);
	put_first(t, out, first);
	if (tree_last(t)->seq >= 0)
		put_moment(out, "last", tree_last(t)->ms, tree_last(t)->hour, tree_last(t)->seq);
	if (store_files(t->store, count_file, sums) == 0)
		buf_printf(out, "files\t%" PRIu64 "\nbytes\t%" PRIu64 "\n", sums[0], sums[1]);
}

static void put_topics(struct tree *t, struct buf *out)
{
	struct topic_info info = {0};
	uint64_t n_partitions = 0;
	struct topic_store *s;
	int r = store_topics(t->store, &s);

	if (r < 0) {
		buf_printf(out, "topics\t%s\n", strerror(-r));
		return;
	}
	if (topic_store_count(s) == 0)
		return;
	while (topic_store_next(s, info.number + 1, &info) == 0)
		n_partitions += info.n_partitions;
	buf_printf(out, "topics\t%" PRIu64 "\npartitions\t%" PRIu64 "\n", topic_store_count(s), n_partitions);
	buf_printf(out, "topic_files\t%" PRIu64 "\ntopic_bytes\t%" PRIu64 "\n", tree_topic_usage(t)->n_files,
	    tree_topic_usage(t)->bytes);
}

static void put_payloads(struct tree *t, struct buf *out)
{
	struct payloads_state st;
	struct payloads *p;
	int r = store_payloads(t->store, &p);

	if (r < 0) {
		buf_printf(out, "payloads\t%s\n", strerror(-r));
		return;
	}
	payloads_state(p, &st);
	if (st.newest_number == 0)
		return;
	buf_printf(out, "payloads\t%" PRIu64 "\npayload_records\t%" PRIu64 "\n", st.n_keys, st.newest_number);
	buf_printf(out, "payload_segments\t%" PRIu32 "\npayload_bytes\t%" PRIu64 "\n", st.n_segments,
	    st.bytes + st.snapshot_bytes);
}

static int count_point_file(const char *name, uint64_t len, void *arg)
{
	uint64_t *sums = arg;

	(void)name;
	sums[0]++;
	sums[1] += len;
	return 0;
}

/* Of the hours' series those of the newest are counted: of the others that takes a look at each. */
static void put_points(struct tree *t, struct buf *out)
{
	struct points_reader *p;
	struct points_hour *h;
	const int32_t *hours;
	uint64_t sums[2] = {0};
	size_t n;
	int r = tree_points(t, &p);

	if (r < 0) {
		buf_printf(out, "points\t%s\n", strerror(-r));
		return;
	}
	points_reader_hours(p, &hours, &n);
	if (store_point_files(t->store, count_point_file, sums) < 0 || (n == 0 && sums[0] == 0))
		return;
	buf_printf(out, "point_hours\t%zu\n", n);
	if (n > 0 && points_hour(p, hours[n - 1], &h) == 0)
		buf_printf(out, "point_series\t%zu\n", points_hour_n(h));
	buf_printf(out, "point_files\t%" PRIu64 "\npoint_bytes\t%" PRIu64 "\n", sums[0], sums[1]);
}

/* Snapshots that are missing by their times in the day recorded last. */
static void put_gaps(struct tree *t, struct buf *out)
{
	_cleanup_(cleanup_free) struct day *d = malloc(sizeof(*d));
	char day[NAME_MAX_LEN];
	int32_t hour = tree_last(t)->hour;

	if (!d || tree_last(t)->seq < 0)
		return;
	hour -= hour % DAY_HOURS;
	name_day(day, hour);
	if (day_load(t->store, hour, d) == 0)
		buf_printf(out, "missing\t%s\t%" PRIu32 " snapshots\t%" PRIu32 " gaps\n", day, d->n_missing, d->n_gaps);
	day_done(d);
}

/* What the recorder said of itself in a snapshot: the names and values of its table's first row. */
static int put_recorder(struct tree *t, struct buf *out, struct hour *h, uint32_t i, uint16_t id)
{
	_cleanup_(buf_done) struct buf names = {0}, values = {0};
	char *save_name = NULL, *save_value = NULL;
	const struct table *table;
	int r = store_table(t->store, h, i, id, &table);

	if (r < 0 || table->n_rows == 0)
		return r;
	text_put_header(&names, table->schema, "");
	text_put_row(&values, table, 0, "", 0);
	buf_put_u8(&names, '\0');
	buf_put_u8(&values, '\0');
	if (names.err || values.err)
		return -ENOMEM;
	for (char *name = strtok_r((char *)names.p, "\t\n", &save_name),
	          *value = strtok_r((char *)values.p, "\t\n", &save_value);
	     name && value; name = strtok_r(NULL, "\t\n", &save_name), value = strtok_r(NULL, "\t\n", &save_value))
		buf_printf(out, "histd_%s\t%s\n", name, value);
	return 0;
}

static struct str cell(const struct table *t, const char *column, uint32_t row)
{
	int c = table_schema_find(t->schema, column);

	return c < 0 ? (struct str){"", 0, 0} : table_str(t, (uint32_t)c, row);
}

static void put_str(struct buf *out, const char *before, struct str s)
{
	buf_puts(out, before);
	if (buf_reserve(out, s.text_len) < 0)
		return;
	text_put_str((char *)out->p + out->len, s.p, s.len);
	out->len += s.text_len;
}

/* What is not recorded, or not wholly, and why. */
static int put_sources(struct tree *t, struct buf *out, struct hour *h, uint32_t i, uint16_t id)
{
	const struct table *table;
	int r = store_table(t->store, h, i, id, &table);

	for (uint32_t row = 0; r == 0 && row < table->n_rows; row++) {
		struct str name = cell(table, "table", row), state = cell(table, "state", row),
		           note = cell(table, "note", row);

		if (note.len == 0 && state.len == 2 && memcmp(state.p, "ok", 2) == 0)
			continue;
		put_str(out, "source\t", name);
		put_str(out, "\t", state);
		put_str(out, "\t", note);
		buf_puts(out, "\n");
	}
	return r;
}

/* The tables of the newest hour: columns, and whether the newest snapshot has them. */
static void put_tables(struct tree *t, struct buf *out)
{
	struct table_schema *const *tables;
	uint32_t n, i;
	struct hour *h;

	if (tree_last(t)->seq < 0 || store_hour(t->store, tree_last(t)->hour, &h) < 0 ||
	    hour_find(h, (uint32_t)tree_last(t)->seq, &i) < 0)
		return;
	buf_printf(out, "recording\t%s\n", hour_live(h) ? "yes" : "no");
	hour_tables(h, &tables, &n);
	for (uint32_t k = 0; k < n; k++) {
		uint64_t rows, len;
		int r = hour_size(h, i, tables[k]->id, &rows, &len);

		buf_printf(out, "table\t%s\t%" PRIu32 " columns", tables[k]->name, tables[k]->n_columns);
		if (r == 0)
			buf_printf(out, "\t%" PRIu64 " rows\n", rows);
		else
			buf_puts(out, r == -ENOENT ? "\tnot in the newest snapshot\n" : "\tnot readable\n");
	}
	for (uint32_t k = 0; k < n; k++) {
		if (strcmp(tables[k]->name, "histd") == 0)
			put_recorder(t, out, h, i, tables[k]->id);
		if (strcmp(tables[k]->name, "sources") == 0)
			put_sources(t, out, h, i, tables[k]->id);
	}
}

static int status_text(struct tree *t, struct node n, struct span *ret)
{
	_cleanup_(buf_done) struct buf out = {0};
	char created[TEXT_TIME_LEN + 1];
	uint64_t n_problems = 0, stamp;
	struct store_info info;

	if (!view_is_top(n))
		return -ENOENT;
	stamp = (t->generation + t->topic_generation + t->payload_generation + t->point_generation) << 32;
	store_problems(t->store, count_problem, &n_problems);
	if (cache_get(t->cache, node_ino(n), stamp | n_problems, ret))
		return 0;
	store_info(t->store, &info);
	text_time(created, info.created_ms);
	buf_printf(&out, "store\t%016" PRIx64 "\nhost\t%s\ncreated\t%s\n", info.id, info.host, created);
	put_hours(t, &out);
	put_gaps(t, &out);
	put_topics(t, &out);
	put_payloads(t, &out);
	put_points(t, &out);
	put_tables(t, &out);
	/* The lines above may have met damage of their own. */
	n_problems = 0;
	store_problems(t->store, count_problem, &n_problems);
	buf_printf(&out, "problems\t%" PRIu64 "\n", n_problems);
	store_problems(t->store, put_problem, &out);
	return cache_put(t->cache, node_ino(n), stamp | n_problems, &out, ret);
}

static int status_attr(struct tree *t, const struct view *v, struct node n, struct tree_attr *ret)
{
	struct span text;
	int r = status_text(t, n, &text);

	(void)v;
	if (r < 0)
		return r;
	ret->size = span_left(&text);
	/* Topics, payloads and points change without a snapshot, and other digits are no other size. */
	for (; text.p < text.end; text.p++)
		ret->mtime_ns = (ret->mtime_ns * 31 + *text.p) % 1000000;
	return 0;
}

static int status_read(struct tree *t, const struct view *v, struct node n, uint64_t off, size_t len, struct span *ret)
{
	struct span text;
	int r = status_text(t, n, &text);

	(void)v;
	if (r == 0)
		*ret = view_part(text, off, len);
	return r;
}

VIEW(status) = {.name = "status", .id = 8, .type = S_IFREG, .attr = status_attr, .read = status_read};
