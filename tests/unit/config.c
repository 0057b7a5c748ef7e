/* config.c -- tests of collector/config.c */
#include "collector/config.h"
#include "collector/source.h"
#include "store/format.h"
#include "tests/tap.h"

static const char *path;

/* Loads a file with that text; its error, or "" if there is none, stays in error. */
static char error[CONFIG_ERROR_MAX];
static struct config *load(const char *text)
{
	struct config *c = NULL;
	FILE *f = fopen(path, "w");

	if (!ok(f) || !ok(fputs(text, f) >= 0) || !ok(fclose(f) == 0))
		return NULL;
	if (config_load(path, &c, error) == 0)
		*error = '\0';
	return c;
}

static void is_refused(const char *text, const char *want)
{
	struct config *c = load(text);
	char full[CONFIG_ERROR_MAX];

	snprintf(full, sizeof full, "%s:%s", path, want);
	str_eq(error, full);
	if (!ok(!c))
		config_put(c);
}

static void no_file_means_the_documented_defaults(void)
{
	_cleanup_(cleanup_config) struct config *c = NULL;

	if (!ok_r(config_load(NULL, &c, error)))
		return;
	str_eq(c->store, "/var/lib/histfs");
	eq(c->sync, SYNC_FDATASYNC);
	eq(c->sync_every, 10);
	eq(c->retention_bytes, 1 << 30);
	eq(c->retention_age_ms, 7LL * 24 * 3600 * 1000);
	eq(c->seal_level, 0);
	eq(c->interval_ms, 1000);
	str_eq(c->root, "/");
	eq(c->cmdline_max, 4096);
	ok(c->redact_on && c->redact);
	eq(c->priority, PRIORITY_REALTIME);
	ok(c->lock_memory);
	eq(c->oom_score_adj, -900);
	ok(config_wants(c, "processes", false));
}

static void servers_have_sections_of_their_own(void)
{
	_cleanup_(cleanup_config) struct config *c = load(
	    "[postgres.main]\nconninfo = host=/tmp user=u password='a b\\'c'\ninterval = 5s\nslow=1min\nslowest=1h\n"
	    "log = /var/log/p*.csv\nlog_line_prefix = '%m [%p] '\n"
	    "[record]\ninterval = 2s\n[postgres.two-2]\n[postgres.three]\nconninfo=service=x\n");

	str_eq(error, "");
	if (!ok(c) || !ok(c->n_postgres == 3))
		return;
	str_eq(c->postgres[0].name, "main");
	str_eq(c->postgres[0].conninfo, "host=/tmp user=u password='a b\\'c'");
	eq(c->postgres[0].interval_ms, 5000);
	eq(c->postgres[0].slow_ms, 60000);
	eq(c->postgres[0].slowest_ms, 3600000);
	str_eq(c->postgres[0].log, "/var/log/p*.csv");
	str_eq(c->postgres[0].log_line_prefix, "%m [%p] ");
	ok(!c->postgres[1].log && !c->postgres[1].log_line_prefix);
	str_eq(c->postgres[1].name, "two-2");
	str_eq(c->postgres[1].conninfo, "");
	eq(c->postgres[1].interval_ms, 0);
	eq(c->postgres[1].slow_ms, 30000);
	eq(c->postgres[1].slowest_ms, 300000);
	str_eq(c->postgres[2].conninfo, "service=x");
}

static void sections_of_servers_are_checked(void)
{
	is_refused("[postgres.a]\nlog = relative.log\n",
	    "2: log: expected a path that begins with /, or off, not 'relative.log'");
	is_refused("[postgres.]\n", "1: unknown section [postgres.]");
	is_refused("[postgres]\n", "1: unknown section [postgres]");
	is_refused("[postgres.a b]\n", "1: unknown section [postgres.a b]");
	is_refused("[postgres.a23456789012345678901234567890123]\n",
	    "1: unknown section [postgres.a23456789012345678901234567890123]");
	is_refused("[postgres.a]\n[postgres.a]\n", "2: [postgres.a] is given twice");
	is_refused("[postgres.a]\nslow=2s\nslow=3s\n", "3: slow is given twice");
	is_refused("[postgres.a]\nhost=x\n", "2: unknown key host in [postgres.a]");
	is_refused("[postgres.a]\nslow=1ms\n", "2: slow: expected a time from 1s to 1d, not '1ms'");
	/* What may hold a password is not told. */
	is_refused("[postgres.a]\nconninfo=pass word=x\n", "2: conninfo: expected what libpq can connect with");
	is_refused("[interval]\npg_stat_activity = 5s\n",
	    "2: unknown key pg_stat_activity in [interval]: intervals of PostgreSQL's tables are given in "
	    "[postgres.NAME]");
}

