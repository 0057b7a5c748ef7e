/* segment_map.c -- see segment_map.h
 *
 * READING. A file of an index is a log; what it says is taken frame by frame from its front, and no further than to the
 * first thing that cannot be so: another segment's id, damage, entries that do not ascend. The rest is made from heads.
 * What all of it comes to stands in the last frame, which is found from the file's end: a frame that is valid there and
 * ends with the file can be no other.
 */
#include "store/segment_map.h"

#include "store/io.h"
#include "store/log.h"
#include "store/segment_name.h"

enum { INTERVAL = 4096, TAIL = 64 << 10 };

void segment_map_init(struct segment_map *x, uint64_t base)
{
	*x = (struct segment_map){
	    .base = base,
	    .sum = {.covered = sizeof(struct disk_header), .next_offset = base, .max_ms = INT64_MIN},
	    .times_covered = sizeof(struct disk_header),
	    .times_max = INT64_MIN,
	};
}

void segment_map_done(struct segment_map *x)
{
	free(x->entries);
	free(x->times);
	*x = (struct segment_map){0};
}

size_t segment_map_memory(const struct segment_map *x)
{
	return x->cap * sizeof *x->entries + x->cap_times * sizeof *x->times;
}

/* --- growing --- */

static int put_entry(struct segment_map *x, struct segment_entry e)
{
	if (x->n == x->cap) {
		uint32_t cap = x->cap ? 2 * x->cap : 64;
		struct segment_entry *p = realloc(x->entries, cap * sizeof *p);

		if (!p)
			return -ENOMEM;
		x->entries = p;
		x->cap = cap;
	}
	x->entries[x->n++] = e;
	return 0;
}

static int put_time(struct segment_map *x, struct segment_time t)
{
	if (x->n_times == x->cap_times) {
		uint32_t cap = x->cap_times ? 2 * x->cap_times : 64;
		struct segment_time *p = realloc(x->times, cap * sizeof *p);

		if (!p)
			return -ENOMEM;
		x->times = p;
		x->cap_times = cap;
	}
	x->times[x->n_times++] = t;
	return 0;
}

/* entry: the batch has one, the first offset of which is delta behind the base. */
static int grow_times(struct segment_map *x, int64_t max_ms, bool entry, uint32_t delta, uint64_t end)
{
	int r = 0;

	if (max_ms > x->times_max)
		x->times_max = max_ms;
	if (entry && (x->n_times == 0 || x->times[x->n_times - 1].max_ms < x->times_max))
		r = put_time(x, (struct segment_time){.max_ms = x->times_max, .delta = delta});
	if (r == 0)
		x->times_covered = end;
	return r;
}

int segment_map_add(struct segment_map *x, const struct batch_head *h, uint64_t pos, uint64_t len)
{
	uint64_t delta = h->first_offset - x->base;
	bool entry = x->n == 0 || pos - x->entries[x->n - 1].pos >= INTERVAL;
	int r = 0;

	if (h->first_offset < x->sum.next_offset || delta > UINT32_MAX || pos < x->sum.covered || len > UINT32_MAX ||
	    pos > UINT32_MAX - len)
		return -EBADMSG;
	if (entry)
		r = put_entry(
		    x, (struct segment_entry){.delta = (uint32_t)delta, .pos = (uint32_t)pos, .text = x->sum.text_len});
	if (r == 0 && x->has_times)
		r = grow_times(x, h->max_ms, entry, (uint32_t)delta, pos + len);
	if (r < 0)
		return r;
	x->sum = (struct segment_sum){.covered = pos + len,
	    .next_offset = h->last_offset + 1,
	    .max_ms = h->max_ms > x->sum.max_ms ? h->max_ms : x->sum.max_ms,
	    .text_len = x->sum.text_len + h->text_len};
	return 0;
}

int segment_map_add_time(struct segment_map *x, const struct batch_head *h, uint64_t pos, uint64_t len)
{
	uint32_t i = segment_map_find(x, h->first_offset);
	bool entry = i < x->n && x->entries[i].pos == pos;

	return grow_times(x, h->max_ms, entry, entry ? x->entries[i].delta : 0, pos + len);
}

/* --- from files --- */

static struct segment_sum sum_of(const struct disk_index_head *h)
{
	return (struct segment_sum){.covered = get_le64(h->covered),
	    .next_offset = get_le64(h->next_offset),
	    .max_ms = (int64_t)get_le64(h->max_ms),
	    .text_len = get_le64(h->text_len)};
}

