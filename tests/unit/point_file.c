/* point_file.c -- files of points: what was put comes back, whatever it is; what is damaged is told, and only that */
#include "store/point_file.h"

#include "store/io.h"
#include "store/point_text.h"
#include "tests/tap.h"

#include <fcntl.h>

enum { HOUR = 494000, STORE_ID = 7 };

#define BEGIN_NS (HOUR * INT64_C(3600000000000))

/* A series of a test, made anew whenever it is needed. */
struct made {
	char name[64], label[64];
	int64_t *ns;
	uint64_t *bits;
	size_t n;
};

/* A set of series, in order of their keys. */
struct set {
	struct made *v;
	size_t n;
};

static uint64_t rnd(uint64_t *state)
{
	*state = *state * 6364136223846793005 + 1442695040888963407;
	return *state >> 33;
}

static uint64_t of_double(double d)
{
	uint64_t bits;

	memcpy(&bits, &d, sizeof bits);
	return bits;
}

static struct made *add(struct set *s, size_t n)
{
	struct made *m;

	s->v = realloc(s->v, (s->n + 1) * sizeof *s->v);
	m = &s->v[s->n];
	*m = (struct made){.ns = malloc(n * sizeof *m->ns), .bits = malloc(n * sizeof *m->bits), .n = n};
	snprintf(m->name, sizeof m->name, "metric_%zu", s->n / 7 + 1000);
	snprintf(m->label, sizeof m->label, "%zu", s->n + 1000000);
	s->n++;
	return m;
}

static void set_done(struct set *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->v[i].ns);
		free(s->v[i].bits);
	}
	free(s->v);
}

static struct span key_of(const struct made *m, struct buf *room)
{
	struct point_label l[] = {{span_of("id", 2), span_of(m->label, strlen(m->label))}};

	buf_clear(room);
	ok_r(point_key_put(room, span_of(m->name, strlen(m->name)), l, 1));
	return span_of(room->p, room->len);
}

static int new_dir(void)
{
	return io_opendir(AT_FDCWD, tap_tmpdir(), false);
}

static void write_set(int dir, const struct set *s, enum point_file_level level, struct point_file_head *ret)
{
	struct point_file_head head = {.hour = HOUR, .number = 77, .since = 70, .newest = 75};
	_cleanup_(buf_done) struct buf room = {0};
	struct point_file_writer *w = NULL;

	ok_r(point_file_writer_new(dir, STORE_ID, &head, level, &w));
	for (size_t i = 0; i < s->n; i++)
		ok_r(point_file_writer_add(w, key_of(&s->v[i], &room), s->v[i].ns, s->v[i].bits, s->v[i].n));
	ok_r(point_file_writer_finish(w, ret));
}

static struct point_file *open_file(int dir)
{
	char name[POINT_FILE_NAME_SIZE];
	struct point_file *f = NULL;

	point_file_name(name, HOUR, 77);
	ok_r(point_file_open(dir, name, &f));
	return f;
}

static bool same(const struct made *m, const int64_t *ns, const uint64_t *bits, size_t n)
{
	return n == m->n && memcmp(ns, m->ns, n * sizeof *ns) == 0 && memcmp(bits, m->bits, n * sizeof *bits) == 0;
}

struct scanned {
	const struct set *set;
	uint64_t next;
	unsigned n_lost, n_wrong;
	bool lost; /* the one before */
};

static int on_series(uint64_t number, const int64_t *ns, const uint64_t *bits, size_t n, void *arg)
{
	struct scanned *s = arg;

	/* Of a page that is damaged the first alone is told. */
	s->n_wrong += s->lost ? number < s->next : number != s->next;
	s->next = number + 1;
	s->lost = n == 0;
	if (n == 0)
		s->n_lost++;
	else if (number < s->set->n)
		s->n_wrong += !same(&s->set->v[number], ns, bits, n);
	return 0;
}

static void stat_of(const struct made *m, struct point_stat *ret)
{
	*ret = (struct point_stat){.n = m->n, .first_ns = m->ns[0], .last_ns = m->ns[m->n - 1]};
	ret->values_len = point_text_values_len(m->bits, m->n);
	for (size_t i = 0; i < m->n; i++)
		ret->n_fine += m->ns[i] % 1000000 != 0;
}

