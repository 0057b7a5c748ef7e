/* pglog_format.h -- the formats that pglog_parse knows: a function each
 *
 * Each takes the first message off t, which is not empty. Texts of *ret point into t or into scratch, which is empty
 * and has room for as many bytes as t has. 0, -EAGAIN and -ENOMEM as pglog_parse_next has them; -EBADMSG: no message
 * begins here; t is as it was.
 */
#ifndef COLLECTOR_PGLOG_FORMAT_H
#define COLLECTOR_PGLOG_FORMAT_H

#include "collector/pglog_parse.h"
#include "collector/pglog_prefix.h"

int pglog_csv_take(struct pgtext *t, enum pglog_ahead ahead, const struct pglog_clock *clock, struct buf *scratch,
    struct pglog_record *ret);
int pglog_json_take(struct pgtext *t, enum pglog_ahead ahead, const struct pglog_clock *clock, struct buf *scratch,
    struct pglog_record *ret);
int pglog_stderr_take(struct pgtext *t, enum pglog_ahead ahead, const struct pglog_clock *clock, struct buf *scratch,
    const struct pglog_prefix *prefix, struct pglog_record *ret);

#endif