static void every_key_is_taken(void)
{
	_cleanup_(cleanup_config) struct config *c =
	    load("# a comment\n[store]\npath = /srv/h\nsync=none\nsync_every = 3\n"
	         "retention_bytes = 2T\nretention_age = 8w\nseal_level = 19\n"
	         "[record]\ninterval = 250ms ; often\nroot = /x\ncmdline_max = 99\n"
	         "redact = 1\nredact_pattern = a+\nredact_pattern = b(c)\n"
	         "tables = processes\nskip =\n"
	         "priority = high\nlock_memory = 0\noom_score_adj = -1000\n");

	str_eq(error, "");
	if (!ok(c))
		return;
	str_eq(c->store, "/srv/h");
	eq(c->sync, SYNC_NONE);
	eq(c->sync_every, 3);
	eq(c->retention_bytes, 2LL << 40);
	eq(c->retention_age_ms, 8LL * 7 * 24 * 3600 * 1000);
	eq(c->seal_level, 19);
	eq(c->interval_ms, 250);
	str_eq(c->root, "/x");
	eq(c->cmdline_max, 99);
	eq(c->patterns.n, 2);
	str_eq(c->patterns.v[1], "b(c)");
	ok(config_wants(c, "processes", false));
	ok(!config_wants(c, "cpu", false));
	eq(c->priority, PRIORITY_HIGH);
	ok(!c->lock_memory);
	eq(c->oom_score_adj, -1000);
}

static void skipped_tables_are_not_wanted(void)
{
	_cleanup_(cleanup_config) struct config *c = load("[record]\nskip = processes\nredact = 0\n");

	if (!ok(c))
		return;
	ok(!config_wants(c, "processes", false));
	ok(config_wants(c, "cpu", false));
	ok(!c->redact);
}

SOURCE(slow) = {.name = "test_slow", .id = 4000, .slow = true, .off = true};

static void slow_tables_may_be_given_an_interval(void)
{
	_cleanup_(cleanup_config) struct config *none = load(""), *c = load("[interval]\ntest_slow = 5min\n");

	if (!ok(none && c))
		return;
	eq(config_interval(none, "test_slow", 7000), 7000);
	eq(config_interval(c, "test_slow", 7000), 300000);
	eq(config_interval(c, "cpu", 0), 0);
	/* One that is off is recorded if it is named. */
	ok(!config_wants(none, "test_slow", true));
	ok(config_wants(c, "test_slow", true));
	is_refused(
	    "[interval]\ncpu = 1min\n", "2: unknown key cpu in [interval]: this table is recorded at every tick");
	is_refused("[interval]\nx = 1min\n", "2: unknown key x in [interval]: there is no such table");
	is_refused(
	    "[interval]\ntest_slow = 25h\n", "2: test_slow: expected a time up to 1d, or 0 for every tick, not '25h'");
	is_refused("[interval]\ntest_slow = 1s\ntest_slow = 2s\n", "3: test_slow is given twice");
}

static void topics_take_what_was_said_of_all_unless_they_say_otherwise(void)
{
	_cleanup_(cleanup_config) struct config *c =
	    load("[topic.first]\nretention_age = 2d\nfollow = /a\nfollow = /b/*.log\nsync = none\n"
	         "[socket]\npath = off\nmode = 600\nowner = root\ngroup = 12\nmax_clients = 5\nmax_memory = 1G\n"
	         "[topics]\ncompression = zstd\nretention_ms = 5000\nsync = fsync\ncreate = 0\nmax_topics = 7\n"
	         "[topic.a.name_of-its.own]\npartitions = 4\ncompression = none\ncompact = 1\nflush_interval = 2s\n");
	const struct config_topic *t;

	str_eq(error, "");
	if (!ok(c))
		return;
	str_eq(c->topics.socket.path, "off");
	eq(c->topics.socket.mode, 0600);
	eq(c->topics.socket.owner, 0);
	eq(c->topics.socket.group, 12);
	eq(c->topics.socket.max_clients, 5);
	eq(c->topics.socket.max_memory, 1 << 30);
	ok(!c->topics.create);
	eq(c->topics.max_topics, 7);
	eq(c->topics.n, 2);
	t = config_topics_of(&c->topics, "first");
	eq(t->retention_ms, 2 * 86400 * 1000);
	eq(t->sync, SYNC_NONE);
	eq(t->compression, BATCH_ZSTD);
	eq(t->follow.n, 2);
	str_eq(t->follow.v[1], "/b/*.log");
	t = config_topics_of(&c->topics, "a.name_of-its.own");
	eq(t->partitions, 4);
	eq(t->compression, BATCH_STORED);
	eq(t->retention_ms, 5000);
	eq(t->flush_ms, 2000);
	eq(t->sync, SYNC_FSYNC);
	ok(t->compact);
	eq(t->follow.n, 0);
	t = config_topics_of(&c->topics, "another");
	eq(t->retention_ms, 5000);
	eq(t->partitions, 1);
}

