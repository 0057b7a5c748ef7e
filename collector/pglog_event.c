/* pglog_event.c -- see pglog_event.h */
#include "collector/pglog_event.h"

#include "store/cleanup.h"

#include <assert.h>

static_assert(PGLOG_EV_COLUMNS <= 64, "a bit each");

/* How a number is written, and what it becomes. */
enum unit { COUNT, PER_MS, PER_S, KB, MB };

static bool take_number(struct pgtext *t, enum unit unit, uint64_t *ret)
{
	uint64_t v;

	switch (unit) {
	case COUNT:
		return pgtext_take_u64(t, ret);
	case PER_MS:
		return pgtext_take_scaled(t, 3, ret);
	case PER_S:
		return pgtext_take_scaled(t, 6, ret);
	case KB:
		return pgtext_take_u64(t, &v) && !__builtin_mul_overflow(v, 1024, ret);
	case MB:
		if (!pgtext_take_scaled(t, 3, &v) || __builtin_mul_overflow(v, 1024 * 1024, &v))
			return false;
		*ret = (v + 500) / 1000;
		return true;
	}
	return false;
}

/* A number behind the words that name it, in a line or in all of the message. */
struct named {
	const char *name;
	enum unit unit;
	enum pglog_event_column column;
};

/* Fills in those of n that are there. */
static void find_named(struct pgtext t, const struct named *named, size_t n, struct pglog_event *e)
{
	for (size_t i = 0; i < n; i++) {
		struct pgtext at = t;
		uint64_t v;

		if (pgtext_skip_behind(&at, named[i].name) && take_number(&at, named[i].unit, &v))
			pglog_event_set(e, named[i].column, v);
	}
}

/* --- checkpoints --- */

static bool read_checkpoint(struct pgtext t, struct pglog_event *e)
{
	static const struct named named[] = {
	    {"; ", COUNT, PGLOG_EV_WAL_ADDED},
	    {" added, ", COUNT, PGLOG_EV_WAL_REMOVED},
	    {" removed, ", COUNT, PGLOG_EV_WAL_RECYCLED},
	    {"write=", PER_S, PGLOG_EV_WRITE},
	    {"sync=", PER_S, PGLOG_EV_SYNC},
	    {"total=", PER_S, PGLOG_EV_DURATION},
	    {"sync files=", COUNT, PGLOG_EV_SYNC_FILES},
	    {"longest=", PER_S, PGLOG_EV_SYNC_LONGEST},
	    {"average=", PER_S, PGLOG_EV_SYNC_AVERAGE},
	    {"distance=", KB, PGLOG_EV_DISTANCE},
	    {"estimate=", KB, PGLOG_EV_ESTIMATE},
	    {", wrote ", COUNT, PGLOG_EV_SLRU_BUFFERS},
	};
	uint64_t v;

	if (!pgtext_take(&t, "wrote ") || !pgtext_take_u64(&t, &v))
		return false;
	pglog_event_set(e, PGLOG_EV_BUFFERS, v);
	find_named(t, named, N_ELEMENTS(named), e);
	return true;
}

/* "checkpoint starting: immediate force wait": the words are the reason. */
static enum pglog_kind read_checkpoints(struct pgtext t, struct pglog_event *e)
{
	bool restart = pgtext_take(&t, "restartpoint ");

	if (!restart && !pgtext_take(&t, "checkpoint "))
		return PGLOG_NO_EVENT;
	if (pgtext_take(&t, "complete: ") && read_checkpoint(t, e))
		return restart ? PGLOG_RESTARTPOINT : PGLOG_CHECKPOINT;
	if (!pgtext_take(&t, "starting:"))
		return PGLOG_NO_EVENT;
	pgtext_take(&t, " ");
	e->texts[PGLOG_EV_REASON] = t;
	return restart ? PGLOG_RESTARTPOINT_BEGUN : PGLOG_CHECKPOINT_BEGUN;
}

/* --- vacuum --- */

