/* segment_reader.c -- see segment_reader.h
 *
 * WHAT THERE IS. The last frame of the index says what the batches before it come to; what lies behind them is read. In
 * a segment that may be written, all of it, since a batch counts only when it is whole; in others the heads.
 *
 * Where the index says more than the file has, power failed and the index was faster: it is not used.
 */
#include "store/segment_reader.h"

#include "store/io.h"
#include "store/scan.h"
#include "store/segment_name.h"

struct segment_reader {
	const struct segment_place *place;
	uint64_t base;
	int fd;
	bool known; /* id is set */
	uint64_t id;
	bool looked;
	bool no_index; /* the files of the index are of no use */
	uint64_t file_len;
	struct segment_sum sum;
	bool has_index;
	struct segment_map index;
};

static const struct segment_sum *nothing(uint64_t base, struct segment_sum *ret)
{
	*ret = (struct segment_sum){.covered = sizeof(struct disk_header), .next_offset = base, .max_ms = INT64_MIN};
	return ret;
}

int segment_reader_new(const struct segment_place *place, uint64_t base, struct segment_reader **ret)
{
	struct segment_reader *s = malloc(sizeof *s);

	if (!s)
		return -ENOMEM;
	*s = (struct segment_reader){.place = place, .base = base, .fd = -1};
	nothing(base, &s->sum);
	*ret = s;
	return 0;
}

void segment_reader_free(struct segment_reader *s)
{
	if (!s)
		return;
	segment_reader_close(s);
	segment_reader_forget(s);
	free(s);
}

void segment_reader_close(struct segment_reader *s)
{
	if (s->fd >= 0)
		io_close(s->fd);
	s->fd = -1;
}

void segment_reader_forget(struct segment_reader *s)
{
	block_cache_drop(s->place->blocks, &s->index);
	segment_map_done(&s->index);
	s->has_index = false;
}

uint64_t segment_reader_base(const struct segment_reader *s)
{
	return s->base;
}

const struct segment_sum *segment_reader_sum(const struct segment_reader *s)
{
	return s->looked ? &s->sum : NULL;
}

size_t segment_reader_memory(const struct segment_reader *s)
{
	return segment_map_memory(&s->index);
}

bool segment_reader_is_open(const struct segment_reader *s)
{
	return s->fd >= 0;
}

static void problem(const struct segment_reader *s, uint64_t off, const char *what)
{
	s->place->problem(s->place->arg, s->base, off, what);
}

/* --- the file --- */

/* -ENODATA: no whole header yet. */
static int read_header(struct segment_reader *s, int fd)
{
	struct disk_header h;
	struct file_id id;
	ssize_t n = io_pread(fd, &h, sizeof h, 0);
	int r;

	if (n < (ssize_t)sizeof h)
		return n < 0 ? (int)n : -ENODATA;
	r = file_header_get(&h, KIND_SEGMENT, &id);
	if (r == 0 && ((uint32_t)id.hour != s->place->number || id.first_seq != s->base))
		r = -EBADMSG;
	if (r < 0) {
		problem(s, 0, r == -EPROTONOSUPPORT ? "written by a newer version" : "header is damaged");
		return r;
	}
	if (s->known && s->id != id.id)
		return -ENOENT;
	s->id = id.id;
	s->known = true;
	return 0;
}

static int open_file(struct segment_reader *s)
{
	_cleanup_(cleanup_io_close) int fd = -1;
	char name[SEGMENT_NAME_SIZE];
	int r;

	if (s->fd >= 0)
		return 0;
	segment_name_put(name, s->base, SEGMENT_LOG);
	fd = io_open_read(s->place->dirfd, name);
	if (fd < 0)
		return fd;
	r = read_header(s, fd);
	if (r == 0)
		s->fd = take_fd(&fd);
	return r;
}

int segment_reader_file(struct segment_reader *s, int *ret_fd, uint64_t *ret_id)
{
	int r = s->fd >= 0 ? 0 : open_file(s);

	if (r < 0)
		return r == -ENODATA ? -ENOENT : r;
	*ret_fd = s->fd;
	*ret_id = s->id;
	return 0;
}

/* --- what there is --- */

