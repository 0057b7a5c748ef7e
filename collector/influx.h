/* influx.h -- points as InfluxDB's line protocol has them
 *
 *   measurement[,tag=value…] field=value[,field=value…] [time]
 *
 * A field becomes a series: its metric is MEASUREMENT_FIELD, of a field `value` the measurement alone, its labels are
 * the tags. Numbers are taken as doubles, also those with i or u behind, booleans as 0 and 1; text in quotes is
 * refused, which leaves the other fields of the line. A line without a time has that of its coming. Backslashes stand
 * before blanks, commas and = in names, and before " and \ in text. Lines that are empty or begin with # are none.
 */
#ifndef COLLECTOR_INFLUX_H
#define COLLECTOR_INFLUX_H

#include "collector/point_sink.h"

/* See point_sink.h. now_ns: of points without a time; ns_per_unit: 1, 1000, … 1 000 000 000. */
size_t influx_parse(struct span text, bool whole, int64_t now_ns, int64_t ns_per_unit, struct point_sink *sink);

#endif
