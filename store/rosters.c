/* rosters.c -- the rows of all tables of a sealed hour */
#include "store/rosters.h"

#include "store/pack.h"

enum {
	BYTES_PER_SNAPSHOT = 10,
	BYTES_AT_LEAST = 4096,
	RAW_MAX = 64 << 20,
	/* Keys times columns of a table beyond which it would not fit anyway. */
	CELLS_WORTH_STORING = 1 << 19,
};

struct one {
	uint16_t id;
	struct roster *roster; /* NULL: left out */
	struct buf packed;
	bool chosen;
};

struct rosters {
	struct one *tables; /* ascending by id */
	uint32_t n;
};

int rosters_new(struct rosters **ret)
{
	*ret = calloc(1, sizeof **ret);
	return *ret ? 0 : -ENOMEM;
}

void rosters_free(struct rosters *r)
{
	for (uint32_t i = 0; i < r->n; i++)
		if (r->tables[i].roster)
			roster_free(r->tables[i].roster);
	free(r->tables);
	free(r);
}

static int find_or_add(struct rosters *r, uint16_t id, struct one **ret)
{
	uint32_t at = 0;
	struct one *p;

	while (at < r->n && r->tables[at].id < id)
		at++;
	if (at == r->n || r->tables[at].id != id) {
		_cleanup_(cleanup_roster) struct roster *roster = NULL;
		int e = roster_new(&roster);

		if (e < 0)
			return e;
		p = realloc(r->tables, (r->n + 1) * sizeof *p);
		if (!p)
			return -ENOMEM;
		r->tables = p;
		memmove(p + at + 1, p + at, (r->n - at) * sizeof *p);
		p[at] = (struct one){.id = id, .roster = TAKE(roster)};
		r->n++;
	}
	*ret = &r->tables[at];
	return 0;
}

static int take_table(struct one *t, struct group *g, uint32_t index, uint32_t base)
{
	_cleanup_(cleanup_table_reader) struct table_reader *reader = NULL;
	int e = group_reader(g, index, NULL, 0, &reader);

	if (e == 0)
		e = roster_take(t->roster, reader, 0, group_n(g), base);
	if (e < 0)
		return e;
	if ((uint64_t)roster_n(t->roster) * roster_n_columns(t->roster) > CELLS_WORTH_STORING) {
		roster_free(t->roster);
		t->roster = NULL;
	}
	return 0;
}

int rosters_take(struct rosters *r, struct group *g, uint32_t base)
{
	const struct schema *schema = group_schema(g);
	int e = 0;

	for (uint32_t i = 0; i < schema->n_tables && e == 0; i++) {
		struct one *t;

		e = find_or_add(r, schema->tables[i]->id, &t);
		if (e == 0 && t->roster)
			e = take_table(t, g, i, base);
	}
	return e;
}

/* --- the section --- */

static int pack(struct one *tables, uint32_t n, uint32_t n_snapshots, int level)
{
	_cleanup_(buf_done) struct buf raw = {0};
	int e = 0;

	for (uint32_t i = 0; i < n && e == 0; i++) {
		/* One that is in no snapshot has nothing to say; one that is empty in all does. */
		if (!tables[i].roster || roster_n_columns(tables[i].roster) == 0)
			continue;
		buf_clear(&raw);
		roster_encode(tables[i].roster, n_snapshots, &raw);
		e = raw.err < 0 ? raw.err : pack_section(span_of(raw.p, raw.len), level, &tables[i].packed);
	}
	return e;
}

/* The smallest ones, until the room is used up. Returns how many. */
static uint32_t choose(struct one *tables, uint32_t n, uint32_t n_snapshots)
{
	uint64_t room = (uint64_t)BYTES_PER_SNAPSHOT * n_snapshots + BYTES_AT_LEAST;
	uint32_t n_chosen = 0;

	for (;;) {
		struct one *smallest = NULL;

		for (uint32_t i = 0; i < n; i++)
			if (!tables[i].chosen && tables[i].packed.len > 0 &&
			    (!smallest || tables[i].packed.len < smallest->packed.len))
				smallest = &tables[i];
		if (!smallest || smallest->packed.len > room)
			return n_chosen;
		smallest->chosen = true;
		room -= smallest->packed.len;
		n_chosen++;
	}
}

int rosters_encode(const struct rosters *r, uint32_t n_snapshots, int level, struct buf *out)
{
	int e = pack(r->tables, r->n, n_snapshots, level);

	if (e == 0) {
		buf_put_varint(out, n_snapshots);
		buf_put_varint(out, choose(r->tables, r->n, n_snapshots));
		for (uint32_t i = 0; i < r->n; i++)
			if (r->tables[i].chosen) {
				buf_put_varint(out, r->tables[i].id);
				buf_put_varint(out, r->tables[i].packed.len);
			}
		for (uint32_t i = 0; i < r->n; i++)
			if (r->tables[i].chosen)
				buf_put(out, r->tables[i].packed.p, r->tables[i].packed.len);
	}
	for (uint32_t i = 0; i < r->n; i++) {
		buf_done(&r->tables[i].packed);
		r->tables[i].chosen = false;
	}
	return e < 0 ? e : out->err;
}

int rosters_find(struct span in, uint16_t table, uint32_t n_snapshots, struct roster **ret)
{
	_cleanup_(buf_done) struct buf raw = {0};
	uint64_t n = 0, n_stored, id, before = 0, len, start = 0, found_at = 0, found_len = 0;
	struct span packed;
	int e = span_varint(&in, &n_stored);

	/* Where groups were lost with the index, places in the file have moved. */
	if (e == 0 && n_stored != n_snapshots)
		return -ENOENT;
	if (e == 0)
		e = span_varint_max(&in, SCHEMA_TABLES_MAX, &n);

	for (uint64_t i = 0; i < n && e == 0; i++) {
		e = span_varint_max(&in, TABLE_ID_MAX, &id);
		if (e == 0)
			e = span_varint_max(&in, FRAME_LEN_MAX, &len);
		if (e == 0 && (id <= before || len == 0))
			e = -EBADMSG;
		if (e < 0)
			return e;
		before = id;
		if (id == table) {
			found_at = start;
			found_len = len;
		}
		start += len;
	}
	if (e < 0 || span_left(&in) != start)
		return -EBADMSG;
	if (found_len == 0)
		return -ENOENT;
	(void)span_take(&in, found_at);
	e = span_sub(&in, found_len, &packed);
	if (e == 0)
		e = pack_open_section(packed, RAW_MAX, &raw);
	return e < 0 ? e : roster_decode(span_of(raw.p, raw.len), n_snapshots, ret);
}
