/* log.c -- logs: appending, recovery, and what is not valid */
#include "tests/unit/log.h"

#include <xxhash.h>

static void a_frame_is_its_pieces_in_order(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_log) struct log *l = NULL;
	_cleanup_(buf_done) struct buf b = {0};
	struct span s[3] = {span_of("ab", 2), span_of("", 0), span_of("cde", 3)};
	_cleanup_(cleanup_io_close) int fd = -1;
	uint64_t off[1], at;
	uint8_t type;

	l = make(dir, 0, off);
	ok_r(log_append(l, FRAME_SCHEMA, s, 3, &at));
	ok_r(log_append(l, FRAME_SCHEMA, NULL, 0, NULL));
	fd = io_open_read(dir, "a");
	ok_r(frame_read(fd, log_id(l)->id, at, log_len(l), &type, &b));
	eq(type, FRAME_SCHEMA);
	ok(b.len == 5 && memcmp(b.p, "abcde", 5) == 0);
	ok_r(frame_read(fd, log_id(l)->id, at + HEAD + 5, log_len(l), &type, &b));
	eq(b.len, 0);
	eq(frame_read(fd, log_id(l)->id, log_len(l), log_len(l), &type, &b), -ENODATA);
	eq(frame_read(fd, log_id(l)->id, log_len(l) + 1, log_len(l), &type, &b), -EBADMSG);
	eq(frame_read(fd, log_id(l)->id, at, at + HEAD + 4, &type, &b), -EBADMSG);
	eq(frame_read(fd, log_id(l)->id, at + 1, log_len(l), &type, &b), -EBADMSG);
}

static void a_payload_over_the_limit_is_refused_and_the_limit_itself_is_not(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_log) struct log *l = NULL;
	_cleanup_(cleanup_log_reader) struct log_reader *lr = NULL;
	_cleanup_(cleanup_free) uint8_t *p = calloc(1, FRAME_LEN_MAX);
	struct span s[2] = {span_of(p, FRAME_LEN_MAX), span_of("x", 1)}, back;
	uint64_t off[1], at;
	uint8_t type;

	if (!ok(p))
		return;
	l = make(dir, 0, off);
	eq(log_append(l, FRAME_SNAPSHOT, s, 2, NULL), -EMSGSIZE);
	eq(log_len(l), HEADER);
	ok_r(log_append(l, FRAME_SNAPSHOT, s, 1, NULL));
	ok_r(append(l, 1, NULL));
	ok_r(log_reader_open(dir, "a", KIND_WAL, &lr));
	ok_r(log_reader_next(lr, &type, &at, &back));
	eq(span_left(&back), FRAME_LEN_MAX);
	ok_r(log_reader_next(lr, &type, &at, &back));
	eq(log_reader_next(lr, &type, &at, &back), -ENODATA);
}

static void a_torn_tail_is_cut_at_every_length(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	uint64_t off[4];

	for (uint64_t len = HEADER;; len++) {
		_cleanup_(cleanup_log) struct log *l = make(dir, 3, off);
		struct found f;
		int whole = 0;

		log_close(TAKE(l));
		if (len > off[3])
			break;
		cut(dir, len);
		while (whole < 3 && off[whole + 1] <= len)
			whole++;
		ok_r(reopen(dir, &f, &l));
		ok(are(&f, 0, whole, -1));
		eq(f.rec.n_torn, len - off[whole]);
		eq(f.rec.n_damaged, 0);
		eq(file_len(dir, "a"), off[whole]);
		/* What is appended behind the cut is read back. */
		for (int i = whole; i < 5; i++)
			ok_r(append(l, (unsigned)i, NULL));
		log_close(TAKE(l));
		ok_r(reopen(dir, &f, &l));
		ok(are(&f, 0, 5, -1));
		eq(f.rec.n_torn, 0);
		ok_r(io_unlink(dir, "a"));
	}
}

