/* point_file.c -- reading a sealed file of the points of an hour
 *
 * Pages that were used last are kept, decompressed, and so are the times of vectors. So going through series in order
 * reads each page once, and nothing is allocated for a series.
 */
#include "store/point_file.h"

#include "store/names.h"
#include "store/point_bloom.h"
#include "store/point_file_inner.h"

enum {
	KEYS_KEPT = 24 << 20, /* bytes of pages and what is known of their series */
	VALUES_KEPT = 8 << 20,
};

#define NAME_FORM "YYYY-MM-DDTHH.12345678901234567890.points"

void point_file_name(char ret[POINT_FILE_NAME_SIZE], int32_t hour, uint64_t number)
{
	char name[HOUR_NAME_LEN + 1];

	static_assert(sizeof NAME_FORM <= POINT_FILE_NAME_SIZE, "room");
	hour_name(name, hour);
	snprintf(ret, POINT_FILE_NAME_SIZE, "%s.%020llu.points", name, (unsigned long long)number);
}

bool point_file_name_parse(const char *name, int32_t *ret_hour, uint64_t *ret_number)
{
	char same[POINT_FILE_NAME_SIZE];
	uint64_t number = 0;

	if (strlen(name) != sizeof NAME_FORM - 1 || !hour_parse(name, HOUR_NAME_LEN, ret_hour))
		return false;
	for (const char *c = name + HOUR_NAME_LEN + 1; *c >= '0' && *c <= '9'; c++)
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(*c - '0'), &number))
			return false;
	point_file_name(same, *ret_hour, number);
	*ret_number = number;
	return strcmp(name, same) == 0;
}

/* --- opening --- */

static void set_budgets(struct point_file *f)
{
	f->key_pages.budget = KEYS_KEPT;
	f->value_pages.budget = VALUES_KEPT;
}

/* What a lost head said of the points, as far as they are there. */
static int count_again(struct point_file *f)
{
	struct point_file_head *h = &f->index.head;

	for (uint64_t i = 0, next; i < h->n_series; i = next) {
		struct point_stat st;
		int r = point_file_stat(f, i, &st);

		if (r < 0 && r != -EBADMSG)
			return r;
		next = r < 0 ? point_file_next(f, i) : i + 1;
		if (r < 0)
			continue;
		h->first_ns = h->n_points == 0 || st.first_ns < h->first_ns ? st.first_ns : h->first_ns;
		h->last_ns = h->n_points == 0 || st.last_ns > h->last_ns ? st.last_ns : h->last_ns;
		h->n_points += st.n;
	}
	return 0;
}

static int load(struct point_file *f, int dirfd, const char *name)
{
	int r = unpacker_new(&f->pages.unpacker);

	if (r < 0)
		return r;
	r = sealed_open(dirfd, name, KIND_POINTS, &f->file);
	f->pages.file = f->file;
	if (r == 0)
		r = point_file_index_read(&f->index, f->file);
	if (r == -EBADMSG) {
		sealed_close(TAKE(f->file));
		r = sealed_salvage(dirfd, name, KIND_POINTS, &f->file);
		f->pages.file = f->file;
		if (r == 0)
			r = point_file_index_salvage(&f->index, &f->pages);
	}
	if (r < 0)
		return r;
	r = point_vectors_new(&f->pages, &f->index.times, f->index.head.hour, &f->vectors);
	return r == 0 && f->index.salvaged ? count_again(f) : r;
}

int point_file_open(int dirfd, const char *name, struct point_file **ret)
{
	_cleanup_(cleanup_point_file) struct point_file *f = calloc(1, sizeof *f);
	int r;

	if (!f)
		return -ENOMEM;
	set_budgets(f);
	r = load(f, dirfd, name);
	if (r < 0)
		return r;
	*ret = TAKE(f);
	return 0;
}

