/* meminfo.h -- how lines of /proc/meminfo, and of a NUMA node's, are called as columns */
#ifndef COLLECTOR_MEMINFO_H
#define COLLECTOR_MEMINFO_H

#include "collector/source.h"

/* The kernel's name with its unit at the end: "Active(anon): 40284 kB" is Active_anon_kb. False: a line with another
 * unit or a name too long, which is not recorded. */
bool meminfo_describe(
    const char *name, size_t len, const char *unit, size_t unit_len, char ret_name[65], struct column *ret);

#endif
