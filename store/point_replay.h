/* point_replay.h -- taking in what logs of points hold: into a buffer, and a list of drops
 *
 * For the writer when it opens, and for readers that follow. One thread.
 */
#ifndef STORE_POINT_REPLAY_H
#define STORE_POINT_REPLAY_H

#include "store/point_dir.h"
#include "store/point_buffer.h"
#include "store/point_drops.h"

/* Where it all goes. */
struct point_replay {
	struct point_buffer *buffer;
	struct point_drops *drops;
	const struct point_dir *dir; /* what files have is left out */
	struct problems *problems;
	uint64_t number; /* of the newest batch or drop that was taken in */
	int64_t since_ms;
	uint32_t used;
	struct point *room; /* POINTS_BATCH_MAX */
	size_t room_n;
};

void point_replay_done(struct point_replay *rp);

/* A log of which frames are taken in one after the other. */
struct point_replayed {
	uint64_t base;  /* the number that it is named by */
	uint64_t last;  /* number of its newest batch or drop; 0: it has none */
	uint32_t *keys; /* series by their number in this log */
	size_t n_keys, cap_keys;
	uint64_t keys_len;
	bool damaged; /* there is something that could not be read */
};

void point_replayed_done(struct point_replayed *log);

/* Takes a frame in. What is damaged is noted and left out. Ret: 1 if something was taken, 0 if not. */
int point_replay_frame(
    struct point_replay *rp, struct point_replayed *log, uint8_t type, uint64_t off, struct span payload);

/* Of the points of a batch of that number, leaves those that no file has. Returns how many they are. */
size_t point_replay_leave(const struct point_dir *dir, uint64_t number, struct point *v, size_t n);

/* Notes what was found damaged in a log. */
void point_replay_damage(struct point_replay *rp, struct point_replayed *log, const struct log_recovery *found);

#endif
