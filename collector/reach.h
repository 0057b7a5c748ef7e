/* reach.h -- what threads reach for that may not answer: a file on a mount whose server is gone
 *
 * Each thread has a place, in which it says what it is at. One that waits too long is given up: another takes over, and
 * lets alone what that one waits for, until it is back. Counted, since who was given up outlives its owner. From any
 * thread.
 */
#ifndef COLLECTOR_REACH_H
#define COLLECTOR_REACH_H

#include <stdbool.h>
#include <stdint.h>

enum { REACH_PLACES = 9 }; /* one at work, and eight that were given up */

struct reach;

int reach_new(struct reach **ret);
struct reach *reach_get(struct reach *r);
void reach_put(struct reach *r);

/* A place, to be left. -EAGAIN: none is free. */
int reach_enter(struct reach *r, unsigned *ret_place);
/* Says that it answers again, if it was given up. */
void reach_leave(struct reach *r, unsigned place);
/* How many there are. */
unsigned reach_count(struct reach *r);

/* --- in the thread --- */

/* What comes up to reach_end may hang. path is absolute and stays until then; it may be a pattern. False: it is to be
 * let alone, as another waits for it, or two for what is in the same directory, or as the thread was given up. */
bool reach_begin(struct reach *r, unsigned place, const char *path);
/* The same, of what has to be done in any case. */
void reach_must(struct reach *r, unsigned place, const char *path);
void reach_end(struct reach *r, unsigned place);

/* --- its owner --- */

/* For how long it has waited, in milliseconds; 0: for nothing. */
int64_t reach_waits(struct reach *r, unsigned place);
/* Says what it waits for. */
void reach_give_up(struct reach *r, unsigned place);

#endif
