/* cpucolumns.c -- see cpucolumns.h */
#include "collector/cpucolumns.h"

#include "collector/line.h"

enum { CPUS_MAX = 1 << 16 };

struct cpu {
	uint64_t number;
	int column; /* negative: not recorded */
};

struct cpucolumns {
	struct procfile file;
	struct table_schema *schema; /* that the columns' numbers are of; held, so that its address is no other's */
	struct cpu *cpus;            /* in the order of the first line */
	size_t n, cap;
};

int cpucolumns_new(struct cpucolumns **ret)
{
	struct cpucolumns *c = calloc(1, sizeof *c);

	if (!c)
		return -ENOMEM;
	c->file = PROCFILE_CLOSED;
	*ret = c;
	return 0;
}

void cpucolumns_free(struct cpucolumns *c)
{
	procfile_done(&c->file);
	table_schema_put(c->schema);
	free(c->cpus);
	free(c);
}

static int grow(struct cpucolumns *c)
{
	size_t cap = c->cap ? 2 * c->cap : 16;
	struct cpu *cpus = realloc(c->cpus, cap * sizeof *cpus);

	if (!cpus)
		return -ENOMEM;
	c->cpus = cpus;
	c->cap = cap;
	return 0;
}

/* Takes "CPU7" as 7. */
static bool take_cpu(const char **p, uint64_t *ret)
{
	const char *c = *p, *word, *digits;
	size_t len;

	if (!line_word(&c, &word, &len) || len < 4 || memcmp(word, "CPU", 3) != 0)
		return false;
	digits = word + 3;
	if (!line_u64(&digits, ret) || digits != c)
		return false;
	*p = c;
	return true;
}

/* The column of that CPU, made if there is none; negative if the table can have no more. */
static int column_of(struct table *t, uint64_t number)
{
	struct column column = {.unit = "", .type = COL_U64, .kind = KIND_COUNTER};
	char name[24];

	snprintf(name, sizeof name, "cpu%llu", (unsigned long long)number);
	return source_column(t, name, &column);
}

/* Takes the first line, and moves *p behind it. */
static int take_header(struct cpucolumns *c, const char **p, struct table *t)
{
	bool known = c->schema == t->schema;
	size_t n = 0;
	uint64_t number;

	for (; n < CPUS_MAX && take_cpu(p, &number); n++) {
		if (n == c->cap) {
			int r = grow(c);

			if (r < 0)
				return r;
		}
		if (known && n < c->n && c->cpus[n].number == number)
			continue;
		c->cpus[n] = (struct cpu){.number = number, .column = column_of(t, number)};
		if (c->cpus[n].column == -ENOMEM) {
			c->n = 0;
			return -ENOMEM;
		}
	}
	c->n = n;
	if (!known || c->schema != t->schema) {
		table_schema_get(t->schema);
		table_schema_put(c->schema);
		c->schema = t->schema;
	}
	if (n == 0 || !line_ends(*p))
		return -ENODATA;
	parse_next_line(p);
	return 0;
}

int cpucolumns_read(struct cpucolumns *c, struct procfs *fs, const char *path, struct table *t, const char **ret)
{
	const char *p;
	size_t len;
	int r = procfile_read(fs, &c->file, path, &p, &len);

	if (r == 0)
		r = take_header(c, &p, t);
	if (r == 0)
		*ret = p;
	return r;
}

bool cpucolumns_counts(const struct cpucolumns *c, const char **p, struct table *t, uint32_t row, uint64_t *ret_total)
{
	uint64_t total = 0, v;
	size_t n = 0;

	for (; n < c->n && line_u64(p, &v); n++) {
		total += v;
		if (c->cpus[n].column >= 0)
			table_set(t, row, (uint32_t)c->cpus[n].column, v);
	}
	*ret_total = total;
	return n == c->n;
}

int cpucolumns_open(const struct source_env *env, void **ret_state)
{
	struct cpucolumns *c;
	int r = cpucolumns_new(&c);

	(void)env;
	if (r == 0)
		*ret_state = c;
	return r;
}

void cpucolumns_close(void *state)
{
	cpucolumns_free(state);
}

int cpucolumns_sample(const struct source_env *env, struct cpucolumns *c, const char *path, struct table *t,
    int (*add_line)(const struct cpucolumns *c, struct table *t, const char *p))
{
	const char *p;
	int r = cpucolumns_read(c, env->fs, path, t, &p);

	for (; r == 0 && *p != '\0'; parse_next_line(&p))
		r = add_line(c, t, p);
	return r;
}
