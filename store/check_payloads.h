/* check_payloads.h -- checks of the payload log and its index snapshot
 *
 * Part of verify.
 */
#ifndef STORE_CHECK_PAYLOADS_H
#define STORE_CHECK_PAYLOADS_H

#include "store/check.h"

/* Every frame, record and JSON text of the log, that numbers ascend, and every page of the snapshot. A store without
 * payloads is right. -ENOMEM, -EIO. */
int check_payloads(struct check *c, int store_fd, uint64_t store_id);

#endif
