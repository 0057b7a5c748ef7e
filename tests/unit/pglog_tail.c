/* pglog_tail.c -- a log followed over its files: nothing is read twice, nothing is left out */
#include "collector/pglog_tail.h"
#include "tests/tap.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

static char dir[256];
static struct pglog_tail *tail;
static char seen[1 << 16]; /* lines that were taken, each with '|' behind it */
static int64_t now_s;
static int64_t passed_s; /* on the monotonic clock, which stands still otherwise */

int __real_clock_gettime(clockid_t id, struct timespec *ret);
int __wrap_clock_gettime(clockid_t id, struct timespec *ret);

int __wrap_clock_gettime(clockid_t id, struct timespec *ret)
{
	if (id != CLOCK_MONOTONIC)
		return __real_clock_gettime(id, ret);
	*ret = (struct timespec){.tv_sec = 1000 + passed_s};
	return 0;
}

static const char *path_of(const char *name)
{
	static char path[512];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

/* Files are written a second after each other, whatever the clock's steps are. */
static void touch(const char *name)
{
	struct timespec time = {.tv_sec = ++now_s}, times[2] = {time, time};

	ok_r(utimensat(AT_FDCWD, path_of(name), times, 0));
}

static void append(const char *name, const char *text)
{
	FILE *f = fopen(path_of(name), "ae");

	ok(f != NULL);
	if (!f)
		return;
	fputs(text, f);
	ok(fclose(f) == 0);
	touch(name);
}

static void move(const char *from, const char *to)
{
	char path[512];

	snprintf(path, sizeof path, "%s", path_of(to));
	ok_r(rename(path_of(from), path));
}

static void begin(const char *pattern, const struct pglog_position *from)
{
	ok_r(pglog_tail_new(path_of(pattern), from, &tail));
}

static void open_dir(const char *name)
{
	snprintf(dir, sizeof dir, "%s/%s", tap_tmpdir(), name);
	ok_r(mkdir(dir, 0700));
	now_s = 1700000000;
	seen[0] = '\0';
}

static void take_line(struct pgtext *t)
{
	struct pgtext line;
	size_t len = strlen(seen);

	while (pgtext_take_until(t, "\n", &line)) {
		snprintf(seen + len, sizeof seen - len, "%.*s|", (int)line.len, line.p);
		len = strlen(seen);
	}
}

/* Reads whole lines until there are no more; of a file that is over, also what is left. */
static int follow(void)
{
	for (unsigned i = 0; i < 1000; i++) {
		enum pglog_ahead ahead;
		struct pgtext t, rest;
		size_t n;
		int r = pglog_tail_read(tail, &t, &n, &ahead);

		if (r < 0)
			return r;
		rest = t;
		take_line(&rest);
		if (ahead == PGLOG_END && rest.len > 0) {
			strncat(seen, "(torn)", sizeof seen - strlen(seen) - 1);
			rest.len = 0;
		}
		pglog_tail_took(tail, t.len - rest.len);
		if (n == 0 && ahead != PGLOG_END)
			return 0;
	}
	return -ELOOP;
}

static void saw(const char *want)
{
	follow();
	str_eq(seen, want);
	seen[0] = '\0';
}

/* As if the program was started anew. */
static void restart(const char *pattern)
{
	struct pglog_position at;

	pglog_tail_position(tail, &at);
	pglog_tail_free(tail);
	begin(pattern, &at);
}

static void the_first_time_it_begins_at_the_end(void)
{
	open_dir("first");
	append("a.log", "old\n");
	begin("*.log", NULL);
	saw("");
	append("a.log", "new\n");
	saw("new|");
	pglog_tail_free(tail);
}

static void a_torn_line_waits(void)
{
	open_dir("torn");
	append("a.log", "old\n");
	begin("a.log", NULL);
	saw("");
	append("a.log", "ne");
	saw("");
	saw("");
	restart("a.log");
	append("a.log", "w\n");
	saw("new|");
	pglog_tail_free(tail);
}

static void a_line_that_was_torn_when_it_began_is_not_taken_for_a_whole_one(void)
{
	open_dir("middle");
	append("a.log", "old\nha");
	begin("a.log", NULL);
	saw("");
	append("a.log", "lf\nwhole\n");
	saw("whole|");
	eq(pglog_tail_skipped(tail), 3);
	pglog_tail_free(tail);
}

static void files_with_new_names_come_one_after_the_other(void)
{
	open_dir("names");
	append("1.log", "old\n");
	begin("*.log", NULL);
	saw("");
	append("1.log", "a\n");
	append("2.log", "b\n");
	append("3.log", "c\nd\n");
	append("3.csv", "no\n");
	saw("a|b|c|d|");
	append("3.log", "e\n");
	saw("e|");
	str_eq(pglog_tail_path(tail), path_of("3.log"));
	pglog_tail_free(tail);
}

static void what_is_written_to_a_file_that_was_left_is_read_once(void)
{
	open_dir("left");
	append("1.log", "old\n");
	begin("*.log", NULL);
	saw("");
	append("2.log", "a\n");
	saw("a|");
	append("1.log", "b\n");
	saw("b|");
	append("2.log", "c\n");
	saw("c|");
	saw("");
	pglog_tail_free(tail);
}

static void an_empty_new_file_does_not_end_the_old_one(void)
{
	open_dir("empty");
	append("a.log", "old\n");
	begin("a.log", NULL);
	saw("");
	move("a.log", "a.log.1");
	append("a.log", "");
	append("a.log.1", "late\n");
	saw("late|");
	append("a.log.1", "later\n");
	append("a.log", "new\n");
	saw("later|new|");
	pglog_tail_free(tail);
}

static void a_file_that_was_renamed_while_it_was_not_read_is_read_to_its_end(void)
{
	open_dir("renamed");
	append("a.log", "old\n");
	begin("a.log", NULL);
	saw("");
	append("a.log", "b\n");
	saw("b|");
	append("a.log", "c\n");
	move("a.log", "a.log.1");
	append("a.log", "d\n");
	restart("a.log");
	saw("c|d|");
	pglog_tail_free(tail);
}

static void after_a_file_that_is_gone_the_newer_ones_are_read(void)
{
	open_dir("gone");
	append("0.log", "older\n");
	append("1.log", "old\n");
	begin("*.log", NULL);
	saw("");
	append("1.log", "a\n");
	saw("a|");
	ok_r(unlink(path_of("1.log")));
	restart("*.log");
	eq(follow(), -ENODATA);
	append("2.log", "b\n");
	append("3.log", "c\n");
	saw("b|c|");
	pglog_tail_free(tail);
}

static void a_file_that_is_removed_is_let_go_of(void)
{
	open_dir("removed");
	append("1.log", "old\n");
	begin("*.log", NULL);
	saw("");
	append("1.log", "a\n");
	ok_r(unlink(path_of("1.log")));
	saw("a|");
	str_eq(pglog_tail_path(tail), "");
	append("2.log", "b\n");
	saw("b|");
	pglog_tail_free(tail);
}

static void a_file_that_was_emptied_is_read_from_its_start(void)
{
	open_dir("emptied");
	append("a.log", "a long line of before\n");
	begin("a.log", NULL);
	saw("");
	ok_r(truncate(path_of("a.log"), 0));
	append("a.log", "new\n");
	saw("new|");
	pglog_tail_free(tail);
}

static void also_if_it_is_longer_than_before_by_now(void)
{
	open_dir("longer");
	append("a.log", "old\n");
	begin("a.log", NULL);
	saw("");
	append("a.log", "a\n");
	saw("a|");
	ok_r(truncate(path_of("a.log"), 0));
	append("a.log", "quite another line\nb\n");
	saw("quite another line|b|");
	ok_r(truncate(path_of("a.log"), 0));
	append("a.log", "and once more, longer than ever before\nc\n");
	restart("a.log");
	saw("and once more, longer than ever before|c|");
	pglog_tail_free(tail);
}

static void what_is_too_much_is_passed_over_and_counted(void)
{
	FILE *f;
	uint64_t skipped, len = 0;
	const char *lines = NULL;

	open_dir("much");
	append("a.log", "old\n");
	begin("a.log", NULL);
	saw("");
	f = fopen(path_of("a.log"), "ae");
	ok(f != NULL);
	for (unsigned i = 0; f && len <= PGLOG_BEHIND_MAX; i++)
		len += (uint64_t)fprintf(f, "%0100u\n", i);
	ok(f && fclose(f) == 0);
	touch("a.log");
	for (;;) {
		enum pglog_ahead ahead;
		struct pgtext t;
		size_t n, whole;

		if (pglog_tail_read(tail, &t, &n, &ahead) < 0 || n == 0)
			break;
		if (!lines)
			eq(t.p[0], '0');
		lines = t.p;
		whole = t.len - t.len % 101;
		len -= whole;
		ok(whole == 0 || t.p[whole - 1] == '\n');
		pglog_tail_took(tail, whole);
	}
	skipped = pglog_tail_skipped(tail);
	eq(skipped, len);
	ok(skipped >= PGLOG_BEHIND_MAX - PGLOG_BEHIND_KEPT);
	append("a.log", "on\n");
	saw("on|");
	pglog_tail_free(tail);
}

static void of_a_line_without_an_end_its_start_is_kept(void)
{
	enum pglog_ahead ahead;
	struct pgtext t;
	FILE *f;
	size_t n;

	open_dir("line");
	append("a.log", "old\n");
	begin("a.log", NULL);
	saw("");
	f = fopen(path_of("a.log"), "ae");
	ok(f != NULL);
	for (unsigned i = 0; f && i < 3 * PGLOG_WINDOW; i++)
		putc('x', f);
	ok(f && fputs("\nnext\n", f) >= 0 && fclose(f) == 0);
	touch("a.log");
	eq(pglog_tail_read(tail, &t, &n, &ahead), 0);
	eq(n, PGLOG_WINDOW);
	eq(ahead, PGLOG_MORE);
	eq(pglog_tail_read(tail, &t, &n, &ahead), 0);
	eq(ahead, PGLOG_END);
	pglog_tail_took(tail, t.len);
	saw("next|");
	ok(pglog_tail_skipped(tail) >= 2 * PGLOG_WINDOW);
	pglog_tail_free(tail);
}

static void where_nothing_is_it_says_so_and_goes_on_later(void)
{
	open_dir("nothing");
	begin("a.log", NULL);
	eq(follow(), -ENOENT);
	append("a.log", "old\n");
	eq(follow(), -ENODATA);
	append("a.log", "new\n");
	saw("new|");
	pglog_tail_free(tail);
}

/* As append does, in a directory that it is new in. */
static void make(const char *name, const char *text)
{
	append(name, text);
	touch(".");
}

static void where_many_files_lie_new_ones_are_found_at_once_and_old_ones_in_a_while(void)
{
	char name[32];

	open_dir("many");
	for (unsigned i = 0; i < 200; i++) {
		snprintf(name, sizeof name, "%03u.log", i);
		make(name, "old\n");
	}
	begin("*.log", NULL);
	saw("");
	append("199.log", "a\n");
	saw("a|");
	append("000.log", "b\n");
	saw("");
	passed_s += 60;
	saw("old|b|");
	make("200.log", "c\n");
	make("201.log", "d\n");
	saw("c|d|");
	make("202.log", "");
	saw("");
	append("202.log", "e\n");
	saw("e|");
	append("150.log", "f\n");
	saw("old|f|");
	pglog_tail_free(tail);
}

int main(void)
{
	RUN(the_first_time_it_begins_at_the_end);
	RUN(a_torn_line_waits);
	RUN(a_line_that_was_torn_when_it_began_is_not_taken_for_a_whole_one);
	RUN(files_with_new_names_come_one_after_the_other);
	RUN(what_is_written_to_a_file_that_was_left_is_read_once);
	RUN(an_empty_new_file_does_not_end_the_old_one);
	RUN(a_file_that_was_renamed_while_it_was_not_read_is_read_to_its_end);
	RUN(after_a_file_that_is_gone_the_newer_ones_are_read);
	RUN(a_file_that_is_removed_is_let_go_of);
	RUN(a_file_that_was_emptied_is_read_from_its_start);
	RUN(also_if_it_is_longer_than_before_by_now);
	RUN(what_is_too_much_is_passed_over_and_counted);
	RUN(of_a_line_without_an_end_its_start_is_kept);
	RUN(where_nothing_is_it_says_so_and_goes_on_later);
	RUN(where_many_files_lie_new_ones_are_found_at_once_and_old_ones_in_a_while);
	return tap_done();
}
