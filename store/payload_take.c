/* payload_take.c -- see payload_take.h
 *
 * BATCHES. Records of a batch count when all of them are there. One of which some are not was torn when the power went,
 * or it was durable and has been damaged since. Two things tell: the mark (payload_mark.h) and what follows, as each
 * record says how many before it were not durable when it was written. If either says that the batch was durable, the
 * rest of it counts; if none does, nobody was ever told that it, or anything behind it, is: that is passed over, and
 * cut by who writes.
 *
 * CUTTING. Where only a process ended, all that it wrote is there, and so is its last mark: nothing that was durable is
 * cut. Where the machine stopped, the mark may be older, and damage to what was synced last can look like a torn end:
 * there the bytes are copied first.
 *
 * ORDER. Segments are gone through in the order of their numbers, so what comes later is newer, but for records that
 * are there twice, because joining was interrupted, and segments that were read again: these are looked at.
 */
#include "store/payload_take.h"

#include "store/io.h"
#include "store/segment_name.h"

enum { COPY_BYTES = 1 << 20 };

void payload_take_say(const struct payload_load_how *how, uint64_t base, enum segment_file type, const char *what)
{
	char name[SEGMENT_NAME_SIZE], line[160];

	if (!how->say)
		return;
	segment_name_put(name, base, type);
	snprintf(line, sizeof line, "payloads/%s: %s", name, what);
	how->say(how->arg, line);
}

void payload_take_damage(struct payload_loaded *l, uint64_t base, uint64_t off)
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
	uint64_t durable;    /* records up to that number were */
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
	uint64_t last = rec->head.number + rec->head.left, durable = rec->head.number - rec->head.unsynced - 1;
	int r = 0;

	/* Were the batch before it whole, nothing of it would be waiting. */
	if (off > expected || (t->n > 0 && t->batch_last != last)) {
		t->doubt = true;
		t->doubt_last = rec->head.number - 1;
	}
	if (t->durable < durable)
		t->durable = durable;
	if (t->doubt && t->durable >= t->doubt_last)
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
		payload_take_damage(t->l, s->base, off);
		return 0;
	}
	t->last_number = rec.head.number;
	if (rec.head.time_ms > t->l->newest_ms)
		t->l->newest_ms = rec.head.time_ms;

	return take_record(t, &rec, off, expected);
}

/* --- segments --- */

/* How a segment ends. */
struct end {
	uint64_t scanned;  /* what is behind does not count, or not yet */
	uint64_t file_len; /* at the last look */
	uint32_t boot;     /* of the segment */
};

static void note_damage(struct payload_loaded *l, uint64_t base, const struct log_recovery *found)
{
	for (uint64_t i = 0; i < found->n_damaged; i++)
		payload_take_damage(l, base, found->damaged_off);
}

/* Goes through a segment from an offset on. -ERANGE, of one that will be written: no frame begins there. */
static int read_segment(const struct payload_load_how *how, struct taking *t, uint64_t from, struct end *ret)
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
	if (r != -ENODATA)
		return r;
	log_reader_damage(lr, &found);
	if (how->writes && from > sizeof(struct disk_header) && found.n_damaged > 0 && found.damaged_off == from)
		return -ERANGE;
	note_damage(t->l, s->base, &found);
	*ret = (struct end){.file_len = found.len, .boot = (uint32_t)log_reader_id(lr)->hour};
	return 0;
}

/* Where what counts of the newest segment ends. Of a batch that is not whole, that is what was durable. */
static int find_end(struct taking *t, struct end *end)
{
	struct payload_loaded *l = t->l;
	const struct payload_segment *s = l->view->segments[t->slot];
	uint64_t durable_len = l->mark.file_id == s->file_id ? l->mark.len : 0;
	size_t n = 0;

	end->scanned = t->n > 0 ? t->cut_off : t->expected;
	if (end->scanned >= durable_len)
		return 0;
	if (t->expected < durable_len)
		payload_take_damage(l, s->base, t->expected);
	end->scanned = durable_len < end->file_len ? durable_len : end->file_len;
	while (n < t->n && t->waiting[n].number <= t->durable)
		n++;
	t->n = n;
	return take_waiting(t);
}

