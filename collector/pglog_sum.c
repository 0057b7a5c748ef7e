/* pglog_sum.c -- see pglog_sum.h */
#include "collector/pglog_sum.h"

#include "collector/pg_query.h"
#include "collector/pglog_class.h"
#include "collector/pglog_event.h"
#include "collector/pglog_normal.h"

#include <time.h>

enum {
	MESSAGE_MAX = 300,     /* bytes of a message that errors are told apart by */
	SAMPLE_MAX = 1024,     /* of a message and its statement as they were */
	SQL_RAW_MAX = 1 << 16, /* bytes of a statement that are looked at */
	REASON_MAX = 64,
	STATEMENTS = 128 /* sessions whose statement is kept until its duration is told */
};
static const int64_t forget_ns = 3600 * INT64_C(1000000000);
static const char others[] = "(others)";

/* Errors that are the same but for numbers and values. */
struct error {
	uint64_t hash;
	int64_t seen_ns;
	char sqlstate[6];
	enum pglog_severity severity;
	enum pglog_category category;
	uint64_t count;
	int64_t first_ms, last_ms;
	struct buf message, sample, statement, database, user; /* cut, and blanked where they are free text */
};

/* A statement that was logged before it began. */
struct begun {
	uint64_t pid;
	struct buf sql;
};

struct pglog_sum {
	char *server;
	const struct redact *redact;
	size_t text_max;
	int64_t slow_us;
	uint64_t sequence;
	uint64_t counts[PGLOG_N_COLUMNS];
	uint64_t version;
	size_t n_errors;
	struct error *errors[PGLOG_ERRORS_MAX];
	struct error *others;       /* NULL: there are none */
	struct buf normal, message; /* of the error that is added; message: as its row has it */
	struct begun begun[STATEMENTS];
	char reasons[2][REASON_MAX]; /* of the checkpoint and the restartpoint that began last */
};

static void free_error(struct error *e)
{
	buf_done(&e->message);
	buf_done(&e->sample);
	buf_done(&e->statement);
	buf_done(&e->database);
	buf_done(&e->user);
	free(e);
}

int pglog_sum_new(const char *server, const struct redact *redact, size_t text_max, struct pglog_sum **ret)
{
	_cleanup_(cleanup_pglog_sum) struct pglog_sum *s = calloc(1, sizeof *s);
	struct timespec now;

	if (!s)
		return -ENOMEM;
	s->server = strdup(server);
	if (!s->server)
		return -ENOMEM;
	s->redact = redact;
	s->text_max = text_max;
	s->slow_us = -1;
	s->sequence = 1;
	clock_gettime(CLOCK_REALTIME, &now);
	s->counts[PGLOG_N_SINCE] = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	*ret = TAKE(s);
	return 0;
}

void pglog_sum_free(struct pglog_sum *s)
{
	for (size_t i = 0; i < s->n_errors; i++)
		free_error(s->errors[i]);
	if (s->others)
		free_error(s->others);
	for (size_t i = 0; i < STATEMENTS; i++)
		buf_done(&s->begun[i].sql);
	buf_done(&s->normal);
	buf_done(&s->message);
	free(s->server);
	free(s);
}

void pglog_sum_set_slow(struct pglog_sum *s, int64_t us)
{
	s->slow_us = us;
}

uint64_t pglog_sum_sequence(const struct pglog_sum *s)
{
	return s->sequence;
}

void pglog_sum_set_sequence(struct pglog_sum *s, uint64_t next)
{
	s->sequence = next;
}

void pglog_sum_count(struct pglog_sum *s, enum pglog_count_column c, uint64_t n)
{
	s->counts[c] += n;
}

static struct pgtext cut(struct pgtext t, size_t max)
{
	t.len = utf8_cut(t.p, t.len, max);
	return t;
}

static struct pgtext text_of(const struct buf *b)
{
	return (struct pgtext){(const char *)b->p, b->len};
}

/* --- errors --- */

/* FNV-1a. */
static uint64_t hash_of(const char *sqlstate, const struct buf *message)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *sqlstate; sqlstate++)
		h = (h ^ (uint8_t)*sqlstate) * UINT64_C(0x100000001b3);
	for (size_t i = 0; i < message->len; i++)
		h = (h ^ message->p[i]) * UINT64_C(0x100000001b3);
	return h;
}

static struct error *find_error(struct pglog_sum *s, uint64_t hash, const char *sqlstate)
{
	for (size_t i = 0; i < s->n_errors; i++) {
		struct error *e = s->errors[i];

		if (e->hash == hash && strcmp(e->sqlstate, sqlstate) == 0 && e->message.len == s->message.len &&
		    memcmp(e->message.p, s->message.p, e->message.len) == 0)
			return e;
	}
	return NULL;
}

