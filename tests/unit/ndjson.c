/* ndjson.c -- documents as lines of JSON: back as they were, and told where a line is wrong */
#include "ctl/ndjson.h"
#include "store/cleanup.h"
#include "tests/tap.h"

static struct span text(const char *s)
{
	return span_of(s, strlen(s));
}

static bool same(struct span a, struct span b)
{
	return span_left(&a) == span_left(&b) && (span_left(&a) == 0 || memcmp(a.p, b.p, span_left(&a)) == 0);
}

static void check(const struct payload_key *key, struct span value, bool raw, const char *line)
{
	_cleanup_(buf_done) struct buf out = {0};
	_cleanup_(ndjson_done) struct ndjson n = {0};
	const struct payload_put *put = &n.put;

	ndjson_put(&out, key, value, raw);
	if (line)
		ok(same(span_of(out.p, out.len), text(line)));
	ok(out.len > 0 && !memchr(out.p, '\n', out.len - 1) && out.p[out.len - 1] == '\n');
	eq(ndjson_parse(&n, span_of(out.p, out.len - 1)), 0);
	ok(put->raw == raw && !put->deletes && same(put->value, value));
	ok(put->key.is_number == key->is_number);
	ok(key->is_number ? put->key.number == key->number : same(put->key.string, key->string));
}

static void a_document_comes_back_as_it_was(void)
{
	const struct payload_key key = {.string = text("a\"b/\x01")}, max = {.is_number = true, .number = UINT64_MAX},
	                         bytes = {.string = span_of("\xff\0", 2)};

	check(&key, text("{\"a\": 1.50}"), false, "{\"key\":\"a\\\"b/\\u0001\",\"value\":{\"a\": 1.50}}\n");
	check(&max, text("1e400"), false, "{\"key\":18446744073709551615,\"value\":1e400}\n");
	check(&key, text("[1,\n2]"), false, NULL);
	check(&key, text(" 1"), false, NULL);
	check(&key, text("1\t"), false, NULL);
	check(&key, text("\"\\u00e4\xc3\xa4\\/\""), false, NULL);
	check(&bytes, text("null"), false, "{\"key_base64\":\"/wA=\",\"value\":null}\n");
	check(&key, span_of("\0\n\xff", 3), true, NULL);
	check(&key, text(""), true, NULL);
}

static void a_value_may_be_as_deep_as_a_document_may(void)
{
	const struct payload_key key = {.is_number = true};
	char deep[2 * 512];

	memset(deep, '[', 512);
	memset(deep + 512, ']', 512);
	check(&key, span_of(deep, sizeof(deep)), false, NULL);
}

static void members_may_stand_in_any_order_with_blanks(void)
{
	_cleanup_(ndjson_done) struct ndjson n = {0};

	eq(ndjson_parse(&n, text(" { \"value\" : [ 1 ] , \"key\" : 0 } \r")), 0);
	ok(n.put.key.is_number && n.put.key.number == 0 && same(n.put.value, text("[ 1 ]")));
}

static void a_line_that_is_wrong_is_told_with_the_byte(void)
{
	static const struct {
		const char *line;
		size_t at;
	} lines[] = {
	    {"", 0},
	    {"[]", 0},
	    {"{\"key\":1}", 9},
	    {"{\"value\":1}", 11},
	    {"{\"key\":1,\"value\":[1,]}", 20},
	    {"{\"key\":1,\"value\":{\"a\":tru}}", 25},
	    {"{\"key\":1,\"value\":1} x", 20},
	    {"{\"key\":-1,\"value\":1}", 7},
	    {"{\"key\":1.5,\"value\":1}", 7},
	    {"{\"key\":01,\"value\":1}", 7},
	    {"{\"key\":18446744073709551616,\"value\":1}", 7},
	    {"{\"key\":null,\"value\":1}", 7},
	    {"{\"key\":1,\"key\":2,\"value\":1}", 15},
	    {"{\"key\":1,\"value\":1,\"value\":2}", 27},
	    {"{\"kez\":1,\"value\":1}", 1},
	    {"{\"key\":\"\",\"value\":1}", 9},
	    {"{\"key\":1,\"value_base64\":\"!\"}", 24},
	};

	for (size_t i = 0; i < N_ELEMENTS(lines); i++) {
		_cleanup_(ndjson_done) struct ndjson n = {0};

		eq(ndjson_parse(&n, text(lines[i].line)), -EBADMSG);
		ok(n.why && *n.why);
		if (n.at != lines[i].at) {
			str_eq(lines[i].line, n.why);
			eq(n.at, lines[i].at);
		}
	}
}

int main(void)
{
	RUN(a_document_comes_back_as_it_was);
	RUN(a_value_may_be_as_deep_as_a_document_may);
	RUN(members_may_stand_in_any_order_with_blanks);
	RUN(a_line_that_is_wrong_is_told_with_the_byte);
	return tap_done();
}
