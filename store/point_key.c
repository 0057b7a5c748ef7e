/* point_key.c -- see point_key.h */
#include "store/point_key.h"

#include "store/filename.h"
#include "store/text.h"

#include <stdlib.h>
#include <xxhash.h>

/* What stands for the metric among the labels. */
#define METRIC_LABEL "__name__"
#define ORIGINAL_LABEL "histfs_name"

/* Characters that mean something in a name, beside what no file's name has. */
#define ALSO_ESCAPED "={}"

int point_key_compare(struct span a, struct span b)
{
	size_t a_len = span_left(&a), b_len = span_left(&b), len = a_len < b_len ? a_len : b_len;
	int r = len > 0 ? memcmp(a.p, b.p, len) : 0;

	return r != 0 ? r : (a_len > b_len) - (a_len < b_len);
}

static bool is(struct span s, const char *text)
{
	return span_left(&s) == strlen(text) && memcmp(s.p, text, span_left(&s)) == 0;
}

/* --- making --- */

static bool has_nul(struct span s)
{
	return span_left(&s) > 0 && memchr(s.p, 0, span_left(&s));
}

static int by_name(const void *pa, const void *pb)
{
	const struct point_label *a = pa, *b = pb;

	return point_key_compare(a->name, b->name);
}

/* Moves labels with a value to the front. */
static int check_labels(struct point_label *labels, size_t n, size_t *ret_n)
{
	*ret_n = 0;
	for (size_t i = 0; i < n; i++) {
		struct point_label l = labels[i];

		if (span_left(&l.name) == 0 || has_nul(l.name) || has_nul(l.value) || is(l.name, METRIC_LABEL))
			return -EINVAL;
		if (span_left(&l.value) == 0)
			continue;
		labels[i] = labels[*ret_n];
		labels[(*ret_n)++] = l;
	}
	return *ret_n > POINT_LABELS_MAX ? -EMSGSIZE : 0;
}

static void put_part(struct buf *out, struct span s)
{
	buf_put(out, s.p, span_left(&s));
	buf_put_u8(out, 0);
}

int point_key_put(struct buf *out, struct span metric, struct point_label *labels, size_t n)
{
	size_t len = span_left(&metric) + 1;
	int r;

	if (span_left(&metric) == 0 || has_nul(metric))
		return -EINVAL;
	r = check_labels(labels, n, &n);
	if (r < 0)
		return r;
	if (n > 1)
		qsort(labels, n, sizeof *labels, by_name);
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && by_name(&labels[i - 1], &labels[i]) == 0)
			return -EINVAL;
		len += span_left(&labels[i].name) + span_left(&labels[i].value) + 2;
		if (len > POINT_KEY_MAX)
			return -EMSGSIZE;
	}
	if (len > POINT_KEY_MAX)
		return -EMSGSIZE;
	if (buf_reserve(out, len) < 0)
		return -ENOMEM;
	put_part(out, metric);
	for (size_t i = 0; i < n; i++) {
		put_part(out, labels[i].name);
		put_part(out, labels[i].value);
	}
	return 0;
}

/* --- taking apart --- */

/* Takes a part off the front. false: it is empty, or not whole. */
static bool take_part(struct span *in, struct span *ret)
{
	const uint8_t *end = span_left(in) > 0 ? memchr(in->p, 0, span_left(in)) : NULL;

	if (!end || end == in->p)
		return false;
	(void)span_sub(in, (uint64_t)(end - in->p), ret);
	(void)span_take(in, 1);
	return true;
}

/* Whether the nth part may be this one. */
static bool part_valid(const struct point_key_parts *p, unsigned n, struct span key, struct span part)
{
	struct span before;

	if (span_left(&part) == 0 || n == N_ELEMENTS(p->ends))
		return false;
	if (n % 2 == 0) /* the metric, or a value */
		return true;
	if (is(part, METRIC_LABEL))
		return false;
	if (n == 1)
		return true;
	before = (struct span){key.p + p->ends[n - 3], key.p + p->ends[n - 2] - 1};
	/* Names mostly begin differently. */
	return *before.p != *part.p ? *before.p < *part.p : point_key_compare(before, part) < 0;
}

