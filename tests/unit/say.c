/* say.c -- tests of collector/say.c with a reader of standard error who stops reading */
#include "collector/say.h"
#include "store/cleanup.h"
#include "tests/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

enum { MANY = 500 };

static int saved; /* the real standard error */
static int from;  /* where what is said can be read */

/* Standard error becomes a pipe; full: with nothing said yet it takes nothing more. */
static bool pipe_up(bool full)
{
	int fds[2];
	char block[4096] = {0};

	if (!ok_r(pipe(fds)))
		return false;
	saved = dup(STDERR_FILENO);
	from = fds[0];
	if (full) {
		fcntl(fds[1], F_SETFL, O_NONBLOCK);
		while (write(fds[1], block, sizeof block) > 0)
			;
		fcntl(fds[1], F_SETFL, 0);
	}
	ok_r(dup2(fds[1], STDERR_FILENO));
	close(fds[1]);
	return true;
}

/* Puts standard error back; all that was said. */
static char *pipe_down(void)
{
	static char text[1 << 20];
	char block[4096];
	size_t len = 0;
	ssize_t n;

	dup2(saved, STDERR_FILENO);
	close(saved);
	while ((n = read(from, block, sizeof block)) > 0)
		for (ssize_t i = 0; i < n && len < sizeof text - 1; i++)
			if (block[i] != '\0') /* what it was filled with */
				text[len++] = block[i];
	close(from);
	text[len] = '\0';
	return text;
}

static void a_line_is_written_at_once_without_the_thread(void)
{
	if (!pipe_up(false))
		return;
	errno = ENOTTY;
	say("%d of %s", 1, "them");
	eq(errno, ENOTTY);
	str_eq(pipe_down(), "histd: 1 of them\n");
}

static void the_thread_writes_all_before_it_ends(void)
{
	if (!pipe_up(false) || !ok_r(say_start()))
		return;
	say("first");
	say("second");
	say_stop();
	say("third");
	str_eq(pipe_down(), "histd: first\nhistd: second\nhistd: third\n");
}

static void a_line_that_is_too_long_is_cut(void)
{
	char word[3000];
	const char *said;

	memset(word, 'x', sizeof word);
	if (!pipe_up(false))
		return;
	say("%.*s", (int)sizeof word, word);
	said = pipe_down();
	eq(strlen(said), 1024);
	ok(said[1023] == '\n' && strncmp(said, "histd: xxx", 10) == 0);
}

/* Would hang if it waited. */
static void a_reader_who_does_not_read_holds_up_nobody_and_is_told_what_he_missed(void)
{
	char block[4096], *said;
	int flags;

	if (!pipe_up(true) || !ok_r(say_start()))
		return;
	for (int i = 0; i < MANY; i++)
		say("line %d", i);
	/* He reads again. */
	flags = fcntl(from, F_GETFL);
	fcntl(from, F_SETFL, flags | O_NONBLOCK);
	while (read(from, block, sizeof block) > 0)
		;
	fcntl(from, F_SETFL, flags);
	say_stop();
	said = pipe_down();
	ok(strstr(said, "messages could not be written\n"));
	ok(!strstr(said, "line 499\n"));
}

/* For ever: the program ends all the same. */
static void a_reader_who_never_reads_again_does_not_keep_it_from_ending(void)
{
	if (!pipe_up(true) || !ok_r(say_start()))
		return;
	for (int i = 0; i < MANY; i++)
		say("line %d", i);
	say_stop();
	say("nobody hears this");
	ok(true);
	dup2(saved, STDERR_FILENO);
	close(from);
}

int main(void)
{
	RUN(a_line_is_written_at_once_without_the_thread);
	RUN(a_line_that_is_too_long_is_cut);
	RUN(the_thread_writes_all_before_it_ends);
	RUN(a_reader_who_does_not_read_holds_up_nobody_and_is_told_what_he_missed);
	RUN(a_reader_who_never_reads_again_does_not_keep_it_from_ending); /* last: its thread stays */
	return tap_done();
}
