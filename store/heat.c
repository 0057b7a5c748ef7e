/* heat.c -- the heatmap's measures of a snapshot */
#include "store/heat.h"

#include "store/heat_cgroups.h"
#include "store/heat_logs.h"

enum { CPU_BUSY, CPU_IOWAIT, CPU_ALL, CPU_N };
enum { PSI_CPU, PSI_IO, PSI_MEM, PSI_N };

struct disk_counter {
	uint64_t io_ms;
	char name[32]; /* as long as the kernel's own */
};

/* Of a snapshot, or of an earlier one of the same boot where a table was not due. */
struct counters {
	bool has_cpu, has_psi[PSI_N];
	uint64_t cpu_us, psi_us, disk_us; /* when the tables were taken, since the boot; 0: not there */
	uint64_t cpu[CPU_N], psi[PSI_N];
	struct disk_counter *disks;
	uint32_t n_disks, cap_disks;
};

struct heat_state {
	bool any;
	uint64_t boot;
	struct counters before, now;
	struct heat_cgroups cgroups, cgroups_before;
	uint64_t cgroups_us; /* when they were taken, since the boot; 0: not there */
	struct heat_logs logs, logs_before;
	uint64_t logs_us;
};

const char *const heat_names[HEAT_N] = {"cpu_permille", "iowait_permille", "mem_permille", "psi_cpu_permille",
    "psi_io_permille", "psi_memory_permille", "disk_permille", "health", "sessions_active", "sessions_waiting",
    "errors_critical", "errors_warning", "errors_info", "checkpoints", "autovacuums", "slow_queries",
    "cgroup_cpu_permille", "cgroup_mem_permille"};

bool heat_uses(const char *table)
{
	static const char *const used[] = {"cpu", "psi", "mem", "disk", "cgroup", "pg_stat_activity", "pg_log_events"};

	for (unsigned i = 0; i < N_ELEMENTS(used); i++)
		if (strcmp(used[i], table) == 0)
			return true;
	return false;
}

int heat_state_new(struct heat_state **ret)
{
	*ret = calloc(1, sizeof **ret);
	return *ret ? 0 : -ENOMEM;
}

void heat_state_free(struct heat_state *h)
{
	free(h->before.disks);
	free(h->now.disks);
	heat_cgroups_done(&h->cgroups);
	heat_cgroups_done(&h->cgroups_before);
	heat_logs_done(&h->logs);
	heat_logs_done(&h->logs_before);
	free(h);
}

static const struct table *find_table(const struct snapshot *s, const char *name)
{
	for (uint32_t i = 0; i < s->n_tables; i++)
		if (!s->tables[i]->absent && strcmp(s->tables[i]->schema->name, name) == 0)
			return s->tables[i];
	return NULL;
}

/* The row of a string key; UINT32_MAX if there is none. */
static uint32_t find_row(const struct table *t, int column, const char *key)
{
	for (uint32_t i = 0; column >= 0 && i < t->n_rows; i++) {
		struct str s = table_str(t, (uint32_t)column, i);

		if (s.len == strlen(key) && memcmp(s.p, key, s.len) == 0)
			return i;
	}
	return UINT32_MAX;
}

static bool get(const struct table *t, const char *column, uint32_t row, uint64_t *ret)
{
	int c = table_schema_find(t->schema, column);

	if (c < 0 || row >= t->n_rows || table_is_null(t, (uint32_t)c, row))
		return false;
	*ret = table_get(t, (uint32_t)c, row);
	return true;
}

static uint64_t taken_us(const struct snapshot *s, const struct table *t)
{
	return t ? s->boot_us + (uint64_t)((int64_t)t->taken_ms * 1000) : 0;
}

/* A table that was not due has the counters that it had; only the first time they are seen they are news. */
static bool is_old(const struct table *t, uint64_t known_us)
{
	return t && t->repeated && known_us > 0;
}

