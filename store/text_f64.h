/* text_f64.h -- a double as text, with as few digits as read back to the same bits
 *
 * 15 significant digits if they read back, else 16, else 17 (subnormal numbers: from one digit on), without zeros at
 * the end of what stands behind the point: as printf's %g has them. "NaN", whatever its payload, "Infinity",
 * "-Infinity". Integers and short decimals are fast. All functions are thread-safe.
 */
#ifndef STORE_TEXT_F64_H
#define STORE_TEXT_F64_H

#include <stdint.h>

enum { TEXT_F64_MAX = 32 };

unsigned text_f64_len(uint64_t bits);
/* The room must be there; returns its end. */
char *text_f64_put(char *out, uint64_t bits);

#endif
