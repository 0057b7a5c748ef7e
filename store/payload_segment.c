/* payload_segment.c -- see payload_segment.h
 *
 * FINDING A NUMBER. Numbers ascend through a segment, and wherever one looks the next frame is found by its mark and
 * proved by its check: so a record is found by halving what it can be in, at first in proportion to the number, and no
 * index of numbers is needed. What remains in the end is gone through frame by frame.
 */
#include "store/payload_segment.h"

#include "store/io.h"
#include "store/segment_name.h"

enum {
	IN_PROPORTION = 6,    /* steps; then the middle */
	WALK = 4 << 10,       /* bytes that are gone through rather than halved */
	NEAR = WALK / 2,      /* before where a record should be */
	WASTE_MAX = 64 << 20, /* bytes hashed of what was no frame */
	LINE = 64,            /* of the processor's cache */
	AHEAD = 640,          /* bytes of a record that are fetched before it is known how many it has */
	HEAD = sizeof(struct disk_frame) + sizeof(struct disk_payload),
};

/* A smaller map is kept until the segment goes: somebody may be reading it. */
struct payload_map {
	struct io_map map;
	struct payload_map *smaller;
};

int payload_segment_new(int dirfd, uint64_t base, uint64_t file_id, uint64_t map_len, struct payload_segment **ret)
{
	struct payload_segment *s = calloc(1, sizeof *s);

	if (!s)
		return -ENOMEM;
	s->dirfd = dirfd;
	s->base = base;
	s->file_id = file_id;
	s->map_len = map_len;
	atomic_store(&s->len, sizeof(struct disk_header));
	*ret = s;
	return 0;
}

int payload_segment_open(int dirfd, uint64_t base, uint64_t map_len, struct payload_segment **ret)
{
	_cleanup_(cleanup_log_reader) struct log_reader *lr = NULL;
	char name[SEGMENT_NAME_SIZE];
	struct io_stat st;
	int r;

	segment_name_put(name, base, SEGMENT_LOG);
	r = log_reader_open(dirfd, name, KIND_PAYLOADS, &lr);
	if (r == 0)
		r = io_fstat(log_reader_fd(lr), &st);
	if (r == 0 && log_reader_id(lr)->first_seq != base)
		r = -EBADMSG;
	if (r == 0)
		r = payload_segment_new(dirfd, base, log_reader_id(lr)->id, map_len, ret);
	if (r == 0)
		atomic_store(&(*ret)->len, st.len);
	return r;
}

static void free_maps(struct payload_map *m)
{
	while (m) {
		struct payload_map *smaller = m->smaller;

		io_unmap(&m->map);
		free(m);
		m = smaller;
	}
}

void payload_segment_free(struct payload_segment *s)
{
	if (!s)
		return;
	free_maps(atomic_load(&s->map));
	free(s);
}

void payload_segment_grown(struct payload_segment *s, uint64_t len)
{
	atomic_store_explicit(&s->len, len, memory_order_release);
}

/* --- mapping --- */

/* The file must be the one that was opened. */
static int map_file(const struct payload_segment *s, size_t len, struct io_map *ret)
{
	_cleanup_(cleanup_io_close) int fd = -1;
	char name[SEGMENT_NAME_SIZE];
	struct disk_header h;
	struct file_id id;
	ssize_t n;
	int r;

	segment_name_put(name, s->base, SEGMENT_LOG);
	fd = io_open_read(s->dirfd, name);
	if (fd < 0)
		return fd == -ENOENT ? -ESTALE : fd;
	n = io_pread(fd, &h, sizeof h, 0);
	if (n < (ssize_t)sizeof h)
		return n < 0 ? (int)n : -EBADMSG;
	r = file_header_get(&h, KIND_PAYLOADS, &id);
	if (r < 0)
		return r;
	return id.id == s->file_id ? io_map(fd, len, ret) : -ESTALE;
}