/* Everything that can be asked of series i of a file. */
static void check_series(struct point_file *f, const struct set *s, size_t i)
{
	_cleanup_(buf_done) struct buf room = {0}, ns = {0}, bits = {0};
	const struct made *m = &s->v[i];
	struct span key = key_of(m, &room), found = span_of(NULL, 0);
	struct point_stat expected, st = {0};
	uint64_t number = 0;
	size_t low = m->n / 3, high = m->n - m->n / 4;

	ok(point_file_may_have_key(f, key));
	ok(point_file_may_have_label(f, span_of("id", 2), span_of(m->label, strlen(m->label))));
	ok(point_file_may_have_label(f, span_of("__name__", 8), span_of(m->name, strlen(m->name))));
	ok_r(point_file_find(f, key, &number));
	eq(number, i);
	ok_r(point_file_key(f, i, &found));
	ok(point_key_compare(found, key) == 0);
	stat_of(m, &expected);
	ok_r(point_file_stat(f, i, &st));
	ok(memcmp(&st, &expected, sizeof st) == 0);
	ok_r(point_file_read(f, i, INT64_MIN, INT64_MAX, &ns, &bits));
	ok(bits.len == ns.len &&
	    same(m, (const int64_t *)(void *)ns.p, (const uint64_t *)(void *)bits.p, ns.len / sizeof(int64_t)));
	/* A part, appended. */
	ok_r(point_file_read(f, i, m->ns[low], m->ns[high - 1], &ns, &bits));
	if (!ok(ns.len == (m->n + high - low) * sizeof(int64_t) && bits.len == ns.len))
		return;
	ok(memcmp(ns.p + m->n * sizeof(int64_t), m->ns + low, (high - low) * sizeof(int64_t)) == 0);
	ok(memcmp(bits.p + m->n * sizeof(int64_t), m->bits + low, (high - low) * sizeof(int64_t)) == 0);
	/* One after the other, and what is between two. */
	for (size_t k = 0; k < m->n; k += 1 + k / 3) {
		buf_clear(&ns);
		buf_clear(&bits);
		ok_r(point_file_read(f, i, m->ns[k], m->ns[k], &ns, &bits));
		ok(ns.len == sizeof(int64_t) && memcmp(ns.p, &m->ns[k], ns.len) == 0 &&
		    memcmp(bits.p, &m->bits[k], ns.len) == 0);
		if (k > 0 && m->ns[k] - m->ns[k - 1] > 1)
			ok_r(point_file_read(f, i, m->ns[k - 1] + 1, m->ns[k] - 1, &ns, &bits));
		eq(ns.len, sizeof(int64_t));
	}
}

static void check_file(int dir, const struct set *s, const struct point_file_head *head)
{
	_cleanup_(cleanup_point_file) struct point_file *f = open_file(dir);
	struct scanned sc = {.set = s};
	struct io_stat st;
	char name[POINT_FILE_NAME_SIZE];

	if (!f)
		return;
	point_file_name(name, HOUR, 77);
	ok_r(io_stat(dir, name, &st));
	eq(st.len, point_file_len(f));
	ok(memcmp(point_file_head(f), head, sizeof *head) == 0);
	ok(!point_file_salvaged(f));
	eq(head->n_series, s->n);
	ok_r(point_file_scan(f, 0, on_series, &sc));
	eq(sc.next, s->n);
	eq(sc.n_lost + sc.n_wrong, 0);
	for (size_t i = 0; i < s->n; i += 1 + i / 50)
		check_series(f, s, i);
}

static void check_both(const struct set *s)
{
	static const enum point_file_level levels[] = {POINT_FILE_FAST, POINT_FILE_COLD};

	for (size_t k = 0; k < N_ELEMENTS(levels); k++) {
		_cleanup_(cleanup_io_close) int dir = new_dir();
		struct point_file_head head = {0};

		write_set(dir, s, levels[k], &head);
		check_file(dir, s, &head);
	}
}

/* --- what comes back --- */

static void make_scraped(struct set *s, size_t n_series, size_t n, int64_t step_ns)
{
	uint64_t state = 1;

	for (size_t i = 0; i < n_series; i++) {
		struct made *m = add(s, n);

		for (size_t k = 0; k < n; k++) {
			m->ns[k] = BEGIN_NS + (int64_t)k * step_ns;
			m->bits[k] = of_double(i % 3 == 0 ? (double)i : (double)(rnd(&state) % (10 * i + 1)));
		}
	}
}

