/* contents.c -- what is in snapshots, decoded and rendered
 *
 * HOUR TEXTS  The text of a table over an hour is never made as a whole. A list of where each snapshot's lines end
 * comes from the listing's sizes alone; a range is then rendered from the snapshots that it touches. RATES Readers go
 * forward as a rule: what a rate was made from is kept as "the moment before" of the next one.
 */
#include "store/contents.h"

#include "store/heat.h"
#include "store/rate.h"
#include "store/text.h"

enum {
	N_TEXTS = 48,
	TEXTS_MAX = 40 << 20, /* bytes of them all, and the newest whatever its size */
	N_EXTENTS = 32,
	TIME_PREFIX_LEN = TEXT_TIME_LEN + 1,
};

struct kept_text {
	int32_t hour;
	uint32_t i;
	uint16_t table;
	int form;
	uint64_t used; /* 0: empty */
	struct buf text;
};

struct kept_rows {
	uint16_t table;
	bool valid;
	int32_t hour;
	uint32_t i;
	uint64_t boot, taken_us;
	struct strpool *pool;
	struct table *rows;
	struct table *rates;             /* made last */
	struct table_schema *rates_from; /* what their schema was made of */
};

/* Where the lines of each snapshot end in an hour's text. */
struct extents {
	int32_t hour;
	uint16_t table;
	uint64_t used; /* 0: empty */
	uint32_t n, cap;
	uint64_t *end;
	uint8_t *header;                   /* a header line comes before the snapshot's lines */
	const struct table_schema *schema; /* of the last snapshot that has the table */
};

struct contents {
	struct group_cache *groups;
	struct unpacker *unpacker;
	uint64_t clock;
	struct kept_text texts[N_TEXTS];
	struct kept_rows *rows;
	size_t n_rows;
	struct extents extents[N_EXTENTS];
	struct buf piece; /* of an hour's text: one snapshot's lines */
	int32_t piece_hour;
	uint32_t piece_i;
	uint16_t piece_table;
	bool has_piece;
	struct disk_heat *heat;
};

int contents_new(size_t cache_bytes, struct contents **ret)
{
	_cleanup_(cleanup_contents) struct contents *c = calloc(1, sizeof *c);
	int r;

	if (!c)
		return -ENOMEM;
	r = group_cache_new(cache_bytes, &c->groups);
	if (r == 0)
		r = unpacker_new(&c->unpacker);
	if (r == 0)
		*ret = TAKE(c);
	return r;
}

static void forget_extents(struct extents *e)
{
	free(e->end);
	free(e->header);
	*e = (struct extents){0};
}

void contents_free(struct contents *c)
{
	if (c->groups)
		group_cache_free(c->groups);
	if (c->unpacker)
		unpacker_free(c->unpacker);
	for (unsigned i = 0; i < N_TEXTS; i++)
		buf_done(&c->texts[i].text);
	for (size_t i = 0; i < c->n_rows; i++) {
		if (c->rows[i].rows)
			table_free(c->rows[i].rows);
		if (c->rows[i].rates)
			table_free(c->rows[i].rates);
		if (c->rows[i].pool)
			strpool_free(c->rows[i].pool);
		table_schema_put(c->rows[i].rates_from);
	}
	free(c->rows);
	for (unsigned i = 0; i < N_EXTENTS; i++)
		forget_extents(&c->extents[i]);
	buf_done(&c->piece);
	free(c->heat);
	free(c);
}

void contents_forget(struct contents *c, int32_t hour)
{
	group_cache_drop_hour(c->groups, hour);
	for (unsigned i = 0; i < N_EXTENTS; i++)
		if (c->extents[i].hour == hour)
			forget_extents(&c->extents[i]);
	/* Snapshot i may be another one when the hour is opened again. */
	for (unsigned i = 0; i < N_TEXTS; i++)
		if (c->texts[i].hour == hour)
			c->texts[i].used = 0;
	for (size_t i = 0; i < c->n_rows; i++)
		if (c->rows[i].hour == hour)
			c->rows[i].valid = false;
	if (c->piece_hour == hour)
		c->has_piece = false;
}

void contents_grown(struct contents *c, int32_t hour)
{
	/* Extents go on where they ended, but the schema they remember may have moved. */
	for (unsigned i = 0; i < N_EXTENTS; i++)
		if (c->extents[i].hour == hour)
			c->extents[i].schema = NULL;
}

