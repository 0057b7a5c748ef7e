/* words.h -- taking bytes apart: lines, words between blanks, what stands before a character
 *
 * What takes something leaves in *s what stands behind it.
 */
#ifndef COLLECTOR_WORDS_H
#define COLLECTOR_WORDS_H

#include "store/bytes.h"

/* The next line, without its newline, or \r and newline. whole: what is behind the last newline is a line, too. False:
 * there is none. */
static inline bool words_line(struct span *s, bool whole, struct span *ret)
{
	const uint8_t *newline = s->p < s->end ? memchr(s->p, '\n', span_left(s)) : NULL;

	if (!newline && (!whole || s->p == s->end))
		return false;
	*ret = span_of(s->p, (size_t)((newline ? newline : s->end) - s->p));
	s->p = newline ? newline + 1 : s->end;
	if (ret->end > ret->p && ret->end[-1] == '\r')
		ret->end--;
	return true;
}

/* What stands before c, which is passed over, or all of it. */
static inline struct span words_up_to(struct span *s, uint8_t c)
{
	const uint8_t *at = s->p < s->end ? memchr(s->p, c, span_left(s)) : NULL;
	struct span ret = span_of(s->p, (size_t)((at ? at : s->end) - s->p));

	s->p = at ? at + 1 : s->end;
	return ret;
}

static inline bool words_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static inline void words_skip_blanks(struct span *s)
{
	while (s->p < s->end && words_blank(*s->p))
		s->p++;
}

/* The next word; nothing, at NULL, if there is none. */
static inline struct span words_next(struct span *s)
{
	struct span ret = {0};

	words_skip_blanks(s);
	if (s->p == s->end)
		return ret;
	ret.p = s->p;
	while (s->p < s->end && !words_blank(*s->p))
		s->p++;
	ret.end = s->p;
	return ret;
}

static inline bool words_is_blank(struct span s)
{
	words_skip_blanks(&s);
	return s.p == s.end;
}

static inline bool words_is(struct span s, const char *word)
{
	return span_left(&s) == strlen(word) && memcmp(s.p, word, span_left(&s)) == 0;
}

#endif