static void series_that_were_scraped_together(void)
{
	_cleanup_(set_done) struct set s = {0};
	struct made *m;

	make_scraped(&s, 500, 120, 15000000000);
	/* Some begin or end in the middle, or have a hole. */
	for (size_t i = 0; i < 20; i++) {
		m = &s.v[i * 7];
		m->n = 100 - i;
		memmove(m->ns, m->ns + i, m->n * sizeof *m->ns);
		m = &s.v[i * 11 + 1];
		memmove(m->ns + 50, m->ns + 50 + i, (m->n - 50 - i) * sizeof *m->ns);
		m->n -= i;
	}
	check_both(&s);
}

static void one_point_a_series(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_point_file) struct point_file *f = NULL;
	_cleanup_(set_done) struct set s = {0};
	struct point_file_head head = {0};
	uint64_t state = 3;

	for (size_t i = 0; i < 20000; i++) {
		struct made *m = add(&s, 1);

		m->ns[0] = BEGIN_NS + (int64_t)(rnd(&state) % 3600000) * 1000003;
		m->bits[0] = of_double((double)rnd(&state));
	}
	check_both(&s);
	/* 16 bytes are the point's own. */
	write_set(dir, &s, POINT_FILE_COLD, &head);
	f = open_file(dir);
	ok(point_file_len(f) < 20000 * 24);
}

static void a_series_of_more_points_than_a_block_has(void)
{
	_cleanup_(set_done) struct set s = {0};

	for (size_t i = 0; i < 6; i++) {
		struct made *m = add(&s, 100000 - 7000 * i);

		for (size_t k = 0; k < m->n; k++) {
			m->ns[k] = BEGIN_NS + (int64_t)(k + 100 * i) * 10000001 / 3;
			m->bits[k] = of_double((double)(k * k % 1000) * 0.5);
		}
	}
	make_scraped(&s, 50, 10, 1000000);
	check_both(&s);
}

static void any_value_and_any_time_of_the_hour(void)
{
	static const uint64_t odd[] = {0, 0x8000000000000000, 0x7ff0000000000000, 0xfff0000000000000,
	    0x7ff8000000000000, 0xfff8dead0000beef, 0x7ff0000000000001, 1, 0x000fffffffffffff, 0x7fefffffffffffff,
	    0x3fb999999999999a};
	_cleanup_(set_done) struct set s = {0};
	uint64_t state = 5;

	for (size_t i = 0; i < 300; i++) {
		struct made *m = add(&s, 1 + rnd(&state) % 300);
		int64_t gap = (int64_t)(INT64_C(3599999999999) / (int64_t)m->n), t = BEGIN_NS;

		for (size_t k = 0; k < m->n; k++) {
			m->ns[k] = t;
			t += i % 2 ? 1 + (int64_t)(rnd(&state) % (uint64_t)gap) : gap;
			m->bits[k] = i % 3 ? odd[rnd(&state) % N_ELEMENTS(odd)] : rnd(&state) << 31 ^ rnd(&state) << 60;
		}
		m->ns[m->n - 1] = m->n > 1 ? BEGIN_NS + INT64_C(3599999999999) : BEGIN_NS;
	}
	check_both(&s);
}

static void a_file_of_nothing(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_point_file) struct point_file *f = NULL;
	_cleanup_(buf_done) struct buf ns = {0}, bits = {0};
	struct set none = {0};
	struct point_file_head head = {0};
	struct span key;
	uint64_t number;

	write_set(dir, &none, POINT_FILE_COLD, &head);
	f = open_file(dir);
	eq(point_file_find(f, span_of("m", 2), &number), -ENOENT);
	eq(point_file_key(f, 0, &key), -ENOENT);
	eq(point_file_read(f, 0, INT64_MIN, INT64_MAX, &ns, &bits), -ENOENT);
	eq(point_file_scan(f, 0, on_series, NULL), 0);
}

