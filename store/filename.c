/* filename.c -- see filename.h */
#include "store/filename.h"

#include "store/table.h"

#include <inttypes.h>

#define CUT_MARK "%~"

enum { CUT_LEN = sizeof(CUT_MARK) - 1 + FILENAME_HASH_LEN };

static bool is_plain(uint8_t c, const char *also)
{
	return c >= 0x20 && c != 0x7f && c != '%' && c != '/' && c != ',' && c != '\\' && !strchr(also, c);
}

static char *put_escape(char *p, uint8_t c)
{
	static const char hex[] = "0123456789ABCDEF";

	*p++ = '%';
	*p++ = hex[c >> 4];
	*p++ = hex[c & 15];
	return p;
}

void filename_put_escape(struct buf *out, uint8_t c)
{
	char escape[FILENAME_ESCAPE_LEN];

	buf_put(out, escape, (size_t)(put_escape(escape, c) - escape));
}

void filename_put_escaped(struct buf *out, const char *s, size_t len, const char *also)
{
	char *p;

	if (buf_reserve(out, FILENAME_ESCAPE_LEN * len + 1) < 0)
		return;
	p = (char *)out->p + out->len;
	for (size_t i = 0; i < len; i++) {
		if (is_plain((uint8_t)s[i], also))
			*p++ = s[i];
		else
			p = put_escape(p, (uint8_t)s[i]);
	}
	out->len = (size_t)(p - (char *)out->p);
}

void filename_cut(struct buf *out, size_t start, size_t max, uint64_t high, uint64_t low)
{
	const char *name;
	size_t len;

	if (out->err || out->len - start <= max)
		return;
	name = (const char *)out->p + start;
	len = utf8_cut(name, out->len - start, max - CUT_LEN);
	for (size_t back = 1; back < FILENAME_ESCAPE_LEN && back <= len; back++)
		if (name[len - back] == '%')
			len -= back;
	out->len = start + len;
	buf_puts(out, CUT_MARK);
	buf_printf(out, "%016" PRIx64 "%016" PRIx64, high, low);
}

/* --- back --- */

static int hex_digit(char c, const char *digits)
{
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static bool parse_hash(const char *s, uint64_t *ret)
{
	*ret = 0;
	for (unsigned i = 0; i < FILENAME_HASH_LEN / 2; i++) {
		int digit = hex_digit(s[i], "0123456789abcdef");

		if (digit < 0)
			return false;
		*ret = *ret << 4 | (unsigned)digit;
	}
	return true;
}

bool filename_parse_cut(const char *name, size_t len, size_t max, uint64_t *ret_high, uint64_t *ret_low)
{
	const char *mark = name + len - CUT_LEN;

	return len > CUT_LEN && len <= max && memcmp(mark, CUT_MARK, sizeof(CUT_MARK) - 1) == 0 &&
	       parse_hash(mark + sizeof(CUT_MARK) - 1, ret_high) &&
	       parse_hash(mark + CUT_LEN - FILENAME_HASH_LEN / 2, ret_low);
}

bool filename_unescape(const char *s, size_t len, uint8_t *ret, size_t *ret_len)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t n = 0;

	for (size_t i = 0; i < len; n++) {
		int high, low;

		if (s[i] != '%') {
			ret[n] = (uint8_t)s[i++];
			continue;
		}
		if (len - i < FILENAME_ESCAPE_LEN)
			return false;
		high = hex_digit(s[i + 1], digits);
		low = hex_digit(s[i + 2], digits);
		if (high < 0 || low < 0)
			return false;
		ret[n] = (uint8_t)(high << 4 | low);
		i += FILENAME_ESCAPE_LEN;
	}
	*ret_len = n;
	return true;
}
