/* sockets.c -- table sockets: sockets and their memory by protocol, out of /proc/net/sockstat and sockstat6
 *
 * A line is a protocol and pairs of a word and a number; which words there are differs from line to line. The first
 * line, "sockets", has the number of all.
 */
#include "collector/line.h"
#include "collector/procfiles.h"
#include "collector/source.h"

static const struct column columns[] = {
    {"protocol", "", COL_STR, KIND_LABEL, COL_KEY, 0},
    {"used", "", COL_U64, KIND_GAUGE, 0, 0},
    {"inuse", "", COL_U64, KIND_GAUGE, 0, 0},
    {"orphan", "", COL_U64, KIND_GAUGE, 0, 0},
    {"tw", "", COL_U64, KIND_GAUGE, 0, 0},
    {"alloc", "", COL_U64, KIND_GAUGE, 0, 0},
    {"mem_pages", "pages", COL_U64, KIND_GAUGE, 0, 0},
    {"memory_bytes", "bytes", COL_U64, KIND_GAUGE, 0, 0},
};

static const char *const paths[] = {"proc/net/sockstat", "proc/net/sockstat6"};

static int open_(const struct source_env *env, void **ret_state)
{
	(void)env;
	return procfiles_open(N_ELEMENTS(paths), ret_state);
}

/* Takes the next pair of a line. */
static bool take_pair(const char **p, char ret_name[65], uint64_t *ret)
{
	const char *c = *p, *word;
	size_t len;

	if (!line_word(&c, &word, &len) || !line_u64(&c, ret))
		return false;
	source_name(ret_name, word, len);
	/* The kernel counts TCP's and UDP's memory in pages and that of fragments in bytes. */
	if (strcmp(ret_name, "mem") == 0)
		strcpy(ret_name, "mem_pages");
	else if (strcmp(ret_name, "memory") == 0)
		strcpy(ret_name, "memory_bytes");
	*p = c;
	return true;
}

/* Columns for words that are new: they must be there before the first row. */
static int add_columns(struct table *t, const char *p)
{
	static const struct column column = {.unit = "", .type = COL_U64, .kind = KIND_GAUGE};

	for (; *p != '\0'; parse_next_line(&p)) {
		const char *protocol;
		char name[65];
		size_t len;
		uint64_t v;

		if (!line_whole(p) || !line_before_colon(&p, false, &protocol, &len))
			continue;
		while (take_pair(&p, name, &v))
			if (source_column(t, name, &column) == -ENOMEM)
				return -ENOMEM;
	}
	return 0;
}

static int sample_line(struct table *t, const char *p)
{
	const char *protocol;
	char name[65];
	size_t len;
	uint64_t v;
	uint32_t row;
	int r;

	if (!line_whole(p) || !line_before_colon(&p, false, &protocol, &len))
		return 0;
	r = table_add_row(t, &row);
	if (r == 0)
		r = table_set_str(t, row, 0, protocol, len);
	while (r == 0 && take_pair(&p, name, &v)) {
		int c = table_schema_find(t->schema, name);

		if (c > 0)
			table_set(t, row, (uint32_t)c, v);
	}
	return r;
}

static int sample(const struct source_env *env, void *state, struct table *t)
{
	const char *texts[N_ELEMENTS(paths)];
	bool any = false;

	for (size_t i = 0; i < N_ELEMENTS(paths); i++) {
		int r = procfiles_read(state, i, env->fs, paths[i], &texts[i]);

		if (r == -ENOENT) {
			texts[i] = "";
			continue;
		}
		if (r == 0)
			r = add_columns(t, texts[i]);
		if (r < 0)
			return r;
		any = true;
	}
	for (size_t i = 0; i < N_ELEMENTS(paths); i++)
		for (const char *p = texts[i]; *p != '\0'; parse_next_line(&p)) {
			int r = sample_line(t, p);

			if (r < 0)
				return r;
		}
	return any ? 0 : -ENOENT;
}

SOURCE(sockets) = {
    .name = "sockets",
    .id = 10,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .open = open_,
    .close = procfiles_close,
    .sample = sample,
};
