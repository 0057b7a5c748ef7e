/* decimal.h -- numbers in texts that need not end in a NUL
 *
 * Each takes a number off the front of the bytes up to end, and returns what is behind it; NULL: there is none.
 */
#ifndef COLLECTOR_DECIMAL_H
#define COLLECTOR_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>

static inline bool decimal_is_digit(uint8_t c)
{
	return (uint8_t)(c - '0') < 10;
}

/* [+-]digits[.digits][e[+-]digits], with a digit before or behind the point: the nearest double; infinite if it is too
 * large. */
const uint8_t *decimal_take(const uint8_t *p, const uint8_t *end, double *ret);

/* [+-]digits. NULL, too: beyond 64 bits. */
const uint8_t *decimal_take_i64(const uint8_t *p, const uint8_t *end, int64_t *ret);

/* A time, in units of ns_per_unit nanoseconds (a power of ten, 1 s at most); fraction: it may have one, of which
 * nanoseconds are kept, and an exponent, with which it has 399 bytes at most. It never goes by way of a double. NULL,
 * too: beyond 64 bits of nanoseconds. */
const uint8_t *decimal_take_time(
    const uint8_t *p, const uint8_t *end, int64_t ns_per_unit, bool fraction, int64_t *ret_ns);

#endif
