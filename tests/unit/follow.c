/* follow.c -- tests of following files into topics (collector/follow.c, follower.c, tail.c, store/followed.c): nothing
 * is lost and nothing comes twice
 *
 * The linker puts an openat64 in the place of the real one that hangs, or fails, for one name while it is told to.
 */
#include "collector/follow.h"
#include "store/followed.h"
#include "store/topic_reader.h"
#include "tests/unit/served.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <time.h>

static struct served served;
static struct follow *follow;
static char dir[48], log_path[64];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool is_dead;   /* what is called "dead" hangs */
static int error_then; /* and fails so when it is let go */
static unsigned n_hanging;

int __wrap_openat64(int dirfd, const char *path, int flags, ...);
int __real_openat64(int dirfd, const char *path, int flags, ...);

int __wrap_openat64(int dirfd, const char *path, int flags, ...)
{
	const char *slash = strrchr(path, '/');
	bool failed = false;
	mode_t mode;
	va_list ap;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	if (strcmp(slash ? slash + 1 : path, "dead") == 0) {
		pthread_mutex_lock(&lock);
		n_hanging++;
		pthread_cond_broadcast(&changed);
		while (is_dead)
			pthread_cond_wait(&changed, &lock);
		n_hanging--;
		failed = error_then != 0;
		if (failed)
			errno = error_then;
		pthread_mutex_unlock(&lock);
	}
	return failed ? -1 : __real_openat64(dirfd, path, flags, mode);
}

/* Waits until somebody hangs; returns how many. */
static unsigned hanging(void)
{
	unsigned n;

	pthread_mutex_lock(&lock);
	while (n_hanging == 0)
		pthread_cond_wait(&changed, &lock);
	n = n_hanging;
	pthread_mutex_unlock(&lock);
	return n;
}

static void hang(bool dead, int error)
{
	pthread_mutex_lock(&lock);
	is_dead = dead;
	error_then = error;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

/* @: the directory of the files. */
static const char one_file[] = "[topic.log]\nfollow = @/log\n";

static bool start(const char *config)
{
	char text[512];
	size_t n = 0;

	for (; *config && n + sizeof dir < sizeof text; config++) {
		if (*config == '@')
			n += (size_t)snprintf(text + n, sizeof dir, "%s", dir);
		else
			text[n++] = *config;
	}
	text[n] = '\0';
	return served_begin(&served, dir, text) && ok_r(follow_start(served.server, recorder_dirfd(served.rec),
	                                               recorder_store_id(served.rec), served.config, &follow));
}

static bool begin(const char *config)
{
	snprintf(dir, sizeof dir, "%s", tap_tmpdir());
	snprintf(log_path, sizeof log_path, "%s/log", dir);
	return start(config);
}

static void stop(void)
{
	if (follow)
		follow_stop(follow);
	follow = NULL;
	served_end(&served);
}

static void put(const char *path, int flags, const char *s, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | flags, 0644);

	ok(fd >= 0 && write(fd, s, len) == (ssize_t)len);
	close(fd);
}

static void append(const char *s)
{
	put(log_path, O_APPEND, s, strlen(s));
}

/* All values of a partition, each with '|' behind it, once there are n messages. */
static const char *values(uint32_t partition, uint64_t n)
{
	static char all[8192];
	const struct timespec pause = {0, 5000000};
	struct histfs *h;
	uint64_t next = 0;

	all[0] = '\0';
	if (!ok_r(histfs_open(served.socket, &h)))
		return all;
	for (int i = 0; i < 12000 && next < n; i++) {
		const struct histfs_message *m;
		size_t got;
		int r = histfs_fetch(h, "log", partition, next, 1 << 20, &m, &got, &next);

		for (size_t k = 0; r == 0 && k < got; k++)
			snprintf(all + strlen(all), sizeof all - strlen(all), "%.*s|", (int)m[k].value_len,
			    (const char *)m[k].value);
		if (next < n)
			nanosleep(&pause, NULL);
	}
	histfs_close(h);
	return all;
}

static void lines_become_messages_and_the_torn_last_one_waits(void)
{
	if (begin(one_file)) {
		append("one\n\ntwo\nthr");
		str_eq(values(0, 3), "one||two|");
		append("ee\n\xff\r\n");
		str_eq(values(0, 5), "one||two|three|\xff\r|");
	}
	stop();
}

