/* payload_merge.c -- see payload_merge.h
 *
 * A page holds the entries with hashes of its range, from both sources. How many that are is known when they are all
 * there: if one page has not room enough, everything is begun anew with more pages.
 */
#include "store/payload_merge.h"

enum { PER_PAGE = 180, GATHER_MAX = 4 * KEYS_PAGE_MAX };

struct merging {
	const struct payload_merge *how;
	struct payload_snapshot_writer *out;
	uint32_t *places; /* of slots, in the new head */
	struct payload_snapshot_head head;
	struct buf room_a, room_b;
	struct payload_entry frozen[GATHER_MAX], old[GATHER_MAX], page[2 * GATHER_MAX];
};

static int by_hash(const void *a, const void *b)
{
	const struct payload_entry *x = a, *y = b;

	return (x->hash > y->hash) - (x->hash < y->hash);
}

/* Whether two entries of one hash are of one key; they are taken to be if a record is damaged, lest the older one be
 * found in the place of a newer. */
static int same_key(struct merging *m, uint64_t a, uint64_t b)
{
	struct payload_record x, y;
	int r = payload_view_read(m->how->view, a, &m->room_a, &x);

	if (r == 0)
		r = payload_view_read(m->how->view, b, &m->room_b, &y);
	if (r < 0)
		return r == -EBADMSG ? 1 : r;
	return payload_record_key_equal(&x.key, &y.key);
}

/* Whether an entry of the old snapshot is of a key that one of the n frozen ones, which are in order, is of, too. */
static int superseded(struct merging *m, const struct payload_entry *e, const struct payload_entry *frozen, size_t n)
{
	for (size_t i = 0; i < n && frozen[i].hash == e->hash; i++) {
		int r = same_key(m, frozen[i].position, e->position);

		if (r != 0)
			return r;
	}
	return 0;
}

static void add(struct merging *m, size_t *n, struct payload_entry e)
{
	if (m->how->moves && !payload_compact_moves_apply(m->how->moves, &e.position))
		return;
	m->head.n_live += !position_deleted(e.position);
	e.position =
	    position_of(m->places[position_slot(e.position)], position_off(e.position), position_deleted(e.position));
	m->page[(*n)++] = e;
}

/* All entries of a page. -ENOBUFS: too many for one. */
static int gather(struct merging *m, uint64_t first, uint64_t last, size_t *ret_n)
{
	const struct payload_view *v = m->how->view;
	size_t n_frozen, n_old = 0, n = 0, i = 0;
	int r = 0;

	n_frozen = v->frozen ? payload_index_range(v->frozen, first, last, m->frozen, GATHER_MAX) : 0;
	if (v->snapshot)
		r = payload_snapshot_range(v->snapshot, first, last, m->old, GATHER_MAX, &n_old);
	if (r < 0)
		return r;
	if (n_frozen > GATHER_MAX || n_old > GATHER_MAX)
		return -ENOBUFS;
	qsort(m->frozen, n_frozen, sizeof *m->frozen, by_hash);
	for (size_t k = 0; k < n_old; k++) {
		while (i < n_frozen && m->frozen[i].hash < m->old[k].hash)
			add(m, &n, m->frozen[i++]);
		r = superseded(m, &m->old[k], m->frozen + i, n_frozen - i);
		if (r < 0)
			return r;
		if (r == 0)
			add(m, &n, m->old[k]);
	}
	while (i < n_frozen)
		add(m, &n, m->frozen[i++]);
	*ret_n = n;
	return n <= KEYS_PAGE_MAX ? 0 : -ENOBUFS;
}

static int write_pages(struct merging *m, uint32_t n_pages)
{
	m->head.n_live = 0;
	for (uint32_t i = 0; i < n_pages; i++) {
		uint64_t first, last;
		size_t n;
		int r;

		if (m->how->stop && *m->how->stop)
			return -ECANCELED;
		payload_snapshot_writer_page(n_pages, i, &first, &last);
		r = gather(m, first, last, &n);
		if (r == 0)
			r = payload_snapshot_writer_add(m->out, m->page, n);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Which segments there are, and how far they are known. */
static int list_segments(struct merging *m)
{
	const struct payload_view *v = m->how->view;

	m->places = calloc(v->n_segments + 1, sizeof *m->places);
	m->head.segments = calloc(v->n_segments + 1, sizeof *m->head.segments);
	if (!m->places || !m->head.segments)
		return -ENOMEM;
	for (uint32_t i = 0; i < v->n_segments; i++) {
		const struct payload_segment *s = v->segments[i];

		if (!s)
			continue;
		if (m->how->moves)
			s = payload_compact_moves_segment(m->how->moves, i, s);
		if (!s)
			continue;
		m->places[i] = m->head.n_segments;
		m->head.segments[m->head.n_segments++] = (struct payload_covered){
		    .base = s->base,
		    .file_id = s->file_id,
		    .covered = i == v->n_segments - 1 ? m->how->newest_len : atomic_load(&s->len),
		};
	}
	m->head.newest_number = m->how->newest_number;
	m->head.newest_ms = m->how->newest_ms;
	return 0;
}

static int merge(struct merging *m)
{
	const struct payload_view *v = m->how->view;
	uint64_t n = (v->frozen ? payload_index_n(v->frozen) : 0) +
	             (v->snapshot ? payload_snapshot_head(v->snapshot)->n_keys : 0);
	uint64_t n_pages = n / PER_PAGE + 1;
	int r = list_segments(m);

	while (r == 0) {
		if (n_pages > UINT32_MAX)
			return -EMSGSIZE;
		r = payload_snapshot_writer_new(m->how->dirfd, m->how->store_id, (uint32_t)n_pages, &m->out);
		if (r < 0)
			return r;
		r = write_pages(m, (uint32_t)n_pages);
		if (r == 0)
			return payload_snapshot_writer_finish(TAKE(m->out), &m->head);
		payload_snapshot_writer_abort(TAKE(m->out));
		n_pages += n_pages / 16 + 1;
		if (r == -ENOBUFS)
			r = 0;
	}
	return r;
}

int payload_merge_write(const struct payload_merge *how)
{
	struct merging *m = calloc(1, sizeof *m);
	int r;

	if (!m)
		return -ENOMEM;
	m->how = how;
	r = merge(m);
	free(m->places);
	free(m->head.segments);
	buf_done(&m->room_a);
	buf_done(&m->room_b);
	free(m);
	return r;
}
