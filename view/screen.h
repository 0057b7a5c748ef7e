/* screen.h -- text of a fixed size: so many lines of so many characters, filled up with blanks
 *
 * Its length is known before anything is looked at, so a file of it can say its size without the work of making it.
 * What is written is safe to send to a terminal: strings from tables cannot hold anything that one acts upon.
 */
#ifndef VIEW_SCREEN_H
#define VIEW_SCREEN_H

#include "store/table.h"

struct screen {
	unsigned width; /* characters of a line, */
	unsigned room;  /* and its bytes, without its end */
	unsigned n_lines;
	char *text;       /* n_lines times a line and '\n' */
	unsigned line;    /* being written */
	unsigned col;     /* bytes written in it, */
	unsigned n_chars; /* and characters */
};

enum { SCREEN_CHAR_MAX = 4 };

/* All blank, at its top. A line has room for width times so many bytes: with 1 it is no longer than its width, and
 * shorter where not all of its characters are ASCII; with SCREEN_CHAR_MAX all of them fit. */
int screen_init(struct screen *s, unsigned width, unsigned char_bytes, unsigned n_lines);
void screen_done(struct screen *s);
void screen_clear(struct screen *s);

static inline size_t screen_len(unsigned room, unsigned n_lines)
{
	return (size_t)(room + 1) * n_lines;
}

static inline const char *screen_line(const struct screen *s, unsigned line)
{
	return s->text + screen_len(s->room, line);
}

/* Lines from the one being written on. */
static inline unsigned screen_left(const struct screen *s)
{
	return s->n_lines - s->line;
}

/* Writes on in the line; what does not fit in it is dropped, no UTF-8 character in its middle. */
void screen_printf(struct screen *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* On to the next line. Behind the last there is nowhere to write. */
void screen_next(struct screen *s);

/* The same with a string from a table. Control characters (C0, C1, and those that turn the direction of writing) and
 * what is not UTF-8 are escaped in the manner of text.h, as \t, \x9b, \xff. */
void screen_put_str(struct screen *s, struct str str);
/* The same, with each run of blanks, tabs and ends of lines as one blank: for statements, which have many lines. */
void screen_put_words(struct screen *s, struct str str);
/* Exactly so many characters of it, filled up with blanks. */
void screen_put_cell(struct screen *s, struct str str, unsigned width);
/* Writes on with a string until the line is full; returns how many of its bytes were written. */
uint32_t screen_put_piece(struct screen *s, struct str str);

/* Numbers in at most six places (of what a machine can have), "-" for NAN, and for sizes and counts below 0. Bytes:
 * 999, 12.3K, 1023M, 4.0G. Others: 0, 4, 0.25, 12.3, 1234, 123456, then 1235k, 12.3M, ... Spans of time: 20ms, 1.0s,
 * 45s, 12m03s, 3h07m, 12d4h. */
enum { SCREEN_NUMBER_LEN = 32 };
const char *screen_bytes(char ret[SCREEN_NUMBER_LEN], double bytes);
const char *screen_count(char ret[SCREEN_NUMBER_LEN], double v);
const char *screen_span(char ret[SCREEN_NUMBER_LEN], double seconds);

/* The same, written on in so many places; and a number with so many digits behind the point. */
void screen_put_bytes(struct screen *s, int width, double bytes);
void screen_put_count(struct screen *s, int width, double v);
void screen_put_decimal(struct screen *s, int width, int digits, double v);

#endif
