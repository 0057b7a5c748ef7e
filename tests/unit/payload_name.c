/* payload_name.c -- keys of payloads as names: every key has one of its own, and comes back from it */
#include "store/payload_name.h"
#include "tests/tap.h"

#include <stdio.h>

static struct payload_key string(const void *p, size_t len)
{
	return (struct payload_key){.string = span_of(p, len)};
}

static char *name_of(const struct payload_key *key)
{
	struct buf out = {0};

	payload_name_put(&out, key);
	buf_put_u8(&out, '\0');
	return (char *)out.p;
}

static bool comes_back(const struct payload_key *key)
{
	_cleanup_(cleanup_free) char *name = name_of(key);
	struct payload_name back;

	if (payload_name_parse(name, strlen(name), &back) < 0 || back.cut || back.key.is_number != key->is_number)
		return false;
	if (key->is_number)
		return back.key.number == key->number;
	return span_left(&back.key.string) == span_left(&key->string) &&
	       memcmp(back.key.string.p, key->string.p, span_left(&key->string)) == 0;
}

static void a_name_is_the_key_with_what_a_name_cannot_hold_escaped(void)
{
	static const struct {
		const char *key, *name;
	} keys[] = {
	    {"deploy", "deploy"},
	    {"a/b", "a%2Fb"},
	    {"..", "%2E."},
	    {".", "%2E"},
	    {".history", "%2Ehistory"},
	    {"a.json", "a.json"},
	    {"50%", "50%25"},
	    {"a,b\\c", "a%2Cb%5Cc"},
	    {"\n\x7f", "%0A%7F"},
	    {"42", "%342"},
	    {"0", "%30"},
	    {"00", "00"},
	    {"012", "012"},
	    {"18446744073709551616", "%318446744073709551616"},
	    {"123456789012345678901", "123456789012345678901"},
	    {"-1", "-1"},
	    {" a ", " a "},
	    {"\xc3\xa4", "\xc3\xa4"},
	    {"a\xcc\x88", "a\xcc\x88"},
	    {"\xff\xfe", "\xff\xfe"},
	};

	for (size_t i = 0; i < N_ELEMENTS(keys); i++) {
		const struct payload_key key = string(keys[i].key, strlen(keys[i].key));
		_cleanup_(cleanup_free) char *name = name_of(&key);

		str_eq(name, keys[i].name);
		ok(comes_back(&key));
	}
}

static void a_number_is_its_digits(void)
{
	static const uint64_t numbers[] = {0, 7, 42, UINT64_MAX};

	for (size_t i = 0; i < N_ELEMENTS(numbers); i++) {
		const struct payload_key key = {.is_number = true, .number = numbers[i]};
		_cleanup_(cleanup_free) char *name = name_of(&key);
		char digits[32];

		snprintf(digits, sizeof(digits), "%llu", (unsigned long long)numbers[i]);
		str_eq(name, digits);
		ok(comes_back(&key));
	}
}

static void every_byte_comes_back(void)
{
	for (unsigned c = 0; c < 256; c++) {
		const uint8_t bytes[] = {(uint8_t)c, 'x', (uint8_t)c};
		const struct payload_key one = string(bytes, 1), three = string(bytes, 3);

		ok(comes_back(&one));
		ok(comes_back(&three));
	}
}

static void long_keys_have_short_names_that_differ(void)
{
	char bytes[2][PAYLOAD_KEY_MAX];
	_cleanup_(cleanup_free) char *a = NULL, *b = NULL;
	struct payload_name back[2];
	struct payload_key key[2];

	memset(bytes, '/', sizeof(bytes));
	bytes[1][PAYLOAD_KEY_MAX - 1] = '!';
	key[0] = string(bytes[0], PAYLOAD_KEY_MAX);
	key[1] = string(bytes[1], PAYLOAD_KEY_MAX);
	a = name_of(&key[0]);
	b = name_of(&key[1]);
	ok(strlen(a) <= PAYLOAD_NAME_MAX && strlen(b) <= PAYLOAD_NAME_MAX);
	ok(strcmp(a, b) != 0);
	eq(payload_name_parse(a, strlen(a), &back[0]), 0);
	eq(payload_name_parse(b, strlen(b), &back[1]), 0);
	ok(back[0].cut && back[1].cut && back[0].low != back[1].low && back[0].high != back[1].high);
	/* No escape is cut: what stands before the mark is whole. */
	eq((strstr(a, "%~") - a) % 3, 0);
}

static void names_of_240_bytes_are_not_cut_and_longer_ones_are(void)
{
	char bytes[PAYLOAD_NAME_MAX + 1];
	_cleanup_(cleanup_free) char *whole = NULL, *cut = NULL;
	struct payload_key key;

	memset(bytes, 'a', sizeof(bytes));
	key = string(bytes, PAYLOAD_NAME_MAX);
	whole = name_of(&key);
	eq(strlen(whole), PAYLOAD_NAME_MAX);
	ok(comes_back(&key));
	key = string(bytes, sizeof(bytes));
	cut = name_of(&key);
	eq(strlen(cut), PAYLOAD_NAME_MAX);
	ok(!comes_back(&key));
}

static void other_ways_to_write_a_key_are_no_names(void)
{
	static const char *const names[] = {"", "%", "%4", "%zz", "%61", "a%2fb", "%2E%2E", "..", ".", ".x", "a/b",
	    "%33%32", "18446744073709551616", "%~", "x%~0123456789abcdef0123456789ABCDEF", "%25%"};
	struct payload_name back;

	for (size_t i = 0; i < N_ELEMENTS(names); i++)
		if (payload_name_parse(names[i], strlen(names[i]), &back) != -ENOENT)
			ok(!names[i]);
	eq(payload_name_parse("a\0b", 3, &back), -ENOENT);
}

static void a_typed_key_is_a_number_if_it_is_one(void)
{
	struct payload_key key;

	eq(payload_name_typed("18446744073709551615", false, &key), 0);
	ok(key.is_number && key.number == UINT64_MAX);
	eq(payload_name_typed("18446744073709551616", false, &key), 0);
	ok(!key.is_number && span_left(&key.string) == 20);
	eq(payload_name_typed("007", false, &key), 0);
	ok(!key.is_number);
	eq(payload_name_typed("7", true, &key), 0);
	ok(!key.is_number);
	eq(payload_name_typed("", false, &key), -EINVAL);
}

int main(void)
{
	RUN(a_name_is_the_key_with_what_a_name_cannot_hold_escaped);
	RUN(a_number_is_its_digits);
	RUN(every_byte_comes_back);
	RUN(long_keys_have_short_names_that_differ);
	RUN(names_of_240_bytes_are_not_cut_and_longer_ones_are);
	RUN(other_ways_to_write_a_key_are_no_names);
	RUN(a_typed_key_is_a_number_if_it_is_one);
	return tap_done();
}
