/* frames.h -- for fuzzers of files made of frames: input as a file, and checks made right
 *
 * A fuzzer does not guess a checksum. So each input is tried twice: as it is, and with the checks of the header and of
 * everything that looks like a frame set to what they should be, which lets the lengths and payloads through to what is
 * behind the checks.
 */
#ifndef TESTS_FUZZ_FRAMES_H
#define TESTS_FUZZ_FRAMES_H

#include "store/frame.h"
#include "tests/fuzz/must.h"

#include <sys/mman.h>
#include <unistd.h>
#include <xxhash.h>

/* A file in memory that holds the bytes; its path goes to name. */
static inline int memory_file(const uint8_t *p, size_t len, char name[static 32])
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	must(fd >= 0);
	must(write(fd, p, len) == (ssize_t)len);
	snprintf(name, 32, "/proc/self/fd/%d", fd);
	return fd;
}

/* Whether a head lies at off, and its frame ends within the input. */
static inline bool head_at(const uint8_t *p, size_t len, size_t off)
{
	const struct disk_frame *h = (const struct disk_frame *)(p + off);

	return len - off >= sizeof *h && frame_head_valid(h) && get_le32(h->len) <= len - off - sizeof *h;
}

static inline void repair(uint8_t *p, size_t len)
{
	struct disk_header h;
	size_t off = sizeof h;

	if (len < sizeof h)
		return;
	memcpy(&h, p, sizeof h);
	memcpy(h.magic, FILE_MAGIC, sizeof h.magic);
	h.check = put_le64(XXH3_64bits_withSeed(&h, offsetof(struct disk_header, check), 0));
	memcpy(p, &h, sizeof h);
	while (off < len) {
		struct disk_frame *f = (struct disk_frame *)(p + off);
		uint32_t n;

		if (!head_at(p, len, off)) {
			off++;
			continue;
		}
		n = get_le32(f->len);
		frame_put(f, (enum frame_type)f->type, n, get_le64(h.id), off);
		off += sizeof *f + n;
	}
}

/* Makes the footer one, wherever it says that the table of contents is. */
static inline void repair_footer(uint8_t *p, size_t len)
{
	const struct disk_header *h = (const struct disk_header *)p;
	struct disk_footer f;

	if (len < sizeof *h + sizeof f)
		return;
	memcpy(&f, p + len - sizeof f, sizeof f);
	f.file_len = put_le64(len);
	memcpy(f.magic, SEAL_MAGIC, sizeof f.magic);
	f.check = put_le64(XXH3_64bits_withSeed(&f, offsetof(struct disk_footer, check), get_le64(h->id)));
	memcpy(p + len - sizeof f, &f, sizeof f);
}

#endif
