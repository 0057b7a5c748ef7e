/* sealed.c -- see sealed.h */
#include "store/sealed.h"
#include "store/io.h"
#include "store/scan.h"

#include <limits.h>
#include <xxhash.h>

#define TMP_SUFFIX ".tmp"

struct sealed_writer {
	int dirfd; /* the caller's */
	int fd;
	int err; /* of the first call that failed; nothing is written after it */
	uint64_t id;
	uint64_t len;
	uint64_t piece;     /* what is written ends at a multiple of that; 0: with each frame */
	struct buf waiting; /* to be written: the last bytes of len */
	struct buf toc;
	char tmp[NAME_MAX + 1];
	char name[];
};

struct sealed {
	int fd;
	struct file_id id;
	uint64_t len;
	uint64_t frames_end;
	uint64_t toc_off;
	size_t n_toc;
	struct buf toc;
};

/* --- writing --- */

static void writer_free(struct sealed_writer *w)
{
	if (w->fd >= 0)
		io_close(w->fd);
	buf_done(&w->waiting);
	buf_done(&w->toc);
	free(w);
}

static int writer_begin(struct sealed_writer *w, const struct file_id *id)
{
	struct disk_header h;
	int r;

	r = io_unlink(w->dirfd, w->tmp);
	if (r < 0 && r != -ENOENT)
		return r;
	w->fd = io_create(w->dirfd, w->tmp);
	if (w->fd < 0)
		return w->fd;
	file_header_put(id, &h);
	r = io_pwrite(w->fd, &h, sizeof h, 0);
	if (r < 0)
		(void)io_unlink(w->dirfd, w->tmp);
	w->len = sizeof h;
	return r;
}

int sealed_writer_new(int dirfd, const char *name, struct file_id *id, struct sealed_writer **ret)
{
	size_t name_len = strlen(name);
	struct sealed_writer *w;
	int r;

	if (name_len + sizeof TMP_SUFFIX > sizeof w->tmp)
		return -ENAMETOOLONG;
	r = io_random(&id->id, sizeof id->id);
	if (r < 0)
		return r;
	w = malloc(sizeof *w + name_len + 1);
	if (!w)
		return -ENOMEM;
	*w = (struct sealed_writer){.dirfd = dirfd, .fd = -1, .id = id->id};
	memcpy(w->name, name, name_len + 1);
	memcpy(w->tmp, name, name_len);
	memcpy(w->tmp + name_len, TMP_SUFFIX, sizeof TMP_SUFFIX);
	r = writer_begin(w, id);
	if (r < 0) {
		writer_free(w);
		return r;
	}
	*ret = w;
	return 0;
}

/* Writes the first n of the bytes that wait. */
static int write_waiting(struct sealed_writer *w, size_t n)
{
	struct buf *b = &w->waiting;
	int r = io_pwrite(w->fd, b->p, n, w->len - b->len);

	if (r < 0)
		return r;
	b->len -= n;
	memmove(b->p, b->p + n, b->len);
	return 0;
}

static int add(struct sealed_writer *w, enum frame_type type, const void *p, size_t len)
{
	struct buf *b = &w->waiting;
	size_t at = b->len, beyond;
	int r;

	if (len > FRAME_LEN_MAX)
		return -EMSGSIZE;
	r = buf_reserve(b, sizeof(struct disk_frame) + len);
	if (r < 0)
		return r;
	b->len += sizeof(struct disk_frame);
	buf_put(b, p, len);
	frame_put((struct disk_frame *)(b->p + at), type, (uint32_t)len, w->id, w->len);
	w->len += b->len - at;
	beyond = w->piece ? w->len % w->piece : 0;
	return beyond < b->len ? write_waiting(w, b->len - beyond) : 0;
}

void sealed_writer_gather(struct sealed_writer *w, size_t piece)
{
	w->piece = piece;
}

int sealed_writer_add(
    struct sealed_writer *w, enum frame_type type, const void *p, size_t len, bool in_toc, uint64_t *ret_off)
{
	uint64_t off = w->len;

	if (w->err < 0)
		return w->err;
	if (in_toc) {
		struct disk_toc_entry e = {
		    .type = put_le32(type), .len = put_le32((uint32_t)len), .off = put_le64(off)};

		buf_put(&w->toc, &e, sizeof e);
		w->err = w->toc.err;
	}
	if (w->err == 0)
		w->err = add(w, type, p, len);
	if (w->err == 0 && ret_off)
		*ret_off = off;
	return w->err;
}

static int write_end(struct sealed_writer *w)
{
	struct disk_footer f = {.toc_off = put_le64(w->len)};
	int r;

	r = add(w, FRAME_TOC, w->toc.p, w->toc.len);
	if (r == 0)
		r = write_waiting(w, w->waiting.len);
	if (r < 0)
		return r;
	f.file_len = put_le64(w->len + sizeof f);
	memcpy(f.magic, SEAL_MAGIC, sizeof f.magic);
	f.check = put_le64(XXH3_64bits_withSeed(&f, offsetof(struct disk_footer, check), w->id));
	r = io_pwrite(w->fd, &f, sizeof f, w->len);
	if (r < 0)
		return r;
	return io_sync(w->fd, false);
}

