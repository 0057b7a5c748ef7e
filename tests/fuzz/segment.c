/* segment.c -- fuzzes the reading and the recovery of segments
 *
 * What is read before a recovery is read after it; offsets ascend; what is appended then is found behind the rest.
 */
#include "store/segment.h"

#include "store/io.h"
#include "store/segment_scan.h"
#include "tests/fuzz/frames.h"

#include <fcntl.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char name[] = "00000000000000000000.log";
static char path[] = "/dev/shm/histfs-fuzz-XXXXXX";
static int dir = -1;

static void remove_all(void)
{
	(void)unlinkat(dir, name, 0);
	(void)segment_index_remove(dir, 0);
	(void)rmdir(path);
}

static void write_file(const uint8_t *p, size_t len)
{
	int fd;

	if (dir < 0) {
		must(mkdtemp(path));
		dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		atexit(remove_all);
	}
	must(segment_index_remove(dir, 0) == 0);
	fd = openat(dir, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	must(fd >= 0 && write(fd, p, len) == (ssize_t)len);
	close(fd);
}

/* Number of messages, and a sum over all of them. What a newer version compressed ends it. */
static uint64_t read_all(uint64_t *ret_sum, bool *ret_newer)
{
	_cleanup_(segment_scan_done) struct segment_scan s;
	uint64_t n = 0, sum = 0, last = 0;
	struct message m;
	int r = segment_scan_open(&s, dir, 0);

	while (r == 0 && (r = segment_scan_next(&s, &m)) == 0) {
		must(n == 0 || m.offset > last);
		last = m.offset;
		sum = sum * 31 + XXH3_64bits(m.value.p, span_left(&m.value)) + m.offset;
		n++;
	}
	must(r == -ENODATA || r == -EBADMSG || r == -EPROTONOSUPPORT);
	*ret_sum = sum;
	*ret_newer = r == -EPROTONOSUPPORT;
	return n;
}

static void append_one(struct segment *s, uint64_t offset)
{
	struct {
		struct disk_batch head;
		uint8_t dir[5];
	} d = {.dir = {0, 0, 0, 0, 2}};
	struct batch_head h = {.first_offset = offset, .last_offset = offset, .n = 1, .dir_len = 5, .raw_len = 1};

	must(segment_append(s, dir, &h, &d, span_of("x", 1)) == 0);
}

static void try(const uint8_t *p, size_t len)
{
	const struct segment_owner owner = {.store_id = 1, .number = 1};
	_cleanup_(cleanup_segment) struct segment *s = NULL;
	struct segment_found found;
	uint64_t before, after, n;
	bool newer;
	int r;

	write_file(p, len);
	n = read_all(&before, &newer);
	r = segment_open(dir, &owner, 0, SYNC_NONE, 4096, &found, &s);
	must(r == 0 || r == -EBADMSG || r == -ENODATA || r == -EPROTONOSUPPORT);
	must(read_all(&after, &newer) == n && before == after);
	if (r < 0 || found.next_offset >= UINT32_MAX)
		return;
	append_one(s, found.next_offset);
	must(segment_finish(s, dir) == 0);
	segment_close(TAKE(s));
	must(read_all(&after, &newer) == n + !newer);
	must(segment_open(dir, &owner, 0, SYNC_NONE, 4096, &found, &s) == 0);
	must(found.closed && found.n_torn == 0 && !found.rebuilt);
}

/* Sets the checks of batches right, and then those around them again. */
static void repair_batches(uint8_t *p, size_t len)
{
	const struct disk_header *h = (const struct disk_header *)p;

	repair(p, len);
	for (size_t off = sizeof *h; off + sizeof(struct disk_frame) + sizeof(struct disk_batch) <= len; off++) {
		struct disk_frame *f = (struct disk_frame *)(p + off);
		struct disk_batch *d = (struct disk_batch *)(f + 1);

		if (!head_at(p, len, off) || get_le32(f->len) < sizeof *d ||
		    get_le32(d->dir_len) > get_le32(f->len) - sizeof *d)
			continue;
		d->check = put_le64(XXH3_64bits_withSeed(
		    &d->first_offset, sizeof *d - sizeof d->check + get_le32(d->dir_len), get_le64(h->id) - off));
	}
	repair(p, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_(cleanup_free) uint8_t *p = malloc(len + 1);

	must(p);
	memcpy(p, data, len);
	try(p, len);
	repair_batches(p, len);
	try(p, len);
	return 0;
}