static void what_is_not_there_is_not_found(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_point_file) struct point_file *f = NULL;
	_cleanup_(buf_done) struct buf room = {0}, ns = {0}, bits = {0};
	_cleanup_(set_done) struct set s = {0};
	struct point_file_head head = {0};
	unsigned n_maybe = 0;
	uint64_t number;

	make_scraped(&s, 3000, 3, 1000000000);
	write_set(dir, &s, POINT_FILE_COLD, &head);
	f = open_file(dir);
	for (unsigned i = 0; i < 3000; i++) {
		struct made other = {.name = "metric_1100"};

		snprintf(other.label, sizeof other.label, "%u", 5000000 + i);
		n_maybe += point_file_may_have_key(f, key_of(&other, &room));
		eq(point_file_find(f, key_of(&other, &room), &number), -ENOENT);
		snprintf(other.label, sizeof other.label, "%u.", 1000000 + i);
		eq(point_file_find(f, key_of(&other, &room), &number), -ENOENT);
	}
	ok(n_maybe < 300);
	eq(point_file_find(f, span_of("a", 2), &number), -ENOENT);
	eq(point_file_find(f, span_of("z", 2), &number), -ENOENT);
	ok(!point_file_may_have_label(f, span_of("id", 2), span_of("1000000.", 8)));
	ok_r(point_file_read(f, 0, BEGIN_NS + 1, BEGIN_NS + 2, &ns, &bits));
	ok_r(point_file_read(f, 0, INT64_MIN, BEGIN_NS - 1, &ns, &bits));
	ok_r(point_file_read(f, 0, BEGIN_NS + 2, BEGIN_NS + 1, &ns, &bits));
	eq(ns.len + bits.len, 0);
	eq(point_file_read(f, 3000, INT64_MIN, INT64_MAX, &ns, &bits), -ENOENT);
}

static void names_of_files_and_back(void)
{
	char name[POINT_FILE_NAME_SIZE];
	uint64_t number;
	int32_t hour;

	point_file_name(name, HOUR, 77);
	str_eq(name, "2026-05-10T08.00000000000000000077.points");
	ok(point_file_name_parse(name, &hour, &number));
	eq(hour, HOUR);
	eq(number, 77);
	point_file_name(name, -1, UINT64_MAX);
	ok(point_file_name_parse(name, &hour, &number) && hour == -1 && number == UINT64_MAX);
	ok(!point_file_name_parse("2026-05-10T08.18446744073709551616.points", &hour, &number));
	ok(!point_file_name_parse("2026-05-10T08.00000000000000000077.pointz", &hour, &number));
	ok(!point_file_name_parse("2026-05-10T08.0000000000000000007x.points", &hour, &number));
	ok(!point_file_name_parse("2026-05-40T08.00000000000000000077.points", &hour, &number));
	ok(!point_file_name_parse("2026-05-10T08.77.points", &hour, &number));
	ok(!point_file_name_parse("2026-05-10T08.00000000000000000077.points.tmp", &hour, &number));
}

static void what_is_out_of_order_is_refused(void)
{
	static const int64_t ns[] = {BEGIN_NS, BEGIN_NS, BEGIN_NS + 1};
	static const uint64_t bits[3];
	static const char *const wrong[] = {"b", "a", ""};
	struct point_file_head head = {.hour = HOUR, .number = 77, .since = 77};
	_cleanup_(cleanup_io_close) int dir = new_dir();

	for (size_t i = 0; i < N_ELEMENTS(wrong); i++) {
		struct point_file_writer *w = NULL;

		ok_r(point_file_writer_new(dir, STORE_ID, &head, POINT_FILE_FAST, &w));
		ok_r(point_file_writer_add(w, span_of("b", 2), ns, bits, 1));
		eq(point_file_writer_add(w, span_of(wrong[i], 2), ns, bits, 1), -EINVAL);
		eq(point_file_writer_finish(w, &head), -EINVAL);
	}
	for (size_t n = 0; n < 3; n += 2) {
		struct point_file_writer *w = NULL;

		ok_r(point_file_writer_new(dir, STORE_ID, &head, POINT_FILE_FAST, &w));
		eq(point_file_writer_add(w, span_of("b", 2), ns, bits, n), -EINVAL);
		point_file_writer_abort(w);
	}
}

/* --- damage --- */

static void count_problems(uint64_t off, const char *what, void *arg)
{
	(void)off;
	ok(*what != 0);
	++*(int *)arg;
}

