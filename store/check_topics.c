/* check_topics.c -- see check_topics.h
 *
 * Of a segment its indexes are read first, as far as they are whole; then all frames are gone through, and each entry
 * must be that of the batch whose turn it is.
 */
#include "store/check_topics.h"

#include "store/batch.h"
#include "store/batch_codec.h"
#include "store/batch_head.h"
#include "store/check_sealed.h"
#include "store/followed.h"
#include "store/io.h"
#include "store/segment_index.h"
#include "store/segment_name.h"
#include "store/topic_names.h"

struct topics_check {
	struct check *check;
	uint64_t store_id;
	struct topic_names *names;
	int dirfd; /* of topics/ */
};

struct bases {
	uint64_t *v;
	size_t n, cap;
	struct topics_check *t;
	const char *dir; /* of the partition, within the store */
};

/* Names what is checked from here on. */
static void set_file(struct check *c, const char *dir, const char *name)
{
	snprintf(c->file, sizeof c->file, "%s/%s", dir, name);
	c->count->n_files++;
}

/* What of a log is no frames: in the middle, or at its end if that does not become one while it is looked at again. */
static void tell_damage(struct check *c, struct log_reader *lr)
{
	struct log_recovery found, again;
	struct span payload;
	uint64_t off;
	uint8_t type;

	check_sealed_log_damage(c, lr, &found);
	if (found.n_torn == 0 || log_reader_next(lr, &type, &off, &payload) == 0)
		return;
	log_reader_damage(lr, &again);
	if (again.n_torn > 0 && again.len == found.len)
		check_problem(
		    c, found.len - found.n_torn, "the last %llu bytes are no frame", (unsigned long long)found.n_torn);
}

/* --- indexes --- */

/* The entries of one index, and what its newest frame says. */
struct index_claims {
	struct buf entries;
	size_t at; /* the next that is to be met */
	struct segment_sums sums;
	bool any;
};

static void claims_done(struct index_claims *x)
{
	buf_done(&x->entries);
}

static int read_claims(struct check *c, int dirfd, const char *dir, uint64_t base, enum segment_file type,
    uint64_t segment_id, struct index_claims *ret)
{
	_cleanup_(cleanup_log_reader) struct log_reader *lr = NULL;
	char name[SEGMENT_NAME_SIZE];
	struct log_recovery found;
	struct span payload;
	uint64_t off;
	uint8_t frame;
	int r;

	segment_name_put(name, base, type);
	r = log_reader_open(dirfd, name, type == SEGMENT_INDEX ? KIND_INDEX : KIND_TIME_INDEX, &lr);
	if (r == -ENOENT || r == -ENODATA)
		return 0; /* it is derived */
	set_file(c, dir, name);
	if (r == -EBADMSG || r == -EPROTONOSUPPORT) {
		check_problem(c, 0, r == -EBADMSG ? "the header is damaged" : "written by a newer version");
		return 0;
	}
	while (r == 0 && (r = log_reader_next(lr, &frame, &off, &payload)) == 0) {
		const struct disk_index_head *h = span_take(&payload, sizeof *h);

		if (frame != (type == SEGMENT_INDEX ? FRAME_OFFSETS : FRAME_TIMES))
			continue;
		if (!h || span_left(&payload) % sizeof(struct disk_offset_entry) != 0) {
			check_problem(c, off, "no frame of an index");
			continue;
		}
		if (get_le64(h->segment_id) != segment_id) {
			check_problem(c, off, "speaks of another segment");
			ret->any = false;
			return 0;
		}
		buf_put(&ret->entries, payload.p, span_left(&payload));
		ret->sums = (struct segment_sums){
		    .len = get_le64(h->covered),
		    .next_offset = get_le64(h->next_offset),
		    .max_ms = (int64_t)get_le64(h->max_ms),
		    .text_len = get_le64(h->text_len),
		};
		ret->any = true;
	}
	log_reader_damage(lr, &found);
	if (found.n_damaged > 0)
		ret->any = false; /* entries may be missing */
	tell_damage(c, lr);
	return r != -ENODATA && r != -EBADMSG ? r : ret->entries.err;
}

/* --- batches --- */

struct segment_check {
	struct topics_check *t;
	const char *dir;
	uint64_t base, next_base; /* of the segment behind it; OFFSET_MAX: none */
	uint64_t id;
	struct segment_sums sums;
	struct index_claims offsets, times;
	uint64_t n_damaged; /* places that are no batches so far: the largest time is not known any more */
	bool text_lost;     /* nor the length of the text, until an entry says it */
	struct buf raw;
};

