/* section.c -- the columns of a table's section
 *
 * Changes are gathered in order of time and laid out life by life: what one cell does over time resembles itself, which
 * is what zstd then finds. Where the cells of one snapshot resemble each other more than what they were before, as
 * times of the last event and numbers from one sequence do, they are stored snapshot by snapshot.
 */
#include "store/section.h"

/* Numbers of the row key ascend as a rule: their differences are small. */
static bool is_difference(const struct column *col)
{
	return (col->flags & COL_KEY) && col->type != COL_F64 && col->type != COL_STR;
}

/* How an init is stored; the last two not in the row key. */
enum init_mode { INIT_VALUES, INIT_NULL, INIT_SOME, INIT_STEPS, INIT_SOME_STEPS };

/* --- writing --- */

static unsigned bits_of(uint64_t v)
{
	return 64 - (unsigned)__builtin_clzll(v | 1);
}

static uint64_t zigzag_of(uint64_t difference)
{
	return zigzag((int64_t)difference);
}

/* Whether differences are that much smaller that it pays though the same values are no longer the same bytes. */
static bool is_worth(uint64_t bits, uint64_t instead_of)
{
	return bits + bits / 4 < instead_of;
}

/* Whether first values are rather stored as differences to the one before. */
static bool steps_are_smaller(const struct column *col, const uint64_t *init, const uint8_t *init_null, uint32_t n)
{
	uint64_t values = 0, steps = 0, before = 0;
	bool is_signed = col->type == COL_I64 || col->type == COL_DEC;

	if (col->type == COL_F64)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		if (init_null[i])
			continue;
		values += bits_of(is_signed ? zigzag_of(init[i]) : init[i]);
		steps += bits_of(zigzag_of(init[i] - before));
		before = init[i];
	}
	return is_worth(steps, values);
}

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
	bool key = is_difference(col), steps = !key && steps_are_smaller(col, init, init_null, n);
	uint32_t n_null = 0;
	uint64_t before = 0;

	if (n == 0)
		return;
	for (uint32_t i = 0; i < n; i++)
		n_null += init_null[i];
	if (n_null == n) {
		buf_put_u8(out, INIT_NULL);
		return;
	}
	if (n_null == 0)
		buf_put_u8(out, steps ? INIT_STEPS : INIT_VALUES);
	else
		buf_put_u8(out, steps ? INIT_SOME_STEPS : INIT_SOME);
	for (uint32_t i = 0; n_null > 0 && i < n; i += 8) {
		uint8_t bits = 0;

		for (uint32_t k = 0; k < 8 && i + k < n; k++)
			bits |= (uint8_t)(init_null[i + k] << k);
		buf_put_u8(out, bits);
	}
	for (uint32_t i = 0; i < n; i++) {
		if (init_null[i])
			continue;
		if (key || steps)
			buf_put_varint(out, zigzag_of(init[i] - before));
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

/* Stable, by snapshot. */
static int sort_by_snapshot(const struct section_change *changes, uint32_t n, uint32_t n_snapshots, uint32_t *out)
{
	_cleanup_(cleanup_free) uint32_t *count = calloc((size_t)n_snapshots + 1, sizeof *count);

	if (!count)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		count[(changes[i].s >> 1) + 1]++;
	for (uint32_t s = 0; s < n_snapshots; s++)
		count[s + 1] += count[s];
	for (uint32_t i = 0; i < n; i++)
		out[count[changes[i].s >> 1]++] = i;
	return 0;
}

/* The smallest thing to store. across: the changes by snapshot. */
static enum section_order choose_order(
    uint8_t type, const struct section_change *ch, const uint32_t *across, uint32_t n)
{
	uint64_t first = 0, second = 0, third = 0, before = 0, least;

	if (type == COL_F64)
		return SECTION_FIRST;
	for (uint32_t i = 0; i < n; i++) {
		if (i > 0 && ch[i].life != ch[i - 1].life)
			before = 0;
		if (ch[i].s & 1)
			continue;
		first += bits_of(type == COL_STR ? ch[i].v : zigzag_of(ch[i].v));
		second += bits_of(zigzag_of(ch[i].v - before));
		before = ch[i].v;
	}
	before = 0;
	for (uint32_t i = 0; i < n; i++) {
		const struct section_change *c = &ch[across[i]];

		if (c->s & 1)
			continue;
		third += bits_of(zigzag_of(c->now - before));
		before = c->now;
	}
	least = type != COL_STR && second < first ? second : first;
	if (is_worth(third, least))
		return SECTION_ACROSS;
	return least < first ? SECTION_SECOND : SECTION_FIRST;
}

static void put_values(
    uint8_t type, const struct section_change *ch, uint32_t n, enum section_order order, struct buf *out)
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
			buf_put_varint(out, zigzag_of(order == SECTION_SECOND ? v - before : v));
		before = v;
	}
}

