/* procevents.c -- see procevents.h */
#include "collector/procevents.h"

#include "collector/procfs.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

enum { N_KNOWN = 32768, RECEIVE_BUFFER = 8 << 20, PATIENCE_MS = 1000 };

/* A thread, or the process whose first thread it is. */
struct known {
	uint32_t pid;  /* 0: none */
	uint32_t tgid; /* of its process */
	bool threaded; /* it is a process that has, or had, other threads */
	bool ended;
	bool has_begin, has_status;
	uint32_t ppid, uid, gid;
	int64_t begun_us;
	char comm[16];
};

struct procevents {
	struct procfs *fs;
	struct known known[N_KNOWN]; /* by pid; a later process takes the place of one that it shares it with */
};

int procevents_new(const char *root, struct procevents **ret)
{
	struct procevents *pe = calloc(1, sizeof *pe);
	int r;

	if (!pe)
		return -ENOMEM;
	r = procfs_open(root, &pe->fs);
	if (r < 0) {
		free(pe);
		return r;
	}
	*ret = pe;
	return 0;
}

void procevents_free(struct procevents *pe)
{
	procfs_close(pe->fs);
	free(pe);
}

/* --- events --- */

static struct known *know_anew(struct procevents *pe, uint32_t pid, uint32_t tgid)
{
	struct known *k = &pe->known[pid % N_KNOWN];

	*k = (struct known){.pid = pid, .tgid = tgid};
	return k;
}

/* As the process is known, or anew. */
static struct known *know(struct procevents *pe, uint32_t pid)
{
	struct known *k = &pe->known[pid % N_KNOWN];

	return k->pid == pid && !k->ended ? k : know_anew(pe, pid, pid);
}

static void know_thread(struct procevents *pe, uint32_t tid, uint32_t tgid)
{
	know_anew(pe, tid, tgid);
	know(pe, tgid)->threaded = true;
}

static void read_status(struct procevents *pe, struct known *k)
{
	char path[32];
	const char *p, *word;
	size_t len;
	uint64_t v;

	snprintf(path, sizeof path, "proc/%u/status", k->pid);
	if (procfs_read(pe->fs, path, &p, &len) < 0)
		return;
	do {
		word = parse_word(&p, &len);
		if (len == 5 && memcmp(word, "Name:", 5) == 0) {
			p += *p == '\t';
			len = strcspn(p, "\n");
			memset(k->comm, 0, sizeof k->comm);
			memcpy(k->comm, p, len < sizeof k->comm ? len : sizeof k->comm - 1);
		} else if (len == 5 && memcmp(word, "PPid:", 5) == 0 && parse_u64(&p, &v)) {
			k->ppid = (uint32_t)v;
		} else if (len == 4 && memcmp(word, "Uid:", 4) == 0 && parse_u64(&p, &v)) {
			k->uid = (uint32_t)v;
		} else if (len == 4 && memcmp(word, "Gid:", 4) == 0 && parse_u64(&p, &v)) {
			k->gid = (uint32_t)v;
			k->has_status = true;
		}
	} while (!k->has_status && parse_next_line(&p));
}

static void end(struct procevents *pe, const struct proc_event *ev, int64_t now_us, struct exit_message *ret)
{
	struct known *k = know(pe, ev->event_data.exit.process_pid);
	struct exit_message m = {.tid = k->pid, .tgid = k->pid, .last = true, .status = ev->event_data.exit.exit_code};
	int64_t ended_us = (int64_t)(ev->timestamp_ns / 1000);

	/* It may not have been waited for yet. */
	if (!k->has_status)
		read_status(pe, k);
	m.row.begun_us = INT64_MIN;
	m.row.ended_us = ended_us > 0 && ended_us < now_us ? ended_us : now_us;
	if (k->has_begin && k->begun_us <= m.row.ended_us) {
		m.row.begun_us = k->begun_us;
		exits_set(&m.row, EXIT_LIVED, (uint64_t)(m.row.ended_us - k->begun_us));
	}
	if (k->has_begin || k->has_status)
		exits_set(&m.row, EXIT_PPID, k->ppid);
	if (k->has_status) {
		exits_set(&m.row, EXIT_UID, k->uid);
		exits_set(&m.row, EXIT_GID, k->gid);
		memcpy(m.row.comm, k->comm, sizeof k->comm);
	}
	k->ended = true;
	*ret = m;
}

static void begin(struct procevents *pe, const struct proc_event *ev)
{
	uint32_t pid = ev->event_data.fork.child_pid, tgid = ev->event_data.fork.child_tgid;
	struct known *k;

	if (pid != tgid) {
		know_thread(pe, pid, tgid);
		return;
	}
	k = know_anew(pe, pid, pid);
	k->has_begin = true;
	k->begun_us = (int64_t)(ev->timestamp_ns / 1000);
	k->ppid = ev->event_data.fork.parent_tgid;
}

static int take_event(struct procevents *pe, const struct proc_event *ev, int64_t now_us, struct exit_message *ret)
{
	struct known *k;

	if (ev->what == PROC_EVENT_FORK) {
		begin(pe, ev);
	} else if (ev->what == PROC_EVENT_EXEC) {
		k = know(pe, ev->event_data.exec.process_tgid);
		k->has_status = false;
		read_status(pe, k);
	} else if (ev->what == PROC_EVENT_EXIT && ev->event_data.exit.process_pid == ev->event_data.exit.process_tgid) {
		end(pe, ev, now_us, ret);
		return 0;
	}
	return -ENODATA;
}

