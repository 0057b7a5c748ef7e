/* histfs_points.c -- see histfs.h: custom time series
 *
 * Points go out in columns: each series once, and then its number for each of its points. To find a series again among
 * those of the request, numbers are in a hash table by the bytes of their keys, which lie in h->body.
 */
#include "client/histfs.h"

#include "client/histfs_conn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { COLUMNS, LABELS_MAX = 64, POINTS_MAX = 1 << 20, KEY_MAX = 4096 };

struct key {
	size_t at, len; /* in h->body */
	uint64_t hash;
};

struct series {
	struct key *keys;
	size_t n, max;
	uint32_t *places; /* number + 1; 0: free */
	size_t n_places;  /* a power of two, twice as many as points */
};

/* --- keys --- */

static int compare(const void *a, const void *b)
{
	const struct histfs_label *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static int put_key(struct histfs *h, const struct histfs_point *p)
{
	const struct histfs_label *labels[LABELS_MAX];
	size_t n = 0;

	if (!p->metric || !*p->metric)
		return histfs_conn_fail(h, -EINVAL, "a point has no metric");
	for (size_t i = 0; i < p->n_labels; i++) {
		const struct histfs_label *l = &p->labels[i];

		if (!l->name || !*l->name)
			return histfs_conn_fail(h, -EINVAL, "%s: a label has no name", p->metric);
		if (!l->value || !*l->value)
			continue;
		if (n == LABELS_MAX)
			return histfs_conn_fail(h, -EMSGSIZE, "%s: more than %d labels", p->metric, LABELS_MAX);
		labels[n++] = l;
	}
	if (n > 0)
		qsort(labels, n, sizeof labels[0], compare);
	histfs_wire_put(&h->body, p->metric, strlen(p->metric) + 1);
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && strcmp(labels[i - 1]->name, labels[i]->name) == 0)
			return histfs_conn_fail(h, -EINVAL, "%s: label %s is given twice", p->metric, labels[i]->name);
		histfs_wire_put(&h->body, labels[i]->name, strlen(labels[i]->name) + 1);
		histfs_wire_put(&h->body, labels[i]->value, strlen(labels[i]->value) + 1);
	}
	return 0;
}

/* --- series of a request --- */

static uint64_t hash_of(const uint8_t *p, size_t len)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	while (len-- > 0)
		hash = (hash ^ *p++) * UINT64_C(0x100000001b3);
	return hash ^ hash >> 32;
}

static int add_key(struct series *s, const struct key *key)
{
	if (s->n == s->max) {
		size_t max = s->max ? 2 * s->max : 64;
		struct key *keys = realloc(s->keys, max * sizeof *keys);

		if (!keys)
			return -ENOMEM;
		s->keys = keys;
		s->max = max;
	}
	s->keys[s->n++] = *key;
	return 0;
}

/* The number of the key that was put last, which is taken off again if it is known. */
static int find_series(struct histfs *h, struct series *s, size_t at, uint32_t *ret)
{
	const struct key key = {at, h->body.len - at, hash_of(h->body.p + at, h->body.len - at)};
	size_t i = key.hash & (s->n_places - 1);
	int r;

	for (; s->places[i]; i = (i + 1) & (s->n_places - 1)) {
		const struct key *known = &s->keys[s->places[i] - 1];

		if (known->hash != key.hash || known->len != key.len ||
		    memcmp(h->body.p + known->at, h->body.p + at, key.len) != 0)
			continue;
		h->body.len = at;
		*ret = s->places[i] - 1;
		return 0;
	}
	r = add_key(s, &key);
	if (r < 0)
		return r;
	*ret = (uint32_t)s->n - 1;
	s->places[i] = (uint32_t)s->n;
	return 0;
}

static int number_points(
    struct histfs *h, struct series *s, const struct histfs_point *points, size_t n, uint32_t *numbers)
{
	for (size_t i = 0; i < n; i++) {
		size_t at = h->body.len;
		int r = put_key(h, &points[i]);

		if (r < 0)
			return r;
		if (h->body.failed)
			return histfs_conn_fail_errno(h, -ENOMEM);
		if (h->body.len - at > KEY_MAX)
			return histfs_conn_fail(
			    h, -EMSGSIZE, "%.64s: names and values have more than %d bytes", points[i].metric, KEY_MAX);
		r = find_series(h, s, at, &numbers[i]);
		if (r < 0)
			return histfs_conn_fail_errno(h, r);
	}
	return 0;
}

/* --- requests --- */

static uint64_t zigzag(uint64_t x)
{
	return x << 1 ^ (0 - (x >> 63));
}

