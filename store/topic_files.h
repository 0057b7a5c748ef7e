/* topic_files.h -- what files the topics of a store have, for who counts bytes */
#ifndef STORE_TOPIC_FILES_H
#define STORE_TOPIC_FILES_H

#include <stdint.h>

/* Calls each(name within the store, length, arg) for every file below the topics' directory, in no order; stops at the
 * first value that is not 0, and returns it. A store without topics has none; what goes away meanwhile is left out. */
int topic_files(int store_fd, int (*each)(const char *name, uint64_t len, void *arg), void *arg);

#endif
