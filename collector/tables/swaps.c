/* swaps.c -- table swaps: every swap area of /proc/swaps */
#include "collector/line.h"
#include "collector/source.h"

enum { FILENAME, TYPE, SIZE, USED, PRIORITY };

static const struct column columns[] = {
    [FILENAME] = {"filename", "", COL_STR, KIND_LABEL, COL_KEY, 0},
    [TYPE] = {"type", "", COL_STR, KIND_LABEL, 0, 0},
    [SIZE] = {"size_kb", "kB", COL_U64, KIND_GAUGE, 0, 0},
    [USED] = {"used_kb", "kB", COL_U64, KIND_GAUGE, 0, 0},
    [PRIORITY] = {"priority", "", COL_I64, KIND_LABEL, 0, 0},
};

static int sample_line(struct table *t, const char *p)
{
	_cleanup_(cleanup_free) char *filename = NULL;
	const char *word, *type;
	size_t word_len, type_len;
	uint64_t size, used;
	int64_t priority;
	uint32_t row;
	int r;

	if (!line_word(&p, &word, &word_len) || !line_word(&p, &type, &type_len) || !line_u64(&p, &size) ||
	    !line_u64(&p, &used) || !line_i64(&p, &priority) || !line_whole(p))
		return 0;
	r = line_unescape(word, word_len, &filename);
	if (r == 0)
		r = table_add_row(t, &row);
	if (r == 0)
		r = table_set_str(t, row, FILENAME, filename, strlen(filename));
	if (r == 0)
		r = table_set_str(t, row, TYPE, type, type_len);
	if (r < 0)
		return r;
	table_set(t, row, SIZE, size);
	table_set(t, row, USED, used);
	table_set(t, row, PRIORITY, (uint64_t)priority);
	return 0;
}

static int sample(const struct source_env *env, void *state, struct table *t)
{
	const char *p;
	size_t len;
	int r = procfs_read(env->fs, "proc/swaps", &p, &len);

	(void)state;
	/* The line of headings is no area, as it has no numbers. */
	for (; r == 0 && *p != '\0'; parse_next_line(&p))
		r = sample_line(t, p);
	return r;
}

SOURCE(swaps) = {
    .name = "swaps",
    .id = 30,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .sample = sample,
    .slow = true,
    .every_ms = 10000,
};