static int map_more(struct payload_segment *s, uint64_t len, struct payload_map *old, struct payload_map **ret)
{
	struct payload_map *m = calloc(1, sizeof *m);
	int r;

	if (!m)
		return -ENOMEM;
	if (old && len < 2 * old->map.len)
		len = 2 * old->map.len;
	r = map_file(s, len > s->map_len ? len : s->map_len, &m->map);
	if (r < 0) {
		free(m);
		return r;
	}
	m->smaller = old;
	if (atomic_compare_exchange_strong(&s->map, &old, m)) {
		*ret = m;
		return 0;
	}
	/* Another thread was first; if what it has is not enough, the caller comes again. */
	m->smaller = NULL;
	free_maps(m);
	*ret = old;
	return 0;
}

/* The map of at least the first len bytes. */
static int map_of(struct payload_segment *s, uint64_t len, const struct io_map **ret)
{
	struct payload_map *m = atomic_load_explicit(&s->map, memory_order_acquire);

	while (!m || m->map.len < len) {
		int r = map_more(s, len, m, &m);

		if (r < 0)
			return r;
	}
	*ret = &m->map;
	return 0;
}

int payload_segment_hold(struct payload_segment *s)
{
	const struct io_map *map;

	return map_of(s, atomic_load(&s->len), &map);
}

/* --- reading --- */

struct reading {
	uint64_t off, len;
	struct buf *room;
};

/* The frame at an offset, unchecked, copied. */
static int copy_frame(const uint8_t *p, void *arg)
{
	struct reading *rd = arg;
	struct disk_frame h;
	uint64_t len;
	int r;

	/* What is far away comes together rather than one after the other. */
	for (uint64_t ahead = LINE; ahead < AHEAD && ahead < rd->len - rd->off; ahead += LINE)
		__builtin_prefetch(p + rd->off + ahead);
	memcpy(&h, p + rd->off, sizeof h);
	len = get_le32(h.len);
	if (!frame_head_valid(&h) || len < sizeof(struct disk_payload) || len > rd->len - rd->off - sizeof h)
		return -EBADMSG;
	buf_clear(rd->room);
	r = buf_reserve(rd->room, sizeof h + len);
	if (r < 0)
		return r;
	memcpy(rd->room->p, &h, sizeof h);
	memcpy(rd->room->p + sizeof h, p + rd->off + sizeof h, len);
	rd->room->len = sizeof h + len;
	return 0;
}

static int read_at(
    struct payload_segment *s, uint64_t off, struct buf *room, struct payload_record *ret, uint64_t *ret_end)
{
	struct reading rd = {.off = off, .room = room};
	const struct disk_frame *h;
	const struct io_map *map;
	int r;

	rd.len = atomic_load_explicit(&s->len, memory_order_acquire);
	if (off < sizeof(struct disk_header) || off > rd.len || rd.len - off < HEAD)
		return -EBADMSG;
	r = map_of(s, rd.len, &map);
	if (r == 0)
		r = io_map_read(map, copy_frame, &rd);
	if (r < 0)
		return r;
	h = (const struct disk_frame *)room->p;
	if (!frame_check_valid(h, s->file_id, off))
		return -EBADMSG;
	if (ret_end)
		*ret_end = off + room->len;
	return payload_record_get(h->type, span_of(h + 1, room->len - sizeof *h), ret);
}

int payload_segment_read(
    struct payload_segment *s, uint64_t off, struct buf *room, struct payload_record *ret, uint64_t *ret_end)
{
	int r = read_at(s, off, room, ret, ret_end);

	if (r == -EBADMSG)
		atomic_store(&s->bad_off, off);
	return r;
}

/* --- finding --- */

struct search {
	uint64_t file_id;
	uint64_t number;
	uint64_t lo, lo_number; /* a frame begins, or the records end, at lo; those before it have smaller numbers */
	uint64_t hi, hi_number; /* the record does not begin at or behind hi */
	uint64_t len;           /* of the segment */
	uint64_t wasted;
	bool damaged; /* what lies between two frames is none */
	uint64_t found;
};

