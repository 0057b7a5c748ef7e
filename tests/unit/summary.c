/* summary.c -- the summary of a moment: figures out of tables, what is left out, what is not known */
#include "tests/unit/made.h"
#include "view/summary.h"

/* The summary of a snapshot as it is shown. */
static struct screen draw(
    const struct made *made, uint32_t n, uint32_t i, struct summary_shape shape, unsigned width, unsigned n_lines)
{
	_cleanup_(cleanup_store) struct store *s = NULL;
	struct moment at = {.i = i};
	struct screen screen;

	if (!ok_r(store_open(record(made, n), NULL, &s)) || !ok_r(store_hour(s, HOUR, &at.hour)) ||
	    !ok_r(screen_init(&screen, width, 1, n_lines)))
		exit(1);
	at.store = s;
	ok_r(summary_draw(&at, &shape, &screen));
	return screen;
}

/* Whether a line is there; blanks count by their number except at its end. */
static bool has_line(const struct screen *s, const char *want)
{
	for (unsigned i = 0; i < s->n_lines; i++) {
		const char *line = screen_line(s, i);
		size_t len = s->width;

		while (len > 0 && line[len - 1] == ' ')
			len--;
		if (len == strlen(want) && memcmp(line, want, len) == 0)
			return true;
	}
	printf("# no line \"%s\" in\n", want);
	for (unsigned i = 0; i < s->n_lines; i++)
		printf("# %.*s|\n", (int)s->width, screen_line(s, i));
	return false;
}

static bool has(const struct screen *s, const char *text)
{
	return strstr(s->text, text) != NULL;
}

static const struct summary_shape file_shape = {.head = true, .sort = SORT_EACH};

static void a_store_without_tables_has_a_summary_of_unknowns(void)
{
	static const struct made made[] = {{99, "other", "a", {"1", "1"}}};
	struct screen s = draw(made, 1, 1, file_shape, SUMMARY_WIDTH, SUMMARY_LINES);

	ok(has_line(&s, "2026-11-20T03:00:01.000Z  hour/2026-11-20T03/snapshot-0001  over 1.0s  unit"));
	ok(has_line(&s, "load          -      -      -    run      -  block      - thread      - up -"));
	ok(has_line(&s, "                -      -      -      -      -      -      -      -      -      -"));
	ok(has_line(&s, "memory    total      -  avail      -   free      - cached      - commit      -"));
	ok(has_line(&s, "now               -       -         -       -         -       -         -"));
	ok(!has(&s, "CGROUP") && !has(&s, "ENDED") && !has(&s, "FULL") && !has(&s, "histd") && !has(&s, "tcp"));
	screen_done(&s);
}

static void the_first_snapshot_has_gauges_and_no_rates(void)
{
	static const struct made made[] = {
	    {2, "cpu", "*$cpu +user_ticks +system_ticks +idle_ticks", {"all 10 10 100", "all 20 20 200"}},
	    {3, "load", "%load1 %load5 %load15 running threads", {"123 456 789 3 400", "123 456 789 3 400"}},
	};
	struct screen s = draw(made, 2, 0, file_shape, SUMMARY_WIDTH, SUMMARY_LINES);

	ok(has(&s, "snapshot-0000  over -  unit"));
	ok(has_line(&s, "load       1.23   4.56   7.89    run      3  block      - thread    400 up -"));
	ok(has_line(&s, "all             -      -      -      -      -      -      -      -      -      -"));
	screen_done(&s);
}