static void a_file_that_is_not_there_is_waited_for(void)
{
	if (begin("[topic.log]\nfollow = @/nowhere/log\nfollow = @/log\n")) {
		char path[80];

		append("here\n");
		str_eq(values(1, 1), "here|");
		snprintf(path, sizeof path, "%s/nowhere", dir);
		ok(mkdir(path, 0755) == 0);
		snprintf(path, sizeof path, "%s/nowhere/log", dir);
		put(path, 0, "late\n", 5);
		str_eq(values(0, 1), "late|");
	}
	stop();
}

static int64_t monotonic_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

/* Who has the file open may still write, for a second: false if that was over before all was written. */
static bool rename_and_write(void)
{
	int64_t begun_ms;
	bool in_time = true;
	char old[80];

	if (begin(one_file)) {
		append("a\n");
		str_eq(values(0, 1), "a|");
		snprintf(old, sizeof old, "%s.1", log_path);
		ok(rename(log_path, old) == 0);
		put(old, O_APPEND, "b\n", 2);
		begun_ms = monotonic_ms();
		append("d\n");
		put(old, O_APPEND, "c\nno end", 8);
		in_time = monotonic_ms() - begun_ms < 1000;
		if (in_time)
			str_eq(values(0, 5), "a|b|c|no end|d|");
	}
	stop();
	return in_time;
}

static void a_file_that_is_renamed_is_read_to_its_end_and_then_the_next(void)
{
	bool in_time = false;

	for (int i = 0; i < 20 && !in_time; i++)
		in_time = rename_and_write();
	ok(in_time);
}

static void a_file_that_is_cut_is_read_anew_and_what_its_copy_has_is_not_lost(void)
{
	char copy[80];

	if (begin(one_file)) {
		append("first line\n");
		str_eq(values(0, 1), "first line|");
		stop();
		/* As copytruncate does, with lines that nobody has read yet. */
		append("second line\n");
		snprintf(copy, sizeof copy, "%s.1", log_path);
		put(copy, 0, "first line\nsecond line\n", 23);
		put(log_path, O_TRUNC, "third line, longer than what was there before\n", 46);
		if (start(one_file))
			str_eq(values(0, 3), "first line|second line|third line, longer than what was there before|");
		put(log_path, O_TRUNC, "4\n", 2);
		str_eq(values(0, 4), "first line|second line|third line, longer than what was there before|4|");
	}
	stop();
}

static void what_was_rotated_while_nobody_looked_is_found_under_its_new_names(void)
{
	char one[80], two[80];

	if (begin(one_file)) {
		append("a\n");
		str_eq(values(0, 1), "a|");
		stop();
		append("b\n");
		snprintf(one, sizeof one, "%s.1", log_path);
		snprintf(two, sizeof two, "%s.2", log_path);
		ok(rename(log_path, two) == 0);
		put(one, 0, "c\n", 2);
		/* In this order they were written last. */
		ok(utimensat(AT_FDCWD, two, (struct timespec[]){{100, 0}, {100, 0}}, 0) == 0);
		ok(utimensat(AT_FDCWD, one, (struct timespec[]){{200, 0}, {200, 0}}, 0) == 0);
		append("d\n");
		if (start(one_file))
			str_eq(values(0, 4), "a|b|c|d|");
	}
	stop();
}

static void it_goes_on_where_it_was_and_reads_nothing_twice(void)
{
	if (begin(one_file)) {
		append("a\nb\n");
		str_eq(values(0, 2), "a|b|");
		stop();
		append("c\n");
		if (start(one_file)) {
			append("d\n");
			str_eq(values(0, 4), "a|b|c|d|");
		}
	}
	stop();
}

static bool copy_file(const char *from, const char *to)
{
	char bytes[4096];
	int fd = open(from, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);

	if (fd >= 0)
		close(fd);
	if (n > 0)
		put(to, O_TRUNC, bytes, (size_t)n);
	return n > 0;
}

static void what_became_messages_after_the_position_was_stored_is_not_read_twice(void)
{
	char followed[100], kept[80];

	if (begin(one_file)) {
		snprintf(followed, sizeof followed, "%s/store/topics/followed", dir);
		snprintf(kept, sizeof kept, "%s/kept", dir);
		append("same\n");
		str_eq(values(0, 1), "same|");
		/* It was stored before the first line became a message. */
		ok(copy_file(followed, kept));
		append("same\n\nsame\nother\n");
		str_eq(values(0, 5), "same|same||same|other|");
		stop();
		/* As a crash leaves it. */
		ok(copy_file(kept, followed));
		append("same\n");
		if (start(one_file))
			str_eq(values(0, 6), "same|same||same|other|same|");
		append("end\n");
		str_eq(values(0, 7), "same|same||same|other|same|end|");
	}
	stop();
}

