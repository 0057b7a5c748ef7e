/* envelope.c -- messages as kcat's JSON: out as it writes them, and back without losing a byte */
#include "ctl/envelope.h"
#include "tests/tap.h"

static struct span text(const char *s)
{
	return span_of(s, strlen(s));
}

static char *written(const struct message *m)
{
	struct buf out = {0};

	envelope_put(&out, "orders", 3, m);
	buf_put_u8(&out, '\0');
	return (char *)out.p;
}

static void an_envelope_is_as_kcat_writes_it(void)
{
	_cleanup_(buf_done) struct buf headers = {0};
	_cleanup_(cleanup_free) char *plain = NULL, *full = NULL;
	struct message m = {.offset = 7, .time_ms = 1795144325250, .value = text("v 42")};

	plain = written(&m);
	str_eq(plain, "{\"topic\":\"orders\",\"partition\":3,\"offset\":7,\"tstype\":\"create\",\"ts\":1795144325250,"
	              "\"broker\":-1,\"key\":null,\"payload\":\"v 42\"}");
	message_put_header(&headers, "trace", 5, "a\"b", 3);
	message_put_header(&headers, "trace", 5, NULL, 0);
	m.headers = span_of(headers.p, headers.len);
	m.key = span_of("", 0);
	m.value = text("\\ / \b\f\n\r\t\x01\x1f\x7f \xc3\xa4 \xf0\x9f\x98\x80");
	m.append_time = true;
	full = written(&m);
	str_eq(full, "{\"topic\":\"orders\",\"partition\":3,\"offset\":7,\"tstype\":\"logappend\",\"ts\":1795144325250,"
	             "\"broker\":-1,\"headers\":[\"trace\",\"a\\\"b\",\"trace\",null],\"key\":\"\","
	             "\"payload\":\"\\\\ / \\b\\f\\n\\r\\t\\u0001\\u001F\x7f \xc3\xa4 \xf0\x9f\x98\x80\"}");
}

static void what_is_not_UTF_8_is_told_twice_for_the_eye_and_exactly(void)
{
	_cleanup_(buf_done) struct buf headers = {0};
	_cleanup_(cleanup_free) char *s = NULL;
	struct message m = {.key = text("\xff"), .value = text("a\xc3z")};

	message_put_header(&headers, "n", 1, "\x80", 1);
	m.headers = span_of(headers.p, headers.len);
	s = written(&m);
	ok(strstr(s, "\"headers\":[\"n\",\"\xef\xbf\xbd\"],\"headers_base64\":[\"bg==\",\"gA==\"]"));
	ok(strstr(s, "\"key\":\"\xef\xbf\xbd\",\"key_base64\":\"/w==\""));
	ok(strstr(s, "\"payload\":\"a\xef\xbf\xbdz\",\"payload_base64\":\"YcN6\"}"));
}

static bool same(struct span a, const void *p, size_t len)
{
	return !a.p ? !p : p && span_left(&a) == len && (len == 0 || memcmp(a.p, p, len) == 0);
}

static bool same_headers(struct span headers, const struct histfs_message *m)
{
	struct span name, value;
	size_t n = 0;

	for (; message_header(&headers, &name, &value) == 0; n++)
		if (n >= m->n_headers || !same(name, m->headers[n].name, m->headers[n].name_len) ||
		    !same(value, m->headers[n].value, m->headers[n].value_len))
			return false;
	return n == m->n_headers;
}

/* So many bytes, as wild as the seed has it. */
static struct span some(uint8_t *bytes, size_t len, uint64_t *seed)
{
	uint64_t kind = *seed >> 60;

	for (size_t i = 0; i < len; i++) {
		*seed = *seed * 6364136223846793005u + 1442695040888963407u;
		bytes[i] = (uint8_t)(kind < 4 ? *seed >> 56 : kind < 8 ? 'a' + (*seed >> 60) : *seed >> 57);
	}
	return kind == 9 ? (struct span){0} : span_of(bytes, len);
}

