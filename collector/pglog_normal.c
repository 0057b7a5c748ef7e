/* pglog_normal.c -- see pglog_normal.h */
#include "collector/pglog_normal.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Of a name that needs no quotes; what is not ASCII may be a letter. */
static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '$' || (c & 0x80);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

/* Length of what is in quotes at the front of t, with them; a doubled quote does not end it. */
static size_t quoted_len(struct pgtext t, bool backslashes)
{
	char quote = *t.p;

	for (size_t i = 1; i < t.len; i++) {
		if (backslashes && t.p[i] == '\\') {
			i++;
			continue;
		}
		if (t.p[i] != quote)
			continue;
		if (i + 1 < t.len && t.p[i + 1] == quote)
			i++;
		else
			return i + 1;
	}
	return t.len;
}

/* --- messages --- */

/* Whether the quoted text is a name: "users", "public.users_pkey". */
static bool is_name(const char *p, size_t len)
{
	if (len < 3 || is_digit(p[1]))
		return false;
	for (size_t i = 1; i < len - 1; i++)
		if (!is_name_char(p[i]) && p[i] != '.')
			return false;
	return p[len - 1] == '"';
}

static bool ends_with(const struct buf *b, size_t from, const char *s)
{
	size_t len = strlen(s);

	return b->len - from >= len && memcmp(b->p + b->len - len, s, len) == 0;
}

static bool value_follows(const struct buf *out, size_t from)
{
	return ends_with(out, from, ": ") || ends_with(out, from, "near ") || ends_with(out, from, "= ");
}

void pglog_normal_message(struct pgtext message, struct buf *out)
{
	size_t from = out->len;
	char before = ' ';
	struct pgtext t;

	if (!pgtext_take_line(&message, &t))
		return;
	while (t.len > 0) {
		size_t len = 1;
		char c = *t.p;

		if (c == '"') {
			len = quoted_len(t, false);
			if (is_name(t.p, len) && !value_follows(out, from))
				buf_put(out, t.p, len);
			else
				buf_puts(out, "\"?\"");
		} else if (c == '\'' && !is_name_char(before)) {
			/* Not the apostrophe of a word. */
			len = quoted_len(t, false);
			buf_puts(out, "'?'");
		} else if (is_digit(c) && !is_name_char(before)) {
			/* Also 0/16B3748 and its like. */
			while (len < t.len && is_name_char(t.p[len]))
				len++;
			buf_put_u8(out, '?');
		} else {
			buf_put_u8(out, (uint8_t)c);
		}
		before = t.p[len - 1];
		pgtext_skip(&t, len);
	}
}

/* --- SQL --- */

/* Length of a comment at the front of t; 0: there is none. Those in stars may be nested. */
static size_t comment_len(struct pgtext t)
{
	unsigned depth = 0;
	size_t i = 0;

	if (pgtext_begins(t, "--")) {
		const char *end = memchr(t.p, '\n', t.len);

		return end ? (size_t)(end - t.p) : t.len;
	}
	if (!pgtext_begins(t, "/*"))
		return 0;
	while (i < t.len) {
		struct pgtext rest = {t.p + i, t.len - i};

		if (pgtext_begins(rest, "/*")) {
			depth++;
			i += 2;
		} else if (pgtext_begins(rest, "*/")) {
			i += 2;
			if (--depth == 0)
				return i;
		} else {
			i++;
		}
	}
	return t.len;
}

/* Length of $tag$…$tag$ at the front of t; 0: there is none. */
static size_t dollar_len(struct pgtext t)
{
	size_t tag = 1;
	const char *end;

	while (tag < t.len && is_name_char(t.p[tag]) && t.p[tag] != '$')
		tag++;
	if (tag == t.len || t.p[tag] != '$' || (tag > 1 && is_digit(t.p[1])))
		return 0;
	tag++;
	end = memmem(t.p + tag, t.len - tag, t.p, tag);
	return end ? (size_t)(end - t.p) + tag : t.len;
}

/* Length of a number at the front of t: 12, 1.5e-3, 0x1F, 1_000. */
static size_t number_len(struct pgtext t)
{
	size_t i = 1;

	while (i < t.len && (is_name_char(t.p[i]) || t.p[i] == '.' ||
	                        ((t.p[i] == '-' || t.p[i] == '+') && (t.p[i - 1] | 0x20) == 'e')))
		i++;
	return i;
}

/* Length of a literal at the front of t that is not part of a name; 0: there is none. */
static size_t literal_len(struct pgtext t)
{
	char c = *t.p;

	if (c == '\'')
		return quoted_len(t, false);
	if (t.len > 1 && t.p[1] == '\'' && strchr("eEbBxXnN", c))
		return 1 + quoted_len((struct pgtext){t.p + 1, t.len - 1}, (c | 0x20) == 'e');
	if (is_digit(c) || (c == '.' && t.len > 1 && is_digit(t.p[1])))
		return number_len(t);
	return c == '$' ? dollar_len(t) : 0;
}

void pglog_normal_sql(struct pgtext t, struct buf *out)
{
	size_t from = out->len;
	bool blank = false;

	while (t.len > 0) {
		size_t len = comment_len(t), name = 0;

		if (len > 0 || is_blank(*t.p)) {
			blank = true;
			pgtext_skip(&t, len > 0 ? len : 1);
			continue;
		}
		if (blank && out->len > from)
			buf_put_u8(out, ' ');
		blank = false;
		len = *t.p == '\0' ? 0 : literal_len(t);
		if (len > 0) {
			buf_put_u8(out, '?');
			pgtext_skip(&t, len);
			continue;
		}
		if (*t.p == '"')
			name = quoted_len(t, false);
		while (name < t.len && *t.p != '"' && is_name_char(t.p[name]))
			name++;
		name += name == 0;
		buf_put(out, t.p, name);
		pgtext_skip(&t, name);
	}
}
