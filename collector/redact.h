/* redact.h -- blanking secrets in command lines and queries before they are stored
 *
 * What is known to be a secret becomes "***": the value of password=…, passwd, secret, token and their like (also
 * PGPASSWORD=… and "password": "…"), the argument after --password, the literal after PASSWORD in SQL, the password in
 * a URL; and what the patterns of the configuration match. It is better to blank too much than too little. A struct
 * redact is immutable: any number of threads may use it.
 */
#ifndef COLLECTOR_REDACT_H
#define COLLECTOR_REDACT_H

#include "store/bytes.h"
#include "store/cleanup.h"

struct redact;

/* patterns: n extended regular expressions (regex(7)), not sensitive to case; the first parenthesised part of a match
 * is blanked, or all of it if there is none. -EINVAL: one cannot be understood; *ret_bad (if not NULL) is its number.
 */
int redact_new(const char *const *patterns, size_t n, size_t *ret_bad, struct redact **ret);
void redact_free(struct redact *rd);
DEFINE_CLEANUP(redact, redact_free)

/* Appends the text, redacted. NULs separate arguments, as the kernel gives them, and stay. */
void redact_put(const struct redact *rd, const char *text, size_t len, struct buf *out);

#endif
