/* section.c -- the columns of a table's section
 *
 * Changes are gathered in order of time and laid out life by life: what one cell does over time resembles itself, which
 * is what zstd then finds.
 */
#include "store/section.h"

/* Numbers of the row key ascend as a rule: their differences are small. */
static bool is_difference(const struct column *col)
{
	return (col->flags & COL_KEY) && col->type != COL_F64 && col->type != COL_STR;
}

/* --- writing --- */

static void put_value(struct buf *out, uint8_t type, uint64_t v)
{
	switch (type) {
	case COL_U64:
	case COL_STR:
		buf_put_varint(out, v);
		break;
	case COL_F64: {
		le64 bits = put_le64(v);

		buf_put(out, &bits, sizeof bits);
		break;
	}
	default:
		buf_put_varint(out, zigzag((int64_t)v));
	}
}

void section_put_init(
    const struct column *col, const uint64_t *init, const uint8_t *init_null, uint32_t n, struct buf *out)
{
	bool difference = is_difference(col);
	uint32_t n_null = 0;
	uint64_t before = 0;

	if (n == 0)
		return;
	for (uint32_t i = 0; i < n; i++)
		n_null += init_null[i];
	buf_put_u8(out, n_null == 0 ? 0 : n_null == n ? 1 : 2);
	if (n_null == n)
		return;
	for (uint32_t i = 0; n_null > 0 && i < n; i += 8) {
		uint8_t bits = 0;

		for (uint32_t k = 0; k < 8 && i + k < n; k++)
			bits |= (uint8_t)(init_null[i + k] << k);
		buf_put_u8(out, bits);
	}
	for (uint32_t i = 0; i < n; i++) {
		if (init_null[i])
			continue;
		if (difference)
			buf_put_varint(out, zigzag((int64_t)(init[i] - before)));
		else
			put_value(out, col->type, init[i]);
		before = init[i];
	}
}

/* Stable, by life: within a life the changes stay in order of time. */
static void sort_by_life(
    const struct section_change *changes, uint32_t n, uint32_t n_lives, uint32_t *count, struct section_change *out)
{
	memset(count, 0, ((size_t)n_lives + 1) * sizeof *count);
	for (uint32_t i = 0; i < n; i++)
		count[changes[i].life + 1]++;
	for (uint32_t i = 0; i < n_lives; i++)
		count[i + 1] += count[i];
	for (uint32_t i = 0; i < n; i++)
		out[count[changes[i].life]++] = changes[i];
}

/* Number of changes that are made at every snapshot of a life from the first possible one on. */
static uint32_t all_changes(const struct section_lives *l, uint32_t life)
{
	uint32_t end = l->death[life] ? l->death[life] : l->n_snapshots;

	return end - (life < l->n_base ? 0 : l->birth[life] + 1);
}

static void put_positions(
    const struct section_lives *l, const struct section_change *ch, uint32_t n_changes, uint8_t order, struct buf *out)
{
	uint32_t next_life = 0;

	buf_put_u8(out, order);
	for (uint32_t i = 0, k; i < n_changes; i = k) {
		uint32_t life = ch[i].life, at = life < l->n_base ? 0 : l->birth[life] + 1, nulls = 0;

		for (k = i; k < n_changes && ch[k].life == life; k++)
			nulls += ch[k].s & 1;
		buf_put_varint(out, life + 1 - next_life);
		next_life = life + 1;
		if (nulls == 0 && k - i == all_changes(l, life)) {
			buf_put_varint(out, 0);
			continue;
		}
		buf_put_varint(out, k - i);
		for (uint32_t j = i; j < k; j++) {
			uint32_t s = ch[j].s >> 1;

			buf_put_varint(out, (uint64_t)(s + 1 - at) << 1 | (ch[j].s & 1));
			at = s + 1;
		}
	}
}

static unsigned bits_of(uint64_t delta)
{
	uint64_t z = zigzag((int64_t)delta);

	return 64 - (unsigned)__builtin_clzll(z | 1);
}

/* Whether the change of the change is the smaller thing to store. */
static uint8_t choose_order(uint8_t type, const struct section_change *ch, uint32_t n)
{
	uint64_t first = 0, second = 0, before = 0;

	if (type == COL_STR || type == COL_F64)
		return 1;
	for (uint32_t i = 0; i < n; i++) {
		if (i > 0 && ch[i].life != ch[i - 1].life)
			before = 0;
		if (ch[i].s & 1)
			continue;
		first += bits_of(ch[i].v);
		second += bits_of(ch[i].v - before);
		before = ch[i].v;
	}
	return second < first ? 2 : 1;
}

static void put_values(uint8_t type, const struct section_change *ch, uint32_t n, uint8_t order, struct buf *out)
{
	uint64_t before = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t v = ch[i].v;

		if (i > 0 && ch[i].life != ch[i - 1].life)
			before = 0;
		if (ch[i].s & 1)
			continue;
		if (type == COL_STR)
			buf_put_varint(out, v);
		else if (type == COL_F64)
			buf_put_varint(out, __builtin_bswap64(v));
		else
			buf_put_varint(out, zigzag((int64_t)(order == 2 ? v - before : v)));
		before = v;
	}
}