static int take_batch(struct segment_reader *s, const struct batch_head *h, uint64_t pos, uint64_t len)
{
	int r = 0;

	if (h->first_offset < s->sum.next_offset) {
		problem(s, pos, "offsets do not ascend");
		return 0;
	}
	if (s->has_index) {
		r = segment_map_add(&s->index, h, pos, len);
		if (r == 0)
			s->sum = s->index.sum;
		return r == -EBADMSG ? 0 : r;
	}
	s->sum.covered = pos + len;
	s->sum.next_offset = h->last_offset + 1;
	s->sum.max_ms = h->max_ms > s->sum.max_ms ? h->max_ms : s->sum.max_ms;
	s->sum.text_len += h->text_len;
	return 0;
}

/* Frames that are whole, up to where the file ends or one is half written. */
static int take_live(struct segment_reader *s)
{
	_cleanup_(scan_done) struct scan scan;
	struct scan_frame f;
	int r;

	scan_init(&scan, s->fd, s->id, s->file_len);
	scan_seek(&scan, s->sum.covered);
	for (;;) {
		uint64_t expected = scan.off;
		struct batch_head h;

		r = scan_next(&scan, &f);
		if (r < 0)
			return r == -ENODATA || r == -EBADMSG ? 0 : r;
		if (f.off > expected)
			problem(s, expected, "damaged");
		if (f.type != FRAME_BATCH)
			continue;
		if (span_left(&f.payload) < sizeof(struct disk_batch) ||
		    batch_head_get((const struct disk_batch *)f.payload.p, (uint32_t)span_left(&f.payload), &h) < 0) {
			problem(s, f.off, "no batch");
			continue;
		}
		r = take_batch(s, &h, f.off, sizeof(struct disk_frame) + span_left(&f.payload));
		if (r < 0)
			return r;
	}
}

/* Calls each(s, …) for the batches from pos to end, by their heads, past what is damaged. Ret: whether the last bytes
 * are. */
static int each_head(struct segment_reader *s, uint64_t pos, uint64_t end,
    int (*each)(struct segment_reader *s, const struct batch_head *h, uint64_t pos, uint64_t len))
{
	_cleanup_(segment_heads_done) struct segment_heads w;
	struct segment_batch b;
	int r;

	segment_heads_init(&w, s->fd, s->id, pos, end);
	for (;;) {
		r = segment_heads_next(&w, &b);
		if (r == 0)
			r = each(s, &b.head, b.pos, b.len);
		if (r == -ENODATA)
			return 0;
		if (r != -EBADMSG && r < 0)
			return r;
		if (r == -EBADMSG) {
			problem(s, w.pos, "damaged");
			r = segment_heads_search(&w);
			if (r == -ENODATA)
				return 1;
			if (r < 0)
				return r;
		}
	}
}

static int take_closed(struct segment_reader *s, uint64_t next_base)
{
	int r = each_head(s, s->sum.covered, s->file_len, take_batch);

	if (r < 0)
		return r;
	/* What was in the bytes at the end can only be said by what comes behind. */
	if (r == 1)
		s->sum.next_offset = next_base;
	s->sum.covered = s->file_len;
	if (s->has_index)
		s->index.sum = s->sum;
	return 0;
}

static int begin(struct segment_reader *s)
{
	struct segment_sum sum;
	struct io_stat st;
	int r = segment_map_read_sum(s->place->dirfd, s->base, s->id, &sum);

	if (r < 0 && r != -ENOENT)
		return r;
	nothing(s->base, &s->sum);
	segment_reader_forget(s);
	if (r == 0)
		r = io_fstat(s->fd, &st);
	if (r < 0 && r != -ENOENT)
		return r;
	s->no_index = r == 0 && sum.covered > st.len;
	if (r == 0 && !s->no_index)
		s->sum = sum;
	s->file_len = 0;
	return 0;
}

