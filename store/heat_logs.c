/* heat_logs.c -- see heat_logs.h */
#include "store/heat_logs.h"

enum { NAME_LEN = 40, COUNTS = 7 };

/* What is counted, and the measure that it belongs to. */
static const struct {
	const char *column;
	enum heat_measure measure;
} counts[COUNTS] = {
    {"errors_critical", HEAT_ERR_CRITICAL},
    {"errors_warning", HEAT_ERR_WARNING},
    {"errors_info", HEAT_ERR_INFO},
    {"checkpoints", HEAT_CHECKPOINTS},
    {"restartpoints", HEAT_CHECKPOINTS},
    {"autovacuums", HEAT_AUTOVACUUMS},
    {"slow_queries", HEAT_SLOW},
};

struct heat_log {
	char name[NAME_LEN]; /* of the server; longer than any may be */
	uint64_t since;
	uint64_t n[COUNTS];
};

void heat_logs_done(struct heat_logs *h)
{
	free(h->v);
}

/* The row's counts; false if one is not known. */
static bool take_row(const struct table *t, uint32_t row, struct heat_log *ret)
{
	int server = table_schema_find(t->schema, "server"), since = table_schema_find(t->schema, "since_s");
	struct str name;

	if (server < 0 || since < 0)
		return false;
	name = table_str(t, (uint32_t)server, row);
	if (name.len >= sizeof ret->name || table_is_null(t, (uint32_t)since, row))
		return false;
	*ret = (struct heat_log){.since = table_get(t, (uint32_t)since, row)};
	memcpy(ret->name, name.p, name.len);
	for (unsigned i = 0; i < COUNTS; i++) {
		int column = table_schema_find(t->schema, counts[i].column);

		if (column < 0 || table_is_null(t, (uint32_t)column, row))
			return false;
		ret->n[i] = table_get(t, (uint32_t)column, row);
	}
	return true;
}

int heat_logs_take(struct heat_logs *h, const struct table *t)
{
	h->n = 0;
	if (t && t->n_rows > h->cap) {
		struct heat_log *v = realloc(h->v, t->n_rows * sizeof *v);

		if (!v)
			return -ENOMEM;
		h->v = v;
		h->cap = t->n_rows;
	}
	for (uint32_t row = 0; t && row < t->n_rows; row++)
		h->n += take_row(t, row, &h->v[h->n]);
	return 0;
}

static const struct heat_log *find(const struct heat_logs *h, const char *name)
{
	for (uint32_t i = 0; i < h->n; i++)
		if (strcmp(h->v[i].name, name) == 0)
			return &h->v[i];
	return NULL;
}

void heat_logs_growth(const struct heat_logs *before, const struct heat_logs *now, uint16_t m[HEAT_N])
{
	uint64_t sums[HEAT_N] = {0};
	bool any = false;

	for (uint32_t i = 0; i < now->n; i++) {
		const struct heat_log *n = &now->v[i], *b = find(before, n->name);

		if (!b)
			continue;
		any = true;
		for (unsigned k = 0; k < COUNTS; k++) {
			uint64_t from = b->since == n->since ? b->n[k] : 0;

			sums[counts[k].measure] += n->n[k] > from ? n->n[k] - from : 0;
		}
	}
	for (unsigned k = 0; any && k < COUNTS; k++) {
		uint64_t sum = sums[counts[k].measure];

		m[counts[k].measure] = (uint16_t)(sum < HEAT_MAX ? sum : HEAT_MAX);
	}
}
