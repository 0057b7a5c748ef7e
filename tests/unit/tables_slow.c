/* tables_slow.c -- tests of the tables of devices, caches and NFS, on a made-up tree of a server that has all of them
 */
#include "tests/table_trials.h"

#define SERVER "tests/fixtures/server"
#define HWMON "sys/class/hwmon/hwmon0/"
#define FC "sys/class/fc_host/host10/"
#define IB "sys/class/infiniband/mlx5_0/ports/1/"
#define NODE "sys/devices/system/node/node1/"

/* In order of their ids. A file of which the table has sums is not here: a part of it has another sum. */
static const struct subject subjects[] = {
    {"slab", 20, {"proc/slabinfo"}},
    {"numa", 21, {NODE "meminfo", NODE "numastat", NODE "cpulist"}},
    {"thermal", 22, {"sys/class/thermal/thermal_zone2/temp", "sys/class/thermal/thermal_zone2/type"}},
    {"hwmon", 23, {HWMON "temp1_input", HWMON "temp1_label", HWMON "temp1_max", HWMON "name"}},
    {"cpufreq", 25, {"proc/cpuinfo", "sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq"}},
    {"nfs", 26, {"proc/net/rpc/nfs"}},
    {"nfsd", 27, {"proc/net/rpc/nfsd"}},
    {"softnet", 28, {"proc/net/softnet_stat"}},
    {"tty", 29, {"proc/tty/driver/serial"}},
    {"swaps", 30, {"proc/swaps"}},
    {"infiniband", 31, {IB "counters/port_rcv_data", IB "state"}},
    {"usb", 32, {"sys/bus/usb/devices/1-1.4/idVendor", "sys/bus/usb/devices/1-1.4/bMaxPower"}},
    {"fc_host", 33, {FC "statistics/rx_frames", FC "port_state"}},
    {"llc", 34, {"sys/fs/resctrl/mon_data/mon_L3_00/llc_occupancy"}},
    {"ksm", 36, {"sys/kernel/mm/ksm/general_profit", "sys/kernel/mm/ksm/run"}},
    {"arc", 37, {"proc/spl/kstat/zfs/arcstats"}},
};

static const struct subject summed[] = {
    {"numa", 21, {"proc/buddyinfo"}},
    {"cpufreq", 25, {"sys/devices/system/cpu/cpu0/cpufreq/stats/time_in_state"}},
    {"shm", 35, {"proc/sysvipc/shm"}},
};

static void is_as_captured(const struct subject *s)
{
	struct source_rig g;

	if (rig_up(&g, s->table, SERVER)) {
		eq(g.desc->id, s->id);
		ok_r(source_rig_sample(&g));
		is_text_of(&g, SERVER, s->table);
		ok_r(source_rig_sample(&g));
		is_text_of(&g, SERVER, s->table);
	}
	source_rig_down(&g);
}

static void every_value_of_the_server_is_recorded(void)
{
	for (size_t i = 0; i < N_ELEMENTS(subjects); i++)
		is_as_captured(&subjects[i]);
	for (size_t i = 0; i < N_ELEMENTS(summed); i++)
		is_as_captured(&summed[i]);
}

static void is_absent(const char *table, const char *root)
{
	struct source_rig g;

	if (rig_up(&g, table, root)) {
		eq(source_rig_sample(&g), -ENOENT);
		eq(source_rig_sample(&g), -ENOENT);
	}
	source_rig_down(&g);
}

static void on_a_machine_without_them_the_tables_are_absent(void)
{
	for (size_t i = 0; i < N_ELEMENTS(subjects); i++)
		is_absent(subjects[i].table, new_root());
	is_absent("shm", new_root());
}

static void empty_directories_are_no_devices(void)
{
	static const struct {
		const char *table, *dir;
	} classes[] = {
	    {"thermal", "sys/class/thermal"},
	    {"hwmon", "sys/class/hwmon"},
	    {"hwmon", "sys/class/hwmon/hwmon0"},
	    {"infiniband", "sys/class/infiniband"},
	    {"infiniband", "sys/class/infiniband/mlx5_0/ports"},
	    {"usb", "sys/bus/usb/devices"},
	    {"fc_host", "sys/class/fc_host"},
	    {"llc", "sys/fs/resctrl/mon_data"},
	    {"numa", "sys/devices/system/node"},
	    {"cpufreq", "sys/devices/system/cpu/cpu0"},
	};

	for (size_t i = 0; i < N_ELEMENTS(classes); i++) {
		const char *root = new_root();
		char path[128];

		snprintf(path, sizeof path, "%s/.keep", classes[i].dir);
		write_text(root, path, "");
		is_absent(classes[i].table, root);
	}
}

