/* topic_names.c -- a hash table by name, and an array by number */
#include "store/topic_names.h"

#include "store/segment_name.h"

#include <xxhash.h>

struct topic_names {
	struct topic_name **by_number; /* ascending */
	uint32_t n, cap;
	struct topic_name **table; /* open addressing; at most half full */
	uint32_t mask;
};

enum { TABLE_MIN = 64 };

int topic_names_new(struct topic_names **ret)
{
	_cleanup_(cleanup_topic_names) struct topic_names *n = calloc(1, sizeof *n);

	if (!n)
		return -ENOMEM;
	n->table = calloc(TABLE_MIN, sizeof(struct topic_name *));
	if (!n->table)
		return -ENOMEM;
	n->mask = TABLE_MIN - 1;
	*ret = TAKE(n);
	return 0;
}

void topic_names_free(struct topic_names *n)
{
	for (uint32_t i = 0; i < n->n; i++)
		free(n->by_number[i]);
	free(n->by_number);
	free(n->table);
	free(n);
}

/* Where the name is, or would be. */
static struct topic_name **slot_of(struct topic_name **table, uint32_t mask, const char *name, size_t len)
{
	uint32_t i = (uint32_t)XXH3_64bits(name, len) & mask;

	while (table[i] && (table[i]->len != len || memcmp(table[i]->name, name, len) != 0))
		i = (i + 1) & mask;
	return &table[i];
}

static int grow_table(struct topic_names *n)
{
	uint32_t mask = 2 * n->mask + 1;
	struct topic_name **table;

	if (2 * n->n < n->mask)
		return 0;
	table = calloc((size_t)mask + 1, sizeof *table);
	if (!table)
		return -ENOMEM;
	for (uint32_t i = 0; i < n->n; i++)
		*slot_of(table, mask, n->by_number[i]->name, n->by_number[i]->len) = n->by_number[i];
	free(n->table);
	n->table = table;
	n->mask = mask;
	return 0;
}

static int grow_array(struct topic_names *n)
{
	uint32_t cap = n->cap ? 2 * n->cap : TABLE_MIN;
	struct topic_name **p;

	if (n->n < n->cap)
		return 0;
	p = realloc(n->by_number, cap * sizeof *p);
	if (!p)
		return -ENOMEM;
	n->by_number = p;
	n->cap = cap;
	return 0;
}

/* Index of the first topic whose number is `from` or above. */
static uint32_t first_from(const struct topic_names *n, uint32_t from)
{
	uint32_t lo = 0, hi = n->n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (n->by_number[mid]->number < from)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct topic_name *topic_names_find(const struct topic_names *n, const char *name, size_t len)
{
	return *slot_of(n->table, n->mask, name, len);
}

const struct topic_name *topic_names_next(const struct topic_names *n, uint32_t from)
{
	uint32_t i = first_from(n, from);

	return i < n->n ? n->by_number[i] : NULL;
}

const struct topic_name *topic_names_partition(const struct topic_names *n, uint32_t number)
{
	uint32_t i = first_from(n, number);
	const struct topic_name *t;

	if (i < n->n && n->by_number[i]->number == number)
		return n->by_number[i];
	if (i == 0)
		return NULL;
	t = n->by_number[i - 1];
	return number - t->number < t->n_partitions ? t : NULL;
}

uint32_t topic_names_count(const struct topic_names *n)
{
	return n->n;
}

/* Whether the numbers are nobody's, but for those that are the topic's own (NULL: none). */
static bool numbers_free(const struct topic_names *n, uint32_t number, uint32_t n_partitions, struct topic_name *own)
{
	uint32_t i = first_from(n, number);
	const struct topic_name *before = i > 0 ? n->by_number[i - 1] : NULL;

	if (i < n->n && n->by_number[i] == own)
		i++;
	if (i < n->n && n->by_number[i]->number - number < n_partitions)
		return false;
	return !before || number - before->number >= before->n_partitions;
}

static int add_new(struct topic_names *n, uint32_t number, uint32_t n_partitions, struct span name)
{
	size_t len = span_left(&name);
	struct topic_name *t;
	uint32_t i;
	int r;

	if (!numbers_free(n, number, n_partitions, NULL))
		return -EEXIST;
	r = grow_table(n);
	if (r == 0)
		r = grow_array(n);
	if (r < 0)
		return r;
	t = malloc(sizeof *t + len + 1);
	if (!t)
		return -ENOMEM;
	*t = (struct topic_name){.number = number, .n_partitions = n_partitions, .slot = n->n, .len = (uint32_t)len};
	memcpy(t->name, name.p, len);
	t->name[len] = 0;
	*slot_of(n->table, n->mask, t->name, len) = t;
	i = first_from(n, number);
	memmove(n->by_number + i + 1, n->by_number + i, (n->n - i) * sizeof *n->by_number);
	n->by_number[i] = t;
	n->n++;
	return 0;
}

int topic_names_add(struct topic_names *n, struct span payload)
{
	uint64_t number, n_partitions;
	struct topic_name *t;

	if (span_varint_max(&payload, PARTITION_NUMBER_MAX - 1, &number) < 0 ||
	    span_varint_max(&payload, PARTITIONS_MAX, &n_partitions) < 0 || number == 0 || n_partitions == 0 ||
	    number + n_partitions > PARTITION_NUMBER_MAX ||
	    !segment_name_topic_valid((const char *)payload.p, span_left(&payload)))
		return -EBADMSG;
	t = *slot_of(n->table, n->mask, (const char *)payload.p, span_left(&payload));
	if (!t)
		return add_new(n, (uint32_t)number, (uint32_t)n_partitions, payload);
	if (t->number != number || !numbers_free(n, t->number, (uint32_t)n_partitions, t))
		return -EEXIST;
	if (n_partitions > t->n_partitions)
		t->n_partitions = (uint32_t)n_partitions;
	return 0;
}

void topic_names_put(struct buf *out, uint32_t number, uint32_t n_partitions, const char *name, size_t len)
{
	buf_put_varint(out, number);
	buf_put_varint(out, n_partitions);
	buf_put(out, name, len);
}

/* Behind the last topic, with room for that to double; without, when numbers run short; then in the first gap. */
int topic_names_free_number(const struct topic_names *n, uint32_t n_partitions, uint32_t *ret)
{
	const struct topic_name *last = n->n > 0 ? n->by_number[n->n - 1] : NULL;
	uint32_t number = last ? last->number + 2 * last->n_partitions : 1;

	if (number + n_partitions > PARTITION_NUMBER_MAX) {
		number = 1;
		for (uint32_t i = 0; i < n->n && n->by_number[i]->number - number < n_partitions; i++)
			number = n->by_number[i]->number + n->by_number[i]->n_partitions;
	}
	if (number + n_partitions > PARTITION_NUMBER_MAX)
		return -ENOSPC;
	*ret = number;
	return 0;
}
