/* log.c -- see log.h
 *
 * WRITING. A frame is written from where its pieces are, by one call, at the end of what is known to be good; the
 * file's own length is never asked for. What a failed append left behind it is therefore overwritten by the next.
 *
 * RECOVERY. Whatever lies behind the last valid frame was never acknowledged, and is cut. The cut is synced at once:
 * else the old bytes could come back at the next power cut, behind or between frames that were appended and
 * acknowledged since.
 */
#include "store/log.h"
#include "store/io.h"
#include "store/scan.h"

#include <assert.h>

struct log {
	int fd;
	struct file_id id;
	enum sync_mode mode;
	uint64_t len;
	uint64_t synced; /* up to here durable, as the mode says */
	bool broken;     /* a sync failed */
};

struct log_reader {
	struct file_id id;
	struct scan scan;
};

static int log_new(int *fd, const struct file_id *id, enum sync_mode mode, uint64_t len, struct log **ret)
{
	struct log *l = malloc(sizeof *l);

	if (!l)
		return -ENOMEM;
	*l = (struct log){.fd = take_fd(fd), .id = *id, .mode = mode, .len = len, .synced = len};
	*ret = l;
	return 0;
}

void log_close(struct log *l)
{
	if (!l)
		return;
	if (l->fd >= 0)
		io_close(l->fd);
	free(l);
}

static int create(int dirfd, int fd_, const struct file_id *id, enum sync_mode mode, bool durable, struct log **ret)
{
	_cleanup_(cleanup_io_close) int fd = fd_;
	_cleanup_(cleanup_log) struct log *l = NULL;
	struct disk_header h;
	int r;

	file_header_put(id, &h);
	r = io_pwrite(fd, &h, sizeof h, 0);
	if (r == 0 && durable)
		r = io_sync(fd, false);
	if (r == 0 && durable)
		r = io_sync_dir(dirfd);
	if (r == 0)
		r = log_new(&fd, id, mode, sizeof h, &l);
	if (r < 0)
		return r;
	*ret = TAKE(l);
	return 0;
}

static int create_named(
    int dirfd, const char *name, struct file_id *id, enum sync_mode mode, bool durable, struct log **ret)
{
	int fd, r;

	r = io_random(&id->id, sizeof id->id);
	if (r < 0)
		return r;
	fd = io_create(dirfd, name);
	if (fd < 0)
		return fd;
	r = create(dirfd, fd, id, mode, durable, ret);
	if (r < 0)
		(void)io_unlink(dirfd, name); /* what stays is an empty log, or a torn header: nothing */
	return r;
}

int log_create(int dirfd, const char *name, struct file_id *id, enum sync_mode mode, struct log **ret)
{
	return create_named(dirfd, name, id, mode, true, ret);
}

int log_create_derived(int dirfd, const char *name, struct file_id *id, struct log **ret)
{
	return create_named(dirfd, name, id, SYNC_NONE, false, ret);
}

/* -ENODATA: no frame can be in the file, since its header was never made durable. */
static int read_header(int fd, const char *kind, struct file_id *ret)
{
	struct disk_header h;
	struct io_stat st;
	ssize_t n;
	int r;

	n = io_pread(fd, &h, sizeof h, 0);
	if (n < 0)
		return (int)n;
	if ((size_t)n < sizeof h)
		return -ENODATA;
	r = file_header_get(&h, kind, ret);
	if (r != -EBADMSG || file_header_get(&h, NULL, ret) == 0)
		return r;
	/* After a power cut a file may have the size of its header, but not the bytes. */
	r = io_fstat(fd, &st);
	if (r < 0)
		return r;
	return st.len <= sizeof h ? -ENODATA : -EBADMSG;
}

static void found_by(const struct scan *s, struct log_recovery *ret)
{
	*ret = (struct log_recovery){
	    .n_frames = s->n_frames,
	    .len = s->file_len,
	    .n_torn = s->file_len > s->off ? s->file_len - s->off : 0,
	    .n_damaged = s->n_damaged,
	    .damaged_len = s->damaged_len,
	    .damaged_off = s->damaged_off,
	};
}

