/* payload_load.c -- see payload_load.h
 *
 * BATCHES. Records of a batch count when all of them are there. One of which some are not was torn when the power went,
 * or it was durable and has been damaged since. What follows tells: each record says how many before it were not
 * durable when it was written. If one says that the batch was, the rest of it counts; if none does, nobody was ever
 * told that it, or anything behind it, is durable: that is passed over, and cut by who writes.
 *
 * SNAPSHOT. It is right for the segments that are the files that it knows, with all that it knows of them. A segment
 * that compaction has put in the place of another is read from its beginning; what the snapshot knows to be newer
 * stays. Where anything that it knows is gone, keys that had moved there cannot be told: it is given up as a whole.
 *
 * ORDER. Segments are gone through in the order of their numbers, so what comes later is newer, but for records that
 * are there twice, because joining was interrupted, and segments that were read again: these are looked at.
 */
#include "store/payload_load.h"

#include "store/io.h"
#include "store/segment_name.h"

#include <inttypes.h>

static void say(const struct payload_load_how *how, uint64_t base, enum segment_file type, const char *what)
{
	char name[SEGMENT_NAME_SIZE], line[160];

	if (!how->say)
		return;
	segment_name_put(name, base, type);
	snprintf(line, sizeof line, "payloads/%s: %s", name, what);
	how->say(how->arg, line);
}

static void damage(struct payload_loaded *l, uint64_t base, uint64_t off)
{
	if (l->n_damaged++ > 0)
		return;
	segment_name_put(l->damaged_file, base, SEGMENT_LOG);
	l->damaged_off = off;
}

/* --- records --- */

/* One that waits for the rest of its batch. */
struct waiting {
	uint64_t hash, position, number;
	bool born;
	struct payload_key key; /* a string's bytes are in keys, from key_at on */
	size_t key_at, key_len;
};

struct taking {
	struct payload_loaded *l;
	uint32_t slot;
	uint64_t expected; /* where the next frame begins, if nothing is damaged */
	uint64_t last_number;

	struct waiting *waiting;
	size_t n, cap;
	struct buf keys;
	uint64_t cut_off;    /* where the first of them, or the damage before it, begins */
	uint64_t batch_last; /* number of the last record of the newest batch */
	bool doubt;          /* records are missing before, or among, them: */
	uint64_t doubt_last; /* up to this number */

	struct buf room;
};

static void taking_done(struct taking *t)
{
	free(t->waiting);
	buf_done(&t->keys);
	buf_done(&t->room);
}

/* The position of the key's record in the index of what is not in the snapshot; 0: none. */
static int find_fresh(struct taking *t, const struct waiting *w, uint64_t *ret)
{
	struct payload_entry entries[VIEW_GROUP_MAX];
	size_t n = payload_index_range(t->l->view->fresh, w->hash, w->hash, entries, N_ELEMENTS(entries));

	*ret = 0;
	for (size_t i = 0; i < n && i < N_ELEMENTS(entries); i++) {
		struct payload_record rec;
		int r = payload_view_read(t->l->view, entries[i].position, &t->room, &rec);

		if (r == 0 && payload_record_key_equal(&rec.key, &w->key)) {
			*ret = entries[i].position;
			return 0;
		}
		if (r < 0 && r != -EBADMSG)
			return r;
	}
	return 0;
}

/* Whether what is known of the key is at least as new. */
static int is_known(struct taking *t, const struct waiting *w)
{
	struct payload_record rec;
	uint64_t position;
	int r = payload_view_find(t->l->view, &w->key, w->hash, &t->room, &rec, &position);

	if (r == -ENOENT || r == -EBADMSG)
		return 0;
	return r < 0 ? r : rec.head.number >= w->number;
}

static int take(struct taking *t, const struct waiting *w)
{
	struct payload_loaded *l = t->l;
	const struct payload_snapshot *snapshot = l->view->snapshot;
	uint64_t known = snapshot ? payload_snapshot_head(snapshot)->newest_number : 0, old;
	bool lives = !position_deleted(w->position), lived = snapshot && !w->born;
	int r = 0;

	if (w->number < l->next_number)
		r = is_known(t, w);
	if (r != 0)
		return r < 0 ? r : 0;
	r = find_fresh(t, w, &old);
	if (r == 0)
		r = payload_index_reserve_one(l->view->fresh, w->hash);
	if (r < 0)
		return r;
	if (old != 0)
		payload_index_replace(l->view->fresh, w->hash, old, w->position);
	else
		payload_index_add(l->view->fresh, w->hash, w->position);
	if (w->number >= l->next_number)
		l->next_number = w->number + 1;
	if (old != 0)
		lived = !position_deleted(old);
	if (w->number > known)
		l->n_keys += (uint64_t)lives - (uint64_t)lived;
	return 0;
}