/* What a file says of series i is what was put, or that it is damaged. Returns whether all is there. */
static bool is_right_or_damaged(struct point_file *f, const struct set *s, size_t i)
{
	_cleanup_(buf_done) struct buf room = {0}, ns = {0}, bits = {0};
	const struct made *m = &s->v[i];
	struct point_stat expected, st;
	struct span key;
	int key_r = point_file_key(f, i, &key), read_r, stat_r;

	ok(key_r == 0 ? point_key_compare(key, key_of(m, &room)) == 0 : key_r == -EBADMSG || key_r == -ENOENT);
	stat_of(m, &expected);
	stat_r = point_file_stat(f, i, &st);
	ok(stat_r == 0 ? memcmp(&st, &expected, sizeof st) == 0 : stat_r == -EBADMSG || stat_r == -ENOENT);
	read_r = point_file_read(f, i, INT64_MIN, INT64_MAX, &ns, &bits);
	if (read_r == 0)
		ok(same(m, (const int64_t *)(void *)ns.p, (const uint64_t *)(void *)bits.p, ns.len / sizeof(int64_t)));
	else
		ok((read_r == -EBADMSG || read_r == -ENOENT) && ns.len + bits.len == 0);
	return key_r == 0 && read_r == 0 && stat_r == 0;
}

static size_t n_whole(int dir, const struct set *s, bool *ret_opens, int *ret_problems)
{
	_cleanup_(cleanup_point_file) struct point_file *f = NULL;
	struct scanned sc = {.set = s};
	char name[POINT_FILE_NAME_SIZE];
	size_t n = 0;
	int r;

	point_file_name(name, HOUR, 77);
	r = point_file_open(dir, name, &f);
	*ret_opens = r == 0;
	*ret_problems = 0;
	if (r < 0) {
		ok(r == -EBADMSG);
		return 0;
	}
	for (size_t i = 0; i < s->n; i++)
		n += is_right_or_damaged(f, s, i);
	ok_r(point_file_scan(f, 0, on_series, &sc));
	eq(sc.n_wrong, 0);
	r = point_file_verify(f, count_problems, ret_problems);
	eq(r, *ret_problems);
	return n;
}

static void whatever_byte_is_damaged_nothing_wrong_is_read(void)
{
	static const enum point_file_level levels[] = {POINT_FILE_FAST, POINT_FILE_COLD};
	_cleanup_(set_done) struct set s = {0};

	make_scraped(&s, 70, 9, 1000000);
	for (size_t i = 0; i < s.n; i += 3)
		s.v[i].ns[0] -= 1000000 * (int64_t)i;
	for (size_t i = 0; i < s.n; i++)
		for (size_t k = 0; k < s.v[i].n; k++)
			s.v[i].ns[k] += 1000000000;
	for (size_t level = 0; level < N_ELEMENTS(levels); level++) {
		_cleanup_(cleanup_io_close) int dir = new_dir(), fd = -1;
		struct point_file_head head = {0};
		char name[POINT_FILE_NAME_SIZE];
		struct io_stat st;
		int n_problems;
		bool opens;

		write_set(dir, &s, levels[level], &head);
		eq(n_whole(dir, &s, &opens, &n_problems), s.n);
		eq(n_problems, 0);
		point_file_name(name, HOUR, 77);
		fd = io_open_write(dir, name);
		ok_r(io_fstat(fd, &st));
		for (uint64_t at = 0; at < st.len; at++) {
			uint8_t c = 0, bad;

			eq(io_pread(fd, &c, 1, at), 1);
			bad = c ^ (uint8_t)(1 << at % 8);
			ok_r(io_pwrite(fd, &bad, 1, at));
			(void)n_whole(dir, &s, &opens, &n_problems);
			ok(opens ? n_problems > 0 : at < sizeof(struct disk_header));
			ok_r(io_pwrite(fd, &c, 1, at));
		}
		/* Cut short, the pages that are left are found. */
		for (uint64_t len = st.len; len-- > 0;) {
			ok_r(io_truncate(fd, len));
			(void)n_whole(dir, &s, &opens, &n_problems);
			ok(opens == (len >= sizeof(struct disk_header)));
		}
	}
}

