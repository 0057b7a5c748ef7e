/* log_reader.c -- reading a log, also while it is written */
#include "tests/unit/log.h"

#include <pthread.h>

static void what_was_appended_is_read_back(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_log_reader) struct log_reader *lr = NULL;
	_cleanup_(cleanup_log) struct log *l = NULL;
	uint64_t off[11];
	struct found f;

	l = make(dir, 10, off);
	ok_r(log_reader_open(dir, "a", KIND_WAL, &lr));
	str_eq(log_reader_id(lr)->kind, KIND_WAL);
	ok(log_reader_id(lr)->id == log_id(l)->id);
	eq(log_reader_id(lr)->store_id, 7);
	eq(log_reader_id(lr)->hour, -3);
	eq(log_reader_id(lr)->part, 2);
	eq(log_reader_id(lr)->first_seq, 99);
	read_all(lr, &f);
	ok(are(&f, 0, 10, -1));
	eq(f.rec.len, off[10]);
	eq(f.rec.n_torn, 0);
	log_reader_seek(lr, off[4]);
	read_all(lr, &f);
	ok(are(&f, 4, 10, -1));
	eq(f.rec.n_frames, 10);
}

static void frames_larger_than_what_is_read_ahead_are_read(void)
{
	static const size_t lens[] = {262144 - HEAD, 262144, 300000, 5000000, 10, 262144 - 2 * HEAD, 1};
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_log) struct log *l = NULL;
	_cleanup_(cleanup_log_reader) struct log_reader *lr = NULL;
	_cleanup_(cleanup_free) uint8_t *p = malloc(5000000);
	uint64_t off[N_ELEMENTS(lens)], at;
	struct span s;
	uint8_t type;

	if (!ok(p))
		return;
	for (size_t i = 0; i < 5000000; i++)
		p[i] = (uint8_t)(i * 2654435761u >> 13);
	l = make(dir, 0, off);
	for (int life = 0; life < 2; life++) {
		for (size_t i = 0; i < N_ELEMENTS(lens); i++) {
			s = span_of(p, lens[i]);
			ok_r(log_append(l, FRAME_SNAPSHOT, &s, 1, life ? NULL : &off[i]));
		}
	}
	for (int damaged = 0; damaged < 2; damaged++) {
		ok_r(log_reader_open(dir, "a", KIND_WAL, &lr));
		for (int life = 0; life < 2; life++) {
			for (size_t i = 0; i < N_ELEMENTS(lens); i++) {
				if (damaged && life == 0 && i == 3)
					continue;
				ok_r(log_reader_next(lr, &type, &at, &s));
				eq(span_left(&s), lens[i]);
				ok(memcmp(s.p, p, lens[i]) == 0);
			}
		}
		eq(log_reader_next(lr, &type, &at, &s), -ENODATA);
		log_reader_close(TAKE(lr));
		flip(dir, off[3] + 4000000);
	}
}

static void a_reader_sees_what_is_appended_later(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_log) struct log *l = NULL;
	_cleanup_(cleanup_log_reader) struct log_reader *lr = NULL;
	uint64_t off[3];
	struct found f;

	l = make(dir, 2, off);
	ok_r(log_reader_open(dir, "a", KIND_WAL, &lr));
	read_all(lr, &f);
	ok(are(&f, 0, 2, -1));
	read_all(lr, &f);
	eq(f.n, 0);
	for (unsigned i = 2; i < 30; i++) {
		ok_r(append(l, i, NULL));
		if (i % 3)
			continue;
		read_all(lr, &f);
		ok(are(&f, i == 3 ? 2 : (int)i - 2, (int)i + 1, -1));
		eq(f.rec.len, log_len(l));
	}
	eq(f.rec.n_damaged, 0);
}

enum { N_BESIDE = 30000 };

static void *append_many(void *arg)
{
	static const uint8_t fill[700];
	struct log *l = arg;

	for (uint32_t i = 0; i < N_BESIDE; i++) {
		struct span s[2] = {span_of(&i, sizeof i), span_of(fill, i % sizeof fill)};

		if (log_append(l, FRAME_SNAPSHOT, s, 2, NULL) < 0)
			return arg;
	}
	return NULL;
}

