/* heat.c -- the heatmap's measures: shares of what grew since the snapshot before, and what is not known */
#include "store/heat.h"
#include "store/heat_text.h"
#include "store/sidecar.h"
#include "tests/unit/machine.h"

#include <fcntl.h>

enum { N = 7 };

/* The tables that measures are taken from. */
struct heat_test {
	struct strpool *pool;
	struct table *tables[N]; /* cpu, mem, disk, psi, cgroup, pg_stat_activity, pg_log_events */
	struct heat_state *state;
	uint64_t boot, boot_us;
};

static void begin(struct heat_test *t)
{
	static const struct column cpu[] = {{"cpu", "", COL_STR, 0, COL_KEY, 0}, {"user_ticks", "", COL_U64, 2, 0, 0},
	    {"nice_ticks", "", COL_U64, 2, 0, 0}, {"system_ticks", "", COL_U64, 2, 0, 0},
	    {"idle_ticks", "", COL_U64, 2, 0, 0}, {"iowait_ticks", "", COL_U64, 2, 0, 0},
	    {"steal_ticks", "", COL_U64, 2, 0, 0}};
	static const struct column mem[] = {{"MemTotal_kb", "", COL_U64, 1, 0, 0}, {"MemFree_kb", "", COL_U64, 1, 0, 0},
	    {"MemAvailable_kb", "", COL_U64, 1, 0, 0}, {"Buffers_kb", "", COL_U64, 1, 0, 0},
	    {"Cached_kb", "", COL_U64, 1, 0, 0}};
	static const struct column disk[] = {{"device", "", COL_STR, 0, COL_KEY, 0}, {"io_ms", "", COL_U64, 2, 0, 0}};
	static const struct column psi[] = {
	    {"resource", "", COL_STR, 0, COL_KEY, 0}, {"some_total_us", "", COL_U64, 2, 0, 0}};

	static const struct column cgroup[] = {{"path", "", COL_STR, 0, COL_KEY, 0}, {"id", "", COL_U64, 0, COL_KEY, 0},
	    {"cpu_usage_us", "", COL_U64, 2, 0, 0}, {"cpu_quota_us", "", COL_U64, 1, 0, 0},
	    {"cpu_period_us", "", COL_U64, 1, 0, 0}, {"memory_current_bytes", "", COL_U64, 1, 0, 0},
	    {"memory_max_bytes", "", COL_U64, 1, 0, 0}};
	static const struct column activity[] = {{"pid", "", COL_U64, 0, COL_KEY, 0},
	    {"backend_type", "", COL_STR, 0, 0, 0}, {"state", "", COL_STR, 0, 0, 0},
	    {"wait_event", "", COL_STR, 0, 0, 0}};

	static const struct column log[] = {{"server", "", COL_STR, 0, COL_KEY, 0}, {"since_s", "s", COL_DEC, 0, 0, 3},
	    {"errors_critical", "", COL_U64, 2, 0, 0}, {"errors_warning", "", COL_U64, 2, 0, 0},
	    {"errors_info", "", COL_U64, 2, 0, 0}, {"checkpoints", "", COL_U64, 2, 0, 0},
	    {"restartpoints", "", COL_U64, 2, 0, 0}, {"autovacuums", "", COL_U64, 2, 0, 0},
	    {"slow_queries", "", COL_U64, 2, 0, 0}};

	*t = (struct heat_test){.boot = 1, .boot_us = 1000000};
	ok_r(strpool_new(&t->pool));
	t->tables[0] = machine_table(t->pool, 1, "cpu", cpu, N_ELEMENTS(cpu));
	t->tables[1] = machine_table(t->pool, 2, "mem", mem, N_ELEMENTS(mem));
	t->tables[2] = machine_table(t->pool, 3, "disk", disk, N_ELEMENTS(disk));
	t->tables[3] = machine_table(t->pool, 4, "psi", psi, N_ELEMENTS(psi));
	t->tables[4] = machine_table(t->pool, 5, "cgroup", cgroup, N_ELEMENTS(cgroup));
	t->tables[5] = machine_table(t->pool, 65, "pg_stat_activity", activity, N_ELEMENTS(activity));
	t->tables[5]->absent = true;
	t->tables[6] = machine_table(t->pool, 84, "pg_log_events", log, N_ELEMENTS(log));
	t->tables[6]->absent = true;
	ok_r(heat_state_new(&t->state));
}

