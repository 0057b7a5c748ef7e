/* point_log.c -- see point_log.h */
#include "store/point_log.h"

enum {
	KEY_LEN_MIN = 3,   /* varint length, and no key is shorter than a letter and a NUL */
	POINT_LEN_MIN = 10 /* in the columns */
};

void point_log_put_head(struct buf *out, uint64_t number, uint64_t first_key, uint64_t n_keys)
{
	buf_put_varint(out, number);
	buf_put_varint(out, first_key);
	buf_put_varint(out, n_keys);
}

void point_log_put_columns(struct buf *out, const uint32_t *keys, const struct point *v, size_t n)
{
	uint64_t key = 0, ns = 0;
	uint8_t *p;

	if (buf_reserve(out, VARINT_MAX + n * (2 * VARINT_MAX + sizeof(le64))) < 0)
		return;
	p = put_varint(out->p + out->len, n);
	for (size_t i = 0; i < n; i++) {
		p = put_varint(p, zigzag((int64_t)(keys[i] - key)));
		key = keys[i];
	}
	for (size_t i = 0; i < n; i++) {
		p = put_varint(p, zigzag((int64_t)((uint64_t)v[i].ns - ns)));
		ns = (uint64_t)v[i].ns;
	}
	for (size_t i = 0; i < n; i++) {
		le64 bits = put_le64(v[i].bits);

		memcpy(p, &bits, sizeof bits);
		p += sizeof bits;
	}
	out->len = (size_t)(p - out->p);
}

static int take_key(struct span *in, struct span *ret)
{
	uint64_t len;
	int r = span_varint_max(in, POINT_KEY_MAX, &len);

	return r < 0 ? r : span_sub(in, len, ret);
}

int point_log_get_body(struct span in, struct point_log_batch *ret)
{
	struct point_log_batch b = {0};
	struct span key;
	int r = span_varint_max(&in, span_left(&in) / KEY_LEN_MIN, &b.n_keys);

	if (r < 0)
		return r;
	b.keys.p = in.p;
	for (uint64_t i = 0; i < b.n_keys; i++) {
		r = take_key(&in, &key);
		if (r < 0 || !point_key_valid(key))
			return -EBADMSG;
	}
	b.keys.end = in.p;
	r = span_varint_max(&in, POINTS_BATCH_MAX, &b.n);
	if (r < 0 || b.n > span_left(&in) / POINT_LEN_MIN)
		return -EBADMSG;
	b.columns = in;
	*ret = b;
	return 0;
}

int point_log_get(struct span in, struct point_log_batch *ret)
{
	uint64_t number, first_key;
	int r = span_varint_max(&in, POINT_NUMBER_MAX - 1, &number);

	if (r == 0)
		r = span_varint_max(&in, UINT32_MAX, &first_key);
	if (r == 0)
		r = point_log_get_body(in, ret);
	if (r < 0 || number == 0)
		return -EBADMSG;
	ret->number = number;
	ret->first_key = first_key;
	return 0;
}

bool point_log_key(struct point_log_batch *b, struct span *ret)
{
	return take_key(&b->keys, ret) == 0;
}

int point_log_get_points(const struct point_log_batch *b, const uint32_t *series, size_t n_series, struct point *ret)
{
	struct span in = b->columns;
	uint64_t key = 0, ns = 0, d;
	const le64 *bits;

	for (uint64_t i = 0; i < b->n; i++) {
		if (span_varint(&in, &d) < 0)
			return -EBADMSG;
		key += (uint64_t)unzigzag(d);
		if (key >= n_series || series[key] == POINT_LOG_UNKNOWN)
			return -EBADMSG;
		ret[i].series = series[key];
	}
	for (uint64_t i = 0; i < b->n; i++) {
		if (span_varint(&in, &d) < 0)
			return -EBADMSG;
		ns += (uint64_t)unzigzag(d);
		ret[i].ns = (int64_t)ns;
	}
	bits = span_take(&in, b->n * sizeof *bits);
	if (!bits || span_left(&in) > 0)
		return -EBADMSG;
	for (uint64_t i = 0; i < b->n; i++)
		ret[i].bits = get_le64(bits[i]);
	return 0;
}

void point_log_put_drop(struct buf *out, const struct point_log_drop *d)
{
	le64 first = put_le64((uint64_t)d->first_ns), last = put_le64((uint64_t)d->last_ns);

	buf_put_varint(out, d->number);
	buf_put(out, &first, sizeof first);
	buf_put(out, &last, sizeof last);
	buf_put_varint(out, span_left(&d->selector));
	buf_put(out, d->selector.p, span_left(&d->selector));
}

int point_log_get_drop(struct span in, struct point_log_drop *ret)
{
	const le64 *times;
	uint64_t number, len;
	int r = span_varint_max(&in, POINT_NUMBER_MAX - 1, &number);

	times = r == 0 ? span_take(&in, 2 * sizeof *times) : NULL;
	if (!times || number == 0 || span_varint_max(&in, POINT_SELECTOR_MAX, &len) < 0 || len != span_left(&in))
		return -EBADMSG;
	*ret = (struct point_log_drop){
	    .number = number,
	    .first_ns = (int64_t)get_le64(times[0]),
	    .last_ns = (int64_t)get_le64(times[1]),
	    .selector = in,
	};
	return 0;
}
