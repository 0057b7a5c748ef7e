/* topic_reader.c -- reading topics */
#include "store/topic_reader.h"

#include "tests/tap.h"
#include "tests/segment_rig.h"

#include <pthread.h>
#include <sys/resource.h>

static struct topic_reader *reader_of(struct topic_store *s)
{
	struct topic_reader *r = NULL;

	ok_r(topic_store_reader(s, 1, &r));
	if (!r)
		exit(1);
	return r;
}

static struct topic_store *store_of(const struct rig *g)
{
	struct topic_store *s = NULL;

	ok_r(topic_store_open(g->store, 1 << 20, &s));
	if (!s)
		exit(1);
	return s;
}

static void count_problem(const char *file, uint64_t off, const char *what, void *arg)
{
	(void)file, (void)off, (void)what;
	++*(unsigned *)arg;
}

static unsigned n_problems(const struct topic_store *s)
{
	unsigned n = 0;

	topic_store_problems(s, count_problem, &n);
	return n;
}

/* Three segments of batches of different sizes, with gaps as compaction leaves them, then none in between: which
 * offsets there are. */
enum { LAST = 6000 };

static bool exists(uint64_t offset)
{
	if (offset < 100)
		return false;
	if (offset < 1000)
		return true;
	if (offset < 2000)
		return offset % 10 == 0;
	if (offset < 2500)
		return false;
	return offset < LAST;
}

static struct rig three_segments(uint8_t codec, bool index)
{
	struct rig g = rig_begin(tap_tmpdir());

	g.codec = codec;
	rig_segment(&g, 100);
	rig_fill(&g, 1000, 7);
	for (uint64_t at = 1000; at < 2000; at += 50)
		(void)rig_batch(&g, at, 5, 10);
	if (index)
		rig_index(&g);
	rig_segment(&g, 2500);
	rig_fill(&g, 4000, 1);
	if (index)
		rig_index(&g);
	rig_segment(&g, 4000);
	rig_fill(&g, 5000, 500);
	if (index)
		rig_index(&g);
	rig_fill(&g, LAST, 33);
	return g;
}

static void check_one_by_one(const struct rig *g, struct topic_reader *r)
{
	unsigned bad = 0, n = 0;

	for (uint64_t i = 0; i < LAST + 10; i++) {
		uint64_t offset = i * 2741 % (LAST + 10);
		struct topic_stat st;
		struct message m;
		int x = topic_reader_get(r, offset, &m), y;
		bool value = offset % 17 != 0;

		bad += exists(offset) ? x != 0 || !rig_is(g, &m, offset) : x != -ENOENT;
		y = topic_reader_stat(r, offset, &st);
		bad += exists(offset) ? y != 0 || st.offset != offset || st.time_ms != rig_time(offset) ||
					    st.value_len != (value ? span_left(&m.value) : 0)
				      : y != -ENOENT;
		n++;
	}
	eq(n, LAST + 10);
	eq(bad, 0);
	eq(topic_reader_get(r, UINT64_MAX, &(struct message){0}), -ENOENT);
}

static void check_in_a_row(const struct rig *g, struct topic_reader *r, uint64_t from)
{
	uint64_t at = from, behind, walk = from, next;
	unsigned bad = 0;
	struct topic_stat st;
	struct message m;

	for (uint64_t offset = from; offset < LAST; offset++) {
		if (!exists(offset))
			continue;
		bad += topic_reader_next(r, at, &m, &behind) != 0 || !rig_is(g, &m, offset) || behind != offset + 1;
		bad += topic_reader_next_stat(r, walk, &st, &next) != 0 || st.offset != offset || next != offset + 1;
		at = behind;
		walk = next;
	}
	eq(bad, 0);
	eq(topic_reader_next(r, at, &m, &behind), -ENODATA);
	eq(topic_reader_next_stat(r, at, &st, &behind), -ENODATA);
}