int section_put_changes(const struct column *col, const struct section_lives *l, const struct section_change *changes,
    uint32_t n, struct buf *out, uint64_t *ret_positions_len, uint64_t *ret_values_len)
{
	_cleanup_(cleanup_free) uint32_t *count = NULL;
	_cleanup_(cleanup_free) struct section_change *sorted = NULL;
	size_t start = out->len, middle;
	uint8_t order;

	*ret_positions_len = *ret_values_len = 0;
	if (n == 0)
		return 0;
	count = malloc(((size_t)l->n + 1) * sizeof *count);
	sorted = malloc(n * sizeof *sorted);
	if (!count || !sorted)
		return -ENOMEM;
	sort_by_life(changes, n, l->n, count, sorted);
	order = choose_order(col->type, sorted, n);
	put_positions(l, sorted, n, order, out);
	middle = out->len;
	put_values(col->type, sorted, n, order, out);
	*ret_positions_len = middle - start;
	*ret_values_len = out->len - middle;
	return 0;
}

/* --- reading --- */

static int parse_value(struct span *in, uint8_t type, uint64_t *ret)
{
	const le64 *bits;
	int r;

	switch (type) {
	case COL_F64:
		bits = span_take(in, sizeof *bits);
		if (!bits)
			return -EBADMSG;
		*ret = get_le64(*bits);
		return 0;
	case COL_U64:
		return span_varint(in, ret);
	case COL_STR:
		return span_varint_max(in, STRING_ID_MAX - 1, ret);
	default:
		r = span_varint(in, ret);
		*ret = (uint64_t)unzigzag(*ret);
		return r;
	}
}

int section_take_init(
    const struct column *col, struct span in, uint32_t n, const struct strpool *pool, uint64_t *init, uint8_t *null)
{
	bool difference = is_difference(col);
	uint64_t before = 0;
	const uint8_t *mode, *bits = NULL;
	int r = 0;

	if (n == 0)
		return span_left(&in) ? -EBADMSG : 0;
	mode = span_take(&in, 1);
	if (!mode || *mode > 2)
		return -EBADMSG;
	memset(null, *mode == 1, n);
	if (*mode == 2) {
		bits = span_take(&in, (n + 7) / 8);
		if (!bits)
			return -EBADMSG;
		for (uint32_t i = 0; i < n; i++)
			null[i] = bits[i / 8] >> (i % 8) & 1;
	}
	for (uint32_t i = 0; i < n && r == 0; i++) {
		init[i] = 0;
		if (null[i])
			continue;
		if (!difference) {
			r = parse_value(&in, col->type, &init[i]);
		} else {
			r = parse_value(&in, COL_I64, &init[i]);
			init[i] += before;
		}
		before = init[i];
		if (r == 0 && col->type == COL_STR && !strpool_get(pool, (uint32_t)init[i]))
			r = -EBADMSG;
	}
	return r < 0 ? r : span_left(&in) ? -EBADMSG : 0;
}

static int change_list_add(struct section_change_list *cl, uint32_t s, struct section_cell ch)
{
	if (cl->n == cl->cap) {
		uint32_t cap = cl->cap ? 2 * cl->cap : 256, *ps = realloc(cl->s, cap * sizeof *ps);
		struct section_cell *p;

		if (!ps)
			return -ENOMEM;
		cl->s = ps;
		p = realloc(cl->list, cap * sizeof *p);
		if (!p)
			return -ENOMEM;
		cl->list = p;
		cl->cap = cap;
	}
	cl->s[cl->n] = s;
	cl->list[cl->n++] = ch;
	return 0;
}

int section_take_cell(struct span *positions, struct span *values, uint8_t type, uint8_t order,
    const struct strpool *pool, uint64_t p, uint32_t from, uint32_t end, struct section_cell ch,
    struct section_change_list *cl)
{
	uint64_t count, before = 0, s = from;
	uint32_t column = ch.column;
	int r = span_varint_max(positions, end, &count);
	bool all = r == 0 && count == 0;

	if (r < 0)
		return r;
	for (uint64_t left = all ? end - from : count; left > 0; left--) {
		bool null = false;
		uint64_t v;

		if (!all) {
			uint64_t step;

			r = span_varint_max(positions, 2 * (uint64_t)GROUP_N_MAX + 1, &step);
			if (r < 0)
				return r;
			if (step < 2)
				return -EBADMSG;
			s += (step >> 1) - 1;
			null = step & 1;
		}
		if (s >= end)
			return -EBADMSG;
		if (!null) {
			r = type == COL_STR ? span_varint_max(values, STRING_ID_MAX - 1, &v) : span_varint(values, &v);
			if (r < 0)
				return r;
			if (type == COL_STR) {
				if (!strpool_get(pool, (uint32_t)v))
					return -EBADMSG;
				p = v;
			} else if (type == COL_F64) {
				p ^= __builtin_bswap64(v);
			} else {
				before = order == 2 ? before + (uint64_t)unzigzag(v) : (uint64_t)unzigzag(v);
				p += before;
			}
		}
		ch.v = p;
		ch.column = column | null;
		r = change_list_add(cl, (uint32_t)s, ch);
		if (r < 0)
			return r;
		s++;
	}
	return 0;
}
