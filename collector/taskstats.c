/* taskstats.c -- see taskstats.h
 *
 * Offsets are written down here, as the header that this is compiled with may know less than the kernel that it runs
 * on. Fields were only ever added at the end, but for version 15 (Linux 6.14), which put pairs of them between others;
 * version 16 took them out again.
 */
#include "collector/taskstats.h"

#include "collector/genl.h"
#include "collector/procfs.h"

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/taskstats.h>

enum {
	RECEIVE_BUFFER = 32 << 20, /* some ten thousand messages */
	VERSION_GROUPS = 12,       /* says which process a thread is of (Linux 5.19), */
	FLAG_LAST = 0x20           /* and whether it is the last one: AGROUP */
};

/* --- messages --- */

enum { AT_VERSION = 0, AT_STATUS = 4, AT_FLAG = 8, AT_COMM = 80, AT_TGID = 368, AT_TGETIME = 376, AT_ETIME = 144 };
enum { STATS_MIN = AT_ETIME + 8 + 48 }; /* no version is without these, wherever they are */

enum unit { AS_IT_IS, KIB, NS };

static const struct field {
	uint8_t column;
	uint8_t size;
	uint16_t at;
	uint8_t unit;
} fields[] = {
    {EXIT_NICE, 1, 9, AS_IT_IS},
    {EXIT_TIMESLICES, 8, 16, AS_IT_IS},
    {EXIT_RUN_DELAY, 8, 24, AS_IT_IS},
    {EXIT_BLOCK_DELAY, 8, 40, NS},
    {EXIT_SWAPIN_DELAY, 8, 56, NS},
    {EXIT_RUN, 8, 72, AS_IT_IS},
    {EXIT_POLICY, 1, 112, AS_IT_IS},
    {EXIT_UID, 4, 120, AS_IT_IS},
    {EXIT_GID, 4, 124, AS_IT_IS},
    {EXIT_PPID, 4, 132, AS_IT_IS},
    {EXIT_UTIME, 8, 152, AS_IT_IS},
    {EXIT_STIME, 8, 160, AS_IT_IS},
    {EXIT_MINFLT, 8, 168, AS_IT_IS},
    {EXIT_MAJFLT, 8, 176, AS_IT_IS},
    {EXIT_PEAK_RSS, 8, 200, KIB},
    {EXIT_PEAK_VSIZE, 8, 208, KIB},
    {EXIT_RCHAR, 8, 216, AS_IT_IS},
    {EXIT_WCHAR, 8, 224, AS_IT_IS},
    {EXIT_SYSCR, 8, 232, AS_IT_IS},
    {EXIT_SYSCW, 8, 240, AS_IT_IS},
    {EXIT_READ_BYTES, 8, 248, AS_IT_IS},
    {EXIT_WRITE_BYTES, 8, 256, AS_IT_IS},
    {EXIT_CANCELLED, 8, 264, AS_IT_IS},
    {EXIT_VOLUNTARY, 8, 272, AS_IT_IS},
    {EXIT_INVOLUNTARY, 8, 280, AS_IT_IS},
    {EXIT_FREEPAGES_DELAY, 8, 320, NS},
    {EXIT_THRASHING_DELAY, 8, 336, NS},
    {EXIT_COMPACT_DELAY, 8, 360, NS},
    {EXIT_WPCOPY_DELAY, 8, 408, NS},
    {EXIT_IRQ_DELAY, 8, 424, NS},
};
/* How often there were the delays above. */
static const uint16_t delay_counts[] = {32, 48, 312, 328, 352, 400, 416};

/* The struct as it came. */
struct stats {
	const uint8_t *p;
	size_t len;
	uint16_t version;
};

/* Where a field is that other versions have at `at`. */
static size_t place(const struct stats *s, size_t at)
{
	static const uint16_t pairs_at[] = {32, 48, 64, 328, 344, 368, 416};
	size_t moved = at;

	for (size_t i = 0; s->version == 15 && i < N_ELEMENTS(pairs_at); i++)
		moved += at >= pairs_at[i] ? 16 : 0;
	return moved;
}

