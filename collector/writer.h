/* writer.h -- the thread that brings encoded snapshots into the log
 *
 * Between sampling and disk there is a queue, bounded by bytes: sampling never waits. While the disk takes nothing
 * (full, failing, or hanging) the queue holds what comes and the same snapshot is tried again and again. When the queue
 * is full the newest is dropped, and a keyframe follows: what led into the trouble is worth more than its third hour,
 * and the oldest is what all up to the next keyframe build on. Its memory is allocated at the start. Whatever is lost
 * is counted and said.
 */
#ifndef COLLECTOR_WRITER_H
#define COLLECTOR_WRITER_H

#include "collector/priority.h"
#include "collector/sealer.h"

/* 8 MiB: about an hour of a busy machine at one second. */
enum { WRITER_QUEUE_MAX = 8 << 20 };

struct writer;

/* Synced is after sync_every snapshots, or WRITER_SYNC_S after the first that is not synced. sealer is woken when an
 * hour ends. */
enum { WRITER_SYNC_S = 10 };
int writer_start(
    struct recorder *rec, struct sealer *sealer, uint64_t sync_every, enum priority priority, struct writer **ret);

/* Hands a snapshot over (it is the writer's from here on, whatever happens). Does not wait for I/O. */
void writer_push(struct writer *w, struct encoded *e);

/* From any thread. */
void writer_configure(struct writer *w, uint64_t sync_every);
void writer_stat(struct writer *w, uint64_t *ret_queue_bytes, uint64_t *ret_lost);
/* Counts a snapshot that did not even come to be encoded. */
void writer_count_lost(struct writer *w);

/* Writes and syncs what is in the queue (what cannot be written by then is lost), ends the thread, frees it. 0, or the
 * error. */
int writer_stop(struct writer *w);

#endif
