/* known.c -- what a store has recorded last */
#include "store/known.h"

#include "store/hour.h"
#include "store/io.h"
#include "store/names.h"

struct newest {
	int32_t hour;
	uint32_t part;
	bool any;
};

static int look_at(const char *name, void *arg)
{
	struct newest *n = arg;
	enum file_type type;
	uint32_t part;
	int32_t hour;

	if (!file_name_parse(name, &type, &hour, &part) || (type != FILE_WAL && type != FILE_CHUNK))
		return 0;
	if (!n->any || hour > n->hour || (hour == n->hour && part > n->part))
		*n = (struct newest){.hour = hour, .part = part, .any = true};
	return 0;
}

static void ignore(void *arg, const char *file, uint64_t off, const char *what)
{
	(void)arg;
	(void)file;
	(void)off;
	(void)what;
}

static int give_last(struct hour *h, struct heat_state *heat)
{
	_cleanup_(cleanup_group_cache) struct group_cache *cache = NULL;
	_cleanup_(cleanup_unpacker) struct unpacker *u = NULL;
	_cleanup_(cleanup_free) struct table **tables = NULL;
	struct disk_heat entry;
	struct snapshot snap;
	struct group *g;
	uint32_t s;
	int r = group_cache_new(GROUP_RAW_MAX, &cache);

	if (r == 0)
		r = unpacker_new(&u);
	if (r == 0)
		r = hour_group(h, hour_n(h) - 1, cache, u, &g, &s);
	if (r < 0)
		return r;
	tables = malloc((group_schema(g)->n_tables + 1) * sizeof *tables);
	if (!tables)
		return -ENOMEM;
	r = group_snapshot(g, s, tables, &snap);
	return r < 0 ? r : heat_entry(heat, &snap, &entry);
}

int known_last(int dirfd, struct heat_state *heat, struct schema **ret)
{
	const struct hour_report silent = {.problem = ignore};
	_cleanup_(cleanup_schema) struct schema *s = NULL;
	_cleanup_(cleanup_hour) struct hour *h = NULL;
	struct newest newest = {0};
	struct table_schema *const *tables;
	uint32_t n = 0;
	int r = schema_new(0, &s);

	if (r == 0)
		r = io_list(dirfd, look_at, &newest);
	if (r < 0)
		return r;
	/* What cannot be read is not known: its tables begin with an order of their own. */
	if (newest.any && hour_open(dirfd, newest.hour, newest.part, &silent, &h) == 0) {
		hour_tables(h, &tables, &n);
		if (give_last(h, heat) == -ENOMEM)
			r = -ENOMEM;
	}
	for (uint32_t i = 0; i < n && r == 0; i++)
		r = schema_set(s, tables[i]);
	if (r == 0)
		*ret = TAKE(s);
	return r;
}
