/* group.c -- groups back into snapshots */
#include "store/group.h"

struct piece {
	struct buf raw;
	uint32_t n;
	struct span *sections; /* by table index; p is NULL: not there */
};

struct lazy_table {
	struct table_reader *reader;
	uint32_t n_pieces; /* taken up */
	int err;           /* -EBADMSG once its bytes broke the format */
};

struct group {
	const struct schema *schema;
	struct strpool *pool;
	struct piece *pieces;
	uint32_t n_pieces, cap_pieces;
	int64_t *time_ms; /* by snapshot */
	uint64_t *boot_us;
	uint32_t n, cap_moments;
	uint64_t first_seq, boot;
	struct lazy_table *tables;
};

int group_new(const struct schema *schema, struct group **ret)
{
	_cleanup_(cleanup_group) struct group *g = calloc(1, sizeof *g);
	int r;

	if (!g)
		return -ENOMEM;
	g->schema = schema;
	g->tables = calloc(schema->n_tables + 1, sizeof *g->tables);
	if (!g->tables)
		return -ENOMEM;
	r = strpool_new(&g->pool);
	if (r < 0)
		return r;
	*ret = TAKE(g);
	return 0;
}

static void piece_done(struct piece *p)
{
	buf_done(&p->raw);
	free(p->sections);
}

void group_free(struct group *g)
{
	for (uint32_t i = 0; g->tables && i < g->schema->n_tables; i++)
		if (g->tables[i].reader)
			table_reader_free(g->tables[i].reader);
	free(g->tables);
	for (uint32_t i = 0; i < g->n_pieces; i++)
		piece_done(&g->pieces[i]);
	free(g->pieces);
	free(g->time_ms);
	free(g->boot_us);
	if (g->pool)
		strpool_free(g->pool);
	free(g);
}

int group_check_header(const struct disk_group *h, size_t len)
{
	uint32_t n = get_le32(h->n), raw_len = get_le32(h->raw_len), body_len = get_le32(h->body_len);

	if (n < 1 || n > GROUP_N_MAX || raw_len > GROUP_RAW_MAX || body_len > len)
		return -EBADMSG;
	if (h->codec > CODEC_ZSTD_DICT || (h->flags & ~GROUP_BASED))
		return -EBADMSG;
	if (get_le64(h->first_seq) > SEQ_MAX || get_le64(h->first_seq) + n - 1 > SEQ_MAX)
		return -EBADMSG;
	return 0;
}

static int parse_times(struct group *g, const struct disk_group *h, struct span *in)
{
	uint32_t n = get_le32(h->n), cap = g->cap_moments ? g->cap_moments : 16;
	uint64_t time = get_le64(h->first_ms), boot, d_time = 0, d_boot = 0, x;
	int r = span_varint(in, &boot);

	if (r < 0)
		return r;
	while (cap < g->n + n)
		cap *= 2;
	if (cap > g->cap_moments) {
		int64_t *times = realloc(g->time_ms, cap * sizeof *times);
		uint64_t *boots;

		if (!times)
			return -ENOMEM;
		g->time_ms = times;
		boots = realloc(g->boot_us, cap * sizeof *boots);
		if (!boots)
			return -ENOMEM;
		g->boot_us = boots;
		g->cap_moments = cap;
	}
	for (uint32_t i = 0; i < n; i++) {
		if (i > 0) {
			r = span_varint(in, &x);
			if (r < 0)
				return r;
			time += d_time += (uint64_t)unzigzag(x);
			r = span_varint(in, &x);
			if (r < 0)
				return r;
			boot += d_boot += (uint64_t)unzigzag(x);
		}
		g->time_ms[g->n + i] = (int64_t)time;
		g->boot_us[g->n + i] = boot;
	}
	return time == get_le64(h->last_ms) ? 0 : -EBADMSG;
}

