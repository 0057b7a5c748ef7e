/* cgroupparse.c -- see cgroupparse.h */
#include "collector/cgroupparse.h"

#include "collector/pressure.h"

enum {
	LINES_MAX = 256, /* that are known of a file */
	WORD_MAX = 47,
};

enum format {
	NUMBER,   /* "123", or "max" */
	QUOTA,    /* "max 100000": two columns */
	LINES,    /* "name 123": their columns by name */
	PRESSURE, /* see pressure.h: four columns */
	IO,       /* "8:0 rbytes=1 wbytes=2 …": six columns, summed over devices */
	IO_V1,    /* "8:0 Read 123": three of these */
};

/* A line of version 1 and its column. */
struct cgroup_rename {
	const char *line, *column;
	uint32_t divide;
};

static const struct cgroup_rename cpu_v1[] = {{"nr_periods", "cpu_nr_periods", 1},
    {"nr_throttled", "cpu_nr_throttled", 1}, {"throttled_time", "cpu_throttled_us", 1000},
    {"nr_bursts", "cpu_nr_bursts", 1}, {"burst_time", "cpu_burst_us", 1000}, {NULL, NULL, 0}};
static const struct cgroup_rename oom_v1[] = {{"oom_kill", "memory_events_oom_kill", 1}, {NULL, NULL, 0}};
/* total: with the cgroups below, as everything of version 2. */
static const struct cgroup_rename memory_v1[] = {{"total_rss", "memory_anon_bytes", 1},
    {"total_cache", "memory_file_bytes", 1}, {"total_rss_huge", "memory_anon_thp_bytes", 1},
    {"total_shmem", "memory_shmem_bytes", 1}, {"total_mapped_file", "memory_file_mapped_bytes", 1},
    {"total_dirty", "memory_file_dirty_bytes", 1}, {"total_writeback", "memory_file_writeback_bytes", 1},
    {"total_swap", "swap_current_bytes", 1}, {"total_swapcached", "memory_swapcached_bytes", 1},
    {"total_inactive_anon", "memory_inactive_anon_bytes", 1}, {"total_active_anon", "memory_active_anon_bytes", 1},
    {"total_inactive_file", "memory_inactive_file_bytes", 1}, {"total_active_file", "memory_active_file_bytes", 1},
    {"total_unevictable", "memory_unevictable_bytes", 1}, {"total_pgfault", "memory_pgfault", 1},
    {"total_pgmajfault", "memory_pgmajfault", 1},
    {"total_workingset_refault_anon", "memory_workingset_refault_anon", 1},
    {"total_workingset_refault_file", "memory_workingset_refault_file", 1}, {NULL, NULL, 0}};

#define VALUES_DIVIDED(name, of, when, format, column, divide)                                                         \
	{                                                                                                              \
		name, CGROUP_##of, CGROUP_##when, format, column, divide, NULL, false, NULL                            \
	}
#define VALUES(name, of, when, format, column) VALUES_DIVIDED(name, of, when, format, column, 1)
#define LINES_V2(name, when, prefix, open)                                                                             \
	{                                                                                                              \
		name, CGROUP_V2, CGROUP_##when, LINES, 0, 1, prefix, open, NULL                                        \
	}
#define LINES_V1(name, of, when, renames)                                                                              \
	{                                                                                                              \
		name, CGROUP_##of, CGROUP_##when, LINES, 0, 1, NULL, false, renames                                    \
	}