/* A line "pages: 1 removed, 2 remain": by the words behind the numbers. */
static void read_counts(struct pgtext line, struct pglog_event *e)
{
	static const struct {
		const char *line, *word;
		enum pglog_event_column column;
	} counts[] = {
	    {"pages: ", "removed", PGLOG_EV_PAGES_REMOVED},
	    {"pages: ", "remain", PGLOG_EV_PAGES_REMAIN},
	    {"pages: ", "scanned", PGLOG_EV_PAGES_SCANNED},
	    {"pages: ", "skipped due to pins", PGLOG_EV_PAGES_SKIPPED_PINS},
	    {"pages: ", "skipped frozen", PGLOG_EV_PAGES_SKIPPED_FROZEN},
	    {"tuples: ", "removed", PGLOG_EV_TUPLES_REMOVED},
	    {"tuples: ", "remain", PGLOG_EV_TUPLES_REMAIN},
	    {"tuples: ", "are dead but not yet removable", PGLOG_EV_TUPLES_DEAD},
	    {"buffer usage: ", "hits", PGLOG_EV_BUFFER_HITS},
	    {"buffer usage: ", "misses", PGLOG_EV_BUFFER_MISSES},
	    {"buffer usage: ", "reads", PGLOG_EV_BUFFER_MISSES}, /* from 17 on */
	    {"buffer usage: ", "dirtied", PGLOG_EV_BUFFER_DIRTIED},
	    {"WAL usage: ", "records", PGLOG_EV_WAL_RECORDS},
	    {"WAL usage: ", "full page images", PGLOG_EV_WAL_FPI},
	    {"WAL usage: ", "bytes", PGLOG_EV_WAL_BYTES},
	};

	for (size_t i = 0; i < N_ELEMENTS(counts); i++) {
		struct pgtext t = line;
		uint64_t v;

		if (!pgtext_take(&t, counts[i].line))
			continue;
		do {
			if (pgtext_take_u64(&t, &v) && pgtext_take(&t, " ") && pgtext_take(&t, counts[i].word) &&
			    (t.len == 0 || *t.p == ',' || *t.p == ' '))
				pglog_event_set(e, counts[i].column, v);
		} while (pgtext_skip_behind(&t, ", "));
	}
}

static void read_usage(struct pgtext t, struct pglog_event *e)
{
	static const struct named rates[] = {
	    {"avg read rate: ", MB, PGLOG_EV_READ_RATE}, {"avg write rate: ", MB, PGLOG_EV_WRITE_RATE}};
	static const struct named timings[] = {
	    {"read: ", PER_MS, PGLOG_EV_IO_READ}, {"write: ", PER_MS, PGLOG_EV_IO_WRITE}};
	static const struct named delay[] = {{"delay time: ", PER_MS, PGLOG_EV_DELAY}};
	static const struct named usage[] = {{"user: ", PER_S, PGLOG_EV_CPU_USER},
	    {"system: ", PER_S, PGLOG_EV_CPU_SYSTEM}, {"elapsed: ", PER_S, PGLOG_EV_DURATION}};
	struct pgtext line;

	while (pgtext_take_line(&t, &line)) {
		struct pgtext cpu = line;

		read_counts(line, e);
		if (pgtext_begins(line, "avg read rate: "))
			find_named(line, rates, N_ELEMENTS(rates), e);
		else if (pgtext_begins(line, "I/O timings: "))
			find_named(line, timings, N_ELEMENTS(timings), e);
		else if (pgtext_begins(line, "delay time: "))
			find_named(line, delay, N_ELEMENTS(delay), e);
		else if (pgtext_skip_behind(&cpu, "system usage: CPU: "))
			find_named(cpu, usage, N_ELEMENTS(usage), e);
	}
}

/* Takes "database.schema.table" up to its quote. */
static bool take_relation(struct pgtext *t, struct pglog_event *e)
{
	struct pgtext name = {t->p, 0}, database;

	for (size_t i = 0; i < t->len; i++) {
		if (t->p[i] != '"' || (i + 1 < t->len && !strchr(": \n", t->p[i + 1])))
			continue;
		name.len = i;
		pgtext_skip(t, i + 1);
		if (!pgtext_take_until(&name, ".", &database))
			return false;
		e->texts[PGLOG_EV_DATNAME] = database;
		e->texts[PGLOG_EV_RELATION] = name;
		return true;
	}
	return false;
}

static enum pglog_kind read_vacuum(struct pgtext t, struct pglog_event *e)
{
	static const struct {
		const char *words, *reason;
		enum pglog_kind kind;
	} kinds[] = {
	    {"vacuum of table \"", "", PGLOG_AUTOVACUUM},
	    {"aggressive vacuum of table \"", "aggressive", PGLOG_AUTOVACUUM},
	    {"vacuum to prevent wraparound of table \"", "to prevent wraparound", PGLOG_AUTOVACUUM},
	    {"aggressive vacuum to prevent wraparound of table \"", "aggressive, to prevent wraparound",
	        PGLOG_AUTOVACUUM},
	    {"analyze of table \"", "", PGLOG_AUTOANALYZE},
	};
	static const struct named scans[] = {{"index scans: ", COUNT, PGLOG_EV_INDEX_SCANS}};