static void end(struct heat_test *t)
{
	for (unsigned i = 0; i < N; i++)
		table_free(t->tables[i]);
	strpool_free(t->pool);
	heat_state_free(t->state);
}

static uint32_t row(struct table *t, const char *key)
{
	uint32_t r;

	ok_r(table_add_row(t, &r));
	if (key)
		ok_r(table_set_str(t, r, 0, key, strlen(key)));
	return r;
}

static void set_cpu(struct heat_test *t, uint64_t user, uint64_t idle, uint64_t iowait)
{
	uint32_t r;

	table_clear(t->tables[0]);
	r = row(t->tables[0], "cpu0"); /* not the one that counts */
	table_set(t->tables[0], r, 1, 5 * user);
	table_set(t->tables[0], r, 4, 7);
	r = row(t->tables[0], "all");
	table_set(t->tables[0], r, 1, user / 2);
	table_set(t->tables[0], r, 3, user - user / 2);
	table_set(t->tables[0], r, 4, idle);
	table_set(t->tables[0], r, 5, iowait);
}

static void set_disk(struct heat_test *t, const char *name, uint64_t io_ms)
{
	table_set(t->tables[2], row(t->tables[2], name), 1, io_ms);
}

static void set_psi(struct heat_test *t, const char *resource, uint64_t us)
{
	table_set(t->tables[3], row(t->tables[3], resource), 1, us);
}

/* A cgroup, and its CPU of a period of 100 ms. */
static uint32_t set_cgroup(struct heat_test *t, const char *path, uint64_t id, uint64_t used_us, uint64_t quota_us)
{
	uint32_t r = row(t->tables[4], path);

	table_set(t->tables[4], r, 1, id);
	table_set(t->tables[4], r, 2, used_us);
	table_set(t->tables[4], r, 3, quota_us);
	table_set(t->tables[4], r, 4, 100000);
	return r;
}

/* The next snapshot, a second later, of the tables that count. */
static void measure(struct heat_test *t, uint16_t m[HEAT_N])
{
	struct table *used[N];
	struct snapshot s = {.time_ms = 77, .boot = t->boot, .boot_us = t->boot_us += 1000000, .tables = used};
	struct disk_heat h;

	for (unsigned i = 0; i < N; i++)
		if (heat_uses(t->tables[i]->schema->name))
			used[s.n_tables++] = t->tables[i];
	ok_r(heat_entry(t->state, &s, &h));
	eq(get_le64(h.time_ms), 77);
	for (unsigned i = 0; i < HEAT_N; i++)
		m[i] = get_le16(h.m[i]);
	for (unsigned i = 0; i < N; i++)
		table_clear(t->tables[i]);
	t->tables[5]->absent = t->tables[6]->absent = true;
}

/* A server's counts since then: k more of the k-th of them. */
static void add_log(struct heat_test *t, const char *server, uint64_t since, uint64_t n)
{
	uint32_t r;

	t->tables[6]->absent = false;
	r = row(t->tables[6], server);
	table_set(t->tables[6], r, 1, since);
	for (uint32_t k = 0; k < 7; k++)
		table_set(t->tables[6], r, 2 + k, n + n * k);
}

static void add_session(struct heat_test *t, const char *type, const char *state, const char *wait_event)
{
	struct table *sessions = t->tables[5];
	const char *const cells[] = {type, state, wait_event};
	uint32_t r;

	sessions->absent = false;
	ok_r(table_add_row(sessions, &r));
	table_set(sessions, r, 0, r);
	for (uint32_t i = 0; i < N_ELEMENTS(cells); i++)
		if (cells[i])
			ok_r(table_set_str(sessions, r, i + 1, cells[i], strlen(cells[i])));
}

