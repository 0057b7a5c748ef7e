/* records.c -- a stream taken apart at delimiters, whatever pieces it comes in */
#include "ctl/records.h"
#include "tests/tap.h"

#include <fcntl.h>

/* A pipe with what was written to it, and its end. */
static int pipe_with(int *ret_in)
{
	int fds[2];

	if (!ok_r(pipe2(fds, O_CLOEXEC)))
		exit(1);
	*ret_in = fds[1];
	return fds[0];
}

static bool next_is(struct records *r, const char *wanted)
{
	struct span s;

	return records_next(r, &s) == 0 && span_left(&s) == strlen(wanted) && memcmp(s.p, wanted, strlen(wanted)) == 0;
}

static void records_are_given_as_soon_as_they_are_whole(void)
{
	_cleanup_(cleanup_records) struct records *r = NULL;
	struct span s;
	int in, out = pipe_with(&in);

	ok_r(records_new(out, span_of("\n", 1), 1000, &r));
	ok(records_would_wait(r));
	eq(write(in, "one\ntwo\n\nthr", 12), 12);
	ok(!records_would_wait(r));
	eq(records_read(r), 1);
	ok(next_is(r, "one") && next_is(r, "two") && next_is(r, ""));
	eq(records_next(r, &s), -ENODATA);
	eq(write(in, "ee", 2), 2);
	eq(records_read(r), 1);
	eq(records_next(r, &s), -ENODATA);
	close(in);
	eq(records_read(r), 0);
	ok(next_is(r, "three"));
	eq(records_next(r, &s), -ENODATA);
	close(out);
}

static void a_delimiter_of_many_bytes_is_found_across_pieces(void)
{
	static const char all[] = "a--b--->c->--->d";
	_cleanup_(cleanup_records) struct records *r = NULL;
	struct span s;
	int in, out = pipe_with(&in);

	ok_r(records_new(out, span_of("--->", 4), 1000, &r));
	for (size_t i = 0; i < sizeof(all) - 1; i++) {
		eq(write(in, all + i, 1), 1);
		eq(records_read(r), 1);
		if (i == 7)
			ok(next_is(r, "a--b"));
		else if (i == 14)
			ok(next_is(r, "c->"));
		else
			eq(records_next(r, &s), -ENODATA);
	}
	close(in);
	eq(records_read(r), 0);
	ok(next_is(r, "d"));
	close(out);
}

static void a_record_that_is_too_long_is_refused_not_kept(void)
{
	_cleanup_(cleanup_records) struct records *r = NULL;
	int in, out = pipe_with(&in);

	ok_r(records_new(out, span_of("\n", 1), 4, &r));
	eq(write(in, "ab\nabcdef", 9), 9);
	eq(records_read(r), 1);
	ok(next_is(r, "ab"));
	eq(records_next(r, &(struct span){0}), -ENODATA);
	eq(records_read(r), -EMSGSIZE);
	close(in);
	close(out);
}

static void without_a_delimiter_all_is_one_record(void)
{
	_cleanup_(cleanup_records) struct records *r = NULL;
	int in, out = pipe_with(&in);

	ok_r(records_new(out, span_of("", 0), 1000, &r));
	eq(write(in, "a\nb\n", 4), 4);
	close(in);
	eq(records_read(r), 1);
	eq(records_next(r, &(struct span){0}), -ENODATA);
	eq(records_read(r), 0);
	ok(next_is(r, "a\nb\n"));
	close(out);
}

int main(void)
{
	RUN(records_are_given_as_soon_as_they_are_whole);
	RUN(a_delimiter_of_many_bytes_is_found_across_pieces);
	RUN(a_record_that_is_too_long_is_refused_not_kept);
	RUN(without_a_delimiter_all_is_one_record);
	return tap_done();
}
