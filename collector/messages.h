/* messages.h -- all of histd that has to do with topics: the socket, its server, followed files, tidying
 *
 * Recording does not depend on any of it: what cannot be started is said.
 */
#ifndef COLLECTOR_MESSAGES_H
#define COLLECTOR_MESSAGES_H

#include "collector/ingest.h"

struct messages;

/* NULL in *ret: topics cannot be opened, or memory is short. */
void messages_start(struct recorder *rec, struct config *c, struct messages **ret);

/* m may be NULL. */
void messages_configure(struct messages *m, struct config *c);
/* 0, or the error that kept messages from the disk. */
int messages_stop(struct messages *m);

/* From any thread; zeros if m is NULL. */
void messages_stat(struct messages *m, struct ingest_stat *ret);

#endif