static void sessions_are_clients_that_run_a_statement(void)
{
	struct heat_test t;
	uint16_t m[HEAT_N];

	begin(&t);
	measure(&t, m);
	eq(m[HEAT_ACTIVE], HEAT_UNKNOWN);
	eq(m[HEAT_WAITING], HEAT_UNKNOWN);
	add_session(&t, "checkpointer", NULL, "CheckpointerMain");
	add_session(&t, "client backend", "idle", "ClientRead");
	add_session(&t, "client backend", "active", NULL);
	add_session(&t, "client backend", "active", "transactionid");
	add_session(&t, "client backend", "active", "DataFileRead");
	add_session(&t, "client backend", "idle in transaction", "ClientRead");
	add_session(&t, "parallel worker", "active", NULL);
	measure(&t, m);
	eq(m[HEAT_ACTIVE], 3);
	eq(m[HEAT_WAITING], 2);
	t.tables[5]->absent = false;
	measure(&t, m);
	eq(m[HEAT_ACTIVE], 0);
	eq(m[HEAT_WAITING], 0);
	end(&t);
}

static void cpu_is_the_share_of_what_grew(void)
{
	struct heat_test t;
	uint16_t m[HEAT_N];

	begin(&t);
	set_cpu(&t, 1000, 5000, 100);
	measure(&t, m);
	eq(m[HEAT_CPU], HEAT_UNKNOWN); /* since when? */
	eq(m[HEAT_IOWAIT], HEAT_UNKNOWN);
	set_cpu(&t, 1030, 5050, 120);
	measure(&t, m);
	eq(m[HEAT_CPU], 300);
	eq(m[HEAT_IOWAIT], 200);
	set_cpu(&t, 1030, 5150, 110); /* iowait goes back */
	measure(&t, m);
	eq(m[HEAT_CPU], 0);
	eq(m[HEAT_IOWAIT], 0);
	set_cpu(&t, 1030, 5150, 110); /* nothing grew */
	measure(&t, m);
	eq(m[HEAT_CPU], HEAT_UNKNOWN);
	end(&t);
}

static void rates_do_not_cross_a_boot_or_what_is_missing(void)
{
	struct heat_test t;
	uint16_t m[HEAT_N];

	begin(&t);
	set_cpu(&t, 1000, 5000, 0);
	set_disk(&t, "sda", 100);
	set_psi(&t, "cpu", 100);
	measure(&t, m);
	t.boot = 2;
	set_cpu(&t, 2000, 6000, 0);
	set_disk(&t, "sda", 900);
	set_psi(&t, "cpu", 900);
	measure(&t, m);
	eq(m[HEAT_CPU], HEAT_UNKNOWN);
	eq(m[HEAT_DISK], HEAT_UNKNOWN);
	eq(m[HEAT_PSI_CPU], HEAT_UNKNOWN);
	t.tables[0]->absent = true;
	measure(&t, m);
	eq(m[HEAT_CPU], HEAT_UNKNOWN);
	set_cpu(&t, 3000, 9000, 0);
	measure(&t, m); /* there was none the time before */
	eq(m[HEAT_CPU], HEAT_UNKNOWN);
	set_cpu(&t, 3050, 9050, 0);
	measure(&t, m);
	eq(m[HEAT_CPU], 500);
	end(&t);
}

