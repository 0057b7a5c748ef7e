/* gauges.c -- custom series through the socket of a server: what is put, what is answered, what is refused */
#include "collector/gauges.h"
#include "collector/waiters.h"
#include "store/points_read.h"
#include "tests/unit/served.h"

#include <inttypes.h>
#include <math.h>
#include <stdatomic.h>

int __real_ingest_commit(struct ingest *g);
int __wrap_ingest_commit(struct ingest *g);
int __real_points_sync(struct points *p);
int __wrap_points_sync(struct points *p);
int __real_waiters_prepare(struct waiters *w);
int __wrap_waiters_prepare(struct waiters *w);

/* Of the server's thread: points put between two commits, at most; and what the next commit is to do. */
static atomic_ullong put_before, put_at_once;
static atomic_bool sync_fails_between, no_room_between;
static atomic_int n_steps; /* of a text: each is prepared for */

int __wrap_ingest_commit(struct ingest *g)
{
	struct points_state st;
	unsigned long long put;

	points_state(gauges_points(ingest_gauges(g)), &st);
	put = st.n_put - atomic_exchange(&put_before, st.n_put);
	if (put > put_at_once)
		put_at_once = put;
	if (put > 0 && sync_fails_between)
		gauges_want(ingest_gauges(g));
	return __real_ingest_commit(g);
}

/* Fails once. */
int __wrap_points_sync(struct points *p)
{
	int r = __real_points_sync(p);

	return atomic_exchange(&sync_fails_between, false) ? -EIO : r;
}

/* Fails once, before a second step. */
int __wrap_waiters_prepare(struct waiters *w)
{
	n_steps++;
	if (n_steps == 2 && atomic_exchange(&no_room_between, false))
		return -ENOMEM;
	return __real_waiters_prepare(w);
}

static struct histfs *connected(const struct served *s)
{
	struct histfs *h = NULL;

	if (!ok_r(histfs_open(s->socket, &h)))
		exit(1);
	return h;
}

/* All points of the store, as "series value time; ". */
static int add_points(int32_t hour, struct span key, const int64_t *ns, const uint64_t *bits, size_t n, void *arg)
{
	struct buf *out = arg;

	(void)hour;
	for (size_t i = 0; i < n; i++) {
		double v;

		memcpy(&v, &bits[i], sizeof v);
		point_key_put_text(out, key, false);
		buf_printf(out, " %g %" PRId64 "; ", v, ns[i]);
	}
	return 0;
}

static void has(const struct served *s, const char *want)
{
	_cleanup_(cleanup_points_reader) struct points_reader *pr = NULL;
	_cleanup_(buf_done) struct buf out = {0};

	if (!ok_r(points_reader_open(recorder_dirfd(s->rec), &pr)))
		return;
	ok_r(points_scan(pr, NULL, INT64_MIN, INT64_MAX, add_points, &out));
	buf_put_u8(&out, 0);
	str_eq((char *)out.p, want);
}

static int put_text(struct histfs *h, enum histfs_form form, const char *text, struct histfs_taken *ret)
{
	return histfs_points_text(h, form, text, strlen(text), HISTFS_SYNCED, ret);
}

static void points_come_in_columns_and_as_text_of_several_forms(void)
{
	const struct histfs_label labels[] = {{"b", "2"}, {"a", "1"}, {"none", ""}};
	const struct histfs_point points[] = {
	    {"m", labels, 3, 5, 1.5}, {"n", NULL, 0, -7, -INFINITY}, {"m", labels, 2, 6, 2.5}, {"m", labels, 2, 5, 3}};
	struct histfs_taken taken;
	struct served s;
	struct histfs *h;

	if (!served_begin(&s, tap_tmpdir(), ""))
		exit(1);
	h = connected(&s);
	ok_r(histfs_points(h, points, 4, HISTFS_SYNCED));
	has(&s, "n -inf -7; m{a=\"1\",b=\"2\"} 3 5; m{a=\"1\",b=\"2\"} 2.5 6; ");
	ok_r(put_text(h, HISTFS_INFLUX, "i,t=x f=1 1\ni,t=x f=2 2", &taken));
	ok(taken.accepted == 2 && taken.refused == 0 && *taken.why == '\0');
	ok_r(put_text(h, HISTFS_INFLUX_S, "i,t=x f=3 3\n", &taken));
	ok_r(put_text(h, HISTFS_GRAPHITE, "g.h;t=x 4 0.000000004\n", &taken));
	ok_r(put_text(h, HISTFS_PROMETHEUS, "p{t=\"x\"} 5 5\n", &taken));
	ok_r(put_text(h, HISTFS_OPENMETRICS, "p{t=\"x\"} 6 6\n# EOF\n", &taken));
	ok_r(histfs_drop(h, "{__name__=~\"m|n\"}", INT64_MIN, INT64_MAX));
	has(&s, "g.h{t=\"x\"} 4 4; i_f{t=\"x\"} 1 1; i_f{t=\"x\"} 2 2; i_f{t=\"x\"} 3 3000000000; "
	        "p{t=\"x\"} 5 5000000; p{t=\"x\"} 6 6000000000; ");
	histfs_close(h);
	served_end(&s);
}

