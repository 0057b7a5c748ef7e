/* point_key.c -- keys of series: made, taken apart, as names and as text */
#include "store/point_key.h"

#include "store/cleanup.h"
#include "tests/tap.h"

#include <stdio.h>

enum { LABELS = 4 };

/* A key as the tests write it: metric, and names and values by turns. */
struct written {
	const char *metric;
	const char *labels[2 * LABELS];
};

static struct span text(const char *s)
{
	return span_of(s, s ? strlen(s) : 0);
}

static struct span key_of(const struct written *k, struct buf *out)
{
	struct point_label labels[LABELS];
	size_t n = 0;

	for (; n < LABELS && k->labels[2 * n]; n++)
		labels[n] = (struct point_label){text(k->labels[2 * n]), text(k->labels[2 * n + 1])};
	buf_clear(out);
	ok_r(point_key_put(out, text(k->metric), labels, n));
	return span_of(out->p, out->len);
}

static const char *string(struct buf *b)
{
	buf_put_u8(b, 0);
	return b->err ? "" : (const char *)b->p;
}

static void labels_are_put_in_order_and_those_without_a_value_left_out(void)
{
	static const struct written k = {"m", {"b", "2", "a", "1", "empty", "", "ab", "3"}};
	static const char expected[] = "m\0a\0001\0ab\0003\0b\0002";
	_cleanup_(buf_done) struct buf out = {0};
	struct span key = key_of(&k, &out);

	eq(span_left(&key), sizeof expected);
	ok(memcmp(key.p, expected, sizeof expected) == 0);
	ok(point_key_valid(key));
}

static void what_is_no_key_is_refused_and_nothing_is_put(void)
{
	_cleanup_(cleanup_free) char *lengthy = calloc(POINT_KEY_MAX + 1, 1);
	_cleanup_(buf_done) struct buf out = {0};
	struct point_label l[POINT_LABELS_MAX + 1], twice[2] = {{text("a"), text("1")}, {text("a"), text("2")}};
	char names[POINT_LABELS_MAX + 1][8];

	memset(lengthy, 'x', POINT_KEY_MAX);
	buf_puts(&out, "before");
	eq(point_key_put(&out, text(""), NULL, 0), -EINVAL);
	eq(point_key_put(&out, span_of("a\0b", 3), NULL, 0), -EINVAL);
	l[0] = (struct point_label){text(""), text("1")};
	eq(point_key_put(&out, text("m"), l, 1), -EINVAL);
	l[0] = (struct point_label){span_of("a\0", 2), text("1")};
	eq(point_key_put(&out, text("m"), l, 1), -EINVAL);
	l[0] = (struct point_label){text("a"), span_of("1\0", 2)};
	eq(point_key_put(&out, text("m"), l, 1), -EINVAL);
	l[0] = (struct point_label){text("__name__"), text("n")};
	eq(point_key_put(&out, text("m"), l, 1), -EINVAL);
	eq(point_key_put(&out, text("m"), twice, 2), -EINVAL);
	eq(point_key_put(&out, text(lengthy), NULL, 0), -EMSGSIZE);
	l[0] = (struct point_label){text("a"), span_of(lengthy, POINT_KEY_MAX - 4)};
	eq(point_key_put(&out, text("m"), l, 1), -EMSGSIZE);
	for (unsigned i = 0; i <= POINT_LABELS_MAX; i++) {
		snprintf(names[i], sizeof names[i], "l%u", i);
		l[i] = (struct point_label){text(names[i]), text("v")};
	}
	eq(point_key_put(&out, text("m"), l, POINT_LABELS_MAX + 1), -EMSGSIZE);
	str_eq(string(&out), "before");
	/* The limits themselves. */
	ok_r(point_key_put(&out, text("m"), l, POINT_LABELS_MAX));
	buf_clear(&out);
	l[0] = (struct point_label){text("a"), span_of(lengthy, POINT_KEY_MAX - 5)};
	ok_r(point_key_put(&out, text("m"), l, 1));
	eq(out.len, POINT_KEY_MAX);
	ok(point_key_valid(span_of(out.p, out.len)));
}

static void bytes_that_are_no_key_are_told(void)
{
	static const struct {
		const char *p;
		size_t len;
		bool valid;
	} keys[] = {
	    {"m", 2, true},
	    {"m\0a\0b", 6, true},
	    {"m\0a\0b\0aa\0b", 11, true},
	    {"", 0, false},
	    {"", 1, false},
	    {"m", 1, false},
	    {"m\0a\0b", 5, false},
	    {"m\0a", 4, false},
	    {"m\0a\0", 5, false},
	    {"m\0\0b", 5, false},
	    {"m\0b\0b\0a\0b", 10, false},
	    {"m\0a\0b\0a\0b", 10, false},
	    {"m\0__name__\0b", 13, false},
	};

	for (size_t i = 0; i < N_ELEMENTS(keys); i++)
		eq(point_key_valid(span_of(keys[i].p, keys[i].len)), keys[i].valid);
}

