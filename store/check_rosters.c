/* check_rosters.c -- checks of what a sealed hour stores of its tables' rows */
#include "store/check_rosters.h"

#include "store/rosters.h"

/* A table whose rows are stored, and the same taken from the groups. */
struct pair {
	uint16_t id;
	struct roster *stored, *made;
};

struct pairs {
	struct pair *list;
	uint32_t n;
};

static void pairs_done(struct pairs *p)
{
	for (uint32_t i = 0; i < p->n; i++) {
		roster_free(p->list[i].stored);
		roster_free(p->list[i].made);
	}
	free(p->list);
}

static int add_pair(struct pairs *p, uint16_t id, struct roster *stored)
{
	_cleanup_(cleanup_roster) struct roster *s = stored, *made = NULL;
	struct pair *list = realloc(p->list, (p->n + 1) * sizeof *list);
	int r = list ? roster_new(&made) : -ENOMEM;

	if (list)
		p->list = list;
	if (r < 0)
		return r;
	list[p->n++] = (struct pair){.id = id, .stored = TAKE(s), .made = TAKE(made)};
	return 0;
}

/* All tables of the chunk that the section has. */
static int find_pairs(struct check *c, struct chunk *chunk, struct span section, uint64_t off, struct pairs *p)
{
	const struct chunk_total *totals;
	uint32_t n;

	if (!chunk_totals(chunk, &totals, &n))
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		struct roster *stored;
		int r = rosters_find(section, totals[i].id, chunk_n(chunk), &stored);

		if (r == -EBADMSG)
			check_problem(c, off, "the roster of table %u does not decode", totals[i].id);
		else if (r == 0)
			r = add_pair(p, totals[i].id, stored);
		if (r == -ENOMEM)
			return r;
	}
	return 0;
}

static int take_group(struct pairs *p, struct group *g, uint32_t base)
{
	int r = 0;

	for (uint32_t i = 0; i < p->n && r == 0; i++) {
		_cleanup_(cleanup_table_reader) struct table_reader *reader = NULL;
		int index = schema_index(group_schema(g), p->list[i].id);

		if (index < 0)
			continue;
		r = group_reader(g, (uint32_t)index, NULL, 0, &reader);
		if (r == 0)
			r = roster_take(p->list[i].made, reader, 0, group_n(g), base);
	}
	return r;
}

static int compare(struct check *c, const struct pair *p, uint32_t n_snapshots, uint64_t off)
{
	_cleanup_(buf_done) struct buf a = {0}, b = {0};
	bool same =
	    roster_n(p->stored) == roster_n(p->made) && roster_n_columns(p->stored) == roster_n_columns(p->made);

	if (same) {
		roster_encode(p->stored, n_snapshots, &a);
		roster_encode(p->made, n_snapshots, &b);
		if (a.err < 0 || b.err < 0)
			return -ENOMEM;
		same = a.len == b.len && memcmp(a.p, b.p, a.len) == 0;
	}
	if (!same)
		check_problem(c, off, "the roster of table %u is not what the groups have", p->id);
	return 0;
}

int check_rosters(struct check *c, const struct sealed *s, struct chunk *chunk)
{
	_cleanup_(pairs_done) struct pairs p = {0};
	_cleanup_(buf_done) struct buf section = {0};
	const struct chunk_group *groups;
	uint32_t n_groups;
	uint64_t off;
	int r = sealed_find(s, FRAME_ROSTERS, 0, &off);

	/* A chunk need not have them. */
	if (r == 0)
		r = sealed_read(s, off, FRAME_ROSTERS, &section);
	if (r == 0)
		r = find_pairs(c, chunk, span_of(section.p, section.len), off, &p);
	chunk_groups(chunk, &groups, &n_groups);
	for (uint32_t i = 0; i < n_groups && p.n > 0 && r == 0; i++) {
		_cleanup_(cleanup_group) struct group *g = NULL;

		r = chunk_load(chunk, i, c->unpacker, &g);
		if (r == 0)
			r = take_group(&p, g, groups[i].first);
	}
	for (uint32_t i = 0; i < p.n && r == 0; i++)
		r = compare(c, &p.list[i], chunk_n(chunk), off);
	return r == -ENOENT || r == -EBADMSG ? 0 : r;
}
