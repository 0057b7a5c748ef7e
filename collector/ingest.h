/* ingest.h -- histd's topics: which may be made, how they are kept, what is to be synced
 *
 * Everything but ingest_stat belongs to one thread, the server's (server.h). A lane is a partition in use here.
 *
 * SYNCING. What is appended is synced when somebody waits for it (ingest_want) or when its topic says so: after so many
 * messages, so many bytes, or that time. All that is wanted is synced by one ingest_commit, each partition once: that
 * is how many producers share a sync.
 */
#ifndef COLLECTOR_INGEST_H
#define COLLECTOR_INGEST_H

#include "collector/config.h"
#include "collector/documents.h"
#include "collector/gauges.h"
#include "store/topics.h"

struct ingest;
struct subscription;

enum { INGEST_WHY_MAX = 320 };

struct lane {
	struct topic *topic;
	struct partition *partition;
	uint32_t number;

	/* ingest.c's. */
	const struct config_topic *config;
	struct lane *next;            /* of the same hash */
	struct lane *earlier, *later; /* not synced, by when that is due */
	struct lane *next_wanted;
	uint64_t n_unsynced, bytes_unsynced;
	int64_t due_ms; /* monotonic */
	bool unsynced, wanted;
	bool full; /* the last append failed, which was said */

	int commit_r; /* what syncing it came to in the last ingest_commit that it took part in */

	/* Whom to tell of new messages (subscriptions.c). */
	struct subscription *subscriptions;
	struct lane *next_fresh;
	bool fresh;
};

/* Opens the topics of a store whose lock is held, with those that the configuration names. */
int ingest_open(int store_fd, uint64_t store_id, struct config *c, struct ingest **ret);
/* Syncs and closes everything. 0, or the error of a sync. */
int ingest_close(struct ingest *g);
DEFINE_CLEANUP(ingest, ingest_close)

/* From now on. */
void ingest_configure(struct ingest *g, struct config *c);
const struct config_topics *ingest_config(const struct ingest *g);
struct config *ingest_config_all(const struct ingest *g);

/* The partition of that name. It is made, with its topic, if `make` says so and the configuration allows it. Errors are
 * told for a person: -EINVAL: no name for a topic; -ENOENT; -EMSGSIZE: too many topics; or what the store says. */
int ingest_lane(
    struct ingest *g, struct span topic, uint64_t partition, bool make, char why[INGEST_WHY_MAX], struct lane **ret);
/* Makes a topic, or gives one more partitions; 0: as many as the configuration says. -EPERM: only those that are
 * configured may be. */
int ingest_create(struct ingest *g, struct span topic, uint64_t n_partitions, char why[INGEST_WHY_MAX]);

/* Gives a topic that is configured at least so many partitions. */
int ingest_widen(struct ingest *g, const char *topic, uint32_t n_partitions);

/* As partition_append. What was appended is synced in time, or when wanted. */
int ingest_append(struct ingest *g, struct lane *l, const struct batch_builder *b, uint64_t *ret_offset);
/* What was appended is to be synced by the next commit. */
void ingest_want(struct ingest *g, struct lane *l);
/* Whether anything is. */
bool ingest_wanted(const struct ingest *g);

/* Syncs what is wanted and what is due: lane->commit_r tells how that went. Returns after how many ms something will be
 * due, -1: nothing is. */
int ingest_commit(struct ingest *g);

/* The topics, for the thread that tidies them. */
struct topics *ingest_topics(struct ingest *g);

/* Payloads, which are opened, synced by ingest_commit and closed with the topics. */
struct documents *ingest_documents(struct ingest *g);
/* Custom series, likewise. */
struct gauges *ingest_gauges(struct ingest *g);

/* For health; from any thread. */
struct ingest_stat {
	struct topics_counts store;
	uint64_t n_topics, n_partitions;
	uint64_t n_failed; /* appends and syncs */
	uint64_t n_clients, n_requests;
	uint64_t n_lookups, bytes_read, n_damaged;
};
/* False: no topics are open. */
bool ingest_stat(struct ingest_stat *ret);
/* From the server's thread: what is counted elsewhere. */
struct ingest_stat *ingest_counts(struct ingest *g);
/* From the server's thread: shows the counts to others. */
void ingest_publish(struct ingest *g);

#endif
