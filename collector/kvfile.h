/* kvfile.h -- files of lines "name value" as a table of one row: a column a line
 *
 * Which columns there are is the kernel's say: each line is looked up by its name once and then known by its place, so
 * that a tick compares a name and reads a number. A line that turns up later gets its column then.
 */
#ifndef COLLECTOR_KVFILE_H
#define COLLECTOR_KVFILE_H

#include "collector/source.h"

struct kvfile_format {
	const char *path; /* for kvfile_sample */
	bool colon;       /* the name ends in a colon, which is not part of it */
	bool rest;        /* more may stand behind the value */
	const char *skip; /* lines that begin so are passed over; NULL: none */

	/* Says what the column of a line is called and means; unit is the word behind the value, or empty. False: the
	 * line is not recorded. */
	bool (*describe)(
	    const char *name, size_t len, const char *unit, size_t unit_len, char ret_name[65], struct column *ret);
};

struct kvfile;

int kvfile_new(const struct kvfile_format *format, struct kvfile **ret);
void kvfile_free(struct kvfile *kv);
DEFINE_CLEANUP(kvfile, kvfile_free)

/* Adds the row of a text to the empty table. -ENODATA: no line of it has a value; then there is no row. */
int kvfile_row(struct kvfile *kv, const char *text, struct table *t);

/* For sources whose state is a kvfile: open, close and sample, which reads the format's file and keeps it open. */
int kvfile_open(const struct kvfile_format *format, void **ret_state);
void kvfile_close(void *state);
int kvfile_sample(const struct source_env *env, void *state, struct table *t);

#endif
