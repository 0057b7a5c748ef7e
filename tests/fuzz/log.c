/* log.c -- fuzzes the reading and the recovery of logs
 *
 * Beside not crashing: the frames found are those that a scan straight from the specification finds; a reader and
 * a recovery find the same; after a recovery nothing is torn, and what is appended is found behind the rest.
 */
#include "store/log.h"
#include "tests/fuzz/frames.h"

#include <fcntl.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What the specification says is in the input, frame by frame. */
struct expected {
	const uint8_t *p;
	size_t len;
	uint64_t file_id;
	size_t off; /* end of the frame before */
	uint64_t n_damaged;
	uint64_t n_frames;
};

static bool valid_at(const struct expected *e, size_t off)
{
	const uint8_t *p = e->p + off;
	uint32_t n;

	if (!head_at(e->p, e->len, off))
		return false;
	n = get_le32(((const struct disk_frame *)p)->len);
	return get_le64(((const struct disk_frame *)p)->check) == XXH3_64bits_withSeed(p + 12, 8 + n, e->file_id + off);
}

/* Offset of the next frame, which is passed; or the input's length, and nothing is. */
static size_t expected_next(struct expected *e)
{
	size_t off = e->off;

	while (off < e->len && !valid_at(e, off))
		off++;
	if (off == e->len)
		return off;
	e->n_damaged += off > e->off;
	e->n_frames++;
	e->off = off + sizeof(struct disk_frame) + get_le32(((const struct disk_frame *)(e->p + off))->len);
	return off;
}

static void compare(struct expected *e, uint8_t type, uint64_t off, struct span s)
{
	size_t at = expected_next(e);

	must(at < e->len && off == at);
	must(type == e->p[off + 16]);
	must(off + sizeof(struct disk_frame) + span_left(&s) == e->off);
	must(span_left(&s) == 0 || memcmp(s.p, e->p + off + sizeof(struct disk_frame), span_left(&s)) == 0);
}

static int each(uint8_t type, uint64_t off, struct span s, void *arg)
{
	compare(arg, type, off, s);
	return 0;
}

static struct expected expect(const uint8_t *p, size_t len)
{
	struct expected e = {.p = p, .len = len, .off = sizeof(struct disk_header)};

	if (len >= e.off)
		e.file_id = get_le64(((const struct disk_header *)p)->id);
	return e;
}

static void read_it(const char *name, const uint8_t *p, size_t len)
{
	_cleanup_(cleanup_log_reader) struct log_reader *lr = NULL;
	struct expected e = expect(p, len);
	struct log_recovery rec;
	uint64_t off, last = 0;
	struct span s;
	uint8_t type;
	int r;

	r = log_reader_open(AT_FDCWD, name, KIND_WAL, &lr);
	must(r == 0 || r == -EBADMSG || r == -EPROTONOSUPPORT || r == -ENODATA);
	if (r < 0)
		return;
	while ((r = log_reader_next(lr, &type, &off, &s)) == 0) {
		compare(&e, type, off, s);
		last = off;
	}
	must(r == -ENODATA);
	must(expected_next(&e) == len);
	log_reader_damage(lr, &rec);
	must(rec.n_damaged == e.n_damaged && rec.n_frames == e.n_frames && rec.n_torn == len - e.off && rec.len == len);
	if (last > 0) {
		log_reader_seek(lr, last);
		must(log_reader_next(lr, &type, &off, &s) == 0 && off == last);
	}
}

static void recover_it(const char *name, int fd, const uint8_t *p, size_t len)
{
	struct expected e = expect(p, len), again = e;
	struct log_recovery rec;
	struct span s = span_of("appended", 8);
	struct log *l = NULL;
	uint64_t off;
	int r;

	r = log_open(AT_FDCWD, name, KIND_WAL, SYNC_NONE, each, &e, &rec, &l);
	if (r < 0) {
		must(lseek(fd, 0, SEEK_END) == (off_t)len);
		return;
	}
	must(expected_next(&e) == len);
	must(rec.n_frames == e.n_frames && rec.n_damaged == e.n_damaged && rec.n_torn == len - e.off &&
	     rec.len == e.off);
	must(lseek(fd, 0, SEEK_END) == (off_t)rec.len && log_len(l) == rec.len);
	log_close(TAKE(l));

	must(log_open(AT_FDCWD, name, KIND_WAL, SYNC_NONE, each, &again, &rec, &l) == 0);
	must(rec.n_torn == 0 && rec.n_frames == e.n_frames && rec.n_damaged == e.n_damaged);
	must(log_append(l, FRAME_SCHEMA, &s, 1, &off) == 0 && off == rec.len);
	log_close(l);
	must(log_open(AT_FDCWD, name, KIND_WAL, SYNC_NONE, NULL, NULL, &rec, &l) == 0);
	must(rec.n_torn == 0 && rec.n_frames == e.n_frames + 1 && rec.n_damaged == e.n_damaged);
	log_close(l);
}

static void try(const uint8_t *p, size_t len)
{
	char name[32];
	int fd = memory_file(p, len, name);

	read_it(name, p, len);
	recover_it(name, fd, p, len);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_(cleanup_free) uint8_t *p = malloc(len + 1);

	must(p);
	memcpy(p, data, len);
	try(p, len);
	repair(p, len);
	try(p, len);
	return 0;
}
