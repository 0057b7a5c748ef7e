/* pglog_parse.h -- messages out of the bytes of a server's log, in any of its formats
 *
 * What is torn off waits for more; what is no message costs its line and nothing else. One thread a parser.
 */
#ifndef COLLECTOR_PGLOG_PARSE_H
#define COLLECTOR_PGLOG_PARSE_H

#include "collector/pglog_record.h"
#include "store/bytes.h"
#include "store/cleanup.h"

enum pglog_format { PGLOG_NO_FORMAT, PGLOG_STDERR, PGLOG_CSV, PGLOG_JSON, PGLOG_FORMATS };

/* What may come behind the bytes that there are: more at any time; more, but nothing has for a while, so that lines
 * which could belong to the last message do not; nothing. */
enum pglog_ahead { PGLOG_MORE, PGLOG_QUIET, PGLOG_END };

struct pglog_parser;

/* prefix: log_line_prefix, for stderr. -EMSGSIZE: it is too long. */
int pglog_parse_new(enum pglog_format format, const char *prefix, struct pglog_parser **ret);
void pglog_parse_free(struct pglog_parser *x);
DEFINE_CLEANUP(pglog_parser, pglog_parse_free)

/* "stderr", "csvlog", "jsonlog". */
const char *pglog_parse_name(enum pglog_format format);

/* Takes the first message off t. 0: it is in *ret, until the next call; -EAGAIN: it is not all there, and t is as it
 * was; -EBADMSG: a line was taken that is none; -ENODATA: t is empty; -ENOMEM. */
int pglog_parse_next(struct pglog_parser *x, struct pgtext *t, enum pglog_ahead ahead, const struct pglog_clock *clock,
    struct pglog_record *ret);

#endif
