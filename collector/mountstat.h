/* mountstat.h -- asking mounted file systems for their sizes, without being held up by one that does not answer
 *
 * A file system whose server is gone, of the network or of FUSE, lets those wait who ask it, possibly for ever.
 * Therefore a thread of its own asks, and is waited for only so long. If it is not back by then it is left behind, that
 * mount is not asked again until it is, and the next mount gets a new thread. At most MOUNTSTAT_HUNG_MAX are left
 * behind.
 */
#ifndef COLLECTOR_MOUNTSTAT_H
#define COLLECTOR_MOUNTSTAT_H

#include "collector/procfs.h"

#include <sys/statvfs.h>

enum { MOUNTSTAT_HUNG_MAX = 64 };

struct mountstat;

/* Mount points are looked up below the root of fs. */
int mountstat_new(const struct procfs *fs, struct mountstat **ret);
/* Threads that are left behind free what is theirs when they come back. */
void mountstat_free(struct mountstat *m);
DEFINE_CLEANUP(mountstat, mountstat_free)

/* Asks the mount of that id (of mountinfo) on a mount point, waiting so long. -ETIMEDOUT: it hangs. -EAGAIN: not asked,
 * as too many hang. -ESTALE: something else is mounted there, or above. Otherwise what the kernel said. */
int mountstat_ask(struct mountstat *m, uint64_t id, const char *mount_point, unsigned wait_ms, struct statvfs *ret);

/* Mounts that hang now. */
unsigned mountstat_hung(const struct mountstat *m);

#endif