void point_file_close(struct point_file *f)
{
	if (!f)
		return;
	point_vectors_free(f->vectors);
	point_page_cache_done(&f->key_pages);
	point_page_cache_done(&f->value_pages);
	point_file_index_done(&f->index);
	buf_done(&f->pages.frame);
	if (f->pages.unpacker)
		unpacker_free(f->pages.unpacker);
	sealed_close(f->file);
	buf_done(&f->bloom);
	buf_done(&f->ns);
	buf_done(&f->bits);
	free(f);
}

const struct point_file_head *point_file_head(const struct point_file *f)
{
	return &f->index.head;
}

uint64_t point_file_len(const struct point_file *f)
{
	return sealed_len(f->file);
}

bool point_file_salvaged(const struct point_file *f)
{
	return f->index.salvaged;
}

/* --- what may be there --- */

static struct span bloom(struct point_file *f)
{
	if (!f->bloom_read && sealed_section(f->file, FRAME_POINTS_BLOOM, 0, &f->bloom) < 0)
		buf_clear(&f->bloom);
	f->bloom_read = true;
	return span_of(f->bloom.p, f->bloom.len);
}

bool point_file_may_have_key(struct point_file *f, struct span key)
{
	return point_bloom_may_have_key(bloom(f), key);
}

bool point_file_may_have_label(struct point_file *f, struct span label, struct span value)
{
	return point_bloom_may_have_label(bloom(f), label, value);
}

/* --- keys --- */

static int read_keys(struct point_file *f, const struct point_page_place *p, struct point_keys *k)
{
	int r = point_page_read(&f->pages, FRAME_POINTS_KEYS, p->off, p->first, &k->raw);

	if (r == 0)
		r = point_keys_parse(k);
	return r == 0 && k->n > f->index.head.n_series - p->first ? -EBADMSG : r;
}

/* f->keys is that page then. */
static int load_keys(struct point_file *f, size_t page)
{
	const struct point_page_place *place = &f->index.keys.v[page];
	struct point_cached *p;
	int r = point_page_cache_get(&f->key_pages, page, &p);

	f->keys = NULL;
	if (r == 1) {
		p->r = read_keys(f, place, &p->keys);
		if (p->r < 0 && p->r != -EBADMSG) {
			point_page_cache_forget(&f->key_pages, p);
			return p->r;
		}
	}
	if (r < 0 || p->r < 0)
		return r < 0 ? r : p->r;
	f->keys = &p->keys;
	f->keys_first = place->first;
	return 0;
}

/* The series of that number, in f->keys. */
static int find_series(struct point_file *f, uint64_t number, size_t *ret_i)
{
	int r;

	/* What is before its first is far behind it, too. */
	if (!f->keys || number - f->keys_first >= f->keys->n) {
		r = number < f->index.head.n_series ? load_keys(f, point_pages_find(&f->index.keys, number)) : -ENOENT;
		if (r < 0)
			return r;
	}
	*ret_i = number - f->keys_first;
	return *ret_i < f->keys->n ? 0 : -EBADMSG;
}

uint64_t point_file_next(const struct point_file *f, uint64_t number)
{
	const struct point_pages *keys = &f->index.keys;
	size_t page = point_pages_find(keys, number);

	if (f->keys && number >= f->keys_first && number - f->keys_first < f->keys->n)
		return number + 1;
	if (page < keys->n && keys->v[page].first <= number)
		page++;
	return page < keys->n ? keys->v[page].first : f->index.head.n_series;
}

int point_file_find(struct point_file *f, struct span key, uint64_t *ret_number)
{
	size_t i;
	int r;

	if (f->index.head.n_series == 0)
		return -ENOENT;
	r = load_keys(f, point_file_index_page_of(&f->index, key));
	if (r == 0)
		r = point_keys_find(f->keys, key, &i);
	if (r == 0)
		*ret_number = f->keys_first + i;
	return r;
}

int point_file_key(struct point_file *f, uint64_t number, struct span *ret)
{
	size_t i;
	int r = find_series(f, number, &i);

	return r < 0 ? r : point_keys_get(f->keys, i, ret);
}