static void the_defaults_of_topics_are_those_that_are_documented(void)
{
	_cleanup_(cleanup_config) struct config *c = load("");
	const struct config_topic *t;

	if (!ok(c))
		return;
	str_eq(c->topics.socket.path, "/run/histfs/histd.sock");
	eq(c->topics.socket.mode, 0660);
	eq(c->topics.socket.owner, -1);
	eq(c->topics.socket.max_clients, 1000);
	eq(c->topics.socket.max_frame, 32 << 20);
	eq(c->topics.socket.max_message, 16 << 20);
	eq(c->topics.socket.max_memory, 256 << 20);
	ok(c->topics.create);
	eq(c->topics.max_topics, 100000);
	eq(c->topics.max_partitions, 1000000);
	t = config_topics_of(&c->topics, "x");
	eq(t->partitions, 1);
	eq(t->compression, BATCH_STORED);
	eq(t->segment_size, 256 << 20);
	eq(t->segment_age_ms, 7LL * 86400 * 1000);
	eq(t->index_interval, 4096);
	eq(t->retention_bytes, 0);
	eq(t->retention_ms, 0);
	eq(t->sync, SYNC_FDATASYNC);
	eq(t->flush_messages, 100000);
	eq(t->flush_bytes, 64 << 20);
	eq(t->flush_ms, 1000);
	eq(t->tombstone_ms, 86400 * 1000);
	ok(!t->compact && !t->append_time);
}

static void sections_of_topics_are_checked(void)
{
	static const char long_name[] =
	    "[topic.nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn]\n";
	struct config *c;

	is_refused("[topic.]\n", "1: unknown section [topic.]");
	is_refused("[topic.a/b]\n", "1: unknown section [topic.a/b]");
	is_refused("[topic...]\n", "1: unknown section [topic...]");
	is_refused("[topic.a]\n[topic.a]\n", "2: [topic.a] is given twice");
	is_refused("[topic.a]\ncreate = 1\n", "2: unknown key create in [topic.a]");
	is_refused("[topics]\nfollow = /a\n", "2: unknown key follow in [topics]");
	is_refused("[socket]\npartitions = 1\n", "2: unknown key partitions in [socket]");
	is_refused("[topic.a]\nfollow = a\n", "2: follow: expected the absolute path of a file, or a pattern, not 'a'");
	is_refused("[topic.a]\nretention_ms = 1\nretention_age = 1s\n", "3: retention_age is given twice");
	is_refused(
	    "[topic.a]\ncompression = lzma\n", "2: compression: expected none, gzip, snappy, lz4 or zstd, not 'lzma'");
	is_refused("[topic.a]\npartitions = 1025\n", "2: partitions: expected a number from 1 to 1024, not '1025'");
	is_refused("[socket]\nmode = 0888\n", "2: mode: expected permissions from 000 to 777, not '0888'");
	is_refused("[socket]\nowner = no such user\n", "2: owner: expected a user, not 'no such user'");
	eq(load("[topics]\ncompact = 1\n[topic.a]\nfollow = /x\n") == NULL, true);
	ok(strstr(error, "histd.conf: [topic.a]: lines have no keys: what is followed cannot be compacted"));
	/* A section's name may be longer than the parser's own buffer for it. */
	c = load(long_name);
	str_eq(error, "");
	if (ok(c) && ok(c->topics.n == 1))
		eq(strlen(c->topics.v[0].name), sizeof long_name - 1 - strlen("[topic.]\n"));
	if (c)
		config_put(c);
}

