/* segment_name.c -- see segment_name.h */
#include "store/segment_name.h"

#include "store/format.h"

#include <inttypes.h>
#include <stdio.h>

enum { DIGITS = 20 };

static const char *const suffixes[] = {
    [SEGMENT_LOG] = ".log",
    [SEGMENT_INDEX] = ".index",
    [SEGMENT_TIMES] = ".timeindex",
    [SEGMENT_DAMAGED] = ".log.damaged",
    [SEGMENT_TMP] = ".log.tmp",
    [SEGMENT_TORN] = ".log.torn",
};

void segment_name_put(char ret[static SEGMENT_NAME_SIZE], uint64_t base, enum segment_file type)
{
	snprintf(ret, SEGMENT_NAME_SIZE, "%0*" PRIu64 "%s", DIGITS, base, suffixes[type]);
}

bool segment_name_parse(const char *name, uint64_t *ret_base, enum segment_file *ret_type)
{
	uint64_t base = 0;

	for (unsigned i = 0; i < DIGITS; i++) {
		if (name[i] < '0' || name[i] > '9' || base >= OFFSET_MAX)
			return false;
		base = base * 10 + (uint64_t)(name[i] - '0');
	}
	if (base >= OFFSET_MAX)
		return false;
	for (unsigned type = 0; type < sizeof suffixes / sizeof suffixes[0]; type++)
		if (strcmp(name + DIGITS, suffixes[type]) == 0) {
			*ret_base = base;
			*ret_type = (enum segment_file)type;
			return true;
		}
	return false;
}

/* Files beside the topics, and while they are written. */
static bool is_taken(const char *name, uint64_t len)
{
	static const char *const taken[] = {"names", "names.tmp", "followed", "followed.tmp"};

	for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
		if (strlen(taken[i]) == len && memcmp(name, taken[i], len) == 0)
			return true;
	return false;
}

bool segment_name_topic_valid(const char *name, uint64_t len)
{
	static const char since[] = ".since";
	const size_t since_len = sizeof since - 1;

	if (len == 0 || len > TOPIC_NAME_MAX || is_taken(name, len) ||
	    (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.'))))
		return false;
	for (uint64_t i = 0; i < len; i++) {
		char c = name[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
		        c == '_' || c == '-'))
			return false;
	}
	return len < since_len || memcmp(name + len - since_len, since, since_len) != 0;
}

bool segment_name_partition(const char *name, uint32_t *ret)
{
	uint32_t n = 0;

	if (name[0] < '0' || name[0] > '9' || (name[0] == '0' && name[1] != 0))
		return false;
	for (; *name; name++) {
		if (*name < '0' || *name > '9' || n >= PARTITIONS_MAX)
			return false;
		n = n * 10 + (uint32_t)(*name - '0');
	}
	if (n >= PARTITIONS_MAX)
		return false;
	*ret = n;
	return true;
}
