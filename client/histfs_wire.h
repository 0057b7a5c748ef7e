/* histfs_wire.h -- bytes as they cross histd's socket; the library's own (docs/protocol.md) */
#ifndef HISTFS_WIRE_H
#define HISTFS_WIRE_H

#include "client/histfs.h"

#include <stdbool.h>
#include <stdint.h>

/* Output that grows. A failed allocation is remembered, and what comes after it is dropped. */
struct histfs_wire_out {
	uint8_t *p;
	size_t len, cap;
	bool failed;
};

void histfs_wire_put(struct histfs_wire_out *o, const void *p, size_t len);
void histfs_wire_put_varint(struct histfs_wire_out *o, uint64_t x);
void histfs_wire_put_le(struct histfs_wire_out *o, uint64_t x, unsigned n_bytes);
void histfs_wire_put_string(struct histfs_wire_out *o, const char *s);

/* Bytes that are read from their front. The first that are not there is remembered, and all that is read behind is 0.
 */
struct histfs_wire_in {
	const uint8_t *p, *end;
	bool failed;
};

uint64_t histfs_wire_varint(struct histfs_wire_in *in);
uint64_t histfs_wire_le(struct histfs_wire_in *in, unsigned n_bytes);
/* len bytes, or NULL. */
const void *histfs_wire_bytes(struct histfs_wire_in *in, uint64_t len);
int64_t histfs_wire_zigzag(struct histfs_wire_in *in);

/* Messages as a directory and a body (docs/format.md, section 11). now_ms: of those that say no time, if others do; if
 * none does, *ret_first_ms is HISTFS_NOW. -EINVAL: a message makes no sense. */
int histfs_wire_put_messages(struct histfs_wire_out *dir, struct histfs_wire_out *body,
    const struct histfs_message *messages, size_t n, int64_t now_ms, int64_t *ret_first_ms);

/* And back. Room for the messages and their headers grows. */
struct histfs_wire_messages {
	struct histfs_message *v;
	size_t max;
	struct histfs_header *headers;
	size_t n_headers, max_headers;
};
/* -EPROTO: they are not as their directory says; -ENOMEM. */
int histfs_wire_get_messages(struct histfs_wire_messages *m, size_t n, uint64_t first_offset, int64_t first_ms,
    struct histfs_wire_in dir, struct histfs_wire_in body);

#endif
