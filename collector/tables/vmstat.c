/* vmstat.c -- table vmstat: every line of /proc/vmstat, with the kernel's names, in the kernel's order
 *
 * Which lines there are depends on version, configuration and memory zones, so that all columns are found at run time.
 * The file does not say what is a level and what a count of events. The kernel's habit does: names in nr_ are levels,
 * all others count events; known_kinds has what breaks it.
 */
#include "collector/kvfile.h"

struct known_kind {
	const char *name;
	enum column_kind kind;
};

static const struct known_kind known_kinds[] = {
    {"nr_dirtied", KIND_COUNTER},
    {"nr_written", KIND_COUNTER},
    {"nr_throttled_written", KIND_COUNTER},
    {"nr_vmscan_write", KIND_COUNTER},
    {"nr_vmscan_immediate_reclaim", KIND_COUNTER},
    {"nr_foll_pin_acquired", KIND_COUNTER},
    {"nr_foll_pin_released", KIND_COUNTER},
    {"nr_tlb_remote_flush", KIND_COUNTER},
    {"nr_tlb_remote_flush_received", KIND_COUNTER},
    {"nr_tlb_local_flush_all", KIND_COUNTER},
    {"nr_tlb_local_flush_one", KIND_COUNTER},
    {"workingset_nodes", KIND_GAUGE},
};

static enum column_kind kind_of(const char *name)
{
	for (size_t i = 0; i < N_ELEMENTS(known_kinds); i++)
		if (strcmp(name, known_kinds[i].name) == 0)
			return known_kinds[i].kind;
	return strncmp(name, "nr_", strlen("nr_")) == 0 ? KIND_GAUGE : KIND_COUNTER;
}

static bool describe(
    const char *name, size_t len, const char *unit, size_t unit_len, char ret_name[65], struct column *ret)
{
	(void)unit;
	if (unit_len > 0)
		return false;
	source_name(ret_name, name, len);
	*ret = (struct column){.unit = "", .type = COL_U64, .kind = (uint8_t)kind_of(ret_name)};
	return true;
}

static const struct kvfile_format format = {.path = "proc/vmstat", .describe = describe};

static int open_(const struct source_env *env, void **ret_state)
{
	(void)env;
	return kvfile_open(&format, ret_state);
}

SOURCE(vmstat) = {
    .name = "vmstat",
    .id = 6,
    .open = open_,
    .close = kvfile_close,
    .sample = kvfile_sample,
};
