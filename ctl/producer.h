/* producer.h -- messages on their way to a histd, in requests of many
 *
 * Messages are gathered by partition and sent when there are enough of them, or when they are flushed; many requests
 * are on their way before an answer is waited for.
 */
#ifndef CTL_PRODUCER_H
#define CTL_PRODUCER_H

#include "client/histfs.h"
#include "store/cleanup.h"

#include <stdbool.h>

struct producer;

enum {
	PRODUCER_BY_KEY = -1, /* by the hash of the key; without a key 0, so that they stay in their order */
	PRODUCER_ROUND_ROBIN = -2,
};

/* Connects, and makes the topic if it is not there and histd makes topics. partition: one for all, or PRODUCER_*. After
 * an error stderr has been told, by the other functions, too. */
int producer_new(const char *socket, const char *topic, int64_t partition, enum histfs_ack ack, struct producer **ret);
void producer_free(struct producer *p);
DEFINE_CLEANUP(producer, producer_free)

/* A message, for a partition if that is not negative. Its bytes must stay until the next flush; copy: they need not.
 */
int producer_add(struct producer *p, const struct histfs_message *m, int64_t partition, bool copy);

/* Sends what was gathered. */
int producer_flush(struct producer *p);
/* Waits until all that was sent is answered. */
int producer_drain(struct producer *p);

#endif
