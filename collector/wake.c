/* wake.c -- see wake.h */
#include "collector/wake.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

int wake_new(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

void wake_up(int fd)
{
	const uint64_t one = 1;

	/* One that is full is awake, too. */
	if (write(fd, &one, sizeof one) < 0)
		return;
}

int wake_clear(int fd)
{
	uint64_t n;

	return read(fd, &n, sizeof n) == (ssize_t)sizeof n;
}
