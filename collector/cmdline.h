/* cmdline.h -- reading command lines without being held up by one of them
 *
 * A process's command line lies in its own memory: reading it needs the lock of that memory, and a process that is
 * stuck while holding it (a page fault on a dead network file system) would hang whoever reads. Therefore a thread of
 * its own reads them and is waited for only so long. If it does not come back by then it is left behind with the
 * command line it is stuck at, and the next batch gets a new thread. At most CMDLINES_STUCK_MAX are left behind: after
 * that nothing is read until one of them returns. So all the processes that ever get stuck cost the sampling thread
 * that many times the wait.
 */
#ifndef COLLECTOR_CMDLINE_H
#define COLLECTOR_CMDLINE_H

#include "store/bytes.h"
#include "store/cleanup.h"

enum { CMDLINES_STUCK_MAX = 4 };

struct cmdlines;

struct cmdline_want {
	int fd;          /* of the file; -1 is answered with -EBADF */
	int r;           /* 0 or more: length. -ETIMEDOUT: stuck. -EAGAIN: not begun. Otherwise what reading it said */
	const char *raw; /* as the kernel gives it, NULs between arguments; valid until the next run */
};

/* max: bytes that are read of each. wait_ms: how long a batch is waited for. */
int cmdlines_new(size_t max, unsigned wait_ms, struct cmdlines **ret);
void cmdlines_free(struct cmdlines *c);
DEFINE_CLEANUP(cmdlines, cmdlines_free)

/* Reads all that are wanted. 0, or a negative errno if nothing at all could be done (every r is -EAGAIN then). */
int cmdlines_run(struct cmdlines *c, struct cmdline_want *wants, size_t n);

/* Readers that are stuck now. */
unsigned cmdlines_stuck(const struct cmdlines *c);

#endif