static void damage_in_the_middle_is_skipped_and_counted(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_log) struct log *l = NULL;
	_cleanup_(cleanup_log_reader) struct log_reader *lr = NULL;
	uint64_t off[9];
	struct found f;

	l = make(dir, 8, off);
	log_close(TAKE(l));
	/* Every byte of frame 3, one after the other. */
	for (uint64_t at = off[3]; at < off[4]; at++) {
		flip(dir, at);
		ok_r(reopen(dir, &f, &l));
		log_close(TAKE(l));
		ok(are(&f, 0, 8, 3));
		eq(f.rec.n_damaged, 1);
		eq(f.rec.damaged_off, off[3]);
		eq(f.rec.damaged_len, off[4] - off[3]);
		eq(f.rec.n_torn, 0);
		eq(file_len(dir, "a"), off[8]);
		flip(dir, at);
	}
	flip(dir, off[1]);
	flip(dir, off[5] + HEAD);
	flip(dir, off[6] + HEAD);
	ok_r(log_reader_open(dir, "a", KIND_WAL, &lr));
	read_all(lr, &f);
	eq(f.n, 5);
	eq(f.rec.n_damaged, 2);
	eq(f.rec.damaged_off, off[1]);
	eq(f.rec.damaged_len, off[2] - off[1] + off[7] - off[5]);
	/* Read again from the beginning, it is not counted again. */
	log_reader_seek(lr, off[0]);
	read_all(lr, &f);
	eq(f.n, 5);
	eq(f.rec.n_damaged, 2);
	eq(f.rec.n_frames, 5);
}

static void damage_that_begins_at_the_first_frame_is_skipped(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_log) struct log *l = NULL;
	uint64_t off[4];
	struct found f;

	l = make(dir, 3, off);
	log_close(TAKE(l));
	flip(dir, off[0] + HEAD);
	ok_r(reopen(dir, &f, &l));
	ok(are(&f, 1, 3, -1));
	eq(f.rec.damaged_off, HEADER);
}

static void a_length_that_lies_hides_nothing(void)
{
	static const uint32_t lies[] = {0, 1, 60, 100, 1 << 20, FRAME_LEN_MAX, FRAME_LEN_MAX + 1, UINT32_MAX};
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_log) struct log *l = NULL;
	uint64_t off[9];

	l = make(dir, 8, off);
	log_close(TAKE(l));
	for (size_t i = 0; i < N_ELEMENTS(lies); i++) {
		le32 lie = put_le32(lies[i]);
		struct found f;

		poke(dir, off[2] + offsetof(struct disk_frame, len), &lie, sizeof lie);
		ok_r(reopen(dir, &f, &l));
		log_close(TAKE(l));
		ok(are(&f, 0, 8, 2));
		eq(f.rec.n_damaged, 1);
	}
}

static void a_frame_is_valid_only_where_it_was_written(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_log) struct log *a = NULL, *b = NULL;
	struct file_id id = {.kind = KIND_WAL};
	_cleanup_(cleanup_io_close) int fd = -1;
	struct span s = span_of("same length", 11);
	struct found f;
	uint8_t frame[HEAD + 11];
	uint64_t off;

	/* The same frame at the same offset of two files, and at another offset of its own. */
	ok_r(log_create(dir, "b", &id, SYNC_NONE, &b));
	ok_r(log_create(dir, "a", &id, SYNC_NONE, &a));
	for (int i = 0; i < 3; i++) {
		ok_r(log_append(a, FRAME_SNAPSHOT, &s, 1, NULL));
		ok_r(log_append(b, FRAME_SNAPSHOT, &s, 1, &off));
	}
	fd = io_open_read(dir, "b");
	eq(io_pread(fd, frame, sizeof frame, off), sizeof frame);
	poke(dir, off, frame, sizeof frame);
	log_close(TAKE(a));
	ok_r(reopen(dir, &f, &a));
	eq(f.n, 2);
	eq(f.rec.n_torn, sizeof frame);
	ok_r(log_append(a, FRAME_SNAPSHOT, &s, 1, NULL));
	io_close(take_fd(&fd));
	fd = io_open_read(dir, "a");
	eq(io_pread(fd, frame, sizeof frame, off), sizeof frame);
	poke(dir, off - sizeof frame, frame, sizeof frame);
	log_close(TAKE(a));
	ok_r(reopen(dir, &f, &a));
	eq(f.n, 2);
	eq(f.rec.n_damaged, 1);
	eq(f.rec.damaged_off, off - sizeof frame);
}

/* A log within a payload, as somebody may well store one. */
static void frames_inside_a_damaged_payload_are_not_taken_for_frames(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_log) struct log *l = NULL, *inner = NULL;
	_cleanup_(cleanup_io_close) int fd = -1;
	struct file_id id = {.kind = KIND_WAL};
	uint64_t off[3];
	struct span s;
	struct found f;
	uint8_t p[4096];
	ssize_t n;

	ok_r(log_create(dir, "inner", &id, SYNC_NONE, &inner));
	for (unsigned i = 0; i < 20; i++)
		ok_r(append(inner, i, NULL));
	fd = io_open_read(dir, "inner");
	n = io_pread(fd, p, sizeof p, 0);
	ok(n > 20 * HEAD);
	l = make(dir, 2, off);
	s = span_of(p, (size_t)n);
	ok_r(log_append(l, FRAME_SNAPSHOT, &s, 1, NULL));
	ok_r(append(l, 2, NULL));
	log_close(TAKE(l));
	flip(dir, off[2] + HEAD + 5);
	ok_r(reopen(dir, &f, &l));
	ok(are(&f, 0, 3, -1));
	eq(f.rec.damaged_len, HEAD + n);
}

