/* pglog.c -- see pglog.h
 *
 * THREADS. What the thread fills is its own; what is shown is under the lock, which is held for copying only. A batch
 * is added to what is shown while nobody has taken any of that, or everything; in between it waits for the next round.
 */
#include "collector/pglog.h"

#include "collector/pglog_sum.h"
#include "collector/priority.h"
#include "collector/say.h"
#include "collector/thread.h"
#include "collector/tick.h"
#include "store/bookmark.h"
#include "store/lock.h"

#include <stdarg.h>
#include <sys/eventfd.h>
#include <time.h>

enum {
	STACK = 256 << 10,
	INTERVAL_MAX_MS = 1000,
	LEAD_MS = 100,            /* before ticks; less for short intervals */
	RETRY_MS = 50,            /* while another thread still has the bookmark */
	BYTES_A_SECOND = 4 << 20, /* that are read; what comes faster for long is passed over */
	PATIENCE_MS = 30000,      /* for a server to say how it writes a log that a person named */
	STOP_MS = 1000,
	NOTE_MAX = sizeof((struct source_report *)NULL)->note
};

/* How the bookmark's bytes begin; the files' pattern, a NUL, the prefix, a NUL and the clock's zones follow. */
struct bookmark_head {
	le64 ino;
	le64 off;
	le64 mtime_ns;
	le64 sequence;
	le64 slow_us;
	uint8_t zero[5];
	uint8_t format;
	uint8_t head_len;
	uint8_t head[PGLOG_HEAD_LEN];
};

/* Where a batch ends. */
struct mark {
	struct pglog_position position;
	uint64_t sequence;
};

struct pglog {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool ended, behind;
	int quit_fd;

	char *name, *store, *root, *prefix; /* prefix: NULL: the server's */
	char *named;                        /* the files, if a person named them */
	uint64_t interval_ms;
	struct redact *redact;

	/* Under the lock. */
	struct pglog_answer answer; /* of the server, by its thread */
	bool has_answer;            /* that was not looked at yet */
	struct table *shown[PGLOG_TABLES];
	bool wanted[PGLOG_TABLES];
	bool fresh[PGLOG_TABLES]; /* not taken yet */
	bool begun;               /* some of the batch was taken */
	int r;                    /* 0: there are rows; -ENOENT */
	int64_t taken_ns;
	char note[NOTE_MAX];
	struct mark mark; /* of the end of what is shown */

	/* The thread's own. */
	struct table *filled[PGLOG_TABLES];
	struct pglog_sum *sum;
	struct pglog_place found; /* by what the server answered last */
	bool has_found;
	struct pglog_place place;      /* that is read */
	struct pglog_place remembered; /* that the bookmark is of */
	int64_t begun_ns;
	struct pglog_parser *parser;
	struct pglog_tail *tail;
	struct bookmark *bookmark;
	struct mark saved;       /* in it */
	uint64_t errors_version; /* of those that are shown */
	bool said;               /* which file is read */
	char why[NOTE_MAX];      /* it is not, or not all of it */
};

static int64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static void free_all(struct pglog *l)
{
	for (unsigned i = 0; i < PGLOG_TABLES; i++) {
		source_table_free(l->shown[i]);
		source_table_free(l->filled[i]);
	}
	if (l->sum)
		pglog_sum_free(l->sum);
	if (l->parser)
		pglog_parse_free(l->parser);
	if (l->tail)
		pglog_tail_free(l->tail);
	if (l->bookmark)
		bookmark_close(l->bookmark);
	if (l->redact)
		redact_free(l->redact);
	if (l->has_answer)
		pglog_place_done(&l->answer);
	if (l->quit_fd >= 0)
		close(l->quit_fd);
	pthread_mutex_destroy(&l->lock);
	pthread_cond_destroy(&l->changed);
	free(l->name);
	free(l->store);
	free(l->root);
	free(l->prefix);
	free(l->named);
	free(l);
}

static void empty(struct table *t)
{
	strpool_epoch(t->pool);
	table_clear(t);
	strpool_sweep(t->pool);
}

