/* pidfiles.h -- the files of each process below /proc, kept open from tick to tick
 *
 * Opening a file of /proc costs more than reading it, so the files of a process stay open while it lives and each is
 * read with one pread. The number of files kept is bounded: each holds a page of kernel memory. Beyond the bound files
 * are opened, read and closed. All files of a process are opened through one directory, which belongs to that process
 * and not to its number: they can never show another process that was given the same number later. One thread.
 */
#ifndef COLLECTOR_PIDFILES_H
#define COLLECTOR_PIDFILES_H

#include "collector/procfs.h"

enum pidfile {
	PIDFILE_STAT,
	PIDFILE_STATUS,
	PIDFILE_IO,
	PIDFILE_SCHEDSTAT,
	PIDFILE_STATM,
	PIDFILE_CMDLINE,
	PIDFILE_N_KEPT,
	/* Those that are read too seldom to be kept open. */
	PIDFILE_CGROUP = PIDFILE_N_KEPT,
	PIDFILE_WCHAN,
	PIDFILE_OOM_SCORE,
	PIDFILE_OOM_SCORE_ADJ,
	PIDFILE_SMAPS_ROLLUP,
	PIDFILE_N
};

/* The files of one process. */
struct pidset {
	int pid;
	int dirfd; /* while files are being opened; -1 otherwise */
	int fd[PIDFILE_N];
};

enum {
	PIDFILES_KEPT_MAX = 4096, /* files kept open; about 5 KB of kernel memory each */
	PIDFILES_RESERVED = 256,  /* of the limit, for the rest of the program */
	PIDFILES_FDS_MAX = 4096,  /* descriptors that are counted one by one */
};

struct pidfiles;

int pidfiles_new(struct procfs *fs, struct pidfiles **ret);
/* All sets must be done before. */
void pidfiles_free(struct pidfiles *pf);
DEFINE_CLEANUP(pidfiles, pidfiles_free)

/* The numbers of the processes there are now, ascending. Valid until the next call. */
int pidfiles_list(struct pidfiles *pf, const int **ret_pids, size_t *ret_n);

/* How many processes may have their files open at a time, whether they are kept or not. At least 1. */
unsigned pidfiles_batch(const struct pidfiles *pf);

void pidset_init(struct pidset *s, int pid);
/* Closes everything. */
void pidset_done(struct pidfiles *pf, struct pidset *s);

/* Reads one file whole. The text is NUL-terminated and valid until the next read of any set. -ESRCH: the process is
 * gone. Other errors: this file cannot be read; where the kernel has no such file, or does not let us, it is not tried
 * again for this set. */
int pidset_read(struct pidfiles *pf, struct pidset *s, enum pidfile which, const char **ret, size_t *ret_len);

/* How many descriptors the process has open. -ESRCH: it is gone. Other errors: that cannot be known; -E2BIG: as there
 * are more than PIDFILES_FDS_MAX, which a kernel before 6.2 would have to list. */
int pidset_count_fds(struct pidfiles *pf, struct pidset *s, uint64_t *ret);

/* A descriptor of the file for somebody who reads it himself, until pidset_settle. Errors as above. */
int pidset_fd(struct pidfiles *pf, struct pidset *s, enum pidfile which);

/* Ends the reading of a set in this tick: closes the directory and, where too many files are kept, the set's files. */
void pidset_settle(struct pidfiles *pf, struct pidset *s);

#endif
