/* point_sink.h -- where the points of a text go
 *
 * Who parses a text asks first whether a series is known by the bytes that it is written with: these are compared, not
 * parsed. Only if it is not, the series is named by its metric and labels.
 *
 * What parsers have in common: a text is taken line by line. A line that is wrong is refused with the reason, and the
 * others count all the same. `whole`: the text ends where it ends; otherwise its last line counts only with the newline
 * behind it. They return how many bytes they have dealt with, and stop early if the sink has an error, or where it
 * says; behind that they go on as if they had not stopped, if they are given what is left and the line. Nothing is
 * allocated.
 */
#ifndef COLLECTOR_POINT_SINK_H
#define COLLECTOR_POINT_SINK_H

#include "store/point_key.h"

/* How a series is written: no other one is written with the same bytes in these two places. */
struct point_spelling {
	struct span first, second;
};

struct point_sink {
	uint64_t line; /* the one being parsed, from 1: the parser's */
	int err;       /* the sink's: nothing more is taken */
	/* The sink's: lines that begin there or behind are left for another time; NULL: none are. */
	const uint8_t *until;

	/* The series that is written so; false: it is not known. */
	bool (*find)(struct point_sink *s, const struct point_spelling *spelling, uint32_t *ret);
	/* From here on it is. labels are reordered. False: it cannot be, and that has been refused. */
	bool (*name)(struct point_sink *s, const struct point_spelling *spelling, struct span metric,
	    struct point_label *labels, size_t n, uint32_t *ret);
	void (*put)(struct point_sink *s, uint32_t series, int64_t ns, double value);
	/* A line, or one point of it. */
	void (*refuse)(struct point_sink *s, const char *why);
};

/* Whether a line that begins there is to be taken. */
static inline bool point_sink_takes(const struct point_sink *s, const uint8_t *line)
{
	return s->err == 0 && (!s->until || line < s->until);
}

/* Longest text that names a series, as it is written. */
enum { POINT_SPELLING_MAX = 8192 };

#endif