const struct cgroup_file cgroupparse_files[CGROUP_N_FILES] = {
    LINES_V2("cpu.stat", SIGN, "cpu_", true),
    VALUES("memory.current", V2, SIGN, NUMBER, CG_MEMORY),
    VALUES("pids.current", V2, SIGN, NUMBER, CG_PIDS),
    VALUES_DIVIDED("cpuacct.usage", CPUACCT, SIGN, NUMBER, CG_CPU_USAGE, 1000),
    VALUES("memory.usage_in_bytes", MEMORY, SIGN, NUMBER, CG_MEMORY),
    VALUES("pids.current", PIDS, SIGN, NUMBER, CG_PIDS),

    VALUES("io.pressure", V2, STALL, PRESSURE, CG_PSI_IO),

    VALUES("cpu.pressure", V2, ACTIVE, PRESSURE, CG_PSI_CPU),
    VALUES("memory.peak", V2, ACTIVE, NUMBER, CG_MEMORY_PEAK),
    VALUES("memory.swap.current", V2, ACTIVE, NUMBER, CG_SWAP),
    LINES_V2("memory.stat", ACTIVE, "memory_", true),
    LINES_V2("memory.events", ACTIVE, "memory_events_", true),
    VALUES("memory.pressure", V2, ACTIVE, PRESSURE, CG_PSI_MEMORY),
    VALUES("pids.peak", V2, ACTIVE, NUMBER, CG_PIDS_PEAK),
    VALUES("io.stat", V2, ACTIVE, IO, CG_IO_RBYTES),
    VALUES("irq.pressure", V2, ACTIVE, PRESSURE, CG_PSI_IRQ),
    LINES_V2("cgroup.events", ACTIVE, "", false),
    VALUES_DIVIDED("cpuacct.usage_user", CPUACCT, ACTIVE, NUMBER, CG_CPU_USER, 1000),
    VALUES_DIVIDED("cpuacct.usage_sys", CPUACCT, ACTIVE, NUMBER, CG_CPU_SYSTEM, 1000),
    LINES_V1("cpu.stat", CPU, ACTIVE, cpu_v1),
    VALUES("memory.max_usage_in_bytes", MEMORY, ACTIVE, NUMBER, CG_MEMORY_PEAK),
    VALUES("memory.failcnt", MEMORY, ACTIVE, NUMBER, CG_EVENTS_MAX),
    LINES_V1("memory.stat", MEMORY, ACTIVE, memory_v1),
    LINES_V1("memory.oom_control", MEMORY, ACTIVE, oom_v1),
    VALUES("blkio.throttle.io_service_bytes_recursive", BLKIO, ACTIVE, IO_V1, CG_IO_RBYTES),
    VALUES("blkio.throttle.io_serviced_recursive", BLKIO, ACTIVE, IO_V1, CG_IO_RIOS),

    VALUES("cpu.max", V2, SETTING, QUOTA, CG_CPU_QUOTA),
    VALUES("cpu.weight", V2, SETTING, NUMBER, CG_CPU_WEIGHT),
    VALUES("memory.max", V2, SETTING, NUMBER, CG_MEMORY_MAX),
    VALUES("memory.high", V2, SETTING, NUMBER, CG_MEMORY_HIGH),
    VALUES("memory.low", V2, SETTING, NUMBER, CG_MEMORY_LOW),
    VALUES("memory.min", V2, SETTING, NUMBER, CG_MEMORY_MIN),
    VALUES("memory.swap.max", V2, SETTING, NUMBER, CG_SWAP_MAX),
    VALUES("pids.max", V2, SETTING, NUMBER, CG_PIDS_MAX),
    LINES_V2("cgroup.stat", SETTING, "", false),
    VALUES("cpu.cfs_quota_us", CPU, SETTING, NUMBER, CG_CPU_QUOTA),
    VALUES("cpu.cfs_period_us", CPU, SETTING, NUMBER, CG_CPU_PERIOD),
    VALUES("memory.limit_in_bytes", MEMORY, SETTING, NUMBER, CG_MEMORY_MAX),
    VALUES("pids.max", PIDS, SETTING, NUMBER, CG_PIDS_MAX),
};

struct known_line {
	char word[WORD_MAX + 1];
	int column; /* negative: not recorded */
	uint32_t divide;
};

struct known_lines {
	struct known_line *v;
	size_t n, next; /* where the next line is looked for first */
};

struct cgroupparse {
	struct known_lines lines[CGROUP_N_FILES];
};

/* A file that is being taken apart. */
struct parsing {
	const struct cgroup_file *f;
	struct known_lines *lines;
	struct table *t;
	struct cgroup_cells *cells;
};

int cgroupparse_new(struct cgroupparse **ret)
{
	*ret = calloc(1, sizeof **ret);
	return *ret ? 0 : -ENOMEM;
}

void cgroupparse_forget(struct cgroupparse *cp)
{
	for (size_t i = 0; i < CGROUP_N_FILES; i++)
		cp->lines[i].n = 0;
}

void cgroupparse_free(struct cgroupparse *cp)
{
	for (size_t i = 0; i < CGROUP_N_FILES; i++)
		free(cp->lines[i].v);
	free(cp);
}

int cgroup_cells_reserve(struct cgroup_cells *c, uint32_t n)
{
	uint64_t *cells;
	uint8_t *has;

	if (n <= c->cap)
		return 0;
	n += 16;
	cells = realloc(c->v, n * sizeof *cells);
	if (!cells)
		return -ENOMEM;
	c->v = cells;
	has = realloc(c->has, n);
	if (!has)
		return -ENOMEM;
	c->has = has;
	memset(cells + c->cap, 0, (n - c->cap) * sizeof *cells);
	memset(has + c->cap, 0, n - c->cap);
	c->cap = n;
	return 0;
}

