/* point_buffer.c -- see point_buffer.h
 *
 * MEMORY. A run's points lie in chunks that are linked from the newest back, so that the last point can be taken out
 * again. A chunk has room for a quarter of what the run has, of what is short for half of it: little of the room is
 * empty, and chunks are few. Chunks come from blocks that go with their head, all at once.
 *
 * FINDING A RUN. Numbers of series are small and mostly come in order, so a table that is open to its own low bits has
 * them side by side.
 */
#include "store/point_buffer.h"

enum {
	CHUNK_MIN = 2,
	CHUNK_MAX = 512,
	SHORT = 32, /* a run below that */
	BLOCK_MIN = 1 << 10,
	BLOCK_MAX = 1 << 20,
	SLOTS_MIN = 16,
};

struct timed {
	int64_t ns;
	uint64_t bits;
};

struct point_chunk {
	struct point_chunk *before;
	uint32_t n, cap;
	struct timed v[];
};

struct point_block {
	struct point_block *before;
	size_t size;
	_Alignas(16) uint8_t p[];
};

struct point_slot {
	uint32_t series;
	uint32_t run; /* and 1; 0: empty */
};

struct point_buffer {
	struct point_table *table;
	uint64_t head_max;
	struct point_head **heads;
	size_t n, cap;
	uint64_t n_points;
	size_t memory;
};

int32_t point_hour(int64_t ns)
{
	return (int32_t)(ns / POINT_HOUR_NS - (ns % POINT_HOUR_NS < 0));
}

int64_t point_hour_first(int32_t hour)
{
	return hour <= INT64_MIN / POINT_HOUR_NS - 1 ? INT64_MIN : hour * POINT_HOUR_NS;
}

int64_t point_hour_last(int32_t hour)
{
	return hour >= INT64_MAX / POINT_HOUR_NS ? INT64_MAX : (hour + 1) * POINT_HOUR_NS - 1;
}

int point_buffer_new(uint32_t max_series, uint64_t head_max, struct point_buffer **ret)
{
	_cleanup_(cleanup_point_buffer) struct point_buffer *b = calloc(1, sizeof *b);
	int r;

	if (!b)
		return -ENOMEM;
	b->head_max = head_max ? head_max : UINT64_MAX;
	r = point_table_new(max_series, &b->table);
	if (r < 0)
		return r;
	*ret = TAKE(b);
	return 0;
}

static void free_head(struct point_head *h)
{
	struct point_block *block = h->block;

	while (block) {
		struct point_block *before = block->before;

		free(block);
		block = before;
	}
	free(h->runs);
	free(h->slots);
	free(h);
}

void point_buffer_free(struct point_buffer *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->n; i++)
		free_head(b->heads[i]);
	free(b->heads);
	point_table_free(b->table);
	free(b);
}

struct point_table *point_buffer_table(struct point_buffer *b)
{
	return b->table;
}

size_t point_buffer_n(const struct point_buffer *b)
{
	return b->n;
}

struct point_head *point_buffer_head(const struct point_buffer *b, size_t i)
{
	return b->heads[i];
}

uint64_t point_buffer_points(const struct point_buffer *b)
{
	return b->n_points;
}

size_t point_buffer_memory(const struct point_buffer *b)
{
	return b->memory;
}

/* --- heads --- */

