/* payload_batch.c -- see payload_batch.h
 *
 * A key may be in a batch more than once: what a put means for it depends on the one before. Records that are planned
 * are found by the prefix of their key's hash, in a table of the batch.
 */
#include "store/payload_batch.h"

#include "store/json_check.h"

enum { NONE = UINT32_MAX };

struct planned {
	const struct payload_put *put;
	uint64_t hash;
	struct payload_head head;
	uint64_t old_len;  /* of its frame */
	uint64_t old;      /* position of the record before, where the index has it; 0: none, or it is in the batch */
	uint64_t position; /* from payload_batch_frames on */
	uint32_t earlier;  /* the one in the batch that has the key's record before; NONE */
	uint32_t chain;    /* the one before it with the same place in the table; NONE */
};

struct payload_batch {
	struct planned *v;
	uint32_t n, cap;
	uint32_t *table; /* the newest of v with that place; NONE */
	uint32_t table_cap, mask;
	uint64_t *hashes; /* as many as cap */
	uint64_t len, first_number;
	struct buf frames, room;
};

int payload_batch_new(struct payload_batch **ret)
{
	*ret = calloc(1, sizeof **ret);
	return *ret ? 0 : -ENOMEM;
}

void payload_batch_free(struct payload_batch *b)
{
	if (!b)
		return;
	free(b->v);
	free(b->table);
	free(b->hashes);
	buf_done(&b->frames);
	buf_done(&b->room);
	free(b);
}

/* --- checking --- */

static int check_one(const struct payload_put *put, uint64_t value_max, struct payload_error *ret)
{
	size_t len = span_left(&put->value);

	if (!payload_record_key_valid(&put->key)) {
		bool empty = put->key.string.p == put->key.string.end;

		ret->why = empty ? "an empty key" : "the key is too long";
		return empty ? -EINVAL : -EMSGSIZE;
	}
	if (put->deletes) {
		ret->why = "a delete has no value";
		return len > 0 ? -EINVAL : 0;
	}
	if (len > value_max) {
		ret->why = "the value is too long";
		return -EMSGSIZE;
	}
	return put->raw ? 0 : json_check((const char *)put->value.p, len, &ret->at, &ret->why);
}

int payload_batch_check(const struct payload_put *puts, size_t n, uint64_t value_max, struct payload_error *ret_error)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		struct payload_error e = {.which = i};
		int r = check_one(&puts[i], value_max, &e);

		sum += payload_record_frame_len(&puts[i]);
		if (r == 0 && (sum > PAYLOAD_BATCH_MAX || n > PAYLOADS_BATCH_N_MAX)) {
			e.why = "the batch is too long";
			r = -EMSGSIZE;
		}
		if (r < 0) {
			*ret_error = e;
			return r;
		}
	}
	return 0;
}

/* --- planning --- */

static int make_room(struct payload_batch *b, size_t n)
{
	uint32_t table_cap = b->table_cap ? b->table_cap : 16;

	if (n > b->cap) {
		struct planned *v = realloc(b->v, n * sizeof *v);
		uint64_t *hashes;

		if (!v)
			return -ENOMEM;
		b->v = v;
		hashes = realloc(b->hashes, n * sizeof *hashes);
		if (!hashes)
			return -ENOMEM;
		b->hashes = hashes;
		b->cap = (uint32_t)n;
	}
	while (table_cap < 2 * n)
		table_cap *= 2;
	if (table_cap > b->table_cap) {
		uint32_t *table = realloc(b->table, table_cap * sizeof *table);

		if (!table)
			return -ENOMEM;
		b->table = table;
		b->table_cap = table_cap;
	}
	for (b->mask = 15; b->mask + 1 < 2 * n;)
		b->mask = 2 * b->mask + 1;
	memset(b->table, 0xff, ((size_t)b->mask + 1) * sizeof *b->table);
	return 0;
}

/* What is known of a key before a put. */
struct before {
	bool found;
	struct payload_head head;
	uint64_t old, old_len;
	uint32_t earlier;
	unsigned twins; /* that keys with its prefix have: a bit each */
};

static void look_in_batch(
    const struct payload_batch *b, const struct payload_put *put, uint64_t hash, struct before *ret)
{
	for (uint32_t i = b->table[payload_record_prefix(hash) & b->mask]; i != NONE; i = b->v[i].chain) {
		const struct planned *p = &b->v[i];

		if (payload_record_prefix(p->hash) != payload_record_prefix(hash))
			continue;
		ret->twins |= 1U << p->head.twin;
		if (ret->found || p->hash != hash || !payload_record_key_equal(&p->put->key, &put->key))
			continue;
		ret->found = true;
		ret->head = p->head;
		ret->earlier = i;
	}
}

/* A record that is damaged is not known to be the key's. */
static int look_in_view(struct payload_batch *b, const struct payload_view *v, const struct payload_put *put,
    uint64_t hash, struct before *ret)
{
	struct payload_entry entries[VIEW_GROUP_MAX];
	uint64_t first, last;
	size_t n;
	int r;

	payload_record_prefix_range(payload_record_prefix(hash), &first, &last);
	r = payload_view_range(v, first, last, entries, &n);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n && !ret->found; i++) {
		struct payload_record rec;

		r = payload_view_read(v, entries[i].position, &b->room, &rec);
		if (r == -EBADMSG)
			continue;
		if (r < 0)
			return r;
		ret->twins |= 1U << rec.head.twin;
		if (!payload_record_key_equal(&rec.key, &put->key))
			continue;
		ret->found = true;
		ret->head = rec.head;
		ret->old = entries[i].position;
		ret->old_len = b->room.len;
	}
	return 0;
}