/* Every string of up to 7 of three bytes, in an order in which most begin as the one before does: the shorter ones too.
 */
static void what_is_known_of_the_key_before_changes_nothing(void)
{
	enum { LEN = 7, LETTERS = 3, N = LETTERS * LETTERS * LETTERS * LETTERS * LETTERS * LETTERS * LETTERS };
	struct point_key_parts parts = {.n = 0};
	uint8_t key[LEN], before[LEN] = {0};
	size_t before_len = 0;
	unsigned n_valid = 0;

	for (unsigned i = 0; i < N; i++)
		for (size_t len = 0; len <= LEN; len++) {
			size_t same = 0;
			bool valid;

			for (unsigned k = LEN, x = i; k-- > 0; x /= LETTERS)
				key[k] = (const uint8_t[LETTERS]){0, 'a', 'b'}[x % LETTERS];
			while (same < len && same < before_len && key[same] == before[same])
				same++;
			valid = point_key_valid(span_of(key, len));
			eq(point_key_valid_after(&parts, span_of(key, len), same), valid);
			n_valid += valid;
			memcpy(before, key, len);
			before_len = len;
		}
	ok(n_valid > 100);
}

static void parts_of_a_key_are_found(void)
{
	static const struct written k = {"cpu", {"host", "db1", "mode", "idle"}};
	_cleanup_(buf_done) struct buf out = {0};
	struct span key = key_of(&k, &out), v;
	struct point_label l;
	size_t at = 0;

	v = point_key_metric(key);
	ok(point_key_compare(v, text("cpu")) == 0);
	ok(point_key_label(key, &at, &l) && point_key_compare(l.name, text("host")) == 0);
	ok(point_key_label(key, &at, &l) && point_key_compare(l.value, text("idle")) == 0);
	ok(!point_key_label(key, &at, &l) && !point_key_label(key, &at, &l));
	ok(point_key_compare(point_key_get(key, text("mode")), text("idle")) == 0);
	ok(point_key_compare(point_key_get(key, text("__name__")), text("cpu")) == 0);
	v = point_key_get(key, text("hos"));
	eq(span_left(&v), 0);
	ok(point_key_compare(text("a"), text("ab")) < 0 && point_key_compare(text("b"), text("ab")) > 0);
	ok(point_key_compare(text("\xff"), text("a")) > 0 && point_key_compare(text(""), text("")) == 0);
}

static const struct {
	struct written key;
	const char *name, *text, *portable;
} cases[] = {
    {{"up", {NULL}}, "up", "up", "up"},
    {{"cpu.usage", {"host", "server1"}}, "cpu.usage{host=server1}", "cpu.usage{host=\"server1\"}",
        "cpu_usage{histfs_name=\"cpu.usage\",host=\"server1\"}"},
    {{"m", {"b", "2", "a", "1"}}, "m{a=1,b=2}", "m{a=\"1\",b=\"2\"}", "m{a=\"1\",b=\"2\"}"},
    {{".hidden", {"path", "/a/b,c"}}, "%2Ehidden{path=%2Fa%2Fb%2Cc}", ".hidden{path=\"/a/b,c\"}",
        "_hidden{histfs_name=\".hidden\",path=\"/a/b,c\"}"},
    {{"9{x}", {"=", "50%\\"}}, "9%7Bx%7D{%3D=50%25%5C}", "9{x}{==\"50%\\\\\"}",
        "_9_x_{histfs_name=\"9{x}\",_=\"50%\\\\\"}"},
    {{"a:b", {"a:b", "\"q\"\n", "c", "\xff\xc3\xa4"}}, "a:b{a:b=\"q\"%0A,c=\xff\xc3\xa4}",
        "a:b{a:b=\"\\\"q\\\"\\n\",c=\"\xef\xbf\xbd\xc3\xa4\"}", "a:b{a_b=\"\\\"q\\\"\\n\",c=\"\xef\xbf\xbd\xc3\xa4\"}"},
    {{"m", {"a-b", "1", "a.b", "2", "a_b", "3"}}, "m{a-b=1,a.b=2,a_b=3}", "m{a-b=\"1\",a.b=\"2\",a_b=\"3\"}",
        "m{a_b=\"1\",a_b_=\"2\",a_b__=\"3\"}"},
    {{"x\xc3\xa4", {"histfs_name", "n"}}, "x\xc3\xa4{histfs_name=n}", "x\xc3\xa4{histfs_name=\"n\"}",
        "x_{histfs_name=\"x\xc3\xa4\",histfs_name_=\"n\"}"},
};

