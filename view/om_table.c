/* om_table.c -- the numbers of a recorded table in a block as OpenMetrics
 *
 * A family is a column; in it row follows on row. What the texts of a column of a row add up to is kept with the hour,
 * so that sizes are known without decoding: hence NULL, which as a text takes one byte less than NaN, has a time with
 * one digit less in front. Where it is not kept, or where the clock was stepped back and lines are left out, each must
 * be made for its length, which is done for small tables only.
 */
#include "view/name_set.h"
#include "view/openmetrics.h"

#include "store/filename.h"
#include "store/rowkey.h"
#include "store/text.h"

enum {
	HOUR_MS = 3600 * 1000,
	TIME_LEN = 15,  /* 01795144325.123 */
	MADE_MAX = 512, /* pieces that are made to be measured */
	PIECES_MAX = 8 << 20,
	VALUE_AT = TEXT_TIME_LEN + 1, /* in a line of a series */
	LINE_REST = 1 + TIME_LEN + 1, /* behind a value */
	MILLISECONDS_AT = 20,         /* in a time */
};

static const char null_text[] = "\\N", nan_text[] = "NaN";

struct row {
	uint32_t number[OM_HOURS]; /* from 1; 0: it is not there */
};

struct om_column {
	uint32_t number[OM_HOURS]; /* likewise */
	enum column_kind kind;
	uint32_t family;
};

struct own {
	struct name_set row_names, column_names, families;
	struct row *rows;
	struct om_column *columns;
	uint32_t *order; /* columns by their families */
};

/* Of a piece that must be made to be measured. */
#define NOT_KNOWN UINT64_MAX

static uint16_t table_of(struct node n)
{
	return (uint16_t)n.leaf;
}

/* The table in an hour of the block, as far as it is there. */
static int find(struct tree *t, struct node n, int k, struct hour **ret, const struct table_schema **ret_schema)
{
	struct table_schema *const *tables;
	uint32_t n_tables;
	uint64_t len;
	int r = store_hour(t->store, n.hour + k, ret);

	if (r == 0)
		r = store_hour_text_len(t->store, *ret, table_of(n), &len);
	if (r < 0)
		return r;
	hour_tables(*ret, &tables, &n_tables);
	for (uint32_t i = 0; i < n_tables; i++)
		if (tables[i]->id == table_of(n)) {
			*ret_schema = tables[i];
			return 0;
		}
	return -ENOENT;
}

static int version(struct tree *t, struct node n, uint64_t *ret)
{
	const struct table_schema *schema;
	int found = -ENOENT;
	struct hour *h;

	*ret = 0;
	for (int k = 0; k < OM_HOURS; k++) {
		int r = find(t, n, k, &h, &schema);

		if (r == -ENOENT)
			continue;
		if (r < 0)
			return r;
		found = 0;
		*ret |= (uint64_t)hour_n(h) << (32 * k);
	}
	return found;
}

/* --- names --- */

/* The labels of a row are the values of its key, of which its name is made. */
static size_t put_labels(
    const struct table_schema *schema, struct span name, uint8_t *room, struct point_label labels[POINT_LABELS_MAX])
{
	size_t n = 0;

	for (uint32_t c = 0; c < schema->n_columns && n < POINT_LABELS_MAX; c++) {
		const char *column = schema->columns[c].name;
		const uint8_t *end;
		size_t len;

		if (!(schema->columns[c].flags & COL_KEY))
			continue;
		end = span_left(&name) > 0 ? memchr(name.p, ',', span_left(&name)) : NULL;
		if (!end)
			end = name.end;
		labels[n].name = span_of(column, strlen(column));
		labels[n].value = (struct span){name.p, end};
		/* What a name that was cut ends in is no escape, and neither is that of an empty one. */
		if (filename_unescape((const char *)name.p, (size_t)(end - name.p), room, &len)) {
			labels[n].value = span_of(room, len);
			room += len;
		} else if (end - name.p == 1) {
			labels[n].value = span_of(NULL, 0);
		}
		n++;
		name.p = end < name.end ? end + 1 : end;
	}
	return n;
}

