/* payloads.c -- see payloads.h
 *
 * READING asks the view that is published, within an epoch, and waits for nobody. What changes the view, or the index
 * of what is fresh, holds the lock: a put for as long as it takes to append, tidying for as long as it takes to put
 * something new in the place of something old. Tidying holds another one throughout.
 */
#include "store/payloads.h"

#include "store/io.h"
#include "store/payload_read.h"
#include "store/payloads_inner.h"
#include "store/segment_name.h"

#include <time.h>

enum {
	SEGMENT_MIN = 1 << 20,
	SEGMENT_MAX = 1 << 30,
	RETRIES = 10,
	TOMBSTONE_MS = 7 * 24 * 3600 * 1000,
};

static void free_payloads(struct payloads *p)
{
	payload_load_done(&p->l);
	payload_batch_free(p->batch);
	payload_index_free(p->spare);
	payload_compact_moves_free(p->moves);
	if (p->mark)
		bookmark_close(p->mark);
	pthread_mutex_destroy(&p->lock);
	pthread_mutex_destroy(&p->tidying);
	epoch_done(&p->epoch);
	if (p->dirfd >= 0)
		io_close(p->dirfd);
	if (p->store_fd >= 0)
		io_close(p->store_fd);
	free(p);
}

static int payloads_new(struct payloads **ret)
{
	struct payloads *p = aligned_alloc(_Alignof(struct payloads), sizeof *p);

	if (!p)
		return -ENOMEM;
	memset(p, 0, sizeof *p);
	p->store_fd = p->dirfd = -1;
	epoch_init(&p->epoch);
	pthread_mutex_init(&p->lock, NULL);
	pthread_mutex_init(&p->tidying, NULL);
	p->how = (struct payload_load_how){.dirfd = -1, .epoch = &p->epoch, .map_len = PAYLOADS_SEGMENT_DEFAULT};
	*ret = p;
	return 0;
}

/* Frees what is in one view, but not in the other. */
static void drop(struct payload_view *v)
{
	struct payload_loaded l = {.view = v};

	payload_load_done(&l);
}

/* What was loaded is shown from now on. */
static void show(struct payloads *p, const struct payload_loaded *l)
{
	struct payload_view *old = p->l.view;
	struct log *log = p->l.log;
	uint64_t next = p->l.next_number;

	p->l = *l;
	if (log)
		p->l.log = log;
	if (p->l.next_number < next)
		p->l.next_number = next;
	atomic_store(&p->next_number, p->l.next_number);
	atomic_store(&p->view, l->view);
	if (!old)
		return;
	epoch_wait(&p->epoch);
	drop(old);
}

int payloads_configure(struct payloads *p, const struct payloads_options *o)
{
	if (o->value_max > PAYLOAD_VALUE_MAX)
		return -EINVAL;
	atomic_store(&p->value_max, o->value_max ? o->value_max : PAYLOAD_VALUE_MAX);
	pthread_mutex_lock(&p->lock);
	p->policy = (struct payload_policy){
	    .keep_versions = o->keep_versions,
	    .keep_ms = o->keep_ms,
	    .tombstone_ms = o->tombstone_ms ? o->tombstone_ms : TOMBSTONE_MS,
	};
	p->other_policy = true;
	pthread_mutex_unlock(&p->lock);
	return 0;
}

static int set_options(struct payloads *p, const struct payloads_options *o)
{
	p->o = *o;
	if (p->o.segment_size == 0)
		p->o.segment_size = PAYLOADS_SEGMENT_DEFAULT;
	if (p->o.segment_size < SEGMENT_MIN || p->o.segment_size > SEGMENT_MAX)
		return -EINVAL;
	p->how.map_len = p->o.segment_size;
	p->how.sync = o->sync;
	p->how.boot = o->boot;
	p->how.say = o->say;
	p->how.arg = o->arg;
	return payloads_configure(p, o);
}

/* All of the newest segment is durable. Where the mark cannot be set, recovery knows less. */
static void set_mark(struct payloads *p)
{
	struct payload_mark m = {
	    .file_id = log_id(p->l.log)->id,
	    .len = log_len(p->l.log),
	    .number = atomic_load(&p->synced_number),
	};

	if (p->mark && p->o.sync != SYNC_NONE)
		(void)payload_mark_set(p->mark, &m);
}

