/* rpcstat.h -- the files of /proc/net/rpc as a table of one row: a line is a word and numbers, a number a column */
#ifndef COLLECTOR_RPCSTAT_H
#define COLLECTOR_RPCSTAT_H

#include "collector/source.h"

/* A line that begins with that word. Its columns are called word_name; numbers behind the named ones word_N. */
struct rpcstat_line {
	const char *word;
	const char *const *names; /* of its numbers in order; NULL among them: not recorded */
	unsigned n_names;
	bool counted; /* the first number says how many follow; the kernel adds more in time */
	uint8_t kind; /* enum column_kind */
};

/* Adds the row of that text to the empty table. -ENODATA: no line of it has a number. */
int rpcstat_row(const char *text, const struct rpcstat_line *lines, size_t n_lines, struct table *t);

/* Procedures of NFS 2 and 3, the same for clients and servers. */
#define RPCSTAT_NFS2_N 18
#define RPCSTAT_NFS3_N 22
extern const char *const rpcstat_nfs2[RPCSTAT_NFS2_N];
extern const char *const rpcstat_nfs3[RPCSTAT_NFS3_N];

#endif