static void every_message_is_found_by_its_offset_and_in_a_row(void)
{
	for (int mode = 0; mode < 4; mode++) {
		struct rig g = three_segments(mode & 1, mode & 2);
		_cleanup_(cleanup_topic_store) struct topic_store *s = store_of(&g);
		struct topic_reader *r = reader_of(s);
		struct topic_range range;

		topic_reader_range(r, &range);
		eq(range.first_offset, 100);
		eq(range.next_offset, LAST);
		eq(range.n_segments, 3);
		eq(range.max_ms, rig_time(5899));
		check_one_by_one(&g, r);
		for (uint64_t from = 0; from < LAST; from += 577)
			check_in_a_row(&g, r, from);
		check_one_by_one(&g, r);
		eq(n_problems(s), 0);
		rig_end(&g);
	}
}

/* --- text --- */

struct lines {
	struct buf text;
	uint64_t at[LAST + 1]; /* where the line of an offset or of the next one begins */
};

static void put_lines(const struct rig *g, struct lines *l)
{
	_cleanup_(buf_done) struct buf room = {0};

	*l = (struct lines){0};
	for (uint64_t offset = 0; offset < LAST; offset++) {
		struct message m;

		l->at[offset] = l->text.len;
		if (!exists(offset))
			continue;
		rig_message(g, offset, &room, &m);
		message_put_text(&l->text, &m);
	}
	l->at[LAST] = l->text.len;
}

static void check_text(struct topic_reader *r, const struct lines *l, uint64_t from, uint64_t to, size_t step)
{
	_cleanup_(buf_done) struct buf out = {0};
	uint64_t len = 0, begin = l->at[from < LAST ? from : LAST], end = l->at[to < LAST ? to : LAST];
	bool same = true;

	ok_r(topic_reader_text_len(r, from, to, &len));
	eq(len, end > begin ? end - begin : 0);
	for (uint64_t off = 0; off < len && same; off += step) {
		size_t want = step < len - off ? step : (size_t)(len - off);

		buf_clear(&out);
		same = topic_reader_text(r, from, to, off, step, &out) == 0 && out.len == want &&
		       memcmp(out.p, l->text.p + begin + off, want) == 0;
	}
	ok(same);
	buf_clear(&out);
	ok_r(topic_reader_text(r, from, to, len, 100, &out));
	eq(out.len, 0);
}

static void the_text_of_any_range_is_the_lines_of_its_messages(void)
{
	static struct lines l;

	for (int mode = 0; mode < 4; mode++) {
		struct rig g = three_segments(mode & 1, mode & 2);
		_cleanup_(cleanup_topic_store) struct topic_store *s = store_of(&g);
		struct topic_reader *r = reader_of(s);
		_cleanup_(buf_done) struct buf out = {0};
		unsigned bad = 0;

		put_lines(&g, &l);
		check_text(r, &l, 0, UINT64_MAX, 65536);
		check_text(r, &l, 0, LAST, 1000);
		check_text(r, &l, 4713, LAST, 77);
		check_text(r, &l, 1234, 4001, 4096);
		check_text(r, &l, 2000, 2500, 10);
		check_text(r, &l, 2300, 2503, 3);
		check_text(r, &l, 5000, 4000, 10);
		for (uint64_t i = 0; i < 2000; i++) {
			uint64_t off = i * 7919 * 31 % l.text.len;

			buf_clear(&out);
			bad += topic_reader_text(r, 100, LAST, off, 300, &out) != 0 ||
			       memcmp(out.p, l.text.p + off, out.len) != 0 ||
			       out.len != (300 < l.text.len - off ? 300 : l.text.len - off);
		}
		eq(bad, 0);
		buf_done(&l.text);
		rig_end(&g);
	}
}