int payloads_open(int store_fd, uint64_t store_id, const struct payloads_options *o, struct payloads **ret)
{
	_cleanup_(cleanup_payloads) struct payloads *p = NULL;
	struct payload_loaded l;
	int r = payloads_new(&p);

	if (r < 0)
		return r;
	r = set_options(p, o);
	if (r == 0)
		r = payload_batch_new(&p->batch);
	if (r < 0)
		return r;
	p->writes = p->how.writes = true;
	p->how.store_id = store_id;
	p->dirfd = p->how.dirfd = io_opendir(store_fd, PAYLOADS_DIR, true);
	if (p->dirfd < 0)
		return p->dirfd;
	r = payload_load(&p->how, &l);
	if (r < 0)
		return r;
	show(p, &l);
	atomic_store(&p->synced_number, l.next_number - 1);
	(void)payload_mark_open(p->dirfd, &p->mark);
	if (l.log)
		set_mark(p);
	*ret = TAKE(p);
	return 0;
}

/* Nothing at all. */
static int show_nothing(struct payloads *p)
{
	struct payload_loaded l = {.next_number = 1, .newest_ms = INT64_MIN};
	int r = payload_view_new(NULL, 0, &l.view);

	if (r == 0)
		r = payload_index_new(&p->epoch, &l.view->fresh);
	if (r < 0) {
		payload_load_done(&l);
		return r;
	}
	show(p, &l);
	return 0;
}

int payloads_open_read(int store_fd, struct payloads **ret)
{
	_cleanup_(cleanup_payloads) struct payloads *p = NULL;
	int r = payloads_new(&p);

	if (r < 0)
		return r;
	p->store_fd = io_opendir(store_fd, ".", false);
	if (p->store_fd < 0)
		return p->store_fd;
	r = show_nothing(p);
	if (r == 0)
		r = payloads_refresh(p);
	if (r < 0)
		return r;
	*ret = TAKE(p);
	return 0;
}

int payloads_close(struct payloads *p)
{
	int r = 0;

	if (!p)
		return 0;
	if (p->writes && p->l.log && !p->roll)
		r = payloads_sync(p);
	free_payloads(p);
	return r;
}

/* --- a reader --- */

int payloads_reload(struct payloads *p, bool no_snapshot)
{
	struct payload_load_how how = p->how;
	struct payload_loaded l;
	int r;

	how.writes = false;
	how.no_snapshot = no_snapshot;
	r = payload_load(&how, &l);
	if (r < 0)
		return r;
	show(p, &l);
	payload_compact_moves_free(TAKE(p->moves));
	return 0;
}

struct seen {
	const struct payload_view *view;
	uint32_t n; /* of its segments that are there */
	bool other; /* there is another one */
};

static int see(const char *name, void *arg)
{
	struct seen *s = arg;
	enum segment_file type;
	uint64_t base;

	if (!segment_name_parse(name, &base, &type) || type != SEGMENT_LOG)
		return 0;
	for (uint32_t i = s->view->n_segments; i > 0; i--)
		if (s->view->segments[i - 1]->base == base) {
			s->n++;
			return 0;
		}
	s->other = true;
	return 0;
}

/* Whether other files are there than were. */
static int files_changed(struct payloads *p)
{
	struct seen seen = {.view = p->l.view};
	struct timespec now;
	struct io_stat st;
	int r = io_fstat(p->dirfd, &st);

	if (r < 0)
		return r;
	clock_gettime(CLOCK_REALTIME, &now);
	/* The clock of files is a coarse one: what changed in the last second may change again unseen. */
	if ((uint64_t)st.mtime_ns == p->l.dir_mtime_ns && now.tv_sec - st.mtime_ns / 1000000000 > 1)
		return 0;
	p->l.dir_mtime_ns = (uint64_t)st.mtime_ns;
	r = io_stat(p->dirfd, PAYLOAD_SNAPSHOT_FILE, &st);
	if (r < 0 && r != -ENOENT)
		return r;
	if ((r == 0 ? st.ino : 0) != p->l.snapshot_ino)
		return 1;
	r = io_list(p->dirfd, see, &seen);
	return r < 0 ? r : seen.other || seen.n != p->l.view->n_segments;
}

