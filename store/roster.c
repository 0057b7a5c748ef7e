/* roster.c -- the rows of a table over many snapshots
 *
 * SUMS   While a row with a text of L bytes is there, its sum grows by L with each snapshot. Nothing is done then. It
 * is done when L changes, at the kth snapshot that has the table: L * k is added for the old text and taken away for
 * the new one, mod 2^64. So a table costs what changes in it.
 */
#include "store/roster.h"

#include "store/rowkey.h"
#include "store/text.h"

#include <xxhash.h>

#define NONE UINT32_MAX

enum { NULL_LEN = 2, CELL_TEXT_MAX = 4 * STRING_LEN_MAX };

struct key {
	size_t name; /* offset in names */
	uint32_t name_len;
	uint32_t first, last, n;
	/* While snapshots are taken: */
	uint32_t slot; /* of the row that has it, NONE: there is none */
	uint32_t seen; /* the last look at all rows that found it */
};

struct roster {
	struct key *keys;
	uint32_t n_keys, cap_keys;
	struct buf names;
	uint32_t *hash; /* number + 1 by hash of the name, 0: free */
	uint32_t n_hash;
	uint32_t n_columns;
	uint64_t *sums; /* [number * n_columns + column], of the first n_sums keys */
	uint32_t n_sums, cap_sums;
	uint32_t looks;
};

int roster_new(struct roster **ret)
{
	*ret = calloc(1, sizeof **ret);
	return *ret ? 0 : -ENOMEM;
}

void roster_free(struct roster *r)
{
	free(r->keys);
	buf_done(&r->names);
	free(r->hash);
	free(r->sums);
	free(r);
}

uint32_t roster_n(const struct roster *r)
{
	return r->n_keys;
}

uint32_t roster_n_columns(const struct roster *r)
{
	return r->n_columns;
}

size_t roster_memory(const struct roster *r)
{
	return sizeof *r + r->cap_keys * sizeof *r->keys + r->names.cap + r->n_hash * sizeof *r->hash +
	       (size_t)r->cap_sums * r->n_columns * sizeof *r->sums;
}

static const char *name_of(const struct roster *r, const struct key *k)
{
	return (const char *)r->names.p + k->name;
}

void roster_row(const struct roster *r, uint32_t number, struct roster_row *ret)
{
	const struct key *k = &r->keys[number];

	assert(number < r->n_keys);
	*ret = (struct roster_row){
	    .name = name_of(r, k), .name_len = k->name_len, .first = k->first, .last = k->last, .n = k->n};
}

bool roster_sum(const struct roster *r, uint32_t number, uint32_t column, uint64_t *ret)
{
	if (number >= r->n_keys || (column < r->n_columns && number >= r->n_sums))
		return false;
	*ret = column < r->n_columns ? r->sums[(size_t)number * r->n_columns + column]
	                             : (uint64_t)NULL_LEN * r->keys[number].n;
	return true;
}

/* --- keys by name --- */

/* Where a name is in the hash, or would be. */
static uint32_t place(const struct roster *r, const char *name, size_t len)
{
	uint32_t at = (uint32_t)XXH3_64bits(name, len) & (r->n_hash - 1);

	for (; r->hash[at]; at = (at + 1) & (r->n_hash - 1)) {
		const struct key *k = &r->keys[r->hash[at] - 1];

		if (k->name_len == len && memcmp(name_of(r, k), name, len) == 0)
			break;
	}
	return at;
}

int roster_find(const struct roster *r, const char *name, size_t len, uint32_t *ret_number)
{
	uint32_t at;

	if (r->n_keys == 0)
		return -ENOENT;
	at = place(r, name, len);
	if (!r->hash[at])
		return -ENOENT;
	*ret_number = r->hash[at] - 1;
	return 0;
}

