/* day_text.h -- a day as a strip for a terminal: /heatmap/DAY.txt
 *
 * Lines of 80 characters that any terminal has, filled up with blanks, and as many as the measures that are known ask
 * for: its size is known without drawing it.
 */
#ifndef VIEW_DAY_TEXT_H
#define VIEW_DAY_TEXT_H

#include "view/day.h"

/* known: bit k is set if measure k is known in some entry of the day. */
uint64_t day_text_len(uint32_t known);
void day_text_draw(const struct day *d, uint32_t known, struct buf *out);

#endif