size_t point_buffer_find(const struct point_buffer *b, int32_t hour)
{
	size_t lo = 0, hi = b->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (b->heads[mid]->hour < hour)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void took(struct point_buffer *b, struct point_head *h, size_t memory)
{
	h->memory += memory;
	b->memory += memory;
}

static int begin_head(struct point_buffer *b, int32_t hour, int64_t since_ms, size_t at, struct point_head **ret)
{
	struct point_head *h;

	if (b->n == b->cap) {
		size_t cap = b->cap ? 2 * b->cap : 16;
		struct point_head **heads = realloc(b->heads, cap * sizeof *heads);

		if (!heads)
			return -ENOMEM;
		b->heads = heads;
		b->cap = cap;
	}
	h = calloc(1, sizeof *h);
	if (!h)
		return -ENOMEM;
	h->slots = calloc(SLOTS_MIN, sizeof *h->slots);
	if (!h->slots) {
		free(h);
		return -ENOMEM;
	}
	h->mask = SLOTS_MIN - 1;
	h->hour = hour;
	h->since_ms = since_ms;
	memmove(b->heads + at + 1, b->heads + at, (b->n - at) * sizeof *b->heads);
	b->heads[at] = h;
	b->n++;
	took(b, h, sizeof *h + SLOTS_MIN * sizeof *h->slots);
	*ret = h;
	return 0;
}

/* The head that points of an hour go to. */
static int growing_head(struct point_buffer *b, int32_t hour, int64_t since_ms, struct point_head **ret)
{
	size_t end = point_buffer_find(b, hour);

	while (end < b->n && b->heads[end]->hour == hour)
		end++;
	if (end > 0 && b->heads[end - 1]->hour == hour && !b->heads[end - 1]->frozen &&
	    b->heads[end - 1]->n_points < b->head_max) {
		*ret = b->heads[end - 1];
		return 0;
	}
	return begin_head(b, hour, since_ms, end, ret);
}

void point_buffer_remove(struct point_buffer *b, size_t i)
{
	struct point_head *h = b->heads[i];

	for (uint32_t k = 0; k < h->n_runs; k++)
		h->runs[k].series->refs--;
	b->n_points -= h->n_points;
	b->memory -= h->memory;
	memmove(b->heads + i, b->heads + i + 1, (b->n - i - 1) * sizeof *b->heads);
	b->n--;
	free_head(h);
}

/* --- runs --- */

/* Where a series is, or would be. */
static struct point_slot *find_slot(const struct point_head *h, uint32_t series)
{
	uint32_t i = series & h->mask;

	while (h->slots[i].run != 0 && h->slots[i].series != series)
		i = (i + 1) & h->mask;
	return &h->slots[i];
}

const struct point_run *point_head_run(const struct point_head *h, uint32_t series)
{
	uint32_t run = find_slot(h, series)->run;

	return run == 0 ? NULL : &h->runs[run - 1];
}

static int grow_slots(struct point_buffer *b, struct point_head *h)
{
	struct point_slot *old = h->slots;
	uint32_t old_mask = h->mask;

	h->slots = calloc(2 * ((size_t)old_mask + 1), sizeof *h->slots);
	if (!h->slots) {
		h->slots = old;
		return -ENOMEM;
	}
	h->mask = 2 * old_mask + 1;
	took(b, h, ((size_t)old_mask + 1) * sizeof *h->slots);
	for (uint32_t i = 0; i <= old_mask; i++)
		if (old[i].run != 0)
			*find_slot(h, old[i].series) = old[i];
	free(old);
	return 0;
}

static int grow_runs(struct point_buffer *b, struct point_head *h)
{
	uint32_t cap = h->cap_runs ? h->cap_runs + h->cap_runs / 2 : 8;
	struct point_run *runs = realloc(h->runs, cap * sizeof *runs);

	if (!runs)
		return -ENOMEM;
	took(b, h, (cap - h->cap_runs) * sizeof *runs);
	h->runs = runs;
	h->cap_runs = cap;
	return 0;
}

static int begin_run(struct point_buffer *b, struct point_head *h, struct point_series *s, struct point_run **ret)
{
	int r = 0;

	if (h->n_runs >= h->mask / 3 * 2)
		r = grow_slots(b, h);
	if (r == 0 && h->n_runs == h->cap_runs)
		r = grow_runs(b, h);
	if (r < 0)
		return r;
	h->runs[h->n_runs] = (struct point_run){.series = s, .ascending = true};
	s->refs++;
	*ret = &h->runs[h->n_runs++];
	*find_slot(h, s->id) = (struct point_slot){.series = s->id, .run = h->n_runs};
	return 0;
}

static void *take_memory(struct point_buffer *b, struct point_head *h, size_t len)
{
	void *p;

	if (len > h->block_left) {
		size_t size = h->block ? 2 * h->block->size : BLOCK_MIN;
		struct point_block *block;

		if (size > BLOCK_MAX)
			size = BLOCK_MAX;
		if (size < len)
			size = len;
		block = malloc(sizeof *block + size);
		if (!block)
			return NULL;
		*block = (struct point_block){.before = h->block, .size = size};
		h->block = block;
		h->block_left = size;
		took(b, h, sizeof *block + size);
	}
	p = h->block->p + h->block->size - h->block_left;
	h->block_left -= len;
	return p;
}

static int begin_chunk(struct point_buffer *b, struct point_head *h, struct point_run *run)
{
	uint32_t cap = run->n / (run->n < SHORT ? 2 : 4);
	struct point_chunk *c;

	if (cap < CHUNK_MIN)
		cap = CHUNK_MIN;
	if (cap > CHUNK_MAX)
		cap = CHUNK_MAX;
	c = take_memory(b, h, sizeof *c + cap * sizeof *c->v);
	if (!c)
		return -ENOMEM;
	*c = (struct point_chunk){.before = run->newest, .cap = cap};
	run->newest = c;
	return 0;
}

static int add(struct point_buffer *b, struct point_head *h, struct point_series *s, const struct point *p)
{
	uint32_t number = find_slot(h, s->id)->run;
	struct point_run *run;
	int r = 0;

	if (number > 0)
		run = &h->runs[number - 1];
	else
		r = begin_run(b, h, s, &run);
	if (r == 0 && (!run->newest || run->newest->n == run->newest->cap))
		r = begin_chunk(b, h, run);
	if (r < 0)
		return r;
	if (run->n > 0 && p->ns <= run->last_ns)
		run->ascending = false;
	run->last_ns = p->ns;
	run->newest->v[run->newest->n++] = (struct timed){p->ns, p->bits};
	h->changes += run->n++ == 0;
	h->n_points++;
	return 0;
}

/* --- batches --- */

int point_buffer_put(
    struct point_buffer *b, const struct point *v, size_t n, uint64_t number, int64_t since_ms, uint32_t used)
{
	int64_t first = INT64_MAX, last = INT64_MIN; /* of the head's hour */
	struct point_head *h = NULL;

	for (size_t i = 0; i < n; i++) {
		struct point_series *s = point_table_get(b->table, v[i].series);
		int r = s ? 0 : -EINVAL;

		if (r == 0 && (v[i].ns < first || v[i].ns > last)) {
			int32_t hour = point_hour(v[i].ns);

			r = growing_head(b, hour, since_ms, &h);
			if (r == 0) {
				first = point_hour_first(hour);
				last = point_hour_last(hour);
				if (h->n_points == 0)
					h->first = number;
				h->last = h->newest = number;
			}
		}
		if (r == 0)
			r = add(b, h, s, &v[i]);
		if (r < 0) {
			b->n_points += i;
			point_buffer_undo(b, v, i);
			return r;
		}
		s->used = used;
	}
	b->n_points += n;
	return 0;
}

/* Takes the last point out again. */
static void take_back(struct point_head *h, struct point_run *run)
{
	while (run->newest->n == 0)
		run->newest = run->newest->before;
	run->newest->n--;
	run->n--;
	run->ascending = run->n == 0; /* what the last time is now is not looked for */
	h->changes += run->n == 0;
	h->n_points--;
}

void point_buffer_undo(struct point_buffer *b, const struct point *v, size_t n)
{
	for (size_t i = n; i > 0; i--) {
		const struct point *p = &v[i - 1];
		int32_t hour = point_hour(p->ns);
		size_t at = point_buffer_find(b, hour);
		struct point_run *run = NULL;

		/* In the newest head that has the series: what came after it has been taken out. */
		while (at < b->n && b->heads[at]->hour == hour)
			at++;
		while (!run || run->n == 0) {
			uint32_t number = find_slot(b->heads[--at], p->series)->run;

			run = number > 0 ? &b->heads[at]->runs[number - 1] : NULL;
		}
		take_back(b->heads[at], run);
	}
	b->n_points -= n;
}

/* --- drops --- */

static uint32_t drop_points(struct point_run *run, int64_t first, int64_t last)
{
	uint32_t n = 0;

	for (struct point_chunk *c = run->newest; c; c = c->before) {
		uint32_t kept = 0;

		for (uint32_t i = 0; i < c->n; i++)
			if (c->v[i].ns < first || c->v[i].ns > last)
				c->v[kept++] = c->v[i];
		n += c->n - kept;
		c->n = kept;
	}
	run->n -= n;
	return n;
}

void point_buffer_drop(struct point_buffer *b, uint64_t number,
    bool (*matches)(const struct point_series *s, void *arg), void *arg, int64_t first, int64_t last)
{
	for (size_t i = 0; i < b->n; i++) {
		struct point_head *h = b->heads[i];

		if (h->frozen || point_hour_last(h->hour) < first || point_hour_first(h->hour) > last)
			continue;
		h->newest = number;
		for (uint32_t k = 0; k < h->n_runs; k++) {
			uint32_t n = 0;

			if (h->runs[k].n > 0 && matches(h->runs[k].series, arg))
				n = drop_points(&h->runs[k], first, last);
			h->n_points -= n;
			h->changes += n > 0 && h->runs[k].n == 0;
			b->n_points -= n;
		}
	}
}

/* --- reading --- */

static int by_key(const void *a, const void *b, void *arg)
{
	const struct point_run *runs = arg;
	const struct point_series *x = runs[*(const uint32_t *)a].series, *y = runs[*(const uint32_t *)b].series;

	return point_key_compare(point_series_key(x), point_series_key(y));
}

int point_head_order(const struct point_head *h, uint32_t **ret, size_t *ret_n)
{
	uint32_t *order = malloc(((size_t)h->n_runs + 1) * sizeof *order);
	size_t n = 0;

	if (!order)
		return -ENOMEM;
	for (uint32_t i = 0; i < h->n_runs; i++)
		if (h->runs[i].n > 0)
			order[n++] = i;
	qsort_r(order, n, sizeof *order, by_key, h->runs);
	*ret = order;
	*ret_n = n;
	return 0;
}

struct arrived {
	struct timed point;
	uint32_t at;
};

static int by_time(const void *a, const void *b)
{
	const struct arrived *x = a, *y = b;

	if (x->point.ns != y->point.ns)
		return x->point.ns < y->point.ns ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static int read_unordered(const struct point_run *run, int64_t *ns, uint64_t *bits, size_t *ret_n)
{
	struct arrived *v = malloc(run->n * sizeof *v);
	uint32_t at = run->n;
	size_t n = 0;

	if (!v)
		return -ENOMEM;
	for (const struct point_chunk *c = run->newest; c; c = c->before)
		for (uint32_t i = c->n; i > 0; i--) {
			at--;
			v[at] = (struct arrived){.point = c->v[i - 1], .at = at};
		}
	qsort(v, run->n, sizeof *v, by_time);
	for (uint32_t i = 0; i < run->n; i++) {
		if (i + 1 < run->n && v[i + 1].point.ns == v[i].point.ns)
			continue;
		ns[n] = v[i].point.ns;
		bits[n++] = v[i].point.bits;
	}
	free(v);
	*ret_n = n;
	return 0;
}

int point_run_read(const struct point_run *run, struct buf *ret_ns, struct buf *ret_bits)
{
	size_t at = run->n, n = run->n;
	uint64_t *bits;
	int64_t *ns;
	int r;

	if (n == 0)
		return 0;
	r = buf_reserve(ret_ns, n * sizeof *ns);
	if (r == 0)
		r = buf_reserve(ret_bits, n * sizeof *bits);
	if (r < 0)
		return r;
	ns = (int64_t *)(void *)(ret_ns->p + ret_ns->len);
	bits = (uint64_t *)(void *)(ret_bits->p + ret_bits->len);
	if (run->ascending) {
		for (const struct point_chunk *c = run->newest; c; c = c->before)
			for (uint32_t i = c->n; i > 0; i--) {
				ns[--at] = c->v[i - 1].ns;
				bits[at] = c->v[i - 1].bits;
			}
	} else {
		r = read_unordered(run, ns, bits, &n);
		if (r < 0)
			return r;
	}
	ret_ns->len += n * sizeof *ns;
	ret_bits->len += n * sizeof *bits;
	return 0;
}
