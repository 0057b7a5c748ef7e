/* pglog_parse.c -- see pglog_parse.h */
#include "collector/pglog_parse.h"

#include "collector/pglog_format.h"

struct pglog_parser {
	enum pglog_format format;
	struct pglog_prefix *prefix; /* of stderr */
	struct buf scratch;          /* texts of the last message */
};

int pglog_parse_new(enum pglog_format format, const char *prefix, struct pglog_parser **ret)
{
	_cleanup_(cleanup_pglog_parser) struct pglog_parser *x = calloc(1, sizeof *x);
	int r = 0;

	if (!x)
		return -ENOMEM;
	x->format = format;
	if (format == PGLOG_STDERR)
		r = pglog_prefix_new(prefix, &x->prefix);
	if (r == 0)
		*ret = TAKE(x);
	return r;
}

void pglog_parse_free(struct pglog_parser *x)
{
	if (x->prefix)
		pglog_prefix_free(x->prefix);
	buf_done(&x->scratch);
	free(x);
}

const char *pglog_parse_name(enum pglog_format format)
{
	static const char *const names[PGLOG_FORMATS] = {
	    [PGLOG_NO_FORMAT] = "", [PGLOG_STDERR] = "stderr", [PGLOG_CSV] = "csvlog", [PGLOG_JSON] = "jsonlog"};

	return names[format];
}

/* Takes a line that is no message. -EAGAIN: its end is not there. */
static int drop_line(struct pgtext *t, enum pglog_ahead ahead)
{
	if (pgtext_skip_behind(t, "\n"))
		return -EBADMSG;
	if (ahead != PGLOG_END)
		return -EAGAIN;
	pgtext_skip(t, t->len);
	return -EBADMSG;
}

int pglog_parse_next(struct pglog_parser *x, struct pgtext *t, enum pglog_ahead ahead, const struct pglog_clock *clock,
    struct pglog_record *ret)
{
	int r;

	if (t->len == 0)
		return -ENODATA;
	pglog_record_clear(ret);
	/* No text is longer than what it is made of, so none moves while the others are made. */
	buf_clear(&x->scratch);
	r = buf_reserve(&x->scratch, t->len);
	if (r < 0)
		return r;
	if (x->format == PGLOG_CSV)
		r = pglog_csv_take(t, ahead, clock, &x->scratch, ret);
	else if (x->format == PGLOG_JSON)
		r = pglog_json_take(t, ahead, clock, &x->scratch, ret);
	else
		r = pglog_stderr_take(t, ahead, clock, &x->scratch, x->prefix, ret);
	return r == -EBADMSG ? drop_line(t, ahead) : r;
}