/* Appends what a column of a row is called, and a blank. */
static int put_name(
    const struct table_schema *schema, struct span column, enum column_kind kind, struct span row, struct buf *out)
{
	static const char total[] = "_total";
	size_t end = sizeof(total) - 1;
	_cleanup_(buf_done) struct buf metric = {0}, key = {0};
	struct point_label labels[POINT_LABELS_MAX];
	uint8_t room[ROWKEY_LEN_MAX];
	int r;

	buf_printf(&metric, "%s_", schema->name);
	buf_put(&metric, column.p, span_left(&column));
	if (kind == KIND_COUNTER && (metric.len < end || memcmp(metric.p + metric.len - end, total, end) != 0))
		buf_puts(&metric, total);
	r = point_key_put(&key, span_of(metric.p, metric.len), labels, put_labels(schema, row, room, labels));
	if (r == 0 && metric.err == 0)
		openmetrics_put_name(out, span_of(key.p, key.len));
	buf_put_u8(out, ' ');
	return r < 0 ? r : metric.err ? metric.err : out->err;
}

/* The family of a name: it without labels, and a counter's without _total. */
static struct span family_of(const struct buf *name, enum column_kind kind)
{
	const uint8_t *end = name->len > 0 ? memchr(name->p, '{', name->len) : NULL;
	struct span family = {name->p, end ? end : name->p + name->len - 1};

	if (kind == KIND_COUNTER)
		family.end -= strlen("_total");
	return family;
}

/* --- lines --- */

static unsigned two_digits(const uint8_t *p)
{
	return (p[0] - '0') * 10U + (p[1] - '0');
}

static int64_t line_ms(const uint8_t *line, int32_t hour)
{
	unsigned minute = two_digits(line + 14), second = two_digits(line + 17);
	unsigned ms = two_digits(line + MILLISECONDS_AT) * 10 + (line[MILLISECONDS_AT + 2] - '0');

	return (int64_t)hour * HOUR_MS + minute * INT64_C(60000) + second * INT64_C(1000) + ms;
}

static void put_time(struct buf *out, int64_t ms, size_t len)
{
	char text[TIME_LEN + 8];

	snprintf(text, sizeof(text), "%0*lld.%03d", (int)len - 4, (long long)(ms / 1000), (int)(ms % 1000));
	buf_put(out, text, len);
}

/* Appends the lines of a column of a row in an hour that are later than *last_ms, which follows. */
static int put_hour(struct tree *t, struct node n, const struct own *o, uint32_t c, uint32_t row, int k,
    int64_t *last_ms, struct buf *out)
{
	_cleanup_(buf_done) struct buf text = {0}, name = {0};
	const struct om_column *column = &o->columns[c];
	const struct table_schema *schema;
	struct hour *h;
	struct span left;
	int r = find(t, n, k, &h, &schema);

	if (r == 0)
		r = put_name(
		    schema, name_set_get(&o->column_names, c), column->kind, name_set_get(&o->row_names, row), &name);
	if (r == 0)
		r = store_series_text(
		    t->store, h, table_of(n), o->rows[row].number[k] - 1, column->number[k] - 1, 0, SIZE_MAX, &text);
	left = span_of(text.p, text.len);
	while (r == 0 && span_left(&left) > VALUE_AT) {
		const uint8_t *end = memchr(left.p, '\n', span_left(&left)), *value = left.p + VALUE_AT;
		int64_t ms = line_ms(left.p, n.hour + k);
		bool null;

		if (!end || end < value)
			return -EBADMSG;
		left.p = end + 1;
		if (ms <= *last_ms)
			continue;
		*last_ms = ms;
		null = (size_t)(end - value) == strlen(null_text) && memcmp(value, null_text, strlen(null_text)) == 0;
		buf_put(out, name.p, name.len);
		if (null)
			buf_puts(out, nan_text);
		else
			buf_put(out, value, (size_t)(end - value));
		buf_put_u8(out, ' ');
		put_time(out, ms, null ? TIME_LEN - 1 : TIME_LEN);
		buf_put_u8(out, '\n');
	}
	return r < 0 ? r : out->err;
}

/* Appends all of them. */
static int put_lines(struct tree *t, struct node n, const struct own *o, uint32_t c, uint32_t row, struct buf *out)
{
	int64_t last_ms = INT64_MIN;
	int r = 0;

	for (int k = 0; k < OM_HOURS && r == 0; k++)
		if (o->rows[row].number[k] && o->columns[c].number[k])
			r = put_hour(t, n, o, c, row, k, &last_ms, out);
	return r;
}

/* --- the index --- */