struct met {
	uint64_t off, end, number;
};

/* Whether a record's frame begins at off. */
static bool record_at(struct search *s, const uint8_t *p, uint64_t off, struct met *ret)
{
	const struct disk_frame *h = (const struct disk_frame *)(p + off);
	uint64_t len;

	if (s->len - off < HEAD || !frame_head_valid(h))
		return false;
	len = sizeof *h + (uint64_t)get_le32(h->len);
	if (len < HEAD || len > s->len - off || (h->type != FRAME_PUT && h->type != FRAME_DELETE))
		return false;
	if (!frame_check_valid(h, s->file_id, off)) {
		s->wasted += len;
		return false;
	}
	*ret = (struct met){.off = off, .end = off + len};
	ret->number = get_le64(((const struct disk_payload *)(h + 1))->number);
	return true;
}

/* The first one at or behind off that begins before end. */
static bool next_record(struct search *s, const uint8_t *p, uint64_t off, uint64_t end, struct met *ret)
{
	while (off < end && s->wasted <= WASTE_MAX) {
		const uint8_t *hit = memmem(p + off, s->len - off, FRAME_MARK, sizeof((struct disk_frame *)0)->mark);

		if (!hit || (uint64_t)(hit - p) >= end)
			return false;
		off = (uint64_t)(hit - p);
		if (record_at(s, p, off, ret))
			return true;
		off++;
	}
	return false;
}

static uint64_t guess(const struct search *s, unsigned step)
{
	uint64_t space = s->hi - s->lo, ahead;

	if (step >= IN_PROPORTION)
		return s->lo + space / 2;
	ahead = (uint64_t)((unsigned __int128)space * (s->number - s->lo_number) / (s->hi_number - s->lo_number));
	return s->lo + (ahead > NEAR ? ahead - NEAR : 0);
}

/* Makes [lo, hi) smaller. */
static void narrow(struct search *s, const uint8_t *p)
{
	for (unsigned step = 0; s->hi - s->lo > WALK && s->wasted <= WASTE_MAX; step++) {
		uint64_t at = guess(s, step);
		struct met m;

		if (at == s->lo && step < IN_PROPORTION) {
			step = IN_PROPORTION - 1;
			continue;
		}
		if (!next_record(s, p, at, s->hi, &m)) {
			s->hi = at;
		} else if (m.number > s->number) {
			s->hi = at;
			s->hi_number = m.number;
		} else {
			s->lo = m.number == s->number ? m.off : m.end;
			s->lo_number = m.number;
			if (m.number == s->number)
				return;
		}
		/* What a record before it reached over is its own. */
		if (s->hi < s->lo)
			s->hi = s->lo;
	}
}

static int find(const uint8_t *p, void *arg)
{
	struct search *s = arg;
	struct met m;

	narrow(s, p);
	for (uint64_t off = s->lo; off < s->len; off = m.end) {
		if (!record_at(s, p, off, &m)) {
			s->damaged = true;
			if (!next_record(s, p, off + 1, s->len, &m))
				break;
		} else if (m.number < s->number) {
			s->damaged = false;
		}
		if (m.number == s->number) {
			s->found = m.off;
			return 0;
		}
		if (m.number > s->number)
			break;
	}
	return s->damaged ? -EBADMSG : -ENOENT;
}

int payload_segment_find(struct payload_segment *s, uint64_t number, uint64_t end_number, uint64_t *ret_off)
{
	struct search search = {
	    .file_id = s->file_id,
	    .number = number,
	    .lo = sizeof(struct disk_header),
	    .lo_number = s->base,
	    .hi_number = end_number,
	    .len = atomic_load_explicit(&s->len, memory_order_acquire),
	};
	const struct io_map *map;
	int r;

	if (number < s->base || number >= end_number)
		return -ENOENT;
	search.hi = search.len;
	r = map_of(s, search.len, &map);
	if (r == 0)
		r = io_map_read(map, find, &search);
	if (r == 0)
		*ret_off = search.found;
	return r;
}