/* False: the struct ends before. */
static bool get(const struct stats *s, size_t at, size_t size, uint64_t *ret)
{
	uint32_t u32;
	uint16_t u16;

	at = place(s, at);
	if (at + size > s->len)
		return false;
	switch (size) {
	case 1:
		*ret = s->p[at];
		break;
	case 2:
		memcpy(&u16, s->p + at, 2);
		*ret = u16;
		break;
	case 4:
		memcpy(&u32, s->p + at, 4);
		*ret = u32;
		break;
	default:
		memcpy(ret, s->p + at, 8);
	}
	return true;
}

static void unset(struct exit_row *row, enum exit_column c)
{
	row->known &= ~(UINT64_C(1) << c);
}

static void get_fields(const struct stats *s, struct exit_row *row)
{
	uint64_t v;

	for (size_t i = 0; i < N_ELEMENTS(fields); i++) {
		const struct field *f = &fields[i];

		if (!get(s, f->at, f->size, &v))
			continue;
		exits_set(row, f->column, f->unit == KIB ? v * 1024 : f->unit == NS ? v / 1000 : v);
	}
	row->cells[EXIT_NICE] = (uint64_t)(int64_t)(int8_t)row->cells[EXIT_NICE];
	for (size_t i = 0; i < N_ELEMENTS(delay_counts); i++)
		row->delayed |= get(s, delay_counts[i], 8, &v) && v != 0;
	/* Whatever ran had a time slice, and what has memory has a size: else the kernel did not count. */
	if (row->cells[EXIT_TIMESLICES] == 0) {
		unset(row, EXIT_TIMESLICES);
		unset(row, EXIT_RUN_DELAY);
	}
	if (row->cells[EXIT_PEAK_VSIZE] == 0) {
		unset(row, EXIT_PEAK_VSIZE);
		unset(row, EXIT_PEAK_RSS);
	}
}

static int parse_stats(const struct stats *s, int64_t now_us, struct exit_message *m)
{
	struct exit_row *row = &m->row;
	uint64_t v;

	get_fields(s, row);
	if (get(s, AT_STATUS, 4, &v))
		m->status = (uint32_t)v;
	memcpy(row->comm, s->p + place(s, AT_COMM), sizeof row->comm - 1);
	if (get(s, AT_FLAG, 1, &v) && s->version >= VERSION_GROUPS && (v & FLAG_LAST))
		m->last = true;
	if (get(s, AT_TGID, 4, &v))
		m->tgid = (uint32_t)v;
	/* The process's age, or the thread's where the kernel does not say more. */
	m->whole_age = get(s, AT_TGETIME, 8, &v);
	if (!m->whole_age && !get(s, AT_ETIME, 8, &v))
		return -EBADMSG;
	if (v > INT64_MAX / 2)
		return -EBADMSG;
	exits_set(row, EXIT_LIVED, v);
	row->begun_us = now_us - (int64_t)v;
	row->ended_us = now_us;
	exits_set(row, EXIT_THREADS, 1);
	return 0;
}

/* What is in an attribute that holds a number and a struct. */
static int parse_aggregate(struct span s, uint32_t *ret_id, struct stats *ret)
{
	struct span value;
	bool has_id = false;
	uint16_t type;
	int r;

	while ((r = genl_next(&s, &type, &value)) == 0) {
		if ((type == TASKSTATS_TYPE_PID || type == TASKSTATS_TYPE_TGID) && span_left(&value) == 4) {
			memcpy(ret_id, value.p, 4);
			has_id = true;
		} else if (type == TASKSTATS_TYPE_STATS && span_left(&value) >= STATS_MIN) {
			*ret = (struct stats){.p = value.p, .len = span_left(&value)};
			memcpy(&ret->version, value.p + AT_VERSION, sizeof ret->version);
		}
	}
	return r != -ENODATA || !has_id || !ret->p || *ret_id == 0 ? -EBADMSG : 0;
}

