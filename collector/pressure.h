/* pressure.h -- a line of the kernel's pressure files, of the machine or of a cgroup */
#ifndef COLLECTOR_PRESSURE_H
#define COLLECTOR_PRESSURE_H

#include "collector/line.h"

enum { PRESSURE_AVG10, PRESSURE_AVG60, PRESSURE_AVG300, PRESSURE_TOTAL, PRESSURE_N };

/* Takes "some avg10=0.12 avg60=0.34 avg300=0.56 total=78": the averages scaled by 100, the total in microseconds. False
 * if p is no such line. */
bool pressure_line(const char *p, bool *ret_full, uint64_t ret[PRESSURE_N]);

#endif
