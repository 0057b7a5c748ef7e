/* heat_cgroups.c -- see heat_cgroups.h */
#include "store/heat_cgroups.h"

#include "store/format.h"

/* How the table cgroup writes that there is no limit. */
static const uint64_t no_limit = UINT64_MAX;

struct heat_cgroup {
	size_t path; /* where it begins in paths */
	size_t path_len;
	uint64_t id;
	uint64_t used_us, quota_us, period_us;
};

void heat_cgroups_done(struct heat_cgroups *h)
{
	free(h->v);
	buf_done(&h->paths);
}

/* The numbers of the columns; false if the table does not have all of them. */
static bool find_columns(const struct table *t, const char *const *names, size_t n, uint32_t *ret)
{
	for (size_t i = 0; i < n; i++) {
		int c = table_schema_find(t->schema, names[i]);

		if (c < 0)
			return false;
		ret[i] = (uint32_t)c;
	}
	return true;
}

/* The numbers in a row; false if one is not known. */
static bool get_all(const struct table *t, uint32_t row, const uint32_t *columns, size_t n, uint64_t *ret)
{
	for (size_t i = 0; i < n; i++) {
		if (table_is_null(t, columns[i], row))
			return false;
		ret[i] = table_get(t, columns[i], row);
	}
	return true;
}

static int reserve(struct heat_cgroups *h, uint32_t n)
{
	struct heat_cgroup *v;

	if (n <= h->cap)
		return 0;
	v = realloc(h->v, n * sizeof *v);
	if (!v)
		return -ENOMEM;
	h->v = v;
	h->cap = n;
	return 0;
}

int heat_cgroups_take(struct heat_cgroups *h, const struct table *t)
{
	enum { ID, USED, QUOTA, PERIOD, N, PATH = N };
	static const char *const names[] = {"id", "cpu_usage_us", "cpu_quota_us", "cpu_period_us", "path"};
	uint32_t columns[N + 1];
	int r;

	h->n = 0;
	buf_clear(&h->paths);
	if (!t || !find_columns(t, names, N + 1, columns))
		return 0;
	r = reserve(h, t->n_rows);
	for (uint32_t row = 0; row < t->n_rows && r == 0; row++) {
		struct str path = table_str(t, columns[PATH], row);
		uint64_t v[N];

		if (!get_all(t, row, columns, N, v) || v[QUOTA] == no_limit || v[QUOTA] == 0)
			continue;
		h->v[h->n++] = (struct heat_cgroup){.path = h->paths.len,
		    .path_len = path.len,
		    .id = v[ID],
		    .used_us = v[USED],
		    .quota_us = v[QUOTA],
		    .period_us = v[PERIOD]};
		buf_put(&h->paths, path.p, path.len);
		r = h->paths.err;
	}
	return r;
}

static bool same(const struct heat_cgroups *x, const struct heat_cgroup *a, const struct heat_cgroups *y,
    const struct heat_cgroup *b)
{
	return a->id == b->id && a->path_len == b->path_len &&
	       (a->path_len == 0 || memcmp(x->paths.p + a->path, y->paths.p + b->path, a->path_len) == 0);
}

/* A share in per mille; what is over the whole is a burst or the sampling's jitter. */
static uint16_t permille(double part, double whole)
{
	double v = part * 1000 / whole + 0.5;

	return v > 1000 ? 1000 : (uint16_t)v;
}

static void raise_to(uint16_t *most, uint16_t v)
{
	if (*most == HEAT_UNKNOWN || v > *most)
		*most = v;
}

uint16_t heat_cgroups_cpu(const struct heat_cgroups *before, const struct heat_cgroups *now, uint64_t us)
{
	uint16_t most = HEAT_UNKNOWN;

	for (uint32_t i = 0, k = 0; i < now->n; i++) {
		const struct heat_cgroup *g = &now->v[i], *b = NULL;

		/* The order stays as a rule: go on where the last one was found. */
		for (uint32_t tries = 0; tries < before->n && !b; tries++, k++) {
			if (k >= before->n)
				k = 0;
			if (same(before, &before->v[k], now, g))
				b = &before->v[k];
		}
		if (b && us > 0 && g->used_us >= b->used_us)
			raise_to(&most, permille((double)(g->used_us - b->used_us) * (double)g->period_us,
			                    (double)us * (double)g->quota_us));
	}
	return most;
}

uint16_t heat_cgroups_memory(const struct table *t)
{
	static const char *const names[] = {"memory_current_bytes", "memory_max_bytes"};
	uint16_t most = HEAT_UNKNOWN;
	uint32_t columns[2];

	if (!t || !find_columns(t, names, 2, columns))
		return HEAT_UNKNOWN;
	for (uint32_t row = 0; row < t->n_rows; row++) {
		uint64_t v[2];

		if (get_all(t, row, columns, 2, v) && v[1] != no_limit && v[1] > 0)
			raise_to(&most, permille((double)v[0], (double)v[1]));
	}
	return most;
}
