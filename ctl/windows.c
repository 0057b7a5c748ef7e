/* windows.c -- points summed up by windows of time */
#include "ctl/windows.h"

#include "store/cleanup.h"

#include <math.h>

int windows_parse(struct windows *w, const char *text)
{
	static const char *const names[] = {
	    [AGGREGATE_AVG] = "avg",
	    [AGGREGATE_MIN] = "min",
	    [AGGREGATE_MAX] = "max",
	    [AGGREGATE_SUM] = "sum",
	    [AGGREGATE_COUNT] = "count",
	    [AGGREGATE_LAST] = "last",
	    [AGGREGATE_RATE] = "rate",
	    [AGGREGATE_INCREASE] = "increase",
	};
	char *end;

	for (size_t k = 0; k < N_ELEMENTS(names); k++)
		if (strcmp(text, names[k]) == 0) {
			w->what = (enum aggregate)k;
			return 0;
		}
	if (*text != 'p' || text[1] < '0' || text[1] > '9')
		return -EINVAL;
	w->what = AGGREGATE_QUANTILE;
	w->quantile = strtod(text + 1, &end) / 100;
	return *end == '\0' && w->quantile <= 1 ? 0 : -EINVAL;
}

static double number(uint64_t bits)
{
	double v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

static uint64_t bits_of(double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	return bits;
}

static int64_t begin_of(const struct windows *w, int64_t ns)
{
	int64_t rest;

	if (w->step_ns == 0)
		return w->from_ns;
	rest = ns % w->step_ns;
	if (rest < 0)
		rest += w->step_ns;
	/* The first one of all times may begin before what is a time. */
	return ns < INT64_MIN + rest ? INT64_MIN : ns - rest;
}

/* --- one series --- */

static int add_point(const struct windows *w, struct window *v, int64_t ns, uint64_t bits)
{
	double x = number(bits);

	v->last_ns = ns;
	v->last_bits = bits;
	if (w->what == AGGREGATE_COUNT || w->what == AGGREGATE_LAST || !isnan(x)) {
		v->least = v->n == 0 ? x : fmin(v->least, x);
		v->most = v->n == 0 ? x : fmax(v->most, x);
		v->sum += x;
		v->n++;
	}
	if (w->what == AGGREGATE_QUANTILE && !isnan(x))
		buf_put(&v->values, &x, sizeof(x));
	return v->values.err;
}

static void add_growth(struct window *v, int64_t before_ns, double before, int64_t ns, double x)
{
	v->grown += x >= before ? x - before : x;
	v->grown_s += (double)((uint64_t)ns - (uint64_t)before_ns) / 1e9;
	v->n_grown++;
}

int windows_put(const struct windows *w, const int64_t *ns, const uint64_t *bits, size_t n, struct buf *ret)
{
	struct window *v = NULL;
	double before = NAN;
	int64_t before_ns = 0;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		int64_t begin = begin_of(w, ns[i]);
		double x = number(bits[i]);

		if (!v || v->begin_ns != begin) {
			buf_put(ret, &(struct window){.begin_ns = begin}, sizeof(*v));
			if (ret->err)
				return ret->err;
			v = (struct window *)(void *)(ret->p + ret->len) - 1;
		}
		r = add_point(w, v, ns[i], bits[i]);
		if (isnan(x))
			continue;
		if (!isnan(before))
			add_growth(v, before_ns, before, ns[i], x);
		before = x;
		before_ns = ns[i];
	}
	for (struct window *p = (struct window *)(void *)ret->p; n > 0 && p <= v; p++)
		p->rate = p->grown / p->grown_s;
	return r;
}

void windows_done(struct buf *v)
{
	struct window *p = (struct window *)(void *)v->p;

	for (size_t i = 0; i < v->len / sizeof(*p); i++)
		buf_done(&p[i].values);
	buf_done(v);
}

/* --- many --- */

static int add_window(struct window *into, struct window *v)
{
	if (v->n > 0) {
		into->least = into->n > 0 ? fmin(into->least, v->least) : v->least;
		into->most = into->n > 0 ? fmax(into->most, v->most) : v->most;
		into->sum += v->sum;
		into->n += v->n;
	}
	if (v->last_ns > into->last_ns) {
		into->last_ns = v->last_ns;
		into->last_bits = v->last_bits;
	}
	if (v->n_grown > 0) {
		into->rate = into->n_grown > 0 ? into->rate + v->rate : v->rate;
		into->grown += v->grown;
		into->n_grown += v->n_grown;
	}
	buf_put(&into->values, v->values.p, v->values.len);
	buf_done(&v->values);
	return into->values.err;
}

int windows_merge(struct buf *into, struct buf *v)
{
	struct window *a = (struct window *)(void *)into->p, *b = (struct window *)(void *)v->p;
	struct window *a_end = a + into->len / sizeof(*a), *b_end = b + v->len / sizeof(*b), *to;
	struct buf both = {0};
	int r = 0;

	if (buf_reserve(&both, into->len + v->len + 1) < 0)
		return both.err;
	to = (struct window *)(void *)both.p;
	while (a < a_end || b < b_end) {
		if (b == b_end || (a < a_end && a->begin_ns < b->begin_ns)) {
			*to++ = *a++;
		} else if (a == a_end || b->begin_ns < a->begin_ns) {
			*to++ = *b++;
		} else {
			int e = add_window(a, b++);

			r = r < 0 ? r : e;
			*to++ = *a++;
		}
	}
	both.len = (size_t)((uint8_t *)to - both.p);
	buf_done(into);
	*into = both;
	buf_clear(v);
	return r;
}

/* --- values --- */

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile(struct window *v, double q)
{
	double *values = (double *)(void *)v->values.p, rank = q * (double)(v->n - 1);
	size_t below = (size_t)rank, above = below + 1 < v->n ? below + 1 : below;
	double part = rank - (double)below;

	qsort(values, v->n, sizeof(*values), ascending);
	return part > 0 ? values[below] * (1 - part) + values[above] * part : values[below];
}

bool windows_value(const struct windows *w, struct window *v, uint64_t *ret_bits)
{
	double x = 0;

	switch (w->what) {
	case AGGREGATE_AVG:
		x = v->sum / (double)v->n;
		break;
	case AGGREGATE_MIN:
		x = v->least;
		break;
	case AGGREGATE_MAX:
		x = v->most;
		break;
	case AGGREGATE_SUM:
		x = v->sum;
		break;
	case AGGREGATE_COUNT:
		x = (double)v->n;
		break;
	case AGGREGATE_LAST:
		*ret_bits = v->last_bits;
		return true;
	case AGGREGATE_RATE:
	case AGGREGATE_INCREASE:
		*ret_bits = bits_of(w->what == AGGREGATE_RATE ? v->rate : v->grown);
		return v->n_grown > 0;
	case AGGREGATE_QUANTILE:
		if (v->n > 0)
			x = quantile(v, w->quantile);
		break;
	}
	*ret_bits = bits_of(x);
	return v->n > 0;
}