static void a_key_as_a_name_and_back(void)
{
	_cleanup_(buf_done) struct buf made = {0}, out = {0}, room = {0};

	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		struct span key = key_of(&cases[i].key, &made), back;
		struct point_hash h;
		bool cut;

		buf_clear(&out);
		point_key_put_name(&out, key);
		str_eq(string(&out), cases[i].name);
		ok_r(point_key_parse_name(cases[i].name, strlen(cases[i].name), &room, &back, &cut, &h));
		ok(!cut && point_key_compare(key, back) == 0);
		ok(h.low == point_key_hash(key).low && h.high == point_key_hash(key).high);
	}
}

static void a_name_may_be_written_in_other_ways(void)
{
	_cleanup_(buf_done) struct buf room = {0}, out = {0};
	struct point_hash h;
	struct span key;
	bool cut;

	ok_r(point_key_parse_name("m{b=2,a=1}", 10, &room, &key, &cut, &h));
	point_key_put_name(&out, key);
	str_eq(string(&out), "m{a=1,b=2}");
	ok_r(point_key_parse_name("m{}", 3, &room, &key, &cut, &h));
	eq(span_left(&key), 2);
}

static void what_is_no_name_is_none(void)
{
	static const char *const names[] = {"", "{a=1}", "m{", "m{a}", "m{a=1", "m{a=1}x", "m{a=1,}", "m{=1}", "m}",
	    "m=1", "a,b", "m{a=1=2}", "m{a={}}", "m%2", "m%zz", "m%00", "m{a=1,a=2}", "a/b", "m{a=%00}",
	    "m{__name__=x}", "m{}{}", "m%2e"};
	_cleanup_(buf_done) struct buf room = {0};
	char lengthy[POINT_NAME_MAX + 1];
	struct point_hash h;
	struct span key;
	bool cut;

	for (size_t i = 0; i < N_ELEMENTS(names); i++)
		if (!ok(point_key_parse_name(names[i], strlen(names[i]), &room, &key, &cut, &h) == -ENOENT))
			printf("# %s\n", names[i]);
	memset(lengthy, 'x', sizeof lengthy);
	eq(point_key_parse_name(lengthy, sizeof lengthy, &room, &key, &cut, &h), -ENOENT);
	ok_r(point_key_parse_name(lengthy, sizeof lengthy - 1, &room, &key, &cut, &h));
	eq(point_key_parse_name("a\0b", 3, &room, &key, &cut, &h), -ENOENT);
}

static void a_long_name_is_cut_and_known_by_its_hash(void)
{
	_cleanup_(buf_done) struct buf made = {0}, out = {0}, room = {0};
	char value[600];

	for (size_t n = 190; n < 500; n++) {
		struct point_label l = {text("path"), span_of(value, n)};
		struct point_hash h;
		struct span key;
		bool cut;

		for (size_t i = 0; i < n; i++)
			value[i] = "\xe2\x82\xac/"[i % 4];
		buf_clear(&made);
		ok_r(point_key_put(&made, text("m"), &l, 1));
		key = span_of(made.p, made.len);
		buf_clear(&out);
		point_key_put_name(&out, key);
		ok(out.len <= POINT_NAME_MAX && memchr(out.p, '/', out.len) == NULL);
		ok_r(point_key_parse_name((const char *)out.p, out.len, &room, &key, &cut, &h));
		key = span_of(made.p, made.len);
		ok(h.low == point_key_hash(key).low && h.high == point_key_hash(key).high);
		if (cut)
			ok(out.len > POINT_NAME_MAX - 10 && out.p[out.len - 35] != '%' && out.p[out.len - 36] != '%');
	}
}

static void a_key_as_text(void)
{
	_cleanup_(buf_done) struct buf made = {0}, out = {0};

	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		struct span key = key_of(&cases[i].key, &made);

		buf_clear(&out);
		point_key_put_text(&out, key, false);
		str_eq(string(&out), cases[i].text);
		buf_clear(&out);
		point_key_put_text(&out, key, true);
		str_eq(string(&out), cases[i].portable);
	}
}

int main(void)
{
	RUN(labels_are_put_in_order_and_those_without_a_value_left_out);
	RUN(what_is_no_key_is_refused_and_nothing_is_put);
	RUN(bytes_that_are_no_key_are_told);
	RUN(what_is_known_of_the_key_before_changes_nothing);
	RUN(parts_of_a_key_are_found);
	RUN(a_key_as_a_name_and_back);
	RUN(a_name_may_be_written_in_other_ways);
	RUN(what_is_no_name_is_none);
	RUN(a_long_name_is_cut_and_known_by_its_hash);
	RUN(a_key_as_text);
	return tap_done();
}
