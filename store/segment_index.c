/* segment_index.c -- see segment_index.h
 *
 * WRITING. Entries are put into the payload of the next frame as batches are noted. When it is full, or is written, the
 * sums so far become its head: a frame speaks of whole batches, and of all of them up to a place.
 *
 * READING. Both files must be whole, of this segment, and speak of the same length of it, which the segment must have;
 * else both are given up. An index that speaks of more than there is would be right again when the segment has grown,
 * with other batches in it: it is removed for good before anything is appended.
 */
#include "store/segment_index.h"

#include "store/io.h"
#include "store/segment_name.h"

enum {
	ENTRIES_MAX = 1024,    /* in a frame */
	WRITE_BYTES = 1 << 20, /* of the segment, after which what was noted is written */
};
static_assert(sizeof(struct disk_offset_entry) == sizeof(struct disk_time_entry), "both files have one size of entry");

enum { ENTRY = sizeof(struct disk_offset_entry), HEAD = sizeof(struct disk_index_head) };

void segment_index_init(
    struct segment_index *x, uint64_t store_id, uint64_t base, uint64_t segment_id, uint64_t interval)
{
	*x = (struct segment_index){
	    .base = base,
	    .segment_id = segment_id,
	    .interval = interval,
	    .store_id = store_id,
	    .sums = {.len = sizeof(struct disk_header), .next_offset = base, .max_ms = INT64_MIN},
	    .last_ms = INT64_MIN,
	};
}

void segment_index_done(struct segment_index *x)
{
	struct index_file *files[] = {&x->offsets, &x->times};

	for (size_t i = 0; i < N_ELEMENTS(files); i++) {
		log_close(files[i]->log);
		buf_done(&files[i]->pending);
	}
}

void segment_index_park(struct segment_index *x)
{
	if (x->offsets.log)
		log_park(x->offsets.log);
	if (x->times.log)
		log_park(x->times.log);
}

static int remove_file(int dirfd, uint64_t base, enum segment_file type)
{
	char name[SEGMENT_NAME_SIZE];
	int r;

	segment_name_put(name, base, type);
	r = io_unlink(dirfd, name);
	return r == -ENOENT ? 0 : r;
}

int segment_index_remove(int dirfd, uint64_t base)
{
	int r = remove_file(dirfd, base, SEGMENT_INDEX);

	return r < 0 ? r : remove_file(dirfd, base, SEGMENT_TIMES);
}

/* --- writing --- */

/* The sums so far become the head of the frame that is being filled, which is complete. */
static void finish_frame(struct segment_index *x, struct index_file *f, bool closed)
{
	struct disk_index_head h = {
	    .segment_id = put_le64(x->segment_id),
	    .covered = put_le64(x->sums.len),
	    .next_offset = put_le64(x->sums.next_offset),
	    .max_ms = put_le64((uint64_t)x->sums.max_ms),
	    .text_len = put_le64(x->sums.text_len),
	    .closed = closed,
	};

	memcpy(f->pending.p + f->open_at, &h, sizeof h);
	f->open_at = f->pending.len;
}

int segment_index_reserve(struct segment_index *x)
{
	struct index_file *files[] = {&x->offsets, &x->times};
	int r = 0;

	for (size_t i = 0; r == 0 && i < N_ELEMENTS(files); i++) {
		r = buf_reserve(&files[i]->pending, HEAD + ENTRY);
		if (r < 0)
			files[i]->pending.err = 0;
	}
	return r;
}

/* Sees to a frame that has room for an entry. */
static void begin_entry(struct segment_index *x, struct index_file *f)
{
	if (f->pending.len - f->open_at == HEAD + ENTRIES_MAX * ENTRY)
		finish_frame(x, f, false);
	if (f->pending.len == f->open_at) {
		memset(f->pending.p + f->open_at, 0, HEAD);
		f->pending.len += HEAD;
	}
}

static void put_entries(struct segment_index *x, const struct batch_head *h, uint64_t pos, int64_t max_ms)
{
	struct disk_offset_entry offset = {
	    .delta = put_le32((uint32_t)(h->first_offset - x->base)),
	    .pos = put_le32((uint32_t)pos),
	    .text = put_le64(x->sums.text_len),
	};
	struct disk_time_entry time = {.max_ms = put_le64((uint64_t)max_ms), .delta = offset.delta};

	buf_put(&x->offsets.pending, &offset, sizeof offset);
	if (max_ms > x->last_ms) {
		buf_put(&x->times.pending, &time, sizeof time);
		x->last_ms = max_ms;
	}
	x->any_entry = true;
	x->last_pos = pos;
}