static void cpus_are_shares_of_their_time_busiest_first(void)
{
	static const struct made made[] = {
	    {2, "cpu",
	        "*$cpu +user_ticks +nice_ticks +system_ticks +idle_ticks +iowait_ticks +irq_ticks +softirq_ticks "
	        "+steal_ticks "
	        "+guest_ticks +guest_nice_ticks",
	        {"all 0 0 0 0 0 0 0 0 0 0\ncpu0 0 0 0 0 0 0 0 0 0 0\ncpu1 0 0 0 0 0 0 0 0 0 0\ncpu2 0 0 0 0 0 0 0 0 0 "
	         "0",
	            "all 60 0 40 80 20 0 0 0 0 0\ncpu0 10 0 0 90 0 0 0 0 0 0\ncpu1 50 0 40 0 10 0 0 0 25 0\n"
	            "cpu2 0 0 0 0 0 0 0 0 0 0"}},
	};
	struct screen s = draw(made, 1, 1, file_shape, SUMMARY_WIDTH, SUMMARY_LINES);
	const char *one = strstr(s.text, "cpu1 "), *nil = strstr(s.text, "cpu0 ");

	ok(has_line(&s, "CPU %        busy   user   nice system iowait    irq   sirq  steal  guest   idle"));
	ok(has_line(&s, "all          50.0   30.0    0.0   20.0   10.0    0.0    0.0    0.0    0.0   40.0"));
	ok(has_line(&s, "cpu1         90.0   50.0    0.0   40.0   10.0    0.0    0.0    0.0   25.0    0.0"));
	ok(has_line(&s, "cpu0         10.0   10.0    0.0    0.0    0.0    0.0    0.0    0.0    0.0   90.0"));
	ok(one && nil && one < nil);
	ok(!has(&s, "cpu2")); /* it did nothing that is known */
	screen_done(&s);
}

static void memory_and_paging_are_in_bytes(void)
{
	static const struct made made[] = {
	    {5, "mem", "MemTotal_kb MemAvailable_kb MemFree_kb Cached_kb Dirty_kb SwapTotal_kb SwapFree_kb",
	        {NULL, "16777216 8388608 1024 2048 512 2097152 1048576"}},
	    {6, "vmstat",
	        "+pgpgin +pgpgout +pswpin +pswpout +pgfault +pgmajfault +pgscan_kswapd +pgscan_direct "
	        "+oom_kill",
	        {"0 0 0 0 0 0 0 0 0", "2048 1024 5 7 12345 67 100 23 2"}},
	};
	struct screen s = draw(made, 2, 1, file_shape, SUMMARY_WIDTH, SUMMARY_LINES);

	ok(has_line(&s, "memory    total  16.0G  avail   8.0G   free   1.0M cached   2.0M commit      -"));
	ok(has_line(&s, "          dirty   512K  wback      -   anon      -  shmem      -   slab      -"));
	ok(has_line(&s, "swap      total   2.0G   used   1.0G  zswap      - pages/s in      5 out      7"));
	ok(has_line(&s, "paging/s     in   2.0M    out   1.0M  fault  12345  major     67   scan    123"));
	ok(has(&s, "oom      2"));
	screen_done(&s);
}

static void pressure_is_some_and_full(void)
{
	static const struct made made[] = {
	    {7, "psi", "*$resource %some_avg10 +some_total_us %full_avg10 +full_total_us",
	        {"cpu 0 0 0 0\nio 0 0 0 0\nmemory 0 0 0 0",
	            "cpu 1230 982000 0 0\nio 450 121000 230 102000\nmemory 10 0 0 0"}},
	};
	struct screen s = draw(made, 1, 1, file_shape, SUMMARY_WIDTH, SUMMARY_LINES);

	ok(has_line(&s, "now            98.2     0.0      12.1    10.2       0.0     0.0         -"));
	ok(has_line(&s, "10 s avg       12.3     0.0       4.5     2.3       0.1     0.0         -"));
	screen_done(&s);
}