static int parse_strings(struct group *g, struct span *in)
{
	_cleanup_(cleanup_free) uint32_t *ids = NULL;
	uint64_t count, gap, len, id = 0;
	struct span lens;
	int r = span_varint_max(in, STRING_ID_MAX, &count);

	if (r < 0)
		return r;
	if (count > span_left(in))
		return -EBADMSG;
	ids = malloc((count + 1) * sizeof *ids);
	if (!ids)
		return -ENOMEM;
	for (uint64_t i = 0; i < count; i++) {
		r = span_varint_max(in, STRING_ID_MAX, &gap);
		if (r < 0)
			return r;
		id += gap;
		if (gap == 0 || id > STRING_ID_MAX)
			return -EBADMSG;
		ids[i] = (uint32_t)id - 1;
	}
	/* Lengths once to find where the bytes begin, and again beside them. */
	lens = *in;
	for (uint64_t i = 0; i < count; i++) {
		r = span_varint_max(in, STRING_LEN_MAX, &len);
		if (r < 0)
			return r;
	}
	for (uint64_t i = 0; i < count; i++) {
		const void *p;

		r = span_varint(&lens, &len);
		p = r < 0 ? NULL : span_take(in, len);
		if (!p)
			return -EBADMSG;
		r = strpool_define(g->pool, ids[i], p, len);
		if (r < 0)
			return r;
	}
	return 0;
}

static int parse_sections(struct group *g, struct span *in, struct piece *p)
{
	uint64_t n_tables, gap, len, index = 0;
	int r = span_varint_max(in, g->schema->n_tables, &n_tables);

	if (r < 0)
		return r;
	p->sections = calloc(g->schema->n_tables + 1, sizeof *p->sections);
	if (!p->sections)
		return -ENOMEM;
	for (uint64_t i = 0; i < n_tables; i++) {
		r = span_varint_max(in, g->schema->n_tables, &gap);
		if (r == 0)
			r = span_varint(in, &len);
		if (r < 0)
			return r;
		index += gap;
		if (index >= g->schema->n_tables || (i > 0 && gap == 0))
			return -EBADMSG;
		r = span_sub(in, len, &p->sections[index]);
		if (r < 0)
			return r;
	}
	return span_left(in) ? -EBADMSG : 0;
}

int group_append(struct group *g, const struct disk_group *h, struct buf *raw)
{
	struct piece p = {.n = get_le32(h->n)};
	bool based = h->flags & GROUP_BASED;
	struct span in = span_of(raw->p, raw->len);
	int r = group_check_header(h, get_le32(h->body_len));

	if (r < 0)
		return r;
	if (raw->len != get_le32(h->raw_len) || based != (g->n > 0))
		return -EBADMSG;
	if (get_le16(h->schema) != g->schema->number || get_le64(h->schema_check) != g->schema->check)
		return -EBADMSG;
	if (based && (get_le64(h->first_seq) != g->first_seq + g->n || get_le64(h->boot) != g->boot))
		return -EBADMSG;
	if (g->n_pieces == g->cap_pieces) {
		uint32_t cap = g->cap_pieces ? 2 * g->cap_pieces : 1;
		struct piece *pieces = realloc(g->pieces, cap * sizeof *pieces);

		if (!pieces)
			return -ENOMEM;
		g->pieces = pieces;
		g->cap_pieces = cap;
	}
	r = parse_times(g, h, &in);
	if (r == 0)
		r = parse_strings(g, &in);
	if (r == 0)
		r = parse_sections(g, &in, &p);
	if (r < 0) {
		piece_done(&p);
		return r;
	}
	if (!based) {
		g->first_seq = get_le64(h->first_seq);
		g->boot = get_le64(h->boot);
	}
	p.raw = *raw;
	*raw = (struct buf){0};
	g->pieces[g->n_pieces++] = p;
	g->n += p.n;
	return 0;
}

uint32_t group_n(const struct group *g)
{
	return g->n;
}

uint64_t group_first_seq(const struct group *g)
{
	return g->first_seq;
}

uint64_t group_boot(const struct group *g)
{
	return g->boot;
}