static void a_reader_beside_a_writer_misses_nothing(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_log) struct log *l = NULL;
	_cleanup_(cleanup_log_reader) struct log_reader *lr = NULL;
	struct log_recovery rec;
	void *failed = NULL;
	uint32_t i = 0, n = 0;
	bool in_order = true;
	uint64_t off[1];
	pthread_t writer;
	struct span s;
	uint8_t type;
	int r = 0;

	l = make(dir, 0, off);
	ok_r(log_reader_open(dir, "a", KIND_WAL, &lr));
	if (!ok(pthread_create(&writer, NULL, append_many, l) == 0))
		return;
	while (n < N_BESIDE && (r == 0 || r == -ENODATA) && in_order) {
		r = log_reader_next(lr, &type, off, &s);
		if (r < 0)
			continue;
		memcpy(&i, s.p, sizeof i);
		in_order = i == n++;
	}
	pthread_join(writer, &failed);
	ok(!failed);
	eq(r, 0);
	ok(in_order);
	eq(log_reader_next(lr, &type, off, &s), -ENODATA);
	log_reader_damage(lr, &rec);
	eq(rec.n_damaged, 0);
}

static void a_reader_takes_a_frame_that_is_written_bit_by_bit_once_it_is_whole(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_log) struct log *l = NULL;
	_cleanup_(cleanup_log_reader) struct log_reader *lr = NULL;
	uint8_t frame[HEAD + 64];
	uint64_t off[5];
	struct found f;
	size_t len;

	l = make(dir, 4, off);
	log_close(TAKE(l));
	ok_r(log_reader_open(dir, "a", KIND_WAL, &lr));
	len = (size_t)(off[4] - off[3]);
	eq(io_pread(log_reader_fd(lr), frame, len, off[3]), len);
	cut(dir, off[3]);
	read_all(lr, &f);
	ok(are(&f, 0, 3, -1));
	for (size_t i = 0; i < len; i++) {
		poke(dir, off[3] + i, &frame[i], 1);
		read_all(lr, &f);
		ok(i + 1 < len ? f.n == 0 && f.rec.n_torn == i + 1 : are(&f, 3, 4, -1));
		eq(f.rec.n_damaged, 0);
	}
}

/* Space for it is there first, as zeros, and the bytes come in any order. */
static void a_reader_waits_where_the_size_comes_before_the_bytes(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_log) struct log *l = NULL;
	_cleanup_(cleanup_log_reader) struct log_reader *lr = NULL;
	uint8_t tail[256];
	uint64_t off[5];
	struct found f;
	size_t len;

	l = make(dir, 4, off);
	log_close(TAKE(l));
	ok_r(log_reader_open(dir, "a", KIND_WAL, &lr));
	len = (size_t)(off[4] - off[2]);
	eq(io_pread(log_reader_fd(lr), tail, len, off[2]), len);
	cut(dir, off[2]);
	cut(dir, off[4]);
	read_all(lr, &f);
	ok(are(&f, 0, 2, -1));
	eq(f.rec.n_torn, len);
	poke(dir, off[2], tail, len);
	read_all(lr, &f);
	ok(are(&f, 2, 4, -1));
	eq(f.rec.n_damaged, 0);
}

static void a_reader_behind_a_cut_goes_on_where_the_file_ends_now(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_log) struct log *l = NULL;
	_cleanup_(cleanup_log_reader) struct log_reader *lr = NULL;
	uint64_t off[7];
	struct found f;

	l = make(dir, 6, off);
	log_close(TAKE(l));
	ok_r(log_reader_open(dir, "a", KIND_WAL, &lr));
	read_all(lr, &f);
	ok(are(&f, 0, 6, -1));
	cut(dir, off[4] - 1);
	ok_r(reopen(dir, &f, &l));
	ok(are(&f, 0, 3, -1));
	read_all(lr, &f);
	eq(f.n, 0);
	for (unsigned i = 10; i < 20; i++)
		ok_r(append(l, i, NULL));
	read_all(lr, &f);
	ok(are(&f, 10, 20, -1));
	eq(f.rec.n_damaged, 0);
	cut(dir, 0);
	read_all(lr, &f);
	eq(f.n, 0);
}

int main(void)
{
	RUN(what_was_appended_is_read_back);
	RUN(frames_larger_than_what_is_read_ahead_are_read);
	RUN(a_reader_sees_what_is_appended_later);
	RUN(a_reader_beside_a_writer_misses_nothing);
	RUN(a_reader_takes_a_frame_that_is_written_bit_by_bit_once_it_is_whole);
	RUN(a_reader_waits_where_the_size_comes_before_the_bytes);
	RUN(a_reader_behind_a_cut_goes_on_where_the_file_ends_now);
	return tap_done();
}
