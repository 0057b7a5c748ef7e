/* recorder.c -- the writer's side of a store: logs are opened, appended to, finished and sealed
 *
 * RECOVERY  At the start every log is recovered (torn tail cut, the cut synced). The newest goes on being appended to;
 * the others are finished and wait for the sealer. A log whose chunk is there was sealed before the crash: it is
 * removed. THREADS   The open log belongs to the writing thread. Between the threads there are only the list of
 * finished logs and the figures, under a lock that is never held during I/O.
 */
#include "store/recorder.h"

#include "store/encoder.h"
#include "store/identity.h"
#include "store/io.h"
#include "store/known.h"
#include "store/lock.h"
#include "store/names.h"
#include "store/parts.h"
#include "store/retain.h"
#include "store/seal.h"
#include "store/wal.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <xxhash.h>

enum { SCHEMA_AGAIN = 10 }; /* keyframes after which the schema is written again */

struct finished {
	struct finished *next;
	int32_t hour;
	uint32_t part;
};

struct recorder {
	struct recorder_options options;
	int dirfd, snapdirfd, lockfd;
	struct identity identity;
	struct encoder *encoder;
	struct schema *known;

	/* The writing thread's. */
	struct log *log;
	struct finished *finish; /* the log's place in the list below, so that finishing it cannot fail */
	int32_t hour;
	uint32_t part;
	uint64_t next_seq;
	uint64_t ordinal; /* of the snapshot appended last to this log; 0: none, a keyframe must come */
	struct buf schema;
	uint32_t since_schema;
	uint64_t n_unsynced;
	int sync_err; /* of a log that is finished: to be told by the next recorder_sync */

	pthread_mutex_t lock;
	struct finished *finished; /* oldest first */
	struct recorder_stat stat;
	atomic_int recording; /* the open log's hour, INT32_MAX: none */
	atomic_bool no_seal;
	atomic_int present; /* the hour appended to last, INT32_MAX: none yet */
};

__attribute__((format(printf, 2, 3))) static void say(struct recorder *r, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	if (!r->options.say)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	r->options.say(r->options.arg, line);
}

/* --- finished logs --- */

static void finished_add(struct recorder *r, struct finished *f)
{
	struct finished **at;

	pthread_mutex_lock(&r->lock);
	for (at = &r->finished; *at; at = &(*at)->next)
		;
	*at = f;
	r->stat.n_unsealed++;
	pthread_mutex_unlock(&r->lock);
}

static struct finished *finished_new(int32_t hour, uint32_t part)
{
	struct finished *f = malloc(sizeof *f);

	if (f)
		*f = (struct finished){.hour = hour, .part = part};
	return f;
}

static struct finished *finished_take(struct recorder *r)
{
	struct finished *f;

	pthread_mutex_lock(&r->lock);
	f = r->finished;
	if (f)
		r->finished = f->next;
	pthread_mutex_unlock(&r->lock);
	if (f)
		f->next = NULL;
	return f;
}

/* --- opening --- */

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int take_lock(struct recorder *r)
{
	char pid[24];
	int k;

	r->lockfd = io_open_write(r->dirfd, LOCK_FILE);
	if (r->lockfd == -ENOENT)
		r->lockfd = io_create(r->dirfd, LOCK_FILE);
	if (r->lockfd < 0)
		return r->lockfd;
	k = io_lock(r->lockfd);
	if (k < 0)
		return k;
	/* For people, who can do without it when the disk is full. */
	snprintf(pid, sizeof pid, "%d\n", (int)getpid());
	k = io_truncate(r->lockfd, 0);
	if (k == 0)
		k = io_pwrite(r->lockfd, pid, strlen(pid), 0);
	return k == -ENOSPC || k == -EDQUOT ? 0 : k;
}

/* Whether a directory without a store file may become a store: nothing in it but what an interrupted creation leaves.
 */
static int is_foreign(const char *name, void *arg)
{
	(void)arg;
	return strcmp(name, LOCK_FILE) != 0 && strcmp(name, STORE_FILE ".tmp") != 0 &&
	       strcmp(name, SNAPSHOT_DIR) != 0 && strcmp(name, "lost+found") != 0;
}