static void segments_say_what_they_hold(void)
{
	struct rig g = three_segments(0, true);
	_cleanup_(cleanup_topic_store) struct topic_store *s = store_of(&g);
	struct topic_reader *r = reader_of(s);
	static struct lines l;
	struct topic_segment seg;

	put_lines(&g, &l);
	ok_r(topic_reader_segment(r, 0, &seg));
	eq(seg.base, 100);
	eq(seg.next, 1991);
	eq(seg.text_len, l.at[2500] - l.at[100]);
	ok(!seg.newest);
	ok_r(topic_reader_segment(r, 101, &seg));
	eq(seg.base, 2500);
	ok_r(topic_reader_segment(r, 4000, &seg));
	eq(seg.base, 4000);
	eq(seg.next, LAST);
	eq(seg.bytes, g.len);
	ok(seg.newest);
	eq(topic_reader_segment(r, 4001, &seg), -ENOENT);
	buf_done(&l.text);
	rig_end(&g);
}

/* --- time --- */

static void a_time_is_looked_up_by_the_newest_so_far(void)
{
	for (int mode = 0; mode < 4; mode++) {
		struct rig g = three_segments(mode & 1, mode & 2);
		_cleanup_(cleanup_topic_store) struct topic_store *s = store_of(&g);
		struct topic_reader *r = reader_of(s);
		unsigned bad = 0;

		for (int64_t ms = rig_time(0) - 50000; ms < rig_time(LAST) + 50000; ms += 1237) {
			uint64_t want = 0, found = 1;

			while (want < LAST && (!exists(want) || rig_time(want) < ms))
				want++;
			bad += topic_reader_at(r, ms, &found) != 0 || found != want;
		}
		eq(bad, 0);
		rig_end(&g);
	}
}

static void a_look_up_is_of_the_index_alone(void)
{
	struct rig g = three_segments(0, true);
	_cleanup_(cleanup_topic_store) struct topic_store *s = store_of(&g);
	struct topic_reader *r = reader_of(s);
	uint64_t first = 0;

	for (uint64_t offset = 100; offset < LAST; offset += 13)
		if (exists(offset))
			ok(topic_reader_look(r, offset, &first) == 0 && first <= offset && first + 600 > offset);
	eq(topic_reader_look(r, LAST, &first), -ENOENT);
	rig_end(&g);
}

/* --- damage --- */

/* One segment behind which another lies; the frame of the batch of 20 messages from 400 on is at *ret. */
static struct rig with_batch(uint8_t codec, int index, uint64_t *ret)
{
	struct rig g = rig_begin(tap_tmpdir());

	g.codec = codec;
	g.value_len = 50;
	rig_segment(&g, 0);
	rig_fill(&g, 400, 20);
	*ret = g.len;
	rig_fill(&g, 2000, 20);
	if (index)
		rig_index(&g);
	return g;
}

/* 400 to 419 are lost; all else is there, and what is read in a row says where the hole is. */
static void check_hole(const struct rig *g, struct topic_reader *r, uint64_t end)
{
	uint64_t at = 0, behind = 0, n = 0, holes = 0;
	unsigned bad = 0;
	struct message m;
	int x;

	for (uint64_t offset = 0; offset < end; offset++) {
		x = topic_reader_get(r, offset, &m);
		bad += offset / 20 == 20 ? x != -EBADMSG : x != 0 || !rig_is(g, &m, offset);
	}
	eq(bad, 0);
	while ((x = topic_reader_next(r, at, &m, &behind)) == 0 || x == -EBADMSG) {
		if (x == -EBADMSG) {
			eq(at, 400);
			eq(behind, 420);
			holes++;
		} else {
			bad += !rig_is(g, &m, at);
			n++;
		}
		if (behind <= at)
			break;
		at = behind;
	}
	eq(bad, 0);
	eq(x, -ENODATA);
	eq(holes, 1);
	eq(n, end - 20);
	ok_r(topic_reader_next(r, 419 + 1, &m, &behind));
	eq(topic_reader_next(r, 410, &m, &behind), -EBADMSG);
	eq(behind, 420);
}

static void a_damaged_batch_is_a_hole_that_is_told(void)
{
	for (int mode = 0; mode < 24; mode++) {
		static const uint64_t places[] = {0, 13, 21, 84 + 3, 84 + 400, 84 + 900};
		uint64_t pos;
		struct rig g = with_batch(mode & 1, mode & 2, &pos);
		_cleanup_(cleanup_topic_store) struct topic_store *s = NULL;

		rig_flip(&g, pos + (mode & 1 && mode / 4 > 3 ? 84 + 130 : places[mode / 4]));
		s = store_of(&g);
		check_hole(&g, reader_of(s), 2000);
		ok(n_problems(s) > 0);
		rig_end(&g);
	}
}

