/* position.c -- see position.h */
#include "ctl/position.h"

#include "ctl/opened.h"

#include <err.h>

static bool is_number(const char *s)
{
	return *s && s[strspn(s, "0123456789")] == '\0' && strlen(s) <= 18;
}

static int parse_time(const char *text, int64_t *ret)
{
	if (is_number(text)) {
		*ret = (int64_t)strtoll(text, NULL, 10);
		return 0;
	}
	return opened_time(text, ret) < 0 ? -EINVAL : 0;
}

int position_parse(struct position *p, const char *text)
{
	if (strncmp(text, "e@", 2) == 0) {
		p->ends = true;
		return parse_time(text + 2, &p->end_ms);
	}
	if (strncmp(text, "s@", 2) == 0) {
		p->from = POSITION_TIME;
		return parse_time(text + 2, &p->from_ms);
	}
	if (strcmp(text, "beginning") == 0) {
		p->from = POSITION_BEGINNING;
	} else if (strcmp(text, "end") == 0) {
		p->from = POSITION_END;
	} else if (is_number(text + (*text == '-'))) {
		p->from = *text == '-' ? POSITION_BACK : POSITION_OFFSET;
		p->n = strtoull(text + (*text == '-'), NULL, 10);
	} else {
		warnx("-o %s: not beginning, end, an offset, -N, s@TIME or e@TIME", text);
		return -EINVAL;
	}
	return 0;
}

int position_begin(const struct position *p, struct topic_reader *r, uint64_t *ret)
{
	struct topic_range range;

	topic_reader_range(r, &range);
	switch (p->from) {
	case POSITION_END:
		*ret = range.next_offset;
		return 0;
	case POSITION_OFFSET:
		*ret = p->n;
		return 0;
	case POSITION_BACK:
		*ret = range.next_offset - range.first_offset > p->n ? range.next_offset - p->n : range.first_offset;
		return 0;
	case POSITION_TIME:
		return topic_reader_at(r, p->from_ms, ret);
	default:
		*ret = range.first_offset;
		return 0;
	}
}

int position_end(const struct position *p, struct topic_reader *r, uint64_t *ret)
{
	struct topic_range range;
	uint64_t end;
	int e;

	*ret = UINT64_MAX;
	if (!p->ends)
		return 0;
	topic_reader_range(r, &range);
	e = topic_reader_at(r, p->end_ms, &end);
	/* Where no message of that time has come, more of before it may. */
	if (e == 0 && end < range.next_offset)
		*ret = end;
	return e;
}
