/* subscriptions.h -- clients that are told of new messages
 *
 * One notice stands for all messages since the one before: a client that does not read is told once it does. For the
 * server's thread.
 */
#ifndef COLLECTOR_SUBSCRIPTIONS_H
#define COLLECTOR_SUBSCRIPTIONS_H

#include "collector/conn.h"
#include "collector/ingest.h"

struct subscriptions {
	struct lane *fresh; /* with new messages, and somebody who wants to know */
	/* A notice was put into its buffer. */
	void (*touched)(void *arg, struct conn *c);
	void *arg;
};

/* Tells of messages from that offset on, from now on. -EMSGSIZE: the client has too many. */
int subscriptions_add(struct subscriptions *s, struct conn *c, struct lane *l, uint32_t id, uint64_t offset);
/* Of a client that goes. */
void subscriptions_drop(struct conn *c);

/* There are new messages. */
void subscriptions_appended(struct subscriptions *s, struct lane *l);

/* Tells those who want to know; and one client what it is owed. */
void subscriptions_tell(struct subscriptions *s);
void subscriptions_catch_up(struct subscriptions *s, struct conn *c);

#endif
