/* hour.c -- the snapshots of an hour, over all its files */
#include "store/hour.h"

#include "store/io.h"
#include "store/names.h"
#include "store/sidecar.h"

enum { PART_GAP = 2 }; /* parts that may be missing before another one */

struct part {
	uint32_t number;
	struct chunk *chunk; /* or */
	struct wal *wal;
	uint32_t base; /* index in the hour of its first snapshot */
	uint32_t n;
	int64_t min_ms, max_ms;
};

struct hour {
	int32_t number;
	struct hour_report report;
	struct part *parts;
	uint32_t n_parts;
	uint32_t n;
	int64_t min_ms, max_ms;
	struct table_schema **tables;
	uint32_t n_tables;
	struct disk_heat *heat;
	uint32_t n_heat;
	bool has_heat;
};

static void report(const struct hour *h, const struct part *p, const char *suffix, uint64_t off, const char *what)
{
	char name[FILE_NAME_SIZE];

	file_name(name, h->number, p->number, suffix);
	h->report.problem(h->report.arg, name, off, what);
}

static void part_close(struct part *p)
{
	if (p->chunk)
		chunk_close(p->chunk);
	if (p->wal)
		wal_close(p->wal);
}

void hour_close(struct hour *h)
{
	for (uint32_t i = 0; i < h->n_parts; i++)
		part_close(&h->parts[i]);
	free(h->parts);
	for (uint32_t i = 0; i < h->n_tables; i++)
		table_schema_put(h->tables[i]);
	free(h->tables);
	free(h->heat);
	free(h);
}

/* --- what there is --- */

static void part_schemas(const struct part *p, uint32_t i, const struct schema **ret)
{
	*ret = NULL;
	if (p->chunk) {
		struct schema *const *schemas;
		uint32_t n;

		chunk_schemas(p->chunk, &schemas, &n);
		*ret = i < n ? schemas[i] : NULL;
	} else {
		const struct wal_run *runs;
		uint32_t n;

		wal_runs(p->wal, &runs, &n);
		*ret = i < n ? wal_schema(p->wal, runs[i].schema) : NULL;
	}
}

/* Tables by id, the schema each had last. */
static int gather_tables(struct hour *h)
{
	_cleanup_(cleanup_schema) struct schema *all = NULL;
	struct table_schema **tables = h->tables;
	uint32_t n_tables = h->n_tables;
	const struct schema *s;
	int r = schema_new(0, &all);

	for (uint32_t p = 0; p < h->n_parts && r == 0; p++)
		for (uint32_t i = 0; part_schemas(&h->parts[p], i, &s), s && r == 0; i++)
			for (uint32_t k = 0; k < s->n_tables && r == 0; k++)
				r = schema_set(all, s->tables[k]);
	if (r < 0)
		return r;
	h->tables = all->tables;
	h->n_tables = all->n_tables;
	all->tables = tables;
	all->n_tables = n_tables;
	return 0;
}

/* Times and number of snapshots of a part. */
static void measure_chunk(struct part *p)
{
	const struct chunk_group *g;
	uint32_t n;

	chunk_groups(p->chunk, &g, &n);
	p->n = chunk_n(p->chunk);
	p->min_ms = g[0].min_ms;
	p->max_ms = g[0].max_ms;
	for (uint32_t i = 0; i < n; i++) {
		p->min_ms = g[i].min_ms < p->min_ms ? g[i].min_ms : p->min_ms;
		p->max_ms = g[i].max_ms > p->max_ms ? g[i].max_ms : p->max_ms;
	}
}

static void measure_wal(struct part *p)
{
	const struct listing *l = wal_listing(p->wal);

	for (uint32_t i = p->n; i < l->n; i++) {
		p->min_ms = i == 0 || l->time_ms[i] < p->min_ms ? l->time_ms[i] : p->min_ms;
		p->max_ms = i == 0 || l->time_ms[i] > p->max_ms ? l->time_ms[i] : p->max_ms;
	}
	p->n = l->n;
}