void cgroup_cells_done(struct cgroup_cells *c)
{
	free(c->v);
	free(c->has);
}

static int set(struct parsing *ps, uint32_t column, uint64_t v)
{
	struct cgroup_cells *c = ps->cells;
	int r = cgroup_cells_reserve(c, column + 1);

	if (r < 0 || c->has[column])
		return r;
	c->v[column] = v;
	c->has[column] = (uint8_t)(1 + ps->f->when);
	return 0;
}

/* A number or "max", which version 1 writes as -1 or as all the pages that there could be. */
static bool take_number(const char **p, uint64_t *ret)
{
	const char *word, *c = *p;
	size_t len;

	if (line_u64(p, ret)) {
		if (*ret > INT64_MAX - 0x10000)
			*ret = CGROUP_NO_LIMIT;
		return true;
	}
	if (!line_word(&c, &word, &len) ||
	    !((len == 3 && memcmp(word, "max", 3) == 0) || (len == 2 && memcmp(word, "-1", 2) == 0)))
		return false;
	*p = c;
	*ret = CGROUP_NO_LIMIT;
	return true;
}

static int parse_numbers(struct parsing *ps, const char *p)
{
	const struct cgroup_file *f = ps->f;
	unsigned n = f->format == QUOTA ? 2 : 1;
	uint64_t v[2];
	int r = 0;

	for (unsigned k = 0; k < n; k++)
		if (!take_number(&p, &v[k]))
			return 0;
	for (unsigned k = 0; k < n && r == 0; k++)
		r = set(ps, f->column + k, v[k] != CGROUP_NO_LIMIT ? v[k] / f->divide : v[k]);
	return r;
}

static int parse_pressure(struct parsing *ps, const char *text)
{
	int r = 0;

	for (const char *p = text; *p != '\0' && r == 0; parse_next_line(&p)) {
		uint64_t v[PRESSURE_N];
		uint32_t column = ps->f->column;
		bool full;

		if (!pressure_line(p, &full, v))
			continue;
		column += full ? 2 : 0;
		r = set(ps, column, v[PRESSURE_AVG10]);
		if (r == 0)
			r = set(ps, column + 1, v[PRESSURE_TOTAL]);
	}
	return r;
}

/* Which of the six sums a word's is; -1: none. */
static int io_sum(const char *word, size_t len, bool v1)
{
	static const char *const names[] = {"rbytes", "wbytes", "dbytes", "rios", "wios", "dios"};
	static const char *const names_v1[] = {"Read", "Write", "Discard"};
	size_t n = v1 ? N_ELEMENTS(names_v1) : N_ELEMENTS(names);

	for (size_t i = 0; i < n; i++) {
		const char *name = v1 ? names_v1[i] : names[i];

		if (strlen(name) == len && memcmp(name, word, len) == 0)
			return (int)i;
	}
	return -1;
}

/* Adds a device's line, behind its number. False: it is not whole. */
static bool add_io(const char *p, bool v1, uint64_t sums[6])
{
	const char *word;
	size_t len;

	while (line_word(&p, &word, &len)) {
		const char *equals = v1 ? NULL : memchr(word, '=', len);
		const char *value = v1 ? p : equals ? equals + 1 : NULL;
		uint64_t v;
		int sum;

		if (!value)
			continue;
		sum = io_sum(word, v1 ? len : (size_t)(equals - word), v1);
		if (sum >= 0 && !line_u64(&value, &v))
			return false;
		if (sum >= 0)
			sums[sum] += v;
	}
	return line_ends(p);
}

/* A device that did nothing has no line: what is not there is 0. */
static int parse_io(struct parsing *ps, const char *text)
{
	bool v1 = ps->f->format == IO_V1;
	uint64_t sums[6] = {0};
	int r = 0;

	for (const char *p = text; *p != '\0'; parse_next_line(&p)) {
		const char *device;
		size_t len;

		if (!line_word(&p, &device, &len))
			return 0;
		if (memchr(device, ':', len) && !add_io(p, v1, sums))
			return 0;
	}
	for (uint32_t k = 0; k < (v1 ? 3 : 6) && r == 0; k++)
		r = set(ps, ps->f->column + k, sums[k]);
	return r;
}

