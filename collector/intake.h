/* intake.h -- all of histd that takes something: the socket and its server, followed files, pages and files of samples,
 * tidying
 *
 * Recording does not depend on any of it: what cannot be started is said.
 */
#ifndef COLLECTOR_INTAKE_H
#define COLLECTOR_INTAKE_H

#include "collector/age_clock.h"
#include "collector/ingest.h"

struct intake;

/* The store's lock is held, by who has that descriptor of its directory. NULL in *ret: topics cannot be opened, or
 * memory is short. clock: what ages count from. */
void intake_start(int store_fd, uint64_t store_id, struct config *c, struct age_clock *clock, struct intake **ret);

/* k may be NULL. */
void intake_configure(struct intake *k, struct config *c);
/* 0, or the error that kept messages from the disk. */
int intake_stop(struct intake *k);

#endif
