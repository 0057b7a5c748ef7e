/* pg_session.h -- what completing a table's rows can make use of
 *
 * On the thread of the server whose rows they are, while one of its databases is asked.
 */
#ifndef COLLECTOR_PG_SESSION_H
#define COLLECTOR_PG_SESSION_H

#include "collector/pg_conn.h"
#include "collector/pg_query.h"

struct pg_session {
	struct pg_server *server;
	struct pg_conn *conn;     /* to the database that is asked */
	const char *schema;       /* of the extension that the table belongs to, quoted */
	uint32_t version;         /* its, or the server's */
	const struct table *last; /* the rows before these; NULL: there are none */
	const struct redact *redact;
	size_t text_max;
};

/* Name of a table or index of any database, as far as it is recorded. False: it is not. */
bool pg_session_relation(const struct pg_session *s, uint64_t datid, uint64_t relid, struct buf *out);

/* Fills in the column `relation` where datid and relid are known and it is not. */
int pg_session_name(struct pg_session *s, struct table *t, uint32_t first);

#endif
