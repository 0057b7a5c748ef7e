/* point_text.h -- points as lines: time, a tab, value
 *
 * Times as 2026-11-20T03:12:05.123Z, with nine digits where it is no whole millisecond. Values with as few digits as
 * read back to the same bits; NaN (whatever its payload), Infinity and -Infinity. All functions are thread-safe.
 */
#ifndef STORE_POINT_TEXT_H
#define STORE_POINT_TEXT_H

#include "store/bytes.h"

enum {
	POINT_TIME_LEN = 24,      /* of a whole millisecond */
	POINT_TIME_FINE_LEN = 30, /* of another */
	POINT_VALUE_MAX = 32,
};

/* Length of a value's text; fast for integers and short decimals. */
unsigned point_text_value_len(uint64_t bits);
/* The text itself, without a NUL; the room must be there. Returns its length. */
unsigned point_text_put_value(char *ret, uint64_t bits);
/* Likewise of a time. */
unsigned point_text_put_time(char *ret, int64_t ns);

/* Sum of the values' lengths. */
uint64_t point_text_values_len(const uint64_t *bits, size_t n);

/* Appends lines. */
void point_text_put(struct buf *out, const int64_t *ns, const uint64_t *bits, size_t n);

#endif
