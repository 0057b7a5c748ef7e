/* lines.h -- the lines of a followed file as messages; while the file may hang, that is told
 *
 * What tail.h says holds. All but lines_n_files and lines_are_of may also return -EAGAIN because the file is to be let
 * alone (reach.h).
 */
#ifndef COLLECTOR_LINES_H
#define COLLECTOR_LINES_H

#include "collector/reach.h"
#include "store/batch.h"
#include "store/followed.h"

struct lines;

/* See tail_new. path has to stay. */
int lines_open(struct reach *r, unsigned place, const char *path, const struct followed_mark *mark, size_t line_max,
    struct lines **ret);
void lines_close(struct lines *l);

/* Whether there is a line, as tail_next says. */
int lines_look(struct lines *l);
/* Adds lines to a batch until that is full. named: each message says of which file it is. 0: there may be more; else
 * what tail_next said. */
int lines_fill(struct lines *l, bool named, struct batch_builder *b);
/* To the next file, after -ESTALE. */
int lines_switch(struct lines *l);
/* See tail_pass. */
int lines_pass(struct lines *l, struct span value);
/* See tail_mark. */
int lines_mark(struct lines *l, struct followed_mark *ret);

/* How many files were begun, see tail_n_files. */
unsigned lines_n_files(const struct lines *l);
bool lines_are_of(const struct lines *l, uint64_t dev, uint64_t ino);

#endif