static void gather_cpu(const struct snapshot *s, struct counters *c)
{
	static const char *const busy[] = {
	    "user_ticks", "nice_ticks", "system_ticks", "irq_ticks", "softirq_ticks", "steal_ticks"};
	const struct table *t = find_table(s, "cpu");
	uint64_t idle, v;
	uint32_t row;

	if (is_old(t, c->cpu_us))
		return;
	c->cpu_us = taken_us(s, t);
	c->has_cpu = false;
	if (!t)
		return;
	row = find_row(t, table_schema_find(t->schema, "cpu"), "all");
	if (!get(t, "idle_ticks", row, &idle))
		return;
	memset(c->cpu, 0, sizeof c->cpu);
	if (get(t, "iowait_ticks", row, &v))
		c->cpu[CPU_IOWAIT] = v;
	for (unsigned i = 0; i < N_ELEMENTS(busy); i++)
		if (get(t, busy[i], row, &v))
			c->cpu[CPU_BUSY] += v;
	c->cpu[CPU_ALL] = c->cpu[CPU_BUSY] + c->cpu[CPU_IOWAIT] + idle;
	c->has_cpu = true;
}

static void gather_psi(const struct snapshot *s, struct counters *c)
{
	static const char *const resources[PSI_N] = {"cpu", "io", "memory"};
	const struct table *t = find_table(s, "psi");

	if (is_old(t, c->psi_us))
		return;
	c->psi_us = taken_us(s, t);
	for (unsigned i = 0; i < PSI_N; i++)
		c->has_psi[i] =
		    t && get(t, "some_total_us", find_row(t, table_schema_find(t->schema, "resource"), resources[i]),
		             &c->psi[i]);
}

static int gather_disks(const struct snapshot *s, struct counters *c)
{
	const struct table *t = find_table(s, "disk");
	int key = t ? table_schema_find(t->schema, "device") : -ENOENT;

	if (is_old(t, c->disk_us))
		return 0;
	c->disk_us = taken_us(s, t);
	c->n_disks = 0;
	if (key < 0)
		return 0;
	if (t->n_rows > c->cap_disks) {
		struct disk_counter *p = realloc(c->disks, t->n_rows * sizeof *p);

		if (!p)
			return -ENOMEM;
		c->disks = p;
		c->cap_disks = t->n_rows;
	}
	for (uint32_t i = 0; i < t->n_rows; i++) {
		struct str name = table_str(t, (uint32_t)key, i);
		struct disk_counter *d = &c->disks[c->n_disks];

		if (name.len >= sizeof d->name || !get(t, "io_ms", i, &d->io_ms))
			continue;
		memset(d->name, 0, sizeof d->name);
		memcpy(d->name, name.p, name.len);
		c->n_disks++;
	}
	return 0;
}

static uint16_t permille(uint64_t part, uint64_t whole)
{
	uint64_t v = whole ? (part * 1000 + whole / 2) / whole : 0;

	/* A little over the whole is the sampling's jitter, not a measure. */
	return (uint16_t)(v > 1000 ? 1000 : v);
}

static uint16_t memory_used(const struct snapshot *s)
{
	const struct table *t = find_table(s, "mem");
	uint64_t total, free, v;

	if (!t || !get(t, "MemTotal_kb", 0, &total) || total == 0)
		return HEAT_UNKNOWN;
	if (!get(t, "MemAvailable_kb", 0, &free)) {
		if (!get(t, "MemFree_kb", 0, &free))
			return HEAT_UNKNOWN;
		free += get(t, "Buffers_kb", 0, &v) ? v : 0;
		free += get(t, "Cached_kb", 0, &v) ? v : 0;
	}
	return permille(free < total ? total - free : 0, total);
}

static bool is_text(const struct table *t, int column, uint32_t row, const char *text)
{
	struct str s = column < 0 ? (struct str){0} : table_str(t, (uint32_t)column, row);

	return s.len == strlen(text) && memcmp(s.p, text, s.len) == 0;
}

/* Clients' sessions that run a statement, and those of them that wait for something in doing so. */
static void count_sessions(const struct snapshot *s, uint16_t *ret_active, uint16_t *ret_waiting)
{
	const struct table *t = find_table(s, "pg_stat_activity");
	uint32_t active = 0, waiting = 0;
	int type, state, event;

	if (!t)
		return;
	type = table_schema_find(t->schema, "backend_type");
	state = table_schema_find(t->schema, "state");
	event = table_schema_find(t->schema, "wait_event");
	for (uint32_t i = 0; i < t->n_rows; i++) {
		if (!is_text(t, type, i, "client backend") || !is_text(t, state, i, "active"))
			continue;
		active++;
		waiting += event >= 0 && !table_is_null(t, (uint32_t)event, i);
	}
	*ret_active = (uint16_t)(active < HEAT_MAX ? active : HEAT_MAX);
	*ret_waiting = (uint16_t)(waiting < HEAT_MAX ? waiting : HEAT_MAX);
}

