/* sealed.c -- fuzzes the reading of sealed files
 *
 * Beside not crashing: what is read as a section is the bytes that lie there, behind a frame head of that type.
 */
#include "store/sealed.h"
#include "tests/fuzz/frames.h"

#include <fcntl.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void note(uint8_t type, uint64_t off, int r, void *arg)
{
	uint64_t *last = arg;

	(void)type;
	must(r == 0 || r == -EBADMSG);
	must(off >= *last);
	*last = off;
}

static void check_sections(const struct sealed *s, const uint8_t *p, size_t len)
{
	_cleanup_(buf_done) struct buf b = {0};

	for (int type = 0; type <= UINT8_MAX; type++) {
		uint64_t off;

		for (unsigned nth = 0; sealed_find(s, (enum frame_type)type, nth, &off) == 0; nth++) {
			int r = sealed_read(s, off, (enum frame_type)type, &b);

			must(r == 0 || r == -EBADMSG);
			if (r < 0)
				continue;
			must(off + sizeof(struct disk_frame) + b.len <= len);
			must(p[off + 16] == type);
			must(b.len == 0 || memcmp(b.p, p + off + sizeof(struct disk_frame), b.len) == 0);
		}
	}
}

static void try(const uint8_t *p, size_t len)
{
	_cleanup_(cleanup_sealed) struct sealed *s = NULL, *salvaged = NULL;
	uint64_t last = 0;
	char name[32];
	int fd = memory_file(p, len, name), r;

	r = sealed_salvage(AT_FDCWD, name, NULL, &salvaged);
	must(r == 0 || r == -EBADMSG || r == -EPROTONOSUPPORT);
	if (r == 0)
		check_sections(salvaged, p, len);
	r = sealed_open(AT_FDCWD, name, NULL, &s);
	must(r == 0 || r == -EBADMSG || r == -EPROTONOSUPPORT);
	close(fd);
	if (r < 0)
		return;
	must(salvaged);
	must(sealed_len(s) == len);
	check_sections(s, p, len);
	must(sealed_verify(s, note, &last) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_(cleanup_free) uint8_t *p = malloc(len + 1);

	must(p);
	memcpy(p, data, len);
	try(p, len);
	repair(p, len);
	repair_footer(p, len);
	try(p, len);
	return 0;
}
