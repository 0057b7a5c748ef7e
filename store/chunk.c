/* chunk.c -- reading a sealed hour
 *
 * Every section but the groups is there twice or can be made anew (docs/format.md, section 8), so that one damaged
 * place costs at most one group.
 */
#include "store/chunk.h"
#include "store/rosters.h"
#include "store/text.h"

enum { ENDS_LEN = 64 << 10 };

struct chunk {
	struct sealed *file;
	struct disk_meta meta;
	struct schema **schemas;
	uint32_t n_schemas;
	struct chunk_group *groups;
	uint32_t n_groups, n;
	struct chunk_total *totals;
	uint32_t n_totals;
	bool has_totals;
	struct buf dict;
	bool has_listing;
	struct listing listing;
	uint64_t damage_off;
	const char *damage;
};

const struct file_id *chunk_id(const struct chunk *c)
{
	return sealed_id(c->file);
}

const struct disk_meta *chunk_meta(const struct chunk *c)
{
	return &c->meta;
}

uint64_t chunk_len(const struct chunk *c)
{
	return sealed_len(c->file);
}

uint32_t chunk_n(const struct chunk *c)
{
	return c->n;
}

void chunk_groups(const struct chunk *c, const struct chunk_group **ret, uint32_t *ret_n)
{
	*ret = c->groups;
	*ret_n = c->n_groups;
}

bool chunk_totals(const struct chunk *c, const struct chunk_total **ret, uint32_t *ret_n)
{
	*ret = c->totals;
	*ret_n = c->n_totals;
	return c->has_totals;
}

void chunk_schemas(const struct chunk *c, struct schema *const **ret, uint32_t *ret_n)
{
	*ret = c->schemas;
	*ret_n = c->n_schemas;
}

bool chunk_damage(const struct chunk *c, uint64_t *ret_off, const char **ret_what)
{
	*ret_off = c->damage_off;
	*ret_what = c->damage;
	return c->damage;
}

static void note_damage(struct chunk *c, uint64_t off, const char *what)
{
	if (!c->damage) {
		c->damage = what;
		c->damage_off = off;
	}
}

/* Reads the first copy of a section that is whole. */
static int read_copy(struct chunk *c, enum frame_type type, const char *what, struct buf *ret)
{
	int r = -EBADMSG;
	uint64_t off;

	for (size_t at = 0; sealed_next(c->file, type, &at, &off) == 0;) {
		r = sealed_read(c->file, off, type, ret);
		if (r != -EBADMSG)
			return r;
		note_damage(c, off, what);
	}
	return r;
}

/* --- opening --- */

static bool has_schema(const struct chunk *c, uint32_t number)
{
	for (uint32_t i = 0; i < c->n_schemas; i++)
		if (c->schemas[i]->number == number)
			return true;
	return false;
}

static bool has_all_schemas(const struct chunk *c)
{
	for (uint32_t i = 0; i < c->n_groups; i++)
		if (!has_schema(c, c->groups[i].schema))
			return false;
	return true;
}

/* In the order in which they came into use, whichever copy they are read from. */
static int add_schema(struct chunk *c, struct schema *s)
{
	struct schema **p = realloc(c->schemas, (c->n_schemas + 1) * sizeof *p);
	uint32_t at = c->n_schemas;

	if (!p)
		return -ENOMEM;
	c->schemas = p;
	for (; at > 0 && p[at - 1]->number > s->number; at--)
		p[at] = p[at - 1];
	p[at] = s;
	c->n_schemas++;
	return 0;
}

static int read_schemas(struct chunk *c)
{
	_cleanup_(buf_done) struct buf b = {0};
	uint64_t off;

	for (size_t at = 0; sealed_next(c->file, FRAME_SCHEMA, &at, &off) == 0;) {
		_cleanup_(cleanup_schema) struct schema *s = NULL;
		int r;

		/* The second copies are needed only if a first one is damaged. */
		if (has_all_schemas(c))
			break;
		r = sealed_read(c->file, off, FRAME_SCHEMA, &b);
		if (r == 0)
			r = schema_unpack(span_of(b.p, b.len), &s);
		if (r == -EBADMSG) {
			note_damage(c, off, "schema");
			continue;
		}
		if (r < 0)
			return r;
		if (has_schema(c, s->number))
			continue;
		r = add_schema(c, s);
		if (r < 0)
			return r;
		s = NULL; /* the chunk's now */
	}
	return c->n_schemas > 0 ? 0 : -EBADMSG;
}

