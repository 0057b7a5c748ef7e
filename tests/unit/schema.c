/* schema.c -- tables and columns: what is allowed, what is the same, and how it comes back from a file */
#include "store/schema.h"
#include "store/format.h"
#include "tests/tap.h"

#include <stdio.h>

static const struct column plain = {.name = "n", .unit = "ticks", .type = COL_U64, .kind = KIND_COUNTER};

static struct table_schema *table(uint16_t id, const char *name, unsigned n_columns)
{
	struct table_schema *t;

	if (table_schema_new(id, name, &t) < 0)
		abort();
	for (unsigned i = 0; i < n_columns; i++) {
		struct column c = plain;
		char column[16];

		snprintf(column, sizeof column, "c%u", i);
		c.name = column;
		ok_r(table_schema_add(t, &c));
	}
	return t;
}

static void set(struct schema *s, struct table_schema *t)
{
	ok_r(schema_set(s, t));
	table_schema_put(t);
}

static void names_are_harmless_in_a_path(void)
{
	static const char *const bad[] = {"", ".", "..", ".x", "-x", "a/b", "a b", "a\n", "\xc3\xa4",
	    "12345678901234567890123456789012345678901234567890123456789012345"};
	static const char *const good[] = {"a", "0", "pg_stat_activity", "node-1.x", "Inactive(anon)_kb",
	    "1234567890123456789012345678901234567890123456789012345678901234"};
	_cleanup_(cleanup_table_schema) struct table_schema *t = table(1, "t", 0);
	struct table_schema *other;

	for (unsigned i = 0; i < N_ELEMENTS(bad); i++) {
		struct column c = plain;

		c.name = bad[i];
		eq(table_schema_add(t, &c), -EINVAL);
		eq(table_schema_new(1, bad[i], &other), -EINVAL);
	}
	for (unsigned i = 0; i < N_ELEMENTS(good); i++) {
		struct column c = plain;

		c.name = good[i];
		ok_r(table_schema_add(t, &c));
	}
	eq(table_schema_new(0, "t", &other), -EINVAL);
	eq(table_schema_new(TABLE_ID_MAX + 1, "t", &other), -EINVAL);
}

static void a_column_is_of_a_known_type(void)
{
	static const struct column bad[] = {
	    {.name = "x", .type = 0},
	    {.name = "x", .type = COL_STR + 1},
	    {.name = "x", .type = COL_U64, .kind = KIND_COUNTER + 1},
	    {.name = "x", .type = COL_U64, .flags = 16},
	    {.name = "x", .type = COL_STR, .flags = COL_RESET},
	    {.name = "x", .type = COL_U64, .scale = 1},
	    {.name = "x", .type = COL_DEC, .scale = 19},
	    {.name = "x", .type = COL_U64, .unit = "seventeen letters"},
	    {.name = NULL, .type = COL_U64},
	};
	_cleanup_(cleanup_table_schema) struct table_schema *t = table(1, "t", 1);

	for (unsigned i = 0; i < N_ELEMENTS(bad); i++)
		eq(table_schema_add(t, &bad[i]), -EINVAL);
	eq(table_schema_add(t, &(struct column){.name = "c0", .type = COL_STR}), -EEXIST);
	eq(t->n_columns, 1);
	ok_r(table_schema_add(t, &(struct column){.name = "x", .type = COL_DEC, .scale = 18}));
	str_eq(t->columns[1].unit, "");
	eq(table_schema_find(t, "x"), 1);
	eq(table_schema_find(t, "y"), -ENOENT);
}

static void a_copy_grows_alone(void)
{
	_cleanup_(cleanup_table_schema) struct table_schema *t = table(1, "t", 5), *copy = NULL;

	ok_r(table_schema_copy(t, &copy));
	ok(table_schema_equal(t, copy));
	ok_r(table_schema_add(copy, &plain));
	ok(!table_schema_equal(t, copy));
	eq(t->n_columns, 5);
}

static void tables_are_in_order_of_their_ids(void)
{
	static const uint16_t ids[] = {5, 4095, 1, 7, 6};
	_cleanup_(cleanup_schema) struct schema *s = NULL;
	char name[16];

	ok_r(schema_new(1, &s));
	for (unsigned i = 0; i < N_ELEMENTS(ids); i++) {
		snprintf(name, sizeof name, "t%u", ids[i]);
		set(s, table(ids[i], name, 1));
	}
	eq(s->n_tables, 5);
	for (uint32_t i = 1; i < s->n_tables; i++)
		ok(s->tables[i]->id > s->tables[i - 1]->id);
	eq(schema_index(s, 6), 2);
	eq(schema_index(s, 2), -ENOENT);
	eq(schema_index_by_name(s, "t4095"), 4);
	set(s, table(6, "t6", 3)); /* in the place of the old one */
	eq(s->n_tables, 5);
	eq(s->tables[2]->n_columns, 3);
}