/* Whether each snapshot is later than the one before. */
static int ascends(struct hour *h, bool *ret)
{
	int64_t before = INT64_MIN, ms;
	uint32_t seq;

	*ret = true;
	for (uint32_t i = 0; i < hour_n(h); i++, before = ms) {
		int r = hour_snapshot(h, i, &seq, &ms);

		if (r < 0)
			return r;
		if (ms <= before)
			*ret = false;
	}
	return 0;
}

static int add_columns(struct own *o, const struct table_schema *schema, uint32_t n_columns, int k)
{
	for (uint32_t c = 0; c < n_columns && c < schema->n_columns; c++) {
		const struct column *column = &schema->columns[c];
		uint32_t before = o->column_names.n, i;
		int r;

		if (column->type == COL_STR || column->flags & COL_KEY)
			continue;
		r = name_set_put(&o->column_names, span_of(column->name, strlen(column->name)), &i);
		if (r == 0 && i == before) {
			struct om_column *p = realloc(o->columns, (i + (size_t)1) * sizeof(*p));

			if (!p)
				return -ENOMEM;
			o->columns = p;
			p[i] = (struct om_column){0};
		}
		if (r < 0)
			return r;
		o->columns[i].number[k] = c + 1;
		o->columns[i].kind = (enum column_kind)column->kind;
	}
	return 0;
}

static int add_rows(struct own *o, const struct roster *roster, int k)
{
	size_t n = (size_t)o->row_names.n + roster_n(roster);
	struct row *p = realloc(o->rows, (n + 1) * sizeof(*p));

	if (!p)
		return -ENOMEM;
	o->rows = p;
	for (uint32_t i = 0; i < roster_n(roster); i++) {
		uint32_t before = o->row_names.n, at;
		struct roster_row row;
		int r;

		roster_row(roster, i, &row);
		r = name_set_put(&o->row_names, span_of(row.name, row.name_len), &at);
		if (r < 0)
			return r;
		if (at == before)
			p[at] = (struct row){0};
		p[at].number[k] = i + 1;
	}
	return 0;
}

/* Adds to the lengths what an hour has. */
static int add_lens(struct tree *t, struct node n, const struct own *o, int k, uint64_t *lens)
{
	_cleanup_(buf_done) struct buf name = {0};
	const struct table_schema *schema;
	const struct roster *roster;
	bool regular = false;
	struct hour *h;
	int r = find(t, n, k, &h, &schema);

	if (r == 0)
		r = ascends(h, &regular);
	if (r == 0)
		r = store_roster(t->store, h, table_of(n), &roster);
	for (size_t i = 0; i < (size_t)o->column_names.n * o->row_names.n && r == 0; i++) {
		uint32_t c = o->order[i / o->row_names.n], row = (uint32_t)(i % o->row_names.n);
		uint32_t number = o->rows[row].number[k];
		struct roster_row found;
		uint64_t sum;

		if (!number || !o->columns[c].number[k] || lens[i] == NOT_KNOWN)
			continue;
		if (!regular || !roster_sum(roster, number - 1, o->columns[c].number[k] - 1, &sum)) {
			lens[i] = NOT_KNOWN;
			continue;
		}
		buf_clear(&name);
		r = put_name(schema, name_set_get(&o->column_names, c), o->columns[c].kind,
		    name_set_get(&o->row_names, row), &name);
		roster_row(roster, number - 1, &found);
		lens[i] += sum + (uint64_t)found.n * (name.len + LINE_REST);
	}
	return r == -ENOENT ? 0 : r;
}

/* Those that are not known are made. */
static int make_lens(struct tree *t, struct node n, const struct own *o, uint64_t *lens)
{
	_cleanup_(buf_done) struct buf text = {0};
	unsigned n_made = 0;
	int r = 0;

	for (size_t i = 0; i < (size_t)o->column_names.n * o->row_names.n && r == 0; i++) {
		if (lens[i] != NOT_KNOWN)
			continue;
		if (n_made++ == MADE_MAX)
			return -EFBIG;
		buf_clear(&text);
		r = put_lines(t, n, o, o->order[i / o->row_names.n], (uint32_t)(i % o->row_names.n), &text);
		lens[i] = text.len;
	}
	return r;
}

