/* pidparse.c -- see pidparse.h */
#include "collector/pidparse.h"

#include <limits.h>

enum unit { AS_IT_IS, TICKS, PAGES };

/* Fields of stat by the kernel's numbering, which begins at 1; the first two are pid and (comm). */
enum { FIELD_STATE = 3, FIELD_TTY = 7, FIELD_FLAGS = 9, FIELD_START = 22, FIELD_LAST = 42 };
static const struct {
	uint8_t column; /* 0 (the pid): none */
	uint8_t unit;
} stat_fields[FIELD_LAST + 1] = {
    [4] = {PPID, 0},
    [10] = {MINFLT, 0},
    [11] = {CMINFLT, 0},
    [12] = {MAJFLT, 0},
    [13] = {CMAJFLT, 0},
    [14] = {UTIME, TICKS},
    [15] = {STIME, TICKS},
    [16] = {CUTIME, TICKS},
    [17] = {CSTIME, TICKS},
    [18] = {PRIO, 0},
    [19] = {NICE, 0},
    [20] = {THREADS, 0},
    [22] = {START, TICKS},
    [23] = {VSIZE, 0},
    [24] = {RSS, PAGES},
    [38] = {EXIT_SIGNAL, 0},
    [39] = {CPU, 0},
    [40] = {RTPRIO, 0},
    [41] = {POLICY, 0},
    [42] = {BLOCK_DELAY, TICKS},
};

enum { KERNEL_THREAD = 0x00200000 }; /* PF_KTHREAD in flags */

static uint64_t ticks_to_us(const struct source_env *env, uint64_t ticks)
{
	return ticks / env->ticks_per_s * 1000000 + ticks % env->ticks_per_s * 1000000 / env->ticks_per_s;
}

static uint64_t in_unit(const struct source_env *env, enum unit unit, uint64_t v)
{
	switch (unit) {
	case TICKS:
		return ticks_to_us(env, v);
	case PAGES:
		return v * env->page_size;
	default:
		return v;
	}
}

/* The name of a terminal by its device number, as ps shows it. */
static void set_tty(struct table *t, uint32_t row, uint64_t dev)
{
	unsigned major = (unsigned)(dev >> 8 & 0xfff), minor = (unsigned)((dev & 0xff) | (dev >> 12 & 0xfff00));
	char name[32];
	int len;

	if (dev == 0)
		return;
	if (major >= 136 && major <= 143)
		len = snprintf(name, sizeof name, "pts/%u", (major - 136) * 256 + minor);
	else if (major == 4)
		len = snprintf(name, sizeof name, minor < 64 ? "tty%u" : "ttyS%u", minor < 64 ? minor : minor - 64);
	else
		len = snprintf(name, sizeof name, "%u:%u", major, minor);
	table_set_str(t, row, TTY, name, (size_t)len);
}

/* Reads a number with or without a minus, as 64 bits. */
static bool parse_number(const char **p, uint64_t *ret)
{
	int64_t v;

	if (parse_u64(p, ret))
		return true;
	if (!parse_i64(p, &v))
		return false;
	*ret = (uint64_t)v;
	return true;
}

int pidparse_stat(
    const struct source_env *env, struct table *t, uint32_t row, const char *text, size_t len, struct pidstat *ret)
{
	/* A name may hold blanks, parentheses and newlines: it ends at the last ')', behind which there are numbers. */
	const char *open = memchr(text, '(', len), *close = memrchr(text, ')', len), *p = text;
	struct pidstat st = {0};
	uint64_t v;
	int field;

	if (!open || !close || close < open || close[1] != ' ' || close[2] == '\0' || !parse_u64(&p, &v))
		return -EBADMSG;
	table_set(t, row, PID, v);
	table_set_str(t, row, COMM, open + 1, (size_t)(close - open - 1));
	table_set_str(t, row, STATE, close + 2, 1);
	p = close + 3;
	for (field = FIELD_STATE + 1; field <= FIELD_LAST && parse_number(&p, &v); field++) {
		if (field == FIELD_TTY)
			set_tty(t, row, v);
		else if (field == FIELD_FLAGS)
			st.kernel_thread = v & KERNEL_THREAD;
		else if (field == FIELD_START)
			st.start = v;
		if (stat_fields[field].column)
			table_set(t, row, stat_fields[field].column, in_unit(env, stat_fields[field].unit, v));
	}
	if (field <= FIELD_START)
		return -EBADMSG;
	*ret = st;
	return 0;
}

int pidparse_start(const struct source_env *env, const char *text, size_t len, uint64_t *ret_us)
{
	const char *close = memrchr(text, ')', len), *p = close;
	uint64_t v;
	size_t word;

	if (!close)
		return -EBADMSG;
	p++;
	for (int field = FIELD_STATE; field < FIELD_START; field++)
		parse_word(&p, &word);
	if (!parse_u64(&p, &v))
		return -EBADMSG;
	*ret_us = ticks_to_us(env, v);
	return 0;
}

