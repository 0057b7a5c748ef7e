/* mountpoint.h -- the directory to mount on */
#ifndef FS_MOUNTPOINT_H
#define FS_MOUNTPOINT_H

/* Makes sure that a file system can be mounted on path, and gives its absolute name. A dead FUSE mount, left behind by
 * a daemon that was killed, is taken away. -EBUSY: a store is mounted there and alive. After an error stderr has been
 * told in one line. */
int mountpoint_prepare(const char *path, char **ret);

#endif