static bool snapshot_damaged(const struct payloads *p)
{
	return p->l.view->snapshot && payload_snapshot_damaged(p->l.view->snapshot);
}

static int refresh(struct payloads *p)
{
	int r;

	if (p->dirfd < 0) {
		r = io_opendir(p->store_fd, PAYLOADS_DIR, false);
		if (r < 0)
			return r == -ENOENT ? 0 : r;
		p->dirfd = p->how.dirfd = r;
		r = payloads_reload(p, false);
		return r < 0 ? r : 1;
	}
	if (snapshot_damaged(p)) {
		r = payloads_reload(p, true);
		return r < 0 ? r : 1;
	}
	r = files_changed(p);
	if (r == 0)
		r = payload_load_more(&p->how, &p->l);
	else if (r > 0)
		r = -ESTALE;
	if (r == -ESTALE) {
		r = payloads_reload(p, false);
		return r < 0 ? r : 1;
	}
	atomic_store(&p->next_number, p->l.next_number);
	return r;
}

int payloads_refresh(struct payloads *p)
{
	int r;

	if (p->writes)
		return 0;
	pthread_mutex_lock(&p->lock);
	r = refresh(p);
	pthread_mutex_unlock(&p->lock);
	return r;
}

/* --- asking --- */

struct question {
	const struct payload_key *key;
	int64_t time_ms;
	uint64_t low, high;
	bool deleted;
	uint64_t *cookie;
	struct buf *room;
	struct payload *ret;
};

typedef int ask_fn(const struct payload_view *v, uint64_t end_number, const struct question *q);

/* Files that went away while this was asked are those of a reader, who has to look again. */
static int ask(struct payloads *p, ask_fn *fn, const struct question *q)
{
	int r = -ESTALE;

	for (int i = 0; r == -ESTALE && i < RETRIES; i++) {
		_Atomic uint32_t *epoch;

		if (i > 0) {
			r = payloads_refresh(p);
			if (r < 0)
				return r;
		}
		epoch = epoch_enter(&p->epoch);
		r = fn(atomic_load(&p->view), atomic_load(&p->next_number), q);
		epoch_leave(epoch);
	}
	return r == -ESTALE ? -EIO : r;
}

static int ask_at(const struct payload_view *v, uint64_t end_number, const struct question *q)
{
	return payload_read_at(v, end_number, q->key, q->time_ms, q->room, q->ret);
}

int payloads_at(
    struct payloads *p, const struct payload_key *key, int64_t time_ms, struct buf *room, struct payload *ret)
{
	return ask(p, ask_at, &(struct question){.key = key, .time_ms = time_ms, .room = room, .ret = ret});
}

int payloads_get(
    struct payloads *p, const struct payload_key *key, int64_t time_ms, struct buf *room, struct payload *ret)
{
	struct payload found;
	int r = payloads_at(p, key, time_ms, room, &found);

	if (r == 0 && found.deleted)
		r = -ENOENT;
	if (r == 0)
		*ret = found;
	return r;
}

static int ask_newest(const struct payload_view *v, uint64_t end_number, const struct question *q)
{
	(void)end_number;
	return payload_read_newest(v, q->key, q->room, q->ret);
}

int payloads_newest(struct payloads *p, const struct payload_key *key, struct buf *room, struct payload *ret)
{
	return ask(p, ask_newest, &(struct question){.key = key, .room = room, .ret = ret});
}

static int ask_number(const struct payload_view *v, uint64_t end_number, const struct question *q)
{
	return payload_read_number(v, end_number, q->low, q->room, q->ret);
}

int payloads_record(struct payloads *p, uint64_t number, struct buf *room, struct payload *ret)
{
	return ask(p, ask_number, &(struct question){.low = number, .room = room, .ret = ret});
}

static int ask_id(const struct payload_view *v, uint64_t end_number, const struct question *q)
{
	(void)end_number;
	return payload_read_id(v, q->low, q->room, q->ret);
}

