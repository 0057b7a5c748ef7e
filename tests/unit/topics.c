/* topics.c -- tests of the topics of a store: names, the registry, many of them */
#include "tests/topic_rig.h"

#include <dirent.h>

static const struct topic_options usual = {.sync = SYNC_FDATASYNC};

static void begin(struct rig *g)
{
	static const char *dir;
	char path[4200];
	static unsigned n;

	if (!dir)
		dir = tap_tmpdir();
	snprintf(path, sizeof path, "%s/store%u", dir, n++);
	*g = (struct rig){.fd = io_opendir(AT_FDCWD, path, true), .boot = 1};
	ok(g->fd >= 0);
	ok_r(rig_open(g));
}

static void end(struct rig *g)
{
	ok_r(topics_close(g->topics));
	close(g->fd);
}

static void again(struct rig *g)
{
	ok_r(topics_close(g->topics));
	ok_r(rig_open(g));
}

static void names_that_could_be_a_path_or_break_a_line_are_refused(void)
{
	static const char *const bad[] = {"", ".", "..", "../x", "a/b", "/", "a\nb", "a b", "a\tb", "\xc3\xa4",
	    "x.since", ".since", "a\x01", "~", "*"};
	static const char *const good[] = {"a", "orders", "A-Z_0.9", "...", ".x", "since", "x.since2", "names2"};
	char longest[TOPIC_NAME_MAX + 2];
	struct topic *t;
	struct rig g;

	begin(&g);
	for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
		ok(!topic_name_valid(bad[i], strlen(bad[i])));
		eq(topics_create(g.topics, bad[i], 1, &t), -EINVAL);
		eq(topics_find(g.topics, bad[i], &t), -ENOENT);
	}
	ok(!topic_name_valid("a\0b", 3));
	for (size_t i = 0; i < N_ELEMENTS(good); i++)
		ok(topic_name_valid(good[i], strlen(good[i])));
	memset(longest, 'x', sizeof longest);
	ok(topic_name_valid(longest, TOPIC_NAME_MAX));
	ok(!topic_name_valid(longest, TOPIC_NAME_MAX + 1));
	end(&g);
}

static void a_topic_may_not_have_the_name_of_a_file_beside_it(void)
{
	static const char *const v[] = {"v"};
	struct partition *p = NULL;
	struct topic *t = NULL;
	uint64_t off;
	struct rig g;

	begin(&g);
	ok_r(topics_create(g.topics, "x.log", 1, &t));
	ok_r(topic_partition(t, 0, &p));
	ok_r(rig_append(p, NULL, v, 1, &off));
	eq(topics_create(g.topics, TOPIC_NAMES_FILE, 1, &t), -EINVAL);
	eq(topics_create(g.topics, "followed", 1, &t), -EINVAL);
	end(&g);
}

static void topics_are_there_after_a_restart_and_may_get_more_partitions(void)
{
	struct partition *p;
	struct topic *t = NULL;
	struct rig g;

	begin(&g);
	ok_r(topics_create(g.topics, "a", 3, &t));
	ok_r(topics_create(g.topics, "b", 1, &t));
	ok_r(topics_create(g.topics, "a", 2, &t)); /* it has as many */
	eq(topic_n_partitions(t), 3);
	again(&g);
	ok_r(topics_find(g.topics, "a", &t));
	eq(topic_n_partitions(t), 3);
	ok_r(topics_create(g.topics, "a", 5, &t));
	eq(topic_n_partitions(t), 5);
	again(&g);
	ok_r(topics_find(g.topics, "a", &t));
	eq(topic_n_partitions(t), 5);
	ok_r(topic_partition(t, 4, &p));
	eq(topic_partition(t, 5, &p), -ENOENT);
	eq(topics_create(g.topics, "a", PARTITIONS_MAX + 1, &t), -EMSGSIZE);
	eq(topics_create(g.topics, "a", 0, &t), -EINVAL);
	end(&g);
}

/* Numbers that partitions have. */
static uint32_t number_of(struct rig *g, const char *topic)
{
	_cleanup_(cleanup_log_reader) struct log_reader *lr = NULL;
	int fd = rig_dir(g, topic);
	uint32_t number = 0;

	if (ok(fd >= 0) && ok_r(log_reader_open(fd, "00000000000000000000.log", KIND_SEGMENT, &lr)))
		number = (uint32_t)log_reader_id(lr)->hour;
	if (fd >= 0)
		close(fd);
	return number;
}

static void poke(struct rig *g, const char *file, uint64_t off)
{
	char path[64];
	uint8_t c = 0;
	int fd;

	snprintf(path, sizeof path, TOPICS_DIR "/%s", file);
	fd = openat(g->fd, path, O_RDWR | O_CLOEXEC);
	eq(pread(fd, &c, 1, (off_t)off), 1);
	c ^= 0x40;
	eq(pwrite(fd, &c, 1, (off_t)off), 1);
	close(fd);
}

static void fill(struct rig *g)
{
	static const char *const v[] = {"v"};
	static const char *const names[] = {"a", "b", "c"};

	for (size_t i = 0; i < N_ELEMENTS(names); i++) {
		struct partition *p = NULL;
		uint64_t off;

		if (ok_r(rig_partition(g, names[i], &usual, &p)))
			ok_r(rig_append(p, NULL, v, 1, &off));
	}
}