static void lines_behind_a_damaged_batch_keep_their_places(void)
{
	static const uint64_t places[] = {0, 30, 84 + 3, 84 + 400};

	for (unsigned mode = 0; mode < N_ELEMENTS(places); mode++) {
		_cleanup_(buf_done) struct buf want = {0};
		_cleanup_(buf_done) struct buf room = {0};
		_cleanup_(buf_done) struct buf out = {0};
		uint64_t pos, len = 0, hole = 0, behind = 0, placed = 0;
		struct rig g = with_batch(0, true, &pos);
		_cleanup_(cleanup_topic_store) struct topic_store *s = NULL;
		struct topic_reader *r;
		struct message m;

		for (uint64_t offset = 0; offset < 2000; offset++) {
			hole = offset == 400 ? want.len : hole;
			behind = offset == 420 ? want.len : behind;
			placed = offset == 520 ? want.len : placed; /* behind the next entry of the index */
			rig_message(&g, offset, &room, &m);
			message_put_text(&want, &m);
		}
		rig_flip(&g, pos + places[mode]);
		s = store_of(&g);
		r = reader_of(s);
		ok_r(topic_reader_text_len(r, 0, 2000, &len));
		eq(len, want.len);
		ok_r(topic_reader_text(r, 0, 2000, 0, hole, &out));
		ok(out.len == hole && memcmp(out.p, want.p, hole) == 0);
		buf_clear(&out);
		eq(topic_reader_text(r, 0, 2000, hole - 10, 11, &out), -EBADMSG);
		eq(out.len, 0);
		eq(topic_reader_text(r, 0, 2000, behind - 1, 11, &out), -EBADMSG);
		ok_r(topic_reader_text(r, 0, 2000, placed, want.len, &out));
		ok(out.len == want.len - placed && memcmp(out.p, want.p + placed, out.len) == 0);
		buf_clear(&out);
		/* A batch the head of which is good has its place, and so have those behind it. */
		eq(topic_reader_text(r, 0, 2000, behind, 100, &out), places[mode] == 84 + 400 ? 0 : -EBADMSG);
		ok(places[mode] != 84 + 400 || memcmp(out.p, want.p + behind, 100) == 0);
		rig_end(&g);
	}
}

static void damage_at_a_closed_segments_end_is_a_hole_too(void)
{
	struct rig g = rig_begin(tap_tmpdir());
	_cleanup_(cleanup_topic_store) struct topic_store *s = NULL;
	struct topic_reader *r;
	uint64_t behind, pos;
	struct message m;

	rig_segment(&g, 0);
	rig_fill(&g, 100, 10);
	pos = rig_batch(&g, 100, 10, 1);
	rig_flip(&g, pos + 100);
	rig_flip(&g, pos + 2);
	rig_segment(&g, 110);
	rig_fill(&g, 120, 10);
	s = store_of(&g);
	r = reader_of(s);
	ok_r(topic_reader_next(r, 99, &m, &behind));
	eq(topic_reader_next(r, 100, &m, &behind), -EBADMSG);
	eq(behind, 110);
	ok_r(topic_reader_next(r, 110, &m, &behind));
	ok(rig_is(&g, &m, 110));
	eq(topic_reader_get(r, 105, &m), -EBADMSG);
	rig_end(&g);
}