int payloads_by_id(struct payloads *p, uint64_t id, struct buf *room, struct payload *ret)
{
	return ask(p, ask_id, &(struct question){.low = id, .room = room, .ret = ret});
}

static int ask_hash(const struct payload_view *v, uint64_t end_number, const struct question *q)
{
	(void)end_number;
	return payload_read_hash(v, q->low, q->high, q->room, q->ret);
}

int payloads_by_hash(struct payloads *p, uint64_t low, uint64_t high, struct buf *room, struct payload *ret)
{
	return ask(p, ask_hash, &(struct question){.low = low, .high = high, .room = room, .ret = ret});
}

static int ask_next(const struct payload_view *v, uint64_t end_number, const struct question *q)
{
	(void)end_number;
	return payload_read_next(v, q->low, q->deleted, q->room, q->ret, q->cookie);
}

int payloads_next(struct payloads *p, uint64_t after, unsigned what, struct buf *room, struct payload *ret,
    uint64_t *ret_value_len, uint64_t *ret_cookie)
{
	struct payload found;
	int r = ask(p, ask_next,
	    &(struct question){
	        .low = after, .deleted = what & PAYLOADS_DELETED, .cookie = ret_cookie, .room = room, .ret = &found});

	if (r < 0)
		return r;
	if (ret_value_len)
		*ret_value_len = span_left(&found.value);
	if (!(what & PAYLOADS_VALUES))
		found.value = (struct span){0};
	*ret = found;
	return 0;
}

/* --- putting --- */

/* What was appended to the newest segment is durable, as the mode says. */
static int sync_log(struct payloads *p)
{
	int r = log_sync(p->l.log);

	if (r < 0) {
		p->roll = true;
		p->n_unsynced = 0;
		return r;
	}
	p->n_unsynced = 0;
	atomic_store(&p->synced_number, atomic_load(&p->next_number) - 1);
	set_mark(p);
	return 0;
}

/* Begins a segment with the next number. */
static int begin_segment(struct payloads *p)
{
	_cleanup_(cleanup_payload_segment) struct payload_segment *s = NULL;
	struct file_id id = {
	    .kind = KIND_PAYLOADS,
	    .store_id = p->how.store_id,
	    .hour = (int32_t)p->o.boot,
	    .first_seq = p->l.next_number,
	};
	struct payload_view *old = p->l.view, *v;
	char name[SEGMENT_NAME_SIZE];
	struct log *log;
	int r = payload_view_new(old, old->n_segments + 1, &v);

	if (r < 0)
		return r;
	segment_name_put(name, id.first_seq, SEGMENT_LOG);
	r = payload_segment_new(p->dirfd, id.first_seq, 0, p->o.segment_size, &s);
	if (r == 0)
		r = log_create(p->dirfd, name, &id, p->o.sync, &log);
	if (r < 0) {
		free(v);
		return r;
	}
	s->file_id = id.id;
	v->segments[v->n_segments++] = TAKE(s);
	log_close(p->l.log);
	p->l.log = log;
	p->l.view = v;
	p->roll = false;
	atomic_store(&p->view, v);
	epoch_wait(&p->epoch);
	free(old);
	return 0;
}

/* A segment that len more bytes may be appended to. */
static int make_ready(struct payloads *p, uint64_t len)
{
	struct log *log = p->l.log;
	int r = 0;

	if (log && !p->roll) {
		if (log_len(log) == sizeof(struct disk_header) || log_len(log) + len <= p->o.segment_size)
			return 0;
		r = sync_log(p);
		p->untold = p->untold || r < 0;
	}
	/* A segment that nothing was put into, because that failed, has the name that the next one would. */
	if (log && p->roll && log_id(log)->first_seq == p->l.next_number)
		p->l.next_number++;
	return r < 0 ? r : begin_segment(p);
}