/* That the messages are what the head says. Returns what is wrong, or NULL. */
static const char *check_messages(struct segment_check *s, const struct batch_head *h, struct span dir, struct span raw)
{
	int64_t max_ms = INT64_MIN;
	struct batch_cursor c;
	uint64_t text_len = 0;
	struct message m = {0};
	int r;

	batch_cursor_init(&c, h->n, h->first_offset, h->first_ms, h->flags & BATCH_APPEND_TIME, dir, raw);
	while ((r = batch_next(&c, &m)) == 0) {
		struct span at = m.headers, name, value;
		int e;

		while ((e = message_header(&at, &name, &value)) == 0)
			;
		if (e != -ENODATA)
			return "a message's headers cannot be taken apart";
		text_len += message_text_len(&m);
		if (m.time_ms > max_ms)
			max_ms = m.time_ms;
		s->t->check->count->n_messages++;
	}
	if (r != -ENODATA || span_left(&c.dir) > 0 || span_left(&c.body) > 0)
		return "its messages cannot be taken apart";
	if (m.offset != h->last_offset)
		return "the last offset is not the head's";
	if (max_ms != h->max_ms)
		return "the largest time is not the head's";
	return text_len == h->text_len ? NULL : "the length of the lines is not the head's";
}

/* The next entry of the index, which is that of this batch or of one behind it. Entries of what is damaged are passed
 * over, and what the first one behind it says is taken for true: it is not the index that is wrong. */
static bool next_entry(struct segment_check *s, uint64_t off, struct disk_offset_entry *ret)
{
	for (; s->offsets.any && s->offsets.at + sizeof *ret <= s->offsets.entries.len; s->offsets.at += sizeof *ret) {
		memcpy(ret, s->offsets.entries.p + s->offsets.at, sizeof *ret);
		if (s->text_lost && get_le32(ret->pos) < off)
			continue;
		if (s->text_lost && get_le32(ret->pos) == off) {
			s->sums.text_len = get_le64(ret->text);
			s->text_lost = false;
		}
		return get_le32(ret->pos) <= off;
	}
	return false;
}

/* Whether the index has an entry for this batch; if so, that it says so. */
static void check_entries(struct segment_check *s, const struct batch_head *h, uint64_t off)
{
	struct disk_offset_entry e;
	struct disk_time_entry t;
	int64_t max_ms = h->max_ms > s->sums.max_ms ? h->max_ms : s->sums.max_ms;

	if (!next_entry(s, off, &e))
		return;
	s->offsets.at += sizeof e;
	if (get_le32(e.pos) != off || get_le32(e.delta) != h->first_offset - s->base ||
	    get_le64(e.text) != s->sums.text_len)
		check_problem(s->t->check, off, "the index has another entry for this batch");
	if (s->n_damaged > 0 || !s->times.any || s->times.at + sizeof t > s->times.entries.len)
		return;
	memcpy(&t, s->times.entries.p + s->times.at, sizeof t);
	if (get_le32(t.delta) != h->first_offset - s->base)
		return;
	s->times.at += sizeof t;
	if ((int64_t)get_le64(t.max_ms) != max_ms)
		check_problem(s->t->check, off, "the time index has another time for this batch");
}

static int check_batch(struct segment_check *s, uint64_t off, struct span payload)
{
	const struct disk_batch *d = (const struct disk_batch *)payload.p;
	size_t len = span_left(&payload);
	struct check *c = s->t->check;
	struct batch_head h;
	const char *wrong;
	struct span dir;
	int r;

	if (len < sizeof *d || batch_head_get(d, (uint32_t)len, &h) < 0 || !batch_head_valid(d, s->id, off)) {
		check_problem(c, off, "the head of a batch is none");
		return 0;
	}
	if (h.first_offset < s->sums.next_offset || h.last_offset >= s->next_base)
		check_problem(c, off, "offsets %llu to %llu are out of order", (unsigned long long)h.first_offset,
		    (unsigned long long)h.last_offset);
	dir = span_of(d + 1, h.dir_len);
	r = batch_codec_unpack(h.codec, (struct span){dir.end, payload.end}, h.raw_len, &s->raw);
	if (r == -ENOMEM)
		return r;
	wrong = r < 0 ? "its body cannot be decompressed" : check_messages(s, &h, dir, span_of(s->raw.p, s->raw.len));
	if (wrong)
		check_problem(c, off, "the batch of offset %llu: %s", (unsigned long long)h.first_offset, wrong);
	check_entries(s, &h, off);
	s->sums.len = off + sizeof(struct disk_frame) + len;
	s->sums.next_offset = h.last_offset + 1;
	s->sums.text_len += h.text_len;
	if (h.max_ms > s->sums.max_ms)
		s->sums.max_ms = h.max_ms;
	return 0;
}