/* --- blocks --- */

/* f->values is that page then, as far as the next one does not begin. */
static int load_values(struct point_file *f, size_t page)
{
	const struct point_page_place *place = &f->index.values.v[page];
	struct point_cached *p;
	uint64_t len;
	int r = point_page_cache_get(&f->value_pages, page, &p);

	f->values = span_of(NULL, 0);
	if (r == 1) {
		p->r = point_page_read(&f->pages, FRAME_POINTS_PAGE, place->off, place->first, &p->keys.raw);
		if (p->r < 0 && p->r != -EBADMSG) {
			point_page_cache_forget(&f->value_pages, p);
			return p->r;
		}
	}
	if (r < 0 || p->r < 0)
		return r < 0 ? r : p->r;
	len = p->keys.raw.len;
	if (page + 1 < f->index.values.n && place[1].first - place->first < len)
		len = place[1].first - place->first;
	f->values = span_of(p->keys.raw.p, len);
	f->values_first = place->first;
	return 0;
}

/* The run of that length at an offset of the values. */
static int get_run(struct point_file *f, uint64_t off, uint32_t len, struct span *ret)
{
	struct span left;
	int r;

	/* What is before its first is far behind it, too. */
	if (off - f->values_first >= span_left(&f->values)) {
		r = f->index.values.n > 0 ? load_values(f, point_pages_find(&f->index.values, off)) : -EBADMSG;
		if (r < 0)
			return r;
	}
	left = f->values;
	return span_take(&left, off - f->values_first) ? span_sub(&left, len, ret) : -EBADMSG;
}

static int get_times(struct point_file *f, const struct point_piece *t, const int64_t **ret, uint32_t *ret_n)
{
	int r = point_vectors_get(f->vectors, t->vector, ret, ret_n);

	if (r < 0)
		return r;
	if (t->skipped + t->left >= *ret_n)
		return -EBADMSG;
	*ret += t->skipped;
	*ret_n -= t->skipped + t->left;
	return 0;
}

/* Appends the values of a run of n. */
static int append_values(struct point_file *f, uint64_t off, uint32_t len, uint32_t n, struct buf *bits)
{
	struct span run;
	int r = get_run(f, off, len, &run);

	if (r < 0)
		return r;
	if (buf_reserve(bits, (n + POINT_ROOM) * sizeof(uint64_t)) < 0)
		return -ENOMEM;
	r = point_values_get(run, n, (uint64_t *)(void *)(bits->p + bits->len));
	if (r == 0)
		bits->len += n * sizeof(uint64_t);
	return r;
}

/* Appends those of a block whose times are within from and to. Ret: 1 if it begins behind them. */
static int append_block(struct point_file *f, const struct point_block *b, uint64_t off, int64_t from, int64_t to,
    struct buf *ret_ns, struct buf *ret_bits)
{
	size_t before = ret_bits->len, len;
	uint32_t n, low, high;
	const int64_t *ns;
	int r = get_times(f, &b->times, &ns, &n);

	if (r < 0)
		return r;
	if (ns[0] > to)
		return 1;
	low = (uint32_t)point_times_lower_bound(ns, n, from);
	high = to == INT64_MAX ? n : (uint32_t)point_times_lower_bound(ns, n, to + 1);
	if (low >= high)
		return 0;
	r = append_values(f, off, b->length, n, ret_bits);
	if (r < 0)
		return r;
	len = (high - low) * sizeof(uint64_t);
	if (low > 0)
		memmove(ret_bits->p + before, ret_bits->p + before + low * sizeof(uint64_t), len);
	ret_bits->len = before + len;
	buf_put(ret_ns, ns + low, len);
	return ret_ns->err;
}

/* Whether times from that place on are above those before. */
static bool ascends(const struct buf *ns, size_t from, size_t start)
{
	const int64_t *v = (const int64_t *)(const void *)ns->p;

	return from == start || from == ns->len || v[from / sizeof *v] > v[from / sizeof *v - 1];
}

