/* topic_reader.c -- reading topics: what is there, as text, by time, past damage */
#include "tests/unit/topics_read.h"

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
	return tap_done();
}
