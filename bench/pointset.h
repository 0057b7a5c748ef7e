/* pointset.h -- a set of series with their points in a file, as the benchmarks of custom series read it
 *
 * The file, all of this machine's byte order: struct pointset_head, n_series times struct pointset_entry, all times,
 * all values, all keys. It is made by bench/pointset and mapped here; it is never anything but the bench's own.
 */
#ifndef BENCH_POINTSET_H
#define BENCH_POINTSET_H

#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define POINTSET_MAGIC "points 1"

struct pointset_head {
	char magic[8];
	uint64_t n_series, n_points, keys_len;
};

struct pointset_entry {
	uint64_t first, n; /* of its points; one series behind the other */
	uint64_t key, key_len;
};

struct pointset {
	const struct pointset_head *head;
	const struct pointset_entry *entries;
	const int64_t *times; /* ns since 1970; ascending in a series */
	const double *values;
	const char *keys;
	size_t len;
};

/* A series: its key is NAME or NAME{label="value",…}, labels in order of their names; not terminated. */
struct pointset_series {
	const char *key;
	size_t key_len;
	const int64_t *times;
	const double *values;
	size_t n;
};

/* Ends the program if the file is not what it should be. */
static inline void pointset_open(const char *path, struct pointset *ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const struct pointset_head *h;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		err(1, "%s", path);
	h = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (h == MAP_FAILED)
		err(1, "%s", path);
	close(fd);
	if ((size_t)st.st_size < sizeof *h || memcmp(h->magic, POINTSET_MAGIC, sizeof h->magic) != 0 ||
	    (uint64_t)st.st_size !=
	        sizeof *h + h->n_series * sizeof(struct pointset_entry) + h->n_points * 16 + h->keys_len)
		errx(1, "%s: not a set of points", path);
	ret->head = h;
	ret->entries = (const void *)(h + 1);
	ret->times = (const void *)(ret->entries + h->n_series);
	ret->values = (const void *)(ret->times + h->n_points);
	ret->keys = (const void *)(ret->values + h->n_points);
	ret->len = (size_t)st.st_size;
}

static inline struct pointset_series pointset_series(const struct pointset *p, uint64_t i)
{
	const struct pointset_entry *e = &p->entries[i];

	return (struct pointset_series){p->keys + e->key, e->key_len, p->times + e->first, p->values + e->first, e->n};
}

/* Bytes of the key's name. */
static inline size_t pointset_name_len(const struct pointset_series *s)
{
	const char *brace = memchr(s->key, '{', s->key_len);

	return brace ? (size_t)(brace - s->key) : s->key_len;
}

/* A label of a key; its value as it stands, with \\, \" and \n. */
struct pointset_label {
	const char *name, *value;
	size_t name_len, value_len;
};

/* One label after another: *p is behind the name at first. false: no more. */
static inline bool pointset_label(const char **p, const char *end, struct pointset_label *ret)
{
	const char *q;

	if (*p + 1 >= end)
		return false;
	ret->name = *p + 1;
	q = memchr(ret->name, '=', (size_t)(end - ret->name));
	if (!q)
		return false;
	ret->name_len = (size_t)(q - ret->name);
	ret->value = q + 2;
	for (q = ret->value; q < end && *q != '"'; q++)
		q += *q == '\\';
	ret->value_len = (size_t)(q - ret->value);
	*p = q + 1;
	return true;
}

/* What stands in front of a point's value in line protocol: a measurement with one field, value. What has a meaning
 * there is escaped; \" and \\ of the key are not. */
static inline void pointset_put_influx(const struct pointset_series *s, FILE *out)
{
	const char *end = s->key + s->key_len, *p = s->key + pointset_name_len(s);
	struct pointset_label label;

	fwrite(s->key, 1, pointset_name_len(s), out);
	while (pointset_label(&p, end, &label)) {
		if (label.value_len == 0)
			continue; /* no tag may be empty */
		fprintf(out, ",%.*s=", (int)label.name_len, label.name);
		for (size_t i = 0; i < label.value_len; i++) {
			if (label.value[i] == '\\' && i + 1 < label.value_len)
				i++;
			if (strchr(", =", label.value[i]))
				putc('\\', out);
			putc(label.value[i], out);
		}
	}
	fputs(" value=", out);
}

#endif
