/* text.c -- tables as text and as JSON, byte for byte; lengths that are computed are those that are written */
#include "store/text.h"
#include "tests/tap.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static struct strpool *pool;

static struct table *new_table(const struct column *c, size_t n)
{
	struct table_schema *s;
	struct table *t;

	if (!ok_r(table_schema_new(1, "test", &s)))
		exit(1);
	for (size_t i = 0; i < n; i++)
		ok_r(table_schema_add(s, &c[i]));
	if (!ok_r(table_new(s, pool, &t)))
		exit(1);
	table_schema_put(s);
	return t;
}

/* One cell of that type, as text or JSON; to be freed. */
static char *cell(uint8_t type, uint8_t scale, uint64_t v, bool json)
{
	const struct column c = {"c", "", type, KIND_GAUGE, 0, scale};
	struct table *t = new_table(&c, 1);
	struct buf b = {0};
	uint32_t row;

	ok_r(table_add_row(t, &row));
	table_set(t, row, 0, v);
	if (json) {
		text_put_row_json(&b, t, 0, "", 0);
	} else {
		text_put_row(&b, t, 0, "", 0);
		eq(text_cell_len(&c, v, false, pool), b.len - 1);
		text_put_header(&b, t->schema, "");
		eq(text_table_len(t), b.len);
		b.len -= text_header_len(t->schema);
	}
	ok(b.len > 0 && b.p[b.len - 1] == '\n');
	b.p[b.len - 1] = '\0';
	table_free(t);
	return (char *)b.p;
}

static void is_cell(uint8_t type, uint8_t scale, uint64_t v, const char *text, const char *json)
{
	char *got = cell(type, scale, v, false), member[128];

	str_eq(got, text);
	free(got);
	got = cell(type, scale, v, true);
	snprintf(member, sizeof member, "{\"c\":%s}", json ? json : text);
	str_eq(got, member);
	free(got);
}

static uint64_t bits(double d)
{
	uint64_t v;

	memcpy(&v, &d, sizeof v);
	return v;
}

static void integers_are_written_to_their_ends(void)
{
	is_cell(COL_U64, 0, 0, "0", NULL);
	is_cell(COL_U64, 0, UINT64_MAX, "18446744073709551615", NULL);
	is_cell(COL_I64, 0, (uint64_t)-1, "-1", NULL);
	is_cell(COL_I64, 0, (uint64_t)INT64_MIN, "-9223372036854775808", NULL);
}

static void decimals_have_all_their_digits(void)
{
	is_cell(COL_DEC, 2, 205, "2.05", NULL);
	is_cell(COL_DEC, 2, (uint64_t)-5, "-0.05", NULL);
	is_cell(COL_DEC, 3, 7000, "7.000", NULL);
	is_cell(COL_DEC, 0, 42, "42", NULL);
	is_cell(COL_DEC, 18, (uint64_t)INT64_MIN, "-9.223372036854775808", NULL);
}

static void doubles_read_back_to_the_same_bits_in_few_digits(void)
{
	static const double some[] = {0.1, 1.0 / 3, 1e300, 5e-324, -2.5, 1e21, 123456789.125, 0x1.fffffffffffffp+1023};

	is_cell(COL_F64, 0, bits(0.1), "0.1", NULL);
	is_cell(COL_F64, 0, bits(-2.5), "-2.5", NULL);
	for (unsigned i = 0; i < N_ELEMENTS(some); i++) {
		char *text = cell(COL_F64, 0, bits(some[i]), false);

		ok(bits(strtod(text, NULL)) == bits(some[i]));
		free(text);
	}
	is_cell(COL_F64, 0, bits((double)NAN), "NaN", "null");
	is_cell(COL_F64, 0, bits((double)INFINITY), "Infinity", "null");
	is_cell(COL_F64, 0, bits(-(double)INFINITY), "-Infinity", "null");
}

static void is_string(const void *s, size_t len, const char *text, const char *json)
{
	uint32_t id = 0;

	ok_r(strpool_intern(pool, s, len, &id));
	eq(text_str_len(s, len), strlen(text));
	is_cell(COL_STR, 0, id, text, json);
}