static int grow_hash(struct roster *r)
{
	uint32_t n = r->n_hash ? 2 * r->n_hash : 64, *old = r->hash;

	r->hash = calloc(n, sizeof *r->hash);
	if (!r->hash) {
		r->hash = old;
		return -ENOMEM;
	}
	free(old);
	r->n_hash = n;
	for (uint32_t i = 0; i < r->n_keys; i++)
		r->hash[place(r, name_of(r, &r->keys[i]), r->keys[i].name_len)] = i + 1;
	return 0;
}

static int reserve_key(struct roster *r)
{
	int e = 2 * (r->n_keys + 1) > r->n_hash ? grow_hash(r) : 0;

	if (e == 0 && r->n_keys == r->cap_keys) {
		uint32_t cap = r->cap_keys ? 2 * r->cap_keys : 16;
		struct key *p = realloc(r->keys, cap * sizeof *p);

		if (!p)
			return -ENOMEM;
		r->keys = p;
		r->cap_keys = cap;
	}
	return e;
}

/* Sums of 0 for one more key, as long as there is room for them. */
static int reserve_sums(struct roster *r)
{
	uint32_t cap = r->cap_sums ? 2 * r->cap_sums : 16;

	if (r->n_sums < r->n_keys || (uint64_t)(r->n_sums + 1) * r->n_columns > ROSTER_SUMS_MAX)
		return 0;
	if (r->n_sums == r->cap_sums) {
		uint64_t *p = realloc(r->sums, (size_t)cap * r->n_columns * sizeof *p + 1);

		if (!p)
			return -ENOMEM;
		r->sums = p;
		r->cap_sums = cap;
	}
	memset(r->sums + (size_t)r->n_sums * r->n_columns, 0, r->n_columns * sizeof *r->sums);
	r->n_sums++;
	return 0;
}

/* The key of that name, a new one if need be. NONE: there are too many. */
static int number_of(struct roster *r, const char *name, size_t len, uint32_t *ret)
{
	int e;

	if (roster_find(r, name, len, ret) == 0)
		return 0;
	*ret = NONE;
	if (r->n_keys == ROSTER_KEYS_MAX)
		return 0;
	e = reserve_key(r);
	if (e == 0)
		e = reserve_sums(r);
	if (e < 0)
		return e;
	r->keys[r->n_keys] = (struct key){
	    .name = r->names.len, .name_len = (uint32_t)len, .first = NONE, .slot = NONE, .seen = r->looks - 1};
	buf_put(&r->names, name, len);
	if (r->names.err < 0)
		return r->names.err;
	*ret = r->n_keys++;
	r->hash[place(r, name, len)] = *ret + 1;
	return 0;
}

/* Makes it n columns at least. */
static int widen(struct roster *r, uint32_t n)
{
	uint32_t n_sums = n > 0 && r->n_sums > ROSTER_SUMS_MAX / n ? ROSTER_SUMS_MAX / n : r->n_sums;
	uint64_t *p;

	if (n <= r->n_columns)
		return 0;
	p = malloc((size_t)n_sums * n * sizeof *p + 1);
	if (!p)
		return -ENOMEM;
	for (uint32_t i = 0; i < n_sums; i++)
		for (uint32_t c = 0; c < n; c++)
			p[(size_t)i * n + c] = c < r->n_columns ? r->sums[(size_t)i * r->n_columns + c]
			                                        : (uint64_t)NULL_LEN * r->keys[i].n;
	free(r->sums);
	r->sums = p;
	r->n_sums = r->cap_sums = n_sums;
	r->n_columns = n;
	return 0;
}

/* --- taking snapshots in --- */

/* A stretch of snapshots that is being taken in. */
struct taking {
	struct roster *r;
	uint32_t n_columns; /* of these rows */
	uint32_t *number;   /* of the key, by slot; NONE: not known yet, or none */
	uint8_t *is_known;  /* whether number says it */
	uint8_t *counts;    /* by slot: its row is the one that has the key */
	uint32_t *len;      /* [slot * n_columns + column], of rows that count */
	uint32_t *owned, *owned_before;
	uint32_t n_owned; /* keys that have a row */
	uint32_t k;       /* snapshots with the table so far */
	uint32_t last;    /* the number of the last one */
	struct buf name;
};

