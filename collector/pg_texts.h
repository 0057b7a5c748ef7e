/* pg_texts.h -- texts of rows, asked for once a key
 *
 * The texts of statements and of their plans lie in a file of the server's that it reads whole for whoever asks for
 * one: they are asked for when a key is new only, and taken over from the rows before otherwise.
 */
#ifndef COLLECTOR_PG_TEXTS_H
#define COLLECTOR_PG_TEXTS_H

#include "collector/pg_session.h"

/* Columns of keys and of the text are named as those that they are asked of. */
struct pg_texts {
	uint32_t n_keys;  /* columns behind the server's name, by which rows are sorted */
	uint32_t n_asked; /* so many of them are enough to know a text */
	uint32_t wanted;  /* the column among these of which only new values are asked for */
	uint32_t text;
	const char *from; /* what stands behind FROM and the extension's schema, a condition included */
};

/* Fills in the texts of rows from `first` on. */
int pg_texts_fill(const struct pg_texts *of, struct pg_session *s, struct table *t, uint32_t first);

#endif
