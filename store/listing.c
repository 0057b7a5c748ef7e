/* listing.c -- the snapshots of a file, and the sizes of their texts */
#include "store/listing.h"

#include "store/format.h"

void listing_done(struct listing *l)
{
	for (uint32_t i = 0; i < l->n_tables; i++) {
		free(l->tables[i].rows);
		free(l->tables[i].len);
	}
	free(l->tables);
	free(l->seq);
	free(l->time_ms);
	*l = (struct listing){0};
}

static int resize(void *p_array, uint32_t n, size_t size)
{
	void *p = realloc(*(void **)p_array, n * size);

	if (!p)
		return -ENOMEM;
	*(void **)p_array = p;
	return 0;
}

static int reserve(struct listing *l, uint32_t cap)
{
	int r = resize(&l->seq, cap, sizeof *l->seq);

	if (r == 0)
		r = resize(&l->time_ms, cap, sizeof *l->time_ms);
	for (uint32_t i = 0; i < l->n_tables && r == 0; i++) {
		r = resize(&l->tables[i].rows, cap, sizeof(uint32_t));
		if (r == 0)
			r = resize(&l->tables[i].len, cap, sizeof(uint32_t));
	}
	if (r == 0)
		l->cap = cap;
	return r;
}

int listing_add(struct listing *l, uint32_t seq, int64_t time_ms)
{
	if (l->n == l->cap) {
		int r = reserve(l, l->cap ? 2 * l->cap : 64);

		if (r < 0)
			return r;
	}
	l->seq[l->n] = seq;
	l->time_ms[l->n] = time_ms;
	for (uint32_t i = 0; i < l->n_tables; i++) {
		struct listing_table *t = &l->tables[i];

		t->rows[l->n] = l->n > 0 ? t->rows[l->n - 1] : 0;
		t->len[l->n] = 0;
	}
	l->n++;
	return 0;
}

static int add_table(struct listing *l, uint16_t id, uint32_t at)
{
	struct listing_table t = {.id = id, .rows = calloc(l->cap, 4), .len = calloc(l->cap, 4)};
	int r = t.rows && t.len ? resize(&l->tables, l->n_tables + 1, sizeof *l->tables) : -ENOMEM;

	if (r < 0) {
		free(t.rows);
		free(t.len);
		return r;
	}
	memmove(l->tables + at + 1, l->tables + at, (l->n_tables - at) * sizeof *l->tables);
	l->tables[at] = t;
	l->n_tables++;
	return 0;
}

int listing_set(struct listing *l, uint16_t id, uint64_t rows, uint64_t len)
{
	uint32_t at = 0;

	if (len > UINT32_MAX || rows > UINT32_MAX)
		return -EMSGSIZE;
	while (at < l->n_tables && l->tables[at].id < id)
		at++;
	if (at == l->n_tables || l->tables[at].id != id) {
		int r = add_table(l, id, at);

		if (r < 0)
			return r;
	}
	l->tables[at].rows[l->n - 1] = (uint32_t)rows;
	l->tables[at].len[l->n - 1] = (uint32_t)len;
	return 0;
}