static void strings_are_escaped_as_copy_has_them(void)
{
	is_string("plain", 5, "plain", "\"plain\"");
	is_string("", 0, "", "\"\"");
	is_string("a\tb\nc\rd\\e", 9, "a\\tb\\nc\\rd\\\\e", "\"a\\u0009b\\u000ac\\u000dd\\\\e\"");
	is_string("\b\f\v", 3, "\\b\\f\\v", "\"\\u0008\\u000c\\u000b\"");
	is_string("\x01\x7f", 2, "\\x01\\x7f", "\"\\u0001\\u007f\"");
	is_string("say \"hi\"", 8, "say \"hi\"", "\"say \\\"hi\\\"\"");
	is_string("\\N", 2, "\\\\N", "\"\\\\N\"");
	is_string("a\0b", 3, "a\\x00b", "\"a\\u0000b\"");
	is_string("na\xc3\xafve", 6, "na\xc3\xafve", "\"na\xc3\xafve\"");
}

static void the_length_of_an_escaped_string_is_told_for_every_byte_at_every_place(void)
{
	char in[23], out[4 * sizeof in];

	for (unsigned fill = 0; fill < 256; fill += 51)
		for (unsigned c = 0; c < 256; c++)
			for (size_t i = 0; i < sizeof in; i++) {
				memset(in, (int)fill, sizeof in);
				in[i] = (char)c;
				eq(text_str_len(in, sizeof in), text_put_str(out, in, sizeof in) - out);
			}
}

static void bytes_that_are_not_utf8_stay_in_text_and_are_replaced_in_json(void)
{
#define R "\\ufffd"
	is_string("\xff", 1, "\xff", "\"" R "\"");
	is_string("a\xc3", 2, "a\xc3", "\"a" R "\"");
	is_string("\xc0\xaf", 2, "\xc0\xaf", "\"" R R "\"");
	is_string("\xf0\x9f\x98\x80", 4, "\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\"");
#undef R
}

static void what_is_not_known_is_not_zero(void)
{
	static const struct column c[] = {
	    {"a", "", COL_U64, KIND_GAUGE, 0, 0}, {"b_kb", "kb", COL_STR, KIND_LABEL, 0, 0}};
	struct table *t = new_table(c, 2);
	struct buf b = {0};
	uint32_t row;

	ok_r(table_add_row(t, &row));
	ok_r(table_add_row(t, &row));
	table_set(t, row, 0, 0);
	text_put_table(&b, t);
	buf_put_u8(&b, 0);
	str_eq((char *)b.p, "a\tb_kb\n\\N\t\\N\n0\t\\N\n");
	eq(text_table_len(t), b.len - 1);
	b.len = 0;
	text_put_table_json(&b, t);
	buf_put_u8(&b, 0);
	str_eq((char *)b.p, "{\"a\":null,\"b_kb\":null}\n{\"a\":0,\"b_kb\":null}\n");
	buf_done(&b);
	table_free(t);
}

static void a_table_without_rows_is_its_header_line(void)
{
	static const struct column c = {"only", "", COL_U64, KIND_GAUGE, 0, 0};
	struct table *t = new_table(&c, 1);
	struct buf b = {0};

	text_put_table(&b, t);
	eq(b.len, 5);
	eq(text_table_len(t), 5);
	buf_done(&b);
	table_free(t);
}

static void is_time(int64_t ms, const char *text)
{
	char got[TEXT_TIME_LEN + 1];

	text_time(got, ms);
	str_eq(got, text);
}

static void times_are_rfc_3339_with_milliseconds(void)
{
	is_time(0, "1970-01-01T00:00:00.000Z");
	is_time(-1, "1969-12-31T23:59:59.999Z");
	is_time(1795144325123, "2026-11-20T03:12:05.123Z");
	is_time(951782399999, "2000-02-28T23:59:59.999Z");
	is_time(951782400000, "2000-02-29T00:00:00.000Z");
	is_time(INT64_MAX, "9999-12-31T23:59:59.999Z");
	is_time(INT64_MIN, "0000-01-01T00:00:00.000Z");
}

int main(void)
{
	if (strpool_new(&pool) < 0)
		return 1;
	RUN(integers_are_written_to_their_ends);
	RUN(decimals_have_all_their_digits);
	RUN(doubles_read_back_to_the_same_bits_in_few_digits);
	RUN(strings_are_escaped_as_copy_has_them);
	RUN(the_length_of_an_escaped_string_is_told_for_every_byte_at_every_place);
	RUN(bytes_that_are_not_utf8_stay_in_text_and_are_replaced_in_json);
	RUN(what_is_not_known_is_not_zero);
	RUN(a_table_without_rows_is_its_header_line);
	RUN(times_are_rfc_3339_with_milliseconds);
	strpool_free(pool);
	return tap_done();
}