static void any_message_comes_back_to_the_byte(void)
{
	_cleanup_(envelope_done) struct envelope e = {0};
	uint64_t seed = 42;

	for (unsigned i = 0; i < 20000; i++) {
		_cleanup_(buf_done) struct buf headers = {0}, out = {0};
		uint8_t key[40], value[200], name[10], part[10];
		struct message m = {.offset = i, .time_ms = (int64_t)i * 1000 - 7};

		for (unsigned k = 0; k < i % 4; k++) {
			struct span n = some(name, i % 10, &seed), v = some(part, i % 7, &seed);

			message_put_header(&headers, name, span_left(&n), v.p, span_left(&v));
		}
		m.headers = span_of(headers.p, headers.len);
		m.key = some(key, i % sizeof(key), &seed);
		m.value = some(value, i % sizeof(value), &seed);
		envelope_put(&out, "t", i % 5, &m);
		if (!ok_r(envelope_parse(&e, span_of(out.p, out.len))) || !ok(same_headers(m.headers, &e.message)) ||
		    !ok(same(m.key, e.message.key, e.message.key_len)) ||
		    !ok(same(m.value, e.message.value, e.message.value_len)) || !ok(e.message.time_ms == m.time_ms) ||
		    !ok(e.partition == i % 5)) {
			printf("# %.*s\n", (int)out.len, (const char *)out.p);
			return;
		}
	}
}

static void what_kcat_writes_of_other_bytes_is_taken_as_they_are(void)
{
	_cleanup_(envelope_done) struct envelope e = {0};

	ok_r(envelope_parse(&e, text("{\"key\":\"\xff\xfe\",\"payload\":\"\x80 \\u00e4 \\ud83d\\ude00 \\ud83d.\"}")));
	ok(same(text("\xff\xfe"), e.message.key, e.message.key_len));
	ok(same(text("\x80 \xc3\xa4 \xf0\x9f\x98\x80 \xef\xbf\xbd."), e.message.value, e.message.value_len));
}

static void members_may_be_missing_unknown_in_any_order_or_of_avro(void)
{
	_cleanup_(envelope_done) struct envelope e = {0};

	ok_r(envelope_parse(&e, text(" { } ")));
	ok(!e.message.key && !e.message.value && e.message.n_headers == 0);
	ok(e.message.time_ms == HISTFS_NOW && e.partition == -1);
	ok_r(envelope_parse(
	    &e, text("{\"payload_base64\":\"/w==\",\"x\":[{\"y\":[1,-2.5e3,true,null]}],\"payload\":\"?\"}")));
	ok(same(text("\xff"), e.message.value, e.message.value_len));
	ok_r(envelope_parse(&e, text("{\"payload\":{\"a\": [1, \"b\"]},\"key\":12}")));
	ok(same(text("{\"a\": [1, \"b\"]}"), e.message.value, e.message.value_len));
	ok(same(text("12"), e.message.key, e.message.key_len));
	ok_r(envelope_parse(&e, text("{\"headers\":{\"a\":\"1\",\"b\":[null,\"2\"],\"c\":null}}")));
	eq(e.message.n_headers, 4);
	ok(same(text("2"), e.message.headers[2].value, e.message.headers[2].value_len));
	ok(!e.message.headers[1].value && !e.message.headers[3].value && e.message.headers[3].name[0] == 'c');
}

static void a_line_that_is_no_envelope_is_refused(void)
{
	static const char *const lines[] = {"", "null", "[]", "{", "{\"key\"}", "{\"key\":}", "{\"key\":\"a}",
	    "{\"key\":\"\\x\"}", "{\"key\":\"\\u12\"}", "{\"key\":\"a\nb\"}", "{\"ts\":1.5}",
	    "{\"ts\":99999999999999999999}", "{\"ts\":\"1\"}", "{} {}", "{\"key\":1,}", "{\"headers\":[\"a\"]}",
	    "{\"headers\":[1,2]}", "{\"payload_base64\":\"a\"}", "{\"payload_base64\":\"//==\"}",
	    "{\"payload_base64\":\"====\"}", "{,}", "{\"a\":[1 2]}", "{\"a\":nil}"};
	_cleanup_(envelope_done) struct envelope e = {0};
	char deep[400];

	for (unsigned i = 0; i < N_ELEMENTS(lines); i++)
		if (!ok(envelope_parse(&e, text(lines[i])) == -EBADMSG))
			printf("# %s\n", lines[i]);
	memset(deep, '[', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	memcpy(deep, "{\"a\":", 5);
	eq(envelope_parse(&e, text(deep)), -EBADMSG);
}

int main(void)
{
	RUN(an_envelope_is_as_kcat_writes_it);
	RUN(what_is_not_UTF_8_is_told_twice_for_the_eye_and_exactly);
	RUN(any_message_comes_back_to_the_byte);
	RUN(what_kcat_writes_of_other_bytes_is_taken_as_they_are);
	RUN(members_may_be_missing_unknown_in_any_order_or_of_avro);
	RUN(a_line_that_is_no_envelope_is_refused);
	return tap_done();
}