static int append(struct payloads *p)
{
	struct payload_loaded *l = &p->l;
	struct payload_segment *s;
	struct span frames;
	int r = payload_batch_reserve(p->batch, l->view->fresh);

	if (r < 0)
		return r;
	s = l->view->segments[l->view->n_segments - 1];
	r = payload_batch_frames(p->batch, s->file_id, l->view->n_segments - 1, log_len(l->log), &frames);
	if (r == 0)
		r = log_append_frames(l->log, frames);
	if (r < 0)
		return r;
	l->behind += span_left(&frames);
	l->n_keys += (uint64_t)payload_batch_live(p->batch);
	if (l->newest_ms < payload_batch_ms(p->batch))
		l->newest_ms = payload_batch_ms(p->batch);
	l->next_number += payload_batch_n(p->batch);
	atomic_store(&p->next_number, l->next_number);
	payload_segment_grown(s, log_len(l->log));
	payload_batch_apply(p->batch, l->view);
	p->n_unsynced += payload_batch_n(p->batch);
	return 0;
}

/* No more records are unsynced than recovery allows for. */
static int bound_unsynced(struct payloads *p, size_t n)
{
	int r;

	if (p->o.sync == SYNC_NONE || p->roll || !p->l.log || p->n_unsynced + n <= PAYLOADS_UNSYNCED_MAX)
		return 0;
	r = sync_log(p);
	p->untold = r < 0;
	return r;
}

static int plan(struct payloads *p, const struct payload_put *puts, size_t n, int64_t now_ms)
{
	/* Without syncs nothing is known of that, and what is damaged is not taken for torn. */
	uint32_t unsynced = p->o.sync == SYNC_NONE ? 0 : (uint32_t)p->n_unsynced;
	int r = payload_batch_plan(p->batch, p->l.view, puts, n, p->l.next_number, unsynced, now_ms);

	if (r == 0 && payload_batch_n(p->batch) > 0 && p->l.next_number + n >= RECORD_NUMBER_MAX)
		r = -ENOSPC;
	return r;
}

static int put(struct payloads *p, const struct payload_put *puts, size_t n, int64_t now_ms, uint64_t *ret_number)
{
	int r = bound_unsynced(p, n);

	if (r == 0)
		r = plan(p, puts, n, now_ms);
	if (r < 0 || payload_batch_n(p->batch) == 0)
		return r;
	*ret_number = p->l.next_number;
	r = make_ready(p, payload_batch_len(p->batch));
	/* It begins a segment, whose number may not be the next one. */
	if (r == 0 && p->l.next_number != *ret_number) {
		*ret_number = p->l.next_number;
		r = plan(p, puts, n, now_ms);
	}
	return r < 0 ? r : append(p);
}

int payloads_put(struct payloads *p, const struct payload_put *puts, size_t n, int64_t now_ms, uint64_t *ret_number,
    uint32_t *ret_written, struct payload_error *ret_error)
{
	struct payload_error error = {0};
	uint64_t number = 0;
	int r = payload_batch_check(puts, n, atomic_load(&p->value_max), &error);

	if (r < 0 && ret_error)
		*ret_error = error;
	if (r < 0)
		return r;
	pthread_mutex_lock(&p->lock);
	r = put(p, puts, n, now_ms, &number);
	/* The snapshot is derived: without it all is in the log. */
	if (r == -EBADMSG && snapshot_damaged(p)) {
		pthread_mutex_unlock(&p->lock);
		pthread_mutex_lock(&p->tidying);
		pthread_mutex_lock(&p->lock);
		r = payloads_reload(p, true);
		if (r == 0)
			r = put(p, puts, n, now_ms, &number);
		pthread_mutex_unlock(&p->tidying);
	}
	pthread_mutex_unlock(&p->lock);
	if (r < 0)
		return r;
	if (ret_number)
		*ret_number = payload_batch_n(p->batch) > 0 ? number : 0;
	if (ret_written)
		*ret_written = payload_batch_n(p->batch);
	return 0;
}

int payloads_sync(struct payloads *p)
{
	bool untold = p->untold;
	int r = 0;

	p->untold = false;
	if (p->roll)
		return -EIO;
	if (p->l.log)
		r = sync_log(p);
	if (r == 0) {
		pthread_mutex_lock(&p->lock);
		payloads_tidy_freeze(p);
		pthread_mutex_unlock(&p->lock);
	}
	return r == 0 && untold ? -EIO : r;
}
