/* text.h -- tables as text: what a reader of the mount sees, byte for byte
 *
 * One header line with the column names, then one line a row: tabs between cells, NULL as \N, in strings the escapes of
 * PostgreSQL's COPY text format (\b \t \n \v \f \r \\, other control characters as \xHH). Doubles are written with as
 * few digits as read back to the same bits. TEXT_VERSION changes whenever any byte of this changes: sizes are stored
 * beside data.
 */
#ifndef STORE_TEXT_H
#define STORE_TEXT_H

#include "store/table.h"

enum { TEXT_VERSION = 1 };

/* Length of a string's text, and the text itself (the room must be there; returns its end). */
size_t text_str_len(const char *s, size_t len);
char *text_put_str(char *out, const char *s, size_t len);

/* Copies a string as it is, and tells the length of its text: one pass instead of two. */
size_t text_copy_len(void *to, const void *from, size_t len);

/* A decimal number: how long it is, and the number itself (the room must be there; returns its end). */
enum { TEXT_U64_MAX = 20 };
unsigned text_u64_len(uint64_t v);
char *text_put_u64(char *out, uint64_t v);
/* Likewise an int64, the last `scale` of its digits behind a point. */
char *text_put_dec(char *out, uint64_t bits, unsigned scale);

/* Length of the UTF-8 character that begins at p, of which left bytes are there; 0: none does. */
unsigned text_utf8_len(const uint8_t *p, size_t left);

/* Length of a cell's text; of a header line with its '\n'. pool: of string cells. */
size_t text_cell_len(const struct column *c, uint64_t v, bool null, const struct strpool *pool);
size_t text_header_len(const struct table_schema *s);

/* Length of the whole text of a table. */
uint64_t text_table_len(const struct table *t);

/* Appends the header line / a row's line, each with prefix in front. Rows: without checking that the pool has the
 * string (an undefined id is written as an empty string). */
void text_put_header(struct buf *out, const struct table_schema *s, const char *prefix);
void text_put_row(struct buf *out, const struct table *t, uint32_t row, const char *prefix, size_t prefix_len);
void text_put_table(struct buf *out, const struct table *t);

/* Appends the text of one cell, as it stands in a row. */
void text_put_cell(struct buf *out, const struct column *c, uint64_t v, bool null, const struct strpool *pool);

/* The same as JSON: one object a line, keys in the columns' order, NULL as null, strings as UTF-8 with what is not
 * UTF-8 replaced by U+FFFD. prefix: members to put first, as text ("\"time\":\"…\","), or "". NaN and infinities are
 * null. */
void text_put_row_json(struct buf *out, const struct table *t, uint32_t row, const char *prefix, size_t prefix_len);
void text_put_table_json(struct buf *out, const struct table *t);

/* "2026-11-20T03:12:05.123Z": 24 bytes and a NUL. Years outside 0 to 9999 are shown as the nearest in it. */
enum { TEXT_TIME_LEN = 24 };
void text_time(char ret[TEXT_TIME_LEN + 1], int64_t time_ms);

#endif
