/* schema.c -- tables and columns: building, comparing, laying out */
#include "store/schema.h"

#include "store/format.h"
#include "store/pack.h"

#include <ctype.h>
#include <xxhash.h>

enum { NAME_MAX_LEN = 64, UNIT_MAX_LEN = 16, PACK_LEVEL = 3 };

/* Names become names of files, so that what the format allows is also a legal and harmless path component. */
static bool name_allowed(const char *s, size_t len)
{
	if (len == 0 || len > NAME_MAX_LEN || !isalnum((unsigned char)s[0]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr("_.()-", s[i]))
			return false;
	return strlen(s) == len;
}

static bool column_allowed(const struct column *c)
{
	if (!name_allowed(c->name, strlen(c->name)) || strlen(c->unit) > UNIT_MAX_LEN)
		return false;
	if (c->type < COL_U64 || c->type > COL_STR || c->kind > KIND_COUNTER)
		return false;
	if (c->flags & ~(COL_KEY | COL_REAPED | COL_REAPMARK | COL_RESET))
		return false;
	if ((c->flags & COL_RESET) && c->type == COL_STR)
		return false;
	return c->type == COL_DEC ? c->scale <= 18 : c->scale == 0;
}

int table_schema_new(uint16_t id, const char *name, struct table_schema **ret)
{
	_cleanup_(cleanup_table_schema) struct table_schema *t = NULL;

	if (id < 1 || id > TABLE_ID_MAX || !name_allowed(name, strlen(name)))
		return -EINVAL;
	t = calloc(1, sizeof *t);
	if (!t)
		return -ENOMEM;
	t->refs = 1;
	t->id = id;
	t->name = strdup(name);
	if (!t->name)
		return -ENOMEM;
	*ret = TAKE(t);
	return 0;
}

/* Name and unit of a column, in one piece of memory that the name begins. */
static int copy_names(struct column *c)
{
	size_t name_size = strlen(c->name) + 1, unit_size = strlen(c->unit) + 1;
	char *p = malloc(name_size + unit_size);

	if (!p)
		return -ENOMEM;
	memcpy(p, c->name, name_size);
	memcpy(p + name_size, c->unit, unit_size);
	c->name = p;
	c->unit = p + name_size;
	return 0;
}

static uint32_t name_hash(const char *name)
{
	return (uint32_t)XXH3_64bits(name, strlen(name));
}

/* Room for one more column, at powers of two, so that a table of n columns costs n log n at most. */
static int grow_columns(struct table_schema *t)
{
	size_t cap = t->n_columns ? 2 * (size_t)t->n_columns : 1;
	struct column *columns;
	uint32_t *hashes;

	if (t->n_columns & (t->n_columns - 1))
		return 0;
	columns = realloc(t->columns, cap * sizeof *columns);
	if (!columns)
		return -ENOMEM;
	t->columns = columns;
	hashes = realloc(t->hashes, cap * sizeof *hashes);
	if (!hashes)
		return -ENOMEM;
	t->hashes = hashes;
	return 0;
}

int table_schema_add(struct table_schema *t, const struct column *c)
{
	struct column copy = *c;
	int r;

	if (!copy.unit)
		copy.unit = "";
	if (!copy.name || !column_allowed(&copy))
		return -EINVAL;
	if (table_schema_find(t, copy.name) >= 0)
		return -EEXIST;
	if (t->n_columns == SCHEMA_COLUMNS_MAX)
		return -EMSGSIZE;
	r = grow_columns(t);
	if (r == 0)
		r = copy_names(&copy);
	if (r < 0)
		return r;
	t->hashes[t->n_columns] = name_hash(copy.name);
	t->columns[t->n_columns++] = copy;
	return 0;
}

int table_schema_copy(const struct table_schema *t, struct table_schema **ret)
{
	_cleanup_(cleanup_table_schema) struct table_schema *copy = NULL;
	int r = table_schema_new(t->id, t->name, &copy);

	for (uint32_t i = 0; r == 0 && i < t->n_columns; i++)
		r = table_schema_add(copy, &t->columns[i]);
	if (r == 0)
		*ret = TAKE(copy);
	return r;
}

int table_schema_find(const struct table_schema *t, const char *column)
{
	uint32_t hash = name_hash(column);

	for (uint32_t i = 0; i < t->n_columns; i++)
		if (t->hashes[i] == hash && strcmp(t->columns[i].name, column) == 0)
			return (int)i;
	return -ENOENT;
}

bool column_equal(const struct column *a, const struct column *b)
{
	return a->type == b->type && a->kind == b->kind && a->flags == b->flags && a->scale == b->scale &&
	       strcmp(a->name, b->name) == 0 && strcmp(a->unit ? a->unit : "", b->unit ? b->unit : "") == 0;
}

bool table_schema_equal(const struct table_schema *a, const struct table_schema *b)
{
	if (a == b)
		return true;
	if (a->id != b->id || a->n_columns != b->n_columns || strcmp(a->name, b->name) != 0)
		return false;
	for (uint32_t i = 0; i < a->n_columns; i++)
		if (!column_equal(&a->columns[i], &b->columns[i]))
			return false;
	return true;
}

struct table_schema *table_schema_get(struct table_schema *t)
{
	t->refs++;
	return t;
}

void table_schema_put(struct table_schema *t)
{
	if (!t || --t->refs > 0)
		return;
	for (uint32_t i = 0; i < t->n_columns; i++)
		free((void *)(uintptr_t)t->columns[i].name);
	free(t->columns);
	free(t->hashes);
	free(t->name);
	free(t);
}

int schema_new(uint16_t number, struct schema **ret)
{
	struct schema *s = calloc(1, sizeof *s);

	if (!s)
		return -ENOMEM;
	s->number = number;
	*ret = s;
	return 0;
}

int schema_set(struct schema *s, struct table_schema *t)
{
	struct table_schema **tables;
	uint32_t i = 0;

	while (i < s->n_tables && s->tables[i]->id < t->id)
		i++;
	if (i < s->n_tables && s->tables[i]->id == t->id) {
		table_schema_get(t);
		table_schema_put(s->tables[i]);
		s->tables[i] = t;
		return 0;
	}
	if (s->n_tables == SCHEMA_TABLES_MAX)
		return -EMSGSIZE;
	tables = realloc(s->tables, (s->n_tables + 1) * sizeof *tables);
	if (!tables)
		return -ENOMEM;
	s->tables = tables;
	memmove(tables + i + 1, tables + i, (s->n_tables - i) * sizeof *tables);
	tables[i] = table_schema_get(t);
	s->n_tables++;
	return 0;
}

int schema_index(const struct schema *s, uint16_t id)
{
	for (uint32_t i = 0; i < s->n_tables; i++)
		if (s->tables[i]->id == id)
			return (int)i;
	return -ENOENT;
}

int schema_index_by_name(const struct schema *s, const char *name)
{
	for (uint32_t i = 0; i < s->n_tables; i++)
		if (strcmp(s->tables[i]->name, name) == 0)
			return (int)i;
	return -ENOENT;
}

bool schema_equal(const struct schema *a, const struct schema *b)
{
	if (a->number != b->number || a->n_tables != b->n_tables)
		return false;
	for (uint32_t i = 0; i < a->n_tables; i++)
		if (!table_schema_equal(a->tables[i], b->tables[i]))
			return false;
	return true;
}

static void put_string(struct buf *out, const char *s)
{
	size_t len = strlen(s);

	buf_put_varint(out, len);
	buf_put(out, s, len);
}

void schema_encode(const struct schema *s, struct buf *out)
{
	buf_put_varint(out, s->number);
	buf_put_varint(out, s->n_tables);
	for (uint32_t i = 0; i < s->n_tables; i++) {
		const struct table_schema *t = s->tables[i];

		buf_put_varint(out, t->id);
		put_string(out, t->name);
		buf_put_varint(out, t->n_columns);
		for (uint32_t j = 0; j < t->n_columns; j++) {
			const struct column *c = &t->columns[j];

			put_string(out, c->name);
			put_string(out, c->unit);
			buf_put_u8(out, c->type);
			buf_put_u8(out, c->kind);
			buf_put_u8(out, c->flags);
			buf_put_u8(out, c->scale);
		}
	}
}

int schema_seal(struct schema *s)
{
	_cleanup_(buf_done) struct buf b = {0};

	schema_encode(s, &b);
	s->check = XXH3_64bits(b.p, b.len);
	return b.err;
}

static int take_string(struct span *in, char ret[NAME_MAX_LEN + 1], size_t max)
{
	uint64_t len;
	const char *p;
	int r = span_varint_max(in, max, &len);

	if (r < 0)
		return r;
	p = span_take(in, len);
	if (!p)
		return -EBADMSG;
	memcpy(ret, p, len);
	ret[len] = 0;
	return strlen(ret) == len ? 0 : -EBADMSG;
}

static int decode_column(struct span *in, struct table_schema *t)
{
	char name[NAME_MAX_LEN + 1], unit[NAME_MAX_LEN + 1];
	struct column c = {.name = name, .unit = unit};
	const uint8_t *p;
	int r = take_string(in, name, NAME_MAX_LEN);

	if (r == 0)
		r = take_string(in, unit, UNIT_MAX_LEN);
	if (r < 0)
		return r;
	p = span_take(in, 4);
	if (!p)
		return -EBADMSG;
	c.type = p[0];
	c.kind = p[1];
	c.flags = p[2];
	c.scale = p[3];
	r = table_schema_add(t, &c);
	return r == -ENOMEM ? r : r < 0 ? -EBADMSG : 0;
}

static int decode_table(struct span *in, struct schema *s)
{
	_cleanup_(cleanup_table_schema) struct table_schema *t = NULL;
	char name[NAME_MAX_LEN + 1];
	uint64_t id, n_columns;
	int r = span_varint_max(in, TABLE_ID_MAX, &id);

	if (r == 0)
		r = take_string(in, name, NAME_MAX_LEN);
	if (r == 0)
		r = span_varint_max(in, SCHEMA_COLUMNS_MAX, &n_columns);
	if (r < 0)
		return r;
	r = table_schema_new((uint16_t)id, name, &t);
	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	if (s->n_tables > 0 && s->tables[s->n_tables - 1]->id >= t->id)
		return -EBADMSG;
	if (schema_index_by_name(s, name) >= 0)
		return -EBADMSG;
	for (uint64_t i = 0; r == 0 && i < n_columns; i++)
		r = decode_column(in, t);
	return r < 0 ? r : schema_set(s, t);
}

int schema_decode(struct span in, struct schema **ret)
{
	_cleanup_(cleanup_schema) struct schema *s = NULL;
	uint64_t number, n_tables, check = XXH3_64bits(in.p, span_left(&in));
	int r = span_varint_max(&in, UINT16_MAX, &number);

	if (r == 0)
		r = span_varint_max(&in, SCHEMA_TABLES_MAX, &n_tables);
	if (r == 0)
		r = schema_new((uint16_t)number, &s);
	for (uint64_t i = 0; r == 0 && i < n_tables; i++)
		r = decode_table(&in, s);
	if (r < 0)
		return r;
	if (span_left(&in) > 0)
		return -EBADMSG;
	s->check = check;
	*ret = TAKE(s);
	return 0;
}

int schema_pack(const struct schema *s, struct buf *out)
{
	_cleanup_(buf_done) struct buf raw = {0};

	schema_encode(s, &raw);
	if (raw.err < 0)
		return raw.err;
	if (raw.len > SCHEMA_RAW_MAX)
		return -EMSGSIZE;
	return pack_section(span_of(raw.p, raw.len), PACK_LEVEL, out);
}

int schema_unpack(struct span payload, struct schema **ret)
{
	_cleanup_(buf_done) struct buf raw = {0};
	int r = pack_open_section(payload, SCHEMA_RAW_MAX, &raw);

	return r < 0 ? r : schema_decode(span_of(raw.p, raw.len), ret);
}

void schema_free(struct schema *s)
{
	for (uint32_t i = 0; i < s->n_tables; i++)
		table_schema_put(s->tables[i]);
	free(s->tables);
	free(s);
}
