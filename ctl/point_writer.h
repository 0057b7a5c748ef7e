/* point_writer.h -- points on standard output
 *
 * TSV: a line of names, then series, time and value, the series with escapes as in all tables. JSON: a line a point,
 * {"metric":"cpu","labels":{"host":"a"},"time":"2026-11-20T03:12:05.123Z","value":1.5}, where what is no number in JSON
 * is a string. OpenMetrics: as below /openmetrics; series must come in order of their families.
 */
#ifndef CTL_POINT_WRITER_H
#define CTL_POINT_WRITER_H

#include "view/point_lines.h"

enum point_format { POINT_TSV, POINT_JSON, POINT_OPENMETRICS };

struct point_writer {
	enum point_format format;
	struct point_lines *lines;
	struct buf name, family, out;
};

/* -EINVAL: it is none of tsv, json and openmetrics. */
int point_writer_parse(const char *text, enum point_format *ret);

int point_writer_begin(struct point_writer *w, enum point_format format);
/* The points of a series: int64_t, uint64_t in order of time. -EPIPE: they cannot be written. */
int point_writer_put(struct point_writer *w, struct span key, struct buf *ns, struct buf *bits);
int point_writer_end(struct point_writer *w);
void point_writer_done(struct point_writer *w);

#endif
