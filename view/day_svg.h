/* day_svg.h -- a day as a picture: /heatmap/DAY.svg
 *
 * One file without scripts and outside references, in light and dark. Empty lines fill it up to a length that depends
 * on the measures alone, so that its size is known without drawing it.
 */
#ifndef VIEW_DAY_SVG_H
#define VIEW_DAY_SVG_H

#include "view/day.h"

/* known: bit k is set if measure k is known in some entry of the day. */
uint64_t day_svg_len(uint32_t known);
/* -EMSGSIZE (in out->err): longer than that, which cannot be. */
void day_svg_draw(const struct day *d, uint32_t known, struct buf *out);

#endif