static void what_is_wrong_is_told_and_the_rest_is_kept(void)
{
	struct histfs_taken taken;
	struct gauges_stat st;
	struct served s;
	struct histfs *h;

	if (!served_begin(&s, tap_tmpdir(), ""))
		exit(1);
	h = connected(&s);
	ok_r(put_text(h, HISTFS_INFLUX, "m f=1 1\nm f=x 2\nm g=\"text\",f=3 3\nm,__name__=y f=4 4\n", &taken));
	eq(taken.accepted, 2);
	eq(taken.refused, 3);
	str_eq(taken.why, "line 2: a value that is no number");
	has(&s, "m_f 1 1; m_f 3 3; ");
	/* Counts are shown before the next request is taken. */
	ok_r(put_text(h, HISTFS_INFLUX, "", &taken));
	eq(taken.accepted, 0);
	ok(gauges_stat(&st));
	eq(st.n_refused, 3);
	histfs_close(h);
	served_end(&s);
}

static void requests_that_make_no_sense_are_refused_as_a_whole(void)
{
	const struct histfs_label twice[] = {{"a", "1"}, {"a", "2"}}, nameless[] = {{"", "1"}};
	struct histfs_point p = {"m", twice, 2, 5, 1};
	struct served s;
	struct histfs *h;

	if (!served_begin(&s, tap_tmpdir(), ""))
		exit(1);
	h = connected(&s);
	eq(histfs_points(h, &p, 1, HISTFS_SYNCED), -EINVAL);
	str_eq(histfs_error(h), "m: label a is given twice");
	p = (struct histfs_point){"m", nameless, 1, 5, 1};
	eq(histfs_points(h, &p, 1, HISTFS_SYNCED), -EINVAL);
	p = (struct histfs_point){"", NULL, 0, 5, 1};
	eq(histfs_points(h, &p, 1, HISTFS_SYNCED), -EINVAL);
	p.metric = "m";
	eq(histfs_points(h, &p, 0, HISTFS_SYNCED), -EINVAL);
	eq(histfs_points(h, &p, 1, HISTFS_UNACKED), -EINVAL);
	eq(histfs_drop(h, "m{", 0, 1), -EINVAL);
	ok(*histfs_error(h));
	eq(histfs_drop(h, "m", 1, 0), -EINVAL);
	str_eq(histfs_error(h), "the last time is before the first");
	has(&s, "");
	histfs_close(h);
	served_end(&s);
}

static void there_are_as_many_series_as_the_limit_says_and_points_of_those_are_taken(void)
{
	struct histfs_taken taken;
	struct served s;
	struct histfs *h;

	if (!served_begin(&s, tap_tmpdir(), "[series]\nmax_series = 2\n"))
		exit(1);
	h = connected(&s);
	ok_r(put_text(h, HISTFS_GRAPHITE, "a 1 1\nb 1 1\nc 1 1\nd 1 1\na 2 2\n", &taken));
	eq(taken.accepted, 3);
	eq(taken.refused, 2);
	str_eq(taken.why, "line 3: it would be one series too many (max_series)");
	histfs_close(h);
	served_end(&s);
}