static int parse_totals(struct chunk *c, struct span *in)
{
	uint64_t n, id, before = 0;
	int r = span_varint_max(in, SCHEMA_TABLES_MAX, &n);

	if (r < 0)
		return r;
	c->totals = calloc(n + 1, sizeof *c->totals);
	if (!c->totals)
		return -ENOMEM;
	for (uint64_t i = 0; i < n && r == 0; i++) {
		struct chunk_total *t = &c->totals[i];

		r = span_varint_max(in, TABLE_ID_MAX, &id);
		if (r == 0 && id <= before)
			r = -EBADMSG;
		before = id;
		t->id = (uint16_t)id;
		if (r == 0)
			r = span_varint(in, &t->n);
		if (r == 0)
			r = span_varint(in, &t->rows);
		if (r == 0)
			r = span_varint(in, &t->len);
	}
	c->n_totals = (uint32_t)n;
	return r < 0 ? r : span_left(in) ? -EBADMSG : 0;
}

static int parse_index(struct chunk *c, struct span in)
{
	uint64_t n, next_seq = 0;
	int r = span_varint_max(&in, SEQ_MAX, &n);

	if (r < 0 || n == 0 || n > span_left(&in) / sizeof(struct disk_index_entry))
		return -EBADMSG;
	c->groups = calloc(n, sizeof *c->groups);
	if (!c->groups)
		return -ENOMEM;
	for (uint64_t i = 0; i < n; i++) {
		const struct disk_index_entry *e = span_take(&in, sizeof *e);
		struct chunk_group *g = &c->groups[i];
		uint64_t first_seq = get_le64(e->first_seq);

		g->off = get_le64(e->off);
		g->len = get_le32(e->len);
		g->n = get_le16(e->n);
		g->schema = get_le16(e->schema);
		if (g->n < 1 || g->n > GROUP_N_MAX || first_seq < next_seq || first_seq + g->n - 1 > SEQ_MAX)
			return -EBADMSG;
		g->first = c->n;
		g->first_seq = (uint32_t)first_seq;
		g->first_ms = (int64_t)get_le64(e->first_ms);
		g->min_ms = (int64_t)get_le64(e->min_ms);
		g->max_ms = (int64_t)get_le64(e->max_ms);
		c->n += g->n;
		next_seq = first_seq + g->n;
	}
	c->n_groups = (uint32_t)n;
	r = parse_totals(c, &in);
	c->has_totals = r == 0;
	return r;
}

/* Without the index: the groups' own headers, where the groups lie. */
static int find_groups(struct chunk *c)
{
	_cleanup_(buf_done) struct buf b = {0};
	uint64_t off, next_seq = 0;

	free(c->groups);
	c->groups = NULL;
	c->n_groups = c->n = 0;
	c->has_totals = false;
	for (size_t at = 0; sealed_next(c->file, FRAME_GROUP, &at, &off) == 0;) {
		struct chunk_group *p;
		struct disk_group h;
		int r = sealed_read(c->file, off, FRAME_GROUP, &b);

		if (r == -EBADMSG || (r == 0 && b.len < sizeof h))
			continue;
		if (r < 0)
			return r;
		memcpy(&h, b.p, sizeof h);
		if (group_check_header(&h, b.len - sizeof h) < 0 || get_le64(h.first_seq) < next_seq)
			continue;
		p = realloc(c->groups, (c->n_groups + 1) * sizeof *p);
		if (!p)
			return -ENOMEM;
		c->groups = p;
		p[c->n_groups++] = (struct chunk_group){
		    .off = off,
		    .len = (uint32_t)b.len,
		    .first = c->n,
		    .n = get_le32(h.n),
		    .schema = get_le16(h.schema),
		    .first_seq = (uint32_t)get_le64(h.first_seq),
		    .first_ms = (int64_t)get_le64(h.first_ms),
		    .max_ms = (int64_t)get_le64(h.last_ms),
		};
		c->n += get_le32(h.n);
		next_seq = get_le64(h.first_seq) + get_le32(h.n);
	}
	return c->n_groups > 0 ? 0 : -EBADMSG;
}

static int read_index(struct chunk *c)
{
	_cleanup_(buf_done) struct buf b = {0};
	int r = read_copy(c, FRAME_INDEX, "index", &b);

	return r < 0 ? r : parse_index(c, span_of(b.p, b.len));
}

/* The file with every frame in its table of contents, groups too. */
static int salvage(int dirfd, const char *name, struct chunk *c)
{
	struct sealed *s;
	int r = sealed_salvage(dirfd, name, KIND_CHUNK, &s);

	if (r < 0)
		return r;
	if (c->file)
		sealed_close(c->file);
	c->file = s;
	return 0;
}

