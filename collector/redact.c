/* redact.c -- see redact.h */
#include "collector/redact.h"

#include <regex.h>
#include <strings.h>

static const char blank[] = "***";

/* Words whose value is a secret. They may be the end of a longer word (PGPASSWORD, client_secret). */
static const struct {
	const char *word;
	size_t len;
} secrets[] = {
#define WORD(w)                                                                                                        \
	{                                                                                                              \
		w, sizeof w - 1                                                                                        \
	}
    WORD("password"),
    WORD("passwd"),
    WORD("passphrase"),
    WORD("secret"),
    WORD("token"),
    WORD("mysql_pwd"),
    WORD("api_key"),
    WORD("api-key"),
    WORD("apikey"),
    WORD("access_key"),
    WORD("access-key"),
#undef WORD
};

struct redact {
	size_t n;
	regex_t patterns[];
};

void redact_free(struct redact *rd)
{
	for (size_t i = 0; i < rd->n; i++)
		regfree(&rd->patterns[i]);
	free(rd);
}

int redact_new(const char *const *patterns, size_t n, size_t *ret_bad, struct redact **ret)
{
	_cleanup_(cleanup_redact) struct redact *rd = calloc(1, sizeof *rd + n * sizeof *rd->patterns);

	if (!rd)
		return -ENOMEM;
	for (; rd->n < n; rd->n++) {
		int r = regcomp(&rd->patterns[rd->n], patterns[rd->n], REG_EXTENDED | REG_ICASE);

		if (r != 0) {
			if (ret_bad)
				*ret_bad = rd->n;
			return r == REG_ESPACE ? -ENOMEM : -EINVAL;
		}
	}
	*ret = TAKE(rd);
	return 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_quote(char c)
{
	return c == '\'' || c == '"';
}

/* Length of the secret's word that begins at p; 0 if none does. */
static size_t secret_word(const char *p, const char *end)
{
	/* Most bytes begin none of them. */
	switch (*p | 0x20) {
	case 'a':
	case 'm':
	case 'p':
	case 's':
	case 't':
		break;
	default:
		return 0;
	}
	for (size_t i = 0; i < N_ELEMENTS(secrets); i++)
		if ((size_t)(end - p) >= secrets[i].len && strncasecmp(p, secrets[i].word, secrets[i].len) == 0)
			return secrets[i].len;
	return 0;
}

/* The end of a quoted value whose opening quote is at p: the closing quote, or the argument's end. A quote that is
 * doubled or behind a backslash does not close. */
static const char *quoted_end(const char *p, const char *end)
{
	char quote = *p++;

	for (; p < end && *p != '\0'; p++) {
		if (*p == '\\' && p + 1 < end && p[1] != '\0') {
			p++;
		} else if (*p == quote) {
			if (p + 1 < end && p[1] == quote)
				p++;
			else
				return p;
		}
	}
	return p;
}

static const char *argument_end(const char *p, const char *end)
{
	const char *nul = memchr(p, '\0', (size_t)(end - p));

	return nul ? nul : end;
}

static const char *plain_end(const char *p, const char *end)
{
	while (p < end && *p != '\0' && !is_blank(*p) && !is_quote(*p))
		p++;
	return p;
}

/* --- SQL --- */

/* The end of blanks and comments. */
static const char *gap_end(const char *p, const char *end)
{
	for (;;) {
		const char *close = NULL;

		if (p < end && is_blank(*p))
			close = p + 1;
		else if (end - p > 1 && p[0] == '-' && p[1] == '-')
			close = memchr(p, '\n', (size_t)(end - p));
		else if (end - p > 3 && p[0] == '/' && p[1] == '*' &&
		         (close = memmem(p + 2, (size_t)(end - p - 2), "*/", 2)))
			close += 2;
		if (!close)
			return p;
		p = close;
	}
}

/* What is between $tag$ and $tag$, or behind the first if there is no other. */
static bool find_in_dollars(const char *p, const char *end, const char **ret, const char **ret_end)
{
	const char *tag = p + 1, *close;

	if (p == end || *p != '$' || (tag < end && *tag >= '0' && *tag <= '9'))
		return false;
	while (tag < end && *tag != '$' && !is_blank(*tag) && !is_quote(*tag))
		tag++;
	if (tag == end || *tag != '$')
		return false;
	tag++;
	close = memmem(tag, (size_t)(end - tag), p, (size_t)(tag - p));
	*ret = tag;
	*ret_end = close ? close : end;
	return true;
}

/* A literal that begins at p: '…', e'…', u&'…', $tag$…$tag$. */
static bool find_literal(const char *p, const char *end, const char **ret, const char **ret_end)
{
	const char *quote = p;

	if (end - p > 1 && (*p == 'e' || *p == 'E' || *p == 'n' || *p == 'N'))
		quote = p + 1;
	else if (end - p > 2 && (*p == 'u' || *p == 'U') && p[1] == '&')
		quote = p + 2;
	if (quote == end || !is_quote(*quote))
		return find_in_dollars(p, end, ret, ret_end);
	*ret = quote + 1;
	*ret_end = quoted_end(quote, end);
	return true;
}

/* Whether a quote at p closes. */
static bool is_quoted(const char *text, const char *p)
{
	bool quoted = false;

	for (; text < p; text++)
		quoted = quoted != is_quote(*text);
	return quoted;
}

/* PASSWORD '…', password = '…', with whatever may stand in between. p: behind the word, or behind the sign. */
static bool find_sql_value(const char *text, const char *p, const char *end, const char **ret, const char **ret_end)
{
	const char *literal = gap_end(p, end);

	if (literal == p && (p == end || !is_quote(*p) || is_quoted(text, p)))
		return false;
	return find_literal(literal, end, ret, ret_end);
}

/* Finds the value that belongs to the secret's word in front of p; word: where that word begins, with its dashes and
 * the like. False if there is none. */
static bool find_value(
    const char *text, const char *word, const char *p, const char *end, const char **ret, const char **ret_end)
{
	bool begins_argument = word == text || word[-1] == '\0', option = *word == '-';
	bool whole_argument = false; /* the value reaches to the argument's end, blanks and all */
	const char *q = p, *argument = argument_end(p, end);

	if (find_sql_value(text, p, argument, ret, ret_end))
		return *ret < *ret_end;
	if (q < end && is_quote(*q)) /* "password": … */
		q++;
	while (q < end && is_blank(*q))
		q++;
	if (q < end && *q == '=') {
		q++;
		whole_argument = option && begins_argument;
		if (!whole_argument && find_in_dollars(q, argument, ret, ret_end)) {
			*ret = q; /* they may belong to a value that needs none */
			return true;
		}
		if (!whole_argument &&
		    (find_literal(q, argument, ret, ret_end) || find_sql_value(text, q, argument, ret, ret_end)))
			return *ret < *ret_end;
	} else if (q < end && *q == ':') {
		q++;
		while (q < end && is_blank(*q))
			q++;
	} else if (option && p < end && *p == '\0') { /* --password, then an argument */
		q = p + 1;
		whole_argument = true;
		if (q < end && *q == '-')
			return false;
	} else if (option && q > p) { /* the same where blanks separate the arguments */
		if (q < end && *q == '-')
			return false;
	} else {
		return false;
	}
	if (q >= end || *q == '\0')
		return false;
	if (whole_argument) {
		*ret = q;
		*ret_end = argument_end(q, end);
	} else if (is_quote(*q)) {
		*ret = q + 1;
		*ret_end = quoted_end(q, end);
	} else {
		*ret = q;
		*ret_end = plain_end(q, end);
	}
	return *ret < *ret_end;
}

/* Finds the password of scheme://user:password@host, p being behind the "://". */
static bool find_url_password(const char *p, const char *end, const char **ret, const char **ret_end)
{
	const char *stop = p, *colon = NULL, *at = NULL;

	for (; stop < end && *stop != '\0' && !is_blank(*stop) && !is_quote(*stop) && *stop != '/'; stop++) {
		if (*stop == ':' && !colon)
			colon = stop;
		if (*stop == '@')
			at = stop;
	}
	if (!colon || !at || at <= colon + 1)
		return false;
	*ret = colon + 1;
	*ret_end = at;
	return true;
}

static void put_known(const char *text, size_t len, struct buf *out)
{
	const char *end = text + len, *done = text, *word = text, *from, *to;

	for (const char *p = text; p < end;) {
		size_t n = secret_word(p, end);
		bool found = false;

		if (n > 0) {
			p += n;
			found = find_value(text, word, p, end, &from, &to);
		} else if (*p == ':' && end - p > 3 && p[1] == '/' && p[2] == '/') {
			p += 3;
			found = find_url_password(p, end, &from, &to);
		} else {
			if (*p == '\0' || is_blank(*p) || is_quote(*p))
				word = p + 1;
			p++;
		}
		if (found) {
			buf_put(out, done, (size_t)(from - done));
			buf_put(out, blank, sizeof blank - 1);
			p = done = to;
		}
	}
	buf_put(out, done, (size_t)(end - done));
}

static void put_pattern(const regex_t *re, const char *text, size_t len, struct buf *out)
{
	size_t at = 0;

	while (at < len) {
		regmatch_t m[2] = {{(regoff_t)at, (regoff_t)len}, {-1, -1}};
		const regmatch_t *what;

		if (regexec(re, text, 2, m, REG_STARTEND | (at ? REG_NOTBOL : 0)) != 0)
			break;
		what = re->re_nsub > 0 && m[1].rm_so >= 0 ? &m[1] : &m[0];
		if (what->rm_eo <= (regoff_t)at) {
			/* An empty match: go on behind the next byte. */
			buf_put_u8(out, (uint8_t)text[at++]);
			continue;
		}
		buf_put(out, text + at, (size_t)what->rm_so - at);
		buf_put(out, blank, sizeof blank - 1);
		at = (size_t)what->rm_eo;
	}
	buf_put(out, text + at, len - at);
}

void redact_put(const struct redact *rd, const char *text, size_t len, struct buf *out)
{
	struct buf work[2] = {{0}, {0}};
	size_t i;

	if (len == 0)
		return;
	if (rd->n == 0) {
		put_known(text, len, out);
		return;
	}
	put_known(text, len, &work[0]);
	for (i = 0; i < rd->n; i++) {
		struct buf *from = &work[i % 2], *to = &work[(i + 1) % 2];

		to->len = 0;
		/* regexec with REG_STARTEND needs no NUL, but those who look over its shoulder do. */
		buf_put_u8(from, '\0');
		from->len -= from->err == 0;
		if (from->err == 0)
			put_pattern(&rd->patterns[i], (const char *)from->p, from->len, to);
		else
			to->err = from->err;
	}
	buf_put(out, work[i % 2].p, work[i % 2].len);
	if (work[i % 2].err < 0)
		out->err = work[i % 2].err;
	buf_done(&work[0]);
	buf_done(&work[1]);
}
