/* heat_text.h -- heat entries as lines of text: what /hour/H/heatmap and /heatmap/DAY.tsv show, byte for byte
 *
 * A header line, then a line an entry: time, seq and the measures, with tabs between; \N for what is not known, a +
 * behind a count that is too large to be kept. HEAT_TEXT_VERSION changes whenever any byte of this changes: lengths are
 * stored in sidecars.
 */
#ifndef STORE_HEAT_TEXT_H
#define STORE_HEAT_TEXT_H

#include "store/format.h"

enum { HEAT_TEXT_VERSION = 1 };

void heat_text_put_header(struct buf *out);
void heat_text_put(struct buf *out, const struct disk_heat *entries, uint32_t n);

/* Lengths of the two, without making them. */
size_t heat_text_header_len(void);
uint64_t heat_text_len(const struct disk_heat *entries, uint32_t n);

#endif