/* --- the bookmark --- */

/* A text up to its NUL, or to the end. */
static bool take_string(struct pgtext *t, char *to, size_t room)
{
	size_t len = t->len > 0 ? strnlen(t->p, t->len) : 0;

	if (len >= room)
		return false;
	if (len > 0)
		memcpy(to, t->p, len);
	to[len] = '\0';
	pgtext_skip(t, len + 1);
	return true;
}

/* What the bookmark says, if it says anything: which files were read last, and how far. */
static void read_bookmark(struct pglog *l)
{
	const struct bookmark_head *h;
	struct pglog_place place;
	struct pgtext text;
	size_t len;
	const void *p;

	if (bookmark_get(l->bookmark, &p, &len) < 0 || len < sizeof *h)
		return;
	h = p;
	text = (struct pgtext){(const char *)(h + 1), len - sizeof *h};
	place = (struct pglog_place){.format = h->format, .slow_us = (int64_t)get_le64(h->slow_us)};
	if (h->format >= PGLOG_FORMATS || h->head_len > PGLOG_HEAD_LEN || text.len == 0 ||
	    !memchr(text.p, '\0', text.len) || !take_string(&text, place.glob, sizeof place.glob) ||
	    !take_string(&text, place.prefix, sizeof place.prefix) ||
	    !take_string(&text, place.clock.zones, sizeof place.clock.zones))
		return;
	l->remembered = place;
	l->saved.sequence = get_le64(h->sequence);
	l->saved.position = (struct pglog_position){.ino = get_le64(h->ino),
	    .off = get_le64(h->off),
	    .mtime_ns = (int64_t)get_le64(h->mtime_ns),
	    .head_len = h->head_len};
	memcpy(l->saved.position.head, h->head, sizeof h->head);
}

static int write_bookmark(const struct pglog *l, const struct mark *m)
{
	_cleanup_(buf_done) struct buf out = {0};
	const struct pglog_place *place = &l->place;
	struct bookmark_head h = {.ino = put_le64(m->position.ino),
	    .off = put_le64(m->position.off),
	    .mtime_ns = put_le64((uint64_t)m->position.mtime_ns),
	    .sequence = put_le64(m->sequence),
	    .slow_us = put_le64((uint64_t)place->slow_us),
	    .format = (uint8_t)place->format,
	    .head_len = (uint8_t)m->position.head_len};

	memcpy(h.head, m->position.head, sizeof h.head);
	buf_put(&out, &h, sizeof h);
	buf_put(&out, place->glob, strlen(place->glob) + 1);
	buf_put(&out, place->prefix, strlen(place->prefix) + 1);
	buf_puts(&out, place->clock.zones);
	return out.err < 0 ? out.err : bookmark_set(l->bookmark, out.p, out.len);
}

/* Remembers where the batch ends that was taken. */
static void save(struct pglog *l)
{
	struct mark m;
	bool taken = true;

	pthread_mutex_lock(&l->lock);
	m = l->mark;
	for (unsigned i = 0; i < PGLOG_TABLES; i++)
		taken = taken && !l->fresh[i];
	pthread_mutex_unlock(&l->lock);
	if (!taken || !l->bookmark || m.position.ino == 0 ||
	    (m.position.ino == l->saved.position.ino && m.position.off == l->saved.position.off &&
	        m.sequence == l->saved.sequence))
		return;
	if (write_bookmark(l, &m) == 0) {
		l->saved = m;
		l->remembered = l->place;
	}
}

/* --- which files --- */

