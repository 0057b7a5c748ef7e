/* pg_lock_tree.c -- table pg_lock_tree: who waits for whom, from those that wait for nobody on
 *
 * A session can wait for several: for those that hold the lock, and for those before it in the queue. The tree is made
 * of the one that is nearest to a root, waits_for_pid; all others are named in also_waits_for. In a deadlock, until the
 * server resolves it, there is no root: depth, root_pid and waits_for_pid are NULL, and all are in also_waits_for.
 *
 * Who a session is stands in pg_stat_activity. That was asked a moment before, and may be about another statement than
 * the one that waits, or has the lock: so what it does is told here by the same question as its locks. A text that is
 * the same is stored once.
 */
#include "collector/pg_session.h"

/* Part of the format: columns are only ever added, at the end. depth, root_pid and waits_for_pid are filled in here,
 * the last out of also_waits_for. */
#define COLUMNS(C)                                                                                                     \
	C(KEY_ID, "pid", "l.pid")                                                                                      \
	C(NUM, "depth", NULL)                                                                                          \
	C(ID, "root_pid", NULL)                                                                                        \
	C(ID, "waits_for_pid", NULL)                                                                                   \
	C(STR, "also_waits_for", "array_to_string(l.blockers, ',')")                                                   \
	C(FLAG, "granted", "l.granted")                                                                                \
	C(STR, "locktype", "l.locktype")                                                                               \
	C(STR, "mode", "l.mode")                                                                                       \
	C(ID, "datid", "l.database")                                                                                   \
	C(ID, "relid", "l.relation")                                                                                   \
	C(STR, "relation",                                                                                             \
	    "CASE WHEN l.database IN (0, (SELECT oid FROM pg_database WHERE datname = current_database())) "           \
	    "THEN l.relation::regclass::text END")                                                                     \
	C(STR, "object",                                                                                               \
	    "coalesce(l.transactionid::text, l.virtualxid, l.classid || '/' || l.objid || '/' || l.objsubid, "         \
	    "l.page || coalesce('/' || l.tuple, ''))")                                                                 \
	C(TIME, "xact_start_s", "a.xact_start")                                                                        \
	C(TIME, "query_start_s", "a.query_start")                                                                      \
	C(TIME, "wait_start_s", NULL, 140000, "l.waitstart")                                                           \
	C(STR, "state", "a.state")                                                                                     \
	C(TIME, "state_change_s", "a.state_change")                                                                    \
	C(TEXT, "query", "a.query")

/* Those that wait, and what is held by those whom they wait for and who do not wait themselves. */
#define LOCKS                                                                                                          \
	"(WITH locks AS (SELECT * FROM pg_locks), "                                                                    \
	"waits AS (SELECT l.*, pg_blocking_pids(l.pid) AS blockers FROM locks l WHERE NOT l.granted), "                \
	"held AS (SELECT DISTINCT ON (h.pid) h.*, NULL::int[] AS blockers FROM waits w "                               \
	"JOIN locks h ON h.pid = ANY (w.blockers) AND h.granted AND "                                                  \
	"(h.locktype, h.database, h.relation, h.page, h.tuple, h.virtualxid, h.transactionid, h.classid, h.objid, "    \
	"h.objsubid) IS NOT DISTINCT FROM "                                                                            \
	"(w.locktype, w.database, w.relation, w.page, w.tuple, w.virtualxid, w.transactionid, w.classid, w.objid, "    \
	"w.objsubid) WHERE h.pid NOT IN (SELECT pid FROM waits) ORDER BY h.pid) "                                      \
	"SELECT * FROM waits UNION ALL SELECT * FROM held) l LEFT JOIN pg_stat_activity a ON a.pid = l.pid "           \
	"ORDER BY l.pid"

static int finish(struct pg_session *s, struct table *t, uint32_t first);

PG_TABLE(pg_lock_tree, 68, "pg_lock_tree", COLUMNS, .from = {{0, LOCKS}}, .finish = finish);

/* Places in the table, behind the server's name. */
enum { PID = 1, DEPTH, ROOT, WAITS_FOR, ALSO };

/* Row of a process, by halving: rows are in their order. UINT32_MAX: there is none. */
static uint32_t find_pid(const struct table *t, uint32_t first, uint64_t pid)
{
	uint32_t low = first, high = t->n_rows;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (table_get(t, PID, middle) < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low < t->n_rows && table_get(t, PID, low) == pid ? low : UINT32_MAX;
}

/* Takes the word at p away, with the comma beside it. */
static int take_out(struct table *t, uint32_t row, struct str s, const char *p, size_t len)
{
	_cleanup_(buf_done) struct buf rest = {0};
	const char *end = s.p + s.len, *behind = p + len < end ? p + len + 1 : end;

	buf_put(&rest, s.p, (size_t)(p - s.p));
	buf_put(&rest, behind, (size_t)(end - behind));
	if (behind == end && rest.len > 0)
		rest.len--;
	if (rest.err < 0)
		return rest.err;
	if (rest.len > 0)
		return table_set_str(t, row, ALSO, (const char *)rest.p, rest.len);
	table_set_null(t, row, ALSO);
	return 0;
}

/* Puts the row below the first of those that it waits for who is in the tree, if there is one: then it is 1. */
static int attach(struct table *t, uint32_t first, uint32_t row, uint64_t depth)
{
	struct str s = table_str(t, ALSO, row);
	char text[32];

	for (const char *p = s.p, *end = s.p + s.len; p < end;) {
		size_t len = 0;
		const char *word = text, *start = p;
		uint64_t pid;
		uint32_t above;
		int r;

		while (p < end && *p != ',' && len < sizeof text - 1)
			text[len++] = *p++;
		text[len] = '\0';
		p += p < end && *p == ',';
		if (len == 0 || !parse_u64(&word, &pid))
			return 0;
		above = find_pid(t, first, pid);
		if (above == UINT32_MAX || table_is_null(t, DEPTH, above) || table_get(t, DEPTH, above) + 1 != depth)
			continue;
		table_set(t, row, DEPTH, depth);
		table_set(t, row, ROOT, table_get(t, ROOT, above));
		table_set(t, row, WAITS_FOR, pid);
		r = take_out(t, row, s, start, len);
		return r < 0 ? r : 1;
	}
	return 0;
}

static int finish(struct pg_session *s, struct table *t, uint32_t first)
{
	bool more = false;

	for (uint32_t i = first; i < t->n_rows; i++) {
		if (table_str(t, ALSO, i).len > 0)
			continue;
		table_set(t, i, DEPTH, 0);
		table_set(t, i, ROOT, table_get(t, PID, i));
		more = true;
	}
	/* Level by level. */
	for (uint64_t depth = 1; more; depth++) {
		more = false;
		for (uint32_t i = first; i < t->n_rows; i++) {
			int r = table_is_null(t, DEPTH, i) ? attach(t, first, i, depth) : 0;

			if (r < 0)
				return r;
			more = more || r > 0;
		}
	}
	return pg_session_name(s, t, first);
}
