/* points_beside.c -- points are read, from the beginning on and anew, by this process and another, while they are put,
 * become files, are joined and dropped
 */
#include "tests/unit/points.h"
#include "tests/unit/pointstore.h"

#include <pthread.h>
#include <sys/wait.h>

/* --- hours that are held --- */

static void an_hour_can_be_used_while_files_of_the_next_one_go(void)
{
	_cleanup_(cleanup_points) struct points *p = NULL;
	_cleanup_(cleanup_points_reader) struct points_reader *pr = NULL;
	_cleanup_(buf_done) struct buf ns = {0}, bits = {0};
	struct points_hour *first, *second;

	begin();
	p = open_points();
	for (int i = 0; i < 3; i++) {
		ok_r(put1(p, "a", T0 + i * SECOND, i));
		ok_r(put1(p, "a", T0 + POINT_HOUR_NS + i * SECOND, i));
		tidy(p, NOW_MS, true);
	}
	ok_r(put1(p, "a", T0 + 9 * SECOND, 9));
	ok_r(put1(p, "a", T0 + POINT_HOUR_NS + 9 * SECOND, 9));
	pr = open_reader();
	ok_r(points_hour(pr, HOUR, &first));
	tidy(p, NOW_MS + 4 * 3600 * 1000, true);
	tidy(p, NOW_MS + 8 * 3600 * 1000, true);
	ok_r(points_hour(pr, HOUR + 1, &second));
	ok_r(points_hour_read(pr, first, 0, INT64_MIN, INT64_MAX, &ns, &bits));
	eq(ns.len / sizeof(int64_t), 4);
	str_eq(seen(pr, HOUR + 1, "a"), "0=0 1=1 2=2 9=9");
	ok_r(points_reader_refresh(pr));
	str_eq(seen(pr, HOUR, "a"), "0=0 1=1 2=2 9=9");
	str_eq(seen(pr, HOUR + 1, "a"), "0=0 1=1 2=2 9=9");
}

/* --- all together --- */

static uint64_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

/* How often each hour was changed, and the version that some reader gave of it when it had been so often; 0: none. */
struct watched {
	struct model m;
	unsigned n[MODEL_HOURS], at[MODEL_HOURS];
	uint64_t version[MODEL_HOURS];
};

static void note_change(struct watched *w, const struct model_change *c)
{
	const unsigned per_hour = MODEL_TIMES / MODEL_HOURS;

	model_apply(&w->m, c);
	for (unsigned i = 0; !c->drops && i < c->n; i++)
		w->n[c->v[i].time / per_hour]++;
	for (unsigned i = c->first / per_hour; c->drops && i <= c->last / per_hour; i++)
		w->n[i]++;
}

/* Versions are the same as long as nothing is changed, and grow when something is. */
static bool has_versions(struct points_reader *pr, struct watched *w)
{
	bool good = true;

	for (unsigned i = 0; i < MODEL_HOURS; i++) {
		struct points_hour *h;
		uint64_t version;

		if (points_hour(pr, (int32_t)MODEL_HOUR + (int32_t)i, &h) < 0)
			continue;
		version = points_hour_version(h);
		good &= w->n[i] == w->at[i] ? ok(version == w->version[i]) : ok(version > w->version[i]);
		w->at[i] = w->n[i];
		w->version[i] = version;
	}
	return good;
}

static bool is_as(struct points_reader *pr, struct watched *w)
{
	struct model found;

	return model_read(pr, &found) && ok(memcmp(&found, &w->m, sizeof found) == 0) && has_versions(pr, w);
}

static bool is_as_anew(struct watched *w)
{
	_cleanup_(cleanup_points_reader) struct points_reader *pr = open_reader();

	return is_as(pr, w);
}

/* One point so often that two such batches fill a log: logs go while drops that they had are of files. */
static int put_much(struct points *p, uint64_t *seed, uint32_t *n_put, struct model_change *ret)
{
	static struct point v[5000];
	const unsigned time = (unsigned)(next_random(seed) % MODEL_TIMES);
	char room[16];
	int r;

	*ret = (struct model_change){.n = 1, .v = {{.series = 0, .time = time, .value = ++*n_put}}};
	r = points_series(p, model_key(0, room), &v[0].series);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < N_ELEMENTS(v); i++)
		v[i] = (struct point){.ns = model_ns(time), .bits = ret->v[0].value, .series = v[0].series};
	return points_put(p, v, N_ELEMENTS(v), NULL);
}

/* One life after the other, with a reader that was there from the beginning, and one that comes. */
static bool live(uint64_t seed)
{
	_cleanup_(cleanup_points) struct points *p = NULL;
	_cleanup_(cleanup_points_reader) struct points_reader *pr = NULL;
	struct model_change change;
	struct watched w = {0};
	const struct points_options o = {.sync = SYNC_NONE, .segment_size = 1};
	uint32_t n_put = 0;
	int64_t now = model_ns(0) / 1000000;
	bool good = true;

	begin();
	pr = open_reader();
	p = open_with(o);
	for (unsigned i = 0; i < 120 && good; i++) {
		uint64_t what = next_random(&seed) % 20;

		if (what < 13) {
			good &= ok_r(what == 0   ? put_much(p, &seed, &n_put, &change)
			             : what < 12 ? model_put(p, next_random, &seed, &n_put, &change)
			                         : model_drop(p, next_random, &seed, &change));
			note_change(&w, &change);
		} else if (what < 16)
			good &= ok_r(points_tidy(p, now, 1000, true, NULL));
		else if (what < 18)
			now += (int64_t)(next_random(&seed) % 40) * 60 * 1000;
		else if (what < 19)
			good &= ok_r(points_tidy(p, now, 1000, false, NULL));
		else {
			good &= ok_r(points_close(TAKE(p)));
			p = open_with(o);
		}
		if (next_random(&seed) % 3 == 0)
			good = good && ok_r(points_reader_refresh(pr)) && is_as(pr, &w);
		if (next_random(&seed) % 5 == 0)
			good = good && is_as_anew(&w);
	}
	return good;
}

