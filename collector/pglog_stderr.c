/* pglog_stderr.c -- log_destination stderr: lines with a prefix, for the eye
 *
 * Lines of a message behind its first begin with a tab. What comes with it (DETAIL and its like) are messages of their
 * own, right behind it. Where the message ends is known when another one begins, or nothing comes for a while.
 */
#include "collector/pglog_format.h"

/* Takes a line and those that begin with a tab, without the tabs. -EAGAIN: its end is not there. */
static int take_lines(struct pgtext *t, enum pglog_ahead ahead, struct buf *scratch, struct pgtext *ret)
{
	size_t from = scratch->len;
	struct pgtext left = *t, line;
	bool first = true;

	do {
		if (!pgtext_take_until(&left, "\n", &line)) {
			if (ahead != PGLOG_END)
				return -EAGAIN;
			line = left;
			pgtext_skip(&left, left.len);
		}
		if (!first)
			buf_put_u8(scratch, '\n');
		buf_put(scratch, line.p, line.len);
		first = false;
	} while (pgtext_take(&left, "\t"));
	/* Another one may begin with a tab. */
	if (left.len == 0 && ahead == PGLOG_MORE)
		return -EAGAIN;
	*ret = (struct pgtext){(const char *)scratch->p + from, scratch->len - from};
	*t = left;
	return 0;
}

/* Takes the severity off, and SQLSTATE if the server is verbose. */
static void take_severity(struct pgtext *t, struct pglog_record *rec)
{
	struct pgtext word, state;
	enum pglog_severity severity;

	if (!pgtext_take_until(t, ":  ", &word))
		return;
	severity = pglog_record_find_severity(word);
	if (severity != PGLOG_UNKNOWN)
		rec->severity = severity;
	state = (struct pgtext){t->p, t->len < 5 ? t->len : 5};
	if (rec->sqlstate[0] != '\0' || t->len < 7 || t->p[5] != ':' || t->p[6] != ' ')
		return;
	pglog_record_set_sqlstate(rec, state);
	if (rec->sqlstate[0] != '\0')
		pgtext_skip(t, 7);
}

/* Where in its statement an error is stands behind the message here only. */
static void drop_cursor(struct pgtext *message)
{
	static const char words[] = " at character ";
	size_t len = message->len, n = strlen(words);

	while (len > 0 && message->p[len - 1] >= '0' && message->p[len - 1] <= '9')
		len--;
	if (len < message->len && len >= n && memcmp(message->p + len - n, words, n) == 0)
		message->len = len - n;
}

int pglog_stderr_take(struct pgtext *t, enum pglog_ahead ahead, const struct pglog_clock *clock, struct buf *scratch,
    const struct pglog_prefix *prefix, struct pglog_record *ret)
{
	struct pgtext left = *t, lines, next;
	int r;

	if (pgtext_begins(left, "\t"))
		return -EBADMSG;
	r = take_lines(&left, ahead, scratch, &lines);
	if (r < 0)
		return r;
	if (!pglog_prefix_take(prefix, &lines, clock, ret))
		return -EBADMSG;
	/* What belongs to a message that was before what is read. */
	if (pglog_record_take_part(&lines) != PGLOG_MESSAGE)
		return -EBADMSG;
	take_severity(&lines, ret);
	drop_cursor(&lines);
	ret->part[PGLOG_MESSAGE] = lines;
	for (next = left; next.len > 0; left = next) {
		struct pglog_record of_part;
		enum pglog_part part;

		pglog_record_clear(&of_part);
		r = take_lines(&next, ahead, scratch, &lines);
		if (r < 0)
			return r;
		if (!pglog_prefix_take(prefix, &lines, clock, &of_part))
			break;
		part = pglog_record_take_part(&lines);
		if (part == PGLOG_MESSAGE)
			break;
		ret->part[part] = lines;
	}
	*t = left;
	return 0;
}
