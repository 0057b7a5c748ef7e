/* numa.c -- table numa: memory of each NUMA node, out of /sys/devices/system/node and /proc/buddyinfo
 *
 * Columns of numastat are here always; those of meminfo, called as in table mem, and free_orderN, the free blocks of
 * 2^N pages in all of the node's zones, are added as the kernel has them. Columns can only be added while there is no
 * row: files are read for their names first and then for their values.
 */
#include "collector/columns.h"
#include "collector/line.h"
#include "collector/meminfo.h"
#include "collector/sysdir.h"

enum { NODE, CPUS, ORDERS_MAX = 32 };

static const struct column columns[] = {
    [NODE] = {"node", "", COL_STR, KIND_LABEL, COL_KEY, 0},
    [CPUS] = {"cpus", "", COL_STR, KIND_LABEL, 0, 0}, /* 0-3,8-11 */
    COUNTER("numa_hit", ""),
    COUNTER("numa_miss", ""),
    COUNTER("numa_foreign", ""),
    COUNTER("interleave_hit", ""),
    COUNTER("local_node", ""),
    COUNTER("other_node", ""),
};

static const char dir[] = "sys/devices/system/node";
static const char buddyinfo[] = "proc/buddyinfo";

struct field {
	char name[65];
	struct column column;
	uint64_t value;
};

/* "Node 0 MemTotal:  24684084 kB" */
static bool take_meminfo(const char *p, struct field *ret)
{
	const char *word, *name, *unit = "";
	size_t len, name_len, unit_len = 0;
	uint64_t node;

	if (!line_whole(p) || !line_word(&p, &word, &len) || !line_u64(&p, &node) ||
	    !line_before_colon(&p, false, &name, &name_len) || !line_u64(&p, &ret->value))
		return false;
	if (!line_ends(p) && !line_word(&p, &unit, &unit_len))
		return false;
	return meminfo_describe(name, name_len, unit, unit_len, ret->name, &ret->column);
}

/* "numa_hit 483432817" */
static bool take_numastat(const char *p, struct field *ret)
{
	const char *name;
	size_t len;

	if (!line_word(&p, &name, &len) || !line_u64(&p, &ret->value) || !line_ends(p))
		return false;
	source_name(ret->name, name, len);
	ret->column = (struct column){.unit = "", .type = COL_U64, .kind = KIND_COUNTER};
	return true;
}

static const struct {
	const char *file;
	bool (*take)(const char *p, struct field *ret);
} parts[] = {{"numastat", take_numastat}, {"meminfo", take_meminfo}};

/* Adds columns for the fields of a node's file, or, in a table that has rows, fills in that row. */
static int read_part(const struct source_env *env, const char *node, size_t part, struct table *t, uint32_t row)
{
	char path[sizeof dir + SYSDIR_NAME_LEN_MAX + 16];
	struct field f;
	const char *p;
	size_t len;
	int r = 0;

	snprintf(path, sizeof path, "%s/%s/%s", dir, node, parts[part].file);
	if (procfs_read(env->fs, path, &p, &len) < 0)
		return 0;
	for (; *p != '\0' && r != -ENOMEM; parse_next_line(&p)) {
		if (!parts[part].take(p, &f))
			continue;
		r = t->n_rows == 0 ? source_column(t, f.name, &f.column) : table_schema_find(t->schema, f.name);
		if (t->n_rows > 0 && r >= 0)
			table_set(t, row, (uint32_t)r, f.value);
	}
	return r == -ENOMEM ? r : 0;
}

/* --- free blocks --- */

/* "Node 0, zone   Normal   2273   2383 …": numbers behind the zone, or -EBADMSG. */
static int take_zone(const char *p, uint64_t *ret_node, uint64_t v[ORDERS_MAX])
{
	const char *word;
	size_t len;

	if (!line_word(&p, &word, &len) || !parse_u64(&p, ret_node) || *p != ',')
		return -EBADMSG;
	p++;
	if (!line_word(&p, &word, &len) || !line_word(&p, &word, &len))
		return -EBADMSG;
	return line_numbers(&p, v, ORDERS_MAX);
}