void segment_index_note(struct segment_index *x, const struct batch_head *h, uint64_t pos, uint64_t end)
{
	int64_t max_ms = h->max_ms > x->sums.max_ms ? h->max_ms : x->sums.max_ms;

	if (pos < x->sums.len)
		return;
	if (!x->any_entry || pos - x->last_pos >= x->interval) {
		begin_entry(x, &x->offsets);
		begin_entry(x, &x->times);
		put_entries(x, h, pos, max_ms);
	}
	x->sums.len = end;
	x->sums.next_offset = h->last_offset + 1;
	x->sums.max_ms = max_ms;
	x->sums.text_len += h->text_len;
}

bool segment_index_due(const struct segment_index *x)
{
	return x->sums.len - x->offsets.written >= WRITE_BYTES;
}

/* The file, open; made if it is not there. */
static int open_file(struct segment_index *x, struct index_file *f, int dirfd)
{
	bool offsets = f == &x->offsets;
	struct file_id id = {.kind = KIND_INDEX, .store_id = x->store_id, .first_seq = x->base};
	char name[SEGMENT_NAME_SIZE];
	int r;

	segment_name_put(name, x->base, offsets ? SEGMENT_INDEX : SEGMENT_TIMES);
	if (f->log)
		return log_unpark(f->log, dirfd, name);
	if (!offsets)
		memcpy(id.kind, KIND_TIME_INDEX, sizeof id.kind);
	r = io_unlink(dirfd, name);
	if (r < 0 && r != -ENOENT)
		return r;
	return log_create_derived(dirfd, name, &id, &f->log);
}

static int write_file(struct segment_index *x, struct index_file *f, int dirfd, bool closed)
{
	enum frame_type type = f == &x->offsets ? FRAME_OFFSETS : FRAME_TIMES;
	size_t full = HEAD + ENTRIES_MAX * ENTRY, done = 0;
	int r = open_file(x, f, dirfd);

	if (r == 0 && f->pending.len == f->open_at)
		r = buf_reserve(&f->pending, HEAD);
	if (r < 0) {
		f->pending.err = 0;
		return r;
	}
	if (f->pending.len == f->open_at)
		f->pending.len += HEAD;
	finish_frame(x, f, closed);
	while (r == 0 && done < f->pending.len) {
		size_t len = f->pending.len - done < full ? f->pending.len - done : full;
		struct span s = span_of(f->pending.p + done, len);

		r = log_append(f->log, type, &s, 1, NULL);
		if (r == 0)
			done += len;
	}
	/* What is not written is kept; the last of it is filled on, and gets another head. */
	memmove(f->pending.p, f->pending.p + done, f->pending.len - done);
	f->pending.len -= done;
	f->open_at = r < 0 ? (f->pending.len - 1) / full * full : 0;
	if (r == 0)
		f->written = x->sums.len;
	return r;
}

int segment_index_write(struct segment_index *x, int dirfd, bool closed)
{
	int r = 0;

	if (x->closed != closed || x->offsets.written != x->sums.len)
		r = write_file(x, &x->offsets, dirfd, closed);
	if (r < 0)
		return r;
	x->closed = closed;
	return x->times.written != x->sums.len || closed ? write_file(x, &x->times, dirfd, closed) : 0;
}

static int mark(struct segment_index *x, int dirfd, bool closed)
{
	int r = segment_index_write(x, dirfd, closed);

	if (r < 0)
		return r;
	log_set_mode(x->offsets.log, SYNC_FDATASYNC);
	r = log_sync(x->offsets.log);
	log_set_mode(x->offsets.log, SYNC_NONE);
	if (r == 0 && closed)
		r = io_sync_dir(dirfd); /* the file may be new */
	return r;
}

int segment_index_mark(struct segment_index *x, int dirfd, bool closed)
{
	int r;

	if (x->closed == closed && x->offsets.written == x->sums.len)
		return 0;
	r = mark(x, dirfd, closed);
	/* What may not be on the disk does not count: for all that is known it says closed there. */
	if (r < 0 && !closed)
		x->closed = true;
	return r;
}

