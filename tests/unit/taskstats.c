/* taskstats.c -- tests of collector/taskstats.c: messages of all versions, cut ones, and garbage */
#include "collector/taskstats.h"

#include "tests/exit_messages.h"
#include "tests/tap.h"

#include <fcntl.h>
#include <unistd.h>

static int parse(const struct sent *s, struct exit_message *ret)
{
	return taskstats_parse(s->p, s->len, FAMILY, NOW_US, ret);
}

/* The value, or -1 for one that is not known. */
static long long value(const struct exit_message *m, enum exit_column c)
{
	return exits_knows(&m->row, c) ? (long long)m->row.cells[c] : -1;
}

static void has_what_all_versions_have(const struct exit_message *m)
{
	static const struct {
		enum exit_column c;
		long long v;
	} want[] = {
	    {EXIT_NICE, -5},
	    {EXIT_TIMESLICES, 10},
	    {EXIT_RUN_DELAY, 11},
	    {EXIT_BLOCK_DELAY, 13},
	    {EXIT_SWAPIN_DELAY, 15},
	    {EXIT_RUN, 17},
	    {EXIT_POLICY, 1},
	    {EXIT_UID, 18},
	    {EXIT_GID, 19},
	    {EXIT_PPID, 20},
	    {EXIT_UTIME, 22},
	    {EXIT_STIME, 23},
	    {EXIT_MINFLT, 24},
	    {EXIT_MAJFLT, 25},
	    {EXIT_PEAK_RSS, 28 * 1024},
	    {EXIT_PEAK_VSIZE, 29 * 1024},
	    {EXIT_RCHAR, 30},
	    {EXIT_WCHAR, 31},
	    {EXIT_SYSCR, 32},
	    {EXIT_SYSCW, 33},
	    {EXIT_READ_BYTES, 34},
	    {EXIT_WRITE_BYTES, 35},
	    {EXIT_CANCELLED, 36},
	    {EXIT_VOLUNTARY, 37},
	    {EXIT_INVOLUNTARY, 38},
	    {EXIT_FREEPAGES_DELAY, 40},
	    {EXIT_THREADS, 1},
	};

	for (size_t i = 0; i < N_ELEMENTS(want); i++)
		eq(value(m, want[i].c), want[i].v);
	str_eq(m->row.comm, "burner");
	ok(m->row.delayed);
	eq(m->status, 3 << 8);
	eq(m->row.ended_us, NOW_US);
}

static void every_field_is_read_from_its_place(void)
{
	struct taskstats t = stats_of(70, 70);
	struct sent s = sent_thread(70, &t, sizeof t);
	struct exit_message m;

	ok_r(parse(&s, &m));
	has_what_all_versions_have(&m);
	eq(m.tid, 70);
	eq(m.tgid, 70);
	ok(m.last);
	eq(value(&m, EXIT_LIVED), AGED_US + 1);
	eq(m.row.begun_us, NOW_US - AGED_US - 1);
	eq(value(&m, EXIT_THRASHING_DELAY), 42);
	eq(value(&m, EXIT_COMPACT_DELAY), 44);
	eq(value(&m, EXIT_WPCOPY_DELAY), 46);
	eq(value(&m, EXIT_IRQ_DELAY), -1);
}

/* Version 8 is Linux 2.6.32. */
static void what_an_older_kernel_does_not_say_is_not_known(void)
{
	static const struct {
		uint16_t version;
		size_t len;
		long long thrashing, compact, wpcopy, tgid;
	} versions[] = {
	    {8, offsetof(struct taskstats, thrashing_count), -1, -1, -1, 0},
	    {9, offsetof(struct taskstats, ac_btime64), 42, -1, -1, 0},
	    {10, offsetof(struct taskstats, compact_count), 42, -1, -1, 0},
	    {11, offsetof(struct taskstats, ac_tgid), 42, 44, -1, 0},
	    {12, offsetof(struct taskstats, wpcopy_count), 42, 44, -1, 70},
	    {13, sizeof(struct taskstats), 42, 44, 46, 70},
	};

	for (size_t i = 0; i < N_ELEMENTS(versions); i++) {
		struct taskstats t = stats_of(71, 70);
		struct exit_message m;
		struct sent s;

		t.version = versions[i].version;
		s = sent_thread(71, &t, versions[i].len);
		ok_r(parse(&s, &m));
		has_what_all_versions_have(&m);
		eq(value(&m, EXIT_THRASHING_DELAY), versions[i].thrashing);
		eq(value(&m, EXIT_COMPACT_DELAY), versions[i].compact);
		eq(value(&m, EXIT_WPCOPY_DELAY), versions[i].wpcopy);
		eq(m.tgid, versions[i].tgid);
		eq(m.last, versions[i].version >= 12);
		eq(m.whole_age, versions[i].version >= 12);
		eq(value(&m, EXIT_LIVED), versions[i].version >= 12 ? AGED_US + 1 : AGED_US);
	}
}

