/* segment_name.h -- names of the files of a partition (docs/format.md, section 11) */
#ifndef STORE_SEGMENT_NAME_H
#define STORE_SEGMENT_NAME_H

#include <stdbool.h>
#include <stdint.h>

enum segment_file { SEGMENT_LOG, SEGMENT_INDEX, SEGMENT_TIMES, SEGMENT_DAMAGED, SEGMENT_TMP, SEGMENT_TORN };

enum { SEGMENT_NAME_SIZE = 48 };

/* The base offset in twenty digits, and what kind of file it is. SEGMENT_TMP: of a log that will replace another.
 * SEGMENT_TORN: the bytes that were cut off the end of one (payloads). */
void segment_name_put(char ret[static SEGMENT_NAME_SIZE], uint64_t base, enum segment_file type);

/* Whether the name is one that segment_name_put gives. */
bool segment_name_parse(const char *name, uint64_t *ret_base, enum segment_file *ret_type);

/* Whether a topic may have that name: whatever passes is harmless as the name of a directory. */
bool segment_name_topic_valid(const char *name, uint64_t len);

/* The number of a partition as the name of its directory, without leading zeros; below PARTITIONS_MAX. */
bool segment_name_partition(const char *name, uint32_t *ret);

#endif
