/* points.c -- fuzz target: packed values and times of points
 *
 * The first two bytes say how many there are, and of what; the rest is a run. What is taken from one is packed again in
 * both shapes, and must come back.
 */
#include "store/cleanup.h"
#include "store/point_times.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void values_come_back(const uint64_t *bits, size_t n, enum point_shape shape)
{
	uint64_t room[POINT_BLOCK_MAX + POINT_ROOM];
	_cleanup_(buf_done) struct buf out = {0};

	point_values_put(bits, n, shape, &out);
	if (out.err == 0 && (out.len > 1 + 8 * n || point_values_get(span_of(out.p, out.len), n, room) < 0 ||
	                        memcmp(room, bits, n * sizeof *bits) != 0))
		abort();
}

static void times_come_back(const int64_t *ns, size_t n, enum point_shape shape)
{
	int64_t room[POINT_BLOCK_MAX + POINT_ROOM];
	_cleanup_(buf_done) struct buf out = {0};

	point_times_put(ns, n, shape, &out);
	if (out.err == 0 &&
	    (point_times_get(span_of(out.p, out.len), n, room) < 0 || memcmp(room, ns, n * sizeof *ns) != 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	union {
		uint64_t bits[POINT_BLOCK_MAX + POINT_ROOM];
		int64_t ns[POINT_BLOCK_MAX + POINT_ROOM];
	} room;
	size_t n;

	if (len < 2)
		return 0;
	n = (size_t)(data[0] | (data[1] & 0x1f) << 8) + 1;
	if (data[1] & 0x80) {
		if (point_times_get(span_of(data + 2, len - 2), n, room.ns) < 0)
			return 0;
		times_come_back(room.ns, n, POINT_PACKED);
		times_come_back(room.ns, n, POINT_PLAIN);
	} else {
		if (point_values_get(span_of(data + 2, len - 2), n, room.bits) < 0)
			return 0;
		values_come_back(room.bits, n, POINT_PACKED);
		values_come_back(room.bits, n, POINT_PLAIN);
	}
	return 0;
}