static uint16_t busiest_disk(const struct counters *before, const struct counters *now, uint64_t us)
{
	uint16_t most = HEAT_UNKNOWN;

	for (uint32_t i = 0, k = 0; i < now->n_disks; i++) {
		const struct disk_counter *d = &now->disks[i], *b = NULL;
		uint16_t v;

		/* The order stays as a rule: go on where the last one was found. */
		for (uint32_t tries = 0; tries < before->n_disks && !b; tries++, k++) {
			if (k >= before->n_disks)
				k = 0;
			if (strcmp(before->disks[k].name, d->name) == 0)
				b = &before->disks[k];
		}
		if (!b || d->io_ms < b->io_ms)
			continue;
		v = permille((d->io_ms - b->io_ms) * 1000, us);
		if (most == HEAT_UNKNOWN || v > most)
			most = v;
	}
	return most;
}

/* And the measure that it is of; -1: of none. */
static uint16_t health(const uint16_t m[HEAT_N], int *ret_measure)
{
	static const struct {
		enum heat_measure measure;
		unsigned from, times; /* what is over `from` counts so many times */
	} rules[] = {{HEAT_PSI_CPU, 0, 1}, {HEAT_PSI_IO, 0, 1}, {HEAT_PSI_MEM, 0, 2}, {HEAT_MEM, 900, 10}},
	  without_psi[] = {{HEAT_CPU, 900, 10}, {HEAT_IOWAIT, 0, 1}, {HEAT_MEM, 900, 10}};
	bool psi = m[HEAT_PSI_CPU] != HEAT_UNKNOWN;
	unsigned worst = 0, n = psi ? N_ELEMENTS(rules) : N_ELEMENTS(without_psi);
	bool any = false;

	*ret_measure = -1;
	for (unsigned i = 0; i < n; i++) {
		unsigned from = psi ? rules[i].from : without_psi[i].from;
		unsigned times = psi ? rules[i].times : without_psi[i].times;
		enum heat_measure measure = psi ? rules[i].measure : without_psi[i].measure;
		uint16_t v = m[measure];

		if (v == HEAT_UNKNOWN)
			continue;
		any = true;
		if (v > from && (v - from) * times > worst) {
			worst = (v - from) * times;
			*ret_measure = (int)measure;
		}
	}
	return !any ? HEAT_UNKNOWN : (uint16_t)(100 - (worst >= 1000 ? 100 : worst / 10));
}

/* What is now becomes what was before, and begins as the same. */
static int step(struct heat_state *h, uint64_t boot)
{
	struct counters *b = &h->before, *n = &h->now;
	struct disk_counter *disks = b->disks;
	uint32_t cap = b->cap_disks;

	if (boot != h->boot || !h->any) {
		n->cpu_us = n->psi_us = n->disk_us = 0;
		h->cgroups_us = h->logs_us = 0;
		n->n_disks = 0;
		n->has_cpu = false;
		memset(n->has_psi, 0, sizeof n->has_psi);
	}
	h->boot = boot;
	h->any = true;
	if (cap < n->n_disks) {
		disks = realloc(disks, n->n_disks * sizeof *disks);
		if (!disks)
			return -ENOMEM;
		cap = n->n_disks;
	}
	*b = *n;
	b->disks = disks;
	b->cap_disks = cap;
	if (n->n_disks > 0)
		memcpy(disks, n->disks, n->n_disks * sizeof *disks);
	return 0;
}

static void measure_cpu(const struct counters *before, const struct counters *now, uint16_t m[HEAT_N])
{
	uint64_t all, busy, iowait;

	if (!before->has_cpu || !now->has_cpu || now->cpu[CPU_ALL] <= before->cpu[CPU_ALL] ||
	    now->cpu[CPU_BUSY] < before->cpu[CPU_BUSY])
		return;
	all = now->cpu[CPU_ALL] - before->cpu[CPU_ALL];
	busy = now->cpu[CPU_BUSY] - before->cpu[CPU_BUSY];
	/* The kernel's iowait can go back a little. */
	iowait = now->cpu[CPU_IOWAIT] > before->cpu[CPU_IOWAIT] ? now->cpu[CPU_IOWAIT] - before->cpu[CPU_IOWAIT] : 0;
	m[HEAT_CPU] = permille(busy, all);
	m[HEAT_IOWAIT] = permille(iowait, all);
}