static int take_waiting(struct taking *t)
{
	for (size_t i = 0; i < t->n; i++) {
		struct waiting *w = &t->waiting[i];
		int r;

		if (!w->key.is_number)
			w->key.string = span_of(t->keys.p + w->key_at, w->key_len);
		r = take(t, w);
		if (r < 0)
			return r;
	}
	t->n = 0;
	t->doubt = false;
	buf_clear(&t->keys);
	return 0;
}

static int wait_for_rest(struct taking *t, const struct payload_record *rec, uint64_t off)
{
	struct waiting w = {
	    .hash = payload_record_key_hash(&rec->key),
	    .position = position_of(t->slot, off, rec->head.deletes),
	    .number = rec->head.number,
	    .born = rec->head.born,
	    .key = rec->key,
	    .key_at = t->keys.len,
	    .key_len = span_left(&rec->key.string),
	};

	if (t->n == t->cap) {
		size_t cap = t->cap ? 2 * t->cap : 64;
		struct waiting *v = realloc(t->waiting, cap * sizeof *v);

		if (!v)
			return -ENOMEM;
		t->waiting = v;
		t->cap = cap;
	}
	buf_put(&t->keys, rec->key.string.p, w.key_len);
	if (t->keys.err < 0)
		return t->keys.err;
	t->waiting[t->n++] = w;
	return 0;
}

static int take_record(struct taking *t, const struct payload_record *rec, uint64_t off, uint64_t expected)
{
	uint64_t last = rec->head.number + rec->head.left;
	int r = 0;

	/* Were the batch before it whole, nothing of it would be waiting. */
	if (off > expected || (t->n > 0 && t->batch_last != last)) {
		t->doubt = true;
		t->doubt_last = rec->head.number - 1;
	}
	if (t->doubt && rec->head.number - rec->head.unsynced > t->doubt_last)
		r = take_waiting(t);
	if (t->n == 0)
		t->cut_off = expected;
	t->batch_last = last;
	if (r == 0)
		r = wait_for_rest(t, rec, off);
	if (r == 0 && rec->head.left == 0 && !t->doubt)
		r = take_waiting(t);
	return r;
}

static int take_frame(uint8_t type, uint64_t off, struct span payload, void *arg)
{
	struct taking *t = arg;
	struct payload_segment *s = t->l->view->segments[t->slot];
	uint64_t expected = t->expected, end = off + sizeof(struct disk_frame) + span_left(&payload);
	struct payload_record rec;

	t->expected = end;
	if (atomic_load(&s->len) < end)
		payload_segment_grown(s, end);
	if (type != FRAME_PUT && type != FRAME_DELETE)
		return 0;
	if (payload_record_get(type, payload, &rec) < 0 || rec.head.number < s->base ||
	    rec.head.number <= t->last_number) {
		damage(t->l, s->base, off);
		return 0;
	}
	t->last_number = rec.head.number;
	if (rec.head.time_ms > t->l->newest_ms)
		t->l->newest_ms = rec.head.time_ms;

	return take_record(t, &rec, off, expected);
}

/* --- segments --- */

/* Where the segment is known up to; its beginning, if it is not. */
static uint64_t known_up_to(const struct payload_view *v, uint32_t slot)
{
	const struct payload_segment *s = v->segments[slot];
	const struct payload_snapshot_head *h;

	if (!v->snapshot)
		return sizeof(struct disk_header);
	h = payload_snapshot_head(v->snapshot);
	for (uint32_t i = 0; i < h->n_segments; i++)
		if (h->segments[i].base == s->base && h->segments[i].file_id == s->file_id)
			return h->segments[i].covered;
	return sizeof(struct disk_header);
}

static void note_damage(struct payload_loaded *l, uint64_t base, const struct log_recovery *found)
{
	for (uint64_t i = 0; i < found->n_damaged; i++)
		damage(l, base, found->damaged_off);
}

