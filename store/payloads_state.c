/* payloads_state.c -- how payloads are: counts, and what is damaged */
#include "store/payloads_inner.h"
#include "store/segment_name.h"

/* With the lock. Where the first record of a segment cannot be read, that of the next is taken. */
static int64_t find_first_ms(struct payloads *p)
{
	_cleanup_(buf_done) struct buf room = {0};
	const struct payload_view *v = p->l.view;
	struct payload_record rec;

	for (uint32_t i = 0; i < v->n_segments; i++) {
		const struct payload_segment *s = v->segments[i];

		if (!s || atomic_load(&s->len) <= sizeof(struct disk_header))
			continue;
		if (s->file_id == p->first_file)
			return p->first_ms;
		if (payload_view_read(v, position_of(i, sizeof(struct disk_header), false), &room, &rec) < 0)
			continue;
		p->first_file = s->file_id;
		p->first_ms = rec.head.time_ms;
		return p->first_ms;
	}
	return INT64_MIN;
}

void payloads_state(struct payloads *p, struct payloads_state *ret)
{
	struct payloads_state s = {0};
	const struct payload_view *v;

	pthread_mutex_lock(&p->lock);
	v = p->l.view;
	s.n_keys = p->l.n_keys;
	s.newest_number = p->l.next_number - 1;
	s.synced_number = p->writes ? atomic_load(&p->synced_number) : s.newest_number;
	s.first_ms = find_first_ms(p);
	s.newest_ms = p->l.newest_ms;
	s.n_damaged = p->l.n_damaged;
	for (uint32_t i = 0; i < v->n_segments; i++)
		if (v->segments[i]) {
			s.bytes += atomic_load(&v->segments[i]->len);
			s.n_segments++;
		}
	s.memory = sizeof *p + payload_index_memory(v->fresh) + (v->frozen ? payload_index_memory(v->frozen) : 0);
	if (v->snapshot) {
		s.snapshot_bytes = payload_snapshot_len(v->snapshot);
		s.memory += payload_snapshot_memory(v->snapshot);
	}
	pthread_mutex_unlock(&p->lock);
	*ret = s;
}

void payloads_state_problems(
    struct payloads *p, void (*each)(const char *file, uint64_t off, const char *what, void *arg), void *arg)
{
	char file[64], name[SEGMENT_NAME_SIZE], what[96];
	const struct payload_view *v;

	pthread_mutex_lock(&p->lock);
	v = p->l.view;
	if (p->l.n_damaged > 0) {
		snprintf(file, sizeof file, PAYLOADS_DIR "/%s", p->l.damaged_file);
		snprintf(what, sizeof what, "damaged in %llu places, of which this is the first",
		    (unsigned long long)p->l.n_damaged);
		each(file, p->l.damaged_off, what, arg);
	}
	for (uint32_t i = 0; i < v->n_segments; i++) {
		uint64_t off = v->segments[i] ? atomic_load(&v->segments[i]->bad_off) : 0;

		if (off == 0)
			continue;
		segment_name_put(name, v->segments[i]->base, SEGMENT_LOG);
		snprintf(file, sizeof file, PAYLOADS_DIR "/%s", name);
		each(file, off, "a record that was asked for is damaged", arg);
	}
	if (v->snapshot && payload_snapshot_damaged(v->snapshot))
		each(PAYLOADS_DIR "/" PAYLOAD_SNAPSHOT_FILE, 0, "the index snapshot is damaged; it is made anew", arg);
	pthread_mutex_unlock(&p->lock);
}
