/* points_inner.h -- what points.h is made of, for points.c and its neighbours */
#ifndef STORE_POINTS_INNER_H
#define STORE_POINTS_INNER_H

#include "store/point_replay.h"
#include "store/points.h"

#include <pthread.h>

/* A log; the newest is p->log. */
struct points_log {
	uint64_t base, last; /* numbers; last 0: it has none */
	uint64_t len;
};

struct points {
	int dirfd;
	uint64_t store_id;
	struct points_options o;

	pthread_mutex_t tidying; /* taken before the lock, or tried */
	pthread_mutex_t lock;    /* of all below */
	pthread_cond_t tidied;   /* memory was freed, or tidying has ended */
	struct point_buffer *buffer;
	struct point_drops drops; /* those that a file, or a head that is frozen, may have points of */
	struct point_dir dir;     /* changed by who holds both locks only */
	struct points_log *logs;
	size_t n_logs, cap_logs;
	uint64_t number; /* of the newest batch, or drop, or file */
	int64_t now_ms;  /* as of the last tidying; INT64_MIN: there was none */
	struct problems problems;

	/* Of the newest log. */
	struct log *log; /* NULL: the next put begins one */
	uint32_t log_id; /* by which series know it */
	uint32_t n_keys;
	uint64_t keys_len;
	bool roll;           /* a sync failed: the next put begins another */
	bool untold;         /* and whoever syncs next does not know */
	bool older_unsynced; /* logs before it, as nothing was to be synced then */
	uint64_t synced_number;

	/* Of the thread that puts. */
	struct buf head, keys, columns;
	uint32_t *numbers; /* of the points' series, in the log */
	size_t n_numbers;
	struct point_series **fresh; /* series that the log learns of with this batch */
	size_t n_fresh, cap_fresh;
	uint32_t swept; /* when; see points_sync */
	_Atomic uint64_t epoch;

	/* Of the thread that tidies. */
	uint64_t drops_written; /* drops up to this number that are needed are in the file */
	int64_t retained_ms;    /* when it was last looked for what is too old */
	int64_t join_again_ms;  /* joining failed, and is tried again then */
	size_t join_at;         /* file that is looked at next */
	bool unsynced;          /* names were removed, and that may not be durable */

	struct points_state state;

	pthread_mutex_t state_lock; /* of what is shown, and of nothing else */
	struct points_state shown;
};

/* points_load.c: all that is on disk. */
int points_load(struct points *p);

/* points.c */
void points_say(struct points *p, const char *file, const char *what);
/* Under the lock. */
void points_publish_state(struct points *p);
void points_count_files(struct points *p);
int points_add_log(struct points *p, const struct points_log *log);
int points_sync_log(struct points *p);
/* Makes durable that files were removed; what says that they are not needed goes after that. Holding tidying. */
int points_sync_dir(struct points *p);
int points_log_drop(struct points *p, const struct point_log_drop *drop, char error[POINT_SELECT_ERROR_MAX]);

/* points_flush.c: writes heads that are due as files; holding tidying. Ret: 1: there is more, and it is later than
 * until_ms. */
int points_flush(struct points *p, bool all, int64_t until_ms, const atomic_bool *stop);
int64_t points_flush_clock_ms(void);
/* Length of a file of points. */
int points_flush_len(const struct points *p, const char *name, uint64_t *ret);

/* points_join.c: joins the files of hours; holding tidying. Ret: as above. */
int points_join(struct points *p, int64_t until_ms, const atomic_bool *stop);

#endif
