/* tables.c -- tests of all tables of the machine as a whole, on captured trees, whole and damaged */
#include "tests/table_trials.h"

#define NEW "tests/fixtures/proc-debian12"
#define OLD "tests/fixtures/proc-3.10"

/* In order of their ids. */
static const struct subject subjects[] = {
    {"cpu", 2, {"proc/stat"}},
    {"stat", 3, {"proc/stat"}},
    {"load", 4, {"proc/loadavg"}},
    {"mem", 5, {"proc/meminfo"}},
    {"vmstat", 6, {"proc/vmstat"}},
    {"psi", 7, {"proc/pressure/cpu", "proc/pressure/io", "proc/pressure/memory"}},
    {"net", 8, {"proc/net/dev", "sys/class/net/em1/speed", "sys/class/net/em1/duplex"}},
    {"net_snmp", 9, {"proc/net/snmp", "proc/net/netstat", "proc/net/snmp6"}},
    {"sockets", 10, {"proc/net/sockstat", "proc/net/sockstat6"}},
    {"disk", 11, {"proc/diskstats"}},
    {"files", 12, {"proc/sys/fs/file-nr", "proc/sys/fs/inode-state", "proc/sys/fs/dentry-state"}},
    {"interrupts", 13, {"proc/interrupts"}},
    {"softirqs", 14, {"proc/softirqs"}},
};

/* --- tests of all tables --- */

static void are_as_captured(const char *root, const char *but)
{
	for (size_t i = 0; i < N_ELEMENTS(subjects); i++) {
		struct source_rig g;

		if (strcmp(subjects[i].table, but) == 0)
			continue;
		if (rig_up(&g, subjects[i].table, root)) {
			ok_r(source_rig_sample(&g));
			is_text_of(&g, root, subjects[i].table);
			ok_r(source_rig_sample(&g)); /* the same from kept files and known lines */
			is_text_of(&g, root, subjects[i].table);
		}
		source_rig_down(&g);
	}
}

static void every_value_of_a_debian_12_machine_is_recorded(void)
{
	are_as_captured(NEW, "");
}

static void every_value_of_kernel_3_10_is_recorded_and_what_it_does_not_print_is_null(void)
{
	are_as_captured(OLD, "psi");
}

static void ids_are_unique_and_the_names_are_of_the_format(void)
{
	size_t n;
	const struct source_desc *const *all = source_all(&n);

	for (size_t i = 1; i < n; i++)
		ok(all[i - 1]->id < all[i]->id);
	for (size_t i = 0; i < N_ELEMENTS(subjects); i++) {
		const struct source_desc *d = source_rig_find(subjects[i].table);

		ok(d && d->id == subjects[i].id);
	}
}

static void without_its_files_a_table_is_absent(void)
{
	for (size_t i = 0; i < N_ELEMENTS(subjects); i++) {
		struct source_rig g;

		if (rig_up(&g, subjects[i].table, new_root())) {
			eq(source_rig_sample(&g), -ENOENT);
			eq(source_rig_sample(&g), -ENOENT);
		}
		source_rig_down(&g);
	}
}

static void a_table_appears_when_its_files_do(void)
{
	for (size_t i = 0; i < N_ELEMENTS(subjects); i++) {
		static const struct subject nothing;
		const char *root = copy_of(NEW, &nothing);
		struct source_rig g;

		if (rig_up(&g, subjects[i].table, root)) {
			char text[1 << 14];

			eq(source_rig_sample(&g), -ENOENT);
			write_bytes(
			    root, subjects[i].files[0], text, read_bytes(NEW, subjects[i].files[0], text, sizeof text));
			ok_r(source_rig_sample(&g));
			ok(g.t->n_rows > 0);
		}
		source_rig_down(&g);
	}
}

static void a_file_cut_at_any_byte_gives_less_but_nothing_else(void)
{
	static const char *const roots[] = {NEW, OLD};

	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < N_ELEMENTS(subjects); i++) {
			const struct subject *s = &subjects[i];
			struct source_rig g;

			/* All that the copies have, not more: an interface's state is in no copy. */
			if (rig_up(&g, s->table, copy_of(roots[k], s)) && source_rig_sample(&g) == 0)
				for (size_t f = 0; f < N_ELEMENTS(s->files) && s->files[f]; f++)
					cut(s, roots[k], s->files[f], g.t);
			source_rig_down(&g);
		}
}

static void a_wrong_byte_anywhere_breaks_nothing(void)
{
	for (size_t i = 0; i < N_ELEMENTS(subjects); i++)
		for (size_t f = 0; f < N_ELEMENTS(subjects[i].files) && subjects[i].files[f]; f++)
			flip(&subjects[i], NEW, subjects[i].files[f]);
}

int main(void)
{
	RUN(every_value_of_a_debian_12_machine_is_recorded);
	RUN(every_value_of_kernel_3_10_is_recorded_and_what_it_does_not_print_is_null);
	RUN(ids_are_unique_and_the_names_are_of_the_format);
	RUN(without_its_files_a_table_is_absent);
	RUN(a_table_appears_when_its_files_do);
	RUN(a_file_cut_at_any_byte_gives_less_but_nothing_else);
	RUN(a_wrong_byte_anywhere_breaks_nothing);
	return tap_done();
}