static int scan_all(int fd, const struct file_id *id, uint64_t from,
    int (*each)(uint8_t, uint64_t, struct span, void *), void *arg, struct log_recovery *ret)
{
	_cleanup_(scan_done) struct scan s;
	struct scan_frame f;
	int r;

	scan_init(&s, fd, id->id, UINT64_MAX);
	scan_seek(&s, from);
	for (;;) {
		r = scan_next(&s, &f);
		if (r < 0)
			break;
		r = each ? each(f.type, f.off, f.payload, arg) : 0;
		if (r < 0)
			return r;
	}
	if (r != -ENODATA)
		return r;
	found_by(&s, ret);
	return 0;
}

/* Frames that a killed writer had not synced have been found and count from now on. */
static int cut_to(int fd, uint64_t len, bool torn, enum sync_mode mode)
{
	int r = torn ? io_truncate(fd, len) : 0;

	return r == 0 && (torn || mode != SYNC_NONE) ? io_sync(fd, false) : r;
}

int log_open(int dirfd, const char *name, const char *kind, enum sync_mode mode,
    int (*each)(uint8_t type, uint64_t off, struct span payload, void *arg), void *arg, struct log_recovery *ret_found,
    struct log **ret)
{
	return log_open_from(dirfd, name, kind, mode, sizeof(struct disk_header), 0, each, arg, ret_found, ret);
}

int log_open_from(int dirfd, const char *name, const char *kind, enum sync_mode mode, uint64_t from, uint64_t keep,
    int (*each)(uint8_t type, uint64_t off, struct span payload, void *arg), void *arg, struct log_recovery *ret_found,
    struct log **ret)
{
	_cleanup_(cleanup_io_close) int fd = io_open_write(dirfd, name);
	struct log_recovery found;
	struct file_id id;
	int r;

	if (fd < 0)
		return fd;
	r = read_header(fd, kind, &id);
	if (r < 0)
		return r;
	r = scan_all(fd, &id, from, each, arg, &found);
	if (r < 0)
		return r;
	found.len -= found.n_torn;
	if (found.len < keep || (from > sizeof(struct disk_header) && found.n_damaged > 0 && found.damaged_off == from))
		return -ERANGE;
	r = cut_to(fd, found.len, found.n_torn > 0, mode);
	if (r < 0)
		return r;
	r = log_new(&fd, &id, mode, found.len, ret);
	if (r < 0)
		return r;
	*ret_found = found;
	return 0;
}

int log_open_at(int dirfd, const char *name, const char *kind, enum sync_mode mode, uint64_t len, struct log **ret)
{
	_cleanup_(cleanup_io_close) int fd = io_open_write(dirfd, name);
	struct file_id id;
	struct io_stat st;
	int r;

	if (fd < 0)
		return fd;
	r = read_header(fd, kind, &id);
	if (r == 0)
		r = io_fstat(fd, &st);
	if (r == 0 && st.len < len)
		r = -ERANGE;
	if (r == 0)
		r = cut_to(fd, len, st.len > len, mode);
	return r < 0 ? r : log_new(&fd, &id, mode, len, ret);
}

int log_append(struct log *l, enum frame_type type, const struct span *pieces, unsigned n, uint64_t *ret_off)
{
	struct iovec v[1 + LOG_PIECES_MAX];
	struct disk_frame h;
	uint64_t len = 0;
	int r;

	assert(n <= LOG_PIECES_MAX && l->fd >= 0);
	if (l->broken)
		return -EIO;
	v[0] = (struct iovec){&h, sizeof h};
	for (unsigned i = 0; i < n; i++) {
		if (span_left(&pieces[i]) > FRAME_LEN_MAX - len)
			return -EMSGSIZE;
		len += span_left(&pieces[i]);
		memcpy(&v[1 + i].iov_base, &pieces[i].p, sizeof v->iov_base);
		v[1 + i].iov_len = span_left(&pieces[i]);
	}
	frame_put_pieces(&h, type, pieces, n, (uint32_t)len, l->id.id, l->len);

	r = io_pwritev(l->fd, v, 1 + n, l->len);
	if (r < 0) {
		(void)io_truncate(l->fd, l->len);
		return r;
	}
	if (ret_off)
		*ret_off = l->len;
	l->len += sizeof h + len;
	return 0;
}

