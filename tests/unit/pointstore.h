/* pointstore.h -- a store of points for tests: put, tidied, read as text */
#ifndef TESTS_UNIT_POINTSTORE_H
#define TESTS_UNIT_POINTSTORE_H

#include "store/io.h"
#include "store/point_buffer.h"
#include "store/points.h"
#include "store/points_read.h"
#include "tests/tap.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define HOUR INT64_C(490000)
#define T0 (HOUR * POINT_HOUR_NS)
#define SECOND INT64_C(1000000000)
#define NOW_MS (T0 / 1000000)

static int store = -1;

static inline void begin(void)
{
	static const char *dir;
	static unsigned n;
	char path[4200];

	if (!dir)
		dir = tap_tmpdir();
	snprintf(path, sizeof path, "%s/%u", dir, n++);
	if (store >= 0)
		close(store);
	store = io_opendir(AT_FDCWD, path, true);
	ok(store >= 0);
}

static inline struct points *open_with(struct points_options o)
{
	struct points *p = NULL;

	o.sync = o.sync ? o.sync : SYNC_FDATASYNC;
	ok_r(points_open(store, 7, &o, &p));
	return p;
}

static inline struct points *open_points(void)
{
	return open_with((struct points_options){0});
}

static inline struct points_reader *open_reader(void)
{
	struct points_reader *pr = NULL;

	ok_r(points_reader_open(store, &pr));
	return pr;
}

/* "name", or "name{a=b}". */
static inline struct span key_of(const char *text, struct buf *room)
{
	struct span key = {0};
	struct point_hash hash;
	bool cut;

	buf_clear(room);
	ok_r(point_key_parse_name(text, strlen(text), room, &key, &cut, &hash));
	return key;
}

static inline uint32_t series(struct points *p, const char *text)
{
	_cleanup_(buf_done) struct buf room = {0};
	uint32_t ret = 0;

	ok_r(points_series(p, key_of(text, &room), &ret));
	return ret;
}

static inline int put1(struct points *p, const char *text, int64_t ns, double x)
{
	const struct point v = {.ns = ns, .bits = f64_bits(x), .series = series(p, text)};

	return points_put(p, &v, 1, NULL);
}

/* What the reader has of a series in an hour, as "seconds=value …". */
static inline const char *seen(struct points_reader *pr, int32_t hour, const char *text)
{
	static char out[4096];
	_cleanup_(buf_done) struct buf room = {0}, ns = {0}, bits = {0};
	struct points_hour *h;
	struct point_stat st;
	size_t i, n = 0;
	int r = points_hour(pr, hour, &h);

	out[0] = 0;
	if (r < 0 || points_hour_find(h, key_of(text, &room), &i) < 0)
		return "none";
	ok_r(points_hour_stat(pr, h, i, &st));
	ok_r(points_hour_read(pr, h, i, INT64_MIN, INT64_MAX, &ns, &bits));
	eq(st.n, ns.len / 8);
	for (size_t k = 0; k < ns.len / 8; k++) {
		int64_t time = ((const int64_t *)(void *)ns.p)[k] - hour * POINT_HOUR_NS;
		double x = f64_of(((const uint64_t *)(void *)bits.p)[k]);

		n += (size_t)snprintf(out + n, sizeof out - n, "%s%g=%g", k ? " " : "", (double)time / 1e9, x);
	}
	return out;
}

static inline const char *read_anew(const char *text)
{
	_cleanup_(cleanup_points_reader) struct points_reader *pr = open_reader();

	return seen(pr, HOUR, text);
}

static inline void tidy(struct points *p, int64_t now_ms, bool all)
{
	int r;

	while ((r = points_tidy(p, now_ms, 1000, all, NULL)) > 0)
		;
	ok_r(r);
}

static inline struct points_state state_of(struct points *p)
{
	struct points_state st;

	points_state(p, &st);
	return st;
}

#endif