static void an_error_names_file_and_line(void)
{
	is_refused("[store]\npath = /x\npaht = /y\n", "3: unknown key paht in [store]");
	is_refused("\n\n[strore]\npath = /x\n", "3: unknown section [strore]");
	is_refused("[store]\npath = /x\n [empty] ; nothing\n", "3: unknown section [empty]");
	is_refused("path = /x\n", "1: path stands before any [section]");
	is_refused("[store]\nthis is it\n", "2: this is not KEY = VALUE");
	is_refused("[store]\nsync = yes\n", "2: sync: expected fsync, fdatasync or none, not 'yes'");
	is_refused("[store]\npath =\n", "2: path: expected a directory, not ''");
	is_refused("[store]\npath = /x\npath = /y\n", "3: path is given twice");
	is_refused("[record]\npriority = low\n", "2: priority: expected realtime, high or normal, not 'low'");
	is_refused(
	    "[record]\noom_score_adj = -1001\n", "2: oom_score_adj: expected a number from -1000 to 1000, not '-1001'");
	is_refused(
	    "[record]\noom_score_adj = --5\n", "2: oom_score_adj: expected a number from -1000 to 1000, not '--5'");
	is_refused("[record]\ninterval = 99ms\n", "2: interval: expected a time from 100ms to 10min, not '99ms'");
	is_refused("[record]\ninterval = 11min\n", "2: interval: expected a time from 100ms to 10min, not '11min'");
	is_refused("[record]\ninterval = 5\n", "2: interval: expected a time from 100ms to 10min, not '5'");
	is_refused(
	    "[record]\ntables = processes nosuch\n", "2: tables: expected names of tables, not 'processes nosuch'");
	is_refused(
	    "[record]\nredact_pattern = (\n", "2: redact_pattern: expected an extended regular expression, not '('");
	is_refused("[record]\nredact = yes\n", "2: redact: expected 0 or 1, not 'yes'");
	/* The first of several. */
	is_refused("[record]\nredact = 2\n[store]\nx = 1\n", "2: redact: expected 0 or 1, not '2'");
}

static void a_line_that_is_too_long_is_refused_and_not_split(void)
{
	char text[4096] = "[store]\npath = /";

	memset(text + strlen(text), 'x', sizeof text - strlen(text) - 2);
	text[sizeof text - 2] = '\n';
	is_refused(text, "2: the line is too long");
}

static void a_missing_file_is_an_error(void)
{
	struct config *c;

	eq(config_load("/nonexistent/histd.conf", &c, error), -ENOENT);
	str_eq(error, "/nonexistent/histd.conf: No such file or directory");
}

static void times_and_sizes_need_a_unit_that_is_known(void)
{
	uint64_t v;

	ok(config_value_time("100ms", &v) && v == 100);
	ok(config_value_time("2 min", &v) && v == 120000);
	ok(config_value_time("3m", &v) && v == 180000);
	ok(config_value_time("0", &v) && v == 0);
	ok(!config_value_time("7", &v));
	ok(!config_value_time("7x", &v));
	ok(!config_value_time("", &v));
	ok(!config_value_time("-1s", &v));
	ok(!config_value_time("99999999999999999w", &v));
	ok(config_value_size("512", &v) && v == 512);
	ok(config_value_size("64K", &v) && v == 65536);
	ok(!config_value_size("64KB", &v));
	ok(!config_value_size("64k", &v));
	ok(!config_value_size("99999999T", &v));
}

int main(void)
{
	static char buf[512];

	snprintf(buf, sizeof buf, "%s/histd.conf", tap_tmpdir());
	path = buf;
	RUN(no_file_means_the_documented_defaults);
	RUN(every_key_is_taken);
	RUN(servers_have_sections_of_their_own);
	RUN(sections_of_servers_are_checked);
	RUN(skipped_tables_are_not_wanted);
	RUN(slow_tables_may_be_given_an_interval);
	RUN(topics_take_what_was_said_of_all_unless_they_say_otherwise);
	RUN(the_defaults_of_topics_are_those_that_are_documented);
	RUN(sections_of_topics_are_checked);
	RUN(an_error_names_file_and_line);
	RUN(a_line_that_is_too_long_is_refused_and_not_split);
	RUN(a_missing_file_is_an_error);
	RUN(times_and_sizes_need_a_unit_that_is_known);
	return tap_done();
}
