/* pglog_json.c -- jsonlog: a message a line, an object of strings and numbers */
#include "collector/pglog_format.h"

/* Takes four hexadecimal digits. */
static bool take_hex4(struct pgtext *t, uint32_t *ret)
{
	uint32_t v = 0;

	if (t->len < 4)
		return false;
	for (unsigned i = 0; i < 4; i++) {
		char c = t->p[i];

		v <<= 4;
		if (c >= '0' && c <= '9')
			v |= (uint32_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v |= (uint32_t)((c | 0x20) - 'a' + 10);
		else
			return false;
	}
	pgtext_skip(t, 4);
	*ret = v;
	return true;
}

static void put_utf8(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_put_u8(out, (uint8_t)c);
		return;
	}
	if (c < 0x800) {
		buf_put_u8(out, (uint8_t)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf_put_u8(out, (uint8_t)(0xe0 | c >> 12));
		} else {
			buf_put_u8(out, (uint8_t)(0xf0 | c >> 18));
			buf_put_u8(out, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
		}
		buf_put_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_put_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
}

/* What stands behind "\u": a character, or the first half of one whose other half follows. */
static bool take_character(struct pgtext *t, struct buf *out)
{
	uint32_t c, low;
	struct pgtext next;

	if (!take_hex4(t, &c))
		return false;
	next = *t;
	if (c >= 0xd800 && c < 0xdc00 && pgtext_take(&next, "\\u") && take_hex4(&next, &low) && low >= 0xdc00 &&
	    low < 0xe000) {
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		*t = next;
	}
	put_utf8(out, c);
	return true;
}

/* Takes a string without its escapes; cut: it may lack its end. */
static bool take_string(struct pgtext *t, bool cut, struct buf *scratch, struct pgtext *ret)
{
	static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	size_t from = scratch->len;
	const char *escape;

	if (!pgtext_take(t, "\""))
		return false;
	while (t->len > 0 && *t->p != '"') {
		if (pgtext_take(t, "\\u")) {
			if (!take_character(t, scratch))
				return false;
			continue;
		}
		escape = *t->p == '\\' && t->len > 1 && t->p[1] != '\0' ? strchr(escapes, t->p[1]) : NULL;
		buf_put_u8(scratch, (uint8_t)(escape ? meanings[escape - escapes] : *t->p));
		pgtext_skip(t, escape ? 2 : 1);
	}
	*ret = (struct pgtext){(const char *)scratch->p + from, scratch->len - from};
	return pgtext_take(t, "\"") || cut;
}

static bool set_field(
    struct pglog_record *rec, struct pgtext key, struct pgtext v, const struct pglog_clock *clock, bool *timed)
{
	static const struct {
		const char *key;
		enum pglog_part part;
	} parts[] = {{"message", PGLOG_MESSAGE}, {"detail", PGLOG_DETAIL}, {"context", PGLOG_CONTEXT},
	    {"statement", PGLOG_STATEMENT}};

	for (unsigned i = 0; i < N_ELEMENTS(parts); i++)
		if (pgtext_is(key, parts[i].key))
			rec->part[parts[i].part] = v;
	if (pgtext_is(key, "timestamp")) {
		*timed = pglog_record_take_time(&v, clock, &rec->time_ms) && v.len == 0;
		return *timed;
	}
	if (pgtext_is(key, "pid"))
		return pgtext_take_u64(&v, &rec->pid) && v.len == 0;
	if (pgtext_is(key, "user"))
		rec->user = v;
	else if (pgtext_is(key, "dbname"))
		rec->database = v;
	else if (pgtext_is(key, "application_name"))
		rec->application = v;
	else if (pgtext_is(key, "error_severity"))
		rec->severity = pglog_record_find_severity(v);
	else if (pgtext_is(key, "state_code"))
		pglog_record_set_sqlstate(rec, v);
	return true;
}

/* Takes a string or a number. */
static bool take_value(struct pgtext *t, bool cut, struct buf *scratch, struct pgtext *ret)
{
	if (pgtext_begins(*t, "\""))
		return take_string(t, cut, scratch, ret);
	*ret = (struct pgtext){t->p, 0};
	while (t->len > 0 && *t->p != ',' && *t->p != '}') {
		pgtext_skip(t, 1);
		ret->len++;
	}
	return ret->len > 0;
}

int pglog_json_take(struct pgtext *t, enum pglog_ahead ahead, const struct pglog_clock *clock, struct buf *scratch,
    struct pglog_record *ret)
{
	struct pgtext left = *t, line, key, value;
	bool cut = !pgtext_take_until(&left, "\n", &line), timed = false;

	if (cut) {
		if (ahead != PGLOG_END)
			return -EAGAIN;
		line = left;
		pgtext_skip(&left, left.len);
	}
	if (!pgtext_take(&line, "{"))
		return -EBADMSG;
	do {
		if (!take_string(&line, false, scratch, &key) || !pgtext_take(&line, ":") ||
		    !take_value(&line, cut, scratch, &value) || !set_field(ret, key, value, clock, &timed))
			return -EBADMSG;
	} while (pgtext_take(&line, ","));
	if (!timed || (!pgtext_is(line, "}") && !(cut && line.len == 0)))
		return -EBADMSG;
	*t = left;
	return 0;
}
