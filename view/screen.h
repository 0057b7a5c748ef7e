/* screen.h -- text of a fixed size: lines of 80 bytes, filled up with blanks
 *
 * Its length is known before anything is looked at, so a file of it can say its size without the work of making it.
 */
#ifndef VIEW_SCREEN_H
#define VIEW_SCREEN_H

#include "store/table.h"

enum {
	SCREEN_WIDTH = 80,
	SCREEN_LINES = 39,
	SCREEN_LEN = (SCREEN_WIDTH + 1) * SCREEN_LINES,
};

struct screen {
	char text[SCREEN_LEN];
	unsigned line; /* being written */
	unsigned col;
};

/* All blank, at its top. */
void screen_clear(struct screen *s);

/* Writes on in the line; what does not fit in it is dropped, no UTF-8 character in its middle. */
void screen_printf(struct screen *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same with a string from a table, escaped as text.h does. */
void screen_put_str(struct screen *s, struct str str);
/* On to the next line. Behind the last there is nowhere to write. */
void screen_next(struct screen *s);

/* A number of bytes in at most five places and its unit: 999, 12.3K, 1023M, 4.0G. */
enum { SCREEN_BYTES_LEN = 8 };
const char *screen_bytes(char ret[SCREEN_BYTES_LEN], double bytes);

#endif