static void a_segment_whose_header_is_damaged_hides_no_other(void)
{
	struct rig g = three_segments(0, true);
	_cleanup_(cleanup_topic_store) struct topic_store *s = NULL;
	struct topic_reader *r;
	uint64_t behind;
	struct message m;
	char name[64];
	int fd;

	rig_name(name, 2500, ".log");
	fd = openat(g.dir, name, O_RDWR);
	rig_write(fd, "x", 1, 30);
	close(fd);
	s = store_of(&g);
	r = reader_of(s);
	eq(topic_reader_get(r, 2600, &m), -EBADMSG);
	ok_r(topic_reader_get(r, 999, &m));
	ok_r(topic_reader_next(r, 1990, &m, &behind));
	eq(topic_reader_next(r, 2500, &m, &behind), -EBADMSG);
	eq(behind, 4000);
	ok_r(topic_reader_next(r, 4000, &m, &behind));
	ok(rig_is(&g, &m, 4000));
	ok(n_problems(s) > 0);
	rig_end(&g);
}

/* --- the index --- */

static void an_index_that_is_of_no_use_is_made_anew(void)
{
	for (int mode = 0; mode < 6; mode++) {
		struct rig g = three_segments(mode & 1, true), h = g;
		_cleanup_(cleanup_topic_store) struct topic_store *s = NULL;
		char name[64];
		int fd;

		rig_name(name, 4000, ".index");
		fd = openat(g.dir, name, O_RDWR);
		if (mode == 0) { /* damaged */
			rig_write(fd, "x", 1, 64 + 20 + 60);
		} else if (mode == 1) { /* cut */
			ok(ftruncate(fd, 64 + 20 + 48 + 40) == 0);
		} else if (mode == 2) { /* another segment's */
			h.id += 3;
			rig_index(&h);
		} else if (mode == 3) { /* of more than there is */
			h.len += 100000;
			rig_index(&h);
		} else if (mode == 4) { /* empty */
			ok(ftruncate(fd, 0) == 0);
		} else { /* no index at all */
			rig_write(fd, name, sizeof name, 0);
		}
		close(fd);
		s = store_of(&g);
		check_one_by_one(&g, reader_of(s));
		check_in_a_row(&g, reader_of(s), 0);
		rig_end(&g);
	}
}

static void a_reader_never_changes_a_file(void)
{
	struct rig g = three_segments(0, false);
	_cleanup_(cleanup_topic_store) struct topic_store *s = NULL;
	char name[64];

	ok(ftruncate(g.fd, (off_t)g.len - 5) == 0);
	s = store_of(&g);
	check_text(reader_of(s), &(struct lines){0}, 0, 0, 1);
	ok(topic_reader_get(reader_of(s), 5500, &(struct message){0}) == 0);
	eq(lseek(g.fd, 0, SEEK_END), g.len - 5);
	rig_name(name, 4000, ".index");
	ok(faccessat(g.dir, name, F_OK, 0) < 0);
	rig_end(&g);
}

/* --- beside a writer --- */

static void what_is_appended_is_seen_after_a_refresh(void)
{
	struct rig g = rig_begin(tap_tmpdir());
	_cleanup_(cleanup_topic_store) struct topic_store *s = store_of(&g);
	struct topic_range range;
	uint64_t behind, len, at = 0;
	unsigned bad = 0;
	struct message m;

	topic_reader_range(reader_of(s), &range);
	eq(range.next_offset, 0);
	eq(topic_reader_next(reader_of(s), 0, &m, &behind), -ENODATA);
	for (int round = 0; round < 60; round++) {
		if (round % 20 == 0)
			rig_segment(&g, g.next);
		rig_fill(&g, g.next + 30, 1 + (uint32_t)round % 5);
		if (round % 7 == 0)
			rig_index(&g);
		eq(topic_store_refresh(s), 1);
		topic_reader_range(reader_of(s), &range);
		eq(range.next_offset, g.next);
		for (; at < g.next; at = behind)
			if (topic_reader_next(reader_of(s), at, &m, &behind) != 0 || !rig_is(&g, &m, at)) {
				bad++;
				break;
			}
		bad += topic_reader_get(reader_of(s), g.next - 1, &m) != 0 || !rig_is(&g, &m, g.next - 1);
		eq(topic_reader_next(reader_of(s), at, &m, &behind), -ENODATA);
		ok_r(topic_reader_text_len(reader_of(s), g.base, g.next, &len));
		eq(len, g.text);
	}
	eq(bad, 0);
	rig_end(&g);
}