/* Goes through a segment that is only read, from an offset on. */
static int read_segment(const struct payload_load_how *how, struct taking *t, uint64_t from)
{
	_cleanup_(cleanup_log_reader) struct log_reader *lr = NULL;
	struct payload_segment *s = t->l->view->segments[t->slot];
	char name[SEGMENT_NAME_SIZE];
	struct log_recovery found;
	struct span payload;
	uint64_t off;
	uint8_t type;
	int r;

	segment_name_put(name, s->base, SEGMENT_LOG);
	r = log_reader_open(how->dirfd, name, KIND_PAYLOADS, &lr);
	if (r == -ENOENT || r == -ENODATA || (r == 0 && log_reader_id(lr)->id != s->file_id))
		return -ESTALE;
	if (r < 0)
		return r;
	t->expected = from;
	log_reader_seek(lr, from);
	while ((r = log_reader_next(lr, &type, &off, &payload)) == 0) {
		r = take_frame(type, off, payload, t);
		if (r < 0)
			return r;
	}
	log_reader_damage(lr, &found);
	note_damage(t->l, s->base, &found);
	return r == -ENODATA ? 0 : r;
}

/* The same of the one that will be appended to. */
static int recover_segment(const struct payload_load_how *how, struct taking *t, uint64_t from)
{
	struct payload_loaded *l = t->l;
	struct payload_segment *s = l->view->segments[t->slot];
	struct log_recovery found = {0};
	char name[SEGMENT_NAME_SIZE];
	int r;

	segment_name_put(name, s->base, SEGMENT_LOG);
	t->expected = from;
	r = log_open_from(how->dirfd, name, KIND_PAYLOADS, how->sync, from, from, take_frame, t, &found, &l->log);
	if (r < 0)
		return r;
	note_damage(l, s->base, &found);
	if (t->n > 0)
		r = log_cut(l->log, t->cut_off);
	if (found.n_torn > 0 || t->n > 0)
		say(how, s->base, SEGMENT_LOG, "a torn end was cut off");
	if (r == 0)
		payload_segment_grown(s, log_len(l->log));
	return r;
}

/* A segment that has records of those behind it was joined from them: they are what is left over. */
static int remove_joined(const struct payload_load_how *how, const struct payload_view *v, uint32_t slot, uint64_t last)
{
	char name[SEGMENT_NAME_SIZE];
	bool any = false;
	int r = 0;

	for (uint32_t i = slot + 1; r == 0 && i < v->n_segments && v->segments[i]->base <= last; i++) {
		segment_name_put(name, v->segments[i]->base, SEGMENT_LOG);
		r = io_unlink(how->dirfd, name);
		any = true;
	}
	if (r == 0 && any)
		r = io_sync_dir(how->dirfd);
	return r == 0 && any ? -ESTALE : r;
}

/* What is in it, up to where a whole batch ends: *l->scanned. */
static int take_segment(const struct payload_load_how *how, struct payload_loaded *l, uint32_t slot, uint64_t from)
{
	_cleanup_(taking_done) struct taking t = {.l = l, .slot = slot};
	bool newest = slot == l->view->n_segments - 1;
	int r;

	if (!newest && from == atomic_load(&l->view->segments[slot]->len))
		return 0;
	r = how->writes && newest ? recover_segment(how, &t, from) : read_segment(how, &t, from);
	/* What was ended was durable. */
	if (r == 0 && !newest)
		r = take_waiting(&t);
	if (r < 0)
		return r;
	if (how->writes && !newest) {
		r = remove_joined(how, l->view, slot, t.last_number);
		if (r < 0)
			return r;
	}
	l->scanned = t.n > 0 ? t.cut_off : t.expected;
	l->behind += l->scanned - from;
	return 0;
}

int payload_load_more(const struct payload_load_how *how, struct payload_loaded *l)
{
	uint64_t before = l->scanned, next = l->next_number;
	int r;

	if (l->view->n_segments == 0)
		return 0;
	r = take_segment(how, l, l->view->n_segments - 1, before);
	return r < 0 ? r : l->next_number != next;
}

/* --- files --- */

struct names {
	uint64_t *bases;
	size_t n, cap;
	uint64_t *damaged; /* bases of segments that are put aside */
	size_t n_damaged;
	const struct payload_load_how *how;
	struct buf unfinished; /* names, each with its zero */
};

static int add_base(uint64_t **v, size_t *n, uint64_t base)
{
	uint64_t *more = realloc(*v, (*n + 1) * sizeof **v);

	if (!more)
		return -ENOMEM;
	*v = more;
	more[(*n)++] = base;
	return 0;
}