static void disks_have_times_of_requests_and_partitions_are_left_out(void)
{
	static const struct made made[] = {
	    {11, "disk",
	        "*$device $name +reads +read_sectors +read_ms +writes +write_sectors +write_ms +io_ms +weighted_ms",
	        {"8:0 sda 0 0 0 0 0 0 0 0\n8:1 sda1 0 0 0 0 0 0 0 0\n9:0 nvme0n1 0 0 0 0 0 0 0 0\n"
	         "9:1 nvme0n1p1 0 0 0 0 0 0 0 0\n7:0 loop0 0 0 0 0 0 0 0 0\n8:16 sdb 0 0 0 0 0 0 0 0",
	            "8:0 sda 10 2048 50 20 4096 400 250 1500\n8:1 sda1 10 2048 50 20 4096 400 250 1500\n"
	            "9:0 nvme0n1 100 2048 10 0 0 0 900 10\n9:1 nvme0n1p1 100 2048 10 0 0 0 900 10\n"
	            "7:0 loop0 0 0 0 0 0 0 0 0\n8:16 sdb 0 0 0 0 0 0 0 0"}},
	};
	struct screen s = draw(made, 1, 1, file_shape, SUMMARY_WIDTH, SUMMARY_LINES);
	const char *sda = strstr(s.text, "sda "), *nvme = strstr(s.text, "nvme0n1 ");

	ok(has_line(&s, "DISK          busy%  read/s write/s   readB/s  writeB/s  read ms write ms  queue"));
	ok(has_line(&s, "sda            25.0      10      20      1.0M      2.0M        5       20   1.50"));
	ok(has_line(&s, "nvme0n1        90.0     100       0      1.0M         0     0.10        -   0.01"));
	ok(has_line(&s, "sdb             0.0       0       0         0         0        -        -      0"));
	ok(sda && nvme && nvme < sda);
	ok(!has(&s, "sda1") && !has(&s, "nvme0n1p1") && !has(&s, "loop0"));
	screen_done(&s);
}

static void nets_show_errors_and_drops(void)
{
	static const struct made made[] = {
	    {9, "net",
	        "*$interface +rx_bytes +rx_packets +rx_errors +rx_dropped +tx_bytes +tx_packets +tx_errors +tx_dropped "
	        "speed_mbit $operstate",
	        {"lo 0 0 0 0 0 0 0 0 - unknown\neth0 0 0 0 0 0 0 0 0 1000 up\neth1 0 0 0 0 0 0 0 0 10 up\n"
	         "dummy0 0 0 0 0 0 0 0 0 - down",
	            "lo 0 0 0 0 0 0 0 0 - unknown\neth0 12500000 9000 1 2 1024 10 0 3 1000 up\neth1 0 0 0 0 0 0 0 0 10 "
	            "up\n"
	            "dummy0 0 0 0 0 0 0 0 0 - down"}},
	};
	struct screen s = draw(made, 1, 1, file_shape, SUMMARY_WIDTH, SUMMARY_LINES);

	ok(has_line(&s, "NET           busy%     inB/s    outB/s   in pkt/s  out pkt/s  errors/s drops/s"));
	ok(has_line(&s, "eth0           10.0     11.9M      1.0K       9000         10         1       5"));
	ok(has_line(&s, "eth1            0.0         0         0          0          0         0       0"));
	ok(!has(&s, "dummy0"));
	screen_done(&s);
}

static void full_and_hung_file_systems_are_shown_and_no_others(void)
{
	static const struct made made[] = {
	    {19, "filesystems", "*$mount_point $state size_bytes free_bytes avail_bytes files files_free read_only",
	        {NULL, "/ ok 1000000 500000 450000 100 50 0\n/var ok 1073741824 53687091 10737418 100 99 0\n"
	               "/many ok 1000000 900000 900000 100 3 0\n/cd ok 1000000 0 0 0 0 1\n/far hung - - - - - 0"}},
	};
	struct screen s = draw(made, 1, 1, file_shape, SUMMARY_WIDTH, SUMMARY_LINES);

	ok(has_line(&s, "FULL FILE SYSTEMS                         used%     size    avail   inodes used%"));
	ok(has_line(&s, "/far                                       hung        -        -              -"));
	ok(has_line(&s, "/var                                       99.0     1.0G    10.2M            1.0"));
	ok(!has(&s, "/cd"));
	screen_done(&s);
	s = draw(made, 1, 0, file_shape, SUMMARY_WIDTH, SUMMARY_LINES);
	ok(!has(&s, "FULL"));
	screen_done(&s);
}

