/* payload_read.c -- see payload_read.h */
#include "store/payload_read.h"

#include <xxhash.h>

enum { TWIN_MASK = 15, TWIN_BITS = 4 };

/* hash: of its key. */
static void tell(const struct payload_record *rec, uint64_t hash, struct payload *ret)
{
	*ret = (struct payload){
	    .key = rec->key,
	    .value = rec->value,
	    .number = rec->head.number,
	    .time_ms = rec->head.time_ms,
	    .before = rec->head.before,
	    .version = rec->head.version,
	    .raw = rec->head.raw,
	    .deleted = rec->head.deletes,
	    .id = payload_record_id(hash, rec->head.twin),
	    .hash = hash,
	};
}

int payload_read_newest(
    const struct payload_view *v, const struct payload_key *key, struct buf *room, struct payload *ret)
{
	struct payload_record rec;
	uint64_t position, hash;
	int r;

	if (!payload_record_key_valid(key))
		return -ENOENT;
	hash = payload_record_key_hash(key);
	r = payload_view_find(v, key, hash, room, &rec, &position);
	if (r < 0)
		return r;
	tell(&rec, hash, ret);
	return 0;
}

int payload_read_number(
    const struct payload_view *v, uint64_t end_number, uint64_t number, struct buf *room, struct payload *ret)
{
	struct payload_record rec;
	uint64_t position;
	int r = payload_view_number(v, number, end_number, room, &rec, &position);

	if (r < 0)
		return r;
	tell(&rec, payload_record_key_hash(&rec.key), ret);
	return 0;
}

/* The key's newest record that is not after time_ms: over the jump, if that is after it, too. */
static int walk(
    const struct payload_view *v, uint64_t end_number, int64_t time_ms, struct buf *room, struct payload_record *rec)
{
	uint64_t position;

	while (rec->head.time_ms > time_ms) {
		uint64_t before = rec->head.before, jump = rec->head.jump;
		int r = -ENOENT;

		if (jump != 0 && jump != before)
			r = payload_view_number(v, jump, end_number, room, rec, &position);
		if (r == 0 && rec->head.time_ms > time_ms)
			continue;
		/* A jump that leads nowhere is none. */
		if (r < 0 && r != -ENOENT && r != -EBADMSG)
			return r;
		r = before ? payload_view_number(v, before, end_number, room, rec, &position) : -ENOENT;
		if (r < 0)
			return r;
	}
	return 0;
}

int payload_read_at(const struct payload_view *v, uint64_t end_number, const struct payload_key *key, int64_t time_ms,
    struct buf *room, struct payload *ret)
{
	struct payload_record rec;
	uint64_t position, hash;
	int r;

	if (!payload_record_key_valid(key))
		return -ENOENT;
	hash = payload_record_key_hash(key);
	r = payload_view_find(v, key, hash, room, &rec, &position);
	if (r == 0)
		r = walk(v, end_number, time_ms, room, &rec);
	if (r < 0)
		return r;
	tell(&rec, hash, ret);
	return 0;
}

/* The entry before this one, which is newer, with the same hash; n: there is none. */
static size_t newer_with_hash(const struct payload_entry *entries, size_t n, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (entries[k].hash == entries[i].hash)
			return k;
	return n;
}

/* Among the entries of keys with one prefix: the newest record of the key with the smallest twin from min_twin to
 * max_twin. deleted: also a tombstone. -ENOENT; -EBADMSG: there is none but what cannot be read. */
static int pick(const struct payload_view *v, const struct payload_entry *entries, size_t n, unsigned min_twin,
    unsigned max_twin, bool deleted, struct buf *room, struct payload_record *ret)
{
	uint64_t best = 0;
	unsigned best_twin = max_twin + 1, seen = 0;
	bool unreadable[VIEW_GROUP_MAX];
	int failed = -ENOENT, r;

	for (size_t i = 0; i < n; i++) {
		size_t newer = newer_with_hash(entries, n, i);
		unsigned twin;

		/* Whether that which cannot be read has put it out of date is not known. */
		unreadable[i] = newer < n && unreadable[newer];
		if (unreadable[i])
			continue;
		r = payload_view_read(v, entries[i].position, room, ret);
		/* An index that is right in itself, but not the log's. */
		if (r == 0 && payload_record_key_hash(&ret->key) != entries[i].hash)
			r = -EBADMSG;
		if (r < 0 && r != -EBADMSG)
			return r;
		if (r < 0) {
			unreadable[i] = true;
			failed = newer < n ? failed : r;
			continue;
		}
		twin = ret->head.twin;
		if (seen >> twin & 1)
			continue;
		seen |= 1U << twin;
		if (twin < min_twin || twin >= best_twin || (ret->head.deletes && !deleted))
			continue;
		best_twin = twin;
		best = entries[i].position;
	}
	return best ? payload_view_read(v, best, room, ret) : failed;
}

int payload_read_id(const struct payload_view *v, uint64_t id, struct buf *room, struct payload *ret)
{
	struct payload_entry entries[VIEW_GROUP_MAX];
	struct payload_record rec;
	uint64_t first, last;
	size_t n;
	int r;

	if (id >> TWIN_BITS == 0 || id >> 55 != 0)
		return -ENOENT;
	payload_record_prefix_range(id >> TWIN_BITS, &first, &last);
	r = payload_view_range(v, first, last, entries, &n);
	if (r == 0)
		r = pick(v, entries, n, id & TWIN_MASK, id & TWIN_MASK, true, room, &rec);
	if (r < 0)
		return r;
	tell(&rec, payload_record_key_hash(&rec.key), ret);
	return 0;
}

int payload_read_hash(const struct payload_view *v, uint64_t low, uint64_t high, struct buf *room, struct payload *ret)
{
	struct payload_entry entries[VIEW_GROUP_MAX];
	struct payload_record rec;
	size_t n;
	int r = payload_view_range(v, low, low, entries, &n);

	/* The newer ones come first: what is behind one that cannot be read may be out of date. */
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = payload_view_read(v, entries[i].position, room, &rec);
		if (r == 0 && payload_record_key_hash_high(&rec.key) == high) {
			tell(&rec, low, ret);
			return 0;
		}
	}
	return r < 0 ? r : -ENOENT;
}

int payload_read_next(const struct payload_view *v, uint64_t after, bool deleted, struct buf *room, struct payload *ret,
    uint64_t *ret_cookie)
{
	struct payload_entry entries[VIEW_GROUP_MAX];
	uint64_t prefix = after ? after >> TWIN_BITS : 1, first, last, hash;
	unsigned min_twin = after ? (after & TWIN_MASK) + 1 : 0;
	struct payload_record rec;
	size_t n;
	int r;

	for (;;) {
		payload_record_prefix_range(prefix, &first, &last);
		r = payload_view_range(v, first, last, entries, &n);
		if (r < 0)
			return r;
		if (n == 1 && !deleted && position_deleted(entries[0].position))
			n = 0;
		r = min_twin <= TWIN_MASK ? pick(v, entries, n, min_twin, TWIN_MASK, deleted, room, &rec) : -ENOENT;
		if (r == 0) {
			tell(&rec, payload_record_key_hash(&rec.key), ret);
			*ret_cookie = ret->id;
			return 0;
		}
		if (r == -EBADMSG)
			*ret_cookie = prefix << TWIN_BITS | TWIN_MASK;
		if (r != -ENOENT)
			return r;
		r = last == UINT64_MAX ? -ENODATA : payload_view_next(v, last + 1, &hash);
		if (r < 0)
			return r;
		prefix = payload_record_prefix(hash);
		min_twin = 0;
	}
}
