/* payload_position.h -- where a record is, in 64 bits (docs/format.md, section 12) */
#ifndef STORE_PAYLOAD_POSITION_H
#define STORE_PAYLOAD_POSITION_H

#include <stdbool.h>
#include <stdint.h>

enum { SLOT_BITS = 24, SLOT_NONE = (1 << SLOT_BITS) - 1 };
#define POSITION_DELETED (UINT64_C(1) << 63)

/* The record's frame begins at off of the segment in that slot, and is a tombstone or not. */
static inline uint64_t position_of(uint32_t slot, uint64_t off, bool deleted)
{
	return (deleted ? POSITION_DELETED : 0) | off << SLOT_BITS | slot;
}

static inline uint32_t position_slot(uint64_t position)
{
	return position & SLOT_NONE;
}

static inline uint64_t position_off(uint64_t position)
{
	return (position & ~POSITION_DELETED) >> SLOT_BITS;
}

static inline bool position_deleted(uint64_t position)
{
	return position & POSITION_DELETED;
}

#endif
