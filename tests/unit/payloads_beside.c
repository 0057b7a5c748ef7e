/* payloads_beside.c -- another process reads while one puts, tidies, and begins anew */
#include "tests/unit/payloads.h"

#include <signal.h>
#include <sys/wait.h>

enum {
	ROUNDS = 3000,
	TOGETHER = 3,  /* keys that each batch puts */
	STANDING = 50, /* keys that were put before, and once */
	SYNC_EVERY = 30,
	TIDY_EVERY = 100,
	OPEN_EVERY = 1000,
	VALUE_LEN = 2000,
	WAIT_EVERY = 100,
};

static struct payloads *open_it(int fd)
{
	const struct payloads_options o = {
	    .sync = SYNC_FDATASYNC, .segment_size = 1 << 20, .snapshot_every = 300000, .keep_versions = 1, .boot = 1};
	struct payloads *p = NULL;

	return payloads_open(fd, 7, &o, &p) < 0 ? NULL : p;
}

static void value_of(char *p, uint64_t round)
{
	int n = snprintf(p, VALUE_LEN + 1, "%llu:", (unsigned long long)round);

	memset(p + n, 'a' + (int)(round % 26), (size_t)(VALUE_LEN - n));
}

static int put_round(struct payloads *p, uint64_t round)
{
	char value[VALUE_LEN + 1];
	struct payload_put puts[TOGETHER];

	value_of(value, round);
	for (unsigned i = 0; i < TOGETHER; i++)
		puts[i] = (struct payload_put){.key = numbered(i), .value = span_of(value, VALUE_LEN), .raw = true};
	return payloads_put(p, puts, TOGETHER, (int64_t)round, NULL, NULL, NULL);
}

/* Now and then waits for the reader to have seen something new, unless it has gone. */
static int put_all(int fd, int looks)
{
	struct payloads *p = open_it(fd);
	char c;

	for (uint64_t round = 2; p && round <= ROUNDS; round++) {
		int r = put_round(p, round);

		if (r == 0 && round % SYNC_EVERY == 0)
			r = payloads_sync(p);
		if (r == 0 && round % TIDY_EVERY == 0)
			r = payloads_tidy(p, (int64_t)round, 1000, NULL);
		if (r < 0)
			return 1;
		if (round % WAIT_EVERY == 0)
			(void)!read(looks, &c, 1);
		if (round % OPEN_EVERY != 0)
			continue;
		if (payloads_close(p) < 0)
			return 1;
		p = open_it(fd);
	}
	return !p || payloads_close(p) < 0;
}

/* The round that a key's value is of; 0: it has none, or a wrong one. */
static uint64_t round_of(struct payloads *p, unsigned key, struct buf *room)
{
	struct payload_key k = numbered(key);
	char expected[VALUE_LEN + 1];
	struct payload found;
	uint64_t round;

	if (payloads_get(p, &k, INT64_MAX, room, &found) < 0 || span_left(&found.value) != VALUE_LEN)
		return 0;
	round = strtoull((const char *)found.value.p, NULL, 10);
	value_of(expected, round);
	return found.time_ms == (int64_t)round && memcmp(found.value.p, expected, VALUE_LEN) == 0 ? round : 0;
}

/* A batch is seen as a whole, and what was seen once stays. Ret: the round. */
static uint64_t look(struct payloads *p, uint64_t before, struct buf *room)
{
	for (unsigned i = 0; i < TOGETHER; i++) {
		uint64_t round = round_of(p, i, room);

		if (!ok(round >= before))
			return 0;
		before = round;
	}
	return before;
}

static unsigned n_listed(struct payloads *p, struct buf *room)
{
	struct payload found;
	uint64_t cookie = 0;
	unsigned n = 0;

	while (payloads_next(p, cookie, PAYLOADS_VALUES, room, &found, NULL, &cookie) == 0)
		n++;
	return n;
}

/* What it was one round before, if that is kept yet. */
static void look_back(struct payloads *p, uint64_t round, struct buf *room)
{
	struct payload_key k = numbered(0);
	struct payload found;
	int r = payloads_get(p, &k, (int64_t)round - 1, room, &found);

	ok(r == -ENOENT || (r == 0 && found.time_ms == (int64_t)round - 1));
}

static void another_process_sees_whole_batches_in_order_whatever_the_writer_does(void)
{
	struct buf room = {0};
	int fd = new_store(), status = 0;
	uint64_t round = 1, n_seen = 0;
	int looks[2];
	struct payloads *p = open_it(fd), *rd = NULL;
	pid_t pid;

	fill(p, 1000, 1000 + STANDING, "a", 1);
	ok_r(put_round(p, 1));
	ok_r(payloads_close(p));
	ok_r(payloads_open_read(fd, &rd));
	ok_r(pipe2(looks, O_CLOEXEC));
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		close(looks[1]);
		_exit(put_all(fd, looks[0]));
	}
	ok(pid > 0);
	close(looks[0]);
	while (round < ROUNDS) {
		uint64_t seen;

		if (!ok_r(payloads_refresh(rd)))
			break;
		seen = look(rd, round, &room);
		if (seen == 0 || !ok(n_listed(rd, &room) == TOGETHER + STANDING))
			break;
		look_back(rd, seen, &room);
		/* For each that is new a byte; the writer has ended if nobody can read it. */
		if (seen != round && (n_seen++, write(looks[1], "", 1) < 0))
			break;
		round = seen;
	}
	close(looks[1]);
	ok(waitpid(pid, &status, 0) == pid);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	ok_r(payloads_refresh(rd));
	eq(look(rd, round, &room), ROUNDS);
	eq(n_wrong(rd, 1000, 1000 + STANDING, "a"), 0);
	ok(n_seen >= ROUNDS / WAIT_EVERY);
	eq(n_problems(fd), 0);
	buf_done(&room);
	ok_r(payloads_close(rd));
	io_close(fd);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	RUN(another_process_sees_whole_batches_in_order_whatever_the_writer_does);
	return tap_done();
}
