/* payload_view.c -- see payload_view.h */
#include "store/payload_view.h"

int payload_view_new(const struct payload_view *of, uint32_t n, struct payload_view **ret)
{
	struct payload_view *v = calloc(1, sizeof *v + n * sizeof(struct payload_segment *));

	if (!v)
		return -ENOMEM;
	if (of) {
		memcpy(v, of, sizeof *v + of->n_segments * sizeof(struct payload_segment *));
		v->n_segments = of->n_segments;
	}
	*ret = v;
	return 0;
}

static int range_of_index(
    const struct payload_index *x, uint64_t first, uint64_t last, struct payload_entry *ret, size_t *n)
{
	if (!x)
		return 0;
	*n += payload_index_range(x, first, last, ret + *n, VIEW_GROUP_MAX - *n);
	return *n <= VIEW_GROUP_MAX ? 0 : -EMSGSIZE;
}

int payload_view_range(
    const struct payload_view *v, uint64_t first, uint64_t last, struct payload_entry *ret, size_t *ret_n)
{
	size_t n = 0, more = 0;
	int r = range_of_index(v->fresh, first, last, ret, &n);

	if (r == 0)
		r = range_of_index(v->frozen, first, last, ret, &n);
	if (r == 0 && v->snapshot)
		r = payload_snapshot_range(v->snapshot, first, last, ret + n, VIEW_GROUP_MAX - n, &more);
	if (r < 0)
		return r;
	if (n + more > VIEW_GROUP_MAX)
		return -EMSGSIZE;
	*ret_n = n + more;
	return 0;
}

int payload_view_next(const struct payload_view *v, uint64_t from, uint64_t *ret)
{
	const struct payload_index *indexes[] = {v->fresh, v->frozen};
	uint64_t found;
	bool any = false;
	int r;

	for (size_t i = 0; i < N_ELEMENTS(indexes); i++)
		if (indexes[i] && payload_index_next(indexes[i], from, &found) && (!any || found < *ret)) {
			*ret = found;
			any = true;
		}
	r = v->snapshot ? payload_snapshot_next(v->snapshot, from, &found) : -ENODATA;
	if (r == 0 && (!any || found < *ret))
		*ret = found;
	return r == -ENODATA && any ? 0 : r;
}

int payload_view_read(const struct payload_view *v, uint64_t position, struct buf *room, struct payload_record *ret)
{
	uint32_t slot = position_slot(position);

	if (slot >= v->n_segments || !v->segments[slot])
		return -EBADMSG;
	return payload_segment_read(v->segments[slot], position_off(position), room, ret, NULL);
}

/* Among entries of one part of the view. Records that cannot be read are not the key's if another one is. */
static int find_in(const struct payload_view *v, const struct payload_entry *entries, size_t n,
    const struct payload_key *key, struct buf *room, struct payload_record *ret, uint64_t *ret_position)
{
	int failed = -ENOENT;

	for (size_t i = 0; i < n; i++) {
		int r = payload_view_read(v, entries[i].position, room, ret);

		if (r == 0 && payload_record_key_equal(&ret->key, key)) {
			*ret_position = entries[i].position;
			return 0;
		}
		if (r < 0)
			failed = r;
	}
	return failed;
}

int payload_view_find(const struct payload_view *v, const struct payload_key *key, uint64_t hash, struct buf *room,
    struct payload_record *ret, uint64_t *ret_position)
{
	const struct payload_index *indexes[] = {v->fresh, v->frozen};
	struct payload_entry entries[VIEW_GROUP_MAX];
	size_t n;
	int r;

	for (size_t i = 0; i < N_ELEMENTS(indexes); i++) {
		n = 0;
		r = range_of_index(indexes[i], hash, hash, entries, &n);
		if (r == 0)
			r = find_in(v, entries, n, key, room, ret, ret_position);
		if (r != -ENOENT)
			return r;
	}
	if (!v->snapshot)
		return -ENOENT;
	r = payload_snapshot_range(v->snapshot, hash, hash, entries, N_ELEMENTS(entries), &n);
	if (r == 0 && n > N_ELEMENTS(entries))
		r = -EMSGSIZE;
	return r < 0 ? r : find_in(v, entries, n, key, room, ret, ret_position);
}

/* The last slot whose segment begins at or before number; n_segments: there is none. */
static uint32_t slot_of_number(const struct payload_view *v, uint64_t number)
{
	for (uint32_t i = v->n_segments; i > 0; i--)
		if (v->segments[i - 1] && v->segments[i - 1]->base <= number)
			return i - 1;
	return v->n_segments;
}

int payload_view_number(const struct payload_view *v, uint64_t number, uint64_t end_number, struct buf *room,
    struct payload_record *ret, uint64_t *ret_position)
{
	uint32_t slot = slot_of_number(v, number);
	uint64_t off;
	int r;

	if (number == 0 || number >= end_number || slot == v->n_segments)
		return -ENOENT;
	for (uint32_t i = slot + 1; i < v->n_segments; i++)
		if (v->segments[i]) {
			end_number = v->segments[i]->base;
			break;
		}
	r = payload_segment_find(v->segments[slot], number, end_number, &off);
	if (r == 0)
		r = payload_segment_read(v->segments[slot], off, room, ret, NULL);
	if (r < 0)
		return r;
	if (ret->head.number != number)
		return -EBADMSG;
	*ret_position = position_of(slot, off, ret->head.deletes);
	return 0;
}
