/* check_points.h -- checks of custom series: files, logs, drops
 *
 * Part of verify.
 */
#ifndef STORE_CHECK_POINTS_H
#define STORE_CHECK_POINTS_H

#include "store/check.h"

/* Every page and series of every file, every batch and drop of the logs, that numbers ascend, and the file of drops. A
 * store without points is right. -ENOMEM, -EIO. */
int check_points(struct check *c, int store_fd, uint64_t store_id);

#endif