static void put_cut(struct buf *to, struct pgtext t, size_t max)
{
	t = cut(t, max);
	buf_put(to, t.p, t.len);
}

static void put_blanked(const struct pglog_sum *s, struct buf *to, struct pgtext t, size_t max)
{
	t = cut(t, max);
	if (s->redact)
		redact_put(s->redact, t.p, t.len, to);
	else
		buf_put(to, t.p, t.len);
}

static int new_error(const struct pglog_sum *s, const struct pglog_record *rec, uint64_t hash, struct error **ret)
{
	size_t sample_max = s->text_max < SAMPLE_MAX ? s->text_max : SAMPLE_MAX;
	struct error *e = calloc(1, sizeof *e);

	if (!e)
		return -ENOMEM;
	e->hash = hash;
	memcpy(e->sqlstate, rec->sqlstate, sizeof e->sqlstate);
	e->severity = rec->severity;
	e->category = pglog_class_of(rec);
	e->first_ms = rec->time_ms;
	buf_put(&e->message, s->message.p, s->message.len);
	put_blanked(s, &e->sample, rec->part[PGLOG_MESSAGE], sample_max);
	put_blanked(s, &e->statement, rec->part[PGLOG_STATEMENT], sample_max);
	put_cut(&e->database, rec->database, sample_max);
	put_cut(&e->user, rec->user, sample_max);
	if (e->message.err < 0 || e->sample.err < 0 || e->statement.err < 0 || e->database.err < 0 || e->user.err < 0) {
		free_error(e);
		return -ENOMEM;
	}
	*ret = e;
	return 0;
}

/* The row that the rest shares. */
static int get_others(struct pglog_sum *s, int64_t first_ms, struct error **ret)
{
	if (!s->others) {
		struct error *e = calloc(1, sizeof *e);

		if (!e)
			return -ENOMEM;
		buf_puts(&e->message, others);
		if (e->message.err < 0) {
			free(e);
			return -ENOMEM;
		}
		e->first_ms = first_ms;
		s->others = e;
	}
	*ret = s->others;
	return 0;
}

static int add_error(struct pglog_sum *s, const struct pglog_record *rec, int64_t now_ns)
{
	struct error *e;
	uint64_t hash;
	int r = 0;

	buf_clear(&s->normal);
	buf_clear(&s->message);
	pglog_normal_message(cut(rec->part[PGLOG_MESSAGE], SQL_RAW_MAX), &s->normal);
	put_blanked(s, &s->message, text_of(&s->normal), s->text_max < MESSAGE_MAX ? s->text_max : MESSAGE_MAX);
	if (s->normal.err < 0 || s->message.err < 0)
		return -ENOMEM;
	hash = hash_of(rec->sqlstate, &s->message);
	e = find_error(s, hash, rec->sqlstate);
	if (!e && s->n_errors < PGLOG_ERRORS_MAX) {
		r = new_error(s, rec, hash, &e);
		if (r == 0)
			s->errors[s->n_errors++] = e;
	} else if (!e) {
		r = get_others(s, rec->time_ms, &e);
	}
	if (r < 0)
		return r;
	s->version++;
	e->count++;
	e->last_ms = rec->time_ms;
	e->seen_ns = now_ns;
	return 0;
}

static void count_severity(struct pglog_sum *s, const struct pglog_record *rec)
{
	static const enum pglog_count_column columns[PGLOG_SEVERITIES] = {[PGLOG_WARNING] = PGLOG_N_WARNINGS,
	    [PGLOG_ERROR] = PGLOG_N_ERRORS,
	    [PGLOG_FATAL] = PGLOG_N_FATALS,
	    [PGLOG_PANIC] = PGLOG_N_PANICS};
	static const enum pglog_count_column weights[] = {
	    [PGLOG_CRITICAL] = PGLOG_N_CRITICAL, [PGLOG_MATTERS] = PGLOG_N_MATTERS, [PGLOG_MINOR] = PGLOG_N_MINOR};

	s->counts[columns[rec->severity]]++;
	s->counts[weights[pglog_class_weight(rec->severity, pglog_class_of(rec))]]++;
}

/* --- events --- */

static void remember_statement(struct pglog_sum *s, const struct pglog_event *e)
{
	struct begun *b;

	if (!(e->known >> PGLOG_EV_PID & 1))
		return;
	b = &s->begun[e->cells[PGLOG_EV_PID] % STATEMENTS];
	b->pid = e->cells[PGLOG_EV_PID];
	buf_clear(&b->sql);
	put_cut(&b->sql, e->texts[PGLOG_EV_QUERY], s->text_max);
}