static void version_15_has_its_fields_in_other_places(void)
{
	struct stats_15 t = {
	    .version = 15,
	    .ac_exitcode = 3 << 8,
	    .ac_flag = LAST_OF_GROUP,
	    .ac_nice = (uint8_t)-5,
	    .cpu = {10, 11, 9001, 9002},
	    .blkio = {12, 13000, 9003, 9004},
	    .swapin = {14, 15000, 9005, 9006},
	    .cpu_run_real_total = 16,
	    .cpu_run_virtual_total = 17,
	    .ac_comm = "burner",
	    .ac_sched = 1,
	    .ac_uid = 18,
	    .ac_gid = 19,
	    .ac_pid = 71,
	    .ac_ppid = 20,
	    .ac_etime = AGED_US,
	    .ac_utime = 22,
	    .ac_stime = 23,
	    .ac_minflt = 24,
	    .ac_majflt = 25,
	    .hiwater_rss = 28,
	    .hiwater_vm = 29,
	    .read_char = 30,
	    .write_char = 31,
	    .read_syscalls = 32,
	    .write_syscalls = 33,
	    .read_bytes = 34,
	    .write_bytes = 35,
	    .cancelled_write_bytes = 36,
	    .nvcsw = 37,
	    .nivcsw = 38,
	    .freepages = {39, 40000, 9007, 9008},
	    .thrashing = {41, 42000, 9009, 9010},
	    .compact = {43, 44000, 9011, 9012},
	    .ac_tgid = 70,
	    .ac_tgetime = AGED_US + 1,
	    .wpcopy = {45, 46000, 9013, 9014},
	    .irq = {47, 48000, 9015, 9016},
	};
	struct sent s = sent_thread(71, &t, sizeof t);
	struct exit_message m;

	ok_r(parse(&s, &m));
	has_what_all_versions_have(&m);
	eq(m.tgid, 70);
	ok(m.last);
	eq(value(&m, EXIT_LIVED), AGED_US + 1);
	eq(value(&m, EXIT_THRASHING_DELAY), 42);
	eq(value(&m, EXIT_COMPACT_DELAY), 44);
	eq(value(&m, EXIT_WPCOPY_DELAY), 46);
	eq(value(&m, EXIT_IRQ_DELAY), 48);
}

static void what_a_newer_kernel_adds_is_passed_over(void)
{
	struct {
		struct taskstats t;
		uint64_t irq[2], more[100];
	} t = {.t = stats_of(70, 70), .irq = {47, 48000}};
	struct exit_message m;
	struct sent s;

	t.t.version = 99;
	memset(t.more, 0xff, sizeof t.more);
	s = sent_thread(70, &t, sizeof t);
	ok_r(parse(&s, &m));
	has_what_all_versions_have(&m);
	eq(value(&m, EXIT_IRQ_DELAY), 48);
}

static void the_message_of_the_last_of_several_threads_says_so(void)
{
	struct taskstats t = stats_of(71, 70);
	struct exit_message m;
	struct sent s;

	t.ac_flag = 0;
	s = sent_thread(71, &t, sizeof t);
	ok_r(parse(&s, &m));
	ok(!m.last);
	s = sent_last(71, 70, &t, sizeof t);
	ok_r(parse(&s, &m));
	ok(m.last);
	/* Also where the struct itself does not know of threads. */
	s = sent_last(71, 70, &t, offsetof(struct taskstats, compact_count));
	ok_r(parse(&s, &m));
	ok(m.last);
	eq(m.tgid, 70);
}

static void a_bit_that_means_something_else_in_old_kernels_is_not_taken_for_the_last_thread(void)
{
	struct taskstats t = stats_of(71, 70);
	struct exit_message m;
	struct sent s;

	t.version = 11;
	s = sent_thread(71, &t, offsetof(struct taskstats, ac_tgid));
	ok_r(parse(&s, &m));
	ok(!m.last);
}