int sealed_writer_finish(struct sealed_writer *w)
{
	int r = w->err;

	if (r == 0)
		r = write_end(w);
	if (r == 0)
		r = io_rename(w->dirfd, w->tmp, w->name);
	if (r < 0) {
		sealed_writer_abort(w);
		return r;
	}
	r = io_sync_dir(w->dirfd);
	writer_free(w);
	return r;
}

void sealed_writer_abort(struct sealed_writer *w)
{
	if (!w)
		return;
	(void)io_unlink(w->dirfd, w->tmp);
	writer_free(w);
}

/* --- reading --- */

void sealed_close(struct sealed *s)
{
	if (!s)
		return;
	io_close(s->fd);
	buf_done(&s->toc);
	free(s);
}

/* Reads len bytes at off, which the file is known to have. */
static int read_all(int fd, void *p, size_t len, uint64_t off)
{
	ssize_t n = io_pread(fd, p, len, off);

	if (n < 0)
		return (int)n;
	return (size_t)n < len ? -EBADMSG : 0;
}

static int read_footer(struct sealed *s)
{
	struct disk_footer f;
	int r;

	r = read_all(s->fd, &f, sizeof f, s->len - sizeof f);
	if (r < 0)
		return r;
	if (memcmp(f.magic, SEAL_MAGIC, sizeof f.magic) != 0 || get_le64(f.file_len) != s->len ||
	    get_le64(f.check) != XXH3_64bits_withSeed(&f, offsetof(struct disk_footer, check), s->id.id))
		return -EBADMSG;
	s->toc_off = get_le64(f.toc_off);
	return 0;
}

static const struct disk_toc_entry *toc_entry(const struct sealed *s, size_t i)
{
	return (const struct disk_toc_entry *)s->toc.p + i;
}

/* Entries name frames before the table of contents, in order and apart from each other. */
static bool toc_valid(const struct sealed *s)
{
	uint64_t end = sizeof(struct disk_header);

	for (size_t i = 0; i < s->n_toc; i++) {
		const struct disk_toc_entry *e = toc_entry(s, i);
		uint64_t off = get_le64(e->off), len = sizeof(struct disk_frame) + get_le32(e->len);

		if (get_le32(e->type) > UINT8_MAX || off < end || off > s->toc_off || len > s->toc_off - off)
			return false;
		end = off + len;
	}
	return true;
}

static int read_toc(struct sealed *s)
{
	uint64_t frames_end = s->frames_end;
	uint8_t type;
	int r;

	if (s->toc_off < sizeof(struct disk_header) || s->toc_off >= frames_end)
		return -EBADMSG;
	r = frame_read(s->fd, s->id.id, s->toc_off, frames_end, &type, &s->toc);
	if (r < 0)
		return r;
	if (type != FRAME_TOC || s->toc_off + sizeof(struct disk_frame) + s->toc.len != frames_end ||
	    s->toc.len % sizeof(struct disk_toc_entry) != 0)
		return -EBADMSG;
	s->n_toc = s->toc.len / sizeof(struct disk_toc_entry);
	return toc_valid(s) ? 0 : -EBADMSG;
}

static int load_header(struct sealed *s, const char *kind)
{
	struct disk_header h;
	struct io_stat st;
	int r;

	r = io_fstat(s->fd, &st);
	if (r < 0)
		return r;
	if (st.is_dir || st.len < sizeof h)
		return -EBADMSG;
	s->len = st.len;
	s->frames_end = st.len;
	r = read_all(s->fd, &h, sizeof h, 0);
	if (r < 0)
		return r;
	return file_header_get(&h, kind, &s->id);
}

static int sealed_load(struct sealed *s, const char *kind)
{
	int r = load_header(s, kind);

	if (r < 0)
		return r;
	if (s->len < sizeof(struct disk_header) + sizeof(struct disk_frame) + sizeof(struct disk_footer))
		return -EBADMSG;
	s->frames_end = s->len - sizeof(struct disk_footer);
	r = read_footer(s);
	if (r < 0)
		return r;
	return read_toc(s);
}

/* A table of contents of every frame that is valid. */
static int scan_frames(struct sealed *s, const char *kind)
{
	_cleanup_(scan_done) struct scan scan = {0};
	struct scan_frame f;
	int r = load_header(s, kind);

	if (r < 0)
		return r;
	scan_init(&scan, s->fd, s->id.id, s->len);
	while ((r = scan_next(&scan, &f)) == 0) {
		struct disk_toc_entry e = {
		    .type = put_le32(f.type), .len = put_le32((uint32_t)span_left(&f.payload)), .off = put_le64(f.off)};

		buf_put(&s->toc, &e, sizeof e);
		s->n_toc++;
	}
	return r == -ENODATA ? s->toc.err : r;
}