static void the_busiest_disk_counts_whatever_its_place(void)
{
	struct heat_test t;
	uint16_t m[HEAT_N];

	begin(&t);
	set_disk(&t, "sda", 100);
	set_disk(&t, "sdb", 50000);
	set_disk(&t, "gone", 1);
	measure(&t, m);
	set_disk(&t, "new", 777777); /* not known since when */
	set_disk(&t, "sdb", 50100);
	set_disk(&t, "sda", 500);
	measure(&t, m);
	eq(m[HEAT_DISK], 400);
	set_disk(&t, "sda", 5000); /* more than there was time */
	set_disk(&t, "sdb", 1);    /* replaced */
	measure(&t, m);
	eq(m[HEAT_DISK], 1000);
	end(&t);
}

static void pressure_is_its_growth_over_the_time(void)
{
	struct heat_test t;
	uint16_t m[HEAT_N];

	begin(&t);
	set_psi(&t, "cpu", 0);
	set_psi(&t, "io", 100000);
	set_psi(&t, "memory", 500);
	measure(&t, m);
	set_psi(&t, "cpu", 250000);
	set_psi(&t, "io", 99999); /* went down */
	measure(&t, m);
	eq(m[HEAT_PSI_CPU], 250);
	eq(m[HEAT_PSI_IO], HEAT_UNKNOWN);
	eq(m[HEAT_PSI_MEM], HEAT_UNKNOWN);
	eq(m[HEAT_HEALTH], 75);
	end(&t);
}

static void memory_is_what_is_not_available(void)
{
	struct heat_test t;
	uint16_t m[HEAT_N];
	uint32_t r;

	begin(&t);
	r = row(t.tables[1], NULL);
	table_set(t.tables[1], r, 0, 1000000);
	table_set(t.tables[1], r, 1, 10000);
	table_set(t.tables[1], r, 2, 750000);
	measure(&t, m);
	eq(m[HEAT_MEM], 250);
	eq(m[HEAT_HEALTH], 100);
	/* Kernels before 3.14. */
	r = row(t.tables[1], NULL);
	table_set(t.tables[1], r, 0, 1000000);
	table_set(t.tables[1], r, 1, 10000);
	table_set(t.tables[1], r, 3, 20000);
	table_set(t.tables[1], r, 4, 30000);
	measure(&t, m);
	eq(m[HEAT_MEM], 940);
	eq(m[HEAT_HEALTH], 60);
	/* Some of both, of none. */
	r = row(t.tables[1], NULL);
	table_set(t.tables[1], r, 0, 1000000);
	table_set(t.tables[1], r, 2, 2000000);
	measure(&t, m);
	eq(m[HEAT_MEM], 0);
	row(t.tables[1], NULL);
	measure(&t, m);
	eq(m[HEAT_MEM], HEAT_UNKNOWN);
	eq(m[HEAT_HEALTH], HEAT_UNKNOWN);
	end(&t);
}

static void without_pressure_health_goes_by_cpu_and_iowait(void)
{
	struct heat_test t;
	uint16_t m[HEAT_N];

	begin(&t);
	set_cpu(&t, 0, 0, 0);
	measure(&t, m);
	set_cpu(&t, 930, 70, 0);
	measure(&t, m);
	eq(m[HEAT_HEALTH], 70);
	set_cpu(&t, 930, 470, 600);
	measure(&t, m);
	eq(m[HEAT_HEALTH], 40);
	set_cpu(&t, 2930, 470, 600);
	measure(&t, m);
	eq(m[HEAT_HEALTH], 0);
	end(&t);
}

static void a_table_that_was_not_due_gives_rates_when_it_is_due_again(void)
{
	struct heat_test t;
	uint16_t m[HEAT_N];

	begin(&t);
	set_psi(&t, "cpu", 0);
	t.tables[3]->taken_ms = -400; /* 0.6 s after the boot's second 1 */
	measure(&t, m);
	for (unsigned i = 0; i < 3; i++) {
		set_psi(&t, "cpu", 0);
		t.tables[3]->repeated = true;
		measure(&t, m);
		eq(m[HEAT_PSI_CPU], HEAT_UNKNOWN);
	}
	set_psi(&t, "cpu", 2200000);
	measure(&t, m);
	eq(m[HEAT_PSI_CPU], 500); /* of 4.4 s */
	/* The first that is seen may be one that was not due: it is known when it was taken. */
	t.boot++;
	set_psi(&t, "cpu", 1000000);
	t.tables[3]->repeated = true;
	t.tables[3]->taken_ms = -1000;
	measure(&t, m);
	eq(m[HEAT_PSI_CPU], HEAT_UNKNOWN);
	set_psi(&t, "cpu", 1500000);
	measure(&t, m);
	eq(m[HEAT_PSI_CPU], 250); /* of 2 s */
	end(&t);
}