static int open_identity(struct recorder *r)
{
	int k = identity_read(r->dirfd, &r->identity);

	if (k != -ENOENT)
		return k;
	k = io_list(r->dirfd, is_foreign, NULL);
	if (k != 0)
		return k < 0 ? k : -ENOTEMPTY;
	r->identity.created_ms = now_ms();
	if (r->options.host)
		snprintf(r->identity.host, sizeof r->identity.host, "%s", r->options.host);
	else if (gethostname(r->identity.host, sizeof r->identity.host - 1) < 0)
		return -errno;
	return identity_create(r->dirfd, &r->identity);
}

struct found {
	struct recorder *r;
	struct finished *logs;
	uint32_t n_logs;
};

static int look_at(const char *name, void *arg)
{
	struct found *f = arg;
	struct finished *log;
	enum file_type type;
	uint32_t part;
	int32_t hour;

	if (!file_name_parse(name, &type, &hour, &part))
		return 0;
	if (type == FILE_TMP)
		return io_unlink(f->r->snapdirfd, name);
	if (type != FILE_WAL)
		return 0;
	log = malloc(sizeof *log);
	if (!log)
		return -ENOMEM;
	*log = (struct finished){.next = f->logs, .hour = hour, .part = part};
	f->logs = log;
	f->n_logs++;
	return 0;
}

static int set_aside(struct recorder *r, const char *name)
{
	char aside[FILE_NAME_SIZE + 16];
	int k;

	snprintf(aside, sizeof aside, "%s.damaged", name);
	k = io_rename(r->snapdirfd, name, aside);
	say(r, "%s/%s: damaged, kept as %s", SNAPSHOT_DIR, name, aside);
	return k < 0 ? k : io_sync_dir(r->snapdirfd);
}

static int max_seq(uint8_t type, uint64_t off, struct span payload, void *arg)
{
	uint64_t *next = arg;
	struct wal_frame f;

	(void)off;
	if (type == FRAME_SNAPSHOT && wal_frame_parse(payload, &f) == 0 && get_le64(f.h.first_seq) >= *next)
		*next = get_le64(f.h.first_seq) + 1;
	return 0;
}

static bool overlaps(const struct disk_meta *m, uint64_t first_seq, uint64_t next_seq)
{
	return get_le64(m->first_seq) < next_seq && get_le64(m->last_seq) >= first_seq;
}

/* A log found at the start. keep: go on appending to it. */
static int recover_log(struct recorder *r, int32_t hour, uint32_t part, bool keep)
{
	_cleanup_(cleanup_chunk) struct chunk *chunk = NULL;
	_cleanup_(cleanup_log) struct log *log = NULL;
	char name[FILE_NAME_SIZE], chunk_name[FILE_NAME_SIZE], to[FILE_NAME_SIZE];
	struct log_recovery found;
	struct finished *f;
	uint64_t next_seq = 0;
	uint32_t n_parts;
	int k, c;

	file_name(name, hour, part, ".wal");
	file_name(chunk_name, hour, part, ".chunk");
	k = log_open(r->snapdirfd, name, KIND_WAL, r->options.sync, max_seq, &next_seq, &found, &log);
	if (k == -ENODATA)
		return io_unlink(r->snapdirfd, name);
	if (k == -EBADMSG)
		return set_aside(r, name);
	if (k < 0)
		return k;
	if (found.n_torn > 0)
		say(r, "%s/%s: %llu bytes of an unfinished write cut off", SNAPSHOT_DIR, name,
		    (unsigned long long)found.n_torn);
	if (found.n_damaged > 0) {
		say(r, "%s/%s: damaged at offset %llu (%llu places)", SNAPSHOT_DIR, name,
		    (unsigned long long)found.damaged_off, (unsigned long long)found.n_damaged);
		r->stat.n_damaged += found.n_damaged;
	}
	c = chunk_open(r->snapdirfd, chunk_name, &chunk);
	if (c == 0 && get_le64(chunk_meta(chunk)->wal_id) == log_id(log)->id) {
		k = io_unlink(r->snapdirfd, name);
		return k < 0 ? k : io_sync_dir(r->snapdirfd);
	}
	/* A chunk that does not say any more what it was made of was made of this log if it has its numbers. */
	if (c == 0 && get_le64(chunk_meta(chunk)->wal_id) == 0 &&
	    overlaps(chunk_meta(chunk), log_id(log)->first_seq, next_seq)) {
		chunk_close(TAKE(chunk));
		c = -EBADMSG;
	}
	if (c == -EBADMSG)
		c = set_aside(r, chunk_name);
	if (c < 0 && c != -ENOENT)
		return c;
	if (chunk) {
		/* Two histories under one name: neither may hide the other. */
		k = parts_new(r->snapdirfd, hour, &part);
		if (k < 0)
			return k;
		file_name(to, hour, part, ".wal");
		k = io_rename(r->snapdirfd, name, to);
		if (k == 0)
			k = io_sync_dir(r->snapdirfd);
		if (k < 0)
			return k;
	}
	k = parts_new(r->snapdirfd, hour, &n_parts);
	if (k < 0)
		return k;
	f = finished_new(hour, part);
	if (!f)
		return -ENOMEM;
	/* A later part has taken the numbers that would come next. */
	if (!keep || part + 1 < n_parts) {
		finished_add(r, f);
		return 0;
	}
	/* A log that holds nothing yet still says where its numbers begin. */
	if (log_id(log)->first_seq > next_seq)
		next_seq = log_id(log)->first_seq;
	r->finish = f;
	r->log = TAKE(log);
	r->hour = hour;
	r->part = part;
	r->next_seq = next_seq;
	r->recording = hour;
	r->stat.log_bytes = log_len(r->log);
	return 0;
}