const struct listing_table *listing_table(const struct listing *l, uint16_t id)
{
	uint32_t low = 0, high = l->n_tables;

	while (low < high) {
		uint32_t mid = (low + high) / 2;

		if (l->tables[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low < l->n_tables && l->tables[low].id == id ? &l->tables[low] : NULL;
}

int listing_find(const struct listing *l, uint32_t seq, uint32_t *ret_i)
{
	uint32_t low = 0, high = l->n;

	/* Numbers ascend by one but for what was lost: nearly always the first guess. */
	if (l->n > 0 && seq >= l->seq[0] && seq - l->seq[0] < l->n && l->seq[seq - l->seq[0]] == seq) {
		*ret_i = seq - l->seq[0];
		return 0;
	}
	while (low < high) {
		uint32_t mid = (low + high) / 2;

		if (l->seq[mid] < seq)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == l->n || l->seq[low] != seq)
		return -ENOENT;
	*ret_i = low;
	return 0;
}

static void put_column(struct buf *out, const uint32_t *v, uint32_t n)
{
	uint32_t before = 0;

	for (uint32_t i = 0; i < n; i++) {
		buf_put_varint(out, zigzag((int64_t)v[i] - before));
		before = v[i];
	}
}

void listing_encode(const struct listing *l, struct buf *out)
{
	int64_t seq = -1, time = 0, d_time = 0;

	buf_put_varint(out, l->n);
	for (uint32_t i = 0; i < l->n; i++) {
		int64_t d = (int64_t)((uint64_t)l->time_ms[i] - (uint64_t)time);

		buf_put_varint(out, zigzag((int64_t)l->seq[i] - seq));
		buf_put_varint(out, zigzag((int64_t)((uint64_t)d - (uint64_t)d_time)));
		seq = l->seq[i];
		time = l->time_ms[i];
		d_time = d;
	}
	buf_put_varint(out, l->n_tables);
	for (uint32_t i = 0; i < l->n_tables; i++) {
		buf_put_varint(out, l->tables[i].id);
		put_column(out, l->tables[i].rows, l->n);
		put_column(out, l->tables[i].len, l->n);
	}
}

static int take_column(struct span *in, uint32_t *v, uint32_t n)
{
	int64_t x = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t d;
		int r = span_varint_max(in, UINT64_C(1) << 34, &d);

		if (r < 0)
			return r;
		x += unzigzag(d);
		if (x < 0 || x > UINT32_MAX)
			return -EBADMSG;
		v[i] = (uint32_t)x;
	}
	return 0;
}

static int decode_into(struct span *in, struct listing *l)
{
	uint64_t n, n_tables = 0, id, before = 0, seq = (uint64_t)-1, time = 0, d_time = 0, x;
	int r = span_varint_max(in, SEQ_MAX + 1, &n);

	/* Two bytes a snapshot at least, so that a lie in the count allocates nothing. */
	if (r < 0 || n > span_left(in) / 2)
		return -EBADMSG;
	r = reserve(l, (uint32_t)n + 1);
	for (uint64_t i = 0; i < n && r == 0; i++) {
		r = span_varint(in, &x);
		if (r < 0)
			return r;
		/* Ascending. */
		if (unzigzag(x) <= 0 || unzigzag(x) > SEQ_MAX + 1)
			return -EBADMSG;
		seq += (uint64_t)unzigzag(x);
		r = span_varint(in, &x);
		if (r < 0)
			return r;
		time += d_time += (uint64_t)unzigzag(x);
		if (seq > SEQ_MAX)
			return -EBADMSG;
		r = listing_add(l, (uint32_t)seq, (int64_t)time);
	}
	if (r == 0)
		r = span_varint_max(in, SCHEMA_TABLES_MAX, &n_tables);
	for (uint64_t i = 0; i < n_tables && r == 0; i++) {
		r = span_varint_max(in, TABLE_ID_MAX, &id);
		if (r == 0 && (id <= before || span_left(in) < 2 * n))
			r = -EBADMSG;
		before = id;
		if (r == 0)
			r = add_table(l, (uint16_t)id, l->n_tables);
		if (r == 0)
			r = take_column(in, l->tables[i].rows, l->n);
		if (r == 0)
			r = take_column(in, l->tables[i].len, l->n);
	}
	return r < 0 ? r : span_left(in) ? -EBADMSG : 0;
}

int listing_decode(struct span in, struct listing *ret)
{
	struct listing l = {0};
	int r = decode_into(&in, &l);

	if (r < 0) {
		listing_done(&l);
		return r;
	}
	*ret = l;
	return 0;
}

size_t listing_memory(const struct listing *l)
{
	return (size_t)l->cap * (12 + 8 * (size_t)l->n_tables);
}