static int copy_range(int from, int to, uint64_t off, uint64_t end)
{
	_cleanup_(cleanup_free) uint8_t *room = malloc(COPY_BYTES);
	uint64_t written = 0;

	if (!room)
		return -ENOMEM;
	while (off < end) {
		ssize_t n = io_pread(from, room, end - off < COPY_BYTES ? (size_t)(end - off) : COPY_BYTES, off);
		int r = n > 0 ? io_pwrite(to, room, (size_t)n, written) : (int)n;

		if (r < 0 || n == 0)
			return r;
		off += (uint64_t)n;
		written += (uint64_t)n;
	}
	return 0;
}

/* Copies a file's end into another that is not there. */
static int copy_end(const struct payload_load_how *how, const char *name, const char *torn, uint64_t off, uint64_t end)
{
	_cleanup_(cleanup_io_close) int from = -1, to = -1;
	int r;

	from = io_open_read(how->dirfd, name);
	if (from < 0)
		return from;
	to = io_create(how->dirfd, torn);
	if (to < 0)
		return to;
	r = copy_range(from, to, off, end);
	return r < 0 ? r : io_sync(to, false);
}

/* Copies what will be cut off. A copy that is there was not finished, as nothing was cut. A full disk is not made
 * fuller by one that cannot be finished: others write to it, too. */
static int keep_aside(const struct payload_load_how *how, uint64_t base, uint64_t off, uint64_t end)
{
	char name[SEGMENT_NAME_SIZE], torn[SEGMENT_NAME_SIZE];
	uint64_t room, size;
	int r;

	segment_name_put(name, base, SEGMENT_LOG);
	segment_name_put(torn, base, SEGMENT_TORN);
	r = io_unlink(how->dirfd, torn);
	if (r < 0 && r != -ENOENT)
		return r;
	r = io_space(how->dirfd, &room, &size);
	if (r == 0 && size > 0 && room < end - off)
		r = -ENOSPC;
	if (r == 0)
		r = copy_end(how, name, torn, off, end);
	if (r < 0) {
		(void)io_unlink(how->dirfd, torn);
		return r;
	}
	return io_sync_dir(how->dirfd);
}

/* Opens the newest segment to append to it. */
static int continue_segment(const struct payload_load_how *how, struct taking *t, const struct end *end)
{
	struct payload_segment *s = t->l->view->segments[t->slot];
	char name[SEGMENT_NAME_SIZE];
	int r = 0;

	if (end->scanned < end->file_len) {
		bool copied = end->boot != how->boot;

		if (copied)
			r = keep_aside(how, s->base, end->scanned, end->file_len);
		if (r < 0)
			return r;
		payload_take_say(how, s->base, SEGMENT_LOG,
		    copied ? "a torn end was cut off; it is in the file of that name with .torn"
		           : "a torn end was cut off");
	}
	segment_name_put(name, s->base, SEGMENT_LOG);
	r = log_open_at(how->dirfd, name, KIND_PAYLOADS, how->sync, end->scanned, &t->l->log);
	if (r == 0)
		payload_segment_grown(s, log_len(t->l->log));
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

int payload_take_segment(const struct payload_load_how *how, struct payload_loaded *l, uint32_t slot, uint64_t from)
{
	_cleanup_(taking_done) struct taking t = {.l = l, .slot = slot, .durable = l->mark.number};
	bool newest = slot == l->view->n_segments - 1;
	struct end end = {0};
	int r;

	if (!newest && from == atomic_load(&l->view->segments[slot]->len))
		return 0;
	r = read_segment(how, &t, from, &end);
	if (r < 0)
		return r;
	if (newest) {
		r = find_end(&t, &end);
		if (r == 0 && how->writes)
			r = continue_segment(how, &t, &end);
	} else {
		/* What was ended was durable, all of it. */
		if (t.expected < end.file_len)
			payload_take_damage(l, l->view->segments[slot]->base, t.expected);
		end.scanned = end.file_len;
		r = take_waiting(&t);
		if (r == 0 && how->writes)
			r = remove_joined(how, l->view, slot, t.last_number);
	}
	if (r < 0)
		return r;
	l->scanned = end.scanned;
	l->behind += l->scanned - from;
	return 0;
}
