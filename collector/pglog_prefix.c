/* pglog_prefix.c -- see pglog_prefix.h
 *
 * Names in a prefix may hold any character, also those that are to follow them. Where a name ends is tried out: at the
 * first place from which on all the rest fits, up to a limit of tries.
 */
#include "collector/pglog_prefix.h"

#include <errno.h>

enum { ITEMS_MAX = 64, TRIES_MAX = 4096, NAME_MAX_LEN = 256, WORD_MAX = 48 };

struct item {
	char escape; /* '\0': the literal text */
	unsigned width;
	bool left; /* padded at the end */
	struct pgtext literal;
};

struct pglog_prefix {
	char *setting;
	size_t n;
	struct item items[ITEMS_MAX];
};

/* A line that is tried. */
struct attempt {
	const struct pglog_prefix *prefix;
	const struct pglog_clock *clock;
	struct pglog_record *rec;
	unsigned tries;
};

void pglog_prefix_free(struct pglog_prefix *x)
{
	free(x->setting);
	free(x);
}

/* Takes one escape or a run of literal text. */
static struct item take_item(struct pgtext *t)
{
	struct item item = {.literal = {t->p, 0}};
	uint64_t width = 0;

	if (*t->p != '%') {
		while (t->len > 0 && *t->p != '%') {
			pgtext_skip(t, 1);
			item.literal.len++;
		}
		return item;
	}
	pgtext_skip(t, 1);
	item.left = pgtext_take(t, "-");
	if (pgtext_take_u64(t, &width))
		item.width = (unsigned)(width < NAME_MAX_LEN ? width : NAME_MAX_LEN);
	/* A lone % at the end is nothing, and so is an escape that there is not. */
	item.escape = t->len > 0 ? *t->p : '?';
	pgtext_skip(t, 1);
	if (item.escape == '%')
		item = (struct item){.literal = {"%", 1}};
	return item;
}

int pglog_prefix_new(const char *setting, struct pglog_prefix **ret)
{
	_cleanup_(cleanup_pglog_prefix) struct pglog_prefix *x = calloc(1, sizeof *x);
	struct pgtext left;

	if (!x)
		return -ENOMEM;
	x->setting = strdup(setting);
	if (!x->setting)
		return -ENOMEM;
	left = pgtext_of(x->setting);
	while (left.len > 0) {
		if (x->n == ITEMS_MAX)
			return -EMSGSIZE;
		x->items[x->n++] = take_item(&left);
	}
	*ret = TAKE(x);
	return 0;
}

/* --- lines --- */

static bool is_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c);
}

static void take_run(struct pgtext *t, const char *set)
{
	while (t->len > 0 && is_of(*t->p, set))
		pgtext_skip(t, 1);
}

/* Takes the value of an escape that has characters of its own. False: it has none, or it is not there. */
static bool take_value(const struct item *item, struct pgtext *t, struct attempt *a)
{
	static const char digits[] = "0123456789";
	struct pgtext value = *t;
	int64_t time_ms;
	uint64_t v;

	switch (item->escape) {
	case 'm':
	case 't':
		if (!pglog_record_take_time(t, a->clock, &time_ms))
			return false;
		a->rec->time_ms = time_ms;
		return true;
	case 'n':
		if (!pgtext_take_scaled(t, 3, &v) || v > INT64_MAX)
			return false;
		a->rec->time_ms = (int64_t)v;
		return true;
	case 's':
		return pglog_record_take_time(t, a->clock, &time_ms) || item->width > 0;
	case 'p':
		return pgtext_take_u64(t, &a->rec->pid);
	case 'P':
	case 'l':
	case 'x':
		take_run(t, digits);
		return true;
	case 'Q':
		pgtext_take(t, "-");
		take_run(t, digits);
		return true;
	case 'v':
		take_run(t, "0123456789/-");
		return true;
	case 'c':
		take_run(t, "0123456789abcdef.");
		return true;
	case 'e':
		if (t->len < 5)
			return false;
		value.len = 5;
		pgtext_skip(t, 5);
		/* Whatever the severity's word says is said later. */
		a->rec->severity = PGLOG_UNKNOWN;
		pglog_record_set_sqlstate(a->rec, value);
		return a->rec->sqlstate[0] != '\0';
	default:
		return false;
	}
}

