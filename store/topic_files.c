/* topic_files.c -- see topic_files.h */
#include "store/topic_files.h"

#include "store/cleanup.h"
#include "store/io.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

/* topics/TOPIC/PARTITION/FILE */
enum { LEVELS_MAX = 3 };

struct walk {
	int dirfd;
	unsigned level;
	const char *path; /* of the directory, within the store */
	int (*each)(const char *name, uint64_t len, void *arg);
	void *arg;
};

static int walk_dir(const struct walk *above, const char *name, const char *path);

static int one_name(const char *name, void *arg)
{
	const struct walk *w = arg;
	char path[PATH_MAX];
	struct io_stat st;

	if (snprintf(path, sizeof path, "%s/%s", w->path, name) >= (int)sizeof path || io_stat(w->dirfd, name, &st) < 0)
		return 0;
	if (!st.is_dir)
		return w->each(path, st.len, w->arg);
	return w->level < LEVELS_MAX ? walk_dir(w, name, path) : 0;
}

static int walk_dir(const struct walk *above, const char *name, const char *path)
{
	_cleanup_(cleanup_io_close) int fd = io_opendir(above->dirfd, name, false);
	struct walk w = {.dirfd = fd, .level = above->level + 1, .path = path, .each = above->each, .arg = above->arg};

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	return io_list(fd, one_name, &w);
}

int topic_files(int store_fd, const char *dir, int (*each)(const char *name, uint64_t len, void *arg), void *arg)
{
	struct walk w = {.dirfd = store_fd, .each = each, .arg = arg};

	return walk_dir(&w, dir, dir);
}
