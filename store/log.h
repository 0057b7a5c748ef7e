/* log.h -- an append-only file of checked frames (docs/format.md, sections 2 and 3)
 *
 * One writer, any number of readers in any process. A frame is durable once log_sync returned 0 after its append.
 * A reader sees a frame whole or not at all. Not thread-safe on one object; distinct objects are independent.
 */
#ifndef STORE_LOG_H
#define STORE_LOG_H

#include "store/cleanup.h"
#include "store/frame.h"

#include <stdbool.h>
#include <stdint.h>

enum sync_mode { SYNC_FSYNC, SYNC_FDATASYNC, SYNC_NONE };
enum { LOG_PIECES_MAX = 7 };

/* --- writing --- */

struct log;

/* Creates a log under name (the id's random id is filled in here) and makes header and name durable. -EEXIST. */
int log_create(int dirfd, const char *name, struct file_id *id, enum sync_mode mode, struct log **ret);

/* The same of what can be made anew: never synced, not even header and name. */
int log_create_derived(int dirfd, const char *name, struct file_id *id, struct log **ret);

/* What opening a log found. n_damaged counts runs of damaged bytes in the middle, with the offset of the first. */
struct log_recovery {
	uint64_t n_frames;
	uint64_t len;         /* of the log after recovery */
	uint64_t n_torn;      /* bytes cut off the end */
	uint64_t n_damaged;   /* runs of damage left in the middle */
	uint64_t damaged_len; /* their bytes */
	uint64_t damaged_off; /* where the first begins */
};

/* Opens a log to append: cuts a torn tail and syncs the cut before anything can be appended. For every valid frame
 * each(type, off, payload, len, arg) is called first, in order; it stops the opening with a negative errno. each may be
 * NULL. -EBADMSG: the header is whole but wrong, or what is behind it is beyond all searching (scan.h). -ENODATA: there
 * is no whole header, nothing can be in the file (make it anew). */
int log_open(int dirfd, const char *name, const char *kind, enum sync_mode mode,
    int (*each)(uint8_t type, uint64_t off, struct span payload, void *arg), void *arg, struct log_recovery *ret_found,
    struct log **ret);

/* The same, but goes through the frames from offset `from` on only, and cuts nothing before `keep`. -ERANGE: no frame
 * begins at `from`, or the last one ends before `keep`; nothing was cut, though each was called for what is there. */
int log_open_from(int dirfd, const char *name, const char *kind, enum sync_mode mode, uint64_t from, uint64_t keep,
    int (*each)(uint8_t type, uint64_t off, struct span payload, void *arg), void *arg, struct log_recovery *ret_found,
    struct log **ret);

/* Opens a log that the caller has gone through, to append behind its first len bytes, which are there (else
 * -ERANGE): what else is there is cut off, and the rest is durable, unless nothing was cut and the mode is SYNC_NONE.
 */
int log_open_at(int dirfd, const char *name, const char *kind, enum sync_mode mode, uint64_t len, struct log **ret);

/* Appends a frame: payload is the concatenation of n pieces, at most LOG_PIECES_MAX. Not durable before log_sync. On an
 * error nothing is appended: what had been written of the frame is cut off again, or, if even that fails, is
 * overwritten by the next append. ret_off, if not NULL: the frame's offset. -EMSGSIZE above FRAME_LEN_MAX. */
int log_append(struct log *l, enum frame_type type, const struct span *pieces, unsigned n, uint64_t *ret_off);

/* Appends frames that lie behind each other and were made for this log, the first one for where it ends (frame_put):
 * all of them, or, on an error, none, as above. */
int log_append_frames(struct log *l, struct span frames);

/* Makes all appended frames durable as the mode says (SYNC_NONE: does nothing). After a failed sync nothing is known
 * about what was appended since the last good one: all further appends and syncs fail with -EIO and the caller makes a
 * new file. */
int log_sync(struct log *l);

/* From now on. What was appended under SYNC_NONE is durable after the next sync in another mode. */
void log_set_mode(struct log *l, enum sync_mode mode);

/* Whether there is nothing that a sync would make durable, in whatever mode. */
bool log_synced(const struct log *l);

/* Gives back the descriptor, so that many logs can be had at once; nothing may be unsynced that shall be synced. Before
 * anything else is asked of the log it must be opened again under its name: -EBADMSG: that is another file now. */
void log_park(struct log *l);
int log_unpark(struct log *l, int dirfd, const char *name);

uint64_t log_len(const struct log *l);
const struct file_id *log_id(const struct log *l);
void log_close(struct log *l);
DEFINE_CLEANUP(log, log_close)

/* --- reading, also while it is written --- */

struct log_reader;

/* -ENODATA: no whole header yet. Otherwise as log_open. */
int log_reader_open(int dirfd, const char *name, const char *kind, struct log_reader **ret);

/* Yields the next valid frame at or behind the reader's position and moves behind it. 0: *ret_payload stays valid until
 * the next call. -ENODATA: no further valid frame now; call again when the file has grown. Damage in the middle is
 * passed over and added to what log_reader_damage tells; bytes after the last valid frame are not damage (they may be
 * half written). -EBADMSG: given up, as in scan.h; so will every further call be. */
int log_reader_next(struct log_reader *lr, uint8_t *ret_type, uint64_t *ret_off, struct span *ret_payload);

/* Moves to a frame's offset (from ret_off), so that the next call yields it. */
void log_reader_seek(struct log_reader *lr, uint64_t off);

/* Length of the file at the last look, and what of it was found damaged. */
void log_reader_damage(const struct log_reader *lr, struct log_recovery *ret);
const struct file_id *log_reader_id(const struct log_reader *lr);
int log_reader_fd(const struct log_reader *lr);
void log_reader_close(struct log_reader *lr);
DEFINE_CLEANUP(log_reader, log_reader_close)

#endif