static void measure(struct hour *h)
{
	bool any = false;

	h->n = 0;
	for (uint32_t i = 0; i < h->n_parts; i++) {
		struct part *p = &h->parts[i];

		p->base = h->n;
		if (p->chunk)
			measure_chunk(p);
		else
			measure_wal(p);
		if (p->n == 0)
			continue;
		h->min_ms = !any || p->min_ms < h->min_ms ? p->min_ms : h->min_ms;
		h->max_ms = !any || p->max_ms > h->max_ms ? p->max_ms : h->max_ms;
		any = true;
		h->n += p->n;
	}
}

static void report_damage(struct hour *h, struct part *p)
{
	uint64_t off;
	const char *what;

	if (p->chunk) {
		if (chunk_damage(p->chunk, &off, &what))
			report(h, p, ".chunk", off, what);
	} else {
		struct log_recovery found;
		uint32_t n_lost;

		wal_damage(p->wal, &found, &n_lost);
		if (found.n_damaged > 0)
			report(h, p, ".wal", found.damaged_off, "frame");
		if (n_lost > 0)
			report(h, p, ".wal", found.damaged_off, "snapshots that lost their base");
	}
}

/* Whether an error says that there is a file of that name. One that says nothing about the file (no more descriptors, a
 * disk that fails) does not: a look for parts must end some time. */
static bool says_file(int r)
{
	return r == -EBADMSG || r == -EPROTONOSUPPORT || r == -ENODATA;
}

static void report_unreadable(struct hour *h, const struct part *p, const char *suffix, int r)
{
	report(h, p, suffix, 0, r == -EPROTONOSUPPORT ? "written by a newer version" : "cannot be read");
}

static int open_chunk(struct hour *h, int dirfd, struct part *p)
{
	char name[FILE_NAME_SIZE];
	int r;

	file_name(name, h->number, p->number, ".chunk");
	r = chunk_open(dirfd, name, &p->chunk);
	if (r < 0 && r != -ENOENT && r != -ENOMEM)
		report_unreadable(h, p, ".chunk", r);
	return r;
}

static int open_log(struct hour *h, int dirfd, struct part *p)
{
	_cleanup_(cleanup_wal) struct wal *wal = NULL;
	char name[FILE_NAME_SIZE];
	int r;

	file_name(name, h->number, p->number, ".wal");
	r = wal_open(dirfd, name, &wal);
	if (r == 0)
		r = wal_update(wal);
	/* A log that is just being created holds nothing yet. */
	if (r < 0 && r != -ENOENT && r != -ENODATA && r != -ENOMEM)
		report_unreadable(h, p, ".wal", r);
	if (r < 0)
		return r;
	p->wal = TAKE(wal);
	return 0;
}

/* 1 if there is a part of that number. */
static int open_part(struct hour *h, int dirfd, uint32_t number)
{
	struct part p = {.number = number}, *parts;
	int r = open_chunk(h, dirfd, &p);
	bool there = says_file(r);

	if (r < 0 && r != -ENOMEM)
		r = open_log(h, dirfd, &p);
	/* It may have been sealed between the two. */
	if (r == -ENOENT && !there)
		r = open_chunk(h, dirfd, &p);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return there || says_file(r);
	parts = realloc(h->parts, (h->n_parts + 1) * sizeof *parts);
	if (!parts) {
		part_close(&p);
		return -ENOMEM;
	}
	h->parts = parts;
	parts[h->n_parts++] = p;
	report_damage(h, &parts[h->n_parts - 1]);
	return 1;
}

int hour_open(int dirfd, int32_t number, uint32_t max_part, const struct hour_report *rep, struct hour **ret)
{
	_cleanup_(cleanup_hour) struct hour *h = calloc(1, sizeof *h);
	int r = 0;

	if (!h)
		return -ENOMEM;
	h->number = number;
	h->report = *rep;
	for (uint32_t part = 0, missing = 0; part <= max_part || missing < PART_GAP; part++) {
		r = open_part(h, dirfd, part);
		if (r < 0)
			return r;
		missing = r == 0 ? missing + 1 : 0;
	}
	measure(h);
	if (h->n == 0)
		return -ENOENT;
	r = gather_tables(h);
	if (r < 0)
		return r;
	*ret = TAKE(h);
	return 0;
}

