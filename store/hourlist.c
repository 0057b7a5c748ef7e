/* hourlist.c -- see hourlist.h */
#include "store/hourlist.h"

#include "store/io.h"
#include "store/names.h"

enum { LOOKED_AT = 64 }; /* for the newest log: the last hours */

struct listed {
	struct known_hour *v;
	size_t n, cap;
};

static int list_one(const char *name, void *arg)
{
	struct listed *l = arg;
	enum file_type type;
	uint32_t part;
	int32_t hour;

	if (!file_name_parse(name, &type, &hour, &part) || (type != FILE_WAL && type != FILE_CHUNK))
		return 0;
	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 256;
		struct known_hour *p = realloc(l->v, cap * sizeof *p);

		if (!p)
			return -ENOMEM;
		l->v = p;
		l->cap = cap;
	}
	l->v[l->n++] = (struct known_hour){
	    .hour = hour, .max_part = part, .n_chunks = type == FILE_CHUNK, .wal = type == FILE_WAL};
	return 0;
}

static int by_hour(const void *a, const void *b)
{
	int32_t x = ((const struct known_hour *)a)->hour, y = ((const struct known_hour *)b)->hour;

	return x < y ? -1 : x > y;
}

/* One entry an hour, ascending. */
static void merge_parts(struct listed *l)
{
	size_t n = 0;

	if (l->n > 0)
		qsort(l->v, l->n, sizeof *l->v, by_hour);
	for (size_t i = 0; i < l->n; i++) {
		if (n > 0 && l->v[n - 1].hour == l->v[i].hour) {
			if (l->v[i].max_part > l->v[n - 1].max_part)
				l->v[n - 1].max_part = l->v[i].max_part;
			l->v[n - 1].n_chunks += l->v[i].n_chunks;
			l->v[n - 1].wal |= l->v[i].wal;
		} else {
			l->v[n++] = l->v[i];
		}
	}
	l->n = n;
}

int hourlist_read(int dirfd, struct known_hour **ret, size_t *ret_n)
{
	struct listed l = {0};
	int r = io_list(dirfd, list_one, &l);

	if (r < 0) {
		free(l.v);
		return r;
	}
	merge_parts(&l);
	*ret = l.v;
	*ret_n = l.n;
	return 0;
}

struct known_hour *hourlist_find(struct known_hour *hours, size_t n, int32_t hour)
{
	struct known_hour key = {.hour = hour};

	return n > 0 ? bsearch(&key, hours, n, sizeof key, by_hour) : NULL;
}

size_t hourlist_newest_log(int dirfd, const struct known_hour *hours, size_t n, uint64_t *ret_len)
{
	int64_t newest_write = INT64_MIN;
	size_t best = SIZE_MAX;

	for (size_t k = n; k-- > 0 && n - k < LOOKED_AT;) {
		char name[FILE_NAME_SIZE];
		struct io_stat st;

		if (!hours[k].wal)
			continue;
		for (uint32_t part = 0; part <= hours[k].max_part; part++) {
			file_name(name, hours[k].hour, part, ".wal");
			if (io_stat(dirfd, name, &st) == 0 && st.mtime_ns > newest_write) {
				newest_write = st.mtime_ns;
				*ret_len = st.len;
				best = k;
			}
		}
	}
	return best;
}