static void the_reason_is_what_health_is_of(void)
{
	struct disk_heat e;

	for (unsigned i = 0; i < HEAT_N; i++)
		e.m[i] = put_le16(i == HEAT_CPU || i == HEAT_DISK ? 1000 : 0);
	eq(heat_reason(&e), -1);
	e.m[HEAT_PSI_IO] = put_le16(300);
	eq(heat_reason(&e), HEAT_PSI_IO);
	e.m[HEAT_PSI_MEM] = put_le16(200);
	eq(heat_reason(&e), HEAT_PSI_MEM);
	e.m[HEAT_MEM] = put_le16(950);
	eq(heat_reason(&e), HEAT_MEM);
	e.m[HEAT_PSI_CPU] = put_le16(HEAT_UNKNOWN);
	eq(heat_reason(&e), HEAT_CPU);
}

static void a_disk_of_a_long_name_counts(void)
{
	static const char name[] = "a-name-as-long-as-Linux-allows"; /* 31 bytes and a NUL */
	struct heat_test t;
	uint16_t m[HEAT_N];

	begin(&t);
	set_disk(&t, name, 100);
	measure(&t, m);
	set_disk(&t, name, 500);
	measure(&t, m);
	eq(m[HEAT_DISK], 400);
	end(&t);
}

static void lines_are_as_long_as_is_said(void)
{
	static const uint16_t values[] = {
	    0, 9, 10, 99, 100, 999, 1000, 9999, 10000, HEAT_MAX - 1, HEAT_MAX, HEAT_UNKNOWN};
	_cleanup_(buf_done) struct buf header = {0}, text = {0};
	struct disk_heat e[40];

	for (unsigned i = 0; i < N_ELEMENTS(e); i++) {
		e[i] = (struct disk_heat){.time_ms = put_le64(i), .seq = put_le32(i * i * i * i)};
		for (unsigned k = 0; k < HEAT_N; k++)
			e[i].m[k] = put_le16(values[(i + k) % N_ELEMENTS(values)]);
	}
	heat_text_put_header(&header);
	eq(header.len, heat_text_header_len());
	heat_text_put(&text, e, N_ELEMENTS(e));
	eq(text.len, heat_text_len(e, N_ELEMENTS(e)));
	text.len = 0;
	heat_text_put(&text, e, 1);
	buf_put_u8(&text, '\0');
	str_eq((const char *)text.p, "1970-01-01T00:00:00.000Z\t0\t0\t9\t10\t99\t100\t999\t1000\t9999\t10000\t65533\t"
	                             "65534+\t\\N\t0\t9\t10\t99\t100\t999\n");
}

static void a_sidecar_has_the_sum_of_its_entries(void)
{
	_cleanup_(cleanup_close) int dir = open(tap_tmpdir(), O_RDONLY | O_DIRECTORY);
	struct file_id id = {.kind = KIND_HEAT, .store_id = 1, .hour = HOUR};
	struct heat_sum sum = {0};
	struct disk_heat in[3];

	for (unsigned i = 0; i < N_ELEMENTS(in); i++) {
		in[i] = (struct disk_heat){.time_ms = put_le64(i == 1 ? 500 : i), .seq = put_le32(i)};
		for (unsigned k = 0; k < HEAT_N; k++)
			in[i].m[k] = put_le16(k == HEAT_DISK && i == 2 ? 7 : HEAT_UNKNOWN);
	}
	ok_r(sidecar_write(dir, "h", &id, in, N_ELEMENTS(in)));
	ok_r(sidecar_read_sum(dir, "h", &sum));
	eq(sum.n, 3);
	eq(sum.known, 1 << HEAT_DISK);
	eq(sum.last_ms, 500);
	eq(sum.text_len, heat_text_len(in, N_ELEMENTS(in)));
	eq(sidecar_read_sum(dir, "none", &sum), -ENOENT);
}

