/* sampler.h -- the thread that takes a snapshot at every tick
 *
 * It waits for nothing but the clock: encoded snapshots go into the writer's queue.
 */
#ifndef COLLECTOR_SAMPLER_H
#define COLLECTOR_SAMPLER_H

#include "collector/config.h"
#include "collector/writer.h"

struct sampler;

/* Opens the sources and starts. Takes a reference to the configuration. */
int sampler_start(struct config *c, struct recorder *rec, struct writer *w, struct sampler **ret);

/* From any thread: goes over to another configuration before the next tick (interval, root, tables, redaction). */
void sampler_configure(struct sampler *s, struct config *c);

/* Ticks since the start, and the present interval: who sees no new tick for many intervals knows that sampling hangs.
 */
uint64_t sampler_ticks(struct sampler *s, uint64_t *ret_interval_ms);

/* Finishes the snapshot that is being taken, ends the thread, frees it. */
void sampler_stop(struct sampler *s);

#endif