static int read_meta(struct chunk *c)
{
	_cleanup_(buf_done) struct buf b = {0};
	const struct chunk_group *last = &c->groups[c->n_groups - 1];
	int r = read_copy(c, FRAME_META, "meta", &b);

	if (r == 0 && b.len >= sizeof c->meta) {
		memcpy(&c->meta, b.p, sizeof c->meta);
		return 0;
	}
	if (r < 0 && r != -EBADMSG)
		return r;
	/* What the index knows; the log's id is lost, so that a log that lies beside it is not taken for this. */
	c->meta = (struct disk_meta){
	    .n = put_le64(c->n),
	    .first_seq = put_le64(c->groups[0].first_seq),
	    .last_seq = put_le64((uint64_t)last->first_seq + last->n - 1),
	    .first_ms = put_le64((uint64_t)c->groups[0].first_ms),
	    .last_ms = put_le64((uint64_t)last->max_ms),
	    .text_version = put_le32(0),
	};
	return 0;
}

/* From the schemas' numbers to their places. */
static int resolve_schemas(struct chunk *c)
{
	for (uint32_t i = 0; i < c->n_groups; i++) {
		uint32_t k = 0;

		while (k < c->n_schemas && c->schemas[k]->number != c->groups[i].schema)
			k++;
		if (k == c->n_schemas)
			return -EBADMSG;
		c->groups[i].schema = k;
	}
	return 0;
}

/* The smallest and the largest time, which a group's header does not have: the clock may have stepped within it. */
static int measure_groups(struct chunk *c)
{
	const struct listing *l;
	int r = chunk_listing(c, &l);

	for (uint32_t i = 0; r == 0 && i < c->n_groups; i++) {
		struct chunk_group *g = &c->groups[i];

		g->min_ms = g->max_ms = g->first_ms;
		for (uint32_t k = g->first; k < g->first + g->n; k++) {
			g->min_ms = l->time_ms[k] < g->min_ms ? l->time_ms[k] : g->min_ms;
			g->max_ms = l->time_ms[k] > g->max_ms ? l->time_ms[k] : g->max_ms;
		}
	}
	return r;
}

int chunk_open(int dirfd, const char *name, struct chunk **ret)
{
	_cleanup_(cleanup_chunk) struct chunk *c = calloc(1, sizeof *c);
	int r;

	if (!c)
		return -ENOMEM;
	r = sealed_open(dirfd, name, KIND_CHUNK, &c->file);
	/* All but the groups lies at both ends: from a disk it comes in two pieces then, and not in ten. */
	if (r == 0)
		sealed_prefetch(c->file, ENDS_LEN);
	if (r == -EBADMSG) {
		r = salvage(dirfd, name, c);
		note_damage(c, 0, "footer or table of contents");
	}
	if (r < 0)
		return r;
	r = read_index(c);
	if (r == -EBADMSG) {
		r = salvage(dirfd, name, c);
		if (r == 0)
			r = find_groups(c);
	}
	if (r == 0)
		r = read_schemas(c);
	if (r == 0)
		r = resolve_schemas(c);
	if (r == 0)
		r = read_meta(c);
	if (r == 0 && !c->has_totals)
		r = measure_groups(c);
	if (r < 0)
		return r;
	*ret = TAKE(c);
	return 0;
}

void chunk_close(struct chunk *c)
{
	if (c->file)
		sealed_close(c->file);
	for (uint32_t i = 0; i < c->n_schemas; i++)
		schema_free(c->schemas[i]);
	free(c->schemas);
	free(c->groups);
	free(c->totals);
	buf_done(&c->dict);
	listing_done(&c->listing);
	free(c);
}

static int need_dict(struct chunk *c)
{
	_cleanup_(buf_done) struct buf b = {0};
	int r;

	if (c->dict.len > 0)
		return 0;
	r = read_copy(c, FRAME_DICT, "dictionary", &b);
	return r < 0 ? r : pack_open_section(span_of(b.p, b.len), GROUP_RAW_MAX, &c->dict);
}

/* --- groups --- */

