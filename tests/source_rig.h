/* source_rig.h -- a source with its table, below a root of a test's choice */
#ifndef TESTS_SOURCE_RIG_H
#define TESTS_SOURCE_RIG_H

#include "collector/source.h"

struct source_rig {
	struct source_env env;
	const struct source_desc *desc;
	void *state;
	struct strpool *pool;
	struct table *t;
};

/* 0 or a negative errno; to be taken down either way. */
static inline int source_rig_up(struct source_rig *g, const struct source_desc *desc, const char *root)
{
	struct table_schema *schema = NULL;
	int r;

	*g = (struct source_rig){.desc = desc, .env = {.ticks_per_s = 100, .page_size = 4096, .cmdline_max = 4096}};
	r = procfs_open(root, &g->env.fs);
	if (r == 0 && desc->open)
		r = desc->open(&g->env, &g->state);
	if (r == 0)
		r = strpool_new(&g->pool);
	if (r == 0)
		r = table_schema_new(desc->id, desc->name, &schema);
	for (uint32_t i = 0; r == 0 && i < desc->n_columns; i++)
		r = table_schema_add(schema, &desc->columns[i]);
	if (r == 0)
		r = table_new(schema, g->pool, &g->t);
	if (schema)
		table_schema_put(schema);
	return r;
}

static inline void source_rig_down(struct source_rig *g)
{
	if (g->state)
		g->desc->close(g->state);
	if (g->t)
		table_free(g->t);
	if (g->pool)
		strpool_free(g->pool);
	if (g->env.fs)
		procfs_close(g->env.fs);
}

/* -ENOENT too for what another thread fills. */
static inline int source_rig_sample(struct source_rig *g)
{
	table_clear(g->t);
	if (!g->desc->sample)
		return -ENOENT;
	return g->desc->sample(&g->env, g->state, g->t);
}

static inline const struct source_desc *source_rig_find(const char *name)
{
	return source_find(name);
}

#endif