static void set_why(struct pglog *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void set_why(struct pglog *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(l->why, sizeof l->why, fmt, ap);
	va_end(ap);
}

static void forget_files(struct pglog *l)
{
	pthread_mutex_lock(&l->lock);
	l->mark = (struct mark){0};
	pthread_mutex_unlock(&l->lock);
	if (l->tail)
		pglog_tail_free(TAKE(l->tail));
	if (l->parser)
		pglog_parse_free(TAKE(l->parser));
	l->said = false;
}

static bool is_same(const struct pglog_place *a, const struct pglog_place *b)
{
	return a->format == b->format && strcmp(a->glob, b->glob) == 0;
}

/* Looks for what the server says, if it said anything new. */
static void find_place(struct pglog *l)
{
	struct pglog_answer answer = {0};
	bool has_answer;

	pthread_mutex_lock(&l->lock);
	has_answer = l->has_answer;
	if (has_answer)
		answer = l->answer;
	l->has_answer = false;
	pthread_mutex_unlock(&l->lock);
	if (!has_answer)
		return;
	pglog_place_find(&answer, l->root, &l->found);
	pglog_place_done(&answer);
	l->has_found = true;
}

/* What is known of the log: of the person first, then of the server, then of the time before. */
static void know_place(struct pglog *l, struct pglog_place *ret)
{
	struct pglog_place said = l->has_found ? l->found : l->remembered;

	*ret = said;
	if (l->named) {
		pglog_place_named(l->named, ret);
		if (l->has_found || is_same(ret, &said)) {
			memcpy(ret->prefix, said.prefix, sizeof ret->prefix);
			ret->clock = said.clock;
			ret->slow_us = said.slow_us;
		} else if (ret->format == PGLOG_STDERR && !l->prefix &&
		           clock_ns(CLOCK_MONOTONIC) < l->begun_ns + PATIENCE_MS * INT64_C(1000000)) {
			/* Read with another prefix its lines would be lost. */
			ret->format = PGLOG_NO_FORMAT;
		}
	}
	if (l->prefix)
		snprintf(ret->prefix, sizeof ret->prefix, "%s", l->prefix);
	if (ret->format == PGLOG_NO_FORMAT && ret->why[0] == '\0')
		snprintf(ret->why, sizeof ret->why, "the server did not say yet how it writes it");
}

/* Goes over to other files, or to another prefix, if that is so now. */
static int settle(struct pglog *l)
{
	struct pglog_place place;
	bool known;
	int r;

	find_place(l);
	know_place(l, &place);
	if (!is_same(&place, &l->place))
		forget_files(l);
	else if (l->parser && strcmp(place.prefix, l->place.prefix) != 0)
		pglog_parse_free(TAKE(l->parser));
	l->place = place;
	pglog_sum_set_slow(l->sum, place.slow_us);
	if (place.format == PGLOG_NO_FORMAT) {
		set_why(l, "log: %s", place.why);
		return -ENOENT;
	}
	r = l->parser ? 0 : pglog_parse_new(place.format, place.prefix, &l->parser);
	if (r < 0 || l->tail)
		return r;
	known = is_same(&place, &l->remembered);
	if (l->saved.sequence > pglog_sum_sequence(l->sum))
		pglog_sum_set_sequence(l->sum, l->saved.sequence);
	return pglog_tail_new(place.glob, known ? &l->saved.position : NULL, &l->tail);
}

/* --- reading --- */

/* Takes all messages off. */
static int take_messages(struct pglog *l, struct pgtext *t, enum pglog_ahead ahead)
{
	int64_t now_ns = clock_ns(CLOCK_BOOTTIME);
	struct pglog_record rec;
	int r;

	for (;;) {
		r = pglog_parse_next(l->parser, t, ahead, &l->place.clock, &rec);
		if (r == -EBADMSG)
			pglog_sum_count(l->sum, PGLOG_N_UNPARSED, 1);
		else if (r < 0)
			return r == -EAGAIN || r == -ENODATA ? 0 : r;
		else if (pglog_sum_add(l->sum, &rec, now_ns, l->filled[PGLOG_EVENTS]) < 0)
			pglog_sum_count(l->sum, PGLOG_N_EVENTS_LOST, 1);
	}
}

static int read_files(struct pglog *l)
{
	uint64_t left = BYTES_A_SECOND * l->interval_ms / 1000;
	enum pglog_ahead ahead;
	size_t n;
	int r;

	do {
		struct pgtext t, rest;

		r = pglog_tail_read(l->tail, &t, &n, &ahead);
		pglog_sum_count(l->sum, PGLOG_N_SKIPPED, pglog_tail_skipped(l->tail));
		if (r < 0)
			return r == -ENODATA ? 0 : r;
		pglog_sum_count(l->sum, PGLOG_N_READ, n);
		left -= n < left ? n : left;
		rest = t;
		r = take_messages(l, &rest, ahead);
		pglog_tail_took(l->tail, t.len - rest.len);
	} while (r == 0 && left > 0 && (n > 0 || ahead == PGLOG_END));
	return r;
}

/* Where what was read is remembered. -EWOULDBLOCK: another thread still reads. */
static int open_bookmark(struct pglog *l)
{
	char name[64];
	int r;

	if (l->bookmark)
		return 0;
	snprintf(name, sizeof name, "postgres-%s", l->name);
	r = bookmark_open(l->store, name, &l->bookmark);
	if (r == -EWOULDBLOCK)
		return r;
	/* Without one it begins at the end again after a restart. */
	if (r < 0)
		set_why(l, "log: where it was read to cannot be kept: %s", strerror(-r));
	else
		read_bookmark(l);
	return 0;
}

static int read_log(struct pglog *l)
{
	int r;

	l->why[0] = '\0';
	r = open_bookmark(l);
	if (r == -EWOULDBLOCK)
		set_why(l, "log: another thread still reads it");
	if (r == 0)
		r = settle(l);
	if (r < 0)
		return r;
	r = read_files(l);
	if (r < 0)
		set_why(l, "log %s: %s", *pglog_tail_path(l->tail) ? pglog_tail_path(l->tail) : l->place.glob,
		    strerror(-r));
	if (r == 0 && !l->said && *pglog_tail_path(l->tail)) {
		say("postgres %s: log %s is read as %s", l->name, pglog_tail_path(l->tail),
		    pglog_parse_name(l->place.format));
		l->said = true;
	}
	return r;
}

/* --- what is shown --- */

/* The rows of errors and counts as they are now. */
static int fill(struct pglog *l)
{
	int r;

	pglog_sum_forget(l->sum, clock_ns(CLOCK_BOOTTIME));
	empty(l->filled[PGLOG_ERRORS]);
	empty(l->filled[PGLOG_COUNTS]);
	r = pglog_sum_put_errors(l->sum, l->filled[PGLOG_ERRORS]);
	if (r == 0)
		r = pglog_sum_put_counts(
		    l->sum, pglog_parse_name(l->place.format), pglog_tail_path(l->tail), l->filled[PGLOG_COUNTS]);
	return r;
}

static void swap(struct pglog *l, enum pglog_table which)
{
	struct table *t = l->shown[which];

	l->shown[which] = l->filled[which];
	l->filled[which] = t;
}

/* Events go behind those that wait; if there are none, they are shown as they are. */
static void show_events(struct pglog *l)
{
	struct table *shown = l->shown[PGLOG_EVENTS], *filled = l->filled[PGLOG_EVENTS];
	uint32_t n = shown->n_rows;

	if (!l->fresh[PGLOG_EVENTS] || n == 0) {
		swap(l, PGLOG_EVENTS);
	} else if (n + filled->n_rows > PGLOG_EVENTS_MAX || source_table_append(filled, shown) < 0) {
		while (shown->n_rows > n)
			table_drop_row(shown);
		pglog_sum_count(l->sum, PGLOG_N_EVENTS_LOST, filled->n_rows);
	}
}

/* Shows what was read, unless a batch is being taken just now. */
static void publish(struct pglog *l, int r)
{
	bool waits = false, changed;

	if (r == 0)
		r = fill(l);
	pthread_mutex_lock(&l->lock);
	for (unsigned i = 0; i < PGLOG_TABLES; i++)
		waits = waits || l->fresh[i];
	if (waits && l->begun) {
		pthread_mutex_unlock(&l->lock);
		return;
	}
	/* Errors that are the same as before are shown as those of before. */
	changed = r != 0 || l->r != 0 || l->errors_version != pglog_sum_version(l->sum);
	if (r == 0) {
		swap(l, PGLOG_ERRORS);
		swap(l, PGLOG_COUNTS);
		show_events(l);
		l->errors_version = pglog_sum_version(l->sum);
		pglog_tail_position(l->tail, &l->mark.position);
		l->mark.sequence = pglog_sum_sequence(l->sum);
	}
	/* What was read before it could not be read any more is shown all the same. */
	l->r = r == 0 || l->fresh[PGLOG_EVENTS] ? 0 : -ENOENT;
	l->begun = false;
	l->taken_ns = clock_ns(CLOCK_BOOTTIME);
	memcpy(l->note, l->why, sizeof l->note);
	for (unsigned i = 0; i < PGLOG_TABLES; i++)
		l->fresh[i] = l->wanted[i] && (l->fresh[i] || i != PGLOG_ERRORS || changed);
	pthread_mutex_unlock(&l->lock);
	if (r == 0)
		empty(l->filled[PGLOG_EVENTS]);
}

/* --- the thread --- */

static struct tick next_tick(const struct pglog *l, struct tick last)
{
	int64_t interval_ns = (int64_t)l->interval_ms * 1000000, lead_ns = LEAD_MS * INT64_C(1000000);

	if (lead_ns > interval_ns / 4)
		lead_ns = interval_ns / 4;
	return tick_next(last, clock_ns(CLOCK_MONOTONIC), clock_ns(CLOCK_REALTIME) + lead_ns, interval_ns);
}

static void *pglog_main(void *arg)
{
	struct pglog *l = arg;
	struct tick tick = {0};
	bool behind;
	int64_t due_ns = 0;

	priority_apart();
	pthread_setname_np(pthread_self(), "histd-pglog");
	while (tick_wait(l->quit_fd, due_ns)) {
		int r;

		save(l);
		r = read_log(l);
		publish(l, r);
		tick = next_tick(l, tick);
		due_ns = r == -EWOULDBLOCK ? clock_ns(CLOCK_MONOTONIC) + RETRY_MS * INT64_C(1000000) : tick.due_ns;
	}
	save(l);
	pthread_mutex_lock(&l->lock);
	l->ended = true;
	behind = l->behind;
	pthread_cond_signal(&l->changed);
	pthread_mutex_unlock(&l->lock);
	if (behind)
		free_all(l);
	return NULL;
}

/* --- callers --- */

static int new_tables(struct pglog *l, const struct config *c)
{
	static const char *const names[PGLOG_TABLES] = {[PGLOG_ERRORS] = "pg_log_errors",
	    [PGLOG_COUNTS] = "pg_log_events",
	    [PGLOG_EVENTS] = "pg_log_detailed_events"};
	int r = 0;

	for (unsigned i = 0; i < PGLOG_TABLES && r == 0; i++) {
		const struct source_desc *desc = source_find(names[i]);

		l->wanted[i] = config_wants(c, names[i], false);
		r = source_table_new(desc, &l->shown[i]);
		if (r == 0)
			r = source_table_new(desc, &l->filled[i]);
	}
	return r;
}

static int copy_string(const char *from, char **to)
{
	*to = from ? strdup(from) : NULL;
	return from && !*to ? -ENOMEM : 0;
}

/* What is taken over from the configuration. */
static int configure(struct pglog *l, const struct config *c, const struct config_postgres *given)
{
	int r = copy_string(given->name, &l->name);

	if (r == 0)
		r = copy_string(c->store, &l->store);
	if (r == 0)
		r = copy_string(c->root, &l->root);
	if (r == 0)
		r = copy_string(given->log, &l->named);
	if (r == 0)
		r = copy_string(given->log_line_prefix, &l->prefix);
	if (r == 0 && c->redact)
		r = redact_new((const char *const *)c->patterns.v, c->patterns.n, NULL, &l->redact);
	l->interval_ms = given->interval_ms ? given->interval_ms : c->interval_ms;
	if (l->interval_ms > INTERVAL_MAX_MS)
		l->interval_ms = INTERVAL_MAX_MS;
	return r;
}

int pglog_start(const struct config *c, const struct config_postgres *given, struct pglog **ret)
{
	struct pglog *l;
	pthread_condattr_t attr;
	int r;

	*ret = NULL;
	if (given->log && strcmp(given->log, "off") == 0)
		return 0;
	l = calloc(1, sizeof *l);
	if (!l)
		return -ENOMEM;
	lock_init(&l->lock);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&l->changed, &attr);
	pthread_condattr_destroy(&attr);
	l->quit_fd = eventfd(0, EFD_CLOEXEC);
	l->r = -ENOENT;
	l->begun_ns = clock_ns(CLOCK_MONOTONIC);
	r = l->quit_fd < 0 ? -errno : configure(l, c, given);
	if (r == 0)
		r = new_tables(l, c);
	if (r == 0)
		r = pglog_sum_new(l->name, l->redact, c->cmdline_max, &l->sum);
	/* If nothing of it is recorded, nobody reads it. */
	if (r == 0 && !l->wanted[PGLOG_ERRORS] && !l->wanted[PGLOG_COUNTS] && !l->wanted[PGLOG_EVENTS]) {
		free_all(l);
		return 0;
	}
	if (r == 0)
		r = thread_start(&l->thread, STACK, pglog_main, l);
	if (r < 0) {
		free_all(l);
		return r;
	}
	*ret = l;
	return 0;
}