static void processes_that_ended_are_counted_and_named(void)
{
	static const struct made made[] = {
	    {17, "exited",
	        "*pid *start_us exit_code signal lived_us utime_us stime_us peak_rss_bytes read_bytes write_bytes "
	        "$comm",
	        {"1 1 0 0 5 5 5 0 0 0 before",
	            "100 1 0 0 2000000 1500000 500000 1048576 4096 4096 cc1\n"
	            "101 2 - 9 50000 10000 0 2048 - - victim\n102 3 1 0 5000 0 0 0 0 0 false"}},
	};
	struct screen s = draw(made, 1, 1, file_shape, SUMMARY_WIDTH, SUMMARY_LINES);

	ok(has_line(&s, "    PID     exit    lived   CPU ms peakRSS     I/O  ENDED: 3, 2.0s CPU"));
	ok(has_line(&s, "    100        0     2.0s     2000    1.0M    8.0K  cc1"));
	ok(has_line(&s, "    101    sig 9     50ms       10    2.0K       -  victim"));
	ok(!has(&s, "before"));
	screen_done(&s);
}

static void cgroups_are_by_cpu_then_by_memory(void)
{
	static const struct made made[] = {
	    {18, "cgroup",
	        "*$path +cpu_usage_us +cpu_throttled_us memory_current_bytes memory_max_bytes +io_rbytes +io_wbytes "
	        "pids_current",
	        {"/a 0 0 0 0 0 0 0\n/system.slice/with-a-name-that-is-long.service 0 0 0 0 0 0 0\n/c 0 0 0 0 0 0 0",
	            "/a 500000 100000 1048576 2097152 1024 1024 5\n/system.slice/with-a-name-that-is-long.service 0 0 "
	            "1073741824 18446744073709551615 0 0 7\n"
	            "/c 0 0 0 0 0 0 0"}},
	};
	struct screen s = draw(made, 1, 1, file_shape, SUMMARY_WIDTH, SUMMARY_LINES);

	ok(has_line(&s, "CGROUP, by CPU and memory (of 3)    CPU% thrtl%  memory     max   I/O/s    pids"));
	ok(has_line(&s, "/a                                  50.0   10.0    1.0M    2.0M    2.0K       5"));
	ok(has_line(&s, "..ith-a-name-that-is-long.service    0.0    0.0    1.0G     max       0       7"));
	ok(!has(&s, "/c "));
	screen_done(&s);
}

/* 100 was there before; 200 is new since, 300 is new and was not seen although it is old. */
static const struct made processes[] = {
    {1, "processes",
        "*pid *start_us +utime_us +stime_us rss_bytes +read_bytes +write_bytes +cminflt $state $comm $cmdline",
        {"100 1000000 1000 0 4096 0 0 0 S old /bin/old", "100 1000000 251000 250000 4096 1024 1024 0 R old /bin/old\n"
                                                         "200 100500000 100000 0 1048576 4096 0 0 R new /bin/new\n"
                                                         "300 2000000 9000000 0 2097152 0 0 0 S hid -\n"
                                                         "400 100500000 10000 0 512 1048576 0 7 R mother /bin/mother"}},
    {8, "stat", "btime procs_blocked", {"1795143500 0", "1795143500 0"}}, /* 100 s before the first */
};

