/* process.c -- see process.h */
#include "collector/process.h"

#include "collector/redact.h"

enum { N_SCHEDSTAT = 3 };
static const uint8_t schedstat_columns[N_SCHEDSTAT] = {RUN, RUN_DELAY, TIMESLICES};

int process_new(int pid, struct process **ret)
{
	struct process *p = calloc(1, sizeof *p);

	if (!p)
		return -ENOMEM;
	pidset_init(&p->files, pid);
	*ret = p;
	return 0;
}

static void reset(struct pidfiles *pf, struct process *p)
{
	int pid = p->files.pid;

	pidset_done(pf, &p->files);
	free(p->cmdline);
	free(p->cgroup);
	*p = (struct process){0};
	pidset_init(&p->files, pid);
}

void process_free(struct pidfiles *pf, struct process *p)
{
	reset(pf, p);
	free(p);
}

/* Takes a cell over from the row before. */
static void repeat(const struct process *p, struct table *t, uint32_t row, unsigned column)
{
	if (!p->nulls[column])
		table_set(t, row, column, p->cells[column]);
}

static bool is_number(unsigned column)
{
	return column != STATE && column != TTY && column != COMM && column != CMDLINE && column != CGROUP &&
	       column != WCHAN;
}

/* Sets the strings that are kept from tick to tick. */
static void put_strings(const struct process *p, struct table *t, uint32_t row)
{
	if (p->cgroup)
		table_set_str(t, row, CGROUP, p->cgroup, p->cgroup_len);
	if (p->wchan_len > 0)
		table_set_str(t, row, WCHAN, p->wchan, p->wchan_len);
}

static void repeat_row(const struct process *p, struct table *t, uint32_t row)
{
	for (unsigned c = 0; c < N_PROCESS_COLUMNS; c++)
		if (is_number(c))
			repeat(p, t, row, c);
	table_set_str(t, row, STATE, &p->state, 1);
	table_set_str(t, row, COMM, p->comm, p->comm_len);
	if (p->tty_len > 0)
		table_set_str(t, row, TTY, p->tty, p->tty_len);
	put_strings(p, t, row);
}

/* Sum of what grows whenever the process runs. */
static uint64_t activity(const struct table *t, uint32_t row)
{
	static const uint8_t of[] = {UTIME, STIME, MINFLT, RUN, TIMESLICES, VOLUNTARY, INVOLUNTARY};
	uint64_t sum = 0;

	for (size_t i = 0; i < N_ELEMENTS(of); i++)
		if (!table_is_null(t, of[i], row))
			sum += table_get(t, of[i], row);
	return sum;
}

/* Copies a string cell. False if there is no room for it. */
static bool remember_string(
    const struct table *t, uint32_t row, unsigned column, char *to, size_t room, uint8_t *ret_len)
{
	struct str s = table_str(t, column, row);

	if (s.len > room)
		return false;
	memcpy(to, s.p, s.len);
	*ret_len = (uint8_t)s.len;
	return true;
}

static void remember(struct process *p, const struct table *t, uint32_t row, const struct pidstat *st)
{
	uint64_t act = activity(t, row);
	uint8_t state_len;

	p->want_cmdline = !st->kernel_thread && (p->want_cmdline || !p->known || act != p->activity);
	p->activity = act;
	p->kernel_thread = st->kernel_thread;
	p->start = st->start;
	/* What could not be repeated is not known well enough to spare reading it. */
	p->repeatable = remember_string(t, row, STATE, &p->state, 1, &state_len) && state_len == 1 &&
	                remember_string(t, row, COMM, p->comm, sizeof p->comm, &p->comm_len) &&
	                remember_string(t, row, TTY, p->tty, sizeof p->tty, &p->tty_len);
	for (unsigned c = 0; c < N_PROCESS_COLUMNS; c++)
		if (is_number(c)) {
			p->nulls[c] = table_is_null(t, c, row);
			p->cells[c] = table_get(t, c, row);
		}
	p->known = true;
}

/* Whether the main thread has run for as long as it had at its last row. */
static bool same_schedstat(const struct process *p, const struct table *t, uint32_t row)
{
	for (size_t i = 0; i < N_SCHEDSTAT; i++) {
		uint8_t c = schedstat_columns[i];

		if (p->nulls[c] || table_is_null(t, c, row) || p->cells[c] != table_get(t, c, row))
			return false;
	}
	/* No time slice at all: a kernel that does not count them. */
	return table_get(t, TIMESLICES, row) > 0;
}

/* Whether the process is one thread that was not given a CPU since its last row. As schedstat is read before all else,
 * a CPU that it is given while it is being sampled shows at the next tick. Only through files kept open is this surely
 * the same process. */