bool point_key_valid_after(struct point_key_parts *p, struct span key, size_t same)
{
	size_t len = span_left(&key), at;
	unsigned n = p->n;

	p->n = 0;
	if (len > POINT_KEY_MAX)
		return false;
	while (n > 0 && p->ends[n - 1] > same)
		n--;
	for (at = n > 0 ? p->ends[n - 1] : 0; at < len; at = p->ends[n++]) {
		size_t end = at;

		/* Mostly a few bytes, written just now: one by one is fastest. */
		while (end < len && key.p[end] != 0)
			end++;
		if (end == len || !part_valid(p, n, key, (struct span){key.p + at, key.p + end}))
			return false;
		p->ends[n] = (uint16_t)(end + 1);
	}
	p->n = n;
	return n % 2 == 1;
}

bool point_key_valid(struct span key)
{
	struct point_key_parts p;

	p.n = 0;
	return point_key_valid_after(&p, key, 0);
}

struct span point_key_metric(struct span key)
{
	struct span metric = span_of(NULL, 0);

	(void)take_part(&key, &metric);
	return metric;
}

bool point_key_label(struct span key, size_t *at, struct point_label *ret)
{
	struct span metric;

	if (*at == 0 && take_part(&key, &metric))
		*at = span_left(&metric) + 1;
	else if (!span_take(&key, *at))
		return false;
	if (!take_part(&key, &ret->name) || !take_part(&key, &ret->value))
		return false;
	*at += span_left(&ret->name) + span_left(&ret->value) + 2;
	return true;
}

struct span point_key_get(struct span key, struct span label)
{
	struct point_label l;
	size_t at = 0;

	if (is(label, METRIC_LABEL))
		return point_key_metric(key);
	while (point_key_label(key, &at, &l))
		if (point_key_compare(l.name, label) == 0)
			return l.value;
	return span_of(NULL, 0);
}

struct point_hash point_key_hash(struct span key)
{
	XXH128_hash_t h = XXH3_128bits(key.p, span_left(&key));

	return (struct point_hash){.low = h.low64, .high = h.high64};
}

/* --- names --- */

static void put_escaped(struct buf *out, struct span s)
{
	filename_put_escaped(out, (const char *)s.p, span_left(&s), ALSO_ESCAPED);
}

void point_key_put_name(struct buf *out, struct span key)
{
	struct span metric = point_key_metric(key);
	struct point_hash h = point_key_hash(key);
	size_t start = out->len, at = 0;
	struct point_label l;
	bool any = false;

	if (span_left(&metric) > 0 && *metric.p == '.')
		filename_put_escape(out, *(const uint8_t *)span_take(&metric, 1));
	put_escaped(out, metric);
	for (; point_key_label(key, &at, &l); any = true) {
		buf_put_u8(out, any ? ',' : '{');
		put_escaped(out, l.name);
		buf_put_u8(out, '=');
		put_escaped(out, l.value);
	}
	if (any)
		buf_put_u8(out, '}');
	filename_cut(out, start, POINT_NAME_MAX, h.high, h.low);
}

/* A key while it is made of a name; bytes are those of name, without escapes. */
struct parsing {
	const char *at, *end;
	uint8_t bytes[POINT_NAME_MAX];
	size_t n;
};

/* Takes what is before one of the characters `until`, or all that is left, without its escapes. */
static bool parse_part(struct parsing *p, const char *until, struct span *ret)
{
	const char *from = p->at;
	size_t len;

	while (p->at < p->end && !strchr(ALSO_ESCAPED "/,\\", *p->at))
		p->at++;
	if (p->at < p->end && !strchr(until, *p->at))
		return false;
	if (!filename_unescape(from, (size_t)(p->at - from), p->bytes + p->n, &len))
		return false;
	*ret = span_of(p->bytes + p->n, len);
	p->n += len;
	return true;
}

static bool parse_char(struct parsing *p, char c)
{
	if (p->at == p->end || *p->at != c)
		return false;
	p->at++;
	return true;
}

/* What is between { and }. */
static bool parse_labels(struct parsing *p, struct point_label labels[POINT_LABELS_MAX], size_t *ret_n)
{
	*ret_n = 0;
	if (parse_char(p, '}'))
		return true;
	do {
		struct point_label *l = &labels[*ret_n];

		if (*ret_n == POINT_LABELS_MAX || !parse_part(p, "=", &l->name) || !parse_char(p, '=') ||
		    !parse_part(p, ",}", &l->value))
			return false;
		++*ret_n;
	} while (parse_char(p, ','));
	return parse_char(p, '}');
}

