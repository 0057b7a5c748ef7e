/* known.c -- the tables a store has recorded last */
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

int known_schema(int dirfd, struct schema **ret)
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
	if (newest.any && hour_open(dirfd, newest.hour, newest.part, &silent, &h) == 0)
		hour_tables(h, &tables, &n);
	for (uint32_t i = 0; i < n && r == 0; i++)
		r = schema_set(s, tables[i]);
	if (r == 0)
		*ret = TAKE(s);
	return r;
}