static void the_cgroup_nearest_to_its_limit_of_cpu_counts(void)
{
	struct heat_test t;
	uint16_t m[HEAT_N];

	begin(&t);
	set_cgroup(&t, "/", 1, 0, UINT64_MAX);
	set_cgroup(&t, "/half", 2, 1000, 200000); /* of two CPUs */
	set_cgroup(&t, "/most", 3, 1000, 50000);
	set_cgroup(&t, "/over", 4, 1000, 10000);
	measure(&t, m);
	eq(m[HEAT_CGROUP_CPU], HEAT_UNKNOWN);
	set_cgroup(&t, "/most", 3, 1000 + 450000, 50000);
	set_cgroup(&t, "/", 1, 9000000, UINT64_MAX);
	set_cgroup(&t, "/half", 2, 1000 + 1000000, 200000);
	set_cgroup(&t, "/over", 5, 9000000, 10000); /* another one: since when has it used that? */
	measure(&t, m);
	eq(m[HEAT_CGROUP_CPU], 900);
	eq(m[HEAT_CGROUP_MEM], HEAT_UNKNOWN);
	set_cgroup(&t, "/half", 2, 1000 + 1000000, 200000);
	set_cgroup(&t, "/most", 3, 10, 50000); /* less than before */
	measure(&t, m);
	eq(m[HEAT_CGROUP_CPU], 0);
	set_cgroup(&t, "/half", 2, 1000 + 9000000, 200000); /* a burst, or late by the clock */
	measure(&t, m);
	eq(m[HEAT_CGROUP_CPU], 1000);
	set_cgroup(&t, "/half", 2, 1000 + 9500000, UINT64_MAX); /* it has no limit any more */
	measure(&t, m);
	eq(m[HEAT_CGROUP_CPU], HEAT_UNKNOWN);
	end(&t);
}

static void rows_of_cgroups_that_are_repeated_have_no_growth_but_memory(void)
{
	struct heat_test t;
	uint16_t m[HEAT_N];

	begin(&t);
	for (unsigned i = 0; i < 4; i++) {
		uint32_t r = set_cgroup(&t, "/a", 1, 1000 + (i == 3) * 500000, 100000);

		table_set(t.tables[4], r, 5, 250);
		table_set(t.tables[4], r, 6, 1000);
		r = set_cgroup(&t, "/b", 2, 7, UINT64_MAX);
		table_set(t.tables[4], r, 5, 1 << 30);
		table_set(t.tables[4], r, 6, UINT64_MAX);
		t.tables[4]->repeated = i == 1;
		measure(&t, m);
		eq(m[HEAT_CGROUP_MEM], 250);
		eq(m[HEAT_CGROUP_CPU], i < 2 ? HEAT_UNKNOWN : i == 2 ? 0 : 500);
	}
	end(&t);
}

