/* group_writer.c -- snapshots into groups: times, strings and the tables' sections */
#include "store/group_writer.h"

#include "store/table_writer.h"

struct moment {
	int64_t time_ms;
	uint64_t boot_us;
};

struct group_writer {
	struct strpool *pool;
	struct schema *schema;
	struct table_writer **tables; /* by index in the schema */
	struct id_list ids;

	bool based;
	uint32_t n;
	uint64_t boot;
	struct moment *moments;
	uint32_t cap_moments;
	bool keep_sizes;
};

int group_writer_new(struct strpool *pool, struct group_writer **ret)
{
	_cleanup_(cleanup_group_writer) struct group_writer *w = calloc(1, sizeof *w);
	int r;

	if (!w)
		return -ENOMEM;
	w->pool = pool;
	r = schema_new(0, &w->schema);
	if (r == 0)
		r = schema_seal(w->schema);
	if (r < 0)
		return r;
	*ret = TAKE(w);
	return 0;
}

static void free_tables(struct table_writer **tables, uint32_t n)
{
	for (uint32_t i = 0; tables && i < n; i++)
		if (tables[i])
			table_writer_free(tables[i]);
	free(tables);
}

void group_writer_free(struct group_writer *w)
{
	if (w->schema) {
		free_tables(w->tables, w->schema->n_tables);
		schema_free(w->schema);
	}
	free(w->ids.ids);
	free(w->moments);
	free(w);
}

const struct schema *group_writer_schema(const struct group_writer *w)
{
	return w->schema;
}

void group_writer_keep_sizes(struct group_writer *w)
{
	w->keep_sizes = true;
	for (uint32_t i = 0; w->tables && i < w->schema->n_tables; i++)
		table_writer_keep_sizes(w->tables[i]);
}

bool group_writer_fits(const struct group_writer *w, const struct snapshot *s)
{
	for (uint32_t i = 0; i < s->n_tables; i++) {
		const struct table_schema *t = s->tables[i]->schema;
		int index = schema_index(w->schema, t->id);

		if (s->tables[i]->absent)
			continue;
		if (index < 0 || !table_schema_equal(w->schema->tables[index], t))
			return false;
	}
	return true;
}

void group_writer_begin(struct group_writer *w, bool based)
{
	w->based = based;
	w->n = 0;
	w->ids.n = 0;
	if (!based)
		strpool_clear_marks(w->pool);
	for (uint32_t i = 0; w->tables && i < w->schema->n_tables; i++)
		table_writer_begin(w->tables[i], based);
}

/* The schema that has this snapshot's tables besides those known, under a new number. */
static int next_schema(const struct group_writer *w, const struct snapshot *s, struct schema **ret)
{
	_cleanup_(cleanup_schema) struct schema *schema = NULL;
	int r = schema_new((uint16_t)(w->schema->number + 1), &schema);

	for (uint32_t i = 0; i < w->schema->n_tables && r == 0; i++)
		r = schema_set(schema, w->schema->tables[i]);
	for (uint32_t i = 0; i < s->n_tables && r == 0; i++)
		if (!s->tables[i]->absent)
			r = schema_set(schema, s->tables[i]->schema);
	if (r == 0)
		r = schema_seal(schema);
	if (r == 0)
		*ret = TAKE(schema);
	return r;
}

/* Goes over to another schema, which becomes the writer's, with writers of tables anew. */
static int take_schema(struct group_writer *w, struct schema *next)
{
	_cleanup_(cleanup_schema) struct schema *schema = next;
	struct table_writer **tables;
	int r = 0;

	tables = calloc(schema->n_tables + 1, sizeof *tables);
	if (!tables)
		return -ENOMEM;
	for (uint32_t i = 0; i < schema->n_tables && r == 0; i++)
		r = table_writer_new(schema->tables[i], w->pool, &w->ids, &tables[i]);
	if (r < 0) {
		free_tables(tables, schema->n_tables);
		return r;
	}
	free_tables(w->tables, w->schema->n_tables);
	schema_free(w->schema);
	w->schema = TAKE(schema);
	w->tables = tables;
	for (uint32_t i = 0; i < w->schema->n_tables; i++) {
		if (w->keep_sizes)
			table_writer_keep_sizes(tables[i]);
		table_writer_begin(tables[i], false);
	}
	return 0;
}

static int extend_schema(struct group_writer *w, const struct snapshot *s)
{
	struct schema *schema = NULL;
	int r = next_schema(w, s, &schema);

	return r < 0 ? r : take_schema(w, schema);
}

int group_writer_expect(struct group_writer *w, const struct schema *s)
{
	_cleanup_(cleanup_schema) struct schema *schema = NULL;
	int r = schema_new((uint16_t)(w->schema->number + 1), &schema);

	assert(w->n == 0 && !w->based);
	for (uint32_t i = 0; i < s->n_tables && r == 0; i++)
		r = schema_set(schema, s->tables[i]);
	if (r == 0)
		r = schema_seal(schema);
	return r < 0 ? r : take_schema(w, TAKE(schema));
}

bool group_writer_has_room(const struct group_writer *w, const struct snapshot *s)
{
	for (uint32_t i = 0; i < s->n_tables; i++) {
		int index = schema_index(w->schema, s->tables[i]->schema->id);

		if (!s->tables[i]->absent && index >= 0 &&
		    !table_writer_has_room(w->tables[index], s->tables[i]->n_rows))
			return false;
	}
	return w->n < GROUP_N_MAX;
}

