/* payload_name.h -- a payload's key as the name of a file, and back (docs/format.md, section 12)
 *
 * Two keys have the same name if and only if they are the same. Names are legal wherever a name can be.
 */
#ifndef STORE_PAYLOAD_NAME_H
#define STORE_PAYLOAD_NAME_H

#include "store/payloads.h"

enum { PAYLOAD_NAME_MAX = 240 };

/* Appends the name: 1 to PAYLOAD_NAME_MAX bytes. */
void payload_name_put(struct buf *out, const struct payload_key *key);

/* What a name says: its key or, where the name was cut, the key's hash. */
struct payload_name {
	bool cut;
	struct payload_key key; /* a string is in bytes */
	uint64_t low, high;
	uint8_t bytes[PAYLOAD_KEY_MAX];
};
/* -ENOENT: no key has that name. Of one that was cut this is known only when its key is found. */
int payload_name_parse(const char *name, size_t len, struct payload_name *ret);

/* A copy of a key, for use when what it came with is gone. */
void payload_name_keep(struct payload_name *ret, const struct payload_key *key);

/* A key as a person writes it: a decimal number without leading zeros, below 2^64, is that number, unless as_string;
 * anything else a string. -EINVAL: it is empty or too long. Borrows text. */
int payload_name_typed(const char *text, bool as_string, struct payload_key *ret);

#endif
