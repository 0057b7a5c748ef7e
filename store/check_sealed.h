/* check_sealed.h -- checks of a sealed file as such: header, frames, table of contents, footer
 *
 * Part of verify.
 */
#ifndef STORE_CHECK_SEALED_H
#define STORE_CHECK_SEALED_H

#include "store/check.h"
#include "store/sealed.h"

/* Checks every frame, and that the header says what id does (kind, store, hour, part). ret: the open file; NULL if it
 * is so damaged, or so new, that its frames cannot be told apart. ret_n_groups: frames of groups that are whole.
 * -ENOENT, -ENOMEM, -EIO. */
int check_sealed(struct check *c, int dirfd, const char *name, const struct file_id *id, struct sealed **ret,
    uint32_t *ret_n_groups);

/* That the header of a file says what its name does. expected->store_id 0: not known. */
void check_sealed_header(struct check *c, const struct file_id *expected, const struct file_id *found);

/* What of a log, which was read to its end, is no frames, though frames are behind it. */
void check_sealed_log_damage(struct check *c, const struct log_reader *lr, struct log_recovery *ret);

#endif
