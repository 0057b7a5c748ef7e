/* procevents.c -- tests of collector/procevents.c, on events of our own */
#include "collector/procevents.h"

#include "tests/table_check.h"

#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <sys/socket.h>

enum { NOW_US = 9000000, SLOTS = 32768 };

struct sent {
	uint8_t p[128];
	size_t len;
};

static struct sent send_event(const struct proc_event *ev)
{
	struct nlmsghdr header = {.nlmsg_type = NLMSG_DONE};
	struct cn_msg connector = {.id = {.idx = CN_IDX_PROC, .val = CN_VAL_PROC}, .len = sizeof *ev};
	struct sent s = {.len = sizeof header + sizeof connector + sizeof *ev};

	header.nlmsg_len = (uint32_t)s.len;
	memcpy(s.p, &header, sizeof header);
	memcpy(s.p + sizeof header, &connector, sizeof connector);
	memcpy(s.p + sizeof header + sizeof connector, ev, sizeof *ev);
	return s;
}

static struct sent forked(uint32_t pid, uint32_t tgid, uint32_t parent, uint64_t at_us)
{
	struct proc_event ev = {.what = PROC_EVENT_FORK, .timestamp_ns = at_us * 1000};

	ev.event_data.fork.child_pid = (int)pid;
	ev.event_data.fork.child_tgid = (int)tgid;
	ev.event_data.fork.parent_pid = ev.event_data.fork.parent_tgid = (int)parent;
	return send_event(&ev);
}

static struct sent executed(uint32_t pid)
{
	struct proc_event ev = {.what = PROC_EVENT_EXEC};

	ev.event_data.exec.process_pid = ev.event_data.exec.process_tgid = (int)pid;
	return send_event(&ev);
}

static struct sent ended(uint32_t pid, uint32_t tgid, uint32_t status, uint64_t at_us)
{
	struct proc_event ev = {.what = PROC_EVENT_EXIT, .timestamp_ns = at_us * 1000};

	ev.event_data.exit.process_pid = (int)pid;
	ev.event_data.exit.process_tgid = (int)tgid;
	ev.event_data.exit.exit_code = status;
	return send_event(&ev);
}

static int take(struct procevents *pe, struct sent s, struct exit_message *ret)
{
	return procevents_parse(pe, s.p, s.len, NOW_US, ret);
}

static struct procevents *new_procevents(const char *root)
{
	struct procevents *pe = NULL;

	ok_r(procevents_new(root, &pe));
	return pe;
}

/* The value, or -1 for one that is not known. */
static long long value(const struct exit_message *m, enum exit_column c)
{
	return exits_knows(&m->row, c) ? (long long)m->row.cells[c] : -1;
}

static void a_process_is_known_from_its_beginning_to_its_end(void)
{
	const char *root = new_root();
	_cleanup_(cleanup_procevents) struct procevents *pe = NULL;
	struct exit_message m;

	write_text(
	    root, "proc/70/status", "Name:\tsome program\nState:\tR\nPPid:\t8\nUid:\t5\t6\t6\t6\nGid:\t7\t7\t7\t7\n");
	pe = new_procevents(root);
	eq(take(pe, forked(70, 70, 8, 1000000), &m), -ENODATA);
	eq(take(pe, executed(70), &m), -ENODATA);
	eq(take(pe, ended(70, 70, 3 << 8, 1002000), &m), 0);
	eq(m.tid, 70);
	eq(m.tgid, 70);
	ok(m.last);
	eq(m.status, 3 << 8);
	eq(m.row.begun_us, 1000000);
	eq(m.row.ended_us, 1002000);
	eq(value(&m, EXIT_LIVED), 2000);
	eq(value(&m, EXIT_PPID), 8);
	eq(value(&m, EXIT_UID), 5);
	eq(value(&m, EXIT_GID), 7);
	eq(value(&m, EXIT_UTIME), -1);
	eq(value(&m, EXIT_THREADS), -1);
	str_eq(m.row.comm, "some program");
}

static void what_was_not_heard_of_a_process_is_not_known(void)
{
	_cleanup_(cleanup_procevents) struct procevents *pe = new_procevents(new_root());
	struct exit_message m;

	eq(take(pe, ended(70, 70, 9, 1002000), &m), 0);
	ok(m.row.begun_us == INT64_MIN);
	eq(m.row.ended_us, 1002000);
	eq(value(&m, EXIT_LIVED), -1);
	eq(value(&m, EXIT_PPID), -1);
	eq(value(&m, EXIT_UID), -1);
	str_eq(m.row.comm, "");
	/* Nor is what was heard of another one with the same number, or with one that shares its place. */
	eq(take(pe, forked(70, 70, 8, 1000000), &m), -ENODATA);
	eq(take(pe, ended(70, 70, 9, 1002000), &m), 0);
	eq(take(pe, ended(70, 70, 9, 1003000), &m), 0);
	eq(value(&m, EXIT_LIVED), -1);
	eq(take(pe, forked(70, 70, 8, 1000000), &m), -ENODATA);
	eq(take(pe, forked(70 + SLOTS, 70 + SLOTS, 8, 1000000), &m), -ENODATA);
	eq(take(pe, ended(70, 70, 9, 1004000), &m), 0);
	eq(value(&m, EXIT_LIVED), -1);
}

