/* board.h -- what a thread shows others of itself: counts, all of one moment
 *
 * Those who look are the sampling thread above all; who shows may come and go.
 */
#ifndef COLLECTOR_BOARD_H
#define COLLECTOR_BOARD_H

#include <stdbool.h>
#include <stddef.h>

struct board {
	void *shown; /* of that length, static */
	size_t len;
	bool open;
};

/* open: there is somebody to show something. */
void board_show(struct board *b, bool open, const void *what);
/* False: there is nobody. */
bool board_look(const struct board *b, void *ret);

#endif
