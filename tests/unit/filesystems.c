/* filesystems.c -- tests of collector/mountstat.c and collector/tables/filesystems.c, with file systems that hang
 *
 * fstatvfs and statx stand here in the place of the C library's: what a mount point says is the test's to decide.
 */
#include "collector/mountstat.h"
#include "tests/table_check.h"

#include <semaphore.h>
#include <sys/statvfs.h>

enum { PATIENT_MS = 20000 };

/* How a mount point, known by the last part of its path, behaves. */
static struct mount_point {
	const char *name;
	uint64_t id; /* of what is mounted there; 0: the kernel does not tell */
	int error;
	uint64_t blocks, files;
	bool hangs;
} mount_points[8];
static unsigned n_asked;
static sem_t hung, released;

static struct mount_point *find(int fd)
{
	char link[64], path[512];
	const char *name;
	ssize_t n;

	snprintf(link, sizeof link, "/proc/thread-self/fd/%d", fd);
	n = readlink(link, path, sizeof path - 1);
	path[n < 0 ? 0 : n] = '\0';
	name = strrchr(path, '/');
	for (size_t i = 0; name && i < N_ELEMENTS(mount_points); i++)
		if (mount_points[i].name && strcmp(mount_points[i].name, name + 1) == 0)
			return &mount_points[i];
	return NULL;
}

int statx(int dirfd, const char *restrict path, int flags, unsigned mask, struct statx *restrict ret)
{
	struct mount_point *m = find(dirfd);

	*ret = (struct statx){.stx_mask = m && m->id ? STATX_MNT_ID : 0, .stx_mnt_id = m ? m->id : 0};
	return *path == '\0' && (flags & AT_EMPTY_PATH) && (mask & STATX_MNT_ID) ? 0 : -1;
}

int fstatvfs(int fd, struct statvfs *ret)
{
	const struct mount_point *m = find(fd);

	__atomic_add_fetch(&n_asked, 1, __ATOMIC_SEQ_CST);
	if (m && m->hangs) {
		sem_post(&hung);
		while (sem_wait(&released) < 0)
			;
	}
	if (!m || m->error) {
		errno = m ? m->error : ENOSYS;
		return -1;
	}
	*ret = (struct statvfs){.f_frsize = 4096,
	    .f_blocks = m->blocks,
	    .f_bfree = m->blocks / 2,
	    .f_bavail = m->blocks / 4,
	    .f_files = m->files,
	    .f_ffree = m->files / 2,
	    .f_favail = m->files / 4};
	return 0;
}

static void begin(void)
{
	memset(mount_points, 0, sizeof mount_points);
	n_asked = 0;
	sem_init(&hung, 0, 0);
	sem_init(&released, 0, 0);
}

static const char *root_with(const char *const *dirs, size_t n)
{
	const char *root = new_root();

	for (size_t i = 0; i < n; i++) {
		char path[256];

		snprintf(path, sizeof path, "%s/.keep", dirs[i]);
		write_text(root, path, "");
	}
	return root;
}

#define ROOT_WITH(...) root_with((const char *const[]){__VA_ARGS__}, N_ELEMENTS(((const char *const[]){__VA_ARGS__})))

/* --- asking --- */

static void a_mount_that_hangs_is_not_waited_for_and_the_next_one_answers(void)
{
	struct mountstat *m = NULL;
	struct procfs *fs = NULL;
	struct statvfs st;

	begin();
	mount_points[0] = (struct mount_point){"dead", .id = 1, .hangs = true, .blocks = 8};
	mount_points[1] = (struct mount_point){"alive", .id = 2, .blocks = 100};
	if (ok_r(procfs_open(ROOT_WITH("dead", "alive"), &fs)) && ok_r(mountstat_new(fs, &m))) {
		eq(mountstat_ask(m, 1, "/dead", 1, &st), -ETIMEDOUT);
		eq(mountstat_hung(m), 1);
		sem_wait(&hung);
		eq(mountstat_ask(m, 2, "/alive", PATIENT_MS, &st), 0);
		eq(st.f_blocks, 100);
		/* It is asked no second time. */
		eq(mountstat_ask(m, 1, "/dead", PATIENT_MS, &st), -ETIMEDOUT);
		eq(n_asked, 2);
		mount_points[0].hangs = false;
		sem_post(&released);
		while (mountstat_ask(m, 1, "/dead", PATIENT_MS, &st) == -ETIMEDOUT)
			;
		eq(st.f_blocks, 8);
		eq(mountstat_hung(m), 0);
	}
	if (m)
		mountstat_free(m);
	if (fs)
		procfs_close(fs);
}