static int note_name(const char *name, void *arg)
{
	struct names *l = arg;
	enum segment_file type;
	uint64_t base;

	if (!segment_name_parse(name, &base, &type))
		return 0;
	if (type == SEGMENT_LOG)
		return add_base(&l->bases, &l->n, base);
	if (type == SEGMENT_DAMAGED)
		return add_base(&l->damaged, &l->n_damaged, base);
	buf_put(&l->unfinished, name, strlen(name) + 1);
	return l->unfinished.err;
}

static void names_done(struct names *l)
{
	free(l->bases);
	free(l->damaged);
	buf_done(&l->unfinished);
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void next_at_least(struct payload_loaded *l, uint64_t number)
{
	if (l->next_number < number)
		l->next_number = number;
}

/* More records than this a file does not hold. */
static int step_over_damaged(const struct payload_load_how *how, struct payload_loaded *l, uint64_t base)
{
	char name[SEGMENT_NAME_SIZE];
	struct io_stat st;
	int r;

	segment_name_put(name, base, SEGMENT_DAMAGED);
	r = io_stat(how->dirfd, name, &st);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	damage(l, base, 0);
	next_at_least(l, base + st.len / sizeof(struct disk_payload) + PAYLOADS_UNSYNCED_MAX);
	return 0;
}

/* A file that cannot be used: its creation did not finish (then it has no records), or its header is damaged. */
static int leave_out(const struct payload_load_how *how, struct payload_loaded *l, uint64_t base, int why)
{
	char name[SEGMENT_NAME_SIZE], to[SEGMENT_NAME_SIZE];
	int r;

	next_at_least(l, base);
	segment_name_put(name, base, SEGMENT_LOG);
	if (why == -ENODATA) {
		r = how->writes ? io_unlink(how->dirfd, name) : 0;
		return r == -ENOENT ? 0 : r;
	}
	if (!how->writes) {
		damage(l, base, 0);
		return 0;
	}
	say(how, base, SEGMENT_LOG, "the header is damaged; the file is put aside");
	segment_name_put(to, base, SEGMENT_DAMAGED);
	r = io_rename(how->dirfd, name, to);
	if (r == 0)
		r = io_sync_dir(how->dirfd);
	return r < 0 ? r : step_over_damaged(how, l, base);
}

static int open_segments(const struct payload_load_how *how, struct payload_loaded *l, const struct names *names)
{
	int r = payload_view_new(NULL, (uint32_t)names->n, &l->view);

	if (r == 0)
		r = payload_index_new(how->epoch, &l->view->fresh);
	for (size_t i = 0; r == 0 && i < names->n_damaged; i++)
		r = step_over_damaged(how, l, names->damaged[i]);
	for (size_t i = 0; r == 0 && i < names->n; i++) {
		struct payload_view *v = l->view;

		r = payload_segment_open(how->dirfd, names->bases[i], how->map_len, &v->segments[v->n_segments]);
		if (r == 0)
			v->n_segments++;
		else if (r == -ENODATA || r == -EBADMSG)
			r = leave_out(how, l, names->bases[i], r);
	}
	return r == -ENOENT ? -ESTALE : r;
}

static int remove_unfinished(const struct payload_load_how *how, const struct names *names)
{
	const char *p = (const char *)names->unfinished.p, *end = p + names->unfinished.len;
	int r = 0;

	for (; r >= 0 && p && p < end; p += strlen(p) + 1)
		r = io_unlink(how->dirfd, p);
	return r == -ENOENT ? 0 : r;
}

/* --- the snapshot --- */

static uint32_t slot_of(const struct payload_view *v, uint64_t base)
{
	for (uint32_t i = 0; i < v->n_segments; i++)
		if (v->segments[i]->base == base)
			return i;
	return SLOT_NONE;
}

/* Ties a snapshot to the segments. Ret: whether it can be used. */
static bool bind(const struct payload_view *v, struct payload_snapshot *s)
{
	const struct payload_snapshot_head *h = payload_snapshot_head(s);
	bool replaced = false;

	for (uint32_t i = 0; i < h->n_segments; i++) {
		const struct payload_covered *c = &h->segments[i];
		uint32_t slot = slot_of(v, c->base);

		/* A segment that was joined to one before it is in that one. */
		if (slot == SLOT_NONE) {
			if (!replaced)
				return false;
			continue;
		}
		replaced = v->segments[slot]->file_id != c->file_id;
		if (replaced)
			continue;
		if (c->covered > atomic_load(&v->segments[slot]->len) || c->covered < sizeof(struct disk_header))
			return false;
		payload_snapshot_bind(s, i, slot);
	}
	return true;
}

static int open_snapshot(const struct payload_load_how *how, struct payload_loaded *l)
{
	_cleanup_(cleanup_payload_snapshot) struct payload_snapshot *s = NULL;
	struct io_stat st;
	int r = io_stat(how->dirfd, PAYLOAD_SNAPSHOT_FILE, &st);

	if (r == 0)
		l->snapshot_ino = st.ino;
	if (r == 0 && !how->no_snapshot)
		r = payload_snapshot_open(how->dirfd, how->store_id, &s);
	if (r == -ENOENT || (r == 0 && !s))
		return 0;
	if ((r == 0 && !bind(l->view, s)) || r == -EBADMSG || r == -EPROTONOSUPPORT) {
		if (how->say)
			how->say(how->arg,
			    "payloads/" PAYLOAD_SNAPSHOT_FILE ": is damaged, or not of this log; the log is read");
		return 0;
	}
	if (r < 0)
		return r;
	l->n_keys = payload_snapshot_head(s)->n_live;
	l->newest_ms = payload_snapshot_head(s)->newest_ms;
	next_at_least(l, payload_snapshot_head(s)->newest_number + 1);
	l->view->snapshot = TAKE(s);
	return 0;
}

/* --- the whole --- */

void payload_load_done(struct payload_loaded *l)
{
	log_close(TAKE(l->log));
	if (!l->view)
		return;
	for (uint32_t i = 0; i < l->view->n_segments; i++)
		payload_segment_free(l->view->segments[i]);
	payload_index_free(l->view->fresh);
	payload_index_free(l->view->frozen);
	payload_snapshot_free(l->view->snapshot);
	free(TAKE(l->view));
}

/* Where the newest segment is of another boot, records may have been seen that power took away: their numbers are not
 * given again, and another segment says from where on. */
static void go_on(const struct payload_load_how *how, struct payload_loaded *l, uint32_t boot)
{
	if (!l->log || boot == how->boot)
		return;
	log_close(TAKE(l->log));
	l->next_number += PAYLOADS_UNSYNCED_MAX;
}

static int load(const struct payload_load_how *how, struct payload_loaded *l, struct names *names)
{
	int r = open_segments(how, l, names);

	if (r == 0)
		r = open_snapshot(how, l);
	for (uint32_t i = 0; r == 0 && i < l->view->n_segments; i++)
		r = take_segment(how, l, i, known_up_to(l->view, i));
	if (r == 0 && l->view->n_segments > 0)
		next_at_least(l, l->view->segments[l->view->n_segments - 1]->base);
	if (r == 0 && l->log)
		go_on(how, l, (uint32_t)log_id(l->log)->hour);
	return r;
}

static int attempt(const struct payload_load_how *how, struct payload_loaded *ret)
{
	_cleanup_(names_done) struct names names = {.how = how};
	struct payload_loaded l = {.next_number = 1, .newest_ms = INT64_MIN};
	struct io_stat st;
	int r = io_fstat(how->dirfd, &st);

	if (r == 0)
		r = io_list(how->dirfd, note_name, &names);
	if (r < 0)
		return r;
	l.dir_mtime_ns = (uint64_t)st.mtime_ns;
	if (names.n > 0)
		qsort(names.bases, names.n, sizeof *names.bases, ascending);
	if (how->writes)
		r = remove_unfinished(how, &names);
	if (r == 0)
		r = load(how, &l, &names);
	if (r < 0) {
		payload_load_done(&l);
		return r;
	}
	*ret = l;
	return 0;
}

int payload_load(const struct payload_load_how *how, struct payload_loaded *ret)
{
	struct payload_load_how again = *how;
	int r = attempt(how, ret);

	/* The snapshot says more, or other things, than the log: it was damaged where it was not looked at, or the log.
	 */
	if (r == -ERANGE) {
		again.no_snapshot = true;
		r = attempt(&again, ret);
	}
	/* A writer was at work meanwhile. */
	for (int i = 0; r == -ESTALE && i < 10; i++)
		r = attempt(&again, ret);
	return r == -ESTALE ? -EIO : r;
}
