/* twofiles.h -- for fuzzers of a log and a sealed file beside it, in a folder of a store
 *
 * Input: length of the log (4 bytes), the log, the other file. It is tried as it is, and with all checks made right.
 */
#ifndef TESTS_FUZZ_TWOFILES_H
#define TESTS_FUZZ_TWOFILES_H

#include "store/bytes.h"
#include "store/io.h"
#include "tests/fuzz/frames.h"

#include <fcntl.h>
#include <sys/stat.h>

struct twofiles {
	const char *folder, *log, *other; /* names; the files' with the folder's */
	void (*try)(int store_fd);
};

static char twofiles_dir[64];

static inline void twofiles_remove_dir(void)
{
	(void)rmdir(twofiles_dir);
}

static inline void twofiles_write(int top, const char *name, const uint8_t *p, size_t len)
{
	int fd = openat(top, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	must(fd >= 0 && write(fd, p, len) == (ssize_t)len);
	close(fd);
}

static inline int twofiles_remove_one(const char *name, void *arg)
{
	return io_unlink(*(int *)arg, name);
}

static inline void twofiles_try(
    const struct twofiles *how, int top, const uint8_t *log, size_t log_len, const uint8_t *other, size_t other_len)
{
	int fd;

	must(mkdirat(top, how->folder, 0700) == 0);
	twofiles_write(top, how->log, log, log_len);
	twofiles_write(top, how->other, other, other_len);
	how->try(top);
	fd = io_opendir(top, how->folder, false);
	must(fd >= 0 && io_list(fd, twofiles_remove_one, &fd) == 0);
	io_close(fd);
	must(unlinkat(top, how->folder, AT_REMOVEDIR) == 0);
}

static inline void twofiles_run(const struct twofiles *how, const uint8_t *data, size_t len)
{
	size_t log_len;
	uint8_t *p;
	int top;

	if (len < sizeof(le32))
		return;
	log_len = get_le32(*(const le32 *)data);
	data += sizeof(le32);
	len -= sizeof(le32);
	if (log_len > len)
		log_len = len;
	if (!*twofiles_dir) {
		strcpy(twofiles_dir, "/dev/shm/histfs-fuzz-XXXXXX");
		if (!mkdtemp(twofiles_dir))
			must(mkdtemp(strcpy(twofiles_dir, "/tmp/histfs-fuzz-XXXXXX")));
		must(atexit(twofiles_remove_dir) == 0);
	}
	p = malloc(len + 1);
	must(p);
	memcpy(p, data, len);
	top = open(twofiles_dir, O_RDONLY | O_DIRECTORY);
	must(top >= 0);
	twofiles_try(how, top, p, log_len, p + log_len, len - log_len);
	repair(p, log_len);
	repair(p + log_len, len - log_len);
	repair_footer(p + log_len, len - log_len);
	twofiles_try(how, top, p, log_len, p + log_len, len - log_len);
	close(top);
	free(p);
}

#endif
