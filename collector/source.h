/* source.h -- where a recorded table comes from
 *
 * One recorded table is one file in collector/tables/ that ends in its descriptor:
 *
 *   SOURCE(cpu) = {.name = "cpu", .id = 2, .columns = columns, .n_columns = N_ELEMENTS(columns), .sample = sample};
 *
 * Nothing lists the tables: the linker gathers the descriptors. Table ids are part of the store's format: unique, never
 * used again for something else. Sources run on the sampling thread unless they say so.
 */
#ifndef COLLECTOR_SOURCE_H
#define COLLECTOR_SOURCE_H

#include "collector/procfs.h"
#include "store/table.h"

/* How a source fared when it was sampled last. */
struct source_report {
	const char *table;
	uint32_t interval_ms; /* 0: at every tick */
	uint32_t took_ms;
	int r;          /* 0, or what sample returned; -EAGAIN: its first rows are not there yet */
	char note[512]; /* what a reader of the table ought to know; "" as a rule */
};

struct source_env {
	struct procfs *fs;                   /* everything is read below its root */
	uint64_t ticks_per_s;                /* of /proc's clock ticks */
	uint64_t page_size;                  /* bytes */
	uint32_t cmdline_max;                /* bytes of a command line that are kept */
	uint32_t patience_ms;                /* how long a source may wait for what can hang */
	const struct redact *redact;         /* what to blank in free text; NULL: nothing */
	const struct health *health;         /* how the recorder itself is doing; NULL: there is none */
	const struct source_report *reports; /* of all sources; NULL: there are none */
	size_t n_reports;
	struct seen *seen; /* the processes that were alive lately; NULL: nobody wants them */
	char *note;        /* of this source's report; NULL: nobody wants it */
	struct pg *pg;     /* the PostgreSQL servers that are asked; NULL: none */
};

/* Says what a reader of the table ought to know: rows that were left out, what a privilege would have shown. Holds
 * until the source's next sample. */
void source_note(const struct source_env *env, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Appends "WHO: TEXT" to the note, unless the text is empty. */
void source_report_add(struct source_report *report, const char *who, const char *text);

struct source_desc {
	const char *name;
	uint16_t id;
	const struct column *columns; /* those always there; a source may add more at run time */
	uint32_t n_columns;

	/* Makes the source's own state (kept-open files, caches); may be NULL. A source that cannot exist here (no such
	 * file) still opens: it may appear later. */
	int (*open)(const struct source_env *env, void **ret_state);
	void (*close)(void *state);

	/* Fills the empty table t with the rows of now, in a stable order (by key where the kernel's order is not).
	 * Returns 0; -ENOENT: not there on this machine or kernel; another negative errno: could not be read this time.
	 * In both cases the table is absent from the snapshot. A value that could not be read stays NULL, never 0.
	 * Columns beyond the descriptor's are added with source_column. */
	int (*sample)(const struct source_env *env, void *state, struct table *t);

	/* Instead of open, sample and close, for what others take at a pace of their own: replaces the rows of t by
	 * those that are there now, begun to be taken at *ret_ns of CLOCK_BOOTTIME. Waits for nothing. 0 or an error,
	 * as for sample; -EAGAIN: they are still those of the call before, and t is left alone. report: interval, took
	 * and note are filled in unless -EAGAIN. */
	int (*take)(const struct source_env *env, const struct source_desc *desc, struct table *t, int64_t *ret_ns,
	    struct source_report *report);
	const struct pg_table *postgres; /* what servers are asked for (collector/pg_query.h) */

	bool slow;         /* may have an interval of its own, */
	uint32_t every_ms; /* which is this unless the configuration says otherwise; 0: every tick */
	bool apart; /* of slow ones: open, sample and close run on a thread of its own, which may take long or hang;
	             * env has no redact, health, reports or seen then */
	bool off;   /* recorded only if the configuration names it */
};

/* The column of slow tables that says when their rows were taken. */
#define SOURCE_TAKEN "taken"

#define SOURCE(ident)                                                                                                  \
	static const struct source_desc source_##ident;                                                                \
	static const struct source_desc *const source_ptr_##ident                                                      \
	    __attribute__((used, section("histfs_sources"), aligned(sizeof(void *)))) = &source_##ident;               \
	static const struct source_desc source_##ident

/* All descriptors, in order of id. The array is static. */
const struct source_desc *const *source_all(size_t *ret_n);

/* The descriptor of a table; NULL: there is none of that name. */
const struct source_desc *source_find(const char *name);

/* Number of the column with that name in t, added to its schema (c->name = name) if it is new: that is how columns that
 * a newer kernel prints are recorded. Only while the table has no rows. -EINVAL for a name the format cannot hold (see
 * source_name). */
int source_column(struct table *t, const char *name, const struct column *c);

/* A table with the descriptor's columns and a pool of its own, for those who fill it on another thread. free: NULL is
 * nothing. */
int source_table_new(const struct source_desc *desc, struct table **ret);
void source_table_free(struct table *t);
/* Appends the rows of one table to another one that has its columns, in the same places. */
int source_table_append(const struct table *from, struct table *to);

/* Makes a column name of a kernel's word: characters that the format does not allow become '_', cut at 64 bytes. */
void source_name(char ret[65], const char *word, size_t len);

#endif