static void half_a_batch_is_not_there(void)
{
	struct rig g = rig_begin(tap_tmpdir());
	_cleanup_(cleanup_topic_store) struct topic_store *s = NULL;
	_cleanup_(buf_done) struct buf tail = {0};
	uint64_t at, behind;
	struct message m;

	rig_segment(&g, 0);
	rig_fill(&g, 50, 5);
	at = rig_batch(&g, 50, 5, 1);
	ok_r(buf_reserve(&tail, g.len - at));
	ok(pread(g.fd, tail.p, g.len - at, (off_t)at) > 0);
	ok(ftruncate(g.fd, (off_t)at) == 0);
	s = store_of(&g);
	for (uint64_t i = 0; i < g.len - at; i++) {
		rig_write(g.fd, tail.p + i, 1, at + i);
		ok_r(topic_store_refresh(s));
		eq(topic_reader_next(reader_of(s), 50, &m, &behind), i + 1 < g.len - at ? -ENODATA : 0);
	}
	ok(rig_is(&g, &m, 50));
	eq(n_problems(s), 0);
	rig_end(&g);
}

static void segments_may_go_while_they_are_read(void)
{
	struct rig g = three_segments(0, true);
	_cleanup_(cleanup_topic_store) struct topic_store *s = store_of(&g);
	struct topic_range range;
	uint64_t behind;
	struct message m;
	char name[64];

	ok_r(topic_reader_get(reader_of(s), 5000, &m));
	rig_name(name, 100, ".log");
	ok(unlinkat(g.dir, name, 0) == 0);
	/* Not told of it, and not open yet. */
	eq(topic_reader_get(reader_of(s), 200, &m), -ENOENT);
	ok_r(topic_reader_next(reader_of(s), 0, &m, &behind));
	eq(m.offset, 2500);
	ok_r(topic_store_refresh(s));
	topic_reader_range(reader_of(s), &range);
	eq(range.first_offset, 2500);
	eq(range.n_segments, 2);
	/* And of one that is being read in a row. */
	rig_name(name, 2500, ".log");
	ok(unlinkat(g.dir, name, 0) == 0);
	ok_r(topic_reader_next(reader_of(s), 2501, &m, &behind));
	ok(rig_is(&g, &m, 2501));
	eq(topic_store_refresh(s), 1);
	ok_r(topic_reader_next(reader_of(s), 2502, &m, &behind));
	eq(m.offset, 4000);
	rig_end(&g);
}

static void a_segment_may_be_replaced_by_a_compacted_one(void)
{
	struct rig g = three_segments(0, true), h = g;
	_cleanup_(cleanup_topic_store) struct topic_store *s = store_of(&g);
	uint64_t behind, text, len = 0;
	struct message m;
	unsigned bad = 0;

	for (uint64_t offset = 100; offset < 1000; offset++)
		bad += topic_reader_get(reader_of(s), offset, &m) != 0;
	ok_r(topic_reader_next(reader_of(s), 100, &m, &behind));
	h.dir = dup(g.dir);
	h.fd = -1;
	h.index = h.times = (struct buf){0};
	ok(renameat(g.dir, "00000000000000000100.log", g.dir, "gone") == 0);
	rig_segment(&h, 100);
	for (uint64_t offset = 100; offset < 1000; offset += 100)
		(void)rig_batch(&h, offset, 10, 10);
	rig_index(&h);
	text = h.text;
	eq(topic_store_refresh(s), 1);
	for (uint64_t offset = 100; offset < 1000; offset++) {
		int x = topic_reader_get(reader_of(s), offset, &m);

		bad += offset % 10 == 0 ? x != 0 || !rig_is(&g, &m, offset) : x != -ENOENT;
	}
	ok_r(topic_reader_next(reader_of(s), 101, &m, &behind));
	eq(m.offset, 110);
	ok_r(topic_reader_text_len(reader_of(s), 100, 2000, &len));
	eq(len, text);
	eq(bad, 0);
	rig_end(&h);
	rig_end(&g);
}