static void a_file_cut_at_any_byte_gives_less_but_nothing_else(void)
{
	for (size_t i = 0; i < N_ELEMENTS(subjects); i++) {
		const struct subject *s = &subjects[i];
		struct source_rig g;

		if (rig_up(&g, s->table, copy_of(SERVER, s)) && ok_r(source_rig_sample(&g)))
			for (size_t f = 0; f < N_ELEMENTS(s->files) && s->files[f]; f++)
				cut(s, SERVER, s->files[f], g.t);
		source_rig_down(&g);
	}
}

static void a_wrong_byte_anywhere_breaks_nothing(void)
{
	for (size_t i = 0; i < N_ELEMENTS(subjects); i++)
		for (size_t f = 0; f < N_ELEMENTS(subjects[i].files) && subjects[i].files[f]; f++)
			flip(&subjects[i], SERVER, subjects[i].files[f]);
	for (size_t i = 0; i < N_ELEMENTS(summed); i++)
		flip(&summed[i], SERVER, summed[i].files[0]);
}

static void caches_of_one_name_are_told_apart_by_size_or_added_up(void)
{
	struct source_rig g;
	const char *root;

	if (rig_on(&g, "slab", "proc/slabinfo",
	        "slabinfo - version: 2.1\n"
	        "request 10 20 64 64 1 : tunables 0 0 0 : slabdata 1 2 0\n"
	        "request 5 6 128 32 2 : tunables 0 0 0 : slabdata 3 4 0\n"
	        "request 1 2 64 64 1 : tunables 0 0 0 : slabdata 4 5 0\n"
	        "huge 1 1 1 1 18446744073709551615 : tunables 0 0 0 : slabdata 2 2 0\n",
	        &root)) {
		ok_r(source_rig_sample(&g));
		eq(g.t->n_rows, 3);
		str_eq(cell(&g, 0, "active_objects"), "11");
		str_eq(cell(&g, 0, "objects"), "22");
		str_eq(cell(&g, 0, "slabs"), "7");
		str_eq(cell(&g, 0, "size_bytes"), "28672");
		str_eq(cell(&g, 0, "objects_per_slab"), "64");
		str_eq(cell(&g, 1, "object_bytes"), "128");
		str_eq(cell(&g, 1, "size_bytes"), "32768");
		str_eq(cell(&g, 2, "size_bytes"), "NULL");
	}
	source_rig_down(&g);
}

static void a_sensor_without_a_reading_keeps_its_row(void)
{
	struct source_rig g;
	const char *root;

	if (rig_on(&g, "hwmon", "sys/class/hwmon/hwmon4/temp3_input", "", &root)) {
		write_text(root, "sys/class/hwmon/hwmon4/temp3_label", "inlet\n");
		write_text(root, "sys/class/hwmon/hwmon4/temp_input", "1\n");
		write_text(root, "sys/class/hwmon/hwmon4/temp1x_input", "1\n");
		write_text(root, "sys/class/hwmon/hwmon4/fan2_input", "1200\n");
		write_text(root, "sys/class/hwmon/hwmon4/fan2_max", "9223372036854775807\n");
		ok_r(source_rig_sample(&g));
		eq(g.t->n_rows, 2);
		str_eq(cell(&g, 0, "sensor"), "fan2");
		str_eq(cell(&g, 0, "fan_rpm"), "1200");
		str_eq(cell(&g, 0, "max"), "NULL"); /* does not fit with six digits behind the point */
		str_eq(cell(&g, 1, "sensor"), "temp3");
		str_eq(cell(&g, 1, "label"), "inlet");
		str_eq(cell(&g, 1, "temp_celsius"), "NULL");
	}
	source_rig_down(&g);
}

static void devices_are_in_the_order_in_which_a_person_counts(void)
{
	struct source_rig g;

	if (rig_up(&g, "thermal", SERVER)) {
		ok_r(source_rig_sample(&g));
		str_eq(cell(&g, g.t->n_rows - 1, "device"), "thermal_zone10");
		str_eq(cell(&g, g.t->n_rows - 2, "device"), "thermal_zone2");
		str_eq(cell(&g, g.t->n_rows - 2, "temp_celsius"), "-4250");
		str_eq(cell(&g, g.t->n_rows - 1, "temp_celsius"), "NULL");
	}
	source_rig_down(&g);
}