/* Where an index ends, it says what the segment comes to there. */
static void check_sums(struct segment_check *s, const struct index_claims *x, const char *which)
{
	if (x->any && x->sums.len == s->sums.len &&
	    (x->sums.next_offset != s->sums.next_offset || (s->n_damaged == 0 && x->sums.max_ms != s->sums.max_ms) ||
	        (!s->text_lost && x->sums.text_len != s->sums.text_len)))
		check_problem(s->t->check, x->sums.len, "the %s says other sums", which);
}

/* Notes what is damaged before the frame that was read last. */
static void note_damage(struct segment_check *s, const struct log_reader *lr)
{
	struct log_recovery found;

	log_reader_damage(lr, &found);
	if (found.n_damaged > s->n_damaged) {
		s->n_damaged = found.n_damaged;
		s->text_lost = true;
	}
}

static int check_frames(struct segment_check *s, struct log_reader *lr)
{
	struct check *c = s->t->check;
	struct log_recovery found;
	struct span payload;
	uint64_t off;
	uint8_t type;
	int r;

	while ((r = log_reader_next(lr, &type, &off, &payload)) == 0) {
		note_damage(s, lr);
		r = type == FRAME_BATCH ? check_batch(s, off, payload) : 0;
		if (r < 0)
			return r;
		check_sums(s, &s->offsets, "index");
		check_sums(s, &s->times, "time index");
	}
	tell_damage(c, lr);
	log_reader_damage(lr, &found);
	if (s->offsets.any && s->offsets.sums.len > found.len)
		check_problem(c, found.len, "the index has seen more than there is");
	return r == -ENODATA || r == -EBADMSG ? 0 : r;
}

static int check_segment(
    struct topics_check *t, int dirfd, const char *dir, const struct file_id *expected, uint64_t next_base)
{
	_cleanup_(cleanup_log_reader) struct log_reader *lr = NULL;
	struct segment_check s = {.t = t,
	    .dir = dir,
	    .base = expected->first_seq,
	    .next_base = next_base,
	    .sums = {.next_offset = expected->first_seq, .max_ms = INT64_MIN}};
	char name[SEGMENT_NAME_SIZE];
	int r;

	segment_name_put(name, s.base, SEGMENT_LOG);
	r = log_reader_open(dirfd, name, KIND_SEGMENT, &lr);
	if (r == -ENOENT || r == -ENODATA)
		return 0; /* removed meanwhile; not begun */
	if (r == -EBADMSG || r == -EPROTONOSUPPORT) {
		set_file(t->check, dir, name);
		check_problem(t->check, 0, r == -EBADMSG ? "the header is damaged" : "written by a newer version");
		return 0;
	}
	if (r < 0)
		return r;
	s.id = log_reader_id(lr)->id;
	r = read_claims(t->check, dirfd, dir, s.base, SEGMENT_INDEX, s.id, &s.offsets);
	if (r == 0)
		r = read_claims(t->check, dirfd, dir, s.base, SEGMENT_TIMES, s.id, &s.times);
	if (r == 0) {
		set_file(t->check, dir, name);
		check_sealed_header(t->check, expected, log_reader_id(lr));
		if (log_reader_id(lr)->first_seq != s.base)
			check_problem(t->check, 0, "the base offset is not the name's");
		r = check_frames(&s, lr);
	}
	claims_done(&s.offsets);
	claims_done(&s.times);
	buf_done(&s.raw);
	return r;
}

/* --- partitions, topics --- */