	if (!pgtext_take(&t, "automatic "))
		return PGLOG_NO_EVENT;
	for (size_t i = 0; i < N_ELEMENTS(kinds); i++) {
		if (!pgtext_take(&t, kinds[i].words))
			continue;
		if (!take_relation(&t, e))
			return PGLOG_NO_EVENT;
		e->texts[PGLOG_EV_REASON] = pgtext_of(kinds[i].reason);
		find_named(t, scans, N_ELEMENTS(scans), e);
		read_usage(t, e);
		return kinds[i].kind;
	}
	return PGLOG_NO_EVENT;
}

/* --- statements --- */

/* What a client asked for, by either protocol: "statement: SQL", "execute name: SQL". */
static bool read_statement(struct pgtext t, struct pglog_event *e)
{
	static const struct {
		const char *words, *phase;
		bool named;
	} phases[] = {
	    {"statement: ", "statement", false},
	    {"execute fetch from ", "execute", true},
	    {"execute ", "execute", true},
	    {"parse ", "parse", true},
	    {"bind ", "bind", true},
	    {"fastpath function call: ", "fastpath", false},
	};

	for (size_t i = 0; i < N_ELEMENTS(phases); i++) {
		if (!pgtext_take(&t, phases[i].words))
			continue;
		if (phases[i].named && !pgtext_skip_behind(&t, ": "))
			return false;
		e->texts[PGLOG_EV_REASON] = pgtext_of(phases[i].phase);
		e->texts[PGLOG_EV_QUERY] = t;
		return true;
	}
	return false;
}

static enum pglog_kind read_query(struct pgtext t, struct pglog_event *e)
{
	uint64_t us;

	if (!pgtext_take(&t, "duration: "))
		return read_statement(t, e) ? PGLOG_STATEMENT_BEGUN : PGLOG_NO_EVENT;
	if (!pgtext_take_scaled(&t, 3, &us) || !pgtext_take(&t, " ms"))
		return PGLOG_NO_EVENT;
	pglog_event_set(e, PGLOG_EV_DURATION, us);
	if (t.len == 0)
		return PGLOG_DURATION;
	return pgtext_take(&t, "  ") && read_statement(t, e) ? PGLOG_SLOW_QUERY : PGLOG_NO_EVENT;
}

/* --- locks --- */

static void read_blockers(struct pgtext detail, struct pglog_event *e)
{
	if (pgtext_skip_behind(&detail, "holding the lock: "))
		pgtext_take_until(&detail, ".", &e->texts[PGLOG_EV_BLOCKED_BY]);
}

static enum pglog_kind read_lock(const struct pglog_record *rec, struct pglog_event *e)
{
	static const struct {
		const char *words, *reason;
	} kinds[] = {
	    {" still waiting for ", "still waiting"},
	    {" acquired ", "acquired"},
	    {" avoided deadlock for ", "avoided deadlock"},
	    {" detected deadlock while waiting for ", "deadlock"},
	    {" failed to acquire ", "failed"},
	    {" could not obtain ", "not obtained"},
	};
	struct pgtext t = rec->part[PGLOG_MESSAGE];
	uint64_t pid, us;

	if (!pgtext_take(&t, "process ") || !pgtext_take_u64(&t, &pid))
		return PGLOG_NO_EVENT;
	for (size_t i = 0; i < N_ELEMENTS(kinds); i++) {
		struct pgtext object;

		if (!pgtext_take(&t, kinds[i].words))
			continue;
		if (!pgtext_take_until(&t, " on ", &e->texts[PGLOG_EV_LOCK_MODE]))
			return PGLOG_NO_EVENT;
		object = t;
		if (pgtext_take_until(&t, " after ", &object) && pgtext_take_scaled(&t, 3, &us))
			pglog_event_set(e, PGLOG_EV_DURATION, us);
		e->texts[PGLOG_EV_LOCK_OBJECT] = object;
		pgtext_take_until(&object, " by rearranging queue order", &e->texts[PGLOG_EV_LOCK_OBJECT]);
		e->texts[PGLOG_EV_REASON] = pgtext_of(kinds[i].reason);
		pglog_event_set(e, PGLOG_EV_PID, pid);
		read_blockers(rec->part[PGLOG_DETAIL], e);
		return PGLOG_LOCK_WAIT;
	}
	return PGLOG_NO_EVENT;
}