static void processes_are_listed_by_each(void)
{
	struct screen s = draw(processes, 2, 1, file_shape, SUMMARY_WIDTH, SUMMARY_LINES);

	ok(has(&s, "up 1m41s"));
	ok(has_line(&s, "    PID S   CPU%  IOWT%    RSS READ/s WRITE/s  COMMAND, by CPU (of 4)"));
	ok(has_line(&s, "    PID S   CPU%  IOWT%    RSS READ/s WRITE/s  COMMAND, by memory (of 4)"));
	ok(has_line(&s, "    PID S   CPU%  IOWT%    RSS READ/s WRITE/s  COMMAND, by I/O (of 4)"));
	ok(has_line(&s, "    100 R   50.0      -   4.0K   1.0K    1.0K  old"));
	screen_done(&s);
}

static void a_new_process_has_used_what_it_has_since_it_began(void)
{
	struct screen s = draw(processes, 2, 1, file_shape, SUMMARY_WIDTH, SUMMARY_LINES);

	ok(has_line(&s, "    200 R   10.0      -   1.0M   4.0K       0  new"));
	/* What was read may have been read by children that are gone. */
	ok(has_line(&s, "    400 R    1.0      -    512      -       -  mother"));
	/* Nothing is known of one that is older. */
	ok(has_line(&s, "    300 S      -      -   2.0M      -       -  [hid]"));
	screen_done(&s);
}

static void one_list_has_all_processes_in_its_order(void)
{
	struct summary_shape shape = {.sort = SORT_MEMORY};
	struct screen s = draw(processes, 2, 1, shape, 100, 24);
	const char *order[] = {"  [hid]", "  new", "  old", "  mother"};

	ok(!has(&s, "snapshot-0001"));
	for (unsigned i = 0; i + 1 < N_ELEMENTS(order); i++)
		ok(has(&s, order[i]) && has(&s, order[i + 1]) &&
		    strstr(s.text, order[i]) < strstr(s.text, order[i + 1]));
	screen_done(&s);
	shape.sort = SORT_PID;
	shape.skip = 1;
	s = draw(processes, 2, 1, shape, 100, 24);
	ok(has(&s, "  new") && !has(&s, "  old"));
	screen_done(&s);
	shape.skip = 500;
	s = draw(processes, 2, 1, shape, 100, 24);
	ok(!has(&s, "  new") && !has(&s, "mother"));
	screen_done(&s);
}

static void a_wide_screen_has_more_columns(void)
{
	struct summary_shape shape = {.sort = SORT_CPU};
	struct screen s = draw(processes, 2, 1, shape, 200, 100);

	ok(has(&s, "UID  THRD CPUWT%  MAJF/s  COMMAND, by CPU (of 4)"));
	screen_done(&s);
}

static void a_command_line_goes_on_in_the_next_line_or_is_cut(void)
{
	static char text[600], cmdline[400];
	struct made made[] = {{1, "processes", "*pid *start_us rss_bytes $comm $cmdline", {NULL, text}}};
	struct summary_shape shape = {.sort = SORT_MEMORY, .wrap = true};
	char *joined = calloc(1, 40 * 33 + 1);
	struct screen s;

	for (size_t i = 0; i + 1 < sizeof cmdline; i++)
		cmdline[i] = (char)('a' + i % 26);
	snprintf(text, sizeof text, "7 1 4096 long %s", cmdline);
	s = draw(made, 1, 1, shape, 80, 40);
	for (unsigned i = 0; i < s.n_lines && joined; i++) {
		const char *line = screen_line(&s, i);

		if (strncmp(line, "      7", 7) == 0 || (joined[0] && strncmp(line, "          ", 10) == 0))
			strncat(joined, line + 47, 33);
	}
	ok(joined && strncmp(joined, cmdline, strlen(cmdline)) == 0);
	free(joined);
	screen_done(&s);
	shape.wrap = false;
	s = draw(made, 1, 1, shape, 80, 40);
	ok(has(&s, "abcdefghijklmnopqrstuvwxyzabcdefg\n"));
	ok(!has(&s, "wxyzabcdefgh"));
	screen_done(&s);
}

