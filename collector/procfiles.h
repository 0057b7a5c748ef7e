/* procfiles.h -- the state of a source that has nothing but files to keep open */
#ifndef COLLECTOR_PROCFILES_H
#define COLLECTOR_PROCFILES_H

#include "collector/procfs.h"

struct procfiles;

/* Room for n files, none open. */
int procfiles_new(size_t n, struct procfiles **ret);
void procfiles_free(struct procfiles *f);
DEFINE_CLEANUP(procfiles, procfiles_free)

/* For sources whose state this is: what their open does, and their close. */
int procfiles_open(size_t n, void **ret_state);
void procfiles_close(void *state);

/* Reads file i, which is always that of the same path. Valid until file i is read again. */
int procfiles_read(struct procfiles *f, size_t i, struct procfs *fs, const char *path, const char **ret);

#endif
