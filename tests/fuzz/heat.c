/* heat.c -- fuzzes the reading of sidecars, with all checks made right */
#include "store/sidecar.h"
#include "tests/fuzz/frames.h"

#include <fcntl.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void try(const uint8_t *p, size_t len)
{
	_cleanup_(cleanup_free) struct disk_heat *heat = NULL;
	struct heat_sum sum;
	uint32_t n = 0;
	char name[32];
	int fd = memory_file(p, len, name), r = sidecar_read(AT_FDCWD, name, &heat, &n);

	must(r == 0 || r == -EBADMSG || r == -EPROTONOSUPPORT);
	must(r < 0 || n * sizeof *heat < len);
	r = sidecar_read_sum(AT_FDCWD, name, &sum);
	must(r == 0 || r == -EBADMSG || r == -ENODATA || r == -EPROTONOSUPPORT);
	close(fd);
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
