/* point_lines.c -- points as lines
 *
 * The points are in memory, 16 bytes each, and where every STEP-th line begins. Which part of the lines is wanted is
 * found from there.
 */
#include "view/point_lines.h"

#include "store/point_text.h"

enum { STEP = 256, KEPT_MAX = 4 << 20, NS_PER_MS = 1000000 };

int point_lines_new(struct point_lines **ret)
{
	struct point_lines *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	*ret = l;
	return 0;
}

void point_lines_free(struct point_lines *l)
{
	if (!l)
		return;
	buf_done(&l->ns);
	buf_done(&l->bits);
	buf_done(&l->prefix);
	buf_done(&l->marks);
	free(l);
}

static void clear(struct buf *b)
{
	if (b->cap > KEPT_MAX)
		buf_done(b);
	buf_clear(b);
}

void point_lines_clear_points(struct point_lines *l)
{
	clear(&l->ns);
	clear(&l->bits);
	clear(&l->marks);
	l->of = l->stamp = l->piece = l->len = 0;
	l->n = 0;
}

void point_lines_clear(struct point_lines *l)
{
	point_lines_clear_points(l);
	clear(&l->prefix);
}

static int64_t *times(const struct point_lines *l)
{
	return (int64_t *)(void *)l->ns.p;
}

static uint64_t *values(const struct point_lines *l)
{
	return (uint64_t *)(void *)l->bits.p;
}

/* Milliseconds since 1970, or those before it that a time is after. */
static int64_t ms_of(int64_t ns)
{
	return ns / NS_PER_MS - (ns % NS_PER_MS < 0);
}

static void drop_twins(struct point_lines *l)
{
	int64_t *ns = times(l);
	uint64_t *bits = values(l);
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		if (i + 1 < l->n && ms_of(ns[i]) == ms_of(ns[i + 1]))
			continue;
		ns[n] = ns[i];
		bits[n++] = bits[i];
	}
	l->n = n;
}

static size_t line_len(const struct point_lines *l, size_t i)
{
	size_t value = point_text_value_len(values(l)[i]);

	if (l->prefix.len > 0)
		return l->prefix.len + value + 1 + POINT_LINES_TIME_LEN + 1;
	return (times(l)[i] % NS_PER_MS ? POINT_TIME_FINE_LEN : POINT_TIME_LEN) + 1 + value + 1;
}

int point_lines_measure(struct point_lines *l)
{
	l->n = l->ns.len / sizeof(int64_t);
	l->len = 0;
	if (l->ns.err || l->bits.err || l->prefix.err)
		return -ENOMEM;
	if (l->prefix.len > 0)
		drop_twins(l);
	for (size_t i = 0; i < l->n; i++) {
		if (i % STEP == 0)
			buf_put(&l->marks, &l->len, sizeof(l->len));
		l->len += line_len(l, i);
	}
	return l->marks.err;
}

bool point_lines_len(const struct point_stat *s, size_t prefix_len, uint64_t *ret)
{
	/* Then some of them may be in one millisecond. */
	if (prefix_len > 0 && s->n_fine > 0)
		return false;
	if (prefix_len > 0)
		*ret = s->n * (prefix_len + 1 + POINT_LINES_TIME_LEN + 1) + s->values_len;
	else
		*ret = s->n * (POINT_TIME_LEN + 2) + s->n_fine * (POINT_TIME_FINE_LEN - POINT_TIME_LEN) + s->values_len;
	return true;
}

/* 1795144325.123, with zeros in front up to that length. */
static char *put_seconds(char *p, int64_t ns)
{
	uint64_t ms = (uint64_t)ms_of(ns);

	for (int i = POINT_LINES_TIME_LEN; i-- > 0;) {
		if (i == POINT_LINES_TIME_LEN - 4) {
			p[i] = '.';
			continue;
		}
		p[i] = (char)('0' + ms % 10);
		ms /= 10;
	}
	return p + POINT_LINES_TIME_LEN;
}

/* Where there is room for it. */
static size_t put_line(const struct point_lines *l, size_t i, char *begin)
{
	char *p = begin;

	if (l->prefix.len > 0) {
		memcpy(p, l->prefix.p, l->prefix.len);
		p += l->prefix.len;
		p += point_text_put_value(p, values(l)[i]);
		*p++ = ' ';
		p = put_seconds(p, times(l)[i]);
	} else {
		p += point_text_put_time(p, times(l)[i]);
		*p++ = '\t';
		p += point_text_put_value(p, values(l)[i]);
	}
	*p++ = '\n';
	return (size_t)(p - begin);
}

/* The mark at or before off: its number. */
static size_t find_mark(const struct point_lines *l, uint64_t off)
{
	const uint64_t *marks = (const uint64_t *)(const void *)l->marks.p;
	size_t lo = 0, hi = l->marks.len / sizeof(*marks);

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (marks[mid] <= off)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

int point_lines_put(const struct point_lines *l, uint64_t off, size_t len, struct buf *out)
{
	enum { REST_MAX = POINT_TIME_FINE_LEN + POINT_VALUE_MAX + POINT_LINES_TIME_LEN + 8 };
	size_t room = l->prefix.len + REST_MAX, begin = out->len, mark, i, skip;
	uint64_t at;

	if (off >= l->len)
		return out->err;
	mark = find_mark(l, off);
	memcpy(&at, l->marks.p + mark * sizeof(at), sizeof(at));
	for (i = mark * STEP; at + line_len(l, i) <= off; i++)
		at += line_len(l, i);
	skip = (size_t)(off - at);
	for (; i < l->n && out->len - begin < skip + len; i++) {
		if (buf_reserve(out, room) < 0)
			return out->err;
		out->len += put_line(l, i, (char *)out->p + out->len);
	}
	if (out->len - begin > skip + len)
		out->len = begin + skip + len;
	out->len -= skip;
	memmove(out->p + begin, out->p + begin + skip, out->len - begin);
	return 0;
}