/* --- tables and texts --- */

int contents_group(struct contents *c, struct hour *h, uint32_t i, struct group **ret, uint32_t *ret_s)
{
	return hour_group(h, i, c->groups, c->unpacker, ret, ret_s);
}

static int group_of(struct contents *c, struct hour *h, uint32_t i, uint16_t table, struct group **ret_group,
    uint32_t *ret_index, uint32_t *ret_s)
{
	int r = hour_group(h, i, c->groups, c->unpacker, ret_group, ret_s), index;

	if (r < 0)
		return r;
	index = schema_index(group_schema(*ret_group), table);
	if (index < 0)
		return index;
	*ret_index = (uint32_t)index;
	return 0;
}

/* What a group grows to is known once it is used. */
static int trimmed(struct contents *c, int r)
{
	if (r == 0)
		group_cache_trim(c->groups);
	return r;
}

int contents_table(struct contents *c, struct hour *h, uint32_t i, uint16_t table, const struct table **ret)
{
	struct group *g;
	uint32_t index, s;
	int r = group_of(c, h, i, table, &g, &index, &s);

	if (r == 0)
		r = group_table(g, index, s, ret);
	return trimmed(c, r);
}

int contents_text(struct contents *c, struct hour *h, uint32_t i, uint16_t table, struct span *ret)
{
	struct group *g;
	uint32_t index, s;
	int r = group_of(c, h, i, table, &g, &index, &s);

	if (r == 0)
		r = group_text(g, index, s, ret);
	return trimmed(c, r);
}

static struct kept_text *find_text(struct contents *c, int32_t hour, uint32_t i, uint16_t table, int form)
{
	for (unsigned k = 0; k < N_TEXTS; k++) {
		struct kept_text *t = &c->texts[k];

		if (t->used && t->i == i && t->table == table && t->hour == hour && t->form == form)
			return t;
	}
	return NULL;
}

bool contents_rendered(struct contents *c, int32_t hour, uint32_t i, uint16_t table, int form, struct span *ret)
{
	struct kept_text *t = find_text(c, hour, i, table, form);

	if (!t)
		return false;
	t->used = ++c->clock;
	*ret = span_of(t->text.p, t->text.len);
	return true;
}

/* The one not used for longest, other than keep; NULL if there is none. */
static struct kept_text *oldest_text(struct contents *c, const struct kept_text *keep)
{
	struct kept_text *oldest = NULL;

	for (unsigned k = 0; k < N_TEXTS; k++) {
		struct kept_text *t = &c->texts[k];

		if (t != keep && t->text.cap > 0 && (!oldest || t->used < oldest->used))
			oldest = t;
	}
	return oldest;
}

/* Gives texts up until they are within their bytes. */
static void trim_texts(struct contents *c, const struct kept_text *keep)
{
	struct kept_text *oldest;
	size_t bytes = 0;

	for (unsigned k = 0; k < N_TEXTS; k++)
		bytes += c->texts[k].text.cap;
	while (bytes > TEXTS_MAX && (oldest = oldest_text(c, keep))) {
		bytes -= oldest->text.cap;
		buf_done(&oldest->text);
		*oldest = (struct kept_text){0};
	}
}

int contents_render(struct contents *c, const struct table *t, bool json, int32_t hour, uint32_t i, uint16_t table,
    int form, struct span *ret)
{
	struct kept_text *kept = &c->texts[0];

	for (unsigned k = 1; k < N_TEXTS; k++)
		if (c->texts[k].used < kept->used)
			kept = &c->texts[k];
	kept->used = 0;
	buf_clear(&kept->text);
	if (json)
		text_put_table_json(&kept->text, t);
	else
		text_put_table(&kept->text, t);
	if (kept->text.err < 0) {
		buf_done(&kept->text);
		return -ENOMEM;
	}
	kept->hour = hour;
	kept->i = i;
	kept->table = table;
	kept->form = form;
	kept->used = ++c->clock;
	trim_texts(c, kept);
	*ret = span_of(kept->text.p, kept->text.len);
	return 0;
}

/* --- rates --- */

int contents_is_fresh(struct contents *c, struct hour *h, uint32_t i, uint16_t table, bool *ret)
{
	struct group *g;
	uint32_t index, s;
	int r = group_of(c, h, i, table, &g, &index, &s);

	if (r == 0)
		r = group_fresh(g, index, s);
	if (r < 0)
		return r;
	*ret = r;
	return 0;
}

