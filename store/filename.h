/* filename.h -- bytes as the name of a file, and back: escapes, and names that are too long
 *
 * Bytes below 32, 127 and % / , \ are written as % and two upper-case hexadecimal digits. What is too long is cut, and
 * a hash stands for the rest. All functions are thread-safe.
 */
#ifndef STORE_FILENAME_H
#define STORE_FILENAME_H

#include "store/bytes.h"

enum { FILENAME_ESCAPE_LEN = 3, FILENAME_HASH_LEN = 32 };

/* The byte as %XX. */
void filename_put_escape(struct buf *out, uint8_t c);

/* Appends bytes with escapes; also: further characters that are written so. */
void filename_put_escaped(struct buf *out, const char *s, size_t len, const char *also);

/* The bytes that text with escapes stands for, into ret, which has room for len. false: a % is none of an escape. */
bool filename_unescape(const char *s, size_t len, uint8_t *ret, size_t *ret_len);

/* Cuts what out has from start on, if it is longer than max: what is kept, cutting no character of UTF-8 and no escape,
 * then %~ and the hash, the high half first, which together are max or a few bytes fewer. No other name has "%~". */
void filename_cut(struct buf *out, size_t start, size_t max, uint64_t high, uint64_t low);

/* Whether a name was cut to max, and the hash in it. */
bool filename_parse_cut(const char *name, size_t len, size_t max, uint64_t *ret_high, uint64_t *ret_low);

#endif