/* A duration alone: the statement was logged when it began, or never. */
static void find_statement(const struct pglog_sum *s, struct pglog_event *e)
{
	const struct begun *b = &s->begun[e->cells[PGLOG_EV_PID] % STATEMENTS];

	if ((e->known >> PGLOG_EV_PID & 1) && b->pid == e->cells[PGLOG_EV_PID])
		e->texts[PGLOG_EV_QUERY] = text_of(&b->sql);
}

static void remember_reason(struct pglog_sum *s, const struct pglog_event *e)
{
	char *reason = s->reasons[e->kind == PGLOG_RESTARTPOINT_BEGUN];
	struct pgtext t = cut(e->texts[PGLOG_EV_REASON], REASON_MAX - 1);

	memset(reason, 0, REASON_MAX);
	if (t.len > 0)
		memcpy(reason, t.p, t.len);
}

static int set_texts(
    const struct pglog_sum *s, const struct pglog_event *e, struct pgtext sql, struct table *t, uint32_t row)
{
	struct pgtext detail = e->texts[PGLOG_EV_DETAIL];
	int r = table_set_str(t, row, PGLOG_EV_SERVER, s->server, strlen(s->server));
	const char *kind = pglog_event_name(e->kind);

	if (r == 0)
		r = table_set_str(t, row, PGLOG_EV_KIND, kind, strlen(kind));
	for (unsigned c = 0; c < PGLOG_EV_COLUMNS && r == 0; c++) {
		struct pgtext v = cut(e->texts[c], s->text_max);

		if (v.len > 0 && c != PGLOG_EV_DETAIL && c != PGLOG_EV_QUERY)
			r = table_set_str(t, row, c, v.p, v.len);
	}
	if (r == 0 && detail.len > 0)
		r = pg_query_set_bytes(t, row, PGLOG_EV_DETAIL, s->redact, s->text_max, detail.p, detail.len);
	if (r == 0 && sql.len > 0)
		r = pg_query_set_bytes(t, row, PGLOG_EV_QUERY, s->redact, s->text_max, sql.p, sql.len);
	return r;
}

static int add_row(struct pglog_sum *s, struct pglog_event *e, struct table *t)
{
	_cleanup_(buf_done) struct buf sql = {0};
	uint32_t row;
	int r;

	if (t->n_rows >= PGLOG_EVENTS_MAX) {
		s->counts[PGLOG_N_EVENTS_LOST]++;
		return 0;
	}
	pglog_normal_sql(cut(e->texts[PGLOG_EV_QUERY], SQL_RAW_MAX), &sql);
	r = sql.err < 0 ? sql.err : table_add_row(t, &row);
	if (r < 0)
		return r;
	pglog_event_set(e, PGLOG_EV_SEQUENCE, s->sequence++);
	for (unsigned c = 0; c < PGLOG_EV_COLUMNS; c++)
		if (e->known >> c & 1)
			table_set(t, row, c, e->cells[c]);
	r = set_texts(s, e, text_of(&sql), t, row);
	if (r < 0)
		table_drop_row(t);
	return r;
}

static int add_event(struct pglog_sum *s, struct pglog_event *e, struct table *events)
{
	static const enum pglog_count_column columns[] = {[PGLOG_CHECKPOINT] = PGLOG_N_CHECKPOINTS,
	    [PGLOG_RESTARTPOINT] = PGLOG_N_RESTARTPOINTS,
	    [PGLOG_AUTOVACUUM] = PGLOG_N_AUTOVACUUMS,
	    [PGLOG_AUTOANALYZE] = PGLOG_N_AUTOANALYZES,
	    [PGLOG_SLOW_QUERY] = PGLOG_N_SLOW_QUERIES,
	    [PGLOG_LOCK_WAIT] = PGLOG_N_LOCK_WAITS,
	    [PGLOG_TEMP_FILE] = PGLOG_N_TEMP_FILES,
	    [PGLOG_DEADLOCK] = PGLOG_N_DEADLOCKS,
	    [PGLOG_CRASH] = PGLOG_N_CRASHES,
	    [PGLOG_CONNECTION] = PGLOG_N_CONNECTIONS,
	    [PGLOG_DISCONNECTION] = PGLOG_N_DISCONNECTIONS};

	if (e->kind == PGLOG_DURATION) {
		if (s->slow_us < 0 || e->cells[PGLOG_EV_DURATION] < (uint64_t)s->slow_us)
			return 0;
		find_statement(s, e);
		e->kind = PGLOG_SLOW_QUERY;
	}
	/* A wait is told again when it ends. */
	if (columns[e->kind] && (e->kind != PGLOG_LOCK_WAIT || pgtext_is(e->texts[PGLOG_EV_REASON], "still waiting")))
		s->counts[columns[e->kind]]++;
	if (e->kind == PGLOG_TEMP_FILE)
		s->counts[PGLOG_N_TEMP_BYTES] += e->cells[PGLOG_EV_SIZE];
	if (e->kind == PGLOG_CHECKPOINT || e->kind == PGLOG_RESTARTPOINT)
		e->texts[PGLOG_EV_REASON] = pgtext_of(s->reasons[e->kind == PGLOG_RESTARTPOINT]);
	return e->kind < PGLOG_ROW_KINDS ? add_row(s, e, events) : 0;
}

