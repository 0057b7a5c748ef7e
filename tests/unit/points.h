/* points.h -- a small model of points, and a store that is compared with it */
#ifndef TESTS_UNIT_POINTS_H
#define TESTS_UNIT_POINTS_H

#include "store/point_buffer.h"
#include "store/points.h"
#include "store/points_read.h"
#include "tests/tap.h"

#include <stdio.h>

enum { MODEL_SERIES = 4, MODEL_TIMES = 15, MODEL_HOURS = 3 };
#define MODEL_HOUR INT64_C(490000)
#define MODEL_STEP (POINT_HOUR_NS * MODEL_HOURS / MODEL_TIMES)

/* The value of each series and time; 0: none. */
struct model {
	uint32_t v[MODEL_SERIES][MODEL_TIMES];
};

static inline int64_t model_ns(unsigned time)
{
	return MODEL_HOUR * POINT_HOUR_NS + time * MODEL_STEP;
}

static inline struct span model_key(unsigned i, char room[16])
{
	/* NUL behind the name and behind the label's name and value. */
	int n = snprintf(room, 16, "m%cx%c%u%c", 0, 0, i, 0);

	return span_of(room, (size_t)n);
}

struct model_seen {
	struct model *m;
	bool wrong;
};

static inline int model_see(int32_t hour, struct span key, const int64_t *ns, const uint64_t *bits, size_t n, void *arg)
{
	struct model_seen *s = arg;
	char room[16];
	unsigned i = 0;

	while (i < MODEL_SERIES && point_key_compare(key, model_key(i, room)) != 0)
		i++;
	s->wrong |= i == MODEL_SERIES || n == 0;
	for (size_t k = 0; k < n && !s->wrong; k++) {
		int64_t time = (ns[k] - model_ns(0)) / MODEL_STEP;

		s->wrong |= time < 0 || time >= MODEL_TIMES || model_ns((unsigned)time) != ns[k] ||
		            point_hour(ns[k]) != hour || (k > 0 && ns[k] <= ns[k - 1]) || s->m->v[i][time] != 0;
		if (!s->wrong)
			s->m->v[i][time] = (uint32_t)bits[k];
	}
	return 0;
}

/* What a reader sees, hour by hour and series by series; false: it contradicts itself. */
static inline bool model_by_hours(struct points_reader *pr, struct model *ret)
{
	struct model_seen s = {.m = ret};
	const int32_t *hours;
	size_t n_hours;

	points_reader_hours(pr, &hours, &n_hours);
	for (size_t k = 0; k < n_hours; k++) {
		struct points_hour *h;
		int r = points_hour(pr, hours[k], &h);

		if (r == -ENOENT)
			continue;
		if (!ok_r(r))
			return false;
		for (size_t i = 0; i < points_hour_n(h); i++) {
			_cleanup_(buf_done) struct buf ns = {0}, bits = {0};
			struct point_stat st;
			size_t at;

			ok_r(points_hour_read(pr, h, i, INT64_MIN, INT64_MAX, &ns, &bits));
			ok_r(points_hour_stat(pr, h, i, &st));
			s.wrong |= st.n != ns.len / sizeof(int64_t);
			s.wrong |= points_hour_find(h, points_hour_series(h, i)->key, &at) < 0 || at != i;
			s.wrong |= i > 0 && points_hour_series(h, i)->id <= points_hour_series(h, i - 1)->id;
			if (st.n > 0)
				model_see(hours[k], points_hour_series(h, i)->key, (const int64_t *)(void *)ns.p,
				    (const uint64_t *)(void *)bits.p, st.n, &s);
		}
	}
	return !s.wrong;
}

/* Both ways; false: they are not the same, or wrong. */
static inline bool model_read(struct points_reader *pr, struct model *ret)
{
	struct model scanned = {0}, by_hours = {0};
	struct model_seen s = {.m = &scanned};

	if (!ok_r(points_scan(pr, NULL, INT64_MIN, INT64_MAX, model_see, &s)) || !ok(!s.wrong))
		return false;
	if (!ok(model_by_hours(pr, &by_hours)) || !ok(memcmp(&by_hours, &scanned, sizeof scanned) == 0))
		return false;
	*ret = scanned;
	return true;
}

/* A batch of points, or a drop. */
struct model_change {
	bool drops;
	unsigned series, first, last; /* that it drops */
	unsigned n;
	struct {
		unsigned series, time;
		uint32_t value;
	} v[6];
};

static inline void model_apply(struct model *m, const struct model_change *c)
{
	for (unsigned i = c->first; c->drops && i <= c->last; i++)
		m->v[c->series][i] = 0;
	for (unsigned i = 0; !c->drops && i < c->n; i++)
		m->v[c->v[i].series][c->v[i].time] = c->v[i].value;
}

/* Puts a batch by the seed, and tells of it. */
static inline int model_put(
    struct points *p, uint64_t (*random)(uint64_t *), uint64_t *seed, uint32_t *n_put, struct model_change *ret)
{
	unsigned n = 1 + (unsigned)(random(seed) % 6);
	struct point v[6];

	*ret = (struct model_change){.n = n};
	for (unsigned i = 0; i < n; i++) {
		char room[16];
		int r;

		ret->v[i].series = (unsigned)(random(seed) % MODEL_SERIES);
		ret->v[i].time = (unsigned)(random(seed) % MODEL_TIMES);
		ret->v[i].value = ++*n_put;
		r = points_series(p, model_key(ret->v[i].series, room), &v[i].series);
		if (r < 0)
			return r;
		v[i].ns = model_ns(ret->v[i].time);
		v[i].bits = ret->v[i].value;
	}
	return points_put(p, v, n, NULL);
}

/* The same of a drop. */
static inline int model_drop(struct points *p, uint64_t (*random)(uint64_t *), uint64_t *seed, struct model_change *ret)
{
	char selector[32], error[POINT_SELECT_ERROR_MAX];

	*ret = (struct model_change){.drops = true, .series = (unsigned)(random(seed) % MODEL_SERIES)};
	ret->first = (unsigned)(random(seed) % MODEL_TIMES);
	ret->last = ret->first + (unsigned)(random(seed) % (MODEL_TIMES - ret->first));
	snprintf(selector, sizeof selector, "m{x=\"%u\"}", ret->series);
	return points_drop(p, selector, model_ns(ret->first), model_ns(ret->last), error);
}

#endif
