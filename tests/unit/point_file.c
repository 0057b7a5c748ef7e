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
	struct point_file_head head = {.hour = HOUR, .number = 77, .since = 70};
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
};

static int on_series(uint64_t number, const int64_t *ns, const uint64_t *bits, size_t n, void *arg)
{
	struct scanned *s = arg;

	s->n_wrong += number != s->next++;
	if (n == 0)
		s->n_lost++;
	else
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
	_cleanup_(set_done) struct set s = {0};
	uint64_t state = 3;

	for (size_t i = 0; i < 20000; i++) {
		struct made *m = add(&s, 1);

		m->ns[0] = BEGIN_NS + (int64_t)(rnd(&state) % 3600000) * 1000003;
		m->bits[0] = of_double((double)rnd(&state));
	}
	check_both(&s);
}

static void a_series_of_more_points_than_a_block_has(void)
{
	_cleanup_(set_done) struct set s = {0};

	for (size_t i = 0; i < 6; i++) {
		struct made *m = add(&s, 100000 - 7000 * i);

		for (size_t k = 0; k < m->n; k++) {
			m->ns[k] = BEGIN_NS + (int64_t)(k + 100 * i) * 10000001 / 3;
			m->bits[k] = k * k;
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
	return tap_done();
}
