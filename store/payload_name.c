/* payload_name.c -- see payload_name.h */
#include "store/payload_name.h"

#include "store/filename.h"
#include "store/payload_record.h"

#include <inttypes.h>

enum { DIGITS_MAX = 20 };

/* 1 to 20 digits, the first no zero unless it is the only one. */
static bool is_like_number(const char *s, size_t len)
{
	if (len == 0 || len > DIGITS_MAX || (len > 1 && s[0] == '0'))
		return false;
	for (size_t i = 0; i < len; i++)
		if (s[i] < '0' || s[i] > '9')
			return false;
	return true;
}

/* What is_like_number, if it is below 2^64. */
static bool parse_number(const char *s, size_t len, uint64_t *ret)
{
	uint64_t n = 0;

	for (size_t i = 0; i < len; i++) {
		uint64_t digit = (uint64_t)(s[i] - '0');

		if (n > (UINT64_MAX - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*ret = n;
	return true;
}

void payload_name_put(struct buf *out, const struct payload_key *key)
{
	const char *s = (const char *)key->string.p;
	size_t start = out->len, len = span_left(&key->string);

	if (key->is_number) {
		buf_printf(out, "%" PRIu64, key->number);
		return;
	}
	if (len > 0 && (s[0] == '.' || is_like_number(s, len))) {
		filename_put_escape(out, (uint8_t)*s++);
		len--;
	}
	filename_put_escaped(out, s, len, "");
	if (out->err == 0 && out->len - start > PAYLOAD_NAME_MAX)
		filename_cut(
		    out, start, PAYLOAD_NAME_MAX, payload_record_key_hash_high(key), payload_record_key_hash(key));
}

/* --- back --- */

/* There are other ways to write a key; a name is the one that it is given. */
static int compare(const char *name, size_t len, const struct payload_key *key)
{
	_cleanup_(buf_done) struct buf own = {0};

	payload_name_put(&own, key);
	if (own.err)
		return own.err;
	return own.len == len && memcmp(own.p, name, len) == 0 ? 0 : -ENOENT;
}

int payload_name_parse(const char *name, size_t len, struct payload_name *ret)
{
	size_t n;

	*ret = (struct payload_name){0};
	if (len == 0 || len > PAYLOAD_NAME_MAX)
		return -ENOENT;
	if (is_like_number(name, len)) {
		ret->key.is_number = true;
		return parse_number(name, len, &ret->key.number) ? 0 : -ENOENT;
	}
	ret->cut = filename_parse_cut(name, len, PAYLOAD_NAME_MAX, &ret->high, &ret->low);
	if (ret->cut)
		return 0;
	if (!filename_unescape(name, len, ret->bytes, &n))
		return -ENOENT;
	ret->key.string = span_of(ret->bytes, n);
	return compare(name, len, &ret->key);
}

void payload_name_keep(struct payload_name *ret, const struct payload_key *key)
{
	size_t len = span_left(&key->string);

	*ret = (struct payload_name){.key = *key};
	if (key->is_number)
		return;
	memcpy(ret->bytes, key->string.p, len);
	ret->key.string = span_of(ret->bytes, len);
}

int payload_name_typed(const char *text, bool as_string, struct payload_key *ret)
{
	size_t len = strlen(text);

	if (len == 0 || len > PAYLOAD_KEY_MAX)
		return -EINVAL;
	*ret = (struct payload_key){.string = span_of(text, len)};
	ret->is_number = !as_string && is_like_number(text, len) && parse_number(text, len, &ret->number);
	return 0;
}
