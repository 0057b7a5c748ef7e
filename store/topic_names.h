/* topic_names.h -- the topics of a store: names, and the numbers of their partitions (docs/format.md, section 11)
 *
 * The list in memory, for the writer and for readers. Not thread-safe.
 */
#ifndef STORE_TOPIC_NAMES_H
#define STORE_TOPIC_NAMES_H

#include "store/cleanup.h"
#include "store/format.h"

#define TOPICS_DIR "topics"
#define TOPIC_NAMES_FILE "names"

struct topic_names;

struct topic_name {
	uint32_t number; /* of partition 0 */
	uint32_t n_partitions;
	uint32_t slot; /* topics are numbered from 0 as they came; for arrays beside this list */
	uint32_t len;
	char name[]; /* with a NUL behind it */
};

int topic_names_new(struct topic_names **ret);
void topic_names_free(struct topic_names *n);
DEFINE_CLEANUP(topic_names, topic_names_free)

/* Takes in what the payload of a frame of the registry says: a new topic, or more partitions of one. -EBADMSG: it is no
 * such payload; -EEXIST: name or numbers are another's. The list is as it was, then. */
int topic_names_add(struct topic_names *n, struct span payload);

/* Such a payload. */
void topic_names_put(struct buf *out, uint32_t number, uint32_t n_partitions, const char *name, size_t len);

/* A number for a new topic with so many partitions; -ENOSPC. */
int topic_names_free_number(const struct topic_names *n, uint32_t n_partitions, uint32_t *ret);

/* NULL: there is none. Borrowed, for the list's life. */
const struct topic_name *topic_names_find(const struct topic_names *n, const char *name, size_t len);
/* The first whose number is `from` or above. */
const struct topic_name *topic_names_next(const struct topic_names *n, uint32_t from);
/* The topic that has the partition of that number. */
const struct topic_name *topic_names_partition(const struct topic_names *n, uint32_t number);
uint32_t topic_names_count(const struct topic_names *n);

#endif