/* The first block of a series that does not end before a time; their number: none. */
static int find_block(struct point_file *f, const struct point_keys_series *s, int64_t from, uint32_t *ret)
{
	uint32_t low = 0, high = from == INT64_MIN ? 0 : s->n_blocks;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2, n;
		const int64_t *ns;
		int r = get_times(f, &f->keys->blocks[s->first_block + mid].times, &ns, &n);

		if (r < 0)
			return r;
		if (ns[n - 1] < from)
			low = mid + 1;
		else
			high = mid;
	}
	*ret = low;
	return 0;
}

/* Whether blocks from the first one on, as far as they lie before `to`, are too many: told before memory is taken. */
static int look_ahead(struct point_file *f, const struct point_keys_series *s, uint32_t first, int64_t to)
{
	uint64_t sum = 0;
	uint32_t end;
	int r;

	if (s->n_blocks - first <= POINT_FILE_READ_MAX / POINT_BLOCK_MAX)
		return 0;
	r = find_block(f, s, to, &end);
	for (uint32_t k = first + 1; r == 0 && k < end; k++) {
		const struct point_piece *t = &f->keys->blocks[s->first_block + k].times;
		uint32_t n, fine;

		r = point_vectors_count(f->vectors, t->vector, &n, &fine);
		if (r == 0 && t->skipped + t->left >= n)
			r = -EBADMSG;
		if (r < 0)
			return r;
		sum += n - t->skipped - t->left;
		if (sum > POINT_FILE_READ_MAX)
			return -EFBIG;
	}
	return r;
}

static int append_series(
    struct point_file *f, size_t i, int64_t from, int64_t to, struct buf *ret_ns, struct buf *ret_bits)
{
	const struct point_keys_series *s = &f->keys->series[i];
	const struct point_block *blocks = &f->keys->blocks[s->first_block];
	uint64_t off = s->offset;
	size_t start = ret_ns->len;
	uint32_t first;
	int r = find_block(f, s, from, &first);

	if (r == 0)
		r = look_ahead(f, s, first, to);
	if (r < 0)
		return r;
	for (uint32_t k = 0; k < first; k++)
		off += blocks[k].length;
	for (uint32_t k = first; k < s->n_blocks; k++) {
		size_t before = ret_ns->len;

		r = append_block(f, &blocks[k], off, from, to, ret_ns, ret_bits);
		if (r != 0)
			return r < 0 ? r : 0;
		if (!ascends(ret_ns, before, start))
			return -EBADMSG;
		if ((ret_ns->len - start) / sizeof(int64_t) > POINT_FILE_READ_MAX)
			return -EFBIG;
		off += blocks[k].length;
	}
	return 0;
}

int point_file_read(
    struct point_file *f, uint64_t number, int64_t from, int64_t to, struct buf *ret_ns, struct buf *ret_bits)
{
	size_t i, ns_len = ret_ns->len, bits_len = ret_bits->len;
	int r = find_series(f, number, &i);

	if (r == 0)
		r = append_series(f, i, from, to, ret_ns, ret_bits);
	if (r < 0) {
		ret_ns->len = ns_len;
		ret_bits->len = bits_len;
	}
	return r;
}

/* --- all of it --- */

/* All points of a series; they are valid until the next call. */
static int get_series(struct point_file *f, size_t i, const int64_t **ret_ns, const uint64_t **ret_bits, size_t *ret_n)
{
	const struct point_keys_series *s = &f->keys->series[i];
	uint32_t n = 0;
	int r;

	*ret_ns = NULL;
	*ret_n = 0;
	buf_clear(&f->bits);
	if (s->n_blocks == 1) {
		const struct point_block *b = &f->keys->blocks[s->first_block];

		r = get_times(f, &b->times, ret_ns, &n);
		if (r == 0)
			r = append_values(f, s->offset, b->length, n, &f->bits);
		*ret_n = n;
	} else {
		buf_clear(&f->ns);
		r = append_series(f, i, INT64_MIN, INT64_MAX, &f->ns, &f->bits);
		*ret_ns = (const int64_t *)(const void *)f->ns.p;
		*ret_n = f->ns.len / sizeof(int64_t);
	}
	*ret_bits = (const uint64_t *)(const void *)f->bits.p;
	return r;
}