enum { N_BESIDE = 20000 };

static void *write_beside(void *arg)
{
	struct rig *g = arg;

	while (g->next < N_BESIDE) {
		if (g->next % 5000 == 0 && g->next > 0)
			rig_segment(g, g->next);
		(void)rig_batch(g, g->next, g->next % 3 ? 2 : 4, 1);
	}
	return NULL;
}

static void a_reader_beside_a_writer_misses_nothing(void)
{
	struct rig g = rig_begin(tap_tmpdir());
	_cleanup_(cleanup_topic_store) struct topic_store *s = store_of(&g);
	struct rig mine = g;
	uint64_t at = 0, behind;
	pthread_t writer;
	struct message m;
	int r = 0;

	rig_segment(&g, 0);
	if (!ok(pthread_create(&writer, NULL, write_beside, &g) == 0))
		return;
	while (at < N_BESIDE && (r == 0 || r == -ENODATA)) {
		r = topic_reader_next(reader_of(s), at, &m, &behind);
		if (r == -ENODATA)
			ok_r(topic_store_refresh(s));
		else if (r == 0 && rig_is(&mine, &m, at))
			at = behind;
		else
			break;
	}
	eq(at, N_BESIDE);
	eq(r, 0);
	pthread_join(writer, NULL);
	eq(n_problems(s), 0);
	rig_end(&g);
}

/* --- the registry --- */

static void topics_that_come_are_seen_after_a_refresh(void)
{
	struct rig g = three_segments(0, true);
	_cleanup_(cleanup_topic_store) struct topic_store *s = store_of(&g);
	uint8_t frame[20 + 64];
	struct topic_info info;
	struct topic_reader *r;
	uint32_t partition;
	char path[300];
	int fd;

	eq(topic_store_count(s), 1);
	ok_r(topic_store_find(s, "orders", &info));
	eq(info.number, 1);
	eq(info.n_partitions, 3);
	ok_r(topic_store_partition(s, 3, &info, &partition));
	eq(partition, 2);
	eq(topic_store_partition(s, 4, &info, &partition), -ENOENT);
	eq(topic_store_reader(s, 4, &r), -ENOENT);
	ok_r(topic_store_reader(s, 2, &r)); /* no directory: empty */
	eq(topic_reader_get(r, 0, &(struct message){0}), -ENOENT);
	eq(topic_store_refresh(s), 0);

	memcpy(frame + 20, "\x04\x02logs", 6);
	rig_frame(frame, 19, 6, 77, 64 + 28);
	snprintf(path, sizeof path, "%s/topics/names", g.store);
	fd = open(path, O_RDWR);
	rig_write(fd, frame, 26, 64 + 28);
	close(fd);
	eq(topic_store_refresh(s), 1);
	eq(topic_store_refresh(s), 0);
	ok_r(topic_store_next(s, 2, &info));
	str_eq(info.name, "logs");
	eq(info.number, 4);
	eq(topic_store_next(s, 5, &info), -ENOENT);
	rig_end(&g);
}

static void a_store_without_topics_has_none(void)
{
	_cleanup_(cleanup_topic_store) struct topic_store *s = NULL;
	const char *dir = tap_tmpdir();
	struct topic_info info;
	struct rig g;

	ok_r(topic_store_open(dir, 0, &s));
	eq(topic_store_count(s), 0);
	eq(topic_store_next(s, 0, &info), -ENOENT);
	eq(topic_store_refresh(s), 0);
	g = rig_begin(dir);
	eq(topic_store_refresh(s), 1);
	eq(topic_store_count(s), 1);
	rig_end(&g);
}

/* --- size --- */

enum { MILLIONS = 10000000, PER_BATCH = 1000 };