static bool is_name(char escape)
{
	return is_of(escape, "audhribL");
}

static struct pgtext trimmed(struct pgtext t)
{
	while (t.len > 0 && *t.p == ' ')
		pgtext_skip(&t, 1);
	while (t.len > 0 && t.p[t.len - 1] == ' ')
		t.len--;
	return pgtext_is(t, "[unknown]") ? (struct pgtext){t.p, 0} : t;
}

static void set_name(struct pglog_record *rec, char escape, struct pgtext value)
{
	value = trimmed(value);
	if (escape == 'u')
		rec->user = value;
	else if (escape == 'd')
		rec->database = value;
	else if (escape == 'a')
		rec->application = value;
}

/* Whether a severity, or the word of a part, stands in front: some word and ":". One that is not known has no blanks.
 */
static bool begins_message(struct pgtext t)
{
	struct pgtext word;

	if (pglog_record_take_part(&t) != PGLOG_MESSAGE)
		return true;
	if (t.len > WORD_MAX)
		t.len = WORD_MAX;
	if (!pgtext_take_until(&t, ":  ", &word) || word.len == 0)
		return false;
	return pglog_record_find_severity(word) != PGLOG_UNKNOWN ||
	       (!memchr(word.p, ':', word.len) && !memchr(word.p, ' ', word.len));
}

static bool match(struct attempt *a, size_t i, struct pgtext *t);

/* A name, of whatever length lets the rest fit. */
static bool match_name(struct attempt *a, size_t i, struct pgtext *t)
{
	const struct item *item = &a->prefix->items[i], *next = i + 1 < a->prefix->n ? item + 1 : NULL;

	for (size_t len = item->width; len <= t->len && len <= NAME_MAX_LEN; len++) {
		struct pgtext rest = {t->p + len, t->len - len};

		if (next && next->literal.len > 0 && (rest.len == 0 || *rest.p != *next->literal.p))
			continue;
		if (!match(a, i + 1, &rest))
			continue;
		set_name(a->rec, item->escape, (struct pgtext){t->p, len});
		*t = rest;
		return true;
	}
	return false;
}

static bool match_value(struct attempt *a, size_t i, struct pgtext *t)
{
	const struct item *item = &a->prefix->items[i];
	struct pgtext rest = *t;

	if (item->width > 0 && !item->left)
		take_run(&rest, " ");
	if (!take_value(item, &rest, a))
		return false;
	for (size_t used = t->len - rest.len; item->left && used < item->width && rest.len > 0 && *rest.p == ' ';
	     used++)
		pgtext_skip(&rest, 1);
	if (!match(a, i + 1, &rest))
		return false;
	*t = rest;
	return true;
}

/* Items from i on, and a message behind them. */
static bool match(struct attempt *a, size_t i, struct pgtext *t)
{
	const struct item *item = &a->prefix->items[i];
	struct pgtext rest = *t;

	if (++a->tries > TRIES_MAX)
		return false;
	if (i == a->prefix->n)
		return begins_message(*t);
	if (item->literal.len > 0) {
		if (t->len < item->literal.len || memcmp(t->p, item->literal.p, item->literal.len) != 0)
			return false;
		pgtext_skip(&rest, item->literal.len);
	} else if (item->escape == 'q') {
		/* What serves no client ends its prefix here. */
		if (match(a, i + 1, t))
			return true;
		return begins_message(*t);
	} else if (is_name(item->escape)) {
		return match_name(a, i, t);
	} else if (is_of(item->escape, "mtnspPlxQvce")) {
		return match_value(a, i, t);
	}
	if (!match(a, i + 1, &rest))
		return false;
	*t = rest;
	return true;
}

bool pglog_prefix_take(
    const struct pglog_prefix *x, struct pgtext *line, const struct pglog_clock *clock, struct pglog_record *rec)
{
	struct attempt a = {x, clock, rec, 0};

	return match(&a, 0, line);
}