static void a_thread_that_ends_is_no_process(void)
{
	_cleanup_(cleanup_procevents) struct procevents *pe = new_procevents(new_root());
	struct exit_message m;

	eq(take(pe, forked(71, 70, 8, 1000000), &m), -ENODATA);
	eq(take(pe, ended(71, 70, 0, 1000000), &m), -ENODATA);
}

static void what_is_cut_or_something_else_is_told_apart(void)
{
	_cleanup_(cleanup_procevents) struct procevents *pe = new_procevents(new_root());
	struct sent s = ended(70, 70, 9, 1002000);
	struct exit_message m;

	for (size_t len = 0; len < s.len; len++)
		eq(procevents_parse(pe, s.p, len, NOW_US, &m), -EBADMSG);
	s.p[sizeof(struct nlmsghdr)] ^= 0xff; /* the connector's user */
	eq(take(pe, s, &m), -ENODATA);
	s = ended(70, 70, 9, 1002000);
	s.p[4] = NLMSG_NOOP;
	eq(take(pe, s, &m), -ENODATA);
}

static void follow(struct procevents *pe, struct sent s)
{
	ok_r(procevents_follow(pe, s.p, s.len));
}

/* A message of a kernel that does not know of processes. */
static struct exit_message of_thread(uint32_t tid)
{
	return (struct exit_message){.tid = tid};
}

static void threads_are_completed_by_what_was_heard_of_them(void)
{
	_cleanup_(cleanup_procevents) struct procevents *pe = new_procevents(new_root());
	struct exit_message alone = of_thread(60), thread = of_thread(71), leader = of_thread(70), old = of_thread(9);

	follow(pe, forked(60, 60, 8, 1000000));
	follow(pe, forked(70, 70, 8, 1000000));
	follow(pe, forked(71, 70, 8, 1000000));
	/* What ended is wanted still. */
	follow(pe, ended(71, 70, 0, 1000000));
	procevents_complete(pe, &alone);
	eq(alone.tgid, 60);
	ok(alone.last);
	procevents_complete(pe, &thread);
	eq(thread.tgid, 70);
	ok(!thread.last);
	procevents_complete(pe, &leader);
	eq(leader.tgid, 70);
	ok(!leader.last);
	procevents_complete(pe, &old);
	eq(old.tgid, 9);
	ok(old.last);
	/* The number is given again, to a process of one thread. */
	follow(pe, forked(70, 70, 8, 2000000));
	leader = of_thread(70);
	procevents_complete(pe, &leader);
	ok(leader.last);
}

static void what_a_message_says_itself_stays(void)
{
	_cleanup_(cleanup_procevents) struct procevents *pe = new_procevents(new_root());
	struct exit_message m = {.tid = 71, .tgid = 70, .last = true};

	procevents_complete(pe, &m);
	eq(m.tgid, 70);
	ok(m.last);
}

static void threads_that_were_there_before_are_found(void)
{
	const char *root = new_root();
	_cleanup_(cleanup_procevents) struct procevents *pe = NULL;
	struct exit_message thread = of_thread(71), leader = of_thread(70), alone = of_thread(60);

	write_text(root, "proc/70/task/70/stat", "");
	write_text(root, "proc/70/task/71/stat", "");
	write_text(root, "proc/60/task/60/stat", "");
	write_text(root, "proc/self/task/61/stat", "");
	pe = new_procevents(root);
	ok_r(procevents_scan(pe));
	procevents_complete(pe, &thread);
	eq(thread.tgid, 70);
	procevents_complete(pe, &leader);
	ok(!leader.last);
	procevents_complete(pe, &alone);
	ok(alone.last);
}

static void the_kernel_is_told_when_nobody_listens_any_more(void)
{
	struct nlmsghdr header = {0};
	char buf[256];
	uint32_t op = 0;
	ssize_t n;
	int fds[2];

	if (!ok(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds) == 0))
		return;
	procevents_close(fds[0]);
	n = recv(fds[1], buf, sizeof buf, MSG_DONTWAIT);
	if (eq(n, (ssize_t)(sizeof header + sizeof(struct cn_msg) + sizeof op))) {
		memcpy(&header, buf, sizeof header);
		memcpy(&op, buf + n - sizeof op, sizeof op);
		eq(header.nlmsg_len, n);
		eq(op, PROC_CN_MCAST_IGNORE);
	}
	/* Closed. */
	eq(send(fds[1], "", 1, MSG_NOSIGNAL), -1);
	close(fds[1]);
}

int main(void)
{
	RUN(a_process_is_known_from_its_beginning_to_its_end);
	RUN(what_was_not_heard_of_a_process_is_not_known);
	RUN(a_thread_that_ends_is_no_process);
	RUN(what_is_cut_or_something_else_is_told_apart);
	RUN(threads_are_completed_by_what_was_heard_of_them);
	RUN(what_a_message_says_itself_stays);
	RUN(threads_that_were_there_before_are_found);
	RUN(the_kernel_is_told_when_nobody_listens_any_more);
	return tap_done();
}