int hour_update(struct hour *h)
{
	uint32_t before = h->n;
	bool grown = false;
	int r = 0;

	for (uint32_t i = 0; i < h->n_parts; i++) {
		const struct part *p = &h->parts[i];
		int u = p->wal ? wal_update(p->wal) : 0;

		r = r < 0 ? r : u;
		grown |= p->wal && wal_listing(p->wal)->n > p->n;
	}
	if (!grown)
		return r;
	/* What came before an error counts; the error comes again, or it has passed. */
	r = gather_tables(h);
	if (r < 0)
		return r;
	measure(h);
	h->has_heat = false;
	return (int)(h->n - before);
}

static bool is_there(const struct hour *h, int dirfd, uint32_t part, const char *suffix)
{
	char name[FILE_NAME_SIZE];
	struct io_stat st;

	file_name(name, h->number, part, suffix);
	return io_stat(dirfd, name, &st) == 0;
}

bool hour_is_stale(const struct hour *h, int dirfd)
{
	char name[FILE_NAME_SIZE];
	uint32_t next = 0;

	for (uint32_t i = 0; i < h->n_parts; i++) {
		const struct part *p = &h->parts[i];

		next = p->number + 1;
		if (is_there(h, dirfd, p->number, ".chunk") != (p->chunk != NULL))
			return true;
		file_name(name, h->number, p->number, ".wal");
		if (p->wal && !wal_is(p->wal, dirfd, name))
			return true;
	}
	for (uint32_t part = next; part < next + PART_GAP; part++)
		if (is_there(h, dirfd, part, ".chunk") || is_there(h, dirfd, part, ".wal"))
			return true;
	return false;
}

int32_t hour_number(const struct hour *h)
{
	return h->number;
}

bool hour_live(const struct hour *h)
{
	for (uint32_t i = 0; i < h->n_parts; i++)
		if (h->parts[i].wal)
			return true;
	return false;
}

int64_t hour_first_ms(const struct hour *h)
{
	return h->min_ms;
}

int64_t hour_last_ms(const struct hour *h)
{
	return h->max_ms;
}

uint32_t hour_n(const struct hour *h)
{
	return h->n;
}

void hour_tables(const struct hour *h, struct table_schema *const **ret, uint32_t *ret_n)
{
	*ret = h->tables;
	*ret_n = h->n_tables;
}

/* --- snapshots --- */

static struct part *part_of(const struct hour *h, uint32_t i)
{
	uint32_t k = h->n_parts - 1;

	while (h->parts[k].base > i || h->parts[k].n == 0)
		k--;
	return &h->parts[k];
}

static int part_listing(struct hour *h, struct part *p, const struct listing **ret)
{
	int r = 0;

	if (p->wal) {
		*ret = wal_listing(p->wal);
		return 0;
	}
	r = chunk_listing(p->chunk, ret);
	report_damage(h, p);
	return r;
}

/* The part that snapshot i is in, and its listing. */
static int listing_of(struct hour *h, uint32_t i, struct part **ret_part, const struct listing **ret)
{
	if (i >= h->n)
		return -ENOENT;
	*ret_part = part_of(h, i);
	return part_listing(h, *ret_part, ret);
}

int hour_snapshot(struct hour *h, uint32_t i, uint32_t *ret_seq, int64_t *ret_time_ms)
{
	const struct listing *l;
	struct part *p;
	int r = listing_of(h, i, &p, &l);

	if (r < 0)
		return r;
	*ret_seq = l->seq[i - p->base];
	*ret_time_ms = l->time_ms[i - p->base];
	return 0;
}

/* Within a chunk's index, so that one snapshot is found without the listing. */
static int find_in_groups(const struct part *p, uint32_t seq, uint32_t *ret_i)
{
	const struct chunk_group *g;
	uint32_t n, low = 0, high;

	chunk_groups(p->chunk, &g, &n);
	for (high = n; low < high;) {
		uint32_t mid = (low + high) / 2;

		if (g[mid].first_seq + g[mid].n <= seq)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == n || g[low].first_seq > seq)
		return -ENOENT;
	*ret_i = g[low].first + (seq - g[low].first_seq);
	return 0;
}

