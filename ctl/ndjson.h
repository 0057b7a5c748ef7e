/* ndjson.h -- a document as a line of JSON, which says exactly what it is
 *
 *   {"key":"deploy","value":{"version": 42}}       the value's text as it was put
 *   {"key":7,"value_text":"[\n1]"}                 where it has more than one line, or blanks around it
 *   {"key":"logo","value_base64":"iVBORw=="}       raw
 *   {"key_base64":"/w==","value":null}             a key that is not UTF-8
 */
#ifndef CTL_NDJSON_H
#define CTL_NDJSON_H

#include "store/payloads.h"

/* Appends the line, with its newline. */
void ndjson_put(struct buf *out, const struct payload_key *key, struct span value, bool raw);

struct ndjson {
	struct payload_put put; /* borrows the line and the two below, until the next is parsed */
	struct buf key, value;
	size_t at; /* of an error: the byte of the line, from 0, and what is wrong with it */
	const char *why;
};
/* -EBADMSG: it is no such line. */
int ndjson_parse(struct ndjson *n, struct span line);
void ndjson_done(struct ndjson *n);

#endif