static void check_comes_back(const struct schema *s)
{
	_cleanup_(cleanup_schema) struct schema *back = NULL, *unpacked = NULL;
	_cleanup_(buf_done) struct buf b = {0}, packed = {0};

	schema_encode(s, &b);
	ok_r(schema_decode(span_of(b.p, b.len), &back));
	ok(schema_equal(s, back));
	eq(back->check, s->check);
	for (size_t len = 0; len < b.len; len++) {
		struct schema *cut = NULL;

		eq(schema_decode(span_of(b.p, len), &cut), -EBADMSG);
	}
	ok_r(schema_pack(s, &packed));
	ok_r(schema_unpack(span_of(packed.p, packed.len), &unpacked));
	ok(schema_equal(s, unpacked));
	buf_put_u8(&b, 0);
	schema_free(TAKE(back));
	eq(schema_decode(span_of(b.p, b.len), &back), -EBADMSG);
}

static void what_is_laid_out_comes_back(void)
{
	_cleanup_(cleanup_schema) struct schema *s = NULL;

	ok_r(schema_new(UINT16_MAX, &s));
	ok_r(schema_seal(s));
	check_comes_back(s);
	set(s, table(3, "three", 4));
	set(s, table(TABLE_ID_MAX, "last", 70));
	set(s, table(1, "empty", 0));
	ok_r(schema_seal(s));
	check_comes_back(s);
}

static void the_check_is_another_for_another_schema(void)
{
	struct schema *s[4];
	struct column c = plain;

	for (unsigned i = 0; i < N_ELEMENTS(s); i++) {
		struct table_schema *t = table(1, "t", 1);

		ok_r(schema_new(i == 1 ? 2 : 1, &s[i]));
		c.kind = i == 2 ? KIND_GAUGE : KIND_COUNTER;
		c.unit = i == 3 ? "us" : "ticks";
		ok_r(table_schema_add(t, &c));
		set(s[i], t);
		ok_r(schema_seal(s[i]));
	}
	for (unsigned i = 1; i < N_ELEMENTS(s); i++) {
		ok(s[i]->check != s[0]->check);
		ok(!schema_equal(s[i], s[0]));
	}
	for (unsigned i = 0; i < N_ELEMENTS(s); i++)
		schema_free(s[i]);
}

/* A schema of one table with one column, with one thing that is not allowed in it. */
static int decode_with(size_t at, uint8_t byte)
{
	static const uint8_t good[] = {
	    1, 2, 1, 1, 'a', 1, 1, 'x', 0, COL_U64, 0, 0, 0, 2, 1, 'b', 1, 1, 'x', 0, COL_U64, 0, 0, 0};
	struct schema *s = NULL;
	uint8_t bytes[sizeof good];
	int r;

	memcpy(bytes, good, sizeof good);
	bytes[at] = byte;
	r = schema_decode(span_of(bytes, sizeof bytes), &s);
	if (s)
		schema_free(s);
	return r;
}

static void what_the_format_does_not_allow_is_refused(void)
{
	ok_r(decode_with(0, 1));
	eq(decode_with(1, 1), -EBADMSG);   /* something left over */
	eq(decode_with(1, 3), -EBADMSG);   /* cut off */
	eq(decode_with(2, 0), -EBADMSG);   /* table id */
	eq(decode_with(2, 2), -EBADMSG);   /* ids do not ascend */
	eq(decode_with(4, '/'), -EBADMSG); /* name */
	eq(decode_with(4, 0), -EBADMSG);
	eq(decode_with(4, 'b'), -EBADMSG); /* two tables of one name */
	eq(decode_with(9, 0), -EBADMSG);   /* type */
	eq(decode_with(10, 3), -EBADMSG);  /* kind */
	eq(decode_with(11, 16), -EBADMSG); /* flags */
	eq(decode_with(12, 1), -EBADMSG);  /* scale of an integer */
}

static void limits_are_kept(void)
{
	_cleanup_(cleanup_schema) struct schema *s = NULL;
	_cleanup_(cleanup_table_schema) struct table_schema *wide = table(1, "wide", SCHEMA_COLUMNS_MAX), *more = NULL;
	char name[16];

	eq(table_schema_add(wide, &plain), -EMSGSIZE);
	ok_r(schema_new(1, &s));
	for (unsigned i = 1; i <= SCHEMA_TABLES_MAX; i++) {
		snprintf(name, sizeof name, "t%u", i);
		set(s, table((uint16_t)i, name, 0));
	}
	more = table(SCHEMA_TABLES_MAX + 1, "more", 0);
	eq(schema_set(s, more), -EMSGSIZE);
	ok_r(schema_seal(s));
	{
		_cleanup_(cleanup_schema) struct schema *back = NULL;
		_cleanup_(buf_done) struct buf b = {0};

		ok_r(schema_pack(s, &b));
		ok_r(schema_unpack(span_of(b.p, b.len), &back));
		ok(schema_equal(s, back));
	}
}

int main(void)
{
	RUN(names_are_harmless_in_a_path);
	RUN(a_column_is_of_a_known_type);
	RUN(a_copy_grows_alone);
	RUN(tables_are_in_order_of_their_ids);
	RUN(what_is_laid_out_comes_back);
	RUN(the_check_is_another_for_another_schema);
	RUN(what_the_format_does_not_allow_is_refused);
	RUN(limits_are_kept);
	return tap_done();
}
