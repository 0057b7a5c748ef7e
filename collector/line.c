/* line.c -- see line.h */
#include "collector/line.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static const char *skip_blanks(const char *c)
{
	while (is_blank(*c))
		c++;
	return c;
}

/* Whether a number or word may end in front of c. */
static bool is_end(char c)
{
	return is_blank(c) || c == '\n';
}

bool line_u64(const char **p, uint64_t *ret)
{
	const char *c = *p;
	uint64_t v;

	if (!parse_u64(&c, &v) || !is_end(*c))
		return false;
	*p = c;
	*ret = v;
	return true;
}

bool line_i64(const char **p, int64_t *ret)
{
	const char *c = *p;
	int64_t v;

	if (!parse_i64(&c, &v) || !is_end(*c))
		return false;
	*p = c;
	*ret = v;
	return true;
}

bool line_word(const char **p, const char **ret, size_t *ret_len)
{
	const char *c = *p, *word;
	size_t len;

	word = parse_word(&c, &len);
	if (len == 0 || !is_end(*c))
		return false;
	*p = c;
	*ret = word;
	*ret_len = len;
	return true;
}

bool line_before_colon(const char **p, bool last, const char **ret, size_t *ret_len)
{
	const char *begin = skip_blanks(*p), *colon = NULL;

	for (const char *c = begin; *c != '\n' && *c != '\0'; c++)
		if (*c == ':') {
			colon = c;
			if (!last)
				break;
		}
	if (!colon || colon == begin)
		return false;
	*p = colon + 1;
	*ret = begin;
	*ret_len = (size_t)(colon - begin);
	return true;
}

bool line_ends(const char *p)
{
	return *skip_blanks(p) == '\n';
}

bool line_whole(const char *p)
{
	return *strchrnul(p, '\n') == '\n';
}

int line_numbers(const char **p, uint64_t *ret, unsigned max)
{
	const char *c = *p;
	unsigned n = 0;

	while (n < max && line_u64(&c, &ret[n]))
		n++;
	if (n < max ? !line_ends(c) : !line_whole(c))
		return -EBADMSG;
	*p = c;
	return (int)n;
}

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

int line_unescape(const char *word, size_t len, char **ret)
{
	char *out = malloc(len + 1);
	size_t n = 0;

	if (!out)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++) {
		const char *c = word + i;

		if (*c == '\\' && len - i > 3 && is_octal(c[1]) && is_octal(c[2]) && is_octal(c[3])) {
			out[n++] = (char)((c[1] - '0') << 6 | (c[2] - '0') << 3 | (c[3] - '0'));
			i += 3;
		} else {
			out[n++] = *c;
		}
	}
	out[n] = '\0';
	*ret = out;
	return 0;
}
