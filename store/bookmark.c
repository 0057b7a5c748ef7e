/* bookmark.c -- see bookmark.h
 *
 * FORMAT. A file header and two places, each of which can hold a frame. The frame with the higher number counts.
 *
 * WRITING. Always over the other frame. They lie in different pages: a write that is cut short by the machine's end
 * spoils the frame that it is of, and the other one stays.
 */
#include "store/bookmark.h"

#include "store/frame.h"
#include "store/io.h"

#include <fcntl.h>

enum { N_PLACES = 2, PLACE_LEN = 4096 };

static const char dir_name[] = "bookmarks";

struct bookmark {
	int fd;
	uint64_t id;
	uint64_t number; /* of the frame that counts; 0: there is none */
	struct buf last; /* its payload */
	struct buf frame;
};

static uint64_t place_off(uint64_t number)
{
	return (1 + number % N_PLACES) * PLACE_LEN;
}

static int make_file(struct bookmark *b)
{
	struct file_id id = {.kind = KIND_BOOKMARK};
	struct disk_header h;
	int r = io_random(&id.id, sizeof id.id);

	file_header_put(&id, &h);
	if (r == 0)
		r = io_truncate(b->fd, 0);
	if (r == 0)
		r = io_pwrite(b->fd, &h, sizeof h, 0);
	/* Room for both places, so that later writes change no size. */
	if (r == 0)
		r = io_truncate(b->fd, (1 + N_PLACES) * PLACE_LEN);
	if (r == 0)
		r = io_sync(b->fd, false);
	b->id = id.id;
	return r;
}

/* The frame in that place, if it is valid and newer than what is known. */
static int look_at(struct bookmark *b, uint64_t off)
{
	_cleanup_(buf_done) struct buf payload = {0};
	uint8_t type;
	uint64_t number;
	int r = frame_read(b->fd, b->id, off, off + PLACE_LEN, &type, &payload);

	if (r == -EBADMSG || r == -ENODATA)
		return 0;
	if (r < 0)
		return r;
	if (type != FRAME_BOOKMARK || payload.len < sizeof(le64))
		return 0;
	number = get_le64(*(const le64 *)payload.p);
	if (number <= b->number)
		return 0;
	b->number = number;
	buf_clear(&b->last);
	buf_put(&b->last, payload.p + sizeof(le64), payload.len - sizeof(le64));
	return b->last.err;
}

static int read_file(struct bookmark *b)
{
	struct disk_header h;
	struct file_id id;
	ssize_t n = io_pread(b->fd, &h, sizeof h, 0);
	int r;

	if (n < 0)
		return (int)n;
	r = n == sizeof h ? file_header_get(&h, KIND_BOOKMARK, &id) : -EBADMSG;
	if (r < 0)
		return r;
	b->id = id.id;
	for (unsigned i = 0; i < N_PLACES && r == 0; i++)
		r = look_at(b, place_off(i));
	return r;
}

static int open_in(int dirfd, const char *name, bool lock, struct bookmark **ret)
{
	_cleanup_(cleanup_bookmark) struct bookmark *b = calloc(1, sizeof *b);
	int r;

	if (!b)
		return -ENOMEM;
	b->fd = io_open_write(dirfd, name);
	if (b->fd == -ENOENT)
		b->fd = io_create(dirfd, name);
	if (b->fd < 0)
		return b->fd;
	r = lock ? io_lock(b->fd) : 0;
	if (r == 0)
		r = read_file(b);
	if (r == -EBADMSG)
		r = make_file(b);
	if (r < 0)
		return r;
	*ret = TAKE(b);
	return 0;
}

int bookmark_open_in(int dirfd, const char *name, struct bookmark **ret)
{
	return open_in(dirfd, name, false, ret);
}

int bookmark_open(const char *store, const char *name, struct bookmark **ret)
{
	_cleanup_(cleanup_io_close) int top = io_opendir(AT_FDCWD, store, false), dir = -1;

	if (top < 0)
		return top;
	dir = io_opendir(top, dir_name, true);
	return dir < 0 ? dir : open_in(dir, name, true, ret);
}

int bookmark_read(int dirfd, const char *name, struct buf *ret)
{
	_cleanup_(cleanup_io_close) int fd = io_open_read(dirfd, name);
	struct bookmark b = {.fd = fd};
	int r = fd < 0 ? fd : read_file(&b);

	if (r == 0 && b.number == 0)
		r = -ENODATA;
	if (r == 0)
		buf_put(ret, b.last.p, b.last.len);
	buf_done(&b.last);
	return r < 0 ? r : ret->err;
}

void bookmark_close(struct bookmark *b)
{
	if (b->fd >= 0)
		io_close(b->fd);
	buf_done(&b->last);
	buf_done(&b->frame);
	free(b);
}

int bookmark_get(const struct bookmark *b, const void **ret, size_t *ret_len)
{
	if (b->number == 0)
		return -ENODATA;
	*ret = b->last.p;
	*ret_len = b->last.len;
	return 0;
}

int bookmark_set(struct bookmark *b, const void *p, size_t len)
{
	static const struct disk_frame empty;
	uint64_t number = b->number + 1;
	le64 stored = put_le64(number);
	int r;

	if (len > BOOKMARK_LEN_MAX)
		return -EMSGSIZE;
	buf_clear(&b->frame);
	buf_put(&b->frame, &empty, sizeof empty);
	buf_put(&b->frame, &stored, sizeof stored);
	buf_put(&b->frame, p, len);
	if (b->frame.err < 0)
		return b->frame.err;
	frame_put(
	    (struct disk_frame *)b->frame.p, FRAME_BOOKMARK, (uint32_t)(sizeof stored + len), b->id, place_off(number));
	r = io_pwrite(b->fd, b->frame.p, b->frame.len, place_off(number));
	if (r < 0)
		return r;
	b->number = number;
	buf_clear(&b->last);
	buf_put(&b->last, p, len);
	return b->last.err;
}