/* Number of the record that is to be the jump of one behind p. */
static int jump_behind(
    struct payload_batch *b, const struct payload_view *v, const struct payload_head *p, uint64_t *ret)
{
	int64_t version = payload_record_jump_version(p->version + 1);
	struct payload_record rec;
	uint64_t position;
	int r;

	*ret = version == p->version ? p->number : 0;
	if (version < 0 || *ret != 0 || p->jump == 0)
		return 0;
	if (p->jump >= b->first_number) {
		*ret = b->v[p->jump - b->first_number].head.jump;
		return 0;
	}
	r = payload_view_number(v, p->jump, b->first_number, &b->room, &rec, &position);
	/* What is gone, or damaged, nothing needs to jump over. */
	if (r == -ENOENT || r == -EBADMSG)
		return 0;
	if (r == 0)
		*ret = rec.head.jump;
	return r;
}

static uint8_t first_free(unsigned twins)
{
	uint8_t twin = 0;

	while (twin < TWIN_MAX && twins >> twin & 1)
		twin++;
	return twin;
}

static int plan_one(
    struct payload_batch *b, const struct payload_view *v, const struct payload_put *put, int64_t now_ms)
{
	struct before before = {.earlier = NONE};
	struct planned p = {.put = put, .hash = payload_record_key_hash(&put->key)};
	uint32_t *place = &b->table[payload_record_prefix(p.hash) & b->mask];
	int r = 0;

	look_in_batch(b, put, p.hash, &before);
	if (!before.found)
		r = look_in_view(b, v, put, p.hash, &before);
	if (r < 0 || (put->deletes && (!before.found || before.head.deletes)))
		return r;
	p.head = (struct payload_head){
	    .number = b->first_number + b->n,
	    .time_ms = now_ms,
	    .raw = put->raw && !put->deletes,
	    .deletes = put->deletes,
	    .born = !before.found || before.head.deletes,
	    .twin = before.found ? before.head.twin : first_free(before.twins),
	};
	if (before.found) {
		p.head.before = before.head.number;
		p.head.version = before.head.version + 1;
		if (p.head.time_ms < before.head.time_ms)
			p.head.time_ms = before.head.time_ms;
		r = jump_behind(b, v, &before.head, &p.head.jump);
	}
	p.old = before.old;
	p.old_len = before.old_len;
	p.earlier = before.earlier;
	p.chain = *place;
	b->len += payload_record_frame_len(put);
	*place = b->n;
	b->v[b->n++] = p;
	return r;
}

int payload_batch_plan(struct payload_batch *b, const struct payload_view *v, const struct payload_put *puts, size_t n,
    uint64_t first_number, uint32_t unsynced, int64_t now_ms)
{
	int r = make_room(b, n);

	b->n = 0;
	b->len = 0;
	b->first_number = first_number;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = plan_one(b, v, &puts[i], now_ms);
	for (uint32_t i = 0; r == 0 && i < b->n; i++) {
		b->v[i].head.left = b->n - 1 - i;
		b->v[i].head.unsynced = unsynced + i;
		b->hashes[i] = b->v[i].hash;
	}
	return r;
}

uint32_t payload_batch_n(const struct payload_batch *b)
{
	return b->n;
}

uint64_t payload_batch_len(const struct payload_batch *b)
{
	return b->len;
}

int64_t payload_batch_ms(const struct payload_batch *b)
{
	int64_t max = INT64_MIN;

	for (uint32_t i = 0; i < b->n; i++)
		if (b->v[i].head.time_ms > max)
			max = b->v[i].head.time_ms;
	return max;
}

int64_t payload_batch_live(const struct payload_batch *b)
{
	int64_t n = 0;

	for (uint32_t i = 0; i < b->n; i++)
		n += b->v[i].head.deletes ? -1 : b->v[i].head.born;
	return n;
}

/* --- writing --- */

int payload_batch_frames(struct payload_batch *b, uint64_t file_id, uint32_t slot, uint64_t off, struct span *ret)
{
	buf_clear(&b->frames);
	for (uint32_t i = 0; i < b->n; i++) {
		struct planned *p = &b->v[i];

		p->position = position_of(slot, off + b->frames.len, p->head.deletes);
		payload_record_frame_put(&b->frames, &p->head, p->put, file_id, off + b->frames.len);
	}
	*ret = span_of(b->frames.p, b->frames.len);
	return b->frames.err;
}

int payload_batch_reserve(struct payload_batch *b, struct payload_index *index)
{
	return payload_index_reserve(index, b->hashes, b->n);
}

void payload_batch_apply(struct payload_batch *b, const struct payload_view *v)
{
	for (uint32_t i = 0; i < b->n; i++) {
		const struct planned *p = &b->v[i];
		uint64_t old = p->earlier == NONE ? p->old : b->v[p->earlier].position;

		if (old == 0 || !payload_index_replace(v->fresh, p->hash, old, p->position))
			payload_index_add(v->fresh, p->hash, p->position);
		if (p->old != 0)
			atomic_fetch_add(&v->segments[position_slot(p->old)]->superseded, p->old_len);
	}
}