/* Ten million messages that are nothing but a time, as small as they come. */
static void write_millions(struct rig *g)
{
	_cleanup_(buf_done) struct buf frame = {0};
	uint8_t *h;

	ok_r(buf_reserve(&frame, 84 + 5 * PER_BATCH));
	h = frame.p + 20;
	frame.len = 84 + 5 * PER_BATCH;
	for (uint64_t at = 0; at < MILLIONS; at += PER_BATCH) {
		uint32_t n = PER_BATCH, delta = PER_BATCH - 1, dir_len = 5 * PER_BATCH;
		int64_t first_ms = (int64_t)at, max_ms = (int64_t)at + delta;
		uint64_t check;

		if (at % 2500000 == 0) {
			if (at > 0)
				rig_index(g);
			rig_segment(g, at);
		}
		memset(h, 0, 64);
		memcpy(h + 8, &at, 8);
		memcpy(h + 16, &first_ms, 8);
		memcpy(h + 24, &max_ms, 8);
		memcpy(h + 32, &n, 4);
		memcpy(h + 36, &delta, 4);
		memcpy(h + 40, &dir_len, 4);
		for (uint32_t i = 0; i < PER_BATCH; i++)
			memcpy(h + 64 + 5 * i, i ? "\x01\x02\x00\x00\x00" : "\x00\x00\x00\x00\x00", 5);
		check = XXH3_64bits_withSeed(h + 8, 56 + dir_len, g->id - g->len);
		memcpy(h, &check, 8);
		rig_frame(frame.p, 16, (uint32_t)frame.len - 20, g->id, g->len);
		rig_write(g->fd, frame.p, frame.len, g->len);
		rig_note(g, at, max_ms);
		g->len += frame.len;
		g->next = at + PER_BATCH;
	}
	rig_index(g);
}

static long resident_kib(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss;
}

static void ten_million_messages_take_bounded_memory(void)
{
	struct rig g = rig_begin(tap_tmpdir());
	_cleanup_(cleanup_topic_store) struct topic_store *s = NULL;
	uint64_t at = 0, behind, n = 0, found;
	struct topic_reader *r;
	struct topic_stat st;
	struct message m;
	long before;
	unsigned bad = 0;

	write_millions(&g);
	before = resident_kib();
	s = store_of(&g);
	r = reader_of(s);
	while (topic_reader_next_stat(r, at, &st, &behind) == 0) {
		bad += st.offset != n || st.time_ms != (int64_t)n;
		n++;
		at = behind;
	}
	eq(n, MILLIONS);
	for (uint64_t i = 0; i < 10000; i++) {
		uint64_t offset = i * 2654435761 % MILLIONS;

		bad += topic_reader_get(r, offset, &m) != 0 || m.offset != offset;
		bad += topic_reader_at(r, (int64_t)offset, &found) != 0 || found != offset;
	}
	eq(bad, 0);
	/* A budget of 1 MiB, what is in use beside it, and what malloc and a sanitizer make of it. */
#ifndef __SANITIZE_ADDRESS__
	ok(resident_kib() - before < 16 << 10);
#endif
	rig_end(&g);
}

int main(void)
{
	RUN(every_message_is_found_by_its_offset_and_in_a_row);
	RUN(the_text_of_any_range_is_the_lines_of_its_messages);
	RUN(segments_say_what_they_hold);
	RUN(a_time_is_looked_up_by_the_newest_so_far);
	RUN(a_look_up_is_of_the_index_alone);
	RUN(a_damaged_batch_is_a_hole_that_is_told);
	RUN(lines_behind_a_damaged_batch_keep_their_places);
	RUN(damage_at_a_closed_segments_end_is_a_hole_too);
	RUN(a_segment_whose_header_is_damaged_hides_no_other);
	RUN(an_index_that_is_of_no_use_is_made_anew);
	RUN(a_reader_never_changes_a_file);
	RUN(what_is_appended_is_seen_after_a_refresh);
	RUN(half_a_batch_is_not_there);
	RUN(segments_may_go_while_they_are_read);
	RUN(a_segment_may_be_replaced_by_a_compacted_one);
	RUN(a_reader_beside_a_writer_misses_nothing);
	RUN(topics_that_come_are_seen_after_a_refresh);
	RUN(a_store_without_topics_has_none);
	RUN(ten_million_messages_take_bounded_memory);
	return tap_done();
}
