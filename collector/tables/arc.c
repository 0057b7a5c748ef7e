/* arc.c -- table arc: the cache of ZFS, every line of /proc/spl/kstat/zfs/arcstats with its own name
 *
 * A line is a name, a type and a number. What is a level and what a count of events the file does not say: levels are
 * the sizes and limits.
 */
#include "collector/line.h"
#include "collector/source.h"

static const struct column columns[] = {
    {"size", "bytes", COL_U64, KIND_GAUGE, 0, 0},
    {"c", "bytes", COL_U64, KIND_GAUGE, 0, 0}, /* the size that is aimed at */
    {"c_min", "bytes", COL_U64, KIND_GAUGE, 0, 0},
    {"c_max", "bytes", COL_U64, KIND_GAUGE, 0, 0},
    {"hits", "", COL_U64, KIND_COUNTER, 0, 0},
    {"misses", "", COL_U64, KIND_COUNTER, 0, 0},
};

/* Parts of the names of levels. */
static const char *const levels[] = {"size", "_evictable_", "meta_", "_limit", "hash_elements", "hash_chain", "_bytes",
    "anon_", "_asize", "dnode", "free", "need", "cached", "loaned"};
/* And of counts that have one of these in their names all the same. */
static const char *const counts[] = {
    "_hits", "_misses", "evict_l2", "l2_read_bytes", "l2_write_bytes", "hash_collisions"};

static bool has_one_of(const char *name, const char *const *parts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strstr(name, parts[i]))
			return true;
	return false;
}

static bool take_line(const char *p, char ret_name[65], uint64_t *ret)
{
	const char *name;
	uint64_t type;
	size_t len;

	if (!line_word(&p, &name, &len) || !line_u64(&p, &type) || !line_u64(&p, ret) || !line_ends(p))
		return false;
	source_name(ret_name, name, len);
	return true;
}

/* Adds columns, or, in a table that has its row, fills them in. */
static int take_lines(const char *text, struct table *t)
{
	char name[65];
	uint64_t v;

	/* The first line is three numbers or more and no name. */
	for (const char *p = text; *p != '\0'; parse_next_line(&p)) {
		struct column c = {.unit = "", .type = COL_U64, .kind = KIND_COUNTER};
		int i;

		if ((*p >= '0' && *p <= '9') || !take_line(p, name, &v))
			continue;
		if (has_one_of(name, levels, N_ELEMENTS(levels)) && !has_one_of(name, counts, N_ELEMENTS(counts)))
			c.kind = KIND_GAUGE;
		i = t->n_rows == 0 ? source_column(t, name, &c) : table_schema_find(t->schema, name);
		if (i == -ENOMEM)
			return i;
		if (i >= 0 && t->n_rows > 0)
			table_set(t, 0, (uint32_t)i, v);
	}
	return 0;
}

static int sample(const struct source_env *env, void *state, struct table *t)
{
	const char *text;
	uint32_t row;
	size_t len;
	int r = procfs_read(env->fs, "proc/spl/kstat/zfs/arcstats", &text, &len);

	(void)state;
	if (r == 0)
		r = take_lines(text, t);
	if (r == 0)
		r = table_add_row(t, &row);
	return r < 0 ? r : take_lines(text, t);
}

SOURCE(arc) = {
    .name = "arc",
    .id = 37,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .sample = sample,
    .slow = true,
    .every_ms = 10000,
    .apart = true,
};
