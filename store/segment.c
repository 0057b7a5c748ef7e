/* segment.c -- see segment.h
 *
 * RECOVERY. The index says up to where the segment is known, and where the last batch begins that it has an entry for.
 * From there on all frames are gone through: what the index does not have is noted, and the last batch tells the boot
 * in which it was written. If no frame begins there, the index is not this file's, whatever it says: it is given up.
 */
#include "store/segment.h"

#include "store/io.h"

struct segment {
	struct log *log;
	uint64_t base;
	enum sync_mode mode;
	struct segment_index index;
};

uint64_t segment_base(const struct segment *s)
{
	return s->base;
}

uint64_t segment_len(const struct segment *s)
{
	return log_len(s->log);
}

bool segment_empty(const struct segment *s)
{
	return log_len(s->log) == sizeof(struct disk_header);
}

bool segment_synced(const struct segment *s)
{
	return log_synced(s->log);
}

bool segment_finished(const struct segment *s)
{
	return log_synced(s->log) && s->index.closed && s->index.offsets.written == log_len(s->log);
}

const struct segment_sums *segment_sums(const struct segment *s)
{
	return &s->index.sums;
}

void segment_close(struct segment *s)
{
	if (!s)
		return;
	log_close(s->log);
	segment_index_done(&s->index);
	free(s);
}

static struct file_id id_of(const struct segment_owner *owner, uint64_t base)
{
	return (struct file_id){
	    .kind = KIND_SEGMENT,
	    .store_id = owner->store_id,
	    .hour = (int32_t)owner->number,
	    .part = owner->partition,
	    .first_seq = base,
	};
}

int segment_create(int dirfd, const struct segment_owner *owner, uint64_t base, enum segment_file type,
    enum sync_mode mode, uint64_t interval, struct segment **ret)
{
	_cleanup_(cleanup_segment) struct segment *s = calloc(1, sizeof *s);
	struct file_id id = id_of(owner, base);
	char name[SEGMENT_NAME_SIZE];
	int r;

	if (!s)
		return -ENOMEM;
	s->base = base;
	segment_name_put(name, base, type);
	r = log_create(dirfd, name, &id, mode, &s->log);
	if (r < 0)
		return r;
	s->mode = mode;
	segment_index_init(&s->index, owner->store_id, base, id.id, interval);
	*ret = TAKE(s);
	return 0;
}

/* --- recovery --- */

struct recovery {
	struct segment *s;
	struct segment_found *found;
	uint64_t file_id;
	uint64_t next_offset; /* of what was gone through */
};

static int recover_frame(uint8_t type, uint64_t off, struct span payload, void *arg)
{
	struct recovery *v = arg;
	size_t len = span_left(&payload);
	const struct disk_batch *d = (const struct disk_batch *)payload.p;
	struct batch_head h;
	int r;

	if (type != FRAME_BATCH)
		return 0;
	if (len < sizeof *d || batch_head_get(d, (uint32_t)len, &h) < 0 || !batch_head_valid(d, v->file_id, off) ||
	    h.first_offset < v->next_offset || h.last_offset - v->s->base > UINT32_MAX) {
		v->found->n_damaged++;
		return 0;
	}
	r = segment_index_reserve(&v->s->index);
	if (r < 0)
		return r;
	segment_index_note(&v->s->index, &h, off, off + sizeof(struct disk_frame) + len);
	v->next_offset = h.last_offset + 1;
	v->found->any = true;
	v->found->boot = h.boot;
	return 0;
}

/* Goes through the frames from where the index says, and takes what is there up to keep for more than a torn tail. */
static int recover(struct segment *s, int dirfd, enum sync_mode mode, uint64_t keep, struct segment_found *f)
{
	struct recovery v = {.s = s, .found = f, .file_id = s->index.segment_id, .next_offset = s->base};
	struct log_recovery rec = {0};
	char name[SEGMENT_NAME_SIZE];
	int r;

	segment_name_put(name, s->base, SEGMENT_LOG);
	r = log_open_from(
	    dirfd, name, KIND_SEGMENT, mode, segment_index_from(&s->index), keep, recover_frame, &v, &rec, &s->log);
	f->n_damaged += rec.n_damaged;
	f->n_torn = rec.n_torn;
	f->next_offset = s->index.floor > s->index.sums.next_offset ? s->index.floor : s->index.sums.next_offset;
	return r;
}

/* All frames, because the index does not lead to one. */
static int recover_anew(struct segment *s, int dirfd, enum sync_mode mode, uint64_t keep, struct segment_found *f)
{
	struct segment_index given_up = s->index;
	int r;

	segment_index_init(&s->index, given_up.store_id, s->base, given_up.segment_id, given_up.interval);
	s->index.floor = given_up.floor;
	*f = (struct segment_found){.first_ms = f->first_ms, .rebuilt = true};
	r = recover(s, dirfd, mode, keep, f);
	segment_index_done(&given_up);
	if (r < 0)
		return r;
	r = segment_index_remove(dirfd, s->base);
	return r < 0 ? r : io_sync_dir(dirfd);
}

