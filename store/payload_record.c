/* payload_record.c -- see payload_record.h
 *
 * JUMPS. A record's jump leads to the version that is left of its own, when both are counted from one, without the
 * last term of the sum of numbers 2^k - 1, as large ones as can be, that it is. A walk that takes a jump when that does
 * not lead too far, and else the record before, gets anywhere in about two steps a bit. (Myers, An applicative
 * random-access stack, 1983.)
 */
#include "store/payload_record.h"

#include <xxhash.h>

enum { PREFIX_SHIFT = 13, TWIN_BITS = 4 };

bool payload_record_key_valid(const struct payload_key *key)
{
	size_t len = span_left(&key->string);

	return key->is_number || (len > 0 && len <= PAYLOAD_KEY_MAX);
}

/* A key as it lies in a record. */
static struct span key_bytes(const struct payload_key *key, le64 *room)
{
	if (!key->is_number)
		return key->string;
	*room = put_le64(key->number);
	return span_of(room, sizeof *room);
}

static XXH128_hash_t hash_of(const struct payload_key *key)
{
	uint8_t bytes[1 + PAYLOAD_KEY_MAX];
	le64 room;
	struct span s = key_bytes(key, &room);
	size_t len = span_left(&s);

	bytes[0] = key->is_number;
	memcpy(bytes + 1, s.p, len);
	return XXH3_128bits(bytes, 1 + len);
}

uint64_t payload_record_key_hash(const struct payload_key *key)
{
	return hash_of(key).low64;
}

uint64_t payload_record_key_hash_high(const struct payload_key *key)
{
	return hash_of(key).high64;
}

bool payload_record_key_equal(const struct payload_key *a, const struct payload_key *b)
{
	size_t len = span_left(&a->string);

	if (a->is_number || b->is_number)
		return a->is_number && b->is_number && a->number == b->number;
	return len == span_left(&b->string) && memcmp(a->string.p, b->string.p, len) == 0;
}

uint64_t payload_record_prefix(uint64_t hash)
{
	uint64_t prefix = hash >> PREFIX_SHIFT;

	return prefix ? prefix : 1;
}

void payload_record_prefix_range(uint64_t prefix, uint64_t *ret_first, uint64_t *ret_last)
{
	*ret_first = prefix == 1 ? 0 : prefix << PREFIX_SHIFT;
	*ret_last = prefix << PREFIX_SHIFT | ((UINT64_C(1) << PREFIX_SHIFT) - 1);
}

uint64_t payload_record_id(uint64_t hash, uint8_t twin)
{
	return payload_record_prefix(hash) << TWIN_BITS | twin;
}

size_t payload_record_frame_len(const struct payload_put *put)
{
	le64 room;
	struct span key = key_bytes(&put->key, &room);

	return sizeof(struct disk_frame) + sizeof(struct disk_payload) + span_left(&key) + span_left(&put->value);
}

void payload_record_frame_put(
    struct buf *b, const struct payload_head *h, const struct payload_put *put, uint64_t file_id, uint64_t off)
{
	le64 room;
	struct span key = key_bytes(&put->key, &room);
	struct disk_payload d = {
	    .number = put_le64(h->number),
	    .time_ms = put_le64((uint64_t)h->time_ms),
	    .before = put_le64(h->before),
	    .jump = put_le64(h->jump),
	    .version = put_le32(h->version),
	    .left = put_le32(h->left),
	    .key_len = put_le16((uint16_t)span_left(&key)),
	    .flags = (uint8_t)((put->key.is_number ? PAYLOAD_NUMBER_KEY : 0) | (h->raw ? PAYLOAD_RAW : 0) |
	                       (h->born ? PAYLOAD_BORN : 0)),
	    .twin = h->twin,
	    .unsynced = put_le32(h->unsynced),
	};
	size_t at = b->len, len = payload_record_frame_len(put);

	if (buf_reserve(b, len) < 0)
		return;
	b->len += sizeof(struct disk_frame);
	buf_put(b, &d, sizeof d);
	buf_put(b, key.p, span_left(&key));
	buf_put(b, put->value.p, span_left(&put->value));
	frame_put((struct disk_frame *)(b->p + at), h->deletes ? FRAME_DELETE : FRAME_PUT,
	    (uint32_t)(len - sizeof(struct disk_frame)), file_id, off);
}

static int take_key(const struct disk_payload *d, struct span *s, struct payload_key *ret)
{
	uint16_t len = get_le16(d->key_len);
	const uint8_t *p = span_take(s, len);

	*ret = (struct payload_key){.is_number = d->flags & PAYLOAD_NUMBER_KEY};
	if (!p)
		return -EBADMSG;
	if (!ret->is_number) {
		ret->string = span_of(p, len);
		return payload_record_key_valid(ret) ? 0 : -EBADMSG;
	}
	if (len != sizeof(le64))
		return -EBADMSG;
	ret->number = get_le64(*(const le64 *)p);
	return 0;
}

int payload_record_get(uint8_t type, struct span payload, struct payload_record *ret)
{
	const struct disk_payload *d = span_take(&payload, sizeof *d);
	struct payload_record rec;
	int r;

	if (!d || (type != FRAME_PUT && type != FRAME_DELETE))
		return -EBADMSG;
	rec.head = (struct payload_head){
	    .number = get_le64(d->number),
	    .time_ms = (int64_t)get_le64(d->time_ms),
	    .before = get_le64(d->before),
	    .jump = get_le64(d->jump),
	    .version = get_le32(d->version),
	    .left = get_le32(d->left),
	    .unsynced = get_le32(d->unsynced),
	    .twin = d->twin,
	    .raw = d->flags & PAYLOAD_RAW,
	    .born = d->flags & PAYLOAD_BORN,
	    .deletes = type == FRAME_DELETE,
	};
	if (d->flags & ~(PAYLOAD_NUMBER_KEY | PAYLOAD_RAW | PAYLOAD_BORN) || d->twin > TWIN_MAX ||
	    rec.head.unsynced >= rec.head.number || rec.head.number == 0 || rec.head.number >= RECORD_NUMBER_MAX ||
	    rec.head.before >= rec.head.number || rec.head.jump > rec.head.before)
		return -EBADMSG;
	r = take_key(d, &payload, &rec.key);
	if (r < 0 || span_left(&payload) > PAYLOAD_VALUE_MAX || (rec.head.deletes && span_left(&payload) > 0))
		return -EBADMSG;
	rec.value = payload;
	*ret = rec;
	return 0;
}

int64_t payload_record_jump_version(uint32_t version)
{
	uint64_t depth = (uint64_t)version + 1, rest = depth, term = 0;

	while (rest > 0) {
		/* The largest 2^k - 1 that is not more. */
		term = (UINT64_C(1) << (63 - __builtin_clzll(rest + 1))) - 1;
		rest -= term;
	}
	return (int64_t)(depth - term) - 1;
}