static void what_the_kernel_did_not_count_is_not_known(void)
{
	struct taskstats t = stats_of(70, 70);
	struct exit_message m;
	struct sent s;

	t.cpu_count = t.cpu_delay_total = 0;
	t.hiwater_rss = t.hiwater_vm = 0;
	t.blkio_count = t.swapin_count = t.freepages_count = t.thrashing_count = t.compact_count = t.wpcopy_count = 0;
	s = sent_thread(70, &t, sizeof t);
	ok_r(parse(&s, &m));
	eq(value(&m, EXIT_TIMESLICES), -1);
	eq(value(&m, EXIT_RUN_DELAY), -1);
	eq(value(&m, EXIT_PEAK_RSS), -1);
	eq(value(&m, EXIT_PEAK_VSIZE), -1);
	ok(!m.row.delayed);
}

static void a_message_that_is_cut_is_none_at_every_length(void)
{
	struct taskstats t = stats_of(71, 70);
	struct sent s = sent_last(71, 70, &t, sizeof t);
	struct exit_message m = {.tid = 12345};

	for (size_t len = 0; len < s.len; len++) {
		/* As if the receiver's buffer had been too small, and as if the sender had sent less. */
		struct sent cut = s;
		uint32_t n = (uint32_t)len;

		eq(taskstats_parse(s.p, len, FAMILY, NOW_US, &m), -EBADMSG);
		memcpy(cut.p, &n, sizeof n);
		/* Between the two attributes it ends as that of a thread that is not the last. */
		if (len != sent_thread(71, &t, sizeof t).len)
			eq(taskstats_parse(cut.p, len, FAMILY, NOW_US, &m), -EBADMSG);
	}
	eq(m.tid, 12345);
}

static void a_message_about_something_else_is_passed_over(void)
{
	struct taskstats t = stats_of(70, 70);
	struct sent s = sent_thread(70, &t, sizeof t);
	struct exit_message m;

	eq(taskstats_parse(s.p, s.len, FAMILY + 1, NOW_US, &m), -ENODATA);
	s.p[sizeof(struct nlmsghdr)] = TASKSTATS_CMD_GET;
	eq(parse(&s, &m), -ENODATA);
}

static void an_age_that_cannot_be_is_refused(void)
{
	struct taskstats t = stats_of(70, 70);
	struct exit_message m;
	struct sent s;

	t.ac_tgetime = UINT64_MAX;
	s = sent_thread(70, &t, sizeof t);
	eq(parse(&s, &m), -EBADMSG);
}

/* As Linux 6.18 sent them. */
static int parse_recorded(const char *name, struct exit_message *ret)
{
	struct sent s;
	char path[128];
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "tests/fuzz/corpus/taskstats/%s", name);
	fd = open(path, O_RDONLY);
	n = read(fd, s.p, sizeof s.p);
	close(fd);
	if (!ok(n > 0))
		return -EIO;
	s.len = (size_t)n;
	return parse(&s, ret);
}

static void messages_of_a_real_kernel_are_understood(void)
{
	struct exit_message m;

	ok_r(parse_recorded("process", &m));
	eq(m.tid, 16501);
	eq(m.tgid, 16501);
	ok(m.last);
	eq(m.status, 3 << 8);
	eq(value(&m, EXIT_LIVED), 1121);
	eq(value(&m, EXIT_PEAK_RSS), 1456 * 1024);
	str_eq(m.row.comm, "sh");
	ok_r(parse_recorded("thread0", &m));
	eq(m.tid, 11872);
	eq(m.tgid, 11867);
	ok(!m.last);
	ok_r(parse_recorded("last", &m));
	eq(m.tid, 11867);
	eq(m.tgid, 11867);
	ok(m.last);
	eq(m.status, 7 << 8);
}

int main(void)
{
	RUN(every_field_is_read_from_its_place);
	RUN(what_an_older_kernel_does_not_say_is_not_known);
	RUN(version_15_has_its_fields_in_other_places);
	RUN(what_a_newer_kernel_adds_is_passed_over);
	RUN(the_message_of_the_last_of_several_threads_says_so);
	RUN(a_bit_that_means_something_else_in_old_kernels_is_not_taken_for_the_last_thread);
	RUN(what_the_kernel_did_not_count_is_not_known);
	RUN(a_message_that_is_cut_is_none_at_every_length);
	RUN(a_message_about_something_else_is_passed_over);
	RUN(an_age_that_cannot_be_is_refused);
	RUN(messages_of_a_real_kernel_are_understood);
	return tap_done();
}