static void so_many_hang_and_nothing_more_is_asked_until_one_comes_back(void)
{
	struct mountstat *m = NULL;
	struct procfs *fs = NULL;
	struct statvfs st;

	begin();
	mount_points[0] = (struct mount_point){"dead", .hangs = true, .blocks = 1};
	mount_points[1] = (struct mount_point){"alive", .blocks = 100};
	if (ok_r(procfs_open(ROOT_WITH("dead", "alive"), &fs)) && ok_r(mountstat_new(fs, &m))) {
		for (unsigned id = 1; id <= MOUNTSTAT_HUNG_MAX; id++)
			eq(mountstat_ask(m, id, "/dead", 1, &st), -ETIMEDOUT);
		eq(mountstat_ask(m, 500, "/alive", PATIENT_MS, &st), -EAGAIN);
		for (unsigned i = 0; i < MOUNTSTAT_HUNG_MAX; i++)
			sem_wait(&hung);
		sem_post(&released);
		while (mountstat_ask(m, 500, "/alive", PATIENT_MS, &st) == -EAGAIN)
			;
		eq(st.f_blocks, 100);
		eq(mountstat_hung(m), MOUNTSTAT_HUNG_MAX - 1);
		for (unsigned i = 1; i < MOUNTSTAT_HUNG_MAX; i++)
			sem_post(&released);
	}
	if (m)
		mountstat_free(m);
	if (fs)
		procfs_close(fs);
}

static void threads_that_hang_are_left_behind_and_hold_none_of_the_programs_files(void)
{
	struct mountstat *m = NULL;
	struct procfs *fs = NULL;
	struct statvfs st;
	char byte;
	int ends[2];

	begin();
	mount_points[0] = (struct mount_point){"dead", .hangs = true};
	ok(pipe(ends) == 0);
	if (ok_r(procfs_open(ROOT_WITH("dead"), &fs)) && ok_r(mountstat_new(fs, &m))) {
		eq(mountstat_ask(m, 1, "/dead", 1, &st), -ETIMEDOUT);
		sem_wait(&hung);
		mountstat_free(TAKE(m));
		/* The pipe ends if the thread does not have its writing end. */
		close(ends[1]);
		ends[1] = -1;
		eq(read(ends[0], &byte, 1), 0);
		sem_post(&released);
	}
	if (m)
		mountstat_free(m);
	if (fs)
		procfs_close(fs);
	close(ends[0]);
}

static void what_is_mounted_over_is_told_from_what_is_on_top(void)
{
	struct mountstat *m = NULL;
	struct procfs *fs = NULL;
	struct statvfs st;

	begin();
	mount_points[0] = (struct mount_point){"mnt", .id = 7, .blocks = 5};
	mount_points[1] = (struct mount_point){"old", .blocks = 6};
	if (ok_r(procfs_open(ROOT_WITH("mnt", "old"), &fs)) && ok_r(mountstat_new(fs, &m))) {
		eq(mountstat_ask(m, 6, "/mnt", PATIENT_MS, &st), -ESTALE);
		eq(mountstat_ask(m, 7, "/mnt", PATIENT_MS, &st), 0);
		eq(mountstat_ask(m, 8, "/old", PATIENT_MS, &st), 0); /* a kernel that does not tell */
		eq(mountstat_ask(m, 9, "/none", PATIENT_MS, &st), -ENOENT);
	}
	if (m)
		mountstat_free(m);
	if (fs)
		procfs_close(fs);
}

/* --- the table --- */

#define MOUNTINFO "proc/self/mountinfo"