int log_append_frames(struct log *l, struct span frames)
{
	int r;

	assert(l->fd >= 0);
	if (l->broken)
		return -EIO;
	r = io_pwrite(l->fd, frames.p, span_left(&frames), l->len);
	if (r < 0) {
		(void)io_truncate(l->fd, l->len);
		return r;
	}
	l->len += span_left(&frames);
	return 0;
}

int log_sync(struct log *l)
{
	int r;

	if (l->broken)
		return -EIO;
	if (l->mode == SYNC_NONE || l->synced == l->len)
		return 0;
	r = io_sync(l->fd, l->mode == SYNC_FDATASYNC);
	if (r < 0) {
		l->broken = true;
		return r;
	}
	l->synced = l->len;
	return 0;
}

void log_set_mode(struct log *l, enum sync_mode mode)
{
	l->mode = mode;
}

void log_park(struct log *l)
{
	if (l->fd >= 0)
		io_close(take_fd(&l->fd));
}

int log_unpark(struct log *l, int dirfd, const char *name)
{
	_cleanup_(cleanup_io_close) int fd = -1;
	struct file_id id;
	int r;

	if (l->fd >= 0)
		return 0;
	fd = io_open_write(dirfd, name);
	if (fd < 0)
		return fd;
	r = read_header(fd, l->id.kind, &id);
	if (r == 0 && id.id != l->id.id)
		r = -EBADMSG;
	if (r < 0)
		return r == -ENODATA ? -EBADMSG : r;
	l->fd = take_fd(&fd);
	return 0;
}

bool log_synced(const struct log *l)
{
	return l->synced == l->len;
}

uint64_t log_len(const struct log *l)
{
	return l->len;
}

const struct file_id *log_id(const struct log *l)
{
	return &l->id;
}

int log_reader_open(int dirfd, const char *name, const char *kind, struct log_reader **ret)
{
	_cleanup_(cleanup_io_close) int fd = io_open_read(dirfd, name);
	struct log_reader *lr;
	struct file_id id;
	int r;

	if (fd < 0)
		return fd;
	r = read_header(fd, kind, &id);
	if (r < 0)
		return r;
	lr = malloc(sizeof *lr);
	if (!lr)
		return -ENOMEM;
	lr->id = id;
	scan_init(&lr->scan, take_fd(&fd), id.id, UINT64_MAX);
	*ret = lr;
	return 0;
}

int log_reader_next(struct log_reader *lr, uint8_t *ret_type, uint64_t *ret_off, struct span *ret_payload)
{
	struct scan_frame f;
	int r = scan_next(&lr->scan, &f);

	if (r < 0)
		return r;
	*ret_type = f.type;
	*ret_off = f.off;
	*ret_payload = f.payload;
	return 0;
}

void log_reader_seek(struct log_reader *lr, uint64_t off)
{
	scan_seek(&lr->scan, off);
}

void log_reader_damage(const struct log_reader *lr, struct log_recovery *ret)
{
	found_by(&lr->scan, ret);
}

const struct file_id *log_reader_id(const struct log_reader *lr)
{
	return &lr->id;
}

int log_reader_fd(const struct log_reader *lr)
{
	return lr->scan.fd;
}

void log_reader_close(struct log_reader *lr)
{
	if (!lr)
		return;
	io_close(lr->scan.fd);
	scan_done(&lr->scan);
	free(lr);
}
