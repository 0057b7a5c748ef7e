/* point_claim.c -- a small file of points that says it has a series of more points than memory should be taken for */
#include "store/io.h"
#include "store/point_file.h"
#include "store/point_keys.h"
#include "store/point_page.h"
#include "tests/tap.h"

#include <fcntl.h>

/* Twice as many points as are read at once, and behind that series another one, of one block. */
enum { HOUR = 494000, NUMBER = 7, BLOCKS = 2 * POINT_FILE_READ_MAX / POINT_BLOCK_MAX };

#define BEGIN_NS (HOUR * INT64_C(3600000000000))

static const uint8_t keys[] = "a\0b"; /* and its zero */
static struct point_block blocks[BLOCKS + 1];

/* A point each nanosecond, all of them 0. */
static void put_times(struct point_page_writer *out, const struct point_pages **ret, struct point_vectors_writer **w)
{
	static int64_t ns[POINT_BLOCK_MAX];
	uint64_t n;

	ok_r(point_vectors_writer_new(out, w));
	for (unsigned i = 0; i < BLOCKS; i++) {
		for (unsigned k = 0; k < POINT_BLOCK_MAX; k++)
			ns[k] = BEGIN_NS + (int64_t)i * POINT_BLOCK_MAX + k;
		if (point_vectors_writer_add(*w, ns, POINT_BLOCK_MAX, &blocks[i].times) < 0)
			ok(false);
	}
	blocks[BLOCKS].times = blocks[0].times;
	ok_r(point_vectors_writer_finish(*w, ret, &n));
	eq(n, BLOCKS);
}

/* Of the pages of that type: the first and only one. */
static void put_page(
    struct point_page_writer *out, enum frame_type type, const struct buf *raw, struct point_pages *ret)
{
	bool candidate;
	uint64_t off;

	ok_r(point_page_write(out, type, 0, span_of(raw->p, raw->len), span_of(NULL, 0), &candidate, &off));
	ok_r(point_pages_add(ret, off, 0));
}

static void put_values(struct buf *raw)
{
	static const uint64_t bits[POINT_BLOCK_MAX];

	for (unsigned i = 0; i <= BLOCKS; i++) {
		size_t before = raw->len;

		point_values_put(bits, POINT_BLOCK_MAX, POINT_PLAIN, raw);
		blocks[i].length = (uint32_t)(raw->len - before);
	}
}

static void put_section(struct sealed_writer *out, enum frame_type type, const struct buf *payload)
{
	ok_r(sealed_writer_add(out, type, payload->p, payload->len, true, NULL));
}

static void put_indexes(struct sealed_writer *out, const struct point_pages *values, const struct point_pages *times,
    const struct point_pages *key_pages, uint64_t values_len)
{
	const uint64_t head[] = {POINT_FILE_VERSION, NUMBER, NUMBER, NUMBER, 2,
	    (BLOCKS + UINT64_C(1)) * POINT_BLOCK_MAX, zigzag(BEGIN_NS),
	    zigzag(BEGIN_NS + (int64_t)BLOCKS * POINT_BLOCK_MAX - 1), BLOCKS, values_len};
	_cleanup_(buf_done) struct buf pages = {0}, lows = {0}, b = {0};

	point_pages_put(&pages, values);
	point_pages_put(&pages, times);
	put_section(out, FRAME_POINTS_PAGES, &pages);
	buf_put_varint(&lows, 1);
	point_pages_put_one(&lows, key_pages, 0);
	buf_put_varint(&lows, 0);
	buf_put_varint(&lows, 0);
	put_section(out, FRAME_POINTS_KEY_PAGES, &lows);
	for (unsigned i = 0; i < N_ELEMENTS(head); i++)
		buf_put_varint(&b, head[i]);
	put_section(out, FRAME_POINTS_HEAD, &b);
}