static void each_mount_point_has_its_row(void)
{
	const char *root = ROOT_WITH("a b", "ro", "proc", "auto", "over", "dead", "plain");
	char note[160] = "";
	struct source_rig g;

	begin();
	mount_points[0] = (struct mount_point){"a b", .id = 30, .blocks = 1000, .files = 100};
	mount_points[1] = (struct mount_point){"ro", .id = 31, .blocks = 10};
	mount_points[2] = (struct mount_point){"proc", .id = 32};
	mount_points[3] = (struct mount_point){"auto", .id = 33, .blocks = 1};
	mount_points[4] = (struct mount_point){"over", .id = 35, .blocks = 35, .files = 4};
	mount_points[5] = (struct mount_point){"dead", .id = 36, .error = EIO};
	mount_points[6] = (struct mount_point){"plain", .id = 37, .blocks = UINT64_MAX / 8};
	write_text(root, MOUNTINFO,
	    "30 1 8:1 / /a\\040b rw,relatime shared:1 master:2 - ext4 /dev/disk\\040one rw,errors=remount-ro\n"
	    "31 1 8:2 / /ro rw,nodev - xfs  ro,attr2\n"
	    "32 1 0:5 / /proc rw - proc proc rw\n"
	    "33 1 0:6 / /auto rw - autofs systemd-1 rw,fd=29\n"
	    "34 1 0:7 / /over rw - tmpfs first rw\n"
	    "35 34 0:8 / /over rw - tmpfs second rw\n"
	    "36 1 0:9 / /dead rw - fuse.sshfs host:/ rw,user_id=0\n"
	    "37 1 8:9 /sub /plain ro,relatime - ext4 /dev/sdb rw\n"
	    "38 1 8:10 / /gone rw - ext4 /dev/sdc rw\n"
	    "39 1 no line\n");
	if (rig_up(&g, "filesystems", root)) {
		g.env.note = note;
		ok_r(source_rig_sample(&g));
		eq(g.t->n_rows, 5);
		str_eq(cell(&g, 0, "mount_point"), "/a b");
		str_eq(cell(&g, 0, "source"), "/dev/disk one");
		str_eq(cell(&g, 0, "device"), "8:1");
		str_eq(cell(&g, 0, "type"), "ext4");
		str_eq(cell(&g, 0, "state"), "ok");
		str_eq(cell(&g, 0, "size_bytes"), "4096000");
		str_eq(cell(&g, 0, "free_bytes"), "2048000");
		str_eq(cell(&g, 0, "avail_bytes"), "1024000");
		str_eq(cell(&g, 0, "files"), "100");
		str_eq(cell(&g, 0, "files_free"), "50");
		str_eq(cell(&g, 0, "files_avail"), "25");
		str_eq(cell(&g, 0, "read_only"), "0"); /* errors=remount-ro is another option */
		str_eq(cell(&g, 0, "options"), "rw,relatime");
		str_eq(cell(&g, 0, "super_options"), "rw,errors=remount-ro");
		str_eq(cell(&g, 0, "nfs_read_bytes"), "NULL");
		str_eq(cell(&g, 1, "mount_point"), "/ro");
		str_eq(cell(&g, 1, "source"), "NULL");
		str_eq(cell(&g, 1, "super_options"), "ro,attr2");
		str_eq(cell(&g, 1, "read_only"), "1");
		str_eq(cell(&g, 1, "files"), "NULL");
		str_eq(cell(&g, 2, "source"), "second");
		str_eq(cell(&g, 2, "size_bytes"), "143360");
		str_eq(cell(&g, 3, "mount_point"), "/dead");
		str_eq(cell(&g, 3, "state"), strerror(EIO));
		str_eq(cell(&g, 3, "size_bytes"), "NULL");
		str_eq(cell(&g, 4, "read_only"), "1");
		str_eq(cell(&g, 4, "size_bytes"), "NULL"); /* more bytes than 64 bits hold */
		eq(n_asked, 6);                            /* not autofs, and nothing that is under another mount */
		str_eq(note, "");
	}
	source_rig_down(&g);
}

static void where_the_kernel_does_not_tell_the_last_mount_of_a_mount_point_wins(void)
{
	const char *root = ROOT_WITH("over");
	struct source_rig g;

	begin();
	mount_points[0] = (struct mount_point){"over", .blocks = 35};
	write_text(root, MOUNTINFO,
	    "34 1 0:7 / /over rw - nfs first rw\n"
	    "35 34 0:8 / /over rw - tmpfs second rw\n");
	write_text(root, "proc/self/mountstats", "device first mounted on /none with fstype nfs statvers=1.1\n");
	if (rig_up(&g, "filesystems", root)) {
		ok_r(source_rig_sample(&g));
		eq(g.t->n_rows, 1);
		str_eq(cell(&g, 0, "source"), "second");
		str_eq(cell(&g, 0, "type"), "tmpfs");
	}
	source_rig_down(&g);
}