static void what_logs_tell_is_counted_of_all_servers(void)
{
	struct heat_test t;
	uint16_t m[HEAT_N];

	begin(&t);
	measure(&t, m);
	eq(m[HEAT_ERR_CRITICAL], HEAT_UNKNOWN);
	add_log(&t, "a", 1, 10);
	measure(&t, m);
	eq(m[HEAT_ERR_CRITICAL], HEAT_UNKNOWN);
	add_log(&t, "a", 1, 13);
	add_log(&t, "b", 1, 1000); /* another one: since when? */
	measure(&t, m);
	eq(m[HEAT_ERR_CRITICAL], 3);
	eq(m[HEAT_ERR_WARNING], 6);
	eq(m[HEAT_ERR_INFO], 9);
	eq(m[HEAT_CHECKPOINTS], 12 + 15);
	eq(m[HEAT_AUTOVACUUMS], 18);
	eq(m[HEAT_SLOW], 21);
	add_log(&t, "b", 1, 1004);
	add_log(&t, "a", 1, 13);
	measure(&t, m);
	eq(m[HEAT_ERR_CRITICAL], 4);
	add_log(&t, "a", 1, 13);
	add_log(&t, "b", 1, 1004);
	t.tables[6]->repeated = true;
	measure(&t, m);
	eq(m[HEAT_ERR_CRITICAL], HEAT_UNKNOWN);
	add_log(&t, "a", 2, 2); /* the recorder began anew */
	add_log(&t, "b", 1, 1004);
	measure(&t, m);
	eq(m[HEAT_ERR_CRITICAL], 2);
	measure(&t, m);
	eq(m[HEAT_ERR_CRITICAL], HEAT_UNKNOWN);
	end(&t);
}

static void more_than_can_be_shown_is_the_most_that_can(void)
{
	struct heat_test t;
	uint16_t m[HEAT_N];

	begin(&t);
	add_log(&t, "a", 1, 0);
	measure(&t, m);
	add_log(&t, "a", 1, 1000000);
	measure(&t, m);
	eq(m[HEAT_ERR_CRITICAL], HEAT_MAX);
	end(&t);
}

static void a_sidecar_comes_back(void)
{
	_cleanup_(cleanup_close) int dir = open(tap_tmpdir(), O_RDONLY | O_DIRECTORY);
	struct file_id id = {.kind = KIND_HEAT, .store_id = 1, .hour = HOUR};
	struct disk_heat in[100], *out = NULL;
	uint32_t n = 0;

	for (unsigned i = 0; i < 100; i++)
		in[i] =
		    (struct disk_heat){.time_ms = put_le64(i), .seq = put_le32(i * i), .m[3] = put_le16((uint16_t)i)};
	ok_r(sidecar_write(dir, "h", &id, in, 100));
	ok_r(sidecar_read(dir, "h", &out, &n));
	eq(n, 100);
	ok(out && memcmp(in, out, sizeof in) == 0);
	free(out);
	eq(sidecar_read(dir, "none", &out, &n), -ENOENT);
}

static void most_tables_do_not_matter(void)
{
	ok(heat_uses("cpu") && heat_uses("cgroup") && heat_uses("pg_log_events"));
	ok(!heat_uses("processes") && !heat_uses("exited") && !heat_uses("cpu0") && !heat_uses(""));
}

int main(void)
{
	RUN(sessions_are_clients_that_run_a_statement);
	RUN(cpu_is_the_share_of_what_grew);
	RUN(rates_do_not_cross_a_boot_or_what_is_missing);
	RUN(the_busiest_disk_counts_whatever_its_place);
	RUN(pressure_is_its_growth_over_the_time);
	RUN(memory_is_what_is_not_available);
	RUN(without_pressure_health_goes_by_cpu_and_iowait);
	RUN(a_table_that_was_not_due_gives_rates_when_it_is_due_again);
	RUN(the_reason_is_what_health_is_of);
	RUN(a_disk_of_a_long_name_counts);
	RUN(lines_are_as_long_as_is_said);
	RUN(a_sidecar_has_the_sum_of_its_entries);
	RUN(the_cgroup_nearest_to_its_limit_of_cpu_counts);
	RUN(rows_of_cgroups_that_are_repeated_have_no_growth_but_memory);
	RUN(what_logs_tell_is_counted_of_all_servers);
	RUN(more_than_can_be_shown_is_the_most_that_can);
	RUN(a_sidecar_comes_back);
	RUN(most_tables_do_not_matter);
	return tap_done();
}