int pglog_sum_add(struct pglog_sum *s, const struct pglog_record *rec, int64_t now_ns, struct table *events)
{
	struct pglog_event e;
	int r = 0;

	s->counts[PGLOG_N_LINES]++;
	if (rec->severity >= PGLOG_WARNING) {
		count_severity(s, rec);
		r = add_error(s, rec, now_ns);
	}
	switch (r < 0 ? PGLOG_NO_EVENT : pglog_event_of(rec, &e)) {
	case PGLOG_NO_EVENT:
		return r;
	case PGLOG_STATEMENT_BEGUN:
		remember_statement(s, &e);
		return 0;
	case PGLOG_CHECKPOINT_BEGUN:
	case PGLOG_RESTARTPOINT_BEGUN:
		remember_reason(s, &e);
		return 0;
	default:
		return add_event(s, &e, events);
	}
}

/* --- rows --- */

void pglog_sum_forget(struct pglog_sum *s, int64_t now_ns)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n_errors; i++) {
		if (now_ns - s->errors[i]->seen_ns > forget_ns)
			free_error(s->errors[i]);
		else
			s->errors[kept++] = s->errors[i];
	}
	s->version += kept < s->n_errors;
	s->n_errors = kept;
	if (s->others && now_ns - s->others->seen_ns > forget_ns) {
		free_error(s->others);
		s->others = NULL;
		s->version++;
	}
}

uint64_t pglog_sum_version(const struct pglog_sum *s)
{
	return s->version;
}

static int put_error(const struct pglog_sum *s, const struct error *e, struct table *t)
{
	const char *severity = pglog_record_severity(e->severity), *category = pglog_class_name(e->category);
	const struct {
		enum pglog_error_column column;
		struct pgtext text;
	} texts[] = {
	    {PGLOG_ERR_SERVER, pgtext_of(s->server)},
	    {PGLOG_ERR_SQLSTATE, pgtext_of(e->sqlstate)},
	    {PGLOG_ERR_SEVERITY, pgtext_of(severity)},
	    {PGLOG_ERR_CATEGORY, pgtext_of(e == s->others ? "" : category)},
	    {PGLOG_ERR_DATNAME, text_of(&e->database)},
	    {PGLOG_ERR_USENAME, text_of(&e->user)},
	    {PGLOG_ERR_MESSAGE, text_of(&e->message)},
	    {PGLOG_ERR_SAMPLE, text_of(&e->sample)},
	    {PGLOG_ERR_STATEMENT, text_of(&e->statement)},
	};
	uint32_t row;
	int r = table_add_row(t, &row);

	for (unsigned i = 0; i < N_ELEMENTS(texts) && r == 0; i++)
		if (texts[i].text.len > 0)
			r = table_set_str(t, row, texts[i].column, texts[i].text.p, texts[i].text.len);
	if (r < 0)
		return r;
	table_set(t, row, PGLOG_ERR_COUNT, e->count);
	if (e->first_ms != INT64_MIN)
		table_set(t, row, PGLOG_ERR_FIRST, (uint64_t)e->first_ms);
	if (e->last_ms != INT64_MIN)
		table_set(t, row, PGLOG_ERR_LAST, (uint64_t)e->last_ms);
	return 0;
}

int pglog_sum_put_errors(const struct pglog_sum *s, struct table *t)
{
	int r = 0;

	for (size_t i = 0; i < s->n_errors && r == 0; i++)
		r = put_error(s, s->errors[i], t);
	return r == 0 && s->others ? put_error(s, s->others, t) : r;
}

int pglog_sum_put_counts(const struct pglog_sum *s, const char *format, const char *file, struct table *t)
{
	uint32_t row;
	int r = table_add_row(t, &row);

	if (r == 0)
		r = table_set_str(t, row, PGLOG_N_SERVER, s->server, strlen(s->server));
	if (r == 0)
		r = table_set_str(t, row, PGLOG_N_FORMAT, format, strlen(format));
	if (r == 0)
		r = table_set_str(t, row, PGLOG_N_FILE, file, strlen(file));
	for (unsigned c = 0; c < PGLOG_N_COLUMNS && r == 0; c++)
		if (c != PGLOG_N_SERVER && c != PGLOG_N_FORMAT && c != PGLOG_N_FILE)
			table_set(t, row, c, s->counts[c]);
	return r;
}