static struct point_file *make_file(int dir)
{
	/* The text of each value is "0". */
	static const struct point_keys_entry entries[] = {{2, BLOCKS, 1, 0}, {2, 1, 1, 0}};
	struct file_id id = {.kind = KIND_POINTS, .store_id = 1, .hour = HOUR, .first_seq = NUMBER};
	_cleanup_(buf_done) struct buf values = {0}, page = {0};
	struct point_pages value_pages = {0}, key_pages = {0};
	struct point_page_writer out = {0};
	struct point_vectors_writer *w = NULL;
	const struct point_pages *times = NULL;
	char name[POINT_FILE_NAME_SIZE];
	struct point_file *f = NULL;
	uint64_t next = 0;

	point_file_name(name, HOUR, NUMBER);
	ok_r(sealed_writer_new(dir, name, &id, &out.out));
	ok_r(packer_new(1, span_of(NULL, 0), &out.packer));
	put_times(&out, &times, &w);
	put_values(&values);
	put_page(&out, FRAME_POINTS_PAGE, &values, &value_pages);
	point_keys_put(&page, entries, 2, keys, blocks, 0, &next);
	put_page(&out, FRAME_POINTS_KEYS, &page, &key_pages);
	put_indexes(out.out, &value_pages, times, &key_pages, values.len);
	ok_r(sealed_writer_finish(out.out));
	point_page_writer_done(&out);
	point_vectors_writer_free(w);
	point_pages_done(&value_pages);
	point_pages_done(&key_pages);
	ok_r(point_file_open(dir, name, &f));
	return f;
}

struct scanned {
	unsigned n, n_lost;
	size_t n_points;
};

static int on_series(uint64_t number, const int64_t *ns, const uint64_t *bits, size_t n, void *arg)
{
	struct scanned *s = arg;

	(void)number;
	s->n++;
	s->n_lost += n == 0 && !ns && !bits;
	s->n_points += n;
	return 0;
}

static void on_problem(uint64_t off, const char *what, void *arg)
{
	(void)off;
	*(const char **)arg = what;
}

static void a_small_file_takes_no_memory_for_what_it_claims(void)
{
	_cleanup_(cleanup_io_close) int dir = io_opendir(AT_FDCWD, tap_tmpdir(), false);
	_cleanup_(cleanup_point_file) struct point_file *f = make_file(dir);
	_cleanup_(buf_done) struct buf ns = {0}, bits = {0};
	const int64_t last = BEGIN_NS + (int64_t)BLOCKS * POINT_BLOCK_MAX - 1;
	const char *what = "";
	struct scanned s = {0};
	struct point_stat st;

	if (!f)
		return;
	ok(!point_file_salvaged(f));
	ok(point_file_len(f) < 2 << 20);
	ok_r(point_file_stat(f, 0, &st));
	eq(st.n, UINT64_C(2) * POINT_FILE_READ_MAX);
	eq(st.values_len, st.n);
	eq(point_file_read(f, 0, INT64_MIN, INT64_MAX, &ns, &bits), -EFBIG);
	eq(point_file_read(f, 0, BEGIN_NS + 1, last - 1, &ns, &bits), -EFBIG);
	eq(ns.cap + bits.cap, 0);
	/* Any part of it that is not too much. */
	ok_r(point_file_read(f, 0, last - 99999, INT64_MAX, &ns, &bits));
	eq(ns.len, 100000 * sizeof(int64_t));
	eq(bits.len, ns.len);
	buf_clear(&ns);
	buf_clear(&bits);
	ok_r(point_file_read(f, 1, INT64_MIN, INT64_MAX, &ns, &bits));
	eq(ns.len, POINT_BLOCK_MAX * sizeof(int64_t));
	/* All others are there. */
	ok_r(point_file_scan(f, 0, on_series, &s));
	eq(s.n, 2);
	eq(s.n_lost, 1);
	eq(s.n_points, POINT_BLOCK_MAX);
	eq(point_file_verify(f, on_problem, &what), 1);
	str_eq(what, "points that cannot be read");
}

int main(void)
{
	RUN(a_small_file_takes_no_memory_for_what_it_claims);
	return tap_done();
}
