/* topic_files.h -- what files a directory of a store has, as that of its topics, for who counts bytes */
#ifndef STORE_TOPIC_FILES_H
#define STORE_TOPIC_FILES_H

#include <stdint.h>

/* Calls each(name within the store, length, arg) for every file below the directory of that name, in no order; stops at
 * the first value that is not 0, and returns it. A store without it has none; what goes away meanwhile is left out. */
int topic_files(int store_fd, const char *dir, int (*each)(const char *name, uint64_t len, void *arg), void *arg);

#endif