static int rows_of(struct contents *c, uint16_t table, struct kept_rows **ret)
{
	struct kept_rows *p;

	for (size_t i = 0; i < c->n_rows; i++)
		if (c->rows[i].table == table) {
			*ret = &c->rows[i];
			return 0;
		}
	p = realloc(c->rows, (c->n_rows + 1) * sizeof *p);
	if (!p)
		return -ENOMEM;
	c->rows = p;
	p += c->n_rows++;
	*p = (struct kept_rows){.table = table};
	*ret = p;
	return 0;
}

/* A table with the moment its rows were taken. */
static int taken_table(struct contents *c, struct hour *h, uint32_t i, uint16_t table, const struct table **ret,
    uint64_t *ret_boot, uint64_t *ret_us)
{
	struct group *g;
	uint32_t index, s;
	int64_t time;
	int r = group_of(c, h, i, table, &g, &index, &s);

	if (r == 0)
		r = group_table(g, index, s, ret);
	if (r < 0)
		return r;
	group_times(g, s, &time, ret_us);
	*ret_us += (uint64_t)((int64_t)(*ret)->taken_ms * 1000);
	*ret_boot = group_boot(g);
	group_cache_trim(c->groups);
	return 0;
}

static int keep_rows(struct kept_rows *k, const struct table *t)
{
	int r = k->pool ? 0 : strpool_new(&k->pool);

	k->valid = false;
	if (r == 0 && !k->rows)
		r = table_new(t->schema, k->pool, &k->rows);
	if (r < 0)
		return r;
	strpool_epoch(k->pool);
	r = rate_keep(t, k->pool, k->rows);
	strpool_sweep(k->pool);
	k->valid = r == 0;
	return r;
}

static int need_rows(struct contents *c, struct kept_rows *k, struct hour *h, uint32_t i)
{
	const struct table *t;
	uint64_t boot, us;
	int r;

	if (k->valid && k->hour == hour_number(h) && k->i == i)
		return 0;
	r = taken_table(c, h, i, k->table, &t, &boot, &us);
	if (r == 0)
		r = keep_rows(k, t);
	if (r < 0)
		return r;
	k->hour = hour_number(h);
	k->i = i;
	k->boot = boot;
	k->taken_us = us;
	return 0;
}

static int need_rate_table(struct kept_rows *k, const struct table *now)
{
	_cleanup_(cleanup_table_schema) struct table_schema *schema = NULL;
	int r;

	if (k->rates_from == now->schema)
		return 0;
	r = rate_schema(now->schema, &schema);
	if (r == 0)
		r = k->rates ? table_set_schema(k->rates, schema) : table_new(schema, now->pool, &k->rates);
	if (r < 0)
		return r;
	table_schema_put(k->rates_from);
	k->rates_from = table_schema_get(now->schema);
	return 0;
}

int contents_rate(struct contents *c, struct hour *before, uint32_t at, struct hour *h, uint32_t i, uint16_t table,
    const struct table **ret)
{
	struct kept_rows *k;
	const struct table *now;
	uint64_t boot, us, dt = 0;
	int r = rows_of(c, table, &k);

	if (r == 0 && before)
		r = need_rows(c, k, before, at);
	if (r == 0)
		r = taken_table(c, h, i, table, &now, &boot, &us);
	if (r == 0)
		r = need_rate_table(k, now);
	if (r < 0)
		return r;
	if (before && k->boot == boot && us > k->taken_us)
		dt = us - k->taken_us;
	r = rate_table(now, before ? k->rows : NULL, dt, k->rates);
	if (r == 0)
		r = keep_rows(k, now);
	if (r < 0)
		return r;
	k->hour = hour_number(h);
	k->i = i;
	k->boot = boot;
	k->taken_us = us;
	*ret = k->rates;
	return 0;
}

/* --- an hour's text --- */

static int reserve_extents(struct extents *e, uint32_t n)
{
	uint64_t *end;
	uint8_t *header;

	if (n <= e->cap)
		return 0;
	end = realloc(e->end, 2 * (size_t)n * sizeof *end);
	if (!end)
		return -ENOMEM;
	e->end = end;
	header = realloc(e->header, 2 * (size_t)n);
	if (!header)
		return -ENOMEM;
	e->header = header;
	e->cap = 2 * n;
	return 0;
}