int hour_find(struct hour *h, uint32_t seq, uint32_t *ret_i)
{
	for (uint32_t k = 0; k < h->n_parts; k++) {
		const struct part *p = &h->parts[k];
		int r = p->chunk ? find_in_groups(p, seq, ret_i) : listing_find(wal_listing(p->wal), seq, ret_i);

		if (r == 0) {
			*ret_i += p->base;
			return 0;
		}
	}
	return -ENOENT;
}

int hour_size(struct hour *h, uint32_t i, uint16_t table, uint64_t *ret_rows, uint64_t *ret_len)
{
	const struct listing_table *t;
	const struct listing *l;
	struct part *p;
	int r = listing_of(h, i, &p, &l);

	if (r < 0)
		return r;
	t = listing_table(l, table);
	if (!t || t->len[i - p->base] == 0)
		return -ENOENT;
	*ret_rows = t->rows[i - p->base];
	*ret_len = t->len[i - p->base];
	return 0;
}

/* Group of a snapshot within its part. */
static void locate(const struct part *p, uint32_t k, uint32_t *ret_group, uint32_t *ret_s, uint32_t *ret_n)
{
	const struct chunk_group *g = NULL;
	const struct wal_run *runs = NULL;
	uint32_t n, low = 0, high;

	if (p->chunk)
		chunk_groups(p->chunk, &g, &n);
	else
		wal_runs(p->wal, &runs, &n);
	/* The last one that begins at or before it. */
	for (high = n; high - low > 1;) {
		uint32_t mid = (low + high) / 2;

		if ((g ? g[mid].first : runs[mid].first) <= k)
			low = mid;
		else
			high = mid;
	}
	*ret_group = low;
	*ret_s = k - (g ? g[low].first : runs[low].first);
	*ret_n = g ? g[low].n : runs[low].n;
}

int hour_group(
    struct hour *h, uint32_t i, struct group_cache *cache, struct unpacker *u, struct group **ret, uint32_t *ret_s)
{
	struct group_key key = {.hour = h->number};
	struct group *g, *made = NULL;
	uint32_t n;
	struct part *p;
	int r = 0;

	if (i >= h->n)
		return -ENOENT;
	p = part_of(h, i);
	key.part = p->number;
	locate(p, i - p->base, &key.index, ret_s, &n);
	g = group_cache_find(cache, key);
	if (g && p->wal && group_n(g) <= *ret_s) {
		r = wal_load(p->wal, key.index, n, u, &g);
		if (r < 0)
			group_cache_drop_hour(cache, h->number); /* it is void */
	}
	if (!g) {
		r = p->chunk ? chunk_load(p->chunk, key.index, u, &made) : wal_load(p->wal, key.index, n, u, &made);
		if (r == 0)
			r = group_cache_add(cache, key, made);
		else if (made)
			group_free(made);
		g = made;
	}
	if (r < 0) {
		if (r == -EBADMSG && p->chunk) {
			const struct chunk_group *groups;

			chunk_groups(p->chunk, &groups, &n);
			report(h, p, ".chunk", groups[key.index].off, "group");
		} else if (r == -EBADMSG) {
			report(h, p, ".wal", 0, "frame");
		}
		return r;
	}
	*ret = g;
	return 0;
}

const struct table_schema *hour_table_schema(const struct hour *h, uint32_t i, uint16_t table)
{
	const struct part *p = part_of(h, i);
	const struct schema *s;
	uint32_t group, at, n;
	int index;

	locate(p, i - p->base, &group, &at, &n);
	if (p->chunk) {
		const struct chunk_group *g;
		struct schema *const *schemas;

		chunk_groups(p->chunk, &g, &n);
		chunk_schemas(p->chunk, &schemas, &n);
		s = schemas[g[group].schema];
	} else {
		const struct wal_run *runs;

		wal_runs(p->wal, &runs, &n);
		s = wal_schema(p->wal, runs[group].schema);
	}
	index = schema_index(s, table);
	return index < 0 ? NULL : s->tables[index];
}

int hour_roster(struct hour *h, uint32_t i, uint16_t table, struct roster **ret, uint32_t *ret_n)
{
	struct part *p;
	int r;

	if (i >= h->n)
		return -ENOENT;
	p = part_of(h, i);
	if (!p->chunk || p->base != i)
		return -ENOENT;
	r = chunk_roster(p->chunk, table, ret);
	report_damage(h, p);
	*ret_n = p->n;
	return r;
}

