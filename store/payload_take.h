/* payload_take.h -- what a segment of the payload log holds is taken in; recovery of the newest one
 *
 * Of payload_load.c.
 */
#ifndef STORE_PAYLOAD_TAKE_H
#define STORE_PAYLOAD_TAKE_H

#include "store/payload_load.h"
#include "store/segment_name.h"

/* Takes in what is in a segment, from an offset on, up to where a whole batch ends: *l->scanned. For who writes, the
 * newest one is opened to be appended to, and what does not count is cut off its end. -ESTALE: that is not the file any
 * more, or there are other ones now; -ERANGE, of one that is written: no frame begins there, and nothing was changed.
 */
int payload_take_segment(const struct payload_load_how *how, struct payload_loaded *l, uint32_t slot, uint64_t from);

/* Something of a segment is damaged. */
void payload_take_damage(struct payload_loaded *l, uint64_t base, uint64_t off);

void payload_take_say(const struct payload_load_how *how, uint64_t base, enum segment_file type, const char *what);

#endif
