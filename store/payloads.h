/* payloads.h -- documents by key, with their history (docs/format.md, section 12)
 *
 * An append-only log of puts and deletes, and an index of where each key's newest record is: a snapshot that is used in
 * place, and what came since in memory. For the store's one writer, which holds its lock, or for readers in other
 * processes; the same calls read in both.
 *
 * THREADS. One thread puts, deletes and syncs. payloads_get, _find and _next may be called by any number of threads
 * beside it and beside each other, each with a cursor or buffer of its own. payloads_tidy runs in one more.
 *
 * Durable: what was put before a payloads_sync that returned 0. What is read is verified every time.
 */
#ifndef STORE_PAYLOADS_H
#define STORE_PAYLOADS_H

#include "store/bytes.h"
#include "store/cleanup.h"
#include "store/log.h"

#include <stdatomic.h>

struct payloads;

enum {
	PAYLOAD_KEY_MAX = 512,
	PAYLOAD_VALUE_MAX = 16 << 20,
	PAYLOAD_BATCH_MAX = 48 << 20, /* bytes of a batch, with 68 a record besides key and value */
	PAYLOADS_BATCH_N_MAX = 1 << 20,
};

struct payload_key {
	bool is_number;
	uint64_t number;
	struct span string; /* borrowed */
};

struct payloads_options {
	enum sync_mode sync;
	uint64_t segment_size;   /* 0: 64 MiB; from 1 MiB to 1 GiB */
	uint64_t snapshot_every; /* bytes of log from index snapshot to index snapshot; 0: 64 MiB, and as much as the
	                            snapshot has */
	uint64_t value_max;      /* 0: PAYLOAD_VALUE_MAX */
	uint32_t keep_versions; /* besides the newest; UINT32_MAX: all. Older ones go when they are over keep_ms, too */
	int64_t keep_ms;        /* superseded versions younger than that are kept; 0: none for their age alone */
	int64_t tombstone_ms;   /* 0: 7 d */
	uint32_t boot;          /* low half of recorder_boot */
	void (*say)(void *arg, const char *line);
	void *arg;
};

/* store_fd: the store's directory. Writing: the caller holds the store's lock; recovers. Reading: a store without
 * payloads is one with none. */
int payloads_open(int store_fd, uint64_t store_id, const struct payloads_options *o, struct payloads **ret);
int payloads_open_read(int store_fd, struct payloads **ret);
/* A writer's value_max, keep_versions, keep_ms and tombstone_ms from now on. Any thread. -EINVAL: as payloads_open. */
int payloads_configure(struct payloads *p, const struct payloads_options *o);
/* A writer's: an error is that of the last sync. */
int payloads_close(struct payloads *p);

static inline void cleanup_payloads(struct payloads **p)
{
	if (*p)
		(void)payloads_close(*p);
}

/* A reader's: takes in what was put since. Ret: 1 if there is something new, 0 if not. */
int payloads_refresh(struct payloads *p);

struct payload_put {
	struct payload_key key;
	struct span value; /* of a delete: nothing */
	bool raw;          /* else it must be JSON */
	bool deletes;
};

/* Appends a batch: all of it, or, with an error, nothing. *ret_bad, if not NULL: which one was wrong (-EINVAL: a key,
 * or JSON that is none, where *ret_at is the byte and *ret_why says what; -EMSGSIZE: too long). A key that is there
 * twice is put twice, in order. A delete of a key that is not there writes nothing. *ret_number: of the first record
 * written; 0: none was. Times: now_ms, see format.md. */
struct payload_error {
	size_t which;
	size_t at;
	const char *why;
};
int payloads_put(struct payloads *p, const struct payload_put *puts, size_t n, int64_t now_ms, uint64_t *ret_number,
    uint32_t *ret_written, struct payload_error *ret_error);
int payloads_sync(struct payloads *p);

/* A record. key and value are in the buffer that was given, until it is used again. */
struct payload {
	struct payload_key key;
	struct span value;
	uint64_t number;
	int64_t time_ms;
	uint64_t before; /* number of the key's record before; 0: none */
	uint32_t version;
	bool raw, deleted;
	uint64_t id; /* of the key: low 55 bits of inode numbers */
	uint64_t hash;
};

/* The value of a key as of a time (INT64_MAX: now). -ENOENT: none then, or deleted; -EBADMSG: damaged. */
int payloads_get(
    struct payloads *p, const struct payload_key *key, int64_t time_ms, struct buf *room, struct payload *ret);
/* The newest record of a key not after a time, also a tombstone. */
int payloads_at(
    struct payloads *p, const struct payload_key *key, int64_t time_ms, struct buf *room, struct payload *ret);
/* The same at any time. */
int payloads_newest(struct payloads *p, const struct payload_key *key, struct buf *room, struct payload *ret);
/* The record of that number. -ENOENT: removed, or not there yet. */
int payloads_record(struct payloads *p, uint64_t number, struct buf *room, struct payload *ret);
/* The newest record of the key with that id. */
int payloads_by_id(struct payloads *p, uint64_t id, struct buf *room, struct payload *ret);
/* The same by the 128-bit hash that a long name ends with; the caller compares the name. */
int payloads_by_hash(struct payloads *p, uint64_t low, uint64_t high, struct buf *room, struct payload *ret);

/* Keys in order of hash, which puts do not change: the newest record of the first key behind `after`, as *ret_cookie of
 * the call before (0: from the start; never 0, at most 2^63 - 4). -ENODATA: no more; -EBADMSG: that
 * record is damaged, *ret_cookie is behind it, or, if *ret_cookie was not set, the index snapshot is. Memory: one
 * record. what: values too, which else are left empty (value_len is told always); tombstones too. */
enum { PAYLOADS_VALUES = 1, PAYLOADS_DELETED = 2 };
int payloads_next(struct payloads *p, uint64_t after, unsigned what, struct buf *room, struct payload *ret,
    uint64_t *ret_value_len, uint64_t *ret_cookie);

struct payloads_state {
	uint64_t n_keys; /* that have a value */
	uint64_t newest_number;
	uint64_t synced_number;
	int64_t first_ms, newest_ms; /* of the oldest record that is kept, and of the newest; INT64_MIN: none */
	uint64_t bytes, snapshot_bytes, memory;
	uint32_t n_segments;
	uint64_t n_damaged;
};
void payloads_state(struct payloads *p, struct payloads_state *ret);

/* Writes an index snapshot if one is due, compacts; at most about work_ms of it. Ret: 1 if there is more to do. */
int payloads_tidy(struct payloads *p, int64_t now_ms, int64_t work_ms, const atomic_bool *stop);

void payloads_state_problems(
    struct payloads *p, void (*each)(const char *file, uint64_t off, const char *what, void *arg), void *arg);

#endif
