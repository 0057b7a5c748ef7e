/* disk.h -- a store on a disk that fails, for crash tests: a new one, and the same after a power cut */
#ifndef TESTS_CRASH_DISK_H
#define TESTS_CRASH_DISK_H

#include "store/io.h"
#include "tests/faultio.h"
#include "tests/tap.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <unistd.h>

static inline int disk_remove_one(const char *name, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(name);
}

/* A new disk, with an empty directory for a store on it: its path goes to path (of the one before, which is removed, or
 * empty), its descriptor to *fd, closing the one before (below 0: none). */
static inline void disk_begin(const char *disk, char path[static 4200], int *fd)
{
	static unsigned n;

	if (*path)
		nftw(path, disk_remove_one, 16, FTW_DEPTH | FTW_PHYS);
	faultio_begin(disk, 1);
	snprintf(path, 4200, "%s/store%u", disk, n++);
	if (*fd >= 0)
		close(*fd);
	*fd = io_opendir(AT_FDCWD, path, true);
	ok(*fd >= 0);
}

/* Only the disk's own directory is still the one that was open. */
static inline void disk_cut_power(const char *path, int *fd, uint64_t seed)
{
	faultio_crash(seed);
	close(*fd);
	*fd = io_opendir(AT_FDCWD, path, true);
	ok(*fd >= 0);
}

#endif