static void more_points_than_a_batch_has_come_in_several(void)
{
	_cleanup_(buf_done) struct buf text = {0};
	struct histfs_taken taken;
	struct gauges_stat st;
	struct served s;
	struct histfs *h;

	if (!served_begin(&s, tap_tmpdir(), ""))
		exit(1);
	h = connected(&s);
	for (int i = 0; i < 150000; i++)
		buf_printf(&text, "m%d %d %d\n", i % 7, i, i);
	ok_r(histfs_points_text(h, HISTFS_GRAPHITE, text.p, text.len, HISTFS_SYNCED, &taken));
	eq(taken.accepted, 150000);
	ok_r(put_text(h, HISTFS_GRAPHITE, "", &taken));
	ok(gauges_stat(&st));
	eq(st.store.n_put, 150000);
	eq(st.store.n_series, 7);
	ok(st.store.n_batches > 3);
	histfs_close(h);
	served_end(&s);
}

/* Lines of Graphite, the last but one of which is wrong. */
static void put_lines(struct buf *ret, int n)
{
	for (int i = 0; i < n; i++)
		if (i == n - 2)
			buf_puts(ret, "wrong\n");
		else
			buf_printf(ret, "m%d %d %d\n", i % 7, i, 1700000000 + i);
}

static void a_long_text_is_dealt_with_in_steps_and_answered_as_one(void)
{
	enum { N = 200000 };
	_cleanup_(buf_done) struct buf text = {0};
	struct histfs_taken taken;
	struct served s;
	struct histfs *h;

	if (!served_begin(&s, tap_tmpdir(), ""))
		exit(1);
	h = connected(&s);
	put_lines(&text, N);
	put_before = put_at_once = 0;
	ok_r(histfs_points_text(h, HISTFS_GRAPHITE, text.p, text.len, HISTFS_SYNCED, &taken));
	eq(taken.accepted, N - 1);
	eq(taken.refused, 1);
	str_eq(taken.why, "line 199999: a line has a path, a value and a time");
	eq(put_before, N - 1);
	ok(put_at_once < 20000);
	histfs_close(h);
	served_end(&s);
}

static void a_text_that_a_sync_failed_in_the_middle_of_is_not_said_to_be_synced(void)
{
	_cleanup_(buf_done) struct buf text = {0};
	struct histfs_taken taken;
	struct served s;
	struct histfs *h;

	if (!served_begin(&s, tap_tmpdir(), ""))
		exit(1);
	h = connected(&s);
	put_lines(&text, 50000);
	put_before = 0;
	sync_fails_between = true;
	eq(histfs_points_text(h, HISTFS_GRAPHITE, text.p, text.len, HISTFS_SYNCED, &taken), -EIO);
	str_eq(histfs_error(h), "what was sent is not synced");
	ok(!sync_fails_between);
	ok_r(histfs_points_text(h, HISTFS_GRAPHITE, text.p, text.len, HISTFS_SYNCED, &taken));
	eq(taken.accepted, 49999);
	histfs_close(h);
	served_end(&s);
}

static void a_text_that_ends_between_steps_leaves_nothing_to_the_next(void)
{
	_cleanup_(buf_done) struct buf text = {0};
	struct histfs_taken taken;
	struct served s;
	struct histfs *h;

	if (!served_begin(&s, tap_tmpdir(), ""))
		exit(1);
	h = connected(&s);
	put_lines(&text, 50000);
	n_steps = 0;
	no_room_between = true;
	eq(histfs_points_text(h, HISTFS_GRAPHITE, text.p, text.len, HISTFS_SYNCED, &taken), -ENOMEM);
	ok(!no_room_between);
	ok_r(put_text(h, HISTFS_GRAPHITE, "a 1 1\nwrong\nb 1 1\n", &taken));
	eq(taken.accepted, 2);
	eq(taken.refused, 1);
	str_eq(taken.why, "line 2: a line has a path, a value and a time");
	histfs_close(h);
	served_end(&s);
}

int main(void)
{
	RUN(points_come_in_columns_and_as_text_of_several_forms);
	RUN(what_is_wrong_is_told_and_the_rest_is_kept);
	RUN(requests_that_make_no_sense_are_refused_as_a_whole);
	RUN(there_are_as_many_series_as_the_limit_says_and_points_of_those_are_taken);
	RUN(more_points_than_a_batch_has_come_in_several);
	RUN(a_long_text_is_dealt_with_in_steps_and_answered_as_one);
	RUN(a_text_that_a_sync_failed_in_the_middle_of_is_not_said_to_be_synced);
	RUN(a_text_that_ends_between_steps_leaves_nothing_to_the_next);
	return tap_done();
}
