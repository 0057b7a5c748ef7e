/* mountpoint.c -- see mountpoint.h */
#include "fs/mountpoint.h"

#include "store/cleanup.h"

#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>

/* More dead mounts than this on top of each other are not our doing. */
enum { DEAD_MAX = 16 };

/* The absolute name of something that cannot be asked itself: its parent's, and its own. */
static int absolute_by_parent(const char *path, char **ret)
{
	_cleanup_(cleanup_free) char *copy = strdup(path), *dir = NULL;
	const char *name = copy;
	char *slash;

	if (!copy)
		return -ENOMEM;
	for (size_t n = strlen(copy); n > 1 && copy[n - 1] == '/'; n--)
		copy[n - 1] = '\0';
	slash = strrchr(copy, '/');
	if (slash) {
		name = slash + 1;
		*slash = '\0';
	}
	dir = realpath(!slash ? "." : slash == copy ? "/" : copy, NULL);
	if (!dir)
		return -errno;
	return asprintf(ret, "%s/%s", strcmp(dir, "/") == 0 ? "" : dir, name) < 0 ? -ENOMEM : 0;
}

static int absolute(const char *path, char **ret)
{
	char *abs = realpath(path, NULL);

	if (!abs)
		return errno == ENOTCONN ? absolute_by_parent(path, ret) : -errno;
	*ret = abs;
	return 0;
}

/* Undoes the octal escapes of mountinfo. */
static void unescape(char *s)
{
	char *out = s;
	unsigned v;

	for (; *s; s++) {
		if (*s == '\\' && sscanf(s + 1, "%3o", &v) == 1) {
			*out++ = (char)v;
			s += 3;
		} else {
			*out++ = *s;
		}
	}
	*out = '\0';
}

/* Whether what is mounted on top at path is a store: the last line about it counts. */
static int is_store(const char *path, bool *ret)
{
	_cleanup_(cleanup_fclose) FILE *f = fopen("/proc/self/mountinfo", "re");
	_cleanup_(cleanup_free) char *line = NULL;
	size_t cap = 0;

	*ret = false;
	if (!f)
		return -errno;
	while (getline(&line, &cap, f) >= 0) {
		_cleanup_(cleanup_free) char *where = NULL;
		const char *type = strstr(line, " - ");

		if (!type || sscanf(line, "%*s %*s %*s %*s %ms", &where) != 1)
			continue;
		unescape(where);
		if (strcmp(where, path) == 0)
			*ret = strncmp(type + 3, "fuse.histfs ", 12) == 0;
	}
	return ferror(f) ? -EIO : 0;
}

/* As umount -l; users who may not do that themselves are helped by fusermount3. */
static int detach(const char *path)
{
	int status;
	pid_t pid;

	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		return 0;
	if (errno != EPERM)
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		execlp("fusermount3", "fusermount3", "-u", "-z", "--", path, (char *)NULL);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return status == 0 ? 0 : -EPERM;
}

/* statfs always asks the daemon; a stat may still be answered from what the kernel remembers of a dead one. */
static int clear_dead(const char *path)
{
	struct statfs fs;
	int r;

	for (unsigned n = 0; n < DEAD_MAX; n++) {
		if (statfs(path, &fs) == 0)
			return 0;
		if (errno != ENOTCONN)
			return -errno;
		r = detach(path);
		if (r < 0)
			return r;
	}
	return -ENOTCONN;
}

int mountpoint_prepare(const char *path, char **ret)
{
	_cleanup_(cleanup_free) char *abs = NULL;
	bool mounted = false;
	struct stat st;
	int r;

	r = absolute(path, &abs);
	if (r == 0)
		r = clear_dead(abs);
	if (r == 0)
		r = is_store(abs, &mounted);
	if (r == 0 && stat(abs, &st) < 0)
		r = -errno;
	if (r == 0 && !S_ISDIR(st.st_mode))
		r = -ENOTDIR;
	if (r == 0 && mounted) {
		warnx("mount point %s: a store is already mounted there", abs);
		return -EBUSY;
	}
	if (r < 0) {
		warnx("mount point %s: %s", abs ? abs : path, strerror(-r));
		return r;
	}
	*ret = TAKE(abs);
	return 0;
}