static int open_with(
    int dirfd, const char *name, const char *kind, int (*load)(struct sealed *s, const char *kind), struct sealed **ret)
{
	_cleanup_(cleanup_io_close) int fd = io_open_read(dirfd, name);
	_cleanup_(cleanup_sealed) struct sealed *s = NULL;
	int r;

	if (fd < 0)
		return fd;
	s = malloc(sizeof *s);
	if (!s)
		return -ENOMEM;
	*s = (struct sealed){.fd = take_fd(&fd)};
	r = load(s, kind);
	if (r < 0)
		return r;
	*ret = TAKE(s);
	return 0;
}

int sealed_open(int dirfd, const char *name, const char *kind, struct sealed **ret)
{
	return open_with(dirfd, name, kind, sealed_load, ret);
}

int sealed_salvage(int dirfd, const char *name, const char *kind, struct sealed **ret)
{
	return open_with(dirfd, name, kind, scan_frames, ret);
}

void sealed_prefetch(const struct sealed *s, uint64_t len)
{
	if (len > s->len)
		len = s->len;
	io_prefetch(s->fd, 0, len);
	io_prefetch(s->fd, s->len - len, len);
}

const struct file_id *sealed_id(const struct sealed *s)
{
	return &s->id;
}

uint64_t sealed_len(const struct sealed *s)
{
	return s->len;
}

int sealed_fd(const struct sealed *s)
{
	return s->fd;
}

int sealed_next(const struct sealed *s, enum frame_type type, size_t *at, uint64_t *ret_off)
{
	while (*at < s->n_toc) {
		const struct disk_toc_entry *e = toc_entry(s, (*at)++);

		if (get_le32(e->type) == (uint32_t)type) {
			*ret_off = get_le64(e->off);
			return 0;
		}
	}
	return -ENOENT;
}

int sealed_find(const struct sealed *s, enum frame_type type, unsigned nth, uint64_t *ret_off)
{
	size_t at = 0;
	int r;

	do
		r = sealed_next(s, type, &at, ret_off);
	while (r == 0 && nth-- > 0);
	return r;
}

int sealed_read(const struct sealed *s, uint64_t off, enum frame_type type, struct buf *ret)
{
	uint64_t frames_end = s->frames_end;
	uint8_t found;
	int r;

	if (off < sizeof(struct disk_header) || off >= frames_end)
		return -EBADMSG;
	r = frame_read(s->fd, s->id.id, off, frames_end, &found, ret);
	if (r < 0)
		return r;
	return found == (uint8_t)type ? 0 : -EBADMSG;
}

int sealed_section(const struct sealed *s, enum frame_type type, unsigned nth, struct buf *ret)
{
	uint64_t off;
	int r;

	r = sealed_find(s, type, nth, &off);
	if (r < 0)
		return r;
	return sealed_read(s, off, type, ret);
}

/* Passes the entries of the table of contents, from *i on, that lie before end. Returns the type that the first names;
 * 0: none. */
static uint8_t toc_pass(const struct sealed *s, size_t *i, uint64_t end)
{
	uint8_t type = 0;

	for (; *i < s->n_toc && get_le64(toc_entry(s, *i)->off) < end; (*i)++)
		if (type == 0)
			type = (uint8_t)get_le32(toc_entry(s, *i)->type);
	return type;
}

/* An entry that begins within a frame must be exactly that frame's. */
static int toc_check(const struct sealed *s, size_t *i, const struct scan_frame *f)
{
	uint64_t end = f->off + sizeof(struct disk_frame) + span_left(&f->payload);
	const struct disk_toc_entry *e = toc_entry(s, *i);
	size_t first = *i;

	toc_pass(s, i, end);
	if (*i == first)
		return 0;
	if (*i > first + 1 || get_le64(e->off) != f->off || get_le32(e->type) != f->type ||
	    get_le32(e->len) != span_left(&f->payload))
		return -EBADMSG;
	return 0;
}

int sealed_verify(const struct sealed *s, void (*each)(uint8_t type, uint64_t off, int r, void *arg), void *arg)
{
	uint64_t frames_end = s->frames_end, off = sizeof(struct disk_header);
	_cleanup_(scan_done) struct scan scan;
	struct scan_frame f;
	int n_damaged = 0;
	size_t i = 0;
	int r;

	scan_init(&scan, s->fd, s->id.id, frames_end);
	for (; off < frames_end; off = scan.off) {
		r = scan_next(&scan, &f);
		if (r < 0 && r != -ENODATA)
			return r;
		/* From off to the next frame, or to the end: not a frame. */
		if (r == -ENODATA || f.off > off) {
			each(toc_pass(s, &i, r < 0 ? frames_end : f.off), off, -EBADMSG, arg);
			n_damaged++;
		}
		if (r == -ENODATA)
			break;
		r = toc_check(s, &i, &f);
		each(f.type, f.off, r, arg);
		n_damaged += r < 0;
	}
	return n_damaged;
}