static int by_hour_and_part(const void *a, const void *b)
{
	const struct finished *x = a, *y = b;

	if (x->hour != y->hour)
		return x->hour < y->hour ? -1 : 1;
	return x->part < y->part ? -1 : x->part > y->part;
}

static int recover_logs(struct recorder *r)
{
	struct found f = {.r = r};
	_cleanup_(cleanup_free) struct finished *sorted = NULL;
	uint32_t n = 0;
	int k = io_list(r->snapdirfd, look_at, &f);

	sorted = malloc((f.n_logs + 1) * sizeof *sorted);
	while (f.logs) {
		struct finished *log = f.logs;

		f.logs = log->next;
		if (sorted)
			sorted[n++] = *log;
		free(log);
	}
	if (!sorted)
		return -ENOMEM;
	qsort(sorted, n, sizeof *sorted, by_hour_and_part);
	for (uint32_t i = 0; i < n && k >= 0; i++)
		k = recover_log(r, sorted[i].hour, sorted[i].part, i == n - 1);
	return k;
}

int recorder_open(const char *dir, const struct recorder_options *o, struct recorder **ret)
{
	_cleanup_(cleanup_recorder) struct recorder *r = calloc(1, sizeof *r);
	int k;

	if (!r)
		return -ENOMEM;
	r->options = *o;
	r->dirfd = r->snapdirfd = r->lockfd = -1;
	r->recording = r->present = INT32_MAX;
	lock_init(&r->lock);
	r->dirfd = io_opendir(AT_FDCWD, dir, true);
	if (r->dirfd < 0)
		return r->dirfd;
	/* A foreign directory must not even get a lock file. */
	k = identity_read(r->dirfd, &r->identity);
	if (k == -ENOENT) {
		k = io_list(r->dirfd, is_foreign, NULL);
		k = k > 0 ? -ENOTEMPTY : k;
	}
	if (k == 0)
		k = take_lock(r);
	if (k == 0)
		k = open_identity(r);
	if (k < 0)
		return k;
	r->snapdirfd = io_opendir(r->dirfd, SNAPSHOT_DIR, true);
	if (r->snapdirfd < 0)
		return r->snapdirfd;
	k = recover_logs(r);
	if (k >= 0)
		k = encoder_new(o->keyframe_every, &r->encoder);
	if (k >= 0)
		k = known_last(r->snapdirfd, encoder_heat(r->encoder), &r->known);
	if (k < 0)
		return k;
	*ret = TAKE(r);
	return 0;
}

