/* rowkey.h -- the key of a row as a name (docs/format.md, section 10)
 *
 * The values of the key's columns, a comma between; what a file name cannot hold is written as %XX. Two rows have the
 * same key if and only if they have the same name.
 */
#ifndef STORE_ROWKEY_H
#define STORE_ROWKEY_H

#include "store/table.h"

enum { ROWKEY_LEN_MAX = 255 };

/* Numbers of the columns that make up the key, ascending; ret: room for all of the schema's. Returns how many. */
uint32_t rowkey_columns(const struct table_schema *s, uint32_t *ret);

/* Appends the name of the row's key: 1 to ROWKEY_LEN_MAX bytes, legal as a file's name. */
void rowkey_put(struct buf *out, const struct table *t, uint32_t row);

/* Whether a name can be one that rowkey_put made, as far as a file system minds. */
bool rowkey_is_name(const char *name, size_t len);

#endif