static void counts_of_softnet_are_of_the_cpu_that_the_kernel_names(void)
{
	struct source_rig g;
	const char *root;

	if (rig_on(&g, "softnet", "proc/net/softnet_stat",
	        "0000000a 0 0 0 0 0 0 0 0 1 2\n"
	        "0000000b 0 0 0 0 0 0 0 0 1 2\n",
	        &root)) {
		/* A kernel that names none lists those that are online. */
		write_text(root, "proc/stat", "cpu 1 2 3 4\ncpu1 1 2 3 4\ncpu3 1 2 3 4\nintr 5\n");
		ok_r(source_rig_sample(&g));
		eq(g.t->n_rows, 2);
		str_eq(cell(&g, 0, "cpu"), "cpu1");
		str_eq(cell(&g, 0, "processed"), "10");
		str_eq(cell(&g, 0, "backlog_len"), "NULL");
		str_eq(cell(&g, 1, "cpu"), "cpu3");
		str_eq(cell(&g, 1, "flow_limited"), "2");
		write_text(root, "proc/net/softnet_stat", "a 0 0 0 0 0 0 0 0 0 0 4 1f\n");
		ok_r(source_rig_sample(&g));
		eq(g.t->n_rows, 1);
		str_eq(cell(&g, 0, "cpu"), "cpu31");
		str_eq(cell(&g, 0, "backlog_len"), "4");
	}
	source_rig_down(&g);
}

static void procedures_that_a_newer_kernel_adds_have_numbers_for_names(void)
{
	struct source_rig g;
	const char *root;

	if (rig_on(&g, "nfsd", "proc/net/rpc/nfsd",
	        "proc4 4 1 2 3 4\nrpc 1 2 3 4 5 6\nth 8 0 0.5\nproc3 2 7 8 9\nproc2 x\nbad\n", &root)) {
		ok_r(source_rig_sample(&g));
		str_eq(cell(&g, 0, "proc4_compound"), "2");
		str_eq(cell(&g, 0, "proc4_3"), "4");
		str_eq(cell(&g, 0, "rpc_bad_client"), "5");
		eq(column(&g, "rpc_5"), -ENOENT);
		str_eq(cell(&g, 0, "th_threads"), "8");
		eq(kind(&g, "th_threads"), KIND_GAUGE);
		eq(kind(&g, "proc4_3"), KIND_COUNTER);
		str_eq(cell(&g, 0, "proc3_getattr"), "8");
		eq(column(&g, "proc3_setattr"), -ENOENT); /* behind the number of numbers */
		write_text(root, "proc/net/rpc/nfsd", "nothing 1 2\n");
		eq(source_rig_sample(&g), -ENODATA);
	}
	source_rig_down(&g);
}

static void a_sum_is_of_all_its_lines_or_null(void)
{
	struct source_rig g;
	const char *root;

	if (rig_on(
	        &g, "cpufreq", "sys/devices/system/cpu/cpu0/cpufreq/stats/time_in_state", "2000 10\n1000 x\n", &root)) {
		write_text(root, "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "2000\n");
		ok_r(source_rig_sample(&g));
		str_eq(cell(&g, 0, "khz_ticks"), "NULL");
		write_text(root, "sys/devices/system/cpu/cpu0/cpufreq/stats/time_in_state", "2000 10\n1000 5\n");
		ok_r(source_rig_sample(&g));
		str_eq(cell(&g, 0, "khz_ticks"), "25000");
		str_eq(cell(&g, 0, "state_ticks"), "15");
	}
	source_rig_down(&g);
	if (rig_on(&g, "numa", "proc/buddyinfo", "Node 0, zone DMA 1 2\nNode 0, zone Normal 3 x\n", &root)) {
		write_text(root, "sys/devices/system/node/node0/cpulist", "0\n");
		ok_r(source_rig_sample(&g));
		eq(column(&g, "free_order0"), g.t->schema->n_columns - 2);
		str_eq(cell(&g, 0, "free_order1"), "NULL");
	}
	source_rig_down(&g);
	if (rig_on(&g, "shm", "proc/sysvipc/shm", "key shmid\n 0 1 600 10 1 1 2 0 0 0 0 1 1 1 7 8\n 0 1\n", &root))
		eq(source_rig_sample(&g), -ENODATA);
	source_rig_down(&g);
}

int main(void)
{
	RUN(every_value_of_the_server_is_recorded);
	RUN(on_a_machine_without_them_the_tables_are_absent);
	RUN(empty_directories_are_no_devices);
	RUN(a_file_cut_at_any_byte_gives_less_but_nothing_else);
	RUN(a_wrong_byte_anywhere_breaks_nothing);
	RUN(caches_of_one_name_are_told_apart_by_size_or_added_up);
	RUN(a_sensor_without_a_reading_keeps_its_row);
	RUN(devices_are_in_the_order_in_which_a_person_counts);
	RUN(counts_of_softnet_are_of_the_cpu_that_the_kernel_names);
	RUN(procedures_that_a_newer_kernel_adds_have_numbers_for_names);
	RUN(a_sum_is_of_all_its_lines_or_null);
	return tap_done();
}