static void what_is_read_is_what_was_put_whatever_happened(void)
{
	uint64_t seed = 1;

	while (seed <= 150 && live(seed))
		seed++;
	eq(seed, 151);
}

/* --- several at once --- */

enum { PUTS = 400, PER_PUT = 500 };

static struct points *shared;
static atomic_bool stop;

static void *tidy_on(void *arg)
{
	int64_t now = NOW_MS;

	(void)arg;
	while (!stop) {
		ok_r(points_tidy(shared, now, 10, false, &stop));
		now += 60 * 1000;
	}
	return NULL;
}

/* The ith put is of the ith second, of series 0 to PER_PUT - 1: a buffer of a few KB is full all the time. */
static void put_on(struct points *p)
{
	static struct point v[PER_PUT];

	for (unsigned i = 0; i < PUTS; i++) {
		for (unsigned k = 0; k < PER_PUT; k++) {
			char name[16];

			snprintf(name, sizeof name, "s%u", k);
			v[k] = (struct point){.ns = T0 + i * SECOND, .bits = f64_bits(i), .series = series(p, name)};
		}
		ok_r(points_put(p, v, PER_PUT, NULL));
	}
	ok_r(points_sync(p));
}

struct count {
	uint64_t n_series, n_points;
	bool wrong;
};

/* Each series has the seconds from 0 on. */
static int count(int32_t hour, struct span key, const int64_t *ns, const uint64_t *bits, size_t n, void *arg)
{
	struct count *c = arg;

	c->wrong |= hour != HOUR || span_left(&key) == 0 || n == 0;
	for (size_t i = 0; i < n; i++)
		c->wrong |= ns[i] != T0 + (int64_t)i * SECOND || bits[i] != f64_bits((double)i);
	c->n_series++;
	c->n_points += n;
	return 0;
}

static struct count count_all(struct points_reader *pr)
{
	struct count c = {0};

	ok_r(points_scan(pr, NULL, INT64_MIN, INT64_MAX, count, &c));
	return c;
}

static void who_puts_waits_for_files_and_loses_nothing(void)
{
	_cleanup_(cleanup_points_reader) struct points_reader *pr = NULL;
	struct count c;
	pthread_t thread;

	begin();
	shared = open_with((struct points_options){.sync = SYNC_NONE, .buffer_max = 200000, .segment_size = 1 << 16});
	stop = false;
	ok(pthread_create(&thread, NULL, tidy_on, NULL) == 0);
	put_on(shared);
	stop = true;
	pthread_join(thread, NULL);
	ok(state_of(shared).files_written > 3);
	ok(state_of(shared).memory < 4000000);
	pr = open_reader();
	c = count_all(pr);
	ok(!c.wrong);
	eq(c.n_points, PUTS * PER_PUT);
	ok_r(points_close(TAKE(shared)));
}

static void who_puts_writes_files_if_nobody_else_does(void)
{
	_cleanup_(cleanup_points) struct points *p = NULL;
	_cleanup_(cleanup_points_reader) struct points_reader *pr = NULL;

	begin();
	p = open_with((struct points_options){.sync = SYNC_NONE, .buffer_max = 200000});
	put_on(p);
	ok(state_of(p).files_written > 0);
	pr = open_reader();
	eq(count_all(pr).n_points, PUTS * PER_PUT);
}

/* Another process reads all the time: what it sees is whole, and never less than before. */
static int watch(int done)
{
	_cleanup_(cleanup_points_reader) struct points_reader *pr = open_reader();
	uint64_t before = 0;
	char c;

	for (bool last = false; !last;) {
		struct count now;

		last = read(done, &c, 1) == 1;
		ok_r(points_reader_refresh(pr));
		now = count_all(pr);
		if (now.wrong || now.n_points < before || (last && now.n_points != PUTS * PER_PUT))
			return 1;
		before = now.n_points;
	}
	return 0;
}

static void another_process_reads_while_files_are_written_and_joined(void)
{
	int ends[2], status = -1;
	pthread_t thread;
	pid_t pid;

	begin();
	ok(pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0);
	pid = fork();
	if (pid == 0)
		_exit(watch(ends[0]));
	shared = open_with((struct points_options){.sync = SYNC_NONE, .buffer_max = 200000, .segment_size = 1 << 16});
	stop = false;
	ok(pthread_create(&thread, NULL, tidy_on, NULL) == 0);
	put_on(shared);
	ok(write(ends[1], "", 1) == 1);
	ok(waitpid(pid, &status, 0) == pid);
	eq(status, 0);
	stop = true;
	pthread_join(thread, NULL);
	ok_r(points_close(TAKE(shared)));
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	RUN(what_is_read_is_what_was_put_whatever_happened);
	RUN(who_puts_waits_for_files_and_loses_nothing);
	RUN(who_puts_writes_files_if_nobody_else_does);
	RUN(another_process_reads_while_files_are_written_and_joined);
	RUN(an_hour_can_be_used_while_files_of_the_next_one_go);
	return tap_done();
}