int segment_reader_look(struct segment_reader *s, uint64_t next_base)
{
	bool again = !s->looked;
	struct io_stat st;
	int r = open_file(s);

	if (r == 0)
		r = io_fstat(s->fd, &st);
	if (r == 0 && (again || st.len < s->sum.covered)) {
		r = begin(s);
		again = true;
	}
	if (r == 0)
		r = io_fstat(s->fd, &st);
	if (r < 0 && (r != -ENODATA || s->known))
		return r;
	s->looked = true;
	if (r < 0 || st.len == s->file_len)
		return again;
	s->file_len = st.len;
	if (s->sum.covered >= st.len)
		return 1;
	r = next_base == UINT64_MAX ? take_live(s) : take_closed(s, next_base);
	if (r < 0)
		s->looked = false;
	return r < 0 ? r : 1;
}

/* --- the index --- */

static int index_batch(struct segment_reader *s, const struct batch_head *h, uint64_t pos, uint64_t len)
{
	int r = segment_map_add(&s->index, h, pos, len);

	return r == -EBADMSG ? 0 : r;
}

static int time_batch(struct segment_reader *s, const struct batch_head *h, uint64_t pos, uint64_t len)
{
	return segment_map_add_time(&s->index, h, pos, len);
}

static int make_index(struct segment_reader *s)
{
	int r = 0;

	segment_map_init(&s->index, s->base);
	if (!s->no_index)
		r = segment_map_load(&s->index, s->place->dirfd, s->id, s->sum.covered);
	if (r == 0 && s->index.sum.covered < s->sum.covered)
		r = each_head(s, s->index.sum.covered, s->sum.covered, index_batch);
	if (r < 0) {
		segment_map_done(&s->index);
		return r;
	}
	s->index.sum = s->sum;
	s->has_index = true;
	return 0;
}

static int make_times(struct segment_reader *s)
{
	int r = 0;

	if (!s->no_index)
		r = segment_map_load_times(&s->index, s->place->dirfd, s->id);
	if (r == 0 && s->index.times_covered < s->sum.covered)
		r = each_head(s, s->index.times_covered, s->sum.covered, time_batch);
	s->index.has_times = r >= 0;
	if (r < 0)
		segment_reader_forget(s);
	return r < 0 ? r : 0;
}

int segment_reader_map(struct segment_reader *s, bool times, const struct segment_map **ret)
{
	int r = 0;

	if (!s->has_index) {
		r = open_file(s);
		if (r == -ENODATA) {
			segment_map_init(&s->index, s->base);
			r = 0;
		} else if (r == 0) {
			r = make_index(s);
		}
	}
	if (r == 0 && times && !s->index.has_times && s->fd < 0)
		r = open_file(s);
	if (r == 0 && times && !s->index.has_times)
		r = make_times(s);
	if (r == 0)
		*ret = &s->index;
	return r;
}

/* --- blocks --- */

static void tell(const struct segment_reader *s, const struct segment_block *b)
{
	const struct block_batch *batches;
	uint32_t n;

	segment_block_batches(b, &batches, &n);
	for (uint32_t i = 0; i < n; i++)
		if (batches[i].state == BLOCK_LOST || batches[i].state == BLOCK_ROTTEN)
			problem(s, batches[i].pos, "damaged");
}

static int load_block(struct segment_reader *s, uint32_t i, uint64_t end, bool bodies)
{
	const struct segment_entry *e = &s->index.entries[i];
	bool last = i + 1 == s->index.n;
	struct block_range range = {
	    .pos = e->pos,
	    .end = end,
	    .first_offset = s->base + e->delta,
	    .next_offset = last ? s->sum.next_offset : s->base + e[1].delta,
	    .text = e->text,
	    .text_end = last ? s->sum.text_len : e[1].text,
	};
	struct segment_block *b;
	int r = open_file(s);

	if (r == 0)
		r = segment_block_load(s->fd, s->id, &range, bodies, &b);
	if (r < 0)
		return r;
	tell(s, b);
	return block_cache_put(s->place->blocks, &s->index, i, b);
}

int segment_reader_block(struct segment_reader *s, uint32_t i, bool bodies, const struct segment_block **ret)
{
	const struct segment_entry *e = &s->index.entries[i];
	uint64_t end = i + 1 == s->index.n ? s->sum.covered : e[1].pos; /* the last one grows */

	if (!e->block || !segment_block_serves(e->block, end, bodies)) {
		int r = load_block(s, i, end, bodies);

		if (r < 0)
			return r;
	}
	*ret = e->block;
	return 0;
}