static bool was_idle(const struct process *p, bool kept, const struct table *t, uint32_t row)
{
	return p->known && p->repeatable && kept && p->state != 'R' && p->cells[THREADS] == 1 &&
	       same_schedstat(p, t, row);
}

/* Whether a period ended since then. The periods of processes end at different times. */
static bool has_ended(const struct process *p, uint64_t period_ms, uint64_t since_ms, uint64_t now_ms)
{
	uint64_t shift = (uint64_t)p->files.pid * 997;

	return (now_ms + shift) / period_ms != (since_ms + shift) / period_ms;
}

/* Whether it is time to read it in full. */
static bool is_due(const struct process *p, uint64_t now_ms)
{
	return !p->known || has_ended(p, PROCESS_FULL_MS, p->full_ms, now_ms);
}

/* Whether its memory has the size that it had at the tick before, if it was asked for then. What others take away from
 * a process while it sleeps shows here. statm is exact where stat is not, so that it is compared with itself only. */
static bool same_memory(struct pidfiles *pf, struct process *p)
{
	uint64_t before[2] = {p->statm[0], p->statm[1]};
	bool had = p->has_statm;
	const char *text;
	size_t len;

	p->has_statm = pidset_read(pf, &p->files, PIDFILE_STATM, &text, &len) == 0 && parse_u64(&text, &p->statm[0]) &&
	               parse_u64(&text, &p->statm[1]);
	return had && p->has_statm && before[0] == p->statm[0] && before[1] == p->statm[1];
}

static int compare_pids(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return x < y ? -1 : x > y;
}

/* A process whose parent went away has another one now. */
static bool has_parent(const struct process *p, const struct process_tick *tick)
{
	int ppid = (int)p->cells[PPID];

	return p->nulls[PPID] || ppid == 0 || bsearch(&ppid, tick->pids, tick->n, sizeof ppid, compare_pids);
}

static int read_status_and_io(struct pidfiles *pf, struct process *p, struct table *t, uint32_t row)
{
	const char *text;
	size_t len;
	int r;

	r = pidset_read(pf, &p->files, PIDFILE_STATUS, &text, &len);
	if (r < 0)
		return r;
	pidparse_status(t, row, text, len);
	r = pidset_read(pf, &p->files, PIDFILE_IO, &text, &len);
	if (r == 0)
		pidparse_io(t, row, text, len);
	/* Only the owner and root may read it. */
	return r == -ESRCH ? r : 0;
}

static int read_cgroup(struct pidfiles *pf, struct process *p)
{
	const char *text, *path;
	size_t len;
	char *kept;
	int r = pidset_read(pf, &p->files, PIDFILE_CGROUP, &text, &len);

	if (r < 0 || !pidparse_cgroup(text, &path, &len))
		return r;
	if (p->cgroup && p->cgroup_len == len && memcmp(p->cgroup, path, len) == 0)
		return 0;
	kept = realloc(p->cgroup, len);
	if (!kept)
		return -ENOMEM;
	memcpy(kept, path, len);
	p->cgroup = kept;
	p->cgroup_len = len;
	return 0;
}

static int read_number(
    struct pidfiles *pf, struct process *p, enum pidfile which, struct table *t, uint32_t row, unsigned column)
{
	const char *text;
	size_t len;
	int64_t v;
	int r = pidset_read(pf, &p->files, which, &text, &len);

	if (r == 0 && parse_i64(&text, &v))
		table_set(t, row, column, (uint64_t)v);
	return r;
}

static int count_fds(struct pidfiles *pf, struct process *p, struct table *t, uint32_t row)
{
	uint64_t n;
	int r = pidset_count_fds(pf, &p->files, &n);

	if (r == 0)
		table_set(t, row, FDS, n);
	return r;
}

/* What changes seldom; due: the process is read in full because it is time to. -ESRCH, -ENOMEM; what we may not read is
 * NULL. */
static int read_seldom(struct pidfiles *pf, struct process *p, struct table *t, uint32_t row, uint64_t now_ms, bool due)
{
	int all[4];

	if (p->known &&
	    (p->kernel_thread || !due || (!p->again && !has_ended(p, PROCESS_SELDOM_MS, p->seldom_ms, now_ms)))) {
		repeat(p, t, row, OOM_SCORE);
		repeat(p, t, row, OOM_SCORE_ADJ);
		repeat(p, t, row, FDS);
		return 0;
	}
	p->again = !p->known;
	p->seldom_ms = now_ms;
	all[0] = read_cgroup(pf, p);
	all[1] = read_number(pf, p, PIDFILE_OOM_SCORE, t, row, OOM_SCORE);
	all[2] = read_number(pf, p, PIDFILE_OOM_SCORE_ADJ, t, row, OOM_SCORE_ADJ);
	all[3] = count_fds(pf, p, t, row);
	for (size_t i = 0; i < N_ELEMENTS(all); i++)
		if (all[i] == -ESRCH || all[i] == -ENOMEM)
			return all[i];
	return 0;
}