const struct schema *group_schema(const struct group *g)
{
	return g->schema;
}

void group_times(const struct group *g, uint32_t s, int64_t *ret_time_ms, uint64_t *ret_boot_us)
{
	*ret_time_ms = g->time_ms[s];
	*ret_boot_us = g->boot_us[s];
}

/* Has the reader take up a piece. */
static int append_piece(const struct group *g, uint32_t index, uint32_t i, struct table_reader *reader)
{
	const struct piece *p = &g->pieces[i];

	return table_reader_append(
	    reader, p->sections[index].p ? &p->sections[index] : NULL, g->time_ms + table_reader_n(reader), p->n);
}

/* The table's reader, with all pieces taken up. */
static int reader_of(struct group *g, uint32_t index, struct table_reader **ret)
{
	struct lazy_table *t = &g->tables[index];
	int r = t->err;

	if (r == 0 && !t->reader)
		r = table_reader_new(g->schema->tables[index], g->pool, &t->reader);
	while (r == 0 && t->n_pieces < g->n_pieces) {
		r = append_piece(g, index, t->n_pieces, t->reader);
		if (r == 0)
			t->n_pieces++;
	}
	if (r < 0) {
		/* Void: a lack of memory may pass, broken bytes do not. */
		if (t->reader)
			table_reader_free(t->reader);
		t->reader = NULL;
		t->n_pieces = 0;
		t->err = r == -EBADMSG ? r : 0;
		return r;
	}
	*ret = t->reader;
	return 0;
}

int group_reader(struct group *g, uint32_t index, const uint32_t *columns, uint32_t n, struct table_reader **ret)
{
	_cleanup_(cleanup_table_reader) struct table_reader *reader = NULL;
	struct table_schema *schema = g->schema->tables[index];
	int r = columns ? table_reader_new_of(schema, columns, n, g->pool, &reader)
	                : table_reader_new(schema, g->pool, &reader);

	for (uint32_t i = 0; i < g->n_pieces && r == 0; i++)
		r = append_piece(g, index, i, reader);
	if (r == 0)
		*ret = TAKE(reader);
	return r;
}

int group_table(struct group *g, uint32_t index, uint32_t s, const struct table **ret)
{
	struct table_reader *reader;
	int r = reader_of(g, index, &reader);

	return r < 0 ? r : table_reader_at(reader, s, ret);
}

int group_fresh(struct group *g, uint32_t index, uint32_t s)
{
	struct table_reader *reader;
	int r = reader_of(g, index, &reader);

	return r < 0 ? r : table_reader_fresh(reader, s);
}

int group_text(struct group *g, uint32_t index, uint32_t s, struct span *ret)
{
	struct table_reader *reader;
	int r = reader_of(g, index, &reader);

	return r < 0 ? r : table_reader_text(reader, s, ret);
}

int group_snapshot(struct group *g, uint32_t s, struct table **tables, struct snapshot *ret)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < g->schema->n_tables; i++) {
		const struct table *t;
		int r = group_table(g, i, s, &t);

		if (r < 0 && r != -ENOENT)
			return r;
		/* Snapshots have tables that can be filled; this one's readers do not. */
		if (r == 0)
			tables[n++] = (struct table *)(uintptr_t)t;
	}
	*ret = (struct snapshot){
	    .time_ms = g->time_ms[s], .boot_us = g->boot_us[s], .boot = g->boot, .n_tables = n, .tables = tables};
	return 0;
}

size_t group_memory(const struct group *g)
{
	size_t n = sizeof *g + g->cap_moments * (sizeof *g->time_ms + sizeof *g->boot_us) + strpool_memory(g->pool);

	for (uint32_t i = 0; i < g->n_pieces; i++)
		n += g->pieces[i].raw.cap + (g->schema->n_tables + 1) * sizeof(struct span);
	for (uint32_t i = 0; i < g->schema->n_tables; i++)
		if (g->tables[i].reader)
			n += table_reader_memory(g->tables[i].reader);
	return n;
}