static void a_program_is_named_without_its_folders_unless_whole(void)
{
	static const struct made made[] = {{1, "processes", "*pid *start_us rss_bytes $cmdline",
	    {NULL, "1 1 5 /usr/lib/gcc/12/cc1\n2 1 4 /\n3 1 3 sbin/\n4 1 2 a//b\n5 1 1 postgres:"}}};
	struct summary_shape shape = {.sort = SORT_MEMORY};
	struct screen s = draw(made, 1, 1, shape, 80, 40);

	ok(has(&s, "  cc1 ") && has(&s, "  / ") && has(&s, "  sbin/ ") && has(&s, "  b ") && has(&s, "  postgres: "));
	screen_done(&s);
	shape.wrap = true;
	s = draw(made, 1, 1, shape, 80, 40);
	ok(has(&s, "  /usr/lib/gcc/12/cc1 "));
	screen_done(&s);
}

static void every_size_of_screen_is_filled_within_its_bounds(void)
{
	for (unsigned height = 0; height < 90; height += 3) {
		struct summary_shape shape = {
		    .sort = height % 2 ? SORT_EACH : SORT_IO, .wrap = true, .head = height % 5 == 0};
		struct screen s = draw(processes, 2, 1, shape, 80 + height, height);

		eq(strlen(s.text), screen_len(80 + height, height));
		screen_done(&s);
	}
}

static void the_recorder_is_named_when_it_is_late(void)
{
	static const char columns[] =
	    "+ticks +missed_ticks late_us +lost_snapshots queue_bytes unsealed_hours +seal_errors";
	struct made made[] = {{15, "histd", columns, {"1 0 5 0 0 0 0", "2 0 900 0 0 0 0"}}};
	struct screen s = draw(made, 1, 1, file_shape, SUMMARY_WIDTH, SUMMARY_LINES);

	ok(!has(&s, "histd"));
	screen_done(&s);
	made[0].rows[1] = "2 3 250000 1 2097152 1 0";
	s = draw(made, 1, 1, file_shape, SUMMARY_WIDTH, SUMMARY_LINES);
	ok(has_line(&s, "histd      late  250ms missed      3   lost      1  queue   2.0M unseal      1"));
	screen_done(&s);
}

static void tcp_has_its_retransmissions(void)
{
	static const struct made made[] = {
	    {10, "net_snmp", "*$protocol *$field +counter gauge",
	        {"Tcp CurrEstab - 3\nTcp InSegs 0 -\nTcp RetransSegs 0 -",
	            "Tcp CurrEstab - 4\nTcp InSegs 100 -\nTcp RetransSegs 7 -"}},
	};
	struct screen s = draw(made, 1, 1, file_shape, SUMMARY_WIDTH, SUMMARY_LINES);

	ok(has_line(&s, "tcp        open      4   in/s    100  out/s      - retr/s      7 drop/s      -"));
	screen_done(&s);
}

#define PG_NOW "1795143601000" /* ms */
#define PG_ACTIVITY                                                                                                    \
	"*$server *pid $backend_type $state $wait_event_type #xact_start_s #query_start_s $usename $datname "          \
	"$application_name $query"
#define PG_TITLE "POSTGRES   sess activ  idle idlxa waits block   tx/s rolb/s   hit%  query   xact"