/* Where the search for it goes from what was read ahead to what comes next. */
static void a_frame_behind_damage_is_found_wherever_it_begins(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_free) uint8_t *p = calloc(1, 262144);
	uint64_t off[1];

	if (!ok(p))
		return;
	for (size_t len = 262144 - 3 * HEAD; len < 262144 + HEAD; len++) {
		struct log *l = make(dir, 0, off);
		struct span s = span_of(p, len < 262144 ? len : 262144), more = span_of(p, len - span_left(&s));
		struct found f;

		ok_r(log_append(l, FRAME_SCHEMA, (struct span[]){s, more}, 2, NULL));
		ok_r(append(l, 0, NULL));
		ok_r(append(l, 1, NULL));
		log_close(l);
		flip(dir, HEADER + HEAD);
		ok_r(reopen(dir, &f, &l));
		log_close(l);
		ok(are(&f, 0, 2, -1));
		ok_r(io_unlink(dir, "a"));
	}
}

static void a_file_without_a_whole_header_is_empty(void)
{
	struct file_id id = {.kind = KIND_WAL, .id = 5};
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_log_reader) struct log_reader *lr = NULL;
	struct disk_header h, zeros = {0};
	struct log *l = NULL;
	struct found f;
	int fd;

	file_header_put(&id, &h);
	fd = io_create(dir, "a");
	for (size_t len = 0; len < sizeof h; len++) {
		ok_r(io_truncate(fd, 0));
		ok_r(io_pwrite(fd, &h, len, 0));
		eq(reopen(dir, &f, &l), -ENODATA);
		eq(log_reader_open(dir, "a", KIND_WAL, &lr), -ENODATA);
		/* the size made it to the disk, the rest of the bytes did not */
		ok_r(io_truncate(fd, sizeof h));
		eq(reopen(dir, &f, &l), -ENODATA);
	}
	ok_r(io_pwrite(fd, &h, sizeof h, 0));
	ok_r(log_reader_open(dir, "a", KIND_WAL, &lr));
	ok_r(reopen(dir, &f, &l));
	log_close(l);
	eq(f.n, 0);
	/* With anything behind it, a bad header is damage. */
	ok_r(io_pwrite(fd, &zeros, sizeof zeros, 0));
	ok_r(io_pwrite(fd, "x", 1, sizeof h));
	eq(reopen(dir, &f, &l), -EBADMSG);
	io_close(fd);
}

static void foreign_damaged_and_newer_files_are_told_apart(void)
{
	struct file_id id = {.kind = KIND_WAL, .id = 5};
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_log_reader) struct log_reader *lr = NULL;
	struct disk_header good, h;
	struct log *l = NULL;
	struct found f;
	int fd;

	file_header_put(&id, &good);
	fd = io_create(dir, "a");
	ok_r(io_pwrite(fd, &good, sizeof good, 0));
	ok_r(io_pwrite(fd, "rest", 4, sizeof good));
	for (uint64_t at = 0; at < sizeof good; at++) {
		flip(dir, at);
		eq(reopen(dir, &f, &l), -EBADMSG);
		eq(log_reader_open(dir, "a", KIND_WAL, &lr), -EBADMSG);
		flip(dir, at);
	}
	eq(log_open(dir, "a", KIND_HEAT, SYNC_NONE, NULL, NULL, &f.rec, &l), -EBADMSG);

	h = good;
	h.version = put_le16(FORMAT_VERSION + 1);
	h.check = put_le64(XXH3_64bits(&h, offsetof(struct disk_header, check)));
	poke(dir, 0, &h, sizeof h);
	eq(reopen(dir, &f, &l), -EPROTONOSUPPORT);
	h = good;
	h.incompat = put_le32(1u << 31);
	h.check = put_le64(XXH3_64bits(&h, offsetof(struct disk_header, check)));
	poke(dir, 0, &h, sizeof h);
	eq(reopen(dir, &f, &l), -EPROTONOSUPPORT);
	eq(log_reader_open(dir, "a", KIND_WAL, &lr), -EPROTONOSUPPORT);
	eq(file_len(dir, "a"), sizeof h + 4);

	h = good;
	h.compat = put_le32(1);
	h.check = put_le64(XXH3_64bits(&h, offsetof(struct disk_header, check)));
	poke(dir, 0, &h, sizeof h);
	ok_r(reopen(dir, &f, &l));
	log_close(l);
	eq(f.rec.n_torn, 4);
	io_close(fd);
}

