/* spot.c -- see spot.h */
#include "view/spot.h"

#include "store/names.h"
#include "view/node.h"

/* Only what a person can ask for by name. */
static bool is_visible(int32_t hour)
{
	return hour >= 0 && hour <= NODE_HOUR_MAX;
}

static int spot_of(struct hour *h, uint32_t i, struct spot *ret)
{
	struct spot spot = {.hour = hour_number(h)};
	int r = hour_snapshot(h, i, &spot.seq, &spot.ms);

	if (r == 0)
		*ret = spot;
	return r;
}

/* Whether another hour may be looked at instead of one that could not be opened. */
static bool is_passed_over(int r)
{
	return r == -ENOENT || r == -EBADMSG || r == -EPROTONOSUPPORT;
}

/* The first or last snapshot of the nearest hour that has one, from hour number first on (itself included) and not
 * behind last. */
static int end_of_nearest(struct store *s, int32_t first, int32_t last, int direction, struct spot *ret)
{
	const int32_t *hours;
	size_t n;
	int error = -ENOENT;

	store_hours(s, &hours, &n);
	for (size_t k = 0; k < n; k++) {
		int32_t number = hours[direction == SPOT_ON ? k : n - 1 - k];
		struct hour *h;
		int r;

		if (!is_visible(number) ||
		    (direction == SPOT_ON ? number < first || number > last : number > first || number < last))
			continue;
		r = store_hour(s, number, &h);
		if (r == 0)
			r = spot_of(h, direction == SPOT_ON ? 0 : hour_n(h) - 1, ret);
		if (!is_passed_over(r))
			return r;
		if (r != -ENOENT)
			error = -EBADMSG;
	}
	return error;
}

int spot_last(struct store *s, struct spot *ret)
{
	struct spot spot;
	struct hour *h;
	int r = store_latest(s, &spot.hour, &spot.seq);

	if (r == 0 && is_visible(spot.hour) && store_hour(s, spot.hour, &h) == 0)
		return spot_of(h, hour_n(h) - 1, ret);
	return end_of_nearest(s, NODE_HOUR_MAX, 0, SPOT_BACK, ret);
}

int spot_at(struct store *s, int64_t ms, struct spot *ret)
{
	struct spot spot;
	uint32_t i;
	struct hour *h;
	int r = store_at(s, ms, &spot.hour, &spot.seq);

	if (r == 0 && is_visible(spot.hour))
		r = spot_hour(s, &spot, &h, &i);
	else if (r == 0)
		r = -ENOENT;
	if (r == 0)
		return spot_of(h, i, ret);
	if (!is_passed_over(r))
		return r;
	if (r != -ENOENT && end_of_nearest(s, hour_of(ms) - 1, 0, SPOT_BACK, ret) == 0)
		return 0;
	return end_of_nearest(s, 0, NODE_HOUR_MAX, SPOT_ON, ret);
}

/* The first snapshot of an hour whose number is not below seq; hour_n if there is none. */
static int first_from(struct hour *h, uint64_t seq, uint32_t *ret)
{
	uint32_t lo = 0, hi = hour_n(h), at;
	int64_t ms;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		int r = hour_snapshot(h, mid, &at, &ms);

		if (r < 0)
			return r;
		if (at >= seq)
			hi = mid;
		else
			lo = mid + 1;
	}
	*ret = lo;
	return 0;
}

/* The next one in the same hour. */
static int step_within(struct store *s, const struct spot *from, int direction, struct spot *ret)
{
	struct hour *h;
	uint32_t i = 0;
	int r = store_hour(s, from->hour, &h);

	if (r == 0)
		r = first_from(h, (uint64_t)from->seq + (direction == SPOT_ON), &i);
	if (r < 0)
		return r;
	if (direction == SPOT_BACK)
		return i > 0 ? spot_of(h, i - 1, ret) : -ENOENT;
	return i < hour_n(h) ? spot_of(h, i, ret) : -ENOENT;
}

int spot_step(struct store *s, const struct spot *from, int direction, struct spot *ret)
{
	int r = step_within(s, from, direction, ret);

	if (!is_passed_over(r))
		return r;
	if (direction == SPOT_ON)
		return end_of_nearest(s, from->hour + 1, NODE_HOUR_MAX, SPOT_ON, ret);
	return end_of_nearest(s, from->hour - 1, 0, SPOT_BACK, ret);
}

int spot_end(struct store *s, int32_t hour, int32_t n, int direction, struct spot *ret)
{
	/* The first is the one met first on the way on. */
	if (direction == SPOT_BACK)
		return end_of_nearest(s, hour, hour + n - 1, SPOT_ON, ret);
	return end_of_nearest(s, hour + n - 1, hour, SPOT_BACK, ret);
}

int spot_near(struct store *s, const struct spot *from, struct spot *ret)
{
	struct hour *h;
	uint32_t i;
	int r = spot_hour(s, from, &h, &i);

	if (r == 0)
		return spot_of(h, i, ret);
	if (!is_passed_over(r))
		return r;
	r = spot_step(s, from, SPOT_ON, ret);
	return is_passed_over(r) ? spot_step(s, from, SPOT_BACK, ret) : r;
}

int spot_hour(struct store *s, const struct spot *spot, struct hour **ret, uint32_t *ret_i)
{
	int r = store_hour(s, spot->hour, ret);

	return r < 0 ? r : hour_find(*ret, spot->seq, ret_i);
}