static const struct made postgres[] = {
    {64, "pg_server", "*$server #now_s in_recovery #last_replayed_xact_s",
        {"a " PG_NOW " 0 -\nb " PG_NOW " 1 -", "a " PG_NOW " 0 -\nb " PG_NOW " 1 1795143591000"}},
    {65, "pg_stat_activity", PG_ACTIVITY,
        {"", "a 1 client~backend active Lock 1795143541000 1795143571000 u d app select~1\n"
             "a 2 client~backend active Lock 1795143571000 1795143591000 u d app select~2\n"
             "a 3 client~backend active - 1795143600000 1795143600000 u d app select~3\n"
             "a 4 client~backend idle~in~transaction Client 1795143301000 1795143302000 u d app select~4\n"
             "a 5 client~backend idle Client - 1795143001000 u d app select~5\n"
             "a 6 checkpointer - Activity - - - - - -\n"
             "a 7 client~backend active IO 1795143600000 1795143600000 u d app select~7\n"
             "c 8 client~backend active - - - u d app -\nb 9 checkpointer - - - - - - - -"}},
    {66, "pg_stat_database", "*$server *datid +xact_commit +xact_rollback +blks_read +blks_hit +deadlocks +temp_bytes",
        {"a 1 1000 0 1000000 0 5 0\na 2 10 0 500 500 0 0\nb 1 5 5 0 0 0 0",
            "a 1 1100 2 1000010 90 6 1048576\na 2 30 0 500 500 0 0\nb 1 5 5 0 0 0 0"}},
    {67, "pg_stat_bgwriter", "*$server +checkpoints_timed +checkpoints_requested", {"a 7 7\nb 0 0", "a 8 8\nb 0 0"}},
    {68, "pg_lock_tree", "*$server *pid depth root_pid waits_for_pid #xact_start_s #query_start_s",
        {"", "a 1 1 4 4 - -\na 2 2 4 1 - -\na 4 0 4 - 1795143301000 1795143302000"}},
    {78, "pg_stat_replication", "*$server *pid lag_bytes replay_lag_us", {"", "a 20 1048576 2500000\na 21 2097152 -"}},
    {84, "pg_log_events", "*$server +errors +fatals +slow_queries", {"a 3 3 3\nb 1 1 1", "a 5 4 9\nb 1 1 1"}},
};

static void postgres_servers_have_a_line_each_and_what_is_worth_one(void)
{
	struct screen s = draw(postgres, N_ELEMENTS(postgres), 1, file_shape, SUMMARY_WIDTH, SUMMARY_LINES);

	ok(has_line(&s, PG_TITLE));
	/* Of the interval, not since the statistics began: 90 of 100 blocks. */
	ok(has_line(&s, "a             6     4     1     1     3     2    120      2   90.0    30s  5m00s"));
	ok(has_line(&s, "b             0     0     0     0     0     0      0      0      -      -      -"));
	ok(has_line(&s, "  a blocked: 2 by 4, idle in transaction 5m00s, u@d app: select 4"));
	ok(has_line(&s, "  a had: 3 errors, 1 deadlock, 6 slow queries, 2 checkpoints, temp files 1.0M/s"));
	ok(has_line(&s, "  a longest: 1 30s, u@d app: select 1"));
	/* The file has six lines for it. */
	ok(has_line(&s, "  a waits: Lock 2, IO 1"));
	ok(!has(&s, "replication") && !has(&s, "not asked") && !has(&s, "\nc "));
	screen_done(&s);
	s = draw(postgres, N_ELEMENTS(postgres), 1, file_shape, SUMMARY_WIDTH, 80);
	ok(has_line(&s, "  a replication: 2 receivers, at most 2.0M and 2.5s behind"));
	ok(has_line(&s, "  b replication: replayed what was committed 10s ago"));
	screen_done(&s);
	s = draw(postgres, N_ELEMENTS(postgres), 1, file_shape, SUMMARY_WIDTH, 30);
	ok(has(&s, "\na             6 ") && has(&s, "\nb             0 ") && !has(&s, "blocked:"));
	screen_done(&s);
}