static void put_columns(
    struct histfs *h, const struct series *s, const struct histfs_point *points, const uint32_t *numbers, size_t n)
{
	uint64_t before = 0, now;
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	now = (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
	histfs_wire_put_varint(&h->out, s->n);
	for (size_t i = 0; i < s->n; i++) {
		histfs_wire_put_varint(&h->out, s->keys[i].len);
		histfs_wire_put(&h->out, h->body.p + s->keys[i].at, s->keys[i].len);
	}
	histfs_wire_put_varint(&h->out, n);
	for (size_t i = 0; i < n; before = numbers[i++])
		histfs_wire_put_varint(&h->out, zigzag(numbers[i] - before));
	before = 0;
	for (size_t i = 0; i < n; i++) {
		uint64_t ns = points[i].time_ns == HISTFS_NOW_NS ? now : (uint64_t)points[i].time_ns;

		histfs_wire_put_varint(&h->out, zigzag(ns - before));
		before = ns;
	}
	for (size_t i = 0; i < n; i++) {
		uint64_t bits;

		memcpy(&bits, &points[i].value, sizeof bits);
		histfs_wire_put_le(&h->out, bits, 8);
	}
}

static int begin(struct histfs *h, unsigned form, enum histfs_ack ack, uint32_t *ret_id)
{
	*ret_id = histfs_conn_begin(h, OP_POINTS);
	if (ack != HISTFS_WRITTEN && ack != HISTFS_SYNCED)
		return histfs_conn_fail(h, -EINVAL, "points are written or synced");
	histfs_wire_put_le(&h->out, (uint64_t)ack, 1);
	histfs_wire_put_le(&h->out, form, 1);
	return 0;
}

int histfs_points(struct histfs *h, const struct histfs_point *points, size_t n, enum histfs_ack ack)
{
	struct histfs_wire_in in;
	struct series s = {.n_places = 64};
	uint32_t *numbers, id;
	int r = begin(h, COLUMNS, ack, &id);

	if (r < 0)
		return r;
	if (n == 0)
		return histfs_conn_fail(h, -EINVAL, "there is no point");
	if (n > POINTS_MAX)
		return histfs_conn_fail(h, -EMSGSIZE, "a request has %d points at most", POINTS_MAX);
	while (s.n_places < 2 * n)
		s.n_places *= 2;
	h->body.len = 0;
	h->body.failed = false;
	s.places = calloc(s.n_places, sizeof *s.places);
	numbers = malloc(n * sizeof *numbers);
	r = s.places && numbers ? number_points(h, &s, points, n, numbers) : histfs_conn_fail_errno(h, -ENOMEM);
	if (r == 0) {
		put_columns(h, &s, points, numbers, n);
		r = histfs_conn_ask(h, id, &in);
	}
	free(s.keys);
	free(s.places);
	free(numbers);
	return r;
}

int histfs_points_text(
    struct histfs *h, unsigned form, const void *text, size_t len, enum histfs_ack ack, struct histfs_taken *ret)
{
	struct histfs_wire_in in;
	struct histfs_taken taken;
	uint64_t why_len;
	const char *why;
	uint32_t id;
	int r = begin(h, form, ack, &id);

	if (r < 0)
		return r;
	if ((form & ~HISTFS_MORE) < HISTFS_INFLUX || (form & ~HISTFS_MORE) > HISTFS_INFLUX_S)
		return histfs_conn_fail(h, -EINVAL, "there is no such form");
	histfs_wire_put(&h->out, text, len);
	r = histfs_conn_ask(h, id, &in);
	if (r < 0)
		return r;
	taken.accepted = histfs_wire_varint(&in);
	taken.refused = histfs_wire_varint(&in);
	why_len = histfs_wire_varint(&in);
	why = histfs_wire_bytes(&in, why_len);
	taken.len = (size_t)histfs_wire_varint(&in);
	r = histfs_conn_parsed(h, &in);
	if (r < 0)
		return r;
	snprintf(h->refused, sizeof h->refused, "%.*s", (int)(why_len < 255 ? why_len : 255), why);
	taken.why = h->refused;
	*ret = taken;
	return 0;
}

int histfs_drop(struct histfs *h, const char *selector, int64_t first_ns, int64_t last_ns)
{
	struct histfs_wire_in in;
	uint32_t id = histfs_conn_begin(h, OP_DROP);

	histfs_wire_put_string(&h->out, selector);
	histfs_wire_put_le(&h->out, (uint64_t)first_ns, 8);
	histfs_wire_put_le(&h->out, (uint64_t)last_ns, 8);
	return histfs_conn_ask(h, id, &in);
}