/* The header's id and the file's length, before anything is decided. */
static int look(int dirfd, const struct segment_owner *owner, uint64_t base, uint64_t *ret_id, uint64_t *ret_len,
    int64_t *ret_first_ms)
{
	_cleanup_(cleanup_log_reader) struct log_reader *lr = NULL;
	struct {
		struct disk_frame frame;
		struct disk_batch batch;
	} first;
	char name[SEGMENT_NAME_SIZE];
	const struct file_id *id;
	struct io_stat st;
	ssize_t n;
	int r;

	segment_name_put(name, base, SEGMENT_LOG);
	r = log_reader_open(dirfd, name, KIND_SEGMENT, &lr);
	if (r == 0)
		r = io_fstat(log_reader_fd(lr), &st);
	if (r < 0)
		return r;
	id = log_reader_id(lr);
	if (id->first_seq != base || (uint32_t)id->hour != owner->number || id->part != owner->partition)
		return -EBADMSG;
	n = io_pread(log_reader_fd(lr), &first, sizeof first, sizeof(struct disk_header));
	if (n < 0)
		return (int)n;
	*ret_id = id->id;
	*ret_len = st.len;
	/* What the file may say here is not checked: it only makes a segment older or younger. */
	*ret_first_ms = n == sizeof first ? (int64_t)get_le64(first.batch.first_ms) : INT64_MIN;
	return 0;
}

int segment_open(int dirfd, const struct segment_owner *owner, uint64_t base, enum sync_mode mode, uint64_t interval,
    struct segment_found *ret_found, struct segment **ret)
{
	_cleanup_(cleanup_segment) struct segment *s = calloc(1, sizeof *s);
	struct segment_found found = {0};
	uint64_t id = 0, len = 0, keep;
	int r;

	if (!s)
		return -ENOMEM;
	s->base = base;
	r = look(dirfd, owner, base, &id, &len, &found.first_ms);
	if (r < 0)
		return r;
	segment_index_init(&s->index, owner->store_id, base, id, interval);
	r = segment_index_load(&s->index, dirfd, len);
	if (r < 0)
		return r;
	found.rebuilt = r == 0;
	found.closed = s->index.closed;
	keep = r == 1 ? s->index.sums.len : 0;
	/* What is closed needs no sync to be there. */
	r = recover(s, dirfd, found.closed ? SYNC_NONE : mode, keep, &found);
	if (r == -ERANGE)
		r = recover_anew(s, dirfd, mode, keep, &found);
	if (r == -ERANGE)
		*ret_found = found;
	if (r < 0)
		return r;
	segment_set_mode(s, mode, interval);
	*ret_found = found;
	*ret = TAKE(s);
	return 0;
}

/* --- appending --- */

/* What cannot be written to an index now is written another time. */
static void write_index(struct segment *s, int dirfd)
{
	if (segment_index_due(&s->index))
		(void)segment_index_write(&s->index, dirfd, false);
}

int segment_append(struct segment *s, int dirfd, const struct batch_head *h, void *dir, struct span body)
{
	struct span pieces[] = {span_of(dir, sizeof(struct disk_batch) + h->dir_len), body};
	uint64_t pos = log_len(s->log);
	int r = 0;

	/* Else a power cut that takes all that comes now would leave a segment that looks finished, and offsets that
	 * were seen would be given again. */
	if (s->index.closed)
		r = segment_index_mark(&s->index, dirfd, false);
	if (r == 0)
		r = segment_index_reserve(&s->index);
	if (r < 0)
		return r;
	batch_head_put(h, log_id(s->log)->id, pos, dir);
	r = log_append(s->log, FRAME_BATCH, pieces, N_ELEMENTS(pieces), NULL);
	if (r < 0)
		return r;
	segment_index_note(&s->index, h, pos, log_len(s->log));
	if (s->mode == SYNC_NONE)
		write_index(s, dirfd);
	return 0;
}

int segment_sync(struct segment *s, int dirfd)
{
	int r = log_sync(s->log);

	if (r == 0)
		write_index(s, dirfd);
	return r;
}

void segment_write_index(struct segment *s, int dirfd)
{
	(void)segment_index_write(&s->index, dirfd, false);
}

int segment_finish(struct segment *s, int dirfd)
{
	int r;

	if (!log_synced(s->log)) {
		log_set_mode(s->log, SYNC_FDATASYNC);
		r = log_sync(s->log);
		if (r < 0)
			return r;
	}
	return segment_index_mark(&s->index, dirfd, true);
}

int segment_replace(struct segment *s, int dirfd)
{
	char from[SEGMENT_NAME_SIZE], to[SEGMENT_NAME_SIZE];
	int r;

	segment_name_put(from, s->base, SEGMENT_TMP);
	segment_name_put(to, s->base, SEGMENT_LOG);
	log_set_mode(s->log, SYNC_FDATASYNC);
	r = log_sync(s->log);
	if (r == 0)
		r = io_rename(dirfd, from, to);
	if (r == 0)
		r = io_sync_dir(dirfd);
	if (r < 0)
		return r;
	(void)segment_index_mark(&s->index, dirfd, true); /* what is missing there is made anew */
	return 0;
}

void segment_set_mode(struct segment *s, enum sync_mode mode, uint64_t interval)
{
	log_set_mode(s->log, mode);
	s->mode = mode;
	s->index.interval = interval;
}

void segment_park(struct segment *s)
{
	log_park(s->log);
	segment_index_park(&s->index);
}

int segment_unpark(struct segment *s, int dirfd)
{
	char name[SEGMENT_NAME_SIZE];

	segment_name_put(name, s->base, SEGMENT_LOG);
	return log_unpark(s->log, dirfd, name);
}