static int scan(struct point_file *f, uint64_t number,
    int (*each)(uint64_t number, const int64_t *ns, const uint64_t *bits, size_t n, void *arg), void *arg)
{
	while (number < f->index.head.n_series) {
		const uint64_t *bits = NULL;
		const int64_t *ns = NULL;
		uint64_t next = number + 1;
		size_t i, n = 0;
		int r = find_series(f, number, &i);

		if (r == 0)
			r = get_series(f, i, &ns, &bits, &n);
		if (r == -EBADMSG || r == -EFBIG) {
			next = point_file_next(f, number);
			ns = NULL;
			n = 0;
		} else if (r < 0) {
			return r;
		}
		r = each(number, ns, n > 0 ? bits : NULL, n, arg);
		if (r != 0)
			return r;
		number = next;
	}
	return 0;
}

int point_file_scan(struct point_file *f, uint64_t number,
    int (*each)(uint64_t number, const int64_t *ns, const uint64_t *bits, size_t n, void *arg), void *arg)
{
	int r;

	/* No page is met twice: the memory of one, which the processor has at hand, is used again for the next. */
	f->key_pages.budget = f->value_pages.budget = 0;
	r = scan(f, number, each, arg);
	set_budgets(f);
	return r;
}

/* How many times a piece of a vector has, and how many of them are no whole millisecond: only if some are, and not all
 * of the vector, they are looked at. */
static int count(struct point_file *f, const struct point_piece *t, uint32_t *ret_n, uint32_t *ret_fine)
{
	uint32_t n, fine, away = t->skipped + t->left;
	const int64_t *ns;
	int r = point_vectors_count(f->vectors, t->vector, &n, &fine);

	if (r < 0)
		return r;
	if (away >= n)
		return -EBADMSG;
	*ret_n = n - away;
	*ret_fine = fine == n ? n - away : fine;
	if (fine == 0 || fine == n || away == 0)
		return 0;
	r = get_times(f, t, &ns, ret_n);
	if (r == 0)
		*ret_fine = point_vectors_fine(ns, *ret_n);
	return r;
}

/* First and last time of a series. */
static int get_ends(
    struct point_file *f, const struct point_block *first, const struct point_block *last, struct point_stat *ret)
{
	const int64_t *ns;
	uint32_t n;
	int r = get_times(f, &first->times, &ns, &n);

	if (r < 0)
		return r;
	ret->first_ns = ns[0];
	r = get_times(f, &last->times, &ns, &n);
	if (r < 0)
		return r;
	ret->last_ns = ns[n - 1];
	return ret->last_ns < ret->first_ns ? -EBADMSG : 0;
}

int point_file_stat(struct point_file *f, uint64_t number, struct point_stat *ret)
{
	const struct point_keys_series *s;
	const struct point_block *blocks;
	struct point_stat st = {0};
	size_t i;
	int r = find_series(f, number, &i);

	if (r < 0)
		return r;
	s = &f->keys->series[i];
	blocks = &f->keys->blocks[s->first_block];
	for (uint32_t k = 0; k < s->n_blocks; k++) {
		uint32_t n, fine;

		r = count(f, &blocks[k].times, &n, &fine);
		if (r < 0)
			return r;
		st.n += n;
		st.n_fine += fine;
	}
	st.values_len = s->mean * st.n + s->over;
	r = get_ends(f, &blocks[0], &blocks[s->n_blocks - 1], &st);
	if (r == 0)
		*ret = st;
	return r;
}
