/* payload_record.h -- one put or delete as it lies in a frame, and keys (docs/format.md, section 12)
 *
 * All functions are thread-safe.
 */
#ifndef STORE_PAYLOAD_RECORD_H
#define STORE_PAYLOAD_RECORD_H

#include "store/frame.h"
#include "store/payloads.h"

/* Whether a key is one, its hash, and the 64 bits above these. */
bool payload_record_key_valid(const struct payload_key *key);
uint64_t payload_record_key_hash(const struct payload_key *key);
uint64_t payload_record_key_hash_high(const struct payload_key *key);
bool payload_record_key_equal(const struct payload_key *a, const struct payload_key *b);

/* The first 51 bits of a hash, as ids have them, and the first and last hash that has these. */
uint64_t payload_record_prefix(uint64_t hash);
void payload_record_prefix_range(uint64_t prefix, uint64_t *ret_first, uint64_t *ret_last);
uint64_t payload_record_id(uint64_t hash, uint8_t twin);

/* How a record is written; the rest of it are key and value. */
struct payload_head {
	uint64_t number;
	int64_t time_ms;
	uint64_t before;
	uint64_t jump;
	uint32_t version;
	uint32_t left;
	uint32_t unsynced; /* records before it that were not durable when it was written */
	uint8_t twin;
	bool raw, deletes;
	bool born; /* the key had no value before */
};

/* Length of its frame. */
size_t payload_record_frame_len(const struct payload_put *put);

/* Appends the frame, which will lie at off of the file with that id. */
void payload_record_frame_put(
    struct buf *b, const struct payload_head *h, const struct payload_put *put, uint64_t file_id, uint64_t off);

/* What a frame holds. Everything is in the payload. -EBADMSG: it is none. */
struct payload_record {
	struct payload_head head;
	struct payload_key key;
	struct span value;
};
int payload_record_get(uint8_t type, struct span payload, struct payload_record *ret);

/* The version that the jump of a record leads to; -1: it has none. */
int64_t payload_record_jump_version(uint32_t version);

#endif