struct line {
	const char *name; /* with its ':' */
	uint8_t len;
	uint8_t column;
	bool kib;
};
#define LINE(name, column)                                                                                             \
	{                                                                                                              \
		name ":", sizeof name, column, false                                                                   \
	}
#define LINE_KIB(name, column)                                                                                         \
	{                                                                                                              \
		name ":", sizeof name, column, true                                                                    \
	}

/* In the kernel's order; lines that a kernel does not print are passed over. */
static const struct line status_lines[] = {
    LINE("Uid", UID),
    LINE("Gid", GID),
    LINE_KIB("VmLck", LOCKED),
    LINE_KIB("VmPin", PINNED),
    LINE_KIB("VmHWM", PEAK_RSS),
    LINE_KIB("RssAnon", RSS_ANON),
    LINE_KIB("RssFile", RSS_FILE),
    LINE_KIB("RssShmem", RSS_SHMEM),
    LINE_KIB("VmData", DATA),
    LINE_KIB("VmStk", STACK),
    LINE_KIB("VmExe", EXE),
    LINE_KIB("VmLib", LIB),
    LINE_KIB("VmPTE", PTE),
    LINE_KIB("VmSwap", SWAP),
    LINE_KIB("HugetlbPages", HUGETLB),
    LINE("voluntary_ctxt_switches", VOLUNTARY),
    LINE("nonvoluntary_ctxt_switches", INVOLUNTARY),
};
static const struct line io_lines[] = {
    LINE("rchar", RCHAR),
    LINE("wchar", WCHAR),
    LINE("syscr", SYSCR),
    LINE("syscw", SYSCW),
    LINE("read_bytes", READ_BYTES),
    LINE("write_bytes", WRITE_BYTES),
    LINE("cancelled_write_bytes", CANCELLED),
};

/* Behind the real one. */
enum { MORE_IDS = 3 };
static const uint8_t more_uids[MORE_IDS] = {EUID, SUID, FSUID};
static const uint8_t more_gids[MORE_IDS] = {EGID, SGID, FSGID};

static void take_ids(struct table *t, uint32_t row, const uint8_t columns[MORE_IDS], const char *p)
{
	uint64_t v;

	for (unsigned i = 0; i < MORE_IDS && parse_u64(&p, &v); i++)
		table_set(t, row, columns[i], v);
}

/* Takes the wanted lines. They come in order as a rule, so the search goes on behind the last one found. */
static void take_lines(struct table *t, uint32_t row, const struct line *lines, size_t n, const char *text, size_t len)
{
	const char *end = text + len;
	size_t next = 0;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t line_len = (size_t)((newline ? newline : end) - text);

		for (size_t tried = 0; tried < n; tried++) {
			size_t i = next + tried < n ? next + tried : next + tried - n;
			const struct line *l = &lines[i];
			const char *p = text + l->len;
			uint64_t v;

			if (*text != *l->name || line_len < l->len || memcmp(text, l->name, l->len) != 0)
				continue;
			next = i + 1 < n ? i + 1 : 0;
			if (!parse_u64(&p, &v))
				break;
			table_set(t, row, l->column, l->kib ? v * 1024 : v);
			if (l->column == UID || l->column == GID)
				take_ids(t, row, l->column == UID ? more_uids : more_gids, p);
			break;
		}
		text += line_len + 1;
	}
}

/* How much a line's cgroup counts, less being more; path is what stands behind its second colon. */
static unsigned rank_cgroup(const char *line, const char *path, size_t len)
{
	if (len == 1)
		return 3;
	if (strncmp(line, "0::", 3) == 0)
		return 0;
	return memmem(line, (size_t)(path - line), ":name=systemd:", 14) ? 1 : 2;
}

bool pidparse_cgroup(const char *text, const char **ret, size_t *ret_len)
{
	unsigned best = UINT_MAX;

	for (const char *p = text; *p != '\0'; parse_next_line(&p)) {
		const char *end = strchrnul(p, '\n');
		const char *first = memchr(p, ':', (size_t)(end - p));
		const char *second = first ? memchr(first + 1, ':', (size_t)(end - first - 1)) : NULL;
		size_t len = second ? (size_t)(end - second - 1) : 0;
		unsigned rank;

		if (len == 0 || second[1] != '/' || *end != '\n')
			continue;
		rank = rank_cgroup(p, second + 1, len);
		if (rank < best) {
			best = rank;
			*ret = second + 1;
			*ret_len = len;
		}
	}
	return best != UINT_MAX;
}

void pidparse_schedstat(struct table *t, uint32_t row, const char *text)
{
	static const uint8_t to[] = {RUN, RUN_DELAY, TIMESLICES};
	uint64_t v;

	for (size_t i = 0; i < N_ELEMENTS(to) && parse_u64(&text, &v); i++)
		table_set(t, row, to[i], v);
}

void pidparse_status(struct table *t, uint32_t row, const char *text, size_t len)
{
	take_lines(t, row, status_lines, N_ELEMENTS(status_lines), text, len);
}

void pidparse_io(struct table *t, uint32_t row, const char *text, size_t len)
{
	take_lines(t, row, io_lines, N_ELEMENTS(io_lines), text, len);
}