void recorder_close(struct recorder *r)
{
	if (r->log)
		log_close(r->log);
	free(r->finish);
	while (r->finished) {
		struct finished *f = r->finished;

		r->finished = f->next;
		free(f);
	}
	if (r->encoder)
		encoder_free(r->encoder);
	if (r->known)
		schema_free(r->known);
	buf_done(&r->schema);
	io_close(r->snapdirfd);
	io_close(r->lockfd);
	io_close(r->dirfd);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

/* --- sampling --- */

struct strpool *recorder_pool(struct recorder *r)
{
	return encoder_pool(r->encoder);
}

uint64_t recorder_boot(const char *boot_id, size_t len)
{
	return XXH3_64bits(boot_id, len);
}

const struct schema *recorder_known(const struct recorder *r)
{
	return r->known;
}

int recorder_dirfd(const struct recorder *r)
{
	return r->dirfd;
}

uint64_t recorder_store_id(const struct recorder *r)
{
	return r->identity.id;
}

void recorder_begin(struct recorder *r)
{
	encoder_begin(r->encoder);
}

int recorder_encode(struct recorder *r, const struct snapshot *s, struct encoded **ret)
{
	return encoder_encode(r->encoder, s, ret);
}

void recorder_want_keyframe(struct recorder *r)
{
	encoder_want_keyframe(r->encoder);
}

/* --- writing --- */

static void count_synced(struct recorder *r)
{
	pthread_mutex_lock(&r->lock);
	r->stat.n_synced += r->n_unsynced;
	pthread_mutex_unlock(&r->lock);
	r->n_unsynced = 0;
}

/* The open log is complete, or given up: the sealer's turn. */
static void finish_log(struct recorder *r)
{
	finished_add(r, TAKE(r->finish));
	log_close(TAKE(r->log));
	r->ordinal = 0;
	buf_clear(&r->schema);
	r->recording = INT32_MAX;
	pthread_mutex_lock(&r->lock);
	r->stat.log_bytes = 0;
	pthread_mutex_unlock(&r->lock);
}

static int begin_log(struct recorder *r, int32_t hour)
{
	struct file_id id = {.kind = KIND_WAL, .store_id = r->identity.id, .hour = hour};
	char name[FILE_NAME_SIZE];
	/* What was numbered in this life stays so, also if it cannot be read back. */
	uint64_t next = hour == r->hour ? r->next_seq : 0, n;
	struct finished *f;
	int k;

	k = parts_new(r->snapdirfd, hour, &id.part);
	if (k < 0)
		return k;
	for (uint32_t part = 0; part < id.part; part++) {
		k = parts_next_seq(r->snapdirfd, hour, part, &n);
		if (k < 0 && k != -ENOENT)
			return k;
		if (k == 0 && n > next)
			next = n;
	}
	id.first_seq = next;
	file_name(name, hour, id.part, ".wal");
	f = finished_new(hour, id.part);
	if (!f)
		return -ENOMEM;
	r->recording = hour; /* before retention can see the log */
	k = log_create(r->snapdirfd, name, &id, r->options.sync, &r->log);
	if (k < 0) {
		r->recording = INT32_MAX;
		free(f);
		return k;
	}
	r->finish = f;
	r->hour = hour;
	r->part = id.part;
	r->next_seq = next;
	r->ordinal = 0;
	buf_clear(&r->schema);
	return 0;
}

static int put_schema(struct recorder *r, const struct encoded *e)
{
	struct span payload = span_of(e->schema.p, e->schema.len);
	int k;

	if (!e->keyframe)
		return 0;
	if (r->schema.len == e->schema.len && r->schema.len > 0 &&
	    memcmp(r->schema.p, e->schema.p, e->schema.len) == 0 && ++r->since_schema < SCHEMA_AGAIN)
		return 0;
	k = log_append(r->log, FRAME_SCHEMA, &payload, 1, NULL);
	if (k < 0)
		return k;
	r->since_schema = 0;
	buf_clear(&r->schema);
	/* If there is no memory to remember it in, it is written again with the next keyframe. */
	buf_put(&r->schema, e->schema.p, e->schema.len);
	return 0;
}

int recorder_append(struct recorder *r, const struct encoded *e)
{
	le64 seq;
	le32 heat_seq;
	struct span pieces[4];
	int k = 0;

	if (r->log && r->hour != e->hour) {
		/* Whatever becomes of the sync: this log is over, and what it has goes to the sealer. */
		k = log_sync(r->log);
		if (k < 0)
			r->sync_err = k;
		else
			count_synced(r);
		r->n_unsynced = 0;
		finish_log(r);
		k = 0;
	}
	if (!e->keyframe && (!r->log || r->ordinal == 0 || e->ordinal != r->ordinal + 1)) {
		recorder_want_keyframe(r);
		return -ESTALE;
	}
	if (r->log && r->next_seq > SEQ_MAX)
		return -EMSGSIZE;
	if (!r->log)
		k = begin_log(r, e->hour);
	if (k == 0)
		k = put_schema(r, e);
	if (k < 0)
		return k;
	/* The number is known only here: it goes in front of, and into, the frame as encoded. */
	seq = put_le64(r->next_seq);
	heat_seq = put_le32((uint32_t)r->next_seq);
	pieces[0] = span_of(&seq, sizeof seq);
	pieces[1] = span_of(e->frame.p + WAL_SEQ_OFF + sizeof seq, WAL_HEAT_SEQ_OFF - WAL_SEQ_OFF - sizeof seq);
	pieces[2] = span_of(&heat_seq, sizeof heat_seq);
	pieces[3] =
	    span_of(e->frame.p + WAL_HEAT_SEQ_OFF + sizeof heat_seq, e->frame.len - WAL_HEAT_SEQ_OFF - sizeof heat_seq);
	k = log_append(r->log, FRAME_SNAPSHOT, pieces, 4, NULL);
	if (k < 0)
		return k;
	r->next_seq++;
	r->present = e->hour;
	r->ordinal = e->ordinal;
	r->n_unsynced++;
	pthread_mutex_lock(&r->lock);
	r->stat.n_snapshots++;
	r->stat.log_bytes = log_len(r->log);
	pthread_mutex_unlock(&r->lock);
	return 0;
}

int recorder_sync(struct recorder *r)
{
	int k = 0, before = r->sync_err;

	r->sync_err = 0;
	if (r->log && r->n_unsynced > 0)
		k = log_sync(r->log);
	if (k < 0) {
		char name[FILE_NAME_SIZE];

		file_name(name, r->hour, r->part, ".wal");
		say(r, "%s/%s: sync: %s; going on in a new file", SNAPSHOT_DIR, name, strerror(-k));
		recorder_want_keyframe(r);
		r->n_unsynced = 0;
		finish_log(r);
	} else {
		count_synced(r);
	}
	return k < 0 ? k : before;
}

/* --- sealing --- */

int recorder_seal(struct recorder *r)
{
	const struct chunk_options o = {.level = r->options.seal_level, .group_n = r->options.group_n};
	struct finished *f = finished_take(r), **at;
	char name[FILE_NAME_SIZE];
	uint32_t n = 0;
	int k;

	if (!f)
		return -ENODATA;
	file_name(name, f->hour, f->part, ".wal");
	k = seal_log(r->snapdirfd, f->hour, f->part, &o, &r->no_seal, &n);
	if (k == -ENOENT)
		k = 0; /* retention, or a person, was faster */
	pthread_mutex_lock(&r->lock);
	if (k < 0) {
		r->stat.n_seal_errors += k != -ECANCELED;
		for (at = &r->finished; *at; at = &(*at)->next)
			;
		*at = f;
	} else {
		r->stat.n_sealed++;
		r->stat.n_unsealed--;
	}
	pthread_mutex_unlock(&r->lock);
	if (k < 0 && k != -ECANCELED)
		say(r, "%s/%s: sealing: %s", SNAPSHOT_DIR, name, strerror(-k));
	if (k == 0)
		free(f);
	return k;
}

void recorder_stop_sealing(struct recorder *r)
{
	r->no_seal = true;
}

int recorder_retain(struct recorder *r, uint64_t max_bytes, int64_t max_age_ms, int64_t now_ms)
{
	int32_t present = r->present, now = hour_of(now_ms);

	if (present != INT32_MAX && now < present)
		present = now;
	return retain_hours(r->snapdirfd, max_bytes, max_age_ms, &r->recording, present, NULL);
}

void recorder_stat(struct recorder *r, struct recorder_stat *ret)
{
	pthread_mutex_lock(&r->lock);
	*ret = r->stat;
	pthread_mutex_unlock(&r->lock);
}
