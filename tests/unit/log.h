/* log.h -- logs of numbered frames, for the tests of logs */
#ifndef TESTS_UNIT_LOG_H
#define TESTS_UNIT_LOG_H

#include "store/io.h"
#include "store/log.h"
#include "tests/tap.h"

#include <fcntl.h>

enum { HEADER = sizeof(struct disk_header), HEAD = sizeof(struct disk_frame) };

static inline int new_dir(void)
{
	return io_opendir(AT_FDCWD, tap_tmpdir(), false);
}

/* Payload number i, of a length of its own: "<i>:xxxx…". Returns its length. */
static inline size_t payload(unsigned i, uint8_t p[static 64])
{
	int n = snprintf((char *)p, 64, "%u:", i);
	size_t len = (size_t)n + i * 7 % 40;

	memset(p + n, 'a' + (int)(i % 26), len - (size_t)n);
	return len;
}

static inline int append(struct log *l, unsigned i, uint64_t *ret_off)
{
	uint8_t p[64];
	struct span s = span_of(p, payload(i, p));

	return log_append(l, FRAME_SNAPSHOT, &s, 1, ret_off);
}

/* A log "a" of n synced frames 0 to n - 1; off[n] is where the next would be. */
static inline struct log *make(int dir, unsigned n, uint64_t *off)
{
	struct file_id id = {.kind = KIND_WAL, .store_id = 7, .hour = -3, .part = 2, .first_seq = 99};
	struct log *l = NULL;

	if (!ok_r(log_create(dir, "a", &id, SYNC_FDATASYNC, &l)))
		return NULL;
	for (unsigned i = 0; i < n; i++)
		ok_r(append(l, i, &off[i]));
	off[n] = log_len(l);
	ok_r(log_sync(l));
	return l;
}

static inline uint64_t file_len(int dir, const char *name)
{
	struct io_stat st;

	return io_stat(dir, name, &st) < 0 ? UINT64_MAX : st.len;
}

static inline void poke(int dir, uint64_t off, const void *p, size_t len)
{
	_cleanup_(cleanup_io_close) int fd = io_open_write(dir, "a");

	ok_r(io_pwrite(fd, p, len, off));
}

static inline void flip(int dir, uint64_t off)
{
	_cleanup_(cleanup_io_close) int fd = io_open_write(dir, "a");
	uint8_t c = 0;

	eq(io_pread(fd, &c, 1, off), 1);
	c ^= 0x10;
	ok_r(io_pwrite(fd, &c, 1, off));
}

static inline void cut(int dir, uint64_t len)
{
	_cleanup_(cleanup_io_close) int fd = io_open_write(dir, "a");

	ok_r(io_truncate(fd, len));
}

/* The numbers of the frames that were found, in order; a payload that was never written is number -1. */
struct found {
	int n;
	int i[64];
	struct log_recovery rec;
};

static inline int note(uint8_t type, uint64_t off, struct span s, void *arg)
{
	struct found *f = arg;
	uint8_t p[64];
	int i = -1;

	(void)off;
	if (type == FRAME_SNAPSHOT && span_left(&s) > 0)
		for (unsigned k = 0; k < 64 && i < 0; k++)
			if (payload(k, p) == span_left(&s) && memcmp(p, s.p, span_left(&s)) == 0)
				i = (int)k;
	if (f->n < 64)
		f->i[f->n++] = i;
	return 0;
}

static inline int reopen(int dir, struct found *f, struct log **ret)
{
	*f = (struct found){0};
	return log_open(dir, "a", KIND_WAL, SYNC_FSYNC, note, f, &f->rec, ret);
}

static inline void read_all(struct log_reader *lr, struct found *f)
{
	struct span s;
	uint64_t off;
	uint8_t type;
	int r;

	f->n = 0;
	while ((r = log_reader_next(lr, &type, &off, &s)) == 0)
		note(type, off, s, f);
	eq(r, -ENODATA);
	log_reader_damage(lr, &f->rec);
}

/* Whether exactly the frames from..to-1 were found, but for one left out (-1: none). */
static inline bool are(const struct found *f, int from, int to, int without)
{
	int n = 0;

	for (int i = from; i < to; i++)
		if (i != without && (n >= f->n || f->i[n++] != i))
			return false;
	return n == f->n;
}

#endif