/* What a main thread that cannot be woken waits in: the name of a function of the kernel's; "0" stands for none. */
static void read_wchan(struct pidfiles *pf, struct process *p, const struct table *t, uint32_t row)
{
	struct str state = table_str(t, STATE, row);
	const char *text, *word;
	size_t len;

	if (p->known && p->state == 'D' && same_schedstat(p, t, row))
		return;
	p->wchan_len = 0;
	if (state.len != 1 || *state.p != 'D' || pidset_read(pf, &p->files, PIDFILE_WCHAN, &text, &len) < 0)
		return;
	word = parse_word(&text, &len);
	if (len > sizeof p->wchan || len == 0 || (len == 1 && *word == '0'))
		return;
	memcpy(p->wchan, word, len);
	p->wchan_len = (uint8_t)len;
}

/* -ESTALE: the number is another process's by now. */
static int sample_once(const struct source_env *env, struct pidfiles *pf, struct process *p,
    const struct process_tick *tick, struct table *t, uint32_t row)
{
	bool kept = p->files.fd[PIDFILE_SCHEDSTAT] >= 0, due = is_due(p, tick->now_ms), idle;
	struct pidstat st;
	const char *text;
	size_t len;
	int r;

	r = pidset_read(pf, &p->files, PIDFILE_SCHEDSTAT, &text, &len);
	if (r == -ESRCH)
		return r;
	if (r == 0)
		pidparse_schedstat(t, row, text);
	idle = was_idle(p, kept, t, row);
	if (!idle)
		p->has_statm = false;
	/* Looked at before the rest is read: what changes in between is seen at the next tick. */
	if (idle && (p->kernel_thread || same_memory(pf, p)) && !due && has_parent(p, tick)) {
		repeat_row(p, t, row);
		return 0;
	}

	r = pidset_read(pf, &p->files, PIDFILE_STAT, &text, &len);
	if (r < 0)
		return r;
	r = pidparse_stat(env, t, row, text, len, &st);
	if (r < 0)
		return r;
	if (p->known && p->start != st.start)
		return -ESTALE;

	r = read_status_and_io(pf, p, t, row);
	if (r == 0)
		r = read_seldom(pf, p, t, row, tick->now_ms, due);
	if (r < 0)
		return r;
	read_wchan(pf, p, t, row);
	put_strings(p, t, row);
	p->full_ms = tick->now_ms;
	remember(p, t, row, &st);
	return 0;
}

int process_sample(const struct source_env *env, struct pidfiles *pf, struct process *p,
    const struct process_tick *tick, struct table *t, uint32_t row)
{
	bool known = p->known;
	int r = sample_once(env, pf, p, tick, t, row);

	if (r != -ESTALE && (r != -ESRCH || !known))
		return r;
	/* The process that was known is gone. There may be another one with its number. */
	reset(pf, p);
	for (unsigned c = 0; c < N_PROCESS_COLUMNS; c++)
		table_set_null(t, row, c);
	return sample_once(env, pf, p, tick, t, row);
}

static bool is_separator(char c)
{
	return c == '\0' || c == ' ' || c == '\n';
}

int process_keep_cmdline(
    const struct source_env *env, struct process *p, const char *raw, size_t len, struct buf *scratch)
{
	char *s, *kept;

	/* Nothing is there any more when a process is ending: what it was called stays. */
	if (len == 0)
		return 0;
	scratch->len = 0;
	if (env->redact)
		redact_put(env->redact, raw, len, scratch);
	else
		buf_put(scratch, raw, len);
	if (scratch->err < 0)
		return scratch->err;
	s = (char *)scratch->p;
	len = utf8_cut(s, scratch->len, env->cmdline_max);
	while (len > 0 && is_separator(s[len - 1]))
		len--;
	for (size_t i = 0; i < len; i++)
		if (s[i] == '\0')
			s[i] = ' ';
	if (p->cmdline && p->cmdline_len == len && memcmp(p->cmdline, s, len) == 0)
		return 0;
	kept = realloc(p->cmdline, len + 1);
	if (!kept)
		return -ENOMEM;
	memcpy(kept, s, len);
	p->cmdline = kept;
	p->cmdline_len = len;
	return 0;
}