/* --- reading --- */

/* What the frames of a file come to. */
struct loaded {
	const struct segment_index *x;
	enum frame_type type;
	bool any;
	struct disk_index_head head;
	struct disk_offset_entry last; /* of either kind */
	bool any_entry;
};

static int load_frame(uint8_t type, uint64_t off, struct span s, void *arg)
{
	struct loaded *l = arg;
	const struct disk_index_head *head = span_take(&s, HEAD);

	(void)off;
	if (type != l->type)
		return 0;
	if (!head || span_left(&s) % ENTRY != 0 || get_le64(head->segment_id) != l->x->segment_id ||
	    get_le64(head->covered) < get_le64(l->head.covered))
		return -EBADMSG;
	l->head = *head;
	l->any = true;
	if (span_left(&s) > 0) {
		memcpy(&l->last, s.end - ENTRY, ENTRY);
		l->any_entry = true;
	}
	return 0;
}

/* -EBADMSG: of no use. */
static int load_file(struct segment_index *x, struct index_file *f, int dirfd, struct loaded *l)
{
	bool offsets = f == &x->offsets;
	char name[SEGMENT_NAME_SIZE];
	struct log_recovery found;
	int r;

	*l = (struct loaded){.x = x, .type = offsets ? FRAME_OFFSETS : FRAME_TIMES};
	segment_name_put(name, x->base, offsets ? SEGMENT_INDEX : SEGMENT_TIMES);
	r = log_open(dirfd, name, offsets ? KIND_INDEX : KIND_TIME_INDEX, SYNC_NONE, load_frame, l, &found, &f->log);
	if (r == 0 && (found.n_damaged > 0 || !l->any))
		r = -EBADMSG;
	return r == -ENOENT || r == -ENODATA || r == -EPROTONOSUPPORT ? -EBADMSG : r;
}

/* Whether what the files say fits together, and with the segment. */
static bool fit(const struct loaded *o, const struct loaded *t, uint64_t segment_len)
{
	uint64_t covered = get_le64(o->head.covered), next = get_le64(o->head.next_offset);

	if (memcmp(&o->head, &t->head, offsetof(struct disk_index_head, closed)) != 0 ||
	    (t->any_entry && !o->any_entry))
		return false;
	if (covered < sizeof(struct disk_header) || covered > segment_len || next < o->x->base || next >= OFFSET_MAX)
		return false;
	return o->any_entry ? get_le32(o->last.pos) < covered : covered == sizeof(struct disk_header);
}

int segment_index_reset(struct segment_index *x, int dirfd)
{
	uint64_t floor = x->floor;
	int r;

	segment_index_done(x);
	segment_index_init(x, x->store_id, x->base, x->segment_id, x->interval);
	x->floor = floor;
	r = segment_index_remove(dirfd, x->base);
	return r < 0 ? r : io_sync_dir(dirfd);
}

int segment_index_load(struct segment_index *x, int dirfd, uint64_t segment_len)
{
	struct loaded o, t;
	int r = load_file(x, &x->offsets, dirfd, &o);

	if (r == 0)
		r = load_file(x, &x->times, dirfd, &t);
	if (r < 0 && r != -EBADMSG)
		return r;
	if (o.any && get_le64(o.head.next_offset) < OFFSET_MAX)
		x->floor = get_le64(o.head.next_offset);
	if (r < 0 || !fit(&o, &t, segment_len))
		return segment_index_reset(x, dirfd);
	x->sums = (struct segment_sums){
	    .len = get_le64(o.head.covered),
	    .next_offset = get_le64(o.head.next_offset),
	    .max_ms = (int64_t)get_le64(o.head.max_ms),
	    .text_len = get_le64(o.head.text_len),
	};
	x->offsets.written = x->times.written = x->sums.len;
	x->any_entry = o.any_entry;
	x->last_pos = get_le32(o.last.pos);
	if (t.any_entry) {
		struct disk_time_entry e;

		memcpy(&e, &t.last, sizeof e);
		x->last_ms = (int64_t)get_le64(e.max_ms);
	}
	x->closed = o.head.closed == 1 && x->sums.len == segment_len;
	return 1;
}

uint64_t segment_index_from(const struct segment_index *x)
{
	return x->any_entry ? x->last_pos : sizeof(struct disk_header);
}
