/* textfile.h -- the thread that reads files of samples, which others write, as node_exporter's textfile collector does
 *
 * Each file that the pattern finds, at its interval, in Prometheus' text format: times in it are honoured, and samples
 * without one have that of reading. A file whose last line does not end, or that changes while it is read, or is too
 * long, is not taken, which is said when it changes. With them comes node_textfile_mtime_seconds{file="…"} for each
 * file that was taken, and node_textfile_scrape_error, 1 if one was not.
 */
#ifndef COLLECTOR_TEXTFILE_H
#define COLLECTOR_TEXTFILE_H

#include "collector/server.h"

struct textfile;

int textfile_start(struct server *s, struct config *c, struct textfile **ret);
/* From any thread: from now on. */
void textfile_configure(struct textfile *w, struct config *c);
/* Ends the thread, frees it. One that hangs, on a mount that is dead, is left behind. */
void textfile_stop(struct textfile *w);

#endif
