/* tables.c -- what the tables of the machine cost a tick: the kernel's part and ours
 *
 * Samples each table of this machine (or of the tree named as argument) so many times and prints microseconds of CPU a
 * sample: all of it, and what reading the same files alone costs. What is between the two is ours.
 */
#include "tests/source_rig.h"

#include <stdio.h>
#include <sys/resource.h>

enum { TICKS = 2000 };

static const struct subject {
	const char *table;
	const char *files[4];
} subjects[] = {
    {"cpu", {"proc/stat"}},
    {"stat", {"proc/stat"}},
    {"load", {"proc/loadavg"}},
    {"mem", {"proc/meminfo"}},
    {"vmstat", {"proc/vmstat"}},
    {"psi", {"proc/pressure/cpu", "proc/pressure/io", "proc/pressure/memory", "proc/pressure/irq"}},
    {"net", {"proc/net/dev"}},
    {"net_snmp", {"proc/net/snmp", "proc/net/netstat", "proc/net/snmp6"}},
    {"sockets", {"proc/net/sockstat", "proc/net/sockstat6"}},
    {"disk", {"proc/diskstats"}},
    {"files", {"proc/sys/fs/file-nr", "proc/sys/fs/inode-state", "proc/sys/fs/dentry-state"}},
    {"interrupts", {"proc/interrupts"}},
    {"softirqs", {"proc/softirqs"}},
};

static double cpu_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* CPU of reading the files alone. */
static double reading(const struct subject *s, struct procfs *fs, size_t *ret_bytes)
{
	double begin = cpu_us();

	*ret_bytes = 0;
	for (size_t i = 0; i < N_ELEMENTS(s->files) && s->files[i]; i++) {
		struct procfile f = PROCFILE_CLOSED;
		const char *text;
		size_t len = 0;

		for (int tick = 0; tick < TICKS; tick++)
			if (procfile_read(fs, &f, s->files[i], &text, &len) < 0)
				break;
		*ret_bytes += len;
		procfile_done(&f);
	}
	return (cpu_us() - begin) / TICKS;
}

int main(int argc, char **argv)
{
	double sum = 0, sum_reading = 0;

	printf("table\trows\tbytes\tus\treading_us\n");
	for (size_t i = 0; i < N_ELEMENTS(subjects); i++) {
		const struct source_desc *desc = source_rig_find(subjects[i].table);
		struct source_rig g;
		double begin, all, only;
		size_t bytes;

		if (!desc || source_rig_up(&g, desc, argc > 1 ? argv[1] : "/") < 0)
			return 1;
		source_rig_sample(&g);
		begin = cpu_us();
		for (int tick = 0; tick < TICKS; tick++) {
			strpool_epoch(g.pool);
			source_rig_sample(&g);
		}
		all = (cpu_us() - begin) / TICKS;
		only = reading(&subjects[i], g.env.fs, &bytes);
		printf("%s\t%u\t%zu\t%.1f\t%.1f\n", subjects[i].table, g.t->n_rows, bytes, all, only);
		sum += all;
		sum_reading += only;
		source_rig_down(&g);
	}
	printf("all\t\t\t%.1f\t%.1f\n", sum, sum_reading);
	return 0;
}