static void put_values_across(const struct section_change *ch, const uint32_t *across, uint32_t n, struct buf *out)
{
	uint64_t before = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct section_change *c = &ch[across[i]];

		if (c->s & 1)
			continue;
		buf_put_varint(out, zigzag_of(c->now - before));
		before = c->now;
	}
}

int section_put_changes(const struct column *col, const struct section_lives *l, const struct section_change *changes,
    uint32_t n, struct buf *out, uint64_t *ret_positions_len, uint64_t *ret_values_len)
{
	_cleanup_(cleanup_free) uint32_t *count = NULL, *across = NULL;
	_cleanup_(cleanup_free) struct section_change *sorted = NULL;
	size_t start = out->len, middle;
	enum section_order order;
	int r;

	*ret_positions_len = *ret_values_len = 0;
	if (n == 0)
		return 0;
	count = malloc(((size_t)l->n + 1) * sizeof *count);
	sorted = malloc(n * sizeof *sorted);
	across = malloc(n * sizeof *across);
	if (!count || !sorted || !across)
		return -ENOMEM;
	sort_by_life(changes, n, l->n, count, sorted);
	r = sort_by_snapshot(sorted, n, l->n_snapshots, across);
	if (r < 0)
		return r;
	order = choose_order(col->type, sorted, across, n);
	put_positions(l, sorted, n, (uint8_t)order, out);
	middle = out->len;
	if (order == SECTION_ACROSS)
		put_values_across(sorted, across, n, out);
	else
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

static bool is_string(const struct strpool *pool, uint64_t id)
{
	return id < STRING_ID_MAX && strpool_get(pool, (uint32_t)id);
}

int section_take_init(
    const struct column *col, struct span in, uint32_t n, const struct strpool *pool, uint64_t *init, uint8_t *null)
{
	bool key = is_difference(col), steps;
	uint64_t before = 0;
	const uint8_t *mode, *bits = NULL;
	int r = 0;

	if (n == 0)
		return span_left(&in) ? -EBADMSG : 0;
	mode = span_take(&in, 1);
	if (!mode || *mode > INIT_SOME_STEPS)
		return -EBADMSG;
	steps = *mode >= INIT_STEPS;
	if (steps && (key || col->type == COL_F64))
		return -EBADMSG;
	memset(null, *mode == INIT_NULL, n);
	if (*mode == INIT_SOME || *mode == INIT_SOME_STEPS) {
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
		r = parse_value(&in, key || steps ? COL_I64 : col->type, &init[i]);
		if (key || steps)
			init[i] += before;
		before = init[i];
		if (r == 0 && col->type == COL_STR && !is_string(pool, init[i]))
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
	bool values_here = order != SECTION_ACROSS;
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
		if (!null && values_here) {
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
				before =
				    order == SECTION_SECOND ? before + (uint64_t)unzigzag(v) : (uint64_t)unzigzag(v);
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

int section_take_across(struct span *values, uint8_t type, const struct strpool *pool, uint32_t n, uint32_t first,
    struct section_change_list *cl)
{
	_cleanup_(cleanup_free) uint32_t *count = calloc((size_t)n + 1, sizeof *count);
	_cleanup_(cleanup_free) uint32_t *across = malloc(((size_t)cl->n - first + 1) * sizeof *across);
	uint64_t v = 0;

	if (!count || !across)
		return -ENOMEM;
	for (uint32_t i = first; i < cl->n; i++)
		count[cl->s[i] + 1]++;
	for (uint32_t s = 0; s < n; s++)
		count[s + 1] += count[s];
	for (uint32_t i = first; i < cl->n; i++)
		across[count[cl->s[i]]++] = i;
	for (uint32_t i = 0; i < cl->n - first; i++) {
		struct section_cell *ch = &cl->list[across[i]];
		uint64_t step;
		int r;

		if (ch->column & 1)
			continue;
		r = span_varint(values, &step);
		if (r < 0)
			return r;
		v += (uint64_t)unzigzag(step);
		if (type == COL_STR && !is_string(pool, v))
			return -EBADMSG;
		ch->v = v;
	}
	/* Beneath a NULL stays what was there; before the first change that is what section_take_cell has put. */
	for (uint32_t i = first + 1; i < cl->n; i++)
		if ((cl->list[i].column & 1) && cl->list[i].life == cl->list[i - 1].life)
			cl->list[i].v = cl->list[i - 1].v;
	return 0;
}