/* The attributes of a message of the wanted type. */
static int parse_header(const void *p, size_t len, uint16_t type, struct span *ret)
{
	struct span s = span_of(p, len);
	struct nlmsghdr header;
	struct genlmsghdr command;

	if (len < sizeof header)
		return -EBADMSG;
	memcpy(&header, span_take(&s, sizeof header), sizeof header);
	if (header.nlmsg_type != type)
		return -ENODATA;
	if (header.nlmsg_len < sizeof header + sizeof command || header.nlmsg_len > len)
		return -EBADMSG;
	memcpy(&command, span_take(&s, sizeof command), sizeof command);
	if (command.cmd != TASKSTATS_CMD_NEW)
		return -ENODATA;
	return span_sub(&s, header.nlmsg_len - sizeof header - sizeof command, ret);
}

int taskstats_parse(const void *p, size_t len, uint16_t type, int64_t now_us, struct exit_message *ret)
{
	struct exit_message m = {0};
	struct stats thread = {0}, process = {0};
	struct span attributes, value;
	uint32_t tgid = 0;
	uint16_t is;
	int r, end;

	r = parse_header(p, len, type, &attributes);
	if (r < 0)
		return r;
	while ((end = genl_next(&attributes, &is, &value)) == 0 && r == 0) {
		if (is == TASKSTATS_TYPE_AGGR_PID)
			r = parse_aggregate(value, &m.tid, &thread);
		else if (is == TASKSTATS_TYPE_AGGR_TGID)
			r = parse_aggregate(value, &tgid, &process);
	}
	if (end != -ENODATA || r < 0 || !thread.p)
		return -EBADMSG;
	r = parse_stats(&thread, now_us, &m);
	if (r < 0)
		return r;
	/* Sent for the last thread of several; what it says is less than the sum of them. */
	if (tgid != 0) {
		m.last = true;
		if (m.tgid == 0)
			m.tgid = tgid;
	}
	*ret = m;
	return 0;
}

/* --- the socket --- */

/* Whether messages say which process a thread is of: asks for one about this process. */
static int ask_groups(int fd, uint16_t type, bool *ret)
{
	char buf[GENL_ANSWER_MAX];
	uint32_t pid = (uint32_t)getpid();
	struct exit_message m;
	int r = genl_send(fd, type, TASKSTATS_CMD_GET, 0, TASKSTATS_CMD_ATTR_PID, &pid, sizeof pid);

	if (r == 0)
		r = genl_receive(fd, type, buf, sizeof buf);
	if (r > 0)
		r = taskstats_parse(buf, (size_t)r, type, 0, &m);
	if (r == 0)
		*ret = m.tgid != 0;
	return r;
}

/* Wants the messages of all processors that there could ever be. */
static int subscribe(int fd, uint16_t type)
{
	_cleanup_(cleanup_procfs) struct procfs *fs = NULL;
	char cpus[256];
	const char *p, *word;
	size_t len;
	int r = procfs_open("/", &fs);

	if (r == 0)
		r = procfs_read(fs, "sys/devices/system/cpu/possible", &p, &len);
	if (r < 0)
		return r;
	word = parse_word(&p, &len);
	if (len >= sizeof cpus)
		return -EMSGSIZE;
	memcpy(cpus, word, len);
	cpus[len] = '\0';
	r = genl_send(fd, type, TASKSTATS_CMD_GET, NLM_F_ACK, TASKSTATS_CMD_ATTR_REGISTER_CPUMASK, cpus, len + 1);
	return r < 0 ? r : genl_receive_ack(fd);
}

int taskstats_open(int *ret_fd, uint16_t *ret_type, bool *ret_groups)
{
	_cleanup_(cleanup_close) int fd = -1;
	int r = genl_open(RECEIVE_BUFFER, &fd);

	if (r == 0)
		r = genl_family(fd, TASKSTATS_GENL_NAME, ret_type);
	if (r == 0)
		r = ask_groups(fd, *ret_type, ret_groups);
	if (r == 0)
		r = subscribe(fd, *ret_type);
	if (r < 0)
		return r;
	*ret_fd = take_fd(&fd);
	return 0;
}
