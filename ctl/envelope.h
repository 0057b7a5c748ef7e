/* envelope.h -- messages as lines of JSON, as kcat -J writes them
 *
 *   {"topic":"t","partition":0,"offset":7,"tstype":"create","ts":1795144325000,"broker":-1,"headers":["n","v"],
 *    "key":null,"payload":"…"}
 *
 * Bytes that are not UTF-8 cannot be told in JSON. A key or payload that has such is followed by "key_base64" or
 * "payload_base64", headers by "headers_base64", which are exact and count when they are read; in the strings before
 * them it is U+FFFD. kcat writes such bytes as they are: they are read as they are, too.
 */
#ifndef CTL_ENVELOPE_H
#define CTL_ENVELOPE_H

#include "client/histfs.h"
#include "store/cleanup.h"
#include "store/message.h"

void envelope_put(struct buf *out, const char *topic, uint32_t partition, const struct message *m);

/* What a line says; zeroed is empty, and used again for the next line. */
struct envelope {
	int64_t partition; /* -1: not said */
	struct histfs_message message;

	struct buf key, payload;
	struct buf texts;   /* of headers */
	struct buf headers; /* struct histfs_header */
};

/* A line. What message points to is the envelope's, until the next one is parsed. Of "key" and "payload", a value that
 * is no string is taken as its text; members that are not known are passed over. "headers" may be an object, too, with
 * strings or lists of them. -EBADMSG: this is no envelope. */
int envelope_parse(struct envelope *e, struct span line);
void envelope_done(struct envelope *e);

#endif