int chunk_load(struct chunk *c, uint32_t i, struct unpacker *u, struct group **ret)
{
	_cleanup_(buf_done) struct buf b = {0}, raw = {0};
	_cleanup_(cleanup_group) struct group *g = NULL;
	const struct chunk_group *cg = &c->groups[i];
	struct disk_group h;
	int r = sealed_read(c->file, cg->off, FRAME_GROUP, &b);

	if (r < 0)
		return r;
	if (b.len < sizeof h)
		return -EBADMSG;
	memcpy(&h, b.p, sizeof h);
	r = group_check_header(&h, b.len - sizeof h);
	if (r == 0 && (get_le32(h.n) != cg->n || get_le64(h.first_seq) != cg->first_seq ||
	                  get_le32(h.body_len) != b.len - sizeof h))
		r = -EBADMSG;
	if (r == 0 && h.codec == CODEC_ZSTD_DICT)
		r = need_dict(c);
	if (r == 0)
		r = unpacker_unpack(u, h.codec, span_of(b.p + sizeof h, b.len - sizeof h),
		    span_of(c->dict.p, c->dict.len), get_le32(h.raw_len), &raw);
	if (r < 0)
		return r;
	if (get_le16(h.schema) != c->schemas[cg->schema]->number)
		return -EBADMSG;
	r = group_new(c->schemas[cg->schema], &g);
	if (r == 0)
		r = group_append(g, &h, &raw);
	if (r == 0)
		*ret = TAKE(g);
	return r;
}

/* --- the listing --- */

static int list_group(struct chunk *c, uint32_t i, struct unpacker *u, struct listing *l)
{
	_cleanup_(cleanup_group) struct group *g = NULL;
	int r = chunk_load(c, i, u, &g);

	for (uint32_t s = 0; r == 0 && s < group_n(g); s++) {
		int64_t time;
		uint64_t boot;

		group_times(g, s, &time, &boot);
		r = listing_add(l, c->groups[i].first_seq + s, time);
		for (uint32_t k = 0; r == 0 && k < group_schema(g)->n_tables; k++) {
			const struct table *t;

			r = group_table(g, k, s, &t);
			if (r == 0)
				r = listing_set(l, t->schema->id, t->n_rows, text_table_len(t));
			else if (r == -ENOENT)
				r = 0;
		}
	}
	return r;
}

/* From the groups themselves. What a damaged one held keeps its place: number, a time as good as the index has it, no
 * sizes. */
static int make_listing(struct chunk *c, struct listing *l)
{
	_cleanup_(cleanup_unpacker) struct unpacker *u = NULL;
	int r = unpacker_new(&u);

	for (uint32_t i = 0; r == 0 && i < c->n_groups; i++) {
		const struct chunk_group *g = &c->groups[i];

		r = list_group(c, i, u, l);
		if (r != -EBADMSG)
			continue;
		note_damage(c, g->off, "group");
		r = 0;
		for (uint32_t s = l->n - g->first; r == 0 && s < g->n; s++)
			r = listing_add(l, g->first_seq + s, g->first_ms);
	}
	return r;
}

int chunk_listing(struct chunk *c, const struct listing **ret)
{
	_cleanup_(buf_done) struct buf b = {0}, raw = {0};
	int r = -EBADMSG;

	*ret = &c->listing;
	if (c->has_listing)
		return 0;
	if (get_le32(c->meta.text_version) == TEXT_VERSION)
		r = read_copy(c, FRAME_LISTING, "listing", &b);
	if (r == 0)
		r = pack_open_section(span_of(b.p, b.len), GROUP_RAW_MAX, &raw);
	if (r == 0)
		r = listing_decode(span_of(raw.p, raw.len), &c->listing);
	if (r == 0 && c->listing.n != c->n) {
		listing_done(&c->listing);
		r = -EBADMSG;
	}
	if (r == -EBADMSG) {
		r = make_listing(c, &c->listing);
		if (r < 0)
			listing_done(&c->listing);
	}
	c->has_listing = r == 0;
	return r;
}

int chunk_roster(struct chunk *c, uint16_t table, struct roster **ret)
{
	_cleanup_(buf_done) struct buf b = {0};
	uint64_t off;
	int r;

	if (get_le32(c->meta.text_version) != TEXT_VERSION)
		return -ENOENT;
	r = read_copy(c, FRAME_ROSTERS, "rosters", &b);
	if (r == 0)
		r = rosters_find(span_of(b.p, b.len), table, c->n, ret);
	if (r == -EBADMSG && sealed_find(c->file, FRAME_ROSTERS, 0, &off) == 0)
		note_damage(c, off, "rosters");
	return r == -EBADMSG ? -ENOENT : r;
}

void chunk_forget_listing(struct chunk *c)
{
	listing_done(&c->listing);
	c->has_listing = false;
}

size_t chunk_memory(const struct chunk *c)
{
	return sizeof *c + c->dict.cap + listing_memory(&c->listing) + c->n_groups * sizeof *c->groups;
}