static int add_base(const char *name, void *arg)
{
	struct bases *b = arg;
	enum segment_file type;
	uint64_t base;

	if (!segment_name_parse(name, &base, &type))
		return 0;
	if (type == SEGMENT_DAMAGED) {
		set_file(b->t->check, b->dir, name);
		check_problem(b->t->check, 0, "kept aside because of damage in it; nothing reads it");
	}
	if (type != SEGMENT_LOG)
		return 0;
	if (b->n == b->cap) {
		size_t cap = b->cap ? 2 * b->cap : 16;
		uint64_t *v = realloc(b->v, cap * sizeof *v);

		if (!v)
			return -ENOMEM;
		b->v = v;
		b->cap = cap;
	}
	b->v[b->n++] = base;
	return 0;
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int check_partition(struct topics_check *t, int topic_fd, const struct topic_name *topic, uint32_t i)
{
	struct file_id id = {
	    .kind = KIND_SEGMENT, .store_id = t->store_id, .hour = (int32_t)(topic->number + i), .part = i};
	char dir[sizeof TOPICS_DIR + TOPIC_NAME_MAX + 16];
	struct bases b = {.t = t, .dir = dir};
	char number[12];
	int fd, r;

	snprintf(number, sizeof number, "%u", i);
	snprintf(dir, sizeof dir, TOPICS_DIR "/%s/%u", topic->name, i);
	fd = io_opendir(topic_fd, number, false);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	r = io_list(fd, add_base, &b);
	if (r == 0 && b.n > 0)
		qsort(b.v, b.n, sizeof *b.v, ascending);
	for (size_t k = 0; r == 0 && k < b.n; k++) {
		id.first_seq = b.v[k];
		r = check_segment(t, fd, dir, &id, k + 1 < b.n ? b.v[k + 1] : OFFSET_MAX);
		if (r == -EIO) {
			check_problem(t->check, 0, "cannot be read: %s", strerror(-r));
			r = 0;
		}
	}
	free(b.v);
	io_close(fd);
	return r;
}

static int check_topic(struct topics_check *t, const struct topic_name *topic)
{
	int fd = io_opendir(t->dirfd, topic->name, false), r = 0;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	for (uint32_t i = 0; r == 0 && i < topic->n_partitions; i++)
		r = check_partition(t, fd, topic, i);
	io_close(fd);
	return r;
}

static int check_registry(struct topics_check *t)
{
	_cleanup_(cleanup_log_reader) struct log_reader *lr = NULL;
	struct file_id id = {.kind = KIND_TOPIC_NAMES, .store_id = t->store_id};
	struct check *c = t->check;
	struct span payload;
	uint64_t off;
	uint8_t type;
	int r = log_reader_open(t->dirfd, TOPIC_NAMES_FILE, KIND_TOPIC_NAMES, &lr);

	set_file(c, TOPICS_DIR, TOPIC_NAMES_FILE);
	if (r == -EBADMSG || r == -ENOENT || r == -EPROTONOSUPPORT)
		check_problem(c, 0,
		    r == -EBADMSG  ? "the header is damaged"
		    : r == -ENOENT ? "the registry is missing"
		                   : "written by a newer version");
	if (r < 0)
		return r == -ENOMEM || r == -EIO ? r : 0;
	check_sealed_header(c, &id, log_reader_id(lr));
	while ((r = log_reader_next(lr, &type, &off, &payload)) == 0) {
		r = type == FRAME_TOPIC ? topic_names_add(t->names, payload) : 0;
		if (r == -ENOMEM)
			return r;
		if (r < 0)
			check_problem(c, off, "no topic, or numbers that are another's");
	}
	tell_damage(c, lr);
	return r == -ENODATA || r == -EBADMSG ? 0 : r;
}

/* A directory of topics that the registry does not name. */
static int check_named(const char *name, void *arg)
{
	struct topics_check *t = arg;
	struct io_stat st;

	if (!segment_name_topic_valid(name, strlen(name)) || topic_names_find(t->names, name, strlen(name)))
		return 0;
	if (io_stat(t->dirfd, name, &st) < 0 || !st.is_dir)
		return 0;
	snprintf(t->check->file, sizeof t->check->file, TOPICS_DIR "/%s", name);
	check_problem(t->check, 0, "the registry does not name this topic");
	return 0;
}

/* Positions in followed files, which need not be there. */
static int check_followed(struct topics_check *t, const char *name)
{
	_cleanup_(cleanup_sealed) struct sealed *s = NULL;
	struct file_id id = {.kind = KIND_FOLLOWED, .store_id = t->store_id};
	uint32_t n_groups;
	int r;

	set_file(t->check, TOPICS_DIR, name);
	r = check_sealed(t->check, t->dirfd, name, &id, &s, &n_groups);
	if (r == -EIO)
		check_problem(t->check, 0, "cannot be read: %s", strerror(-r));
	return r == -ENOENT || r == -EIO ? 0 : r;
}

static int check_all_followed(struct topics_check *t)
{
	struct io_stat st;
	int r = check_followed(t, FOLLOWED_FILE);

	if (r == 0)
		r = check_followed(t, FOLLOWED_COPY);
	if (r == 0 && io_stat(t->dirfd, FOLLOWED_DAMAGED, &st) == 0) {
		set_file(t->check, TOPICS_DIR, FOLLOWED_DAMAGED);
		check_problem(t->check, 0, "kept aside because of damage in it; nothing reads it");
	}
	return r;
}

int check_topics(struct check *c, int store_fd, uint64_t store_id)
{
	_cleanup_(cleanup_topic_names) struct topic_names *names = NULL;
	struct topics_check t = {.check = c, .store_id = store_id};
	const struct topic_name *topic;
	uint32_t from = 0;
	int r;

	t.dirfd = io_opendir(store_fd, TOPICS_DIR, false);
	if (t.dirfd < 0)
		return t.dirfd == -ENOENT ? 0 : t.dirfd;
	r = topic_names_new(&names);
	t.names = names;
	if (r == 0)
		r = check_registry(&t);
	for (; r == 0 && (topic = topic_names_next(names, from)); from = topic->number + 1)
		r = check_topic(&t, topic);
	if (r == 0)
		r = io_list(t.dirfd, check_named, &t);
	if (r == 0)
		r = check_all_followed(&t);
	io_close(t.dirfd);
	return r;
}