static void frames_with_flags_of_a_later_version_are_not_valid(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_log) struct log *l = NULL;
	struct {
		struct disk_frame h;
		uint8_t p[4];
	} f = {.p = "abc"};
	uint64_t off[2];

	l = make(dir, 1, off);
	frame_put(&f.h, FRAME_SNAPSHOT, sizeof f.p, log_id(l)->id, off[1]);
	ok(frame_head_valid(&f.h) && frame_check_valid(&f.h, log_id(l)->id, off[1]));
	ok(!frame_check_valid(&f.h, log_id(l)->id, off[1] + 1));
	ok(!frame_check_valid(&f.h, log_id(l)->id + 1, off[1]));
	f.h.flags = 1;
	ok(!frame_head_valid(&f.h));
	f.h.flags = 0;
	f.h.zero = put_le16(1);
	ok(!frame_head_valid(&f.h));
}

static void a_log_is_not_created_over_another(void)
{
	struct file_id id = {.kind = KIND_WAL};
	_cleanup_(cleanup_io_close) int dir = new_dir();
	struct log *l = NULL;
	uint64_t off[4];
	struct found f;

	log_close(make(dir, 3, off));
	eq(log_create(dir, "a", &id, SYNC_NONE, &l), -EEXIST);
	ok_r(reopen(dir, &f, &l));
	ok(are(&f, 0, 3, -1));
	log_close(l);
	eq(log_open(dir, "none", KIND_WAL, SYNC_NONE, NULL, NULL, &f.rec, &l), -ENOENT);
}

static int refuse(uint8_t type, uint64_t off, struct span s, void *arg)
{
	int *n = arg;

	(void)type;
	(void)off;
	(void)s;
	return ++*n == 2 ? -ENODATA : 0;
}

static void a_callback_stops_the_opening_and_nothing_is_cut(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	struct log *l = NULL;
	uint64_t off[5];
	struct found f;
	int n = 0;

	log_close(make(dir, 4, off));
	cut(dir, off[4] - 1);
	eq(log_open(dir, "a", KIND_WAL, SYNC_NONE, refuse, &n, &f.rec, &l), -ENODATA);
	eq(n, 2);
	eq(file_len(dir, "a"), off[4] - 1);
}

/* 400 000 marks in 8 MB, each with a length of megabytes: looking at all of them would take hours. */
static void a_hostile_file_is_given_up_after_bounded_work(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_free) struct disk_frame *p = NULL;
	enum { N = 400000 };
	uint64_t off[2];
	struct log *l = NULL;
	struct found f;

	log_close(make(dir, 1, off));
	p = calloc(N, sizeof *p);
	if (!ok(p))
		return;
	for (size_t i = 0; i < N; i++) {
		memcpy(p[i].mark, FRAME_MARK, sizeof p->mark);
		p[i].len = put_le32((uint32_t)((N - i - 1) * sizeof *p));
	}
	poke(dir, off[1], p, N * sizeof *p);
	eq(reopen(dir, &f, &l), -EBADMSG);
	eq(file_len(dir, "a"), off[1] + N * sizeof *p);
}

int main(void)
{
	RUN(a_frame_is_its_pieces_in_order);
	RUN(a_payload_over_the_limit_is_refused_and_the_limit_itself_is_not);
	RUN(a_torn_tail_is_cut_at_every_length);
	RUN(damage_in_the_middle_is_skipped_and_counted);
	RUN(damage_that_begins_at_the_first_frame_is_skipped);
	RUN(a_length_that_lies_hides_nothing);
	RUN(a_frame_is_valid_only_where_it_was_written);
	RUN(frames_inside_a_damaged_payload_are_not_taken_for_frames);
	RUN(a_frame_behind_damage_is_found_wherever_it_begins);
	RUN(a_file_without_a_whole_header_is_empty);
	RUN(foreign_damaged_and_newer_files_are_told_apart);
	RUN(frames_with_flags_of_a_later_version_are_not_valid);
	RUN(a_log_is_not_created_over_another);
	RUN(a_callback_stops_the_opening_and_nothing_is_cut);
	RUN(a_hostile_file_is_given_up_after_bounded_work);
	return tap_done();
}