/* The event in a message. */
static int parse_header(const void *p, size_t len, struct proc_event *ret)
{
	struct span s = span_of(p, len);
	struct nlmsghdr header;
	struct cn_msg connector;
	const void *event;

	if (len < sizeof header + sizeof connector)
		return -EBADMSG;
	memcpy(&header, span_take(&s, sizeof header), sizeof header);
	if (header.nlmsg_type != NLMSG_DONE)
		return -ENODATA;
	memcpy(&connector, span_take(&s, sizeof connector), sizeof connector);
	if (connector.id.idx != CN_IDX_PROC || connector.id.val != CN_VAL_PROC)
		return -ENODATA;
	/* What it may say has different lengths in different kernels; nothing that is looked at lies behind that. */
	event = span_take(&s, connector.len);
	if (header.nlmsg_len > len || !event || connector.len < offsetof(struct proc_event, event_data) + 16)
		return -EBADMSG;
	memset(ret, 0, sizeof *ret);
	memcpy(ret, event, connector.len < sizeof *ret ? connector.len : sizeof *ret);
	return 0;
}

int procevents_parse(struct procevents *pe, const void *p, size_t len, int64_t now_us, struct exit_message *ret)
{
	struct proc_event ev;
	int r = parse_header(p, len, &ev);

	return r < 0 ? r : take_event(pe, &ev, now_us, ret);
}

int procevents_follow(struct procevents *pe, const void *p, size_t len)
{
	struct proc_event ev;
	int r = parse_header(p, len, &ev);

	if (r == 0 && ev.what == PROC_EVENT_FORK)
		begin(pe, &ev);
	return r;
}

void procevents_complete(const struct procevents *pe, struct exit_message *m)
{
	const struct known *k = &pe->known[m->tid % N_KNOWN];

	if (m->tgid != 0)
		return;
	m->tgid = k->pid == m->tid ? k->tgid : m->tid;
	/* That the last of several threads is one, taskstats says. */
	m->last = m->tgid == m->tid && !(k->pid == m->tid && k->threaded);
}

/* --- those that are there --- */

static bool next_number(DIR *dir, uint32_t *ret)
{
	struct dirent *entry;

	while ((entry = readdir(dir))) {
		char *rest;
		unsigned long v = strtoul(entry->d_name, &rest, 10);

		if (entry->d_name[0] < '1' || entry->d_name[0] > '9' || *rest != '\0' || v > UINT32_MAX)
			continue;
		*ret = (uint32_t)v;
		return true;
	}
	return false;
}

static DIR *open_dir(const struct procevents *pe, const char *path)
{
	int fd = openat(procfs_rootfd(pe->fs), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !dir)
		close(fd);
	return dir;
}

static void scan_threads(struct procevents *pe, uint32_t pid)
{
	char path[32];
	uint32_t tid;
	DIR *dir;

	snprintf(path, sizeof path, "proc/%u/task", pid);
	dir = open_dir(pe, path);
	/* It may have ended by now. */
	if (!dir)
		return;
	while (next_number(dir, &tid))
		if (tid != pid)
			know_thread(pe, tid, pid);
	closedir(dir);
}

int procevents_scan(struct procevents *pe)
{
	DIR *dir = open_dir(pe, "proc");
	uint32_t pid;

	if (!dir)
		return -errno;
	while (next_number(dir, &pid))
		scan_threads(pe, pid);
	closedir(dir);
	return 0;
}

/* --- the socket --- */

/* Asks for events, or for none any more. */
static int send_request(int fd, uint32_t op)
{
	struct nlmsghdr header = {.nlmsg_type = NLMSG_DONE};
	struct cn_msg connector = {.id = {.idx = CN_IDX_PROC, .val = CN_VAL_PROC}, .len = sizeof op};
	char buf[sizeof header + sizeof connector + sizeof op];

	header.nlmsg_len = sizeof buf;
	memcpy(buf, &header, sizeof header);
	memcpy(buf + sizeof header, &connector, sizeof connector);
	memcpy(buf + sizeof header + sizeof connector, &op, sizeof op);
	return send(fd, buf, sizeof buf, 0) < 0 ? -errno : 0;
}

/* The kernel answers; if it does not, it does not tell of events to this namespace. */
static int wait_for_answer(int fd)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	int n;

	do
		n = poll(&pfd, 1, PATIENCE_MS);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n == 0 ? -EAGAIN : 0;
}

int procevents_open(int *ret_fd)
{
	_cleanup_(cleanup_close) int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_CONNECTOR);
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC};
	int size = RECEIVE_BUFFER, r;

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	r = send_request(fd, PROC_CN_MCAST_LISTEN);
	if (r < 0)
		return r;
	r = wait_for_answer(fd);
	if (r < 0) {
		procevents_close(take_fd(&fd));
		return r;
	}
	*ret_fd = take_fd(&fd);
	return 0;
}

void procevents_close(int fd)
{
	/* If it cannot be said, there is nothing else to be done. */
	(void)send_request(fd, PROC_CN_MCAST_IGNORE);
	close(fd);
}
