/* point_times.c -- ascending times, packed: integers whose order is checked */
#include "store/point_times.h"

#include "store/point_ints.h"

void point_times_put(const int64_t *ns, size_t n, enum point_shape shape, struct buf *out)
{
	point_ints_put((const uint64_t *)ns, n, shape, out);
}

int point_times_get(struct span in, size_t n, int64_t *room)
{
	int r = point_ints_get(in, n, (uint64_t *)room);
	unsigned not_after = 0;

	if (r < 0)
		return r;
	for (size_t i = 1; i < n; i++)
		not_after |= room[i] <= room[i - 1];
	return not_after ? -EBADMSG : 0;
}
