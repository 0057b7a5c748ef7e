/* config.c -- fuzz target: the configuration file
 *
 * Beside not crashing: what is taken is within the documented limits; what is refused is told in one line that begins
 * with the file's name.
 */
#include "collector/config.h"
#include "tests/fuzz/must.h"

#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_(cleanup_config) struct config *c = NULL;
	_cleanup_(cleanup_close) int fd = memfd_create("histd.conf", MFD_CLOEXEC);
	char path[64], error[CONFIG_ERROR_MAX];

	must(fd >= 0 && write(fd, data, len) == (ssize_t)len);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (config_load(path, &c, error) < 0) {
		must(strncmp(error, path, strlen(path)) == 0 && !strchr(error, '\n'));
		return 0;
	}
	must(c->interval_ms >= 100 && c->interval_ms <= 600000);
	must(c->cmdline_max >= 16 && c->cmdline_max <= 1000000);
	must(c->sync_every >= 1 && c->seal_level <= 22 && c->retention_age_ms <= INT64_MAX);
	must(*c->store && *c->root && (c->redact != NULL) == c->redact_on);
	return 0;
}
