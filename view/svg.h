/* svg.h -- what the tree's pictures have in common: one look, in light and in dark, and text that stays well-formed */
#ifndef VIEW_SVG_H
#define VIEW_SVG_H

#include "store/bytes.h"

/* Begins a picture: its background, and classes for what is in it: t text, d text that matters less, m text of one
 * width, x lines of axes; css, light and dark add to them, light and dark for when the viewer prefers that. */
void svg_begin(struct buf *out, unsigned width, unsigned height, const char *css, const char *light, const char *dark);
void svg_end(struct buf *out);

/* Text that may be anything, as XML allows it: what is not UTF-8, or no character that may be in XML, becomes U+FFFD.
 */
void svg_put_text(struct buf *out, const char *s, size_t len);

#endif