int group_writer_add(struct group_writer *w, const struct snapshot *s)
{
	int r = 0;

	if (!group_writer_fits(w, s)) {
		if (w->based || w->n > 0)
			return -EINVAL;
		r = extend_schema(w, s);
	}
	if (r == 0 && w->n > 0 && s->boot != w->boot)
		return -EINVAL;
	if (r == 0 && w->n == GROUP_N_MAX)
		return -EMSGSIZE;
	if (r == 0 && w->n == w->cap_moments) {
		uint32_t cap = w->cap_moments ? 2 * w->cap_moments : 64;
		struct moment *p = realloc(w->moments, cap * sizeof *p);

		if (!p)
			return -ENOMEM;
		w->moments = p;
		w->cap_moments = cap;
	}
	if (r < 0)
		return r;
	w->boot = s->boot;
	w->moments[w->n] = (struct moment){s->time_ms, s->boot_us};
	for (uint32_t i = 0, k = 0; i < w->schema->n_tables && r == 0; i++) {
		uint16_t id = w->schema->tables[i]->id;

		while (k < s->n_tables && s->tables[k]->schema->id < id)
			k++;
		r = table_writer_add(
		    w->tables[i], w->n, k < s->n_tables && s->tables[k]->schema->id == id ? s->tables[k] : NULL);
	}
	if (r == 0)
		w->n++;
	return r;
}

uint32_t group_writer_n(const struct group_writer *w)
{
	return w->n;
}

size_t group_writer_size(const struct group_writer *w)
{
	size_t len = 16 * (size_t)w->n + 64 * (size_t)w->ids.n;

	for (uint32_t i = 0; w->tables && i < w->schema->n_tables; i++)
		len += table_writer_size(w->tables[i]);
	return len;
}

bool group_writer_sizes(const struct group_writer *w, uint32_t index, uint64_t *ret_rows, uint64_t *ret_len)
{
	return table_writer_sizes(w->tables[index], ret_rows, ret_len);
}

static void put_times(const struct group_writer *w, struct buf *out)
{
	uint64_t d_time = 0, d_boot = 0;

	buf_put_varint(out, w->moments[0].boot_us);
	for (uint32_t i = 1; i < w->n; i++) {
		uint64_t time = (uint64_t)w->moments[i].time_ms - (uint64_t)w->moments[i - 1].time_ms;
		uint64_t boot = w->moments[i].boot_us - w->moments[i - 1].boot_us;

		buf_put_varint(out, zigzag((int64_t)(time - d_time)));
		buf_put_varint(out, zigzag((int64_t)(boot - d_boot)));
		d_time = time;
		d_boot = boot;
	}
}

static int compare_ids(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void put_strings(const struct group_writer *w, struct buf *out)
{
	int64_t before = -1;

	if (w->ids.n > 0)
		qsort(w->ids.ids, w->ids.n, sizeof *w->ids.ids, compare_ids);
	buf_put_varint(out, w->ids.n);
	for (uint32_t i = 0; i < w->ids.n; i++) {
		buf_put_varint(out, (uint64_t)(w->ids.ids[i] - before));
		before = w->ids.ids[i];
	}
	for (uint32_t i = 0; i < w->ids.n; i++)
		buf_put_varint(out, strpool_get(w->pool, w->ids.ids[i])->len);
	for (uint32_t i = 0; i < w->ids.n; i++) {
		const struct str *s = strpool_get(w->pool, w->ids.ids[i]);

		buf_put(out, s->p, s->len);
	}
}

int group_writer_finish(struct group_writer *w, struct disk_group *h, struct buf *out)
{
	_cleanup_(buf_done) struct buf section = {0};
	uint32_t n_tables = 0, n_before = 0;
	size_t start = out->len;

	assert(w->n > 0);
	put_times(w, out);
	put_strings(w, out);
	for (uint32_t i = 0; i < w->schema->n_tables; i++)
		n_tables += table_writer_used(w->tables[i]);
	buf_put_varint(out, n_tables);
	for (uint32_t i = 0; i < w->schema->n_tables; i++) {
		int r;

		if (!table_writer_used(w->tables[i]))
			continue;
		buf_clear(&section);
		r = table_writer_finish(w->tables[i], w->n, &section);
		if (r < 0)
			return r;
		buf_put_varint(out, i - n_before);
		n_before = i;
		buf_put_varint(out, section.len);
		buf_put(out, section.p, section.len);
	}
	if (out->err < 0)
		return out->err;
	if (out->len - start > GROUP_RAW_MAX)
		return -EMSGSIZE;
	*h = (struct disk_group){
	    .first_ms = put_le64((uint64_t)w->moments[0].time_ms),
	    .last_ms = put_le64((uint64_t)w->moments[w->n - 1].time_ms),
	    .boot = put_le64(w->boot),
	    .n = put_le32(w->n),
	    .raw_len = put_le32((uint32_t)(out->len - start)),
	    .schema = put_le16(w->schema->number),
	    .schema_check = put_le64(w->schema->check),
	    .flags = w->based ? GROUP_BASED : 0,
	};
	return 0;
}