static void lines_that_are_too_long_come_in_pieces(void)
{
	static char line[2600];
	char want[4000];

	memset(line, 'x', sizeof line);
	line[1023] = 'a';
	line[1024] = 'b';
	line[2599] = '\n';
	if (begin("[socket]\nmax_message = 1K\n[topic.log]\nfollow = @/log\n")) {
		put(log_path, O_APPEND, line, sizeof line);
		/* One of just that length is a line like others. */
		put(log_path, O_APPEND, line + 1575, 1025);
		append("z\n");
		snprintf(want, sizeof want, "%.1024s|%.1024s|%.551s|%.1024s|z|", line, line + 1024, line + 2048,
		    line + 1575);
		str_eq(values(0, 5), want);
	}
	stop();
}

static void files_of_a_pattern_have_partitions_of_their_own_and_say_where_they_are_from(void)
{
	char a[80], b[80], want[100];
	const struct histfs_message *m;
	struct histfs *h;
	uint64_t next;
	size_t n;

	if (begin("[topic.log]\nfollow = @/*.log\n")) {
		snprintf(a, sizeof a, "%s/a.log", dir);
		snprintf(b, sizeof b, "%s/b.log", dir);
		put(a, 0, "of a\n", 5);
		str_eq(values(0, 1), "of a|");
		put(b, 0, "of b\n", 5);
		str_eq(values(1, 1), "of b|");
		if (ok_r(histfs_open(served.socket, &h))) {
			ok_r(histfs_fetch(h, "log", 1, 0, 1000, &m, &n, &next));
			snprintf(want, sizeof want, "file=%s", b);
			if (ok(n == 1) && ok(m[0].n_headers == 1)) {
				char got[100];

				snprintf(got, sizeof got, "%.*s=%.*s", (int)m[0].headers[0].name_len,
				    m[0].headers[0].name, (int)m[0].headers[0].value_len,
				    (const char *)m[0].headers[0].value);
				str_eq(got, want);
			}
			/* Nobody else puts anything there. */
			eq(histfs_produce(h, "log", 0, &(struct histfs_message){.value = "x", .value_len = 1}, 1,
			       HISTFS_WRITTEN, NULL),
			    -EPERM);
			histfs_close(h);
		}
		stop();
		/* They keep them, whatever comes before. */
		snprintf(a, sizeof a, "%s/0.log", dir);
		put(a, 0, "of 0\n", 5);
		put(b, O_APPEND, "more\n", 5);
		if (start("[topic.log]\nfollow = @/*.log\n")) {
			str_eq(values(2, 1), "of 0|");
			str_eq(values(1, 2), "of b|more|");
		}
	}
	stop();
}

static void a_configuration_that_names_other_files_is_followed(void)
{
	struct config *next;
	char other[80], text[200];

	if (begin("[topics]\n")) {
		snprintf(other, sizeof other, "%s/other", dir);
		put(other, 0, "x\n", 2);
		snprintf(text, sizeof text, "[topic.log]\nfollow = %s\n", other);
		next = served_config(dir, text);
		if (ok(next)) {
			server_configure(served.server, next);
			follow_configure(follow, next);
			config_put(next);
			str_eq(values(0, 1), "x|");
		}
	}
	stop();
}

/* Its messages, with what the others of its topic got meanwhile. */
static const char dead_and_log[] = "[topic.log]\nfollow = @/dead\nfollow = @/log\n";

static void a_file_that_hangs_holds_up_no_other_and_none_of_its_lines_is_lost_or_comes_twice(void)
{
	char dead[80];

	if (begin(dead_and_log)) {
		snprintf(dead, sizeof dead, "%s/dead", dir);
		put(dead, 0, "d\n", 2);
		append("a\n");
		str_eq(values(0, 1), "d|");
		str_eq(values(1, 1), "a|");
		stop();
		hang(true, 0);
		put(dead, O_APPEND, "e\n", 2);
		if (start(dead_and_log)) {
			append("b\n");
			str_eq(values(1, 2), "a|b|");
			str_eq(values(0, 1), "d|");
			append("c\n");
			str_eq(values(1, 3), "a|b|c|");
			eq(hanging(), 1);
			hang(false, 0);
			str_eq(values(0, 2), "d|e|");
			append("d\n");
			put(dead, O_APPEND, "f\n", 2);
			str_eq(values(1, 4), "a|b|c|d|");
			str_eq(values(0, 3), "d|e|f|");
		}
	}
	hang(false, 0);
	stop();
}

