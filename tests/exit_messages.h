/* exit_messages.h -- messages of taskstats as kernels of several versions send them
 *
 * Laid out by the system's own header (which has what version 13 has), and for version 15 by a struct written after the
 * kernel's.
 */
#ifndef TESTS_EXIT_MESSAGES_H
#define TESTS_EXIT_MESSAGES_H

#include <linux/acct.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/taskstats.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { FAMILY = 31, LAST_OF_GROUP = 0x20, AGED_US = 5000, NOW_US = 1000000000 };

struct sent {
	uint8_t p[2048];
	size_t len;
};

/* Linux 6.14: with the largest and the smallest of every delay behind its count and total. */
struct stats_15 {
	uint16_t version;
	uint32_t ac_exitcode;
	uint8_t ac_flag, ac_nice;
	uint64_t cpu[4], blkio[4], swapin[4];
	uint64_t cpu_run_real_total, cpu_run_virtual_total;
	char ac_comm[32];
	uint8_t ac_sched, pad[7];
	uint32_t ac_uid, ac_gid, ac_pid, ac_ppid, ac_btime;
	uint64_t ac_etime, ac_utime, ac_stime, ac_minflt, ac_majflt, coremem, virtmem, hiwater_rss, hiwater_vm;
	uint64_t read_char, write_char, read_syscalls, write_syscalls, read_bytes, write_bytes, cancelled_write_bytes;
	uint64_t nvcsw, nivcsw, ac_utimescaled, ac_stimescaled, cpu_scaled_run_real_total;
	uint64_t freepages[4], thrashing[4], ac_btime64, compact[4];
	uint32_t ac_tgid;
	uint64_t ac_tgetime, ac_exe_dev, ac_exe_inode;
	uint64_t wpcopy[4], irq[4];
};

static inline void sent_put(struct sent *s, const void *p, size_t len)
{
	memcpy(s->p + s->len, p, len);
	s->len += (len + 3) & ~(size_t)3;
}

static inline void sent_attribute(struct sent *s, uint16_t type, const void *p, size_t len)
{
	struct nlattr a = {.nla_type = type, .nla_len = (uint16_t)(sizeof a + len)};

	sent_put(s, &a, sizeof a);
	sent_put(s, p, len);
}

/* A number and a struct, in one attribute. */
static inline void sent_aggregate(struct sent *s, uint16_t type, uint32_t id, const void *stats, size_t len)
{
	struct nlattr a = {.nla_type = type};

	a.nla_len = (uint16_t)(sizeof a + (sizeof a + sizeof id) + (sizeof a + len));
	sent_put(s, &a, sizeof a);
	sent_attribute(s, type == TASKSTATS_TYPE_AGGR_PID ? TASKSTATS_TYPE_PID : TASKSTATS_TYPE_TGID, &id, sizeof id);
	sent_attribute(s, TASKSTATS_TYPE_STATS, stats, len);
}

static inline void sent_header(struct sent *s)
{
	struct nlmsghdr header = {.nlmsg_type = FAMILY, .nlmsg_len = (uint32_t)s->len};
	struct genlmsghdr command = {.cmd = TASKSTATS_CMD_NEW, .version = 1};

	memcpy(s->p, &header, sizeof header);
	memcpy(s->p + sizeof header, &command, sizeof command);
}

static inline struct sent sent_thread(uint32_t tid, const void *stats, size_t len)
{
	struct sent s = {.len = sizeof(struct nlmsghdr) + sizeof(struct genlmsghdr)};

	sent_aggregate(&s, TASKSTATS_TYPE_AGGR_PID, tid, stats, len);
	sent_header(&s);
	return s;
}

/* What is sent for the last of several threads. */
static inline struct sent sent_last(uint32_t tid, uint32_t tgid, const void *stats, size_t len)
{
	struct sent s = {.len = sizeof(struct nlmsghdr) + sizeof(struct genlmsghdr)};

	sent_aggregate(&s, TASKSTATS_TYPE_AGGR_PID, tid, stats, len);
	sent_aggregate(&s, TASKSTATS_TYPE_AGGR_TGID, tgid, stats, len);
	sent_header(&s);
	return s;
}

/* Every field another number. */
static inline struct taskstats stats_of(uint32_t tid, uint32_t tgid)
{
	struct taskstats t = {
	    .version = TASKSTATS_VERSION,
	    .ac_exitcode = 3 << 8,
	    .ac_flag = LAST_OF_GROUP,
	    .ac_nice = (uint8_t)-5,
	    .cpu_count = 10,
	    .cpu_delay_total = 11,
	    .blkio_count = 12,
	    .blkio_delay_total = 13000,
	    .swapin_count = 14,
	    .swapin_delay_total = 15000,
	    .cpu_run_real_total = 16,
	    .cpu_run_virtual_total = 17,
	    .ac_comm = "burner",
	    .ac_sched = 1,
	    .ac_uid = 18,
	    .ac_gid = 19,
	    .ac_pid = tid,
	    .ac_ppid = 20,
	    .ac_btime = 21,
	    .ac_etime = AGED_US,
	    .ac_utime = 22,
	    .ac_stime = 23,
	    .ac_minflt = 24,
	    .ac_majflt = 25,
	    .coremem = 26,
	    .virtmem = 27,
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
	    .freepages_count = 39,
	    .freepages_delay_total = 40000,
	    .thrashing_count = 41,
	    .thrashing_delay_total = 42000,
	    .compact_count = 43,
	    .compact_delay_total = 44000,
	    .ac_tgid = tgid,
	    .ac_tgetime = AGED_US + 1,
	    .wpcopy_count = 45,
	    .wpcopy_delay_total = 46000,
	};
	return t;
}

#endif
