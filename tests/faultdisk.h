/* faultdisk.h -- what faultio.c's disk would have if the power went now; the model is explained in faultio.h
 *
 * For faultio.c alone, which tells what it has done to the real files, right after it did.
 */
#ifndef TESTS_FAULTDISK_H
#define TESTS_FAULTDISK_H

#include <stddef.h>
#include <stdint.h>

/* What is in the directory at path is durable. */
void faultdisk_begin(const char *path);

/* Makes of the directory what the seed makes of what is pending; that is durable. */
void faultdisk_crash(uint64_t seed);

/* fd is a new file or directory called name. */
void faultdisk_created(int dirfd, const char *name, int fd);

/* to: NULL if it was removed. */
void faultdisk_renamed(int dirfd, const char *from, const char *to);

void faultdisk_written(int fd, const void *p, size_t len, uint64_t off);
void faultdisk_truncated(int fd, uint64_t len);
void faultdisk_synced(int fd);
void faultdisk_sync_failed(int fd, uint64_t *rnd);
void faultdisk_dir_synced(int dirfd);

#endif
