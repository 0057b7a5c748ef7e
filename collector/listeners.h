/* listeners.h -- ports that points come to: lines of Influx, Graphite and StatsD, in streams and datagrams
 *
 * For the server's thread, which asks one descriptor whether there is something to do. Nothing is answered. Of a stream
 * each line counts once its newline is there; half a line at its end is refused, and one that is too long ends it. Who
 * is quiet for too long, or while others wait for a place, is disconnected (port_streams.c). What is refused is counted
 * and, of each port, said once a minute at most.
 */
#ifndef COLLECTOR_LISTENERS_H
#define COLLECTOR_LISTENERS_H

#include "collector/ingest.h"

struct listeners;

/* Those that the configuration names; those that cannot be opened are said, and tried again. NULL in *ret: it names
 * none. */
int listeners_open(struct ingest *g, struct config *c, struct listeners **ret);
/* Closes those that are not there any more, opens those that are new. The same address with lines of the same form is
 * the same port: its connections and what waits in it stay. */
void listeners_configure(struct listeners *l, struct config *c);
/* What StatsD's clients have sent becomes points. */
void listeners_close(struct listeners *l);

/* Readable when listeners_serve has something to do. */
int listeners_fd(const struct listeners *l);
void listeners_serve(struct listeners *l);

#endif