/* Offsets of the frames of a type. */
static size_t frames_of(int dir, enum frame_type type, uint64_t *ret, size_t max)
{
	_cleanup_(cleanup_sealed) struct sealed *s = NULL;
	char name[POINT_FILE_NAME_SIZE];
	size_t at = 0, n = 0;

	point_file_name(name, HOUR, 77);
	ok_r(sealed_salvage(dir, name, KIND_POINTS, &s));
	while (n < max && sealed_next(s, type, &at, &ret[n]) == 0)
		n++;
	return n;
}

static void a_damaged_page_costs_its_own_series_and_no_others(void)
{
	static const enum frame_type pages[] = {FRAME_POINTS_PAGE, FRAME_POINTS_KEYS, FRAME_POINTS_TIMES};
	static const enum frame_type indexes[] = {
	    FRAME_POINTS_HEAD, FRAME_POINTS_PAGES, FRAME_POINTS_KEY_PAGES, FRAME_POINTS_BLOOM, FRAME_TOC};
	_cleanup_(cleanup_io_close) int dir = new_dir(), fd = -1;
	_cleanup_(set_done) struct set s = {0};
	struct point_file_head head = {0};
	char name[POINT_FILE_NAME_SIZE];
	uint64_t offs[64], state = 9;
	int n_problems;
	bool opens;

	/* Times and values that need room. */
	for (size_t i = 0; i < 3000; i++) {
		struct made *m = add(&s, 30);
		int64_t t = BEGIN_NS;

		for (size_t k = 0; k < m->n; k++) {
			m->ns[k] = t += 1 + (int64_t)(rnd(&state) << 6);
			m->bits[k] = rnd(&state) << 33 ^ rnd(&state);
		}
	}
	write_set(dir, &s, POINT_FILE_FAST, &head);
	point_file_name(name, HOUR, 77);
	fd = io_open_write(dir, name);
	for (size_t k = 0; k < N_ELEMENTS(pages); k++) {
		size_t n = frames_of(dir, pages[k], offs, N_ELEMENTS(offs)), left;

		if (!ok(n >= 3))
			continue;
		for (size_t i = 0; i < n; i += n - 1) {
			ok_r(io_pwrite(fd, "X", 1, offs[i]));
			left = n_whole(dir, &s, &opens, &n_problems);
			ok(opens && left < s.n && left > s.n / 2);
			eq(n_problems, 1);
			ok_r(io_pwrite(fd, FRAME_MARK, 1, offs[i]));
		}
	}
	for (size_t k = 0; k < N_ELEMENTS(indexes); k++) {
		if (!ok(frames_of(dir, indexes[k], offs, 1) == 1))
			continue;
		ok_r(io_pwrite(fd, "X", 1, offs[0]));
		eq(n_whole(dir, &s, &opens, &n_problems), s.n);
		ok(n_problems >= 1);
		ok_r(io_pwrite(fd, FRAME_MARK, 1, offs[0]));
	}
	eq(n_whole(dir, &s, &opens, &n_problems), s.n);
	eq(n_problems, 0);
}

/* Writes a file anew, frame by frame, where they were, but for what change makes of a payload. */
static void forge(int dir, void (*change)(enum frame_type type, struct buf *payload))
{
	_cleanup_(cleanup_sealed_writer) struct sealed_writer *w = NULL;
	_cleanup_(cleanup_sealed) struct sealed *s = NULL;
	_cleanup_(buf_done) struct buf payload = {0};
	char name[POINT_FILE_NAME_SIZE];
	struct file_id id;

	point_file_name(name, HOUR, 77);
	if (!ok_r(sealed_salvage(dir, name, KIND_POINTS, &s)))
		return;
	id = *sealed_id(s);
	ok_r(sealed_writer_new(dir, name, &id, &w));
	for (uint64_t off = sizeof(struct disk_header), next; off > 0; off = next) {
		enum frame_type found = 0;

		next = 0;
		for (enum frame_type type = FRAME_POINTS_PAGE; type <= FRAME_POINTS_KEY_PAGES; type++)
			for (uint64_t at = 0, o; sealed_next(s, type, &at, &o) == 0;) {
				found = o == off ? type : found;
				next = o > off && (next == 0 || o < next) ? o : next;
			}
		ok_r(sealed_read(s, off, found, &payload));
		change(found, &payload);
		ok_r(sealed_writer_add(
		    w, found, payload.p, payload.len, found == FRAME_POINTS_HEAD || found > FRAME_POINTS_TIMES, NULL));
	}
	ok_r(sealed_writer_finish(TAKE(w)));
}

