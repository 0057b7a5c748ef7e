/* recorder.h -- writing snapshots: encode, append, seal, retain
 *
 * Three threads, each with its own calls, none waiting for another's I/O:
 *   sampling   recorder_pool, recorder_encode              (no I/O, no lock that is held during I/O)
 *   writing    recorder_append, recorder_sync              (the open log)
 *   sealing    recorder_seal, recorder_retain              (finished logs)
 * recorder_open and recorder_close: while no other call runs. Durable: what was appended before a recorder_sync that
 * returned 0.
 */
#ifndef STORE_RECORDER_H
#define STORE_RECORDER_H

#include "store/log.h"
#include "store/table.h"

struct recorder;

struct recorder_options {
	enum sync_mode sync;
	uint32_t keyframe_every; /* snapshots from keyframe to keyframe in the log; 0: the default (30) */
	uint32_t group_n;        /* snapshots a group of the chunk; 0: 60 */
	int seal_level;          /* zstd level of chunks; 0: the default */
	const char *host;        /* recorded when the store is created; NULL: uname's */
	/* One line for a person, without '\n'; called from all three threads. NULL: silence. */
	void (*say)(void *arg, const char *line);
	void *arg;
};

/* Opens the store for writing, creating it if the directory is empty or not there; removes temporary files, recovers
 * logs, removes logs whose chunk is there. -EWOULDBLOCK: another process writes it. -ENOTEMPTY: the directory has other
 * things in it and no store. -EPROTONOSUPPORT, -EBADMSG: store file of a newer version, damaged. */
int recorder_open(const char *dir, const struct recorder_options *o, struct recorder **ret);
void recorder_close(struct recorder *r);
DEFINE_CLEANUP(recorder, recorder_close)

/* Strings of tables given to recorder_encode must be interned here, anew for every snapshot. */
struct strpool *recorder_pool(struct recorder *r);

/* The tables that the store had recorded last when it was opened: who records them on begins with these columns, so
 * that they keep their order. Borrowed. */
const struct schema *recorder_known(const struct recorder *r);

/* The store's directory, for what else is kept in it under the same lock (borrowed), and its id. */
int recorder_dirfd(const struct recorder *r);
uint64_t recorder_store_id(const struct recorder *r);

/* To call before the tables of a snapshot are filled. */
void recorder_begin(struct recorder *r);

/* What a snapshot's boot is, of the text of the kernel's boot id (without a newline). */
uint64_t recorder_boot(const char *boot_id, size_t len);

/* A snapshot as it goes into the log. */
struct encoded {
	int32_t hour; /* of the snapshot's time */
	bool keyframe;
	uint64_t ordinal;  /* one more than that of the snapshot it is based on */
	struct buf schema; /* with keyframes only */
	struct buf frame;
};
void encoded_free(struct encoded *e);
DEFINE_CLEANUP(encoded, encoded_free)

/* Encodes a snapshot against the one encoded before (or as a keyframe). The tables may be reused at once. */
int recorder_encode(struct recorder *r, const struct snapshot *s, struct encoded **ret);

/* The next snapshot becomes a keyframe: to call (from any thread) when an encoded one was not appended. */
void recorder_want_keyframe(struct recorder *r);

/* Appends, in the order of encoding, into the log of the snapshot's hour; begins logs and hands finished ones to the
 * sealer. On an error (-ENOSPC, -EIO, …) nothing was appended and the same call may be made again later. -ESTALE: this
 * snapshot is based on one that is not in the log; drop it (a keyframe has been asked for). */
int recorder_append(struct recorder *r, const struct encoded *e);

/* Makes what was appended durable. After an error the log is given up to the sealer, a new one is begun at the next
 * keyframe (asked for here), and what was not synced may be lost. */
int recorder_sync(struct recorder *r);

/* Seals the oldest finished log: chunk and sidecar. 0: one was sealed. -ENODATA: there is none. An error leaves the
 * log, which stays readable; other finished logs are tried first at the next call. */
int recorder_seal(struct recorder *r);

/* From any thread: no log is sealed any more. What is being sealed ends soon, with -ECANCELED; the log stays. */
void recorder_stop_sealing(struct recorder *r);

/* Removes the oldest hours (all their files) until the store's snapshots hold at most max_bytes and none is older than
 * max_age_ms before the hour of now_ms or that of the snapshot appended last, whichever is earlier (not the newest: a
 * clock that was ahead once makes nothing old; before the first append nothing is); 0: no limit. The hour being
 * recorded, and the newest one, are never removed. Goes on after an error and returns the first. */
int recorder_retain(struct recorder *r, uint64_t max_bytes, int64_t max_age_ms, int64_t now_ms);

struct recorder_stat {
	uint64_t log_bytes;  /* of the log being written */
	uint64_t n_unsealed; /* finished logs waiting */
	uint64_t n_sealed;   /* since recorder_open */
	uint64_t n_seal_errors;
	uint64_t n_snapshots; /* appended since recorder_open */
	uint64_t n_synced;    /* of them, durable */
	uint64_t n_damaged;   /* runs of damage found in logs by recorder_open */
};
/* From any thread. */
void recorder_stat(struct recorder *r, struct recorder_stat *ret);

#endif