/* The schema the table had in the last snapshot before i that has it. */
static const struct table_schema *schema_before(struct hour *h, uint32_t i, uint16_t table)
{
	uint64_t rows, len;

	while (i-- > 0)
		if (hour_size(h, i, table, &rows, &len) == 0)
			return hour_table_schema(h, i, table);
	return NULL;
}

static int extend(struct extents *e, struct hour *h)
{
	uint32_t n = hour_n(h);
	int r = reserve_extents(e, n);

	if (r == 0 && e->n > 0 && !e->schema)
		e->schema = schema_before(h, e->n, e->table);
	for (; r == 0 && e->n < n; e->n++) {
		uint64_t end = e->n > 0 ? e->end[e->n - 1] : 0, rows, len;
		const struct table_schema *s;

		e->header[e->n] = 0;
		e->end[e->n] = end;
		r = hour_size(h, e->n, e->table, &rows, &len);
		if (r == -ENOENT) {
			r = 0;
			continue;
		}
		s = r < 0 ? NULL : hour_table_schema(h, e->n, e->table);
		if (!s || len < text_header_len(s))
			return r < 0 ? r : -EBADMSG;
		if (!e->schema || (e->schema != s && !table_schema_equal(e->schema, s))) {
			e->header[e->n] = 1;
			end += strlen("time\t") + text_header_len(s);
		}
		e->schema = s;
		e->end[e->n] = end + len - text_header_len(s) + rows * TIME_PREFIX_LEN;
	}
	return r;
}

static int extents_of(struct contents *c, struct hour *h, uint16_t table, struct extents **ret)
{
	struct extents *e = &c->extents[0];
	int r;

	for (unsigned i = 0; i < N_EXTENTS; i++) {
		struct extents *x = &c->extents[i];

		if (x->used && x->table == table && x->hour == hour_number(h)) {
			e = x;
			break;
		}
		if (x->used < e->used)
			e = x;
	}
	if (!e->used || e->table != table || e->hour != hour_number(h)) {
		forget_extents(e);
		e->hour = hour_number(h);
		e->table = table;
	}
	e->used = ++c->clock;
	r = e->n < hour_n(h) ? extend(e, h) : 0;
	if (r < 0)
		forget_extents(e);
	*ret = e;
	return r;
}

int contents_hour_len(struct contents *c, struct hour *h, uint16_t table, uint64_t *ret_len)
{
	struct table_schema *const *tables;
	struct chunk_total total;
	struct extents *e;
	uint32_t n_tables;
	int r;

	hour_tables(h, &tables, &n_tables);
	for (uint32_t i = 0; i < n_tables; i++) {
		size_t header = text_header_len(tables[i]);

		if (tables[i]->id != table || !hour_total(h, table, &total))
			continue;
		if (total.n == 0)
			return -ENOENT;
		/* As extend() adds it up. */
		*ret_len = strlen("time\t") + header + total.len - total.n * header + total.rows * TIME_PREFIX_LEN;
		return 0;
	}
	r = extents_of(c, h, table, &e);
	if (r < 0)
		return r;
	*ret_len = e->end[e->n - 1];
	return *ret_len > 0 ? 0 : -ENOENT;
}

/* The lines of snapshot i, with its time in front of each. */
static int make_piece(struct contents *c, struct hour *h, uint32_t i, const struct extents *e)
{
	char prefix[TIME_PREFIX_LEN + 1];
	struct span text;
	int64_t time_ms;
	uint32_t seq;
	int r;

	if (c->has_piece && c->piece_hour == e->hour && c->piece_i == i && c->piece_table == e->table)
		return 0;
	c->has_piece = false;
	r = hour_snapshot(h, i, &seq, &time_ms);
	if (r == 0)
		r = contents_text(c, h, i, e->table, &text);
	if (r < 0)
		return r;
	text_time(prefix, time_ms);
	prefix[TEXT_TIME_LEN] = '\t';
	buf_clear(&c->piece);
	for (bool header = true; span_left(&text) > 0; header = false) {
		const uint8_t *nl = memchr(text.p, '\n', span_left(&text));
		size_t len = nl ? (size_t)(nl - text.p) + 1 : span_left(&text);

		if (!header)
			buf_put(&c->piece, prefix, TIME_PREFIX_LEN);
		else if (e->header[i])
			buf_puts(&c->piece, "time\t");
		if (!header || e->header[i])
			buf_put(&c->piece, text.p, len);
		text.p += len;
	}
	if (c->piece.err < 0) {
		buf_done(&c->piece);
		return -ENOMEM;
	}
	/* What the sizes promise and what is there must be one thing, or everything behind would be shifted. */
	if (c->piece.len != e->end[i] - (i > 0 ? e->end[i - 1] : 0))
		return -EBADMSG;
	c->piece_hour = e->hour;
	c->piece_i = i;
	c->piece_table = e->table;
	c->has_piece = true;
	return 0;
}