static uint64_t lie;

static void lie_about_series(enum frame_type type, struct buf *payload)
{
	_cleanup_(buf_done) struct buf head = {0};
	struct span in = span_of(payload->p, payload->len);
	uint64_t x;

	if (type != FRAME_POINTS_HEAD)
		return;
	for (unsigned i = 0; span_left(&in) > 0; i++) {
		ok_r(span_varint(&in, &x));
		buf_put_varint(&head, i == 4 ? lie : x);
	}
	buf_clear(payload);
	buf_put(payload, head.p, head.len);
}

/* Without indexes, and with a page of keys whose first series is another one. */
static void lie_about_pages(enum frame_type type, struct buf *payload)
{
	_cleanup_(buf_done) struct buf page = {0};
	struct span in = span_of(payload->p, payload->len);
	uint64_t x;

	if (type == FRAME_POINTS_HEAD)
		payload->len = 1;
	if (type != FRAME_POINTS_KEYS)
		return;
	ok_r(span_varint(&in, &x));
	buf_put_varint(&page, x + lie);
	buf_put(&page, in.p, span_left(&in));
	buf_clear(payload);
	buf_put(payload, page.p, page.len);
}

/* What is not there is not gone through one by one, or this would take years. */
static void a_file_that_lies_about_how_many_series_it_has_costs_nothing(void)
{
	static const uint64_t lies[] = {1, 1 << 30, UINT32_MAX, UINT64_C(1) << 60, INT64_MAX, UINT64_MAX};
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(set_done) struct set s = {0};
	struct point_file_head head = {0};
	int n_problems;
	bool opens;

	make_scraped(&s, 100, 10, 1000000);
	for (size_t i = 0; i < N_ELEMENTS(lies); i++) {
		lie = lies[i];
		write_set(dir, &s, POINT_FILE_COLD, &head);
		forge(dir, lie_about_series);
		(void)n_whole(dir, &s, &opens, &n_problems);
		ok(opens && n_problems > 0);
		if (lie < s.n)
			continue;
		write_set(dir, &s, POINT_FILE_COLD, &head);
		forge(dir, lie_about_pages);
		(void)n_whole(dir, &s, &opens, &n_problems);
		ok(!opens || n_problems > 0);
	}
}

static void what_a_lost_head_said_is_counted_again(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir(), fd = -1;
	_cleanup_(cleanup_point_file) struct point_file *f = NULL;
	_cleanup_(set_done) struct set s = {0};
	struct point_file_head head = {0}, again;
	char name[POINT_FILE_NAME_SIZE];
	uint64_t off;

	make_scraped(&s, 100, 10, 1000000);
	write_set(dir, &s, POINT_FILE_COLD, &head);
	eq(frames_of(dir, FRAME_POINTS_HEAD, &off, 1), 1);
	point_file_name(name, HOUR, 77);
	fd = io_open_write(dir, name);
	ok_r(io_pwrite(fd, "X", 1, off));
	f = open_file(dir);
	ok(point_file_salvaged(f));
	again = *point_file_head(f);
	eq(again.since, again.number);
	eq(again.newest, again.number);
	again.since = head.since;
	again.newest = head.newest;
	ok(memcmp(&again, &head, sizeof head) == 0);
}

int main(void)
{
	RUN(names_of_files_and_back);
	RUN(series_that_were_scraped_together);
	RUN(one_point_a_series);
	RUN(a_series_of_more_points_than_a_block_has);
	RUN(any_value_and_any_time_of_the_hour);
	RUN(a_file_of_nothing);
	RUN(what_is_not_there_is_not_found);
	RUN(what_is_out_of_order_is_refused);
	RUN(whatever_byte_is_damaged_nothing_wrong_is_read);
	RUN(a_damaged_page_costs_its_own_series_and_no_others);
	RUN(a_file_that_lies_about_how_many_series_it_has_costs_nothing);
	RUN(what_a_lost_head_said_is_counted_again);
	return tap_done();
}