static void all_are_as_before(struct rig *g, const uint32_t numbers[3])
{
	static const char *const names[] = {"a", "b", "c"};

	for (size_t i = 0; i < N_ELEMENTS(names); i++) {
		struct partition_state s;
		struct partition *p = NULL;
		struct topic *t = NULL;

		if (!ok_r(topics_find(g->topics, names[i], &t)) || !ok_r(topic_partition(t, 0, &p)))
			continue;
		partition_state(p, &s);
		eq(s.next_offset, 1);
		eq(number_of(g, names[i]), numbers[i]);
	}
}

static void a_registry_that_is_lost_or_damaged_comes_back_from_the_segments(void)
{
	for (unsigned what = 0; what < 3; what++) {
		uint32_t numbers[3];
		struct rig g;

		begin(&g);
		fill(&g);
		ok_r(topics_close(g.topics));
		numbers[0] = number_of(&g, "a");
		numbers[1] = number_of(&g, "b");
		numbers[2] = number_of(&g, "c");
		ok(numbers[0] != numbers[1] && numbers[1] != numbers[2] && numbers[0] > 0);
		if (what == 0)
			eq(unlinkat(g.fd, TOPICS_DIR "/" TOPIC_NAMES_FILE, 0), 0);
		else
			poke(&g, TOPIC_NAMES_FILE, what == 1 ? 70 : 30); /* a frame; the header */
		ok_r(rig_open(&g));
		all_are_as_before(&g, numbers);
		again(&g);
		all_are_as_before(&g, numbers);
		end(&g);
	}
}

static void the_numbers_of_partitions_are_each_given_once(void)
{
	static bool taken[PARTITION_NUMBER_MAX];
	_cleanup_(cleanup_topic_names) struct topic_names *names = NULL;
	bool twice = false;
	int r = 0;

	ok_r(topic_names_new(&names));
	for (unsigned i = 0; r == 0; i++) {
		_cleanup_(buf_done) struct buf payload = {0};
		uint32_t number, n = 1 + i * 7 % 300;
		char name[16];

		r = topic_names_free_number(names, n, &number);
		if (r < 0)
			break;
		for (uint32_t k = number; k < number + n; k++) {
			twice = twice || taken[k];
			taken[k] = true;
		}
		topic_names_put(&payload, number, n, name, (size_t)snprintf(name, sizeof name, "t%u", i));
		ok_r(topic_names_add(names, span_of(payload.p, payload.len)));
	}
	eq(r, -ENOSPC);
	ok(!twice);
	ok(topic_names_count(names) > 1000);
}

static void partitions_are_found_by_their_numbers(void)
{
	_cleanup_(cleanup_topic_names) struct topic_names *names = NULL;
	_cleanup_(buf_done) struct buf payload = {0};

	ok_r(topic_names_new(&names));
	topic_names_put(&payload, 10, 5, "x", 1);
	ok_r(topic_names_add(names, span_of(payload.p, payload.len)));
	ok(!topic_names_partition(names, 9) && !topic_names_partition(names, 15));
	ok(topic_names_partition(names, 10) && topic_names_partition(names, 14));
	ok(topic_names_next(names, 10) && !topic_names_next(names, 11));
	buf_clear(&payload);
	topic_names_put(&payload, 12, 1, "y", 1);
	eq(topic_names_add(names, span_of(payload.p, payload.len)), -EEXIST);
	buf_clear(&payload);
	topic_names_put(&payload, 8, 3, "y", 1);
	eq(topic_names_add(names, span_of(payload.p, payload.len)), -EEXIST);
	buf_clear(&payload);
	topic_names_put(&payload, 8, 2, "../y", 4);
	eq(topic_names_add(names, span_of(payload.p, payload.len)), -EBADMSG);
	eq(topic_names_add(names, span_of("\x80", 1)), -EBADMSG);
}

static unsigned open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

/* Messages go to each in turn, so that every one is opened again and again. */
static void a_thousand_topics_that_are_written_in_turn_take_a_hundred_files(void)
{
	enum { TOPICS = 1000, ROUNDS = 3 };
	static const struct topic_options no_sync = {.sync = SYNC_NONE};
	static const char *const v[] = {"v"};
	struct partition *p[TOPICS] = {0};
	unsigned before = open_files(), most = 0;
	struct rig g;
	uint64_t off;

	begin(&g);
	for (unsigned i = 0; i < TOPICS; i++) {
		char name[16];

		snprintf(name, sizeof name, "t%u", i);
		if (rig_partition(&g, name, &no_sync, &p[i]) < 0)
			break;
	}
	ok(p[TOPICS - 1] != NULL);
	for (unsigned round = 0; round < ROUNDS && p[TOPICS - 1]; round++)
		for (unsigned i = 0; i < TOPICS; i++) {
			off = 77;
			if (rig_append(p[i], NULL, v, 1, &off) < 0 || off != round)
				ok(false);
			if (i % 100 == 0 && open_files() - before > most)
				most = open_files() - before;
		}
	ok(most > 0 && most <= 100);
	end(&g);
}

int main(void)
{
	RUN(names_that_could_be_a_path_or_break_a_line_are_refused);
	RUN(a_topic_may_not_have_the_name_of_a_file_beside_it);
	RUN(topics_are_there_after_a_restart_and_may_get_more_partitions);
	RUN(a_registry_that_is_lost_or_damaged_comes_back_from_the_segments);
	RUN(the_numbers_of_partitions_are_each_given_once);
	RUN(partitions_are_found_by_their_numbers);
	RUN(a_thousand_topics_that_are_written_in_turn_take_a_hundred_files);
	return tap_done();
}