/* Whether a line of memory.stat counts something; the others are bytes. */
static bool counts(const char *word)
{
	static const char *const begins[] = {"pg", "workingset_", "thp_", "zswp", "swp", "numa_"};

	for (size_t i = 0; i < N_ELEMENTS(begins); i++)
		if (strncmp(word, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}

/* The column of a line of version 2. */
static void name_column(const struct cgroup_file *f, const char *word, char ret[65])
{
	size_t len = strlen(word);
	char name[WORD_MAX + 32];

	if (len > 5 && strcmp(word + len - 5, "_usec") == 0)
		len = (size_t)snprintf(name, sizeof name, "%s%.*s_us", f->prefix, (int)len - 5, word);
	else
		len = (size_t)snprintf(name, sizeof name, "%s%s%s", f->prefix, word,
		    strcmp(f->name, "memory.stat") == 0 && !counts(word) ? "_bytes" : "");
	source_name(ret, name, len);
}

static bool ends_in(const char *s, const char *end)
{
	return strlen(s) >= strlen(end) && strcmp(s + strlen(s) - strlen(end), end) == 0;
}

/* The number of the column with that name, which says what it is. -ENOENT: there is none for a number from a file. */
static int find_column(const struct cgroup_file *f, struct table *t, const char *name)
{
	struct column c = {.name = name, .unit = "", .type = COL_U64, .kind = KIND_COUNTER};
	int i;

	if (ends_in(name, "_us"))
		c.unit = "us";
	if (ends_in(name, "_bytes")) {
		c.unit = "bytes";
		c.kind = KIND_GAUGE;
	}
	i = f->open || f->renames ? source_column(t, name, &c) : table_schema_find(t->schema, name);
	return i >= 0 && (i <= CG_ID || t->schema->columns[i].type != COL_U64) ? -ENOENT : i;
}

/* Makes a line known; v has room. */
static int know_line(struct parsing *ps, const char *word, size_t len)
{
	const struct cgroup_file *f = ps->f;
	struct known_lines *ls = ps->lines;
	struct known_line *l = &ls->v[ls->n];
	const struct cgroup_rename *rename = f->renames;
	char name[65];

	memcpy(l->word, word, len);
	l->word[len] = '\0';
	l->divide = 1;
	l->column = -1;
	while (rename && rename->line && strcmp(rename->line, l->word) != 0)
		rename++;
	if (rename && rename->line) {
		l->column = find_column(f, ps->t, rename->column);
		l->divide = rename->divide;
	} else if (!rename) {
		name_column(f, l->word, name);
		l->column = find_column(f, ps->t, name);
	}
	if (l->column == -ENOMEM)
		return -ENOMEM;
	ls->n++;
	return 0;
}

/* What is known of a line; NULL in *ret: nothing, and it is not recorded. Lines come in the same order as a rule. */
static int find_line(struct parsing *ps, const char *word, size_t len, const struct known_line **ret)
{
	struct known_lines *ls = ps->lines;
	int r;

	*ret = NULL;
	if (len > WORD_MAX)
		return 0;
	for (size_t tried = 0; tried < ls->n; tried++) {
		size_t at = ls->next + tried < ls->n ? ls->next + tried : ls->next + tried - ls->n;

		if (memcmp(ls->v[at].word, word, len) == 0 && ls->v[at].word[len] == '\0') {
			ls->next = at + 1;
			*ret = &ls->v[at];
			return 0;
		}
	}
	if (ls->n == LINES_MAX)
		return 0;
	if (!ls->v)
		ls->v = malloc(LINES_MAX * sizeof *ls->v);
	r = ls->v ? know_line(ps, word, len) : -ENOMEM;
	if (r == 0)
		*ret = &ls->v[ls->n - 1];
	ls->next = ls->n;
	return r;
}

static int parse_lines(struct parsing *ps, const char *text)
{
	int r = 0;

	ps->lines->next = 0;
	for (const char *p = text; *p != '\0' && r == 0; parse_next_line(&p)) {
		const struct known_line *l;
		const char *word;
		size_t len;
		uint64_t v;

		if (!line_word(&p, &word, &len) || !line_u64(&p, &v) || !line_ends(p))
			continue;
		r = find_line(ps, word, len, &l);
		if (r == 0 && l && l->column >= 0)
			r = set(ps, (uint32_t)l->column, l->divide > 1 ? v / l->divide : v);
	}
	return r;
}

int cgroupparse_file(struct cgroupparse *cp, size_t file, const char *text, struct table *t, struct cgroup_cells *cells)
{
	struct parsing ps = {.f = &cgroupparse_files[file], .lines = &cp->lines[file], .t = t, .cells = cells};

	switch ((enum format)ps.f->format) {
	case NUMBER:
	case QUOTA:
		return parse_numbers(&ps, text);
	case LINES:
		return parse_lines(&ps, text);
	case PRESSURE:
		return parse_pressure(&ps, text);
	case IO:
	case IO_V1:
		return parse_io(&ps, text);
	}
	return 0;
}
