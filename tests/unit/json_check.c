/* json_check.c -- what is JSON and what is not, and at which byte it stops being it */
#include "store/json_check.h"

#include "tests/tap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the text is wrong; -1: nowhere. */
static long wrong_at(const char *text, size_t len)
{
	const char *why = NULL;
	size_t at = 0;
	char *copy = malloc(len ? len : 1); /* that a read behind it is seen */
	int r;

	memcpy(copy, text, len);
	r = json_check(copy, len, &at, &why);
	free(copy);
	if (r == 0)
		return -1;
	ok(r == -EINVAL && why != NULL && at <= len);
	return (long)at;
}

static long at(const char *text)
{
	return wrong_at(text, strlen(text));
}

static void what_rfc_8259_has_is_json(void)
{
	static const char *const good[] = {"{}", "[]", " \t\r\n null \n", "true", "false", "0", "-0", "-0.0e-0", "1E+9",
	    "123456789012345678901234567890.5", "\"\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"", "\"\\ud83d\\ude00\"",
	    "\"\xf0\x9f\x98\x80 \xe2\x82\xac \xc3\xa9 \x7f\"", "[[],{},[{\"\":[]}]]", "{\"a\":1,\"a\":2}",
	    "[1 , 2\n,\t3 ]", "{ \"a\" : [ 1 , \"x\" ] , \"b\" : null }",
	    "\"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\"", "\"0123456789abcdef0123456789abcdef\""};

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		eq(at(good[i]), -1);
}

static void what_is_not_is_told_with_its_byte(void)
{
	static const struct {
		const char *text;
		long at;
	} bad[] = {{"", 0}, {"  ", 2}, {"{", 1}, {"[", 1}, {"[1", 2}, {"[1,", 3}, {"[1,]", 3}, {"[,1]", 1},
	    {"{\"a\"}", 4}, {"{\"a\":}", 5}, {"{\"a\":1,}", 7}, {"{1:2}", 1}, {"{a:1}", 1}, {"[1 2]", 3}, {"1 2", 2},
	    {"[]]", 2}, {"[}", 1}, {"{]", 1}, {"01", 1}, {"-", 1}, {"+1", 0}, {".5", 0}, {"1.", 2}, {"1.e3", 2},
	    {"1e", 2}, {"1e+", 3}, {"tru", 3}, {"trux", 3}, {"nul", 3}, {"True", 0}, {"NaN", 0}, {"Infinity", 0},
	    {"'a'", 0}, {"\"a", 2}, {"\"a\nb\"", 2}, {"\"\\x\"", 2}, {"\"\\u12g4\"", 5}, {"\"\\ud800\"", 3},
	    {"\"\\ud800\\u0041\"", 3}, {"\"\\udc00\"", 3}, {"\"\\", 2}, {"\"\xff\"", 1}, {"\"\xc0\x80\"", 1},
	    {"\"\xed\xa0\x80\"", 2}, {"\"\xf4\x90\x80\x80\"", 2}, {"\"\xc3", 2}, {"\"\xe0\x80\x80\"", 2},
	    {"\xef\xbb\xbf{}", 0}, {"// x\n1", 0}, {"\"0123456789abcdef\x01\"", 17}, {"[1]x", 3}};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (!eq(at(bad[i].text), bad[i].at))
			printf("# %s\n", bad[i].text);
	eq(wrong_at("\"a\0b\"", 5), 2);
	eq(wrong_at("1\0", 2), 1);
}

static void nesting_has_an_end(void)
{
	char text[2 * JSON_DEPTH_MAX + 4];
	unsigned n = JSON_DEPTH_MAX;

	memset(text, '[', n);
	memset(text + n, ']', n);
	eq(wrong_at(text, 2 * (size_t)n), -1);
	eq(wrong_at(text, 2 * (size_t)n - 1), 2 * (long)n - 1);
	memset(text, '[', n + 1);
	memset(text + n + 1, ']', n + 1);
	eq(wrong_at(text, 2 * (size_t)n + 2), n);
}

/* A special byte at each place of the eight that are looked at together. */
static void every_place_in_a_string_is_looked_at(void)
{
	for (size_t len = 1; len < 40; len++)
		for (size_t i = 0; i < len; i++) {
			static const char special[] = {1, 0x1f, '"', '\\', (char)0xff, (char)0x80};
			char text[64];

			text[0] = '"';
			memset(text + 1, 'x', len);
			text[1 + len] = '"';
			eq(wrong_at(text, len + 2), -1);
			for (size_t k = 0; k < sizeof special; k++) {
				text[1 + i] = special[k];
				ok(wrong_at(text, len + 2) > (long)i);
			}
			text[1 + i] = '!';
			eq(wrong_at(text, len + 2), -1);
		}
}

int main(void)
{
	RUN(what_rfc_8259_has_is_json);
	RUN(what_is_not_is_told_with_its_byte);
	RUN(nesting_has_an_end);
	RUN(every_place_in_a_string_is_looked_at);
	return tap_done();
}
