/* pgtext.c -- see pgtext.h */
#include "collector/pgtext.h"

bool pgtext_is(struct pgtext t, const char *s)
{
	return t.len == strlen(s) && pgtext_begins(t, s);
}

bool pgtext_begins(struct pgtext t, const char *s)
{
	size_t len = strlen(s);

	return t.len >= len && (len == 0 || memcmp(t.p, s, len) == 0);
}

bool pgtext_take(struct pgtext *t, const char *s)
{
	if (!pgtext_begins(*t, s))
		return false;
	pgtext_skip(t, strlen(s));
	return true;
}

bool pgtext_take_until(struct pgtext *t, const char *s, struct pgtext *ret)
{
	const char *at = t->len ? memmem(t->p, t->len, s, strlen(s)) : NULL;

	if (!at)
		return false;
	*ret = (struct pgtext){t->p, (size_t)(at - t->p)};
	pgtext_skip(t, ret->len + strlen(s));
	return true;
}

bool pgtext_skip_behind(struct pgtext *t, const char *s)
{
	struct pgtext skipped;

	return pgtext_take_until(t, s, &skipped);
}

bool pgtext_take_line(struct pgtext *t, struct pgtext *ret)
{
	if (t->len == 0)
		return false;
	if (!pgtext_take_until(t, "\n", ret)) {
		*ret = *t;
		pgtext_skip(t, t->len);
	}
	return true;
}

bool pgtext_take_u64(struct pgtext *t, uint64_t *ret)
{
	struct pgtext left = *t;
	uint64_t v = 0;

	for (; left.len > 0 && *left.p >= '0' && *left.p <= '9'; pgtext_skip(&left, 1))
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, (uint64_t)(*left.p - '0'), &v))
			return false;
	if (left.len == t->len)
		return false;
	*t = left;
	*ret = v;
	return true;
}

bool pgtext_take_scaled(struct pgtext *t, unsigned scale, uint64_t *ret)
{
	struct pgtext left = *t;
	unsigned n = 0;
	uint64_t v;

	if (!pgtext_take_u64(&left, &v))
		return false;
	if (left.len > 0 && *left.p == '.') {
		for (pgtext_skip(&left, 1); left.len > 0 && *left.p >= '0' && *left.p <= '9'; pgtext_skip(&left, 1)) {
			uint64_t digit = (uint64_t)(*left.p - '0');

			if (n < scale && (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, digit, &v)))
				return false;
			/* The first one that is too many rounds. */
			if (n == scale && digit >= 5)
				v++;
			n++;
		}
	}
	for (; n < scale; n++)
		if (__builtin_mul_overflow(v, 10, &v))
			return false;
	*t = left;
	*ret = v;
	return true;
}
