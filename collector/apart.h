/* apart.h -- a source on a thread of its own
 *
 * For what takes long or can hang: a network mount whose server is gone, a file of the kernel's that takes locks. The
 * sampling thread asks for rows and takes them when they are there; it waits for nothing. One thread calls all of
 * these.
 */
#ifndef COLLECTOR_APART_H
#define COLLECTOR_APART_H

#include "collector/source.h"

struct apart;

/* Starts the thread, which opens the source below that root. env is copied but for redact, health, reports and seen;
 * schema is what the table begins with. */
int apart_new(const struct source_desc *desc, const struct source_env *env, const char *root,
    const struct table_schema *schema, struct apart **ret);
/* Ends the thread. While the source hangs, its thread is left behind and frees everything when it comes back. */
void apart_free(struct apart *a);
DEFINE_CLEANUP(apart, apart_free)

/* Wants new rows, unless some are being taken. */
void apart_ask(struct apart *a);

/* The rows that came of asking, if there are any since the last call. 0: they are in *ret (with no `taken` yet; the
 * caller's to change until the next call that returns 0), begun to be taken at *ret_ns of CLOCK_BOOTTIME. -EAGAIN: none
 * yet. Another negative errno: the source's, once. report: took_ms and note are filled in unless -EAGAIN. */
int apart_take(struct apart *a, struct table **ret, int64_t *ret_ns, struct source_report *report);

#endif