static void what_postgres_did_not_tell_is_unknown(void)
{
	static const struct made made[] = {
	    {16, "sources", "*$table interval_ms $note", {NULL, "pg_server 1000 b:~connection~refused"}},
	    {64, "pg_server", "*$server #now_s in_recovery", {"a " PG_NOW " 0", "a " PG_NOW " 0"}},
	    {66, "pg_stat_database", "*$server *datid +xact_commit", {NULL, "a 1 500"}},
	};
	struct screen s = draw(made, N_ELEMENTS(made), 1, file_shape, SUMMARY_WIDTH, SUMMARY_LINES);

	ok(has_line(&s, PG_TITLE));
	ok(has_line(&s, "a             -     -     -     -     -     -      -      -      -      -      -"));
	ok(has_line(&s, "POSTGRES not asked: b: connection refused"));
	screen_done(&s);
	s = draw(made, 1, 1, file_shape, SUMMARY_WIDTH, SUMMARY_LINES);
	ok(!has(&s, "POSTGRES  ") && has_line(&s, "POSTGRES not asked: b: connection refused"));
	screen_done(&s);
}

static void a_root_whose_statement_was_over_is_only_a_number(void)
{
	static const struct made made[] = {
	    {64, "pg_server", "*$server #now_s in_recovery", {NULL, "a " PG_NOW " 0"}},
	    {65, "pg_stat_activity", PG_ACTIVITY,
	        {NULL, "a 4 client~backend active - 1795143301000 1795143301000 u d app select~4"}},
	    {68, "pg_lock_tree", "*$server *pid depth root_pid waits_for_pid #xact_start_s #query_start_s",
	        {NULL, "a 1 1 4 4 - -\na 4 0 4 - 1795143301000 1795143302000"}},
	};
	struct screen s = draw(made, N_ELEMENTS(made), 1, file_shape, SUMMARY_WIDTH, SUMMARY_LINES);

	ok(has_line(&s, "  a blocked: 1 by 4, 5m00s"));
	screen_done(&s);
}

static void events_are_of_the_time_between_two_questions(void)
{
	static const struct made made[] = {
	    {16, "sources", "*$table interval_ms $note", {NULL, "pg_server 10000 -"}},
	    {64, "pg_server", "*$server #now_s in_recovery", {"a " PG_NOW " 0", "a " PG_NOW " 0"}},
	    {66, "pg_stat_database", "*$server *datid +deadlocks", {"a 1 500", "a 1 503"}},
	};
	struct screen s = draw(made, N_ELEMENTS(made), 1, file_shape, SUMMARY_WIDTH, SUMMARY_LINES);

	/* Three a second; asked every ten. */
	ok(has_line(&s, "  a had: 30 deadlocks"));
	screen_done(&s);
}

int main(void)
{
	RUN(a_store_without_tables_has_a_summary_of_unknowns);
	RUN(the_first_snapshot_has_gauges_and_no_rates);
	RUN(cpus_are_shares_of_their_time_busiest_first);
	RUN(memory_and_paging_are_in_bytes);
	RUN(pressure_is_some_and_full);
	RUN(disks_have_times_of_requests_and_partitions_are_left_out);
	RUN(nets_show_errors_and_drops);
	RUN(full_and_hung_file_systems_are_shown_and_no_others);
	RUN(processes_that_ended_are_counted_and_named);
	RUN(cgroups_are_by_cpu_then_by_memory);
	RUN(processes_are_listed_by_each);
	RUN(a_new_process_has_used_what_it_has_since_it_began);
	RUN(one_list_has_all_processes_in_its_order);
	RUN(a_wide_screen_has_more_columns);
	RUN(a_command_line_goes_on_in_the_next_line_or_is_cut);
	RUN(a_program_is_named_without_its_folders_unless_whole);
	RUN(every_size_of_screen_is_filled_within_its_bounds);
	RUN(the_recorder_is_named_when_it_is_late);
	RUN(tcp_has_its_retransmissions);
	RUN(postgres_servers_have_a_line_each_and_what_is_worth_one);
	RUN(what_postgres_did_not_tell_is_unknown);
	RUN(a_root_whose_statement_was_over_is_only_a_number);
	RUN(events_are_of_the_time_between_two_questions);
	return tap_done();
}
