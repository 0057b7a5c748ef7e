/* line.h -- taking a line of a /proc text apart
 *
 * Texts end in a NUL, their lines in '\n'. Where a text was cut, a NUL stands in the place of a blank or of the '\n':
 * therefore a number or a word counts only with a blank or '\n' behind it, and a line only with its '\n', so that what
 * is left of a cut number is never taken for a number. What takes nothing leaves *p where it was.
 */
#ifndef COLLECTOR_LINE_H
#define COLLECTOR_LINE_H

#include "collector/procfs.h"

/* Skips blanks and takes a number. */
bool line_u64(const char **p, uint64_t *ret);
bool line_i64(const char **p, int64_t *ret);

/* Skips blanks and takes a word. */
bool line_word(const char **p, const char **ret, size_t *ret_len);

/* Skips blanks and takes what stands before the next colon (blanks included), and the colon; of several colons in the
 * line the first, or the last. */
bool line_before_colon(const char **p, bool last, const char **ret, size_t *ret_len);

/* Whether only blanks are left of the line. */
bool line_ends(const char *p);
/* Whether the line's '\n' is there. */
bool line_whole(const char *p);

/* Takes the numbers at p, at most max; returns how many there are. -EBADMSG if the line is not whole, or if something
 * else than a number is among them. */
int line_numbers(const char **p, uint64_t *ret, unsigned max);

/* Undoes what the kernel makes of blanks in names, \040 and its kind. The result, to be freed, ends in a NUL. -ENOMEM.
 */
int line_unescape(const char *word, size_t len, char **ret);

#endif
