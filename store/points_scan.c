/* points_scan.c -- all points of many series, hour by hour (see points_read.h) */
#include "store/points_read_inner.h"

enum { TRIES = 20 };

struct scanning {
	struct points_reader *pr;
	struct point_file *file; /* if it is one alone */
	int32_t hour;
	int64_t from, to;
	int (*each)(int32_t hour, struct span key, const int64_t *ns, const uint64_t *bits, size_t n, void *arg);
	void *arg;
};

static int pass(struct span key, const int64_t *ns, const uint64_t *bits, size_t n, void *arg)
{
	struct scanning *s = arg;

	return s->each(s->hour, key, ns, bits, n, s->arg);
}

/* A series of a file, of which times from `from` to `to` are wanted. */
static int pass_series(uint64_t number, const int64_t *ns, const uint64_t *bits, size_t n, void *arg)
{
	struct scanning *s = arg;
	struct span key;
	int r = point_file_key(s->file, number, &key);

	if (r == -EBADMSG)
		return s->each(s->hour, span_of(NULL, 0), NULL, NULL, 0, s->arg);
	if (r < 0)
		return r;
	if (n > 0) {
		size_t first = 0;

		while (n > 0 && ns[n - 1] > s->to)
			n--;
		while (first < n && ns[first] < s->from)
			first++;
		if (first == n)
			return 0;
		ns += first;
		bits += first;
		n -= first;
	}
	return s->each(s->hour, key, ns, bits, n, s->arg);
}

static int scan_parts(struct scanning *s, const struct points_parts *parts, const struct point_select *select)
{
	const struct point_merge_how how = {
	    .parts = parts->v,
	    .n_parts = parts->n,
	    .drops = s->pr->drops.v,
	    .n_drops = s->pr->drops.n,
	    .select = select,
	    .from = s->from,
	    .to = s->to,
	};

	if (parts->damaged) {
		int r = s->each(s->hour, span_of(NULL, 0), NULL, NULL, 0, s->arg);

		if (r != 0)
			return r;
	}
	if (parts->n == 1 && parts->v[0].file && !select && !points_parts_dropped(s->pr, parts)) {
		s->file = parts->v[0].file;
		return point_file_scan(s->file, 0, pass_series, s);
	}
	return point_merge_scan(&how, pass, s);
}

static int scan_hour(struct scanning *s, const struct point_select *select)
{
	struct points_parts parts;
	int r = points_parts_open(s->pr, s->hour, &parts);

	for (unsigned i = 0; r == -ESTALE && i < TRIES; i++) {
		r = points_reader_list(s->pr);
		if (r >= 0)
			r = points_parts_open(s->pr, s->hour, &parts);
	}
	if (r < 0)
		return r;
	r = scan_parts(s, &parts, select);
	points_parts_done(&parts);
	return r;
}

int points_scan(struct points_reader *pr, const struct point_select *select, int64_t from, int64_t to,
    int (*each)(int32_t hour, struct span key, const int64_t *ns, const uint64_t *bits, size_t n, void *arg), void *arg)
{
	struct scanning s = {.pr = pr, .from = from, .to = to, .each = each, .arg = arg};

	for (size_t i = 0; i < pr->n_hours; i++) {
		int r;

		s.hour = pr->hours[i];
		if (s.hour < point_hour(from) || s.hour > point_hour(to))
			continue;
		r = scan_hour(&s, select);
		if (r != 0)
			return r;
	}
	return 0;
}
