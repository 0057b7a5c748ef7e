/* pss.c -- table pss: memory of each process with its share of what it has in common with others, out of
 * /proc/PID/smaps_rollup
 *
 * For that the kernel walks the page tables of the process and holds a lock of its memory: of a database server with
 * much shared memory this takes seconds, and what the process maps meanwhile waits. So this table is recorded only if
 * it is asked for, seldom, and on a thread of its own. Kernel threads, and processes that we may not look into, have no
 * row.
 */
#include "collector/pidparse.h"
#include "collector/pidfiles.h"

#include <limits.h>

enum { PSS_PID, PSS_START, PSS, PSS_ANON, PSS_FILE, PSS_SHMEM, PSS_SWAP, PSS_PRIVATE, N_COLUMNS };

#define BYTES(n)                                                                                                       \
	{                                                                                                              \
		n, "bytes", COL_U64, KIND_GAUGE, 0, 0                                                                  \
	}

/* Part of the format: columns are only ever added, at the end. */
static const struct column columns[N_COLUMNS] = {
    [PSS_PID] = {"pid", "", COL_U64, KIND_LABEL, COL_KEY, 0},
    [PSS_START] = {"start_us", "us", COL_U64, KIND_LABEL, COL_KEY, 0}, /* since boot */
    [PSS] = BYTES("pss_bytes"),
    [PSS_ANON] = BYTES("pss_anon_bytes"),
    [PSS_FILE] = BYTES("pss_file_bytes"),
    [PSS_SHMEM] = BYTES("pss_shmem_bytes"),
    [PSS_SWAP] = BYTES("swap_pss_bytes"),
    [PSS_PRIVATE] = BYTES("uss_bytes"), /* what would be free if it ended */
};

static const struct {
	const char *line;
	uint8_t column;
} lines[] = {
    {"Pss:", PSS},
    {"Pss_Anon:", PSS_ANON},
    {"Pss_File:", PSS_FILE},
    {"Pss_Shmem:", PSS_SHMEM},
    {"SwapPss:", PSS_SWAP},
    {"Private_Clean:", PSS_PRIVATE},
    {"Private_Dirty:", PSS_PRIVATE},
    {"Private_Hugetlb:", PSS_PRIVATE},
};

/* Adds up the lines of a column. False if the text has none of them. */
static bool parse(const char *text, struct table *t, uint32_t row)
{
	uint64_t sums[N_COLUMNS] = {0};
	bool has[N_COLUMNS] = {false}, any = false;

	for (const char *p = text; *p != '\0'; parse_next_line(&p))
		for (size_t i = 0; i < N_ELEMENTS(lines); i++) {
			const char *value = p + strlen(lines[i].line);
			uint64_t kib;

			if (strncmp(p, lines[i].line, strlen(lines[i].line)) != 0 || !parse_u64(&value, &kib))
				continue;
			sums[lines[i].column] += kib * 1024;
			has[lines[i].column] = any = true;
		}
	for (uint32_t c = 0; c < N_COLUMNS; c++)
		if (has[c])
			table_set(t, row, c, sums[c]);
	return any;
}

/* Adds the process's row. Errors: it has none. */
static int sample_process(const struct source_env *env, struct pidfiles *pf, struct pidset *s, struct table *t)
{
	uint64_t start_us;
	const char *text;
	uint32_t row;
	size_t len;
	int r = pidset_read(pf, s, PIDFILE_STAT, &text, &len);

	if (r == 0)
		r = pidparse_start(env, text, len, &start_us);
	if (r == 0)
		r = pidset_read(pf, s, PIDFILE_SMAPS_ROLLUP, &text, &len);
	if (r == 0)
		r = table_add_row(t, &row);
	if (r < 0)
		return r;
	if (!parse(text, t, row)) {
		table_drop_row(t);
		return 0;
	}
	table_set(t, row, PSS_PID, (uint64_t)s->pid);
	table_set(t, row, PSS_START, start_us);
	return 0;
}

static int sample(const struct source_env *env, void *state, struct table *t)
{
	const int *pids;
	size_t n, n_refused = 0;
	int r = pidfiles_list(state, &pids, &n);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		struct pidset s;

		pidset_init(&s, pids[i]);
		r = sample_process(env, state, &s, t);
		pidset_done(state, &s);
		if (r == -ENOMEM || r == -EMFILE || r == -ENFILE || r == -EMSGSIZE)
			return r;
		n_refused += r == -EACCES || r == -EPERM;
	}
	if (n_refused > 0)
		source_note(env, "left out: %zu processes that we may not look into", n_refused);
	return t->n_rows > 0 ? 0 : -ENOENT;
}

static int open_(const struct source_env *env, void **ret_state)
{
	struct pidfiles *pf;
	int r = pidfiles_new(env->fs, &pf);

	if (r == 0)
		*ret_state = pf;
	return r;
}

static void close_(void *state)
{
	pidfiles_free(state);
}

SOURCE(pss) = {
    .name = "pss",
    .id = 24,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .open = open_,
    .close = close_,
    .sample = sample,
    .slow = true,
    .every_ms = 300000,
    .apart = true,
    .off = true,
};