int contents_hour_text(struct contents *c, struct hour *h, uint16_t table, uint64_t off, size_t len, struct buf *out)
{
	struct extents *e;
	uint32_t low = 0, high;
	int r = extents_of(c, h, table, &e);

	if (r < 0)
		return r;
	/* The first snapshot that ends behind off. */
	for (high = e->n; low < high;) {
		uint32_t mid = (low + high) / 2;

		if (e->end[mid] <= off)
			low = mid + 1;
		else
			high = mid;
	}
	for (uint32_t i = low; i < e->n && len > 0; i++) {
		uint64_t start = i > 0 ? e->end[i - 1] : 0;
		size_t skip = off > start ? (size_t)(off - start) : 0, n;

		if (e->end[i] == start)
			continue;
		r = make_piece(c, h, i, e);
		if (r < 0)
			return r;
		n = c->piece.len - skip < len ? c->piece.len - skip : len;
		buf_put(out, c->piece.p + skip, n);
		len -= n;
	}
	return out->err;
}

/* --- heat --- */

/* The tables of a snapshot that heat is measured by; the others, which can be a hundred times as much, are not decoded.
 */
static int heat_tables(struct group *g, uint32_t s, struct table **tables, struct snapshot *ret)
{
	const struct schema *schema = group_schema(g);

	*ret = (struct snapshot){.boot = group_boot(g), .tables = tables};
	group_times(g, s, &ret->time_ms, &ret->boot_us);
	for (uint32_t i = 0; i < schema->n_tables; i++) {
		const struct table *t;
		int r = heat_uses(schema->tables[i]->name) ? group_table(g, i, s, &t) : -ENOENT;

		if (r < 0 && r != -ENOENT)
			return r;
		/* Snapshots have tables that can be filled; this one's readers do not. */
		if (r == 0)
			tables[ret->n_tables++] = (struct table *)(uintptr_t)t;
	}
	return 0;
}

static int heat_of(struct contents *c, struct hour *h, uint32_t i, struct heat_state *state, struct disk_heat *ret)
{
	_cleanup_(cleanup_free) struct table **tables = NULL;
	struct snapshot snap;
	struct group *g;
	uint32_t s;
	int r = hour_group(h, i, c->groups, c->unpacker, &g, &s);

	if (r < 0)
		return r;
	tables = malloc((group_schema(g)->n_tables + 1) * sizeof *tables);
	if (!tables)
		return -ENOMEM;
	r = heat_tables(g, s, tables, &snap);
	if (r == 0)
		r = heat_entry(state, &snap, ret);
	return r;
}

int contents_heat(
    struct contents *c, struct hour *before, struct hour *h, const struct disk_heat **ret, uint32_t *ret_n)
{
	_cleanup_(cleanup_heat_state) struct heat_state *state = NULL;
	struct disk_heat *heat = malloc(hour_n(h) * sizeof *heat), first;
	uint32_t n = 0;
	int r = heat_state_new(&state);

	free(c->heat);
	c->heat = heat;
	if (!heat)
		return -ENOMEM;
	if (r == 0 && before && heat_of(c, before, hour_n(before) - 1, state, &first) == -ENOMEM)
		r = -ENOMEM;
	for (uint32_t i = 0; i < hour_n(h) && r == 0; i++) {
		int64_t time_ms;
		uint32_t seq;

		r = hour_snapshot(h, i, &seq, &time_ms);
		if (r == 0)
			r = heat_of(c, h, i, state, &heat[n]);
		if (r == 0)
			heat[n++].seq = put_le32(seq);
		if (r == -EBADMSG)
			r = 0;
	}
	group_cache_trim(c->groups);
	*ret = heat;
	*ret_n = n;
	return r;
}