static int read_tail(int fd, uint64_t segment_id, uint8_t *tail, struct segment_sum *ret)
{
	struct disk_header header;
	struct file_id id;
	struct io_stat st;
	uint64_t from;
	ssize_t n;
	int r = io_fstat(fd, &st);

	n = r < 0 ? r : io_pread(fd, &header, sizeof header, 0);
	if (n < (ssize_t)sizeof header || file_header_get(&header, KIND_INDEX, &id) < 0)
		return -ENOENT;
	from = st.len > sizeof header + TAIL ? st.len - TAIL : sizeof header;
	n = st.len > from ? io_pread(fd, tail, (size_t)(st.len - from), from) : 0;
	for (ssize_t i = n - (ssize_t)(sizeof(struct disk_frame) + sizeof(struct disk_index_head)); i >= 0; i--) {
		const struct disk_frame *f = (const struct disk_frame *)(tail + i);
		const struct disk_index_head *h = (const struct disk_index_head *)(f + 1);

		if (f->mark[0] != (uint8_t)FRAME_MARK[0] || !frame_head_valid(f) ||
		    get_le32(f->len) != (size_t)(n - i) - sizeof *f || !frame_check_valid(f, id.id, from + (uint64_t)i))
			continue;
		if (f->type != FRAME_OFFSETS || get_le64(h->segment_id) != segment_id)
			return -ENOENT;
		*ret = sum_of(h);
		return 0;
	}
	return -ENOENT;
}

int segment_map_read_sum(int dirfd, uint64_t base, uint64_t segment_id, struct segment_sum *ret)
{
	_cleanup_(cleanup_free) uint8_t *tail = malloc(TAIL);
	_cleanup_(cleanup_io_close) int fd = -1;
	struct segment_sum sum;
	char name[SEGMENT_NAME_SIZE];
	int r;

	if (!tail)
		return -ENOMEM;
	segment_name_put(name, base, SEGMENT_INDEX);
	fd = io_open_read(dirfd, name);
	if (fd < 0)
		return fd == -ENOMEM || fd == -EMFILE ? fd : -ENOENT;
	r = read_tail(fd, segment_id, tail, &sum);
	if (r == 0 && (sum.covered < sizeof(struct disk_header) || sum.next_offset < base))
		r = -ENOENT;
	if (r == 0)
		*ret = sum;
	return r;
}

/* The entries of a frame, or as many as there are before one that cannot be. Ret: whether all could. */
static int take_entries(struct segment_map *x, const struct segment_sum *sum, struct span s)
{
	const struct disk_offset_entry *d;

	while ((d = span_take(&s, sizeof *d))) {
		struct segment_entry e = {get_le32(d->delta), get_le32(d->pos), get_le64(d->text), NULL};
		const struct segment_entry *before = x->n ? &x->entries[x->n - 1] : NULL;
		int r;

		if (e.pos < x->sum.covered || e.pos >= sum->covered || x->base + e.delta < x->sum.next_offset ||
		    x->base + e.delta >= sum->next_offset || e.text < x->sum.text_len || e.text > sum->text_len ||
		    (before && (e.pos <= before->pos || e.delta <= before->delta || e.text < before->text)))
			return -EBADMSG;
		r = put_entry(x, e);
		if (r < 0)
			return r;
	}
	return span_left(&s) ? -EBADMSG : 0;
}

static int take_times(struct segment_map *x, const struct segment_sum *sum, struct span s)
{
	const struct disk_time_entry *d;

	while ((d = span_take(&s, sizeof *d))) {
		struct segment_time t = {(int64_t)get_le64(d->max_ms), get_le32(d->delta)};
		const struct segment_time *before = x->n_times ? &x->times[x->n_times - 1] : NULL;
		int r;

		if (t.max_ms > sum->max_ms || (before && (t.max_ms <= before->max_ms || t.delta <= before->delta)))
			return -EBADMSG;
		r = put_time(x, t);
		if (r < 0)
			return r;
	}
	return span_left(&s) ? -EBADMSG : 0;
}