/* As of a mount whose server is gone, or that is not there yet. */
static void a_file_that_cannot_be_opened_or_is_not_there_is_gone_on_with_later(void)
{
	char dead[80], away[80];

	if (begin(dead_and_log)) {
		snprintf(dead, sizeof dead, "%s/dead", dir);
		snprintf(away, sizeof away, "%s/away", dir);
		put(dead, 0, "d\n", 2);
		append("a\n");
		str_eq(values(0, 1), "d|");
		str_eq(values(1, 1), "a|");
		stop();
		hang(false, EIO);
		if (start(dead_and_log)) {
			append("b\n");
			/* Its turn comes before the other's. */
			str_eq(values(1, 2), "a|b|");
			ok(rename(dead, away) == 0);
			hang(false, 0);
			append("c\n");
			str_eq(values(1, 3), "a|b|c|");
			put(away, O_APPEND, "e\n", 2);
			ok(rename(away, dead) == 0);
			str_eq(values(0, 2), "d|e|");
		}
	}
	hang(false, 0);
	stop();
}

/* One line was read; then files of that name in the directory of topics are damaged. */
static bool damage(const char *const names[])
{
	char path[110];

	if (!begin(one_file))
		return false;
	append("a\n");
	str_eq(values(0, 1), "a|");
	stop();
	for (; *names; names++) {
		snprintf(path, sizeof path, "%s/store/topics/%s", dir, *names);
		put(path, 0, "\xff", 1);
	}
	if (!start(one_file))
		return false;
	append("b\n");
	return true;
}

static void positions_that_are_damaged_are_those_of_their_copy(void)
{
	static const char *const names[] = {FOLLOWED_FILE, NULL};
	struct followed *all;
	size_t n;
	int fd;

	if (damage(names)) {
		str_eq(values(0, 2), "a|b|");
		stop();
		fd = open(served.dir, O_PATH);
		eq(followed_load(fd, &all, &n), 0);
		if (eq(n, 1))
			eq(all[0].offset, 2);
		for (size_t i = 0; i < n; i++)
			followed_done(&all[i]);
		free(all);
		close(fd);
	}
	stop();
}

static void on_problem(const char *file, uint64_t off, const char *what, void *arg)
{
	(void)off, (void)what;
	snprintf(arg, 110, "%s", file);
}

static void lines_come_twice_rather_than_never_when_their_copy_is_damaged_too(void)
{
	static const char *const names[] = {FOLLOWED_FILE, FOLLOWED_COPY, NULL};
	struct topic_store *store;
	char path[110];

	if (damage(names)) {
		str_eq(values(0, 3), "a|a|b|");
		snprintf(path, sizeof path, "%s/topics/" FOLLOWED_DAMAGED, served.dir);
		ok(access(path, F_OK) == 0);
		path[0] = '\0';
		if (ok_r(topic_store_open(served.dir, 0, &store))) {
			topic_store_problems(store, on_problem, path);
			topic_store_close(store);
		}
		str_eq(path, "topics/" FOLLOWED_DAMAGED);
	}
	stop();
}

int main(void)
{
	RUN(lines_become_messages_and_the_torn_last_one_waits);
	RUN(a_file_that_is_not_there_is_waited_for);
	RUN(a_file_that_is_renamed_is_read_to_its_end_and_then_the_next);
	RUN(a_file_that_is_cut_is_read_anew_and_what_its_copy_has_is_not_lost);
	RUN(what_was_rotated_while_nobody_looked_is_found_under_its_new_names);
	RUN(it_goes_on_where_it_was_and_reads_nothing_twice);
	RUN(what_became_messages_after_the_position_was_stored_is_not_read_twice);
	RUN(lines_that_are_too_long_come_in_pieces);
	RUN(files_of_a_pattern_have_partitions_of_their_own_and_say_where_they_are_from);
	RUN(a_configuration_that_names_other_files_is_followed);
	RUN(a_file_that_hangs_holds_up_no_other_and_none_of_its_lines_is_lost_or_comes_twice);
	RUN(a_file_that_cannot_be_opened_or_is_not_there_is_gone_on_with_later);
	RUN(positions_that_are_damaged_are_those_of_their_copy);
	RUN(lines_come_twice_rather_than_never_when_their_copy_is_damaged_too);
	return tap_done();
}
