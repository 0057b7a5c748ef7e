/* payload_index.h -- where the newest records of keys are, in memory
 *
 * An entry is the hash of a key and a position. Keys with the same hash have an entry each; who looks for one tells
 * them apart by the records. One thread puts, any number read beside it, within the epoch (epoch.h) that the index was
 * made with. At most 40 bytes a key for more than a few thousand, also while it grows.
 */
#ifndef STORE_PAYLOAD_INDEX_H
#define STORE_PAYLOAD_INDEX_H

#include "store/cleanup.h"
#include "store/epoch.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct payload_entry {
	uint64_t hash;
	uint64_t position; /* never 0 */
};

struct payload_index;

int payload_index_new(struct epoch *epoch, struct payload_index **ret);
void payload_index_free(struct payload_index *x);
DEFINE_CLEANUP(payload_index, payload_index_free)

/* Makes sure that adding n entries more cannot fail, if their hashes are those. */
int payload_index_reserve(struct payload_index *x, const uint64_t *hashes, size_t n);
int payload_index_reserve_one(struct payload_index *x, uint64_t hash);

/* Adds an entry, after a reserve. */
void payload_index_add(struct payload_index *x, uint64_t hash, uint64_t position);

/* Puts `to` in the place of the position `from` of an entry with that hash. Ret: whether there was one. */
bool payload_index_replace(struct payload_index *x, uint64_t hash, uint64_t from, uint64_t to);

/* Appends the entries with hashes from first to last to ret, in no order, as far as there is room. Ret: how many there
 * are. */
size_t payload_index_range(
    const struct payload_index *x, uint64_t first, uint64_t last, struct payload_entry *ret, size_t room);

/* The smallest hash that is not below from. Ret: whether there is one. */
bool payload_index_next(const struct payload_index *x, uint64_t from, uint64_t *ret);

size_t payload_index_n(const struct payload_index *x);
size_t payload_index_memory(const struct payload_index *x);

#endif