int point_key_parse_name(
    const char *name, size_t len, struct buf *room, struct span *ret_key, bool *ret_cut, struct point_hash *ret_hash)
{
	struct point_label labels[POINT_LABELS_MAX];
	struct parsing p = {.at = name, .end = name + len};
	struct span metric;
	size_t n = 0;
	int r;

	if (len > POINT_NAME_MAX || memchr(name, 0, len))
		return -ENOENT;
	*ret_cut = filename_parse_cut(name, len, POINT_NAME_MAX, &ret_hash->high, &ret_hash->low);
	if (*ret_cut)
		return 0;
	if (!parse_part(&p, "{", &metric) || (parse_char(&p, '{') && !parse_labels(&p, labels, &n)) || p.at != p.end)
		return -ENOENT;
	buf_clear(room);
	r = point_key_put(room, metric, labels, n);
	if (r < 0)
		return r == -ENOMEM ? r : -ENOENT;
	*ret_key = span_of(room->p, room->len);
	*ret_hash = point_key_hash(*ret_key);
	return 0;
}

/* --- text --- */

static void put_quoted(struct buf *out, struct span s)
{
	while (span_left(&s) > 0) {
		unsigned n = text_utf8_len(s.p, span_left(&s));
		const uint8_t *c = span_take(&s, n > 0 ? n : 1);

		if (n == 0)
			buf_puts(out, "\xef\xbf\xbd");
		else if (*c == '\\' || *c == '"')
			buf_printf(out, "\\%c", *c);
		else if (*c == '\n')
			buf_puts(out, "\\n");
		else
			buf_put(out, c, n);
	}
}

static bool is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* Appends a name of which characters that cannot be in one are '_'. colon: may be there. Returns whether any was. */
static bool put_portable(struct buf *out, struct span s, bool colon)
{
	bool changed = span_left(&s) > 0 && is_digit(*s.p);

	if (changed)
		buf_put_u8(out, '_');
	while (span_left(&s) > 0) {
		unsigned n = text_utf8_len(s.p, span_left(&s));
		uint8_t c = *(const uint8_t *)span_take(&s, n > 0 ? n : 1);
		bool fits = is_letter(c) || is_digit(c) || (c == ':' && colon);

		buf_put_u8(out, fits ? c : '_');
		changed |= !fits;
	}
	return changed;
}

/* The names of labels that were put. */
struct names {
	size_t n, off[POINT_LABELS_MAX + 1], len[POINT_LABELS_MAX + 1];
};

/* Two names can become the same one: the later has more _ at its end then. */
static void put_portable_name(struct buf *out, struct span name, struct names *names)
{
	size_t off = out->len;

	(void)put_portable(out, name, false);
	for (size_t i = 0; out->err == 0 && i < names->n; i++)
		if (names->len[i] == out->len - off &&
		    memcmp(out->p + names->off[i], out->p + off, names->len[i]) == 0) {
			buf_put_u8(out, '_');
			i = SIZE_MAX; /* all over again */
		}
	names->off[names->n] = off;
	names->len[names->n++] = out->len - off;
}

static void put_label(struct buf *out, struct span name, struct span value, bool portable, struct names *names)
{
	buf_put_u8(out, names->n > 0 ? ',' : '{');
	if (portable)
		put_portable_name(out, name, names);
	else {
		put_quoted(out, name);
		names->n++;
	}
	buf_puts(out, "=\"");
	put_quoted(out, value);
	buf_put_u8(out, '"');
}

void point_key_put_text(struct buf *out, struct span key, bool portable)
{
	struct span metric = point_key_metric(key);
	struct names names = {.n = 0};
	struct point_label l;
	size_t at = 0;

	if (!portable)
		put_quoted(out, metric);
	else if (put_portable(out, metric, true))
		put_label(out, span_of(ORIGINAL_LABEL, strlen(ORIGINAL_LABEL)), metric, true, &names);
	while (point_key_label(key, &at, &l))
		put_label(out, l.name, l.value, portable, &names);
	if (names.n > 0)
		buf_put_u8(out, '}');
}