/* --- the rest --- */

static enum pglog_kind read_temp_file(struct pgtext t, struct pglog_event *e)
{
	uint64_t bytes;

	if (!pgtext_take(&t, "temporary file: path \"") || !pgtext_skip_behind(&t, "\", size ") ||
	    !pgtext_take_u64(&t, &bytes))
		return PGLOG_NO_EVENT;
	pglog_event_set(e, PGLOG_EV_SIZE, bytes);
	return PGLOG_TEMP_FILE;
}

static enum pglog_kind read_server(struct pgtext t, struct pglog_event *e)
{
	struct pgtext process = t;

	if (pgtext_begins(t, "connection authorized: "))
		return PGLOG_CONNECTION;
	if (pgtext_begins(t, "disconnection: "))
		return PGLOG_DISCONNECTION;
	if (pgtext_is(t, "database system is shut down"))
		return PGLOG_STOP;
	if (pgtext_begins(t, "database system is ready to accept "))
		return PGLOG_START;
	if (!pgtext_skip_behind(&process, " (PID ") || !pgtext_skip_behind(&process, ") ") ||
	    !pgtext_begins(process, "was terminated by "))
		return PGLOG_NO_EVENT;
	e->texts[PGLOG_EV_DETAIL] = t;
	return PGLOG_CRASH;
}

static enum pglog_kind read_log(const struct pglog_record *rec, struct pglog_event *e)
{
	struct pgtext t = rec->part[PGLOG_MESSAGE];
	enum pglog_kind kind = read_query(t, e);

	if (kind == PGLOG_NO_EVENT)
		kind = read_checkpoints(t, e);
	if (kind == PGLOG_NO_EVENT)
		kind = read_vacuum(t, e);
	if (kind == PGLOG_NO_EVENT)
		kind = read_lock(rec, e);
	if (kind == PGLOG_NO_EVENT)
		kind = read_temp_file(t, e);
	return kind == PGLOG_NO_EVENT ? read_server(t, e) : kind;
}

enum pglog_kind pglog_event_of(const struct pglog_record *rec, struct pglog_event *ret)
{
	struct pgtext deadlock = rec->part[PGLOG_MESSAGE];

	*ret = (struct pglog_event){0};
	if (rec->severity == PGLOG_LOG) {
		ret->kind = read_log(rec, ret);
	} else if (rec->severity == PGLOG_ERROR &&
	           (strcmp(rec->sqlstate, "40P01") == 0 || pgtext_is(deadlock, "deadlock detected"))) {
		ret->kind = PGLOG_DEADLOCK;
		ret->texts[PGLOG_EV_DETAIL] = rec->part[PGLOG_DETAIL];
	}
	if (rec->pid > 0 && !(ret->known >> PGLOG_EV_PID & 1))
		pglog_event_set(ret, PGLOG_EV_PID, rec->pid);
	if (rec->time_ms != INT64_MIN)
		pglog_event_set(ret, PGLOG_EV_TIME, (uint64_t)rec->time_ms);
	if (ret->texts[PGLOG_EV_DATNAME].len == 0)
		ret->texts[PGLOG_EV_DATNAME] = rec->database;
	if (ret->texts[PGLOG_EV_QUERY].len == 0)
		ret->texts[PGLOG_EV_QUERY] = rec->part[PGLOG_STATEMENT];
	ret->texts[PGLOG_EV_USENAME] = rec->user;
	ret->texts[PGLOG_EV_APPLICATION] = rec->application;
	return ret->kind;
}

const char *pglog_event_name(enum pglog_kind kind)
{
	static const char *const names[PGLOG_ROW_KINDS] = {
	    [PGLOG_NO_EVENT] = "",
	    [PGLOG_CHECKPOINT] = "checkpoint",
	    [PGLOG_RESTARTPOINT] = "restartpoint",
	    [PGLOG_AUTOVACUUM] = "autovacuum",
	    [PGLOG_AUTOANALYZE] = "autoanalyze",
	    [PGLOG_SLOW_QUERY] = "slow_query",
	    [PGLOG_LOCK_WAIT] = "lock_wait",
	    [PGLOG_TEMP_FILE] = "temp_file",
	    [PGLOG_DEADLOCK] = "deadlock",
	    [PGLOG_CRASH] = "crash",
	    [PGLOG_START] = "start",
	    [PGLOG_STOP] = "stop",
	};

	return kind < PGLOG_ROW_KINDS ? names[kind] : "";
}