static void taking_done(struct taking *g)
{
	free(g->number);
	free(g->is_known);
	free(g->counts);
	free(g->len);
	free(g->owned);
	free(g->owned_before);
	buf_done(&g->name);
}

static int taking_init(struct taking *g, const struct table *t)
{
	size_t n = t->cap_rows + 1;

	g->n_columns = t->schema->n_columns;
	g->number = malloc(n * sizeof *g->number);
	g->is_known = calloc(n, 1);
	g->counts = calloc(n, 1);
	g->len = malloc(n * g->n_columns * sizeof *g->len + 1);
	g->owned = malloc(n * sizeof *g->owned);
	g->owned_before = malloc(n * sizeof *g->owned_before);
	return g->number && g->is_known && g->counts && g->len && g->owned && g->owned_before
	           ? widen(g->r, g->n_columns)
	           : -ENOMEM;
}

/* Sums of a key, NULL if they are not kept. */
static uint64_t *sums_of(struct roster *r, uint32_t number)
{
	return number < r->n_sums ? r->sums + (size_t)number * r->n_columns : NULL;
}

static void begin_row(struct taking *g, uint32_t number, const struct table *t, uint32_t slot)
{
	struct key *key = &g->r->keys[number];
	uint64_t *sums = sums_of(g->r, number);
	uint32_t *len = g->len + (size_t)slot * g->n_columns;

	key->slot = slot;
	key->n -= g->k;
	g->counts[slot] = 1;
	for (uint32_t c = 0; sums && c < g->r->n_columns; c++) {
		size_t i = (size_t)c * t->cap_rows + slot;
		uint32_t l = NULL_LEN;

		if (c < g->n_columns)
			l = len[c] = (uint32_t)text_cell_len(&t->schema->columns[c], t->cells[i], t->nulls[i], t->pool);
		sums[c] -= (uint64_t)l * g->k;
	}
}

static void end_row(struct taking *g, uint32_t number)
{
	struct key *key = &g->r->keys[number];
	uint64_t *sums = sums_of(g->r, number);
	const uint32_t *len = g->len + (size_t)key->slot * g->n_columns;

	for (uint32_t c = 0; sums && c < g->r->n_columns; c++)
		sums[c] += (uint64_t)(c < g->n_columns ? len[c] : NULL_LEN) * g->k;
	g->counts[key->slot] = 0;
	key->slot = NONE;
	key->n += g->k;
	key->last = g->last;
}

static int key_of_slot(struct taking *g, const struct table *t, uint32_t row, uint32_t slot)
{
	int r;

	if (g->is_known[slot])
		return 0;
	buf_clear(&g->name);
	rowkey_put(&g->name, t, row);
	r = g->name.err;
	if (r == 0)
		r = number_of(g->r, (const char *)g->name.p, g->name.len, &g->number[slot]);
	g->is_known[slot] = r == 0;
	return r;
}

/* Which row has which key, after rows came or went with snapshot i. */
static int look_at_rows(struct taking *g, const struct table *t, uint32_t i)
{
	uint32_t *before = g->owned, n_before = g->n_owned, look = ++g->r->looks;

	g->owned = g->owned_before;
	g->owned_before = before;
	g->n_owned = 0;
	for (uint32_t row = 0; row < t->n_rows; row++) {
		uint32_t slot = t->order ? t->order[row] : row;
		struct key *key;
		int r = key_of_slot(g, t, row, slot);

		if (r < 0)
			return r;
		if (g->number[slot] == NONE)
			continue;
		key = &g->r->keys[g->number[slot]];
		if (key->seen == look)
			continue;
		key->seen = look;
		g->owned[g->n_owned++] = g->number[slot];
		if (key->slot == slot)
			continue;
		if (key->slot != NONE)
			end_row(g, g->number[slot]);
		begin_row(g, g->number[slot], t, slot);
		key->first = key->first == NONE ? i : key->first;
	}
	for (uint32_t k = 0; k < n_before; k++)
		if (g->r->keys[before[k]].seen != look)
			end_row(g, before[k]);
	return 0;
}