static void measure_psi(const struct counters *before, const struct counters *now, uint16_t m[HEAT_N])
{
	static const enum heat_measure measures[PSI_N] = {HEAT_PSI_CPU, HEAT_PSI_IO, HEAT_PSI_MEM};

	if (before->psi_us == 0 || now->psi_us <= before->psi_us)
		return;
	for (unsigned i = 0; i < PSI_N; i++)
		if (before->has_psi[i] && now->has_psi[i] && now->psi[i] >= before->psi[i])
			m[measures[i]] = permille(now->psi[i] - before->psi[i], now->psi_us - before->psi_us);
}

static int measure_cgroups(struct heat_state *h, const struct snapshot *s, uint16_t m[HEAT_N])
{
	const struct table *t = find_table(s, "cgroup");
	struct heat_cgroups swap = h->cgroups_before;
	uint64_t before_us = h->cgroups_us;
	int r;

	m[HEAT_CGROUP_MEM] = heat_cgroups_memory(t);
	if (is_old(t, before_us))
		return 0;
	h->cgroups_before = h->cgroups;
	h->cgroups = swap;
	h->cgroups_us = taken_us(s, t);
	r = heat_cgroups_take(&h->cgroups, t);
	if (r == 0 && before_us > 0 && h->cgroups_us > before_us)
		m[HEAT_CGROUP_CPU] = heat_cgroups_cpu(&h->cgroups_before, &h->cgroups, h->cgroups_us - before_us);
	return r;
}

static int measure_logs(struct heat_state *h, const struct snapshot *s, uint16_t m[HEAT_N])
{
	const struct table *t = find_table(s, "pg_log_events");
	struct heat_logs swap = h->logs_before;
	uint64_t before_us = h->logs_us;
	int r;

	if (is_old(t, before_us))
		return 0;
	h->logs_before = h->logs;
	h->logs = swap;
	h->logs_us = taken_us(s, t);
	r = heat_logs_take(&h->logs, t);
	if (r == 0 && before_us > 0 && h->logs_us > before_us)
		heat_logs_growth(&h->logs_before, &h->logs, m);
	return r;
}

int heat_entry(struct heat_state *h, const struct snapshot *s, struct disk_heat *ret)
{
	struct counters *before = &h->before, *now = &h->now;
	uint16_t m[HEAT_N];
	int r = step(h, s->boot), measure;

	if (r == 0)
		r = gather_disks(s, now);
	if (r < 0)
		return r;
	gather_cpu(s, now);
	gather_psi(s, now);
	for (unsigned i = 0; i < HEAT_N; i++)
		m[i] = HEAT_UNKNOWN;
	m[HEAT_MEM] = memory_used(s);
	count_sessions(s, &m[HEAT_ACTIVE], &m[HEAT_WAITING]);
	if (before->cpu_us > 0 && now->cpu_us > before->cpu_us)
		measure_cpu(before, now, m);
	measure_psi(before, now, m);
	if (before->disk_us > 0 && now->disk_us > before->disk_us)
		m[HEAT_DISK] = busiest_disk(before, now, now->disk_us - before->disk_us);
	r = measure_cgroups(h, s, m);
	if (r == 0)
		r = measure_logs(h, s, m);
	if (r < 0)
		return r;
	m[HEAT_HEALTH] = health(m, &measure);
	*ret = (struct disk_heat){.time_ms = put_le64((uint64_t)s->time_ms)};
	for (unsigned i = 0; i < HEAT_N; i++)
		ret->m[i] = put_le16(m[i]);
	return 0;
}

int heat_reason(const struct disk_heat *e)
{
	uint16_t m[HEAT_N];
	int measure;

	for (unsigned i = 0; i < HEAT_N; i++)
		m[i] = get_le16(e->m[i]);
	health(m, &measure);
	return measure;
}
