/* point_scale.h -- doubles as integers: what a program had before it made a double of it (docs/format.md, section 14)
 *
 * Of a counter of milliseconds the seconds are, in one program, n / 1000, in another n * 0.001, which is not always the
 * same double, and microseconds are often n / 1000 / 1000. Which one it was is found out; then the integers tell all
 * bits.
 */
#ifndef STORE_POINT_SCALE_H
#define STORE_POINT_SCALE_H

#include "store/point_values.h"

/* With `digits` decimals: an integer i stands for i / 10^digits, for i * 10^-digits (that is the double nearest to it),
 * or for i / 1000 / 10^(digits - 3). */
enum point_how { POINT_DIVIDED, POINT_MULTIPLIED, POINT_DIVIDED_TWICE, POINT_N_HOWS };
enum { POINT_DIGITS_MAX = 22 }; /* 10^22 is the last power of ten that is a double */

struct point_scale {
	enum point_how how;
	unsigned digits;
};

/* Values that no integer stands for: their places, ascending. */
enum { POINT_VALUES_AN_EXCEPTION = 16 };
struct point_exceptions {
	size_t n;
	uint16_t at[POINT_BLOCK_MAX / POINT_VALUES_AN_EXCEPTION];
};

/* Finds a scale for n values, and the integers. An exception has the integer before it. false: there is none. */
bool point_scale_find(const uint64_t *bits, size_t n, struct point_scale *ret, uint64_t *ret_integers,
    struct point_exceptions *ret_exceptions);

/* Whether a scale from a file is one. */
bool point_scale_valid(struct point_scale s);
/* Makes values of integers, in place. */
void point_scale_apply(struct point_scale s, uint64_t *v, size_t n);

#endif