static void order_name(char ret[32], int order)
{
	snprintf(ret, 32, "free_order%d", order);
}

static int add_orders(const struct source_env *env, struct table *t)
{
	static const struct column column = {.unit = "", .type = COL_U64, .kind = KIND_GAUGE};
	uint64_t node, v[ORDERS_MAX];
	const char *p;
	size_t len;

	if (procfs_read(env->fs, buddyinfo, &p, &len) < 0)
		return 0;
	for (; *p != '\0'; parse_next_line(&p)) {
		int n = take_zone(p, &node, v);

		for (int i = 0; i < n; i++) {
			char name[32];

			order_name(name, i);
			if (source_column(t, name, &column) == -ENOMEM)
				return -ENOMEM;
		}
	}
	return 0;
}

/* Sums the zones of each node. The rows are those of the nodes, in their order. */
static void sum_orders(const struct source_env *env, const struct sysdir *nodes, struct table *t)
{
	uint64_t number, v[ORDERS_MAX];
	const char *p;
	size_t len;

	if (procfs_read(env->fs, buddyinfo, &p, &len) < 0)
		return;
	/* A sum without one of the zones would be another. */
	for (const char *c = p; *c != '\0'; parse_next_line(&c))
		if (take_zone(c, &number, v) < 0)
			return;
	for (; *p != '\0'; parse_next_line(&p)) {
		int n = take_zone(p, &number, v);
		char node[32];

		snprintf(node, sizeof node, "node%llu", (unsigned long long)number);
		for (uint32_t row = 0; row < t->n_rows; row++)
			for (int i = 0; i < n && strcmp(nodes->names[row], node) == 0; i++) {
				char name[32];
				int c;

				order_name(name, i);
				c = table_schema_find(t->schema, name);
				if (c >= 0)
					table_set(t, row, (uint32_t)c,
					    v[i] + (table_is_null(t, (uint32_t)c, row)
					                   ? 0
					                   : table_get(t, (uint32_t)c, row)));
			}
	}
}

/* --- */

static int sample_node(const struct source_env *env, const char *node, struct table *t)
{
	char path[sizeof dir + SYSDIR_NAME_LEN_MAX + 16];
	uint32_t row;
	int r = table_add_row(t, &row);

	snprintf(path, sizeof path, "%s/%s/cpulist", dir, node);
	if (r == 0)
		r = table_set_str(t, row, NODE, node, strlen(node));
	if (r == 0)
		r = sysdir_cell(env->fs, path, t, row, CPUS);
	for (size_t i = 0; i < N_ELEMENTS(parts) && r == 0; i++)
		r = read_part(env, node, i, t, row);
	return r;
}

static int sample_nodes(const struct source_env *env, const struct sysdir *nodes, struct table *t)
{
	int r = 0;

	for (size_t i = 0; i < nodes->n && r == 0; i++)
		for (size_t part = 0; part < N_ELEMENTS(parts) && r == 0; part++)
			r = read_part(env, nodes->names[i], part, t, 0);
	if (r == 0)
		r = add_orders(env, t);
	for (size_t i = 0; i < nodes->n && r == 0; i++)
		r = sample_node(env, nodes->names[i], t);
	if (r == 0)
		sum_orders(env, nodes, t);
	return r;
}

static int sample(const struct source_env *env, void *state, struct table *t)
{
	struct sysdir nodes;
	int r = sysdir_list(env->fs, dir, "node", &nodes);

	(void)state;
	if (r < 0)
		return r;
	r = sample_nodes(env, &nodes, t);
	sysdir_done(&nodes);
	return r == 0 && t->n_rows == 0 ? -ENOENT : r;
}

SOURCE(numa) = {
    .name = "numa",
    .id = 21,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .sample = sample,
    .slow = true,
    .every_ms = 10000,
};