static int take_changes(struct taking *g, const struct table *t, const struct section_cell *cells, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t slot = cells[i].life, c = cells[i].column >> 1,
		         *len = &g->len[(size_t)slot * g->n_columns + c], l;
		uint64_t *sums;

		if (t->schema->columns[c].flags & COL_KEY)
			return -EBADMSG;
		if (!g->counts[slot])
			continue;
		sums = sums_of(g->r, g->number[slot]);
		if (!sums)
			continue;
		l = (uint32_t)text_cell_len(&t->schema->columns[c], cells[i].v, cells[i].column & 1, t->pool);
		sums[c] += ((uint64_t)*len - l) * g->k;
		*len = l;
	}
	return 0;
}

static int take(struct taking *g, struct table_reader *t, uint32_t from, uint32_t end, uint32_t base)
{
	int r = 0;

	for (uint32_t s = from; s < end && r == 0; s++) {
		const struct section_cell *cells;
		const struct table *table;
		uint32_t n;

		r = table_reader_at(t, s, &table);
		if (r == -ENOENT) {
			r = 0;
			continue;
		}
		if (r == 0 && !g->number)
			r = taking_init(g, table);
		if (r == 0 && (g->k == 0 || table_reader_moves(t, s)))
			r = look_at_rows(g, table, base + s - from);
		if (r < 0)
			return r;
		table_reader_changes(t, s, &cells, &n);
		r = take_changes(g, table, cells, n);
		g->k++;
		g->last = base + s - from;
	}
	for (uint32_t i = 0; i < g->n_owned; i++)
		end_row(g, g->owned[i]);
	return r;
}

int roster_take(struct roster *r, struct table_reader *t, uint32_t from, uint32_t end, uint32_t base)
{
	_cleanup_(taking_done) struct taking g = {.r = r};

	return take(&g, t, from, end, base);
}

int roster_add(struct roster *r, const struct roster *other, uint32_t base)
{
	int e = widen(r, other->n_columns);

	r->looks++;
	for (uint32_t i = 0; i < other->n_keys && e == 0; i++) {
		const struct key *from = &other->keys[i];
		struct key *to;
		uint64_t *sums, sum;
		uint32_t number;

		e = number_of(r, name_of(other, from), from->name_len, &number);
		if (e < 0 || number == NONE)
			continue;
		to = &r->keys[number];
		to->first = to->first == NONE ? base + from->first : to->first;
		to->last = base + from->last;
		to->n += from->n;
		sums = sums_of(r, number);
		for (uint32_t c = 0; sums && c < r->n_columns; c++) {
			if (!roster_sum(other, i, c, &sum))
				return -EINVAL;
			sums[c] += sum;
		}
	}
	return e;
}

/* --- as a chunk stores it --- */

void roster_encode(const struct roster *r, uint32_t n_snapshots, struct buf *out)
{
	uint32_t first = 0;

	assert(r->n_sums == r->n_keys);
	buf_put_varint(out, r->n_keys);
	buf_put_varint(out, r->n_columns);
	for (uint32_t i = 0; i < r->n_keys; i++)
		buf_put_varint(out, r->keys[i].name_len);
	for (uint32_t i = 0; i < r->n_keys; i++)
		buf_put(out, name_of(r, &r->keys[i]), r->keys[i].name_len);
	for (uint32_t i = 0; i < r->n_keys; i++) {
		buf_put_varint(out, r->keys[i].first - first);
		first = r->keys[i].first;
	}
	for (uint32_t i = 0; i < r->n_keys; i++)
		buf_put_varint(out, n_snapshots - 1 - r->keys[i].last);
	for (uint32_t i = 0; i < r->n_keys; i++)
		buf_put_varint(out, r->keys[i].last - r->keys[i].first + 1 - r->keys[i].n);
	for (uint32_t c = 0; c < r->n_columns; c++) {
		uint64_t before = 0;

		for (uint32_t i = 0; i < r->n_keys; i++) {
			uint64_t mean = r->sums[(size_t)i * r->n_columns + c] / r->keys[i].n;

			buf_put_varint(out, zigzag((int64_t)(mean - before)));
			before = mean;
		}
		for (uint32_t i = 0; i < r->n_keys; i++)
			buf_put_varint(out, r->sums[(size_t)i * r->n_columns + c] % r->keys[i].n);
	}
}

