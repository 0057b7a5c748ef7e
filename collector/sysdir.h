/* sysdir.h -- directories below /sys as rows: an entry a row, and its files of one value each a column
 *
 * All of it opens, reads and closes, as it is for tables that are read every ten seconds or more.
 */
#ifndef COLLECTOR_SYSDIR_H
#define COLLECTOR_SYSDIR_H

#include "collector/source.h"

enum { SYSDIR_NAME_LEN_MAX = 63, SYSDIR_PATH_LEN_MAX = 255 };

/* Names in a directory, in the order in which a person counts: cpu2 before cpu10. */
struct sysdir {
	char (*names)[SYSDIR_NAME_LEN_MAX + 1];
	size_t n;
};

/* Names that begin with prefix; those with a dot in front or longer than SYSDIR_NAME_LEN_MAX are passed over. -ENOENT:
 * there is no such directory. */
int sysdir_list(struct procfs *fs, const char *path, const char *prefix, struct sysdir *ret);
void sysdir_done(struct sysdir *d);

/* Sets a cell to the value of the file, as the column's type has it: the number that its first line begins with (signed
 * for i64; of u64 also hexadecimal behind 0x, where all bits set mean that there is none), for a decimal column already
 * multiplied by its scale, as drivers do (millidegrees); for a string the line. A file that is not there, cannot be
 * read or says nothing of the kind leaves NULL. 0, or what setting the cell said. */
int sysdir_cell(struct procfs *fs, const char *path, struct table *t, uint32_t row, uint32_t column);

/* Adds a row for each entry of dir that begins with prefix: its name goes into column 0, and into column i what its
 * file files[i] says; NULL: that column is not from a file. Entries of which nothing can be read have no row. -ENOENT:
 * there is no such directory. */
int sysdir_rows(
    struct procfs *fs, const char *dir, const char *prefix, const char *const *files, uint32_t n, struct table *t);

#endif