static int by_family(const void *a, const void *b, void *arg)
{
	const struct own *o = arg;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	uint32_t fx = o->columns[x].family, fy = o->columns[y].family;

	return fx != fy ? (fx > fy) - (fx < fy) : (x > y) - (x < y);
}

/* Two columns may become one family, since its name has not all characters that theirs have. */
static int order_columns(struct own *o, const struct table_schema *schema)
{
	_cleanup_(buf_done) struct buf name = {0};
	int r = 0;

	o->order = malloc((o->column_names.n + (size_t)1) * sizeof(*o->order));
	if (!o->order)
		return -ENOMEM;
	for (uint32_t c = 0; c < o->column_names.n && r == 0; c++) {
		struct om_column *column = &o->columns[c];

		o->order[c] = c;
		buf_clear(&name);
		r = put_name(schema, name_set_get(&o->column_names, c), column->kind, span_of(NULL, 0), &name);
		if (r == 0)
			r = name_set_put(&o->families, family_of(&name, column->kind), &column->family);
	}
	qsort_r(o->order, o->column_names.n, sizeof(*o->order), by_family, o);
	return r;
}

/* Rows and columns of both hours. */
static int gather(struct tree *t, struct node n, struct own *o, int64_t *ret_mtime_ms)
{
	const struct table_schema *schema, *last = NULL;
	const struct roster *roster;
	struct hour *h;
	int r = 0;

	for (int k = 0; k < OM_HOURS; k++) {
		r = find(t, n, k, &h, &schema);
		if (r == -ENOENT)
			continue;
		if (r == 0)
			r = store_roster(t->store, h, table_of(n), &roster);
		if (r == 0)
			r = add_columns(o, schema, roster_n_columns(roster), k);
		if (r == 0)
			r = add_rows(o, roster, k);
		if (r < 0)
			return r;
		*ret_mtime_ms = hour_last_ms(h);
		last = schema;
	}
	return last ? order_columns(o, last) : -ENOENT;
}

static void put_head(const struct own *o, size_t i, struct buf *out)
{
	static const char *const types[] = {
	    [KIND_LABEL] = "unknown", [KIND_GAUGE] = "gauge", [KIND_COUNTER] = "counter"};
	size_t c = i / o->row_names.n;
	const struct om_column *column = &o->columns[o->order[c]];

	if (i % o->row_names.n == 0 && (c == 0 || o->columns[o->order[c - 1]].family != column->family))
		om_put_type(out, name_set_get(&o->families, column->family), types[column->kind]);
}

static int build(struct tree *t, struct node n, struct om_index *ret)
{
	_cleanup_(buf_done) struct buf head = {0};
	struct own *o = calloc(1, sizeof(*o));
	uint64_t *lens;
	size_t len;
	int r;

	if (!o)
		return -ENOMEM;
	ret->own = o;
	r = gather(t, n, o, &ret->mtime_ms);
	if (r < 0)
		return r;
	len = (size_t)o->row_names.n * o->column_names.n;
	if (len > PIECES_MAX)
		return -EFBIG;
	if (buf_reserve(&ret->lens, len * sizeof(*lens) + 1) < 0)
		return -ENOMEM;
	ret->lens.len = len * sizeof(*lens);
	memset(ret->lens.p, 0, ret->lens.len);
	lens = (uint64_t *)(void *)ret->lens.p;
	for (int k = 0; k < OM_HOURS && r == 0; k++)
		r = add_lens(t, n, o, k, lens);
	if (r == 0)
		r = make_lens(t, n, o, lens);
	for (size_t i = 0; i < len && r == 0; i++) {
		buf_clear(&head);
		put_head(o, i, &head);
		lens[i] += head.len;
		r = head.err;
	}
	return r;
}

static void free_own(void *own)
{
	struct own *o = own;

	if (!o)
		return;
	name_set_done(&o->row_names);
	name_set_done(&o->column_names);
	name_set_done(&o->families);
	free(o->rows);
	free(o->columns);
	free(o->order);
	free(o);
}

static int piece(
    struct tree *t, struct node n, const struct om_index *x, size_t i, struct buf *head, struct point_lines *l)
{
	const struct own *o = x->own;

	(void)l;
	put_head(o, i, head);
	return put_lines(t, n, o, o->order[i / o->row_names.n], (uint32_t)(i % o->row_names.n), head);
}

const struct om_kind om_table_kind = {.version = version, .build = build, .free_own = free_own, .piece = piece};