static int decode_names(struct roster *r, struct span *in, uint64_t n_keys)
{
	struct span lens = *in;
	uint64_t len;
	int e = 0;

	for (uint64_t i = 0; i < n_keys && e == 0; i++)
		e = span_varint_max(in, ROWKEY_LEN_MAX, &len);
	for (uint64_t i = 0; i < n_keys && e == 0; i++) {
		const char *name;
		uint32_t number;

		e = span_varint(&lens, &len);
		name = e < 0 ? NULL : span_take(in, len);
		if (!name || !rowkey_is_name(name, len))
			return -EBADMSG;
		e = number_of(r, name, len, &number);
		/* No name is there twice. */
		if (e == 0 && number != i)
			e = -EBADMSG;
	}
	return e;
}

static int decode_places(struct roster *r, struct span *in, uint32_t n_snapshots)
{
	uint64_t x, first = 0;
	int e = 0;

	for (uint32_t i = 0; i < r->n_keys && e == 0; i++) {
		e = span_varint_max(in, n_snapshots, &x);
		first += x;
		if (e == 0 && first >= n_snapshots)
			e = -EBADMSG;
		r->keys[i].first = (uint32_t)first;
	}
	for (uint32_t i = 0; i < r->n_keys && e == 0; i++) {
		e = span_varint_max(in, n_snapshots - 1 - r->keys[i].first, &x);
		r->keys[i].last = n_snapshots - 1 - (uint32_t)x;
	}
	for (uint32_t i = 0; i < r->n_keys && e == 0; i++) {
		uint32_t span = r->keys[i].last - r->keys[i].first;

		e = span_varint_max(in, span, &x);
		r->keys[i].n = span + 1 - (uint32_t)x;
	}
	return e;
}

static int decode_sums(struct roster *r, struct span *in)
{
	int e = 0;

	for (uint32_t c = 0; c < r->n_columns && e == 0; c++) {
		uint64_t mean = 0, x;

		for (uint32_t i = 0; i < r->n_keys && e == 0; i++) {
			e = span_varint(in, &x);
			mean += (uint64_t)unzigzag(x);
			if (e == 0 && mean > CELL_TEXT_MAX)
				e = -EBADMSG;
			r->sums[(size_t)i * r->n_columns + c] = mean * r->keys[i].n;
		}
		for (uint32_t i = 0; i < r->n_keys && e == 0; i++) {
			e = span_varint_max(in, r->keys[i].n - 1, &x);
			r->sums[(size_t)i * r->n_columns + c] += x;
		}
	}
	return e;
}

int roster_decode(struct span in, uint32_t n_snapshots, struct roster **ret)
{
	_cleanup_(cleanup_roster) struct roster *r = NULL;
	uint64_t n_keys, n_columns;
	int e = roster_new(&r);

	if (e == 0)
		e = span_varint_max(&in, ROSTER_KEYS_MAX, &n_keys);
	if (e == 0)
		e = span_varint_max(&in, SCHEMA_COLUMNS_MAX, &n_columns);
	/* Each takes a byte, so that a lie in the count allocates nothing. */
	if (e == 0 && (n_keys > span_left(&in) || n_keys * n_columns > ROSTER_SUMS_MAX))
		e = -EBADMSG;
	if (e == 0)
		e = widen(r, (uint32_t)n_columns);
	if (e == 0)
		e = decode_names(r, &in, n_keys);
	if (e == 0)
		e = decode_places(r, &in, n_snapshots);
	if (e == 0)
		e = decode_sums(r, &in);
	if (e == 0 && span_left(&in) > 0)
		e = -EBADMSG;
	if (e == 0)
		*ret = TAKE(r);
	return e;
}