/* Waits for the thread until then. */
static void wait_for_end(struct pglog *l, const struct timespec *until)
{
	bool ended;

	pthread_mutex_lock(&l->lock);
	while (!l->ended)
		if (pthread_cond_timedwait(&l->changed, &l->lock, until) == ETIMEDOUT)
			break;
	ended = l->ended;
	l->behind = !ended;
	if (!ended)
		pthread_detach(l->thread);
	pthread_mutex_unlock(&l->lock);
	if (!ended)
		return;
	pthread_join(l->thread, NULL);
	free_all(l);
}

void pglog_stop(struct pglog *const *logs, size_t n)
{
	int64_t until_ns = clock_ns(CLOCK_MONOTONIC) + STOP_MS * INT64_C(1000000);
	struct timespec until = {until_ns / 1000000000, until_ns % 1000000000};

	for (size_t i = 0; i < n; i++)
		if (logs[i])
			eventfd_write(logs[i]->quit_fd, 1);
	for (size_t i = 0; i < n; i++)
		if (logs[i])
			wait_for_end(logs[i], &until);
}

int pglog_find(struct pglog *l, struct pg_conn *conn)
{
	struct pglog_answer answer, last = {0};
	int r = pglog_place_ask(conn, &answer);

	if (r < 0)
		return r;
	pthread_mutex_lock(&l->lock);
	if (l->has_answer)
		last = l->answer;
	l->answer = answer;
	l->has_answer = true;
	pthread_mutex_unlock(&l->lock);
	pglog_place_done(&last);
	return 0;
}

bool pglog_is_new(struct pglog *l, enum pglog_table which)
{
	bool fresh;

	pthread_mutex_lock(&l->lock);
	fresh = l->fresh[which];
	pthread_mutex_unlock(&l->lock);
	return fresh;
}

int pglog_put(struct pglog *l, enum pglog_table which, struct table *t, int64_t *ret_ns, struct source_report *report)
{
	int r;

	pthread_mutex_lock(&l->lock);
	r = l->r;
	if (r == 0 && (which != PGLOG_EVENTS || l->fresh[which]))
		r = source_table_append(l->shown[which], t);
	*ret_ns = l->taken_ns;
	l->begun = l->begun || l->fresh[which];
	l->fresh[which] = false;
	report->interval_ms = (uint32_t)l->interval_ms;
	source_report_add(report, l->name, l->note);
	pthread_mutex_unlock(&l->lock);
	return r;
}