static void one_that_hangs_has_its_row_without_sizes_and_is_noted(void)
{
	const char *root = ROOT_WITH("dead", "alive");
	char note[160] = "";
	struct source_rig g;

	begin();
	mount_points[0] = (struct mount_point){"dead", .id = 30, .hangs = true, .blocks = 1};
	mount_points[1] = (struct mount_point){"alive", .id = 31, .blocks = 2};
	write_text(root, MOUNTINFO,
	    "30 1 0:7 / /dead ro - nfs4 server:/export rw\n"
	    "31 1 0:8 / /alive rw - tmpfs tmpfs rw\n");
	write_text(root, "proc/self/mountstats",
	    "device tmpfs mounted on /alive with fstype tmpfs\n"
	    "device server:/export mounted on /dead with fstype nfs4 statvers=1.1\n"
	    "\topts:\trw,vers=4.2\n"
	    "\tevents:\t1 2 3\n"
	    "\tbytes:\t1 2 3 4 5 6 7 18446744073709551615\n"
	    "device proc mounted on /proc with fstype proc\n"
	    "\tbytes:\t9 9 9 9 9 9 9 9\n");
	if (rig_up(&g, "filesystems", root)) {
		g.env.note = note;
		for (int i = 0; i < 2; i++) {
			ok_r(source_rig_sample(&g));
			eq(g.t->n_rows, 2);
			str_eq(cell(&g, 0, "state"), "hung");
			str_eq(cell(&g, 0, "size_bytes"), "NULL");
			str_eq(cell(&g, 0, "files"), "NULL");
			str_eq(cell(&g, 0, "read_only"), "1");
			str_eq(cell(&g, 0, "nfs_read_bytes"), "1"); /* what the client counts is known all the same */
			str_eq(cell(&g, 0, "nfs_mmap_write_pages"), "18446744073709551615");
			str_eq(cell(&g, 1, "state"), "ok");
			str_eq(cell(&g, 1, "size_bytes"), "8192");
			str_eq(cell(&g, 1, "nfs_read_bytes"), "NULL");
			str_eq(note, "1 that do not answer: /dead");
		}
		eq(n_asked, 3);
		sem_post(&released);
	}
	source_rig_down(&g);
}

static void without_mountinfo_there_is_no_table(void)
{
	struct source_rig g;

	begin();
	if (rig_up(&g, "filesystems", new_root()))
		eq(source_rig_sample(&g), -ENOENT);
	source_rig_down(&g);
}

static void any_bytes_for_mountinfo_break_nothing(void)
{
	static const char text[] = "30 1 8:1 / /a\\040b rw,ro shared:1 - nfs4 /dev/x\\134 rw,errors=remount-ro\n"
	                           "31 1 8:2 / /ro rw,nodev - xfs  ro,attr2\n";
	static const char others[] = {' ', '\n', '9', '\\', '\0', '\xff', '-', '/', ','};
	const char *root = ROOT_WITH("a b", "ro");
	struct source_rig g;

	begin();
	mount_points[0] = (struct mount_point){"a b", .blocks = 1};
	mount_points[1] = (struct mount_point){"ro", .blocks = 1};
	write_text(root, "proc/self/mountstats",
	    "device x mounted on /a\\040b with fstype nfs4 statvers=1.1\n\tbytes:\t1 2 3 4 5 6 7 8\n");
	write_text(root, MOUNTINFO, "");
	if (rig_up(&g, "filesystems", root))
		for (size_t i = 0; i < 2 * (sizeof text - 1); i++) {
			char changed[sizeof text];
			bool cut = i >= sizeof text - 1;
			size_t at = cut ? i - (sizeof text - 1) : i;

			memcpy(changed, text, sizeof text);
			if (!cut)
				changed[at] = others[i % sizeof others];
			write_bytes(root, MOUNTINFO, changed, cut ? at : sizeof text - 1);
			ok_r(source_rig_sample(&g));
			ok(g.t->n_rows <= 3);
			for (uint32_t row = 0; row < g.t->n_rows; row++)
				ok(strcmp(cell(&g, row, "mount_point"), "NULL") != 0);
		}
	source_rig_down(&g);
}

int main(void)
{
	RUN(a_mount_that_hangs_is_not_waited_for_and_the_next_one_answers);
	RUN(so_many_hang_and_nothing_more_is_asked_until_one_comes_back);
	RUN(threads_that_hang_are_left_behind_and_hold_none_of_the_programs_files);
	RUN(what_is_mounted_over_is_told_from_what_is_on_top);
	RUN(each_mount_point_has_its_row);
	RUN(where_the_kernel_does_not_tell_the_last_mount_of_a_mount_point_wins);
	RUN(one_that_hangs_has_its_row_without_sizes_and_is_noted);
	RUN(without_mountinfo_there_is_no_table);
	RUN(any_bytes_for_mountinfo_break_nothing);
	return tap_done();
}
