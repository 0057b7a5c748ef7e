/* slab.c -- table slab: the kernel's caches of objects, out of /proc/slabinfo, which only root may read
 *
 * Two caches may have one name: they are told apart by the size of their objects, and where that is the same, too, they
 * are one row, which has the sum of both. Caches that the kernel has merged it lists once, under the name of the first.
 */
#include "collector/columns.h"
#include "collector/line.h"
#include "collector/source.h"

enum { CACHE, OBJECT_SIZE, SIZE, ACTIVE_OBJECTS, OBJECTS, ACTIVE_SLABS, SLABS, OBJECTS_PER_SLAB, PAGES_PER_SLAB };

static const struct column columns[] = {
    [CACHE] = {"cache", "", COL_STR, KIND_LABEL, COL_KEY, 0},
    [OBJECT_SIZE] = {"object_bytes", "bytes", COL_U64, KIND_LABEL, COL_KEY, 0},
    [SIZE] = GAUGE("size_bytes", "bytes"), /* of all its slabs */
    [ACTIVE_OBJECTS] = GAUGE("active_objects", ""),
    [OBJECTS] = GAUGE("objects", ""),
    [ACTIVE_SLABS] = GAUGE("active_slabs", ""),
    [SLABS] = GAUGE("slabs", ""),
    [OBJECTS_PER_SLAB] = {"objects_per_slab", "", COL_U64, KIND_LABEL, 0, 0},
    [PAGES_PER_SLAB] = {"pages_per_slab", "pages", COL_U64, KIND_LABEL, 0, 0},
};

struct cache {
	const char *name;
	size_t len;
	uint64_t active_objects, objects, object_size, objects_per_slab, pages_per_slab, active_slabs, slabs;
};

/* Moves behind the word. */
static bool pass_word(const char **p, const char *expected)
{
	const char *c = *p, *word;
	size_t len;

	if (!line_word(&c, &word, &len) || len != strlen(expected) || memcmp(word, expected, len) != 0)
		return false;
	*p = c;
	return true;
}

/* "name active_objs num_objs objsize objperslab pagesperslab : tunables … : slabdata active_slabs num_slabs …" */
static bool take_cache(const char *p, struct cache *ret)
{
	uint64_t unused;

	if (!line_whole(p) || !line_word(&p, &ret->name, &ret->len) || !line_u64(&p, &ret->active_objects) ||
	    !line_u64(&p, &ret->objects) || !line_u64(&p, &ret->object_size) || !line_u64(&p, &ret->objects_per_slab) ||
	    !line_u64(&p, &ret->pages_per_slab) || !pass_word(&p, ":") || !pass_word(&p, "tunables"))
		return false;
	while (line_u64(&p, &unused))
		;
	return pass_word(&p, ":") && pass_word(&p, "slabdata") && line_u64(&p, &ret->active_slabs) &&
	       line_u64(&p, &ret->slabs);
}

/* The first row with the key of that row, which is itself if there is no other. */
static uint32_t first_of_key(const struct table *t, uint32_t row)
{
	for (uint32_t other = 0; other < row; other++)
		if (table_same_key(t, other, t, row))
			return other;
	return row;
}

static void add(struct table *t, uint32_t row, uint32_t column, uint64_t v)
{
	table_set(t, row, column, table_is_null(t, column, row) ? v : table_get(t, column, row) + v);
}

static int sample_line(const struct source_env *env, struct table *t, const char *p)
{
	struct cache c;
	uint32_t row, same;
	uint64_t size;
	int r;

	if (!take_cache(p, &c))
		return 0;
	r = table_add_row(t, &row);
	if (r == 0)
		r = table_set_str(t, row, CACHE, c.name, c.len);
	if (r < 0)
		return r;
	table_set(t, row, OBJECT_SIZE, c.object_size);
	same = first_of_key(t, row);
	if (same < row)
		table_drop_row(t);
	row = same;
	add(t, row, ACTIVE_OBJECTS, c.active_objects);
	add(t, row, OBJECTS, c.objects);
	add(t, row, ACTIVE_SLABS, c.active_slabs);
	add(t, row, SLABS, c.slabs);
	if (!__builtin_mul_overflow(c.slabs, c.pages_per_slab, &size) &&
	    !__builtin_mul_overflow(size, env->page_size, &size))
		add(t, row, SIZE, size);
	table_set(t, row, OBJECTS_PER_SLAB, c.objects_per_slab);
	table_set(t, row, PAGES_PER_SLAB, c.pages_per_slab);
	return 0;
}

static int sample(const struct source_env *env, void *state, struct table *t)
{
	const char *p;
	size_t len;
	int r = procfs_read(env->fs, "proc/slabinfo", &p, &len);

	(void)state;
	if (r == -EACCES)
		source_note(env, "only root may read /proc/slabinfo");
	for (; r == 0 && *p != '\0'; parse_next_line(&p))
		r = sample_line(env, t, p);
	return r == 0 && t->n_rows == 0 ? -ENODATA : r;
}

SOURCE(slab) = {
    .name = "slab",
    .id = 20,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .sample = sample,
    .slow = true,
    .every_ms = 60000,
    .apart = true,
};
