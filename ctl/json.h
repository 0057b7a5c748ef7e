/* json.h -- JSON texts: values taken off the front one after another, and strings written
 *
 * Strings may have bytes that are not UTF-8, as some programs write them; they are taken as they are. Results: -EBADMSG
 * if what is asked for is not there.
 */
#ifndef CTL_JSON_H
#define CTL_JSON_H

#include "store/bytes.h"

/* First character of the next value, bracket or comma; 0: nothing but blanks is left. */
char json_peek(struct span *in);

/* Takes an opening bracket, a colon, … */
int json_take(struct span *in, char c);
/* Whether there is one more member or element: takes the comma in front of it, or what closes. *n counts, from 0. 1:
 * there is; 0: that was all. */
int json_more(struct span *in, char close, size_t *n);

/* A string's bytes, appended; a surrogate without its other half becomes U+FFFD. */
int json_string(struct span *in, struct buf *out);
int json_integer(struct span *in, int64_t *ret);
/* Any value; *ret, if not NULL: its text. */
int json_skip(struct span *in, struct span *ret);

bool json_is_utf8(struct span s);
/* Appends a string with its quotes, escaped as kcat does; what is not UTF-8 becomes U+FFFD. */
void json_put_string(struct buf *out, struct span s);

#endif