static int take_frame(struct segment_map *x, bool times, uint64_t segment_id, uint64_t limit, struct span s)
{
	uint64_t *covered = times ? &x->times_covered : &x->sum.covered;
	const struct disk_index_head *h = span_take(&s, sizeof *h);
	uint32_t n = x->n, n_times = x->n_times;
	struct segment_sum sum;
	int r;

	if (!h || get_le64(h->segment_id) != segment_id)
		return -EBADMSG;
	sum = sum_of(h);
	if (sum.covered < *covered || sum.covered > limit)
		return -EBADMSG;
	if (!times && (sum.next_offset < x->sum.next_offset || sum.text_len < x->sum.text_len ||
	                  sum.max_ms < x->sum.max_ms || sum.next_offset > OFFSET_MAX))
		return -EBADMSG;
	r = times ? take_times(x, &sum, s) : take_entries(x, &sum, s);
	if (r == 0 && !times && x->n == 0 && sum.covered > sizeof(struct disk_header) && sum.next_offset > x->base)
		r = -EBADMSG;
	if (r < 0) {
		x->n = n;
		x->n_times = n_times;
		return r;
	}
	*covered = sum.covered;
	if (times)
		x->times_max = sum.max_ms;
	else
		x->sum = sum;
	return 0;
}

static int load(struct segment_map *x, int dirfd, bool times, uint64_t segment_id, uint64_t limit)
{
	_cleanup_(cleanup_log_reader) struct log_reader *lr = NULL;
	uint64_t off, expected = sizeof(struct disk_header);
	char name[SEGMENT_NAME_SIZE];
	struct span payload;
	uint8_t type;
	int r;

	segment_name_put(name, x->base, times ? SEGMENT_TIMES : SEGMENT_INDEX);
	r = log_reader_open(dirfd, name, times ? KIND_TIME_INDEX : KIND_INDEX, &lr);
	while (r == 0) {
		r = log_reader_next(lr, &type, &off, &payload);
		if (r == 0 && off != expected)
			break;
		if (r == 0 && type == (times ? FRAME_TIMES : FRAME_OFFSETS))
			r = take_frame(x, times, segment_id, limit, payload);
		expected = off + sizeof(struct disk_frame) + span_left(&payload);
	}
	return r == -ENOMEM || r == -EIO || r == -EMFILE ? r : 0;
}

int segment_map_load(struct segment_map *x, int dirfd, uint64_t segment_id, uint64_t limit)
{
	return load(x, dirfd, false, segment_id, limit);
}

int segment_map_load_times(struct segment_map *x, int dirfd, uint64_t segment_id)
{
	x->has_times = true;
	return load(x, dirfd, true, segment_id, x->sum.covered);
}

/* --- finding --- */

/* Batches tend to be as long as each other, and then an entry lies about where its offset is in proportion. */
static uint32_t guess(const struct segment_map *x, uint64_t delta)
{
	uint64_t behind = x->sum.next_offset - x->base;

	return delta < behind && behind <= UINT32_MAX ? (uint32_t)(delta * x->n / behind) : x->n - 1;
}

uint32_t segment_map_find(const struct segment_map *x, uint64_t offset)
{
	const struct segment_entry *e = x->entries;
	uint64_t delta = offset - x->base;
	uint32_t lo = 0, hi = x->n, g, step = 1;

	if (x->n == 0 || offset < x->base || e[0].delta > delta)
		return x->n;
	g = guess(x, delta);
	/* From there in ever longer steps until it lies between. */
	if (e[g].delta <= delta) {
		for (lo = g; hi - lo > step && e[lo + step].delta <= delta; step *= 2)
			lo += step;
		hi = hi - lo > step ? lo + step : hi;
	} else {
		for (hi = g; hi > step && e[hi - step].delta > delta; step *= 2)
			hi -= step;
		lo = hi > step ? hi - step : 0;
	}
	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (e[mid].delta <= delta)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

uint32_t segment_map_find_text(const struct segment_map *x, uint64_t text)
{
	uint32_t lo = 0, hi = x->n;

	if (x->n == 0)
		return 0;
	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (x->entries[mid].text <= text)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

uint32_t segment_map_find_time(const struct segment_map *x, int64_t ms)
{
	uint32_t lo = 0, hi = x->n_times, i;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (x->times[mid].max_ms < ms)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == x->n_times)
		return x->n ? x->n - 1 : 0; /* reached behind the last entry, if at all */
	i = segment_map_find(x, x->base + x->times[lo].delta);
	return i == x->n || i == 0 ? 0 : i - 1;
}
