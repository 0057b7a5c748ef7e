/* parts.h -- the parts of an hour, by the files there are of it
 *
 * Part of recorder.
 */
#ifndef STORE_PARTS_H
#define STORE_PARTS_H

#include <stdint.h>

/* The number of the hour's next part: behind all there are, also those that were put aside as damaged. -EMSGSIZE: there
 * are no more. */
int parts_new(int snapdirfd, int32_t hour, uint32_t *ret);

/* The number behind the last snapshot of a part, whatever it is stored in; 0 if that cannot be read for damage.
 * -ENOENT: there is no such part. */
int parts_next_seq(int snapdirfd, int32_t hour, uint32_t part, uint64_t *ret);

#endif
