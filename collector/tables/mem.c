/* mem.c -- table mem: every line of /proc/meminfo
 *
 * Names are the kernel's, with its unit at the end: "Active(anon): 40284 kB" is Active_anon_kB in small letters,
 * Active_anon_kb. HugePages_* are counted in huge pages.
 */
#include "collector/kvfile.h"
#include "collector/meminfo.h"

#define KB(n)                                                                                                          \
	{                                                                                                              \
		n "_kb", "kB", COL_U64, KIND_GAUGE, 0, 0                                                               \
	}
#define PAGES(n)                                                                                                       \
	{                                                                                                              \
		n, "", COL_U64, KIND_GAUGE, 0, 0                                                                       \
	}

/* What most machines print, in the kernel's order; the rest is added as it comes. */
static const struct column columns[] = {
    KB("MemTotal"),
    KB("MemFree"),
    KB("MemAvailable"),
    KB("Buffers"),
    KB("Cached"),
    KB("SwapCached"),
    KB("Active"),
    KB("Inactive"),
    KB("Active_anon"),
    KB("Inactive_anon"),
    KB("Active_file"),
    KB("Inactive_file"),
    KB("Unevictable"),
    KB("Mlocked"),
    KB("SwapTotal"),
    KB("SwapFree"),
    KB("Zswap"),
    KB("Zswapped"),
    KB("Dirty"),
    KB("Writeback"),
    KB("AnonPages"),
    KB("Mapped"),
    KB("Shmem"),
    KB("KReclaimable"),
    KB("Slab"),
    KB("SReclaimable"),
    KB("SUnreclaim"),
    KB("KernelStack"),
    KB("PageTables"),
    KB("SecPageTables"),
    KB("NFS_Unstable"),
    KB("Bounce"),
    KB("WritebackTmp"),
    KB("CommitLimit"),
    KB("Committed_AS"),
    KB("VmallocTotal"),
    KB("VmallocUsed"),
    KB("VmallocChunk"),
    KB("Percpu"),
    KB("HardwareCorrupted"),
    KB("AnonHugePages"),
    KB("ShmemHugePages"),
    KB("ShmemPmdMapped"),
    KB("FileHugePages"),
    KB("FilePmdMapped"),
    KB("CmaTotal"),
    KB("CmaFree"),
    KB("Unaccepted"),
    KB("Balloon"),
    PAGES("HugePages_Total"),
    PAGES("HugePages_Free"),
    PAGES("HugePages_Rsvd"),
    PAGES("HugePages_Surp"),
    KB("Hugepagesize"),
    KB("Hugetlb"),
    KB("DirectMap4k"),
    KB("DirectMap2M"),
    KB("DirectMap1G"),
};

static const struct kvfile_format format = {.path = "proc/meminfo", .colon = true, .describe = meminfo_describe};

static int open_(const struct source_env *env, void **ret_state)
{
	(void)env;
	return kvfile_open(&format, ret_state);
}

SOURCE(mem) = {
    .name = "mem",
    .id = 5,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .open = open_,
    .close = kvfile_close,
    .sample = kvfile_sample,
};