bool hour_total(const struct hour *h, uint16_t table, struct chunk_total *ret)
{
	const struct table_schema *first = NULL;

	*ret = (struct chunk_total){.id = table};
	for (uint32_t k = 0; k < h->n_parts; k++) {
		const struct chunk_total *totals;
		struct schema *const *schemas;
		uint32_t n;

		if (!h->parts[k].chunk || !chunk_totals(h->parts[k].chunk, &totals, &n))
			return false;
		for (uint32_t i = 0; i < n; i++)
			if (totals[i].id == table) {
				ret->n += totals[i].n;
				ret->rows += totals[i].rows;
				ret->len += totals[i].len;
			}
		chunk_schemas(h->parts[k].chunk, &schemas, &n);
		for (uint32_t i = 0; i < n; i++) {
			int index = schema_index(schemas[i], table);

			if (index < 0)
				continue;
			if (!first)
				first = schemas[i]->tables[index];
			else if (!table_schema_equal(first, schemas[i]->tables[index]))
				return false;
		}
	}
	return true;
}

/* --- heat --- */

static int part_heat(
    const struct hour *h, const struct part *p, int dirfd, struct disk_heat **ret, uint32_t *ret_n, bool *ret_owned)
{
	char name[FILE_NAME_SIZE];

	if (p->wal) {
		*ret = (struct disk_heat *)(uintptr_t)wal_heat(p->wal);
		*ret_n = p->n;
		*ret_owned = false;
		return 0;
	}
	*ret_owned = true;
	file_name(name, h->number, p->number, ".heat");
	return sidecar_read(dirfd, name, ret, ret_n);
}

int hour_heat(struct hour *h, int dirfd, const struct disk_heat **ret, uint32_t *ret_n)
{
	if (!h->has_heat) {
		struct disk_heat *all = malloc(h->n * sizeof *all);
		uint32_t n = 0;

		if (!all)
			return -ENOMEM;
		for (uint32_t k = 0; k < h->n_parts; k++) {
			struct disk_heat *entries;
			uint32_t n_part;
			bool owned;
			int r = part_heat(h, &h->parts[k], dirfd, &entries, &n_part, &owned);

			if (r < 0) {
				free(all);
				if (r == -EBADMSG)
					report(h, &h->parts[k], ".heat", 0, "cannot be read");
				return r;
			}
			/* A sidecar may have more than the chunk, where a log's run was lost. */
			for (uint32_t i = 0; i < n_part && n < h->n; i++) {
				uint32_t at;

				if (h->parts[k].wal || find_in_groups(&h->parts[k], get_le32(entries[i].seq), &at) == 0)
					all[n++] = entries[i];
			}
			if (owned)
				free(entries);
		}
		free(h->heat);
		h->heat = all;
		h->n_heat = n;
		h->has_heat = true;
	}
	*ret = h->heat;
	*ret_n = h->n_heat;
	return 0;
}

/* --- time --- */

int hour_at(struct hour *h, int64_t time_ms, uint32_t *ret_i)
{
	int64_t best = INT64_MIN;
	bool found = false;

	/* Clocks step back: every part, and every snapshot of the groups that can hold the answer, is looked at. */
	for (uint32_t k = 0; k < h->n_parts; k++) {
		struct part *p = &h->parts[k];
		const struct listing *l;
		int r;

		if (p->n == 0 || p->min_ms > time_ms || p->max_ms < best)
			continue;
		r = part_listing(h, p, &l);
		if (r < 0)
			return r;
		for (uint32_t i = 0; i < l->n; i++)
			if (l->time_ms[i] <= time_ms && l->time_ms[i] >= best) {
				best = l->time_ms[i];
				*ret_i = p->base + i;
				found = true;
			}
	}
	return found ? 0 : -ENOENT;
}

void hour_shrink(struct hour *h)
{
	for (uint32_t i = 0; i < h->n_parts; i++)
		if (h->parts[i].chunk)
			chunk_forget_listing(h->parts[i].chunk);
	free(h->heat);
	h->heat = NULL;
	h->has_heat = false;
}
