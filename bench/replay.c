/* replay.c -- puts samples of bench/capture through histd's sources into a store, as fast as it goes; seals it
 *
 *   replay record STORE DIR EVERY N
 *       N snapshots (0: what there is) of every EVERYth sample of DIR, from the first again behind the last, with the
 *       samples' own distances, moved to begin with the hour before. Prints: snapshots, CPU microseconds in the
 *       sources, CPU microseconds of encoding and appending
 *   replay seal STORE
 *       Seals every log there is, by recording one empty snapshot an hour after the last one. Prints: snapshots, CPU
 *       microseconds of sealing, peak of memory in KiB, then as census from its second figure on
 *   replay census STORE
 *       Prints: snapshots, milliseconds from the first to the last, longest distance of two in the last hour
 *   replay year STORE DIR HOURS
 *       HOURS sealed hours in a row: the first, the middle and the last one with all samples of DIR, the others of its
 *       last week with 60 snapshots of few processes, the rest with 2. Prints: the beginning, seconds since 1970
 *
 * A sample is laid out as a tree in memory (/dev/shm) and read from there, so the time in the sources is not that of
 * reading the kernel's /proc; what comes into the store is the same.
 */
#include "collector/gather.h"
#include "store/recorder.h"
#include "store/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#define TAR_BLOCK 512
#define HOUR_MS 3600000

static _Noreturn void die(const char *what, int r)
{
	fprintf(stderr, "replay: %s: %s\n", what, strerror(-r));
	exit(1);
}

static uint64_t cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* --- a sample as a tree --- */

struct member {
	const char *path; /* into tar, as data */
	const char *data;
	size_t len;
};

struct sample {
	char *tar;
	struct member *members; /* ascending by path */
	size_t n;
};

static void sample_done(struct sample *s)
{
	free(s->tar);
	free(s->members);
	*s = (struct sample){0};
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct member *)a)->path, ((const struct member *)b)->path);
}

/* Whether the path is that of a process of the machine's start, or of none. */
static bool is_early(const char *path)
{
	return strncmp(path, "proc/", 5) != 0 || strtoul(path + 5, NULL, 10) < 50;
}

/* early_only: without most processes. */
static void sample_load(struct sample *s, int dir, const char *name, bool early_only)
{
	_cleanup_(cleanup_close) int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	size_t size, off = 0;

	if (fd < 0 || fstat(fd, &st) < 0)
		die(name, -errno);
	size = (size_t)st.st_size;
	s->n = 0;
	s->tar = malloc(size + 1);
	s->members = malloc((size / TAR_BLOCK + 1) * sizeof *s->members);
	if (!s->tar || !s->members)
		die(name, -ENOMEM);
	if (read(fd, s->tar, size) != (ssize_t)size)
		die(name, -EIO);
	while (off + TAR_BLOCK <= size && s->tar[off]) {
		size_t len = strtoul(s->tar + off + 124, NULL, 8);

		if (len > size - off - TAR_BLOCK)
			die(name, -EBADMSG);
		if (!early_only || is_early(s->tar + off))
			s->members[s->n++] =
			    (struct member){.path = s->tar + off, .data = s->tar + off + TAR_BLOCK, .len = len};
		off += TAR_BLOCK + (len + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
	}
	qsort(s->members, s->n, sizeof *s->members, by_path);
}

static void put_file(int root, const struct member *m)
{
	_cleanup_(cleanup_close) int fd = -1;
	char folder[101];

	fd = openat(root, m->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 && errno == ENOENT) {
		for (size_t i = 1; m->path[i]; i++) {
			if (m->path[i] != '/')
				continue;
			memcpy(folder, m->path, i);
			folder[i] = 0;
			if (mkdirat(root, folder, 0700) < 0 && errno != EEXIST)
				die(folder, -errno);
		}
		fd = openat(root, m->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	}
	if (fd < 0 || pwrite(fd, m->data, m->len, 0) != (ssize_t)m->len || ftruncate(fd, (off_t)m->len) < 0)
		die(m->path, errno ? -errno : -EIO);
}

static void drop_file(int root, const struct member *m)
{
	char folder[101];
	char *slash;

	snprintf(folder, sizeof folder, "%.100s", m->path);
	unlinkat(root, folder, 0);
	while ((slash = strrchr(folder, '/'))) {
		*slash = 0;
		if (unlinkat(root, folder, AT_REMOVEDIR) < 0)
			return;
	}
}

/* Makes the tree that shows sample a one that shows sample b. Files stay the same files, as those of /proc do. */
static void tree_change(int root, const struct sample *a, const struct sample *b)
{
	size_t i = 0, j = 0;

	while (i < a->n || j < b->n) {
		int c = i == a->n ? 1 : j == b->n ? -1 : by_path(&a->members[i], &b->members[j]);

		if (c < 0) {
			drop_file(root, &a->members[i++]);
			continue;
		}
		if (c > 0 || a->members[i].len != b->members[j].len ||
		    memcmp(a->members[i].data, b->members[j].data, b->members[j].len) != 0)
			put_file(root, &b->members[j]);
		i += c == 0;
		j++;
	}
}

/* --- recording --- */

struct replay {
	struct recorder *recorder;
	struct config *config;
	struct gather *gather;
	struct health health;
	uint64_t sources_us, encode_us;
};

static void tell(void *arg, const char *line)
{
	(void)arg;
	fprintf(stderr, "replay: %s\n", line);
}

/* histd's configuration, but for the root. */
static void configure(struct replay *p, const char *root)
{
	_cleanup_(cleanup_close) int fd = memfd_create("config", MFD_CLOEXEC);
	char path[64], error[CONFIG_ERROR_MAX];
	int r;

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (fd < 0 || dprintf(fd, "[record]\nroot = %s\n", root) < 0)
		die("configuration", -errno);
	r = config_load(path, &p->config, error);
	if (r < 0)
		die(error, r);
}

/* The tree below root shows a sample already. */
static void replay_open(struct replay *p, const char *store, const char *root)
{
	struct recorder_options o = {.sync = SYNC_NONE, .say = tell};
	int r;

	*p = (struct replay){0};
	configure(p, root);
	r = recorder_open(store, &o, &p->recorder);
	if (r == 0)
		r = gather_new(
		    p->config, recorder_pool(p->recorder), recorder_known(p->recorder), &p->health, &p->gather);
	if (r < 0)
		die(store, r);
}

static void replay_close(struct replay *p)
{
	gather_free(p->gather);
	recorder_close(p->recorder);
	config_put(p->config);
}

static void append(struct recorder *recorder, const struct snapshot *s)
{
	_cleanup_(cleanup_encoded) struct encoded *e = NULL;
	int r;

	r = recorder_encode(recorder, s, &e);
	if (r == 0)
		r = recorder_append(recorder, e);
	if (r < 0)
		die("recorder", r);
}

static void replay_snapshot(struct replay *p, int64_t time_ms)
{
	uint64_t t0 = cpu_us(), t1, t2;
	struct snapshot s;

	p->health.ticks++;
	recorder_begin(p->recorder);
	s = *gather_take(p->gather);
	t1 = cpu_us();
	/* As far apart as the samples were, with the microseconds of now. */
	s.boot_us = (uint64_t)time_ms * 1000 + s.boot_us % 1000;
	s.time_ms = time_ms;
	append(p->recorder, &s);
	t2 = cpu_us();
	p->sources_us += t1 - t0;
	p->encode_us += t2 - t1;
	p->health.sample_us = t2 - t0;
	p->health.late_us = t2 % 100;
}

static int is_tar(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return n > 4 && !strcmp(e->d_name + n - 4, ".tar");
}

/* The samples of a folder, and the tree that shows one of them. */
struct show {
	char root[sizeof "/dev/shm/histfs-replay.XXXXXX"];
	int rootfd, dirfd;
	struct dirent **name;
	size_t n;
	struct sample now;
};

static void show_open(struct show *w, const char *dir)
{
	int n;

	*w = (struct show){.root = "/dev/shm/histfs-replay.XXXXXX"};
	w->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	n = w->dirfd < 0 ? -1 : scandir(dir, &w->name, is_tar, alphasort);
	if (n <= 0)
		die(dir, n < 0 ? -errno : -ENOENT);
	w->n = (size_t)n;
	w->rootfd = mkdtemp(w->root) ? open(w->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (w->rootfd < 0)
		die(w->root, -errno);
}

static void show_sample(struct show *w, size_t i, bool early_only)
{
	struct sample next;

	sample_load(&next, w->dirfd, w->name[i]->d_name, early_only);
	tree_change(w->rootfd, &w->now, &next);
	sample_done(&w->now);
	w->now = next;
}

static int64_t show_time_ms(const struct show *w, size_t i)
{
	return strtoll(w->name[i]->d_name, NULL, 10);
}

static void show_close(struct show *w)
{
	tree_change(w->rootfd, &w->now, &(struct sample){0});
	sample_done(&w->now);
	if (rmdir(w->root) < 0)
		die(w->root, -errno);
	close(w->rootfd);
	close(w->dirfd);
	for (size_t i = 0; i < w->n; i++)
		free(w->name[i]);
	free(w->name);
}

static int record(const char *store, const char *dir, size_t every, size_t n_wanted)
{
	struct replay p;
	struct show w;
	int64_t first, period, start;
	int r;

	show_open(&w, dir);
	if (every == 0)
		every = 1;
	if (n_wanted == 0)
		n_wanted = (w.n + every - 1) / every;
	first = show_time_ms(&w, 0);
	period = w.n > 1 ? (show_time_ms(&w, w.n - 1) - first) * (int64_t)w.n / ((int64_t)w.n - 1) : 1000;
	start = first - first % HOUR_MS - HOUR_MS;
	show_sample(&w, 0, false);
	replay_open(&p, store, w.root);
	for (size_t i = 0; p.health.ticks < n_wanted; i += every) {
		show_sample(&w, i % w.n, false);
		replay_snapshot(&p, start + show_time_ms(&w, i % w.n) - first + period * (int64_t)(i / w.n));
	}
	show_close(&w);
	r = recorder_sync(p.recorder);
	if (r < 0)
		die(store, r);
	replay_close(&p);
	printf("%lu %lu %lu\n", (unsigned long)p.health.ticks, (unsigned long)p.sources_us, (unsigned long)p.encode_us);
	return 0;
}

/* --- sealing --- */

static void seal_all(struct recorder *recorder)
{
	int r;

	do
		r = recorder_seal(recorder);
	while (r == 0);
	if (r != -ENODATA)
		die("seal", r);
}

static int year(const char *store, const char *dir, unsigned long n_hours)
{
	struct replay p;
	struct show w;
	int64_t start;

	show_open(&w, dir);
	start = show_time_ms(&w, 0) / HOUR_MS * HOUR_MS - (int64_t)n_hours * HOUR_MS;
	show_sample(&w, 0, false);
	replay_open(&p, store, w.root);
	for (unsigned long h = 0; h < n_hours; h++) {
		bool full = h == 0 || h == n_hours / 2 || h == n_hours - 1;
		size_t n = full ? w.n : h + 1 + 7 * 24 >= n_hours ? 60 : 2;

		for (size_t i = 0; i < n; i++) {
			if (i < w.n)
				show_sample(&w, i, !full);
			replay_snapshot(&p, start + (int64_t)h * HOUR_MS + (int64_t)i * 1000);
		}
		seal_all(p.recorder);
	}
	show_close(&w);
	append(p.recorder, &(struct snapshot){.boot = 1, .time_ms = start + (int64_t)n_hours * HOUR_MS});
	seal_all(p.recorder);
	replay_close(&p);
	printf("%ld\n", (long)(start / 1000));
	return 0;
}

struct census {
	uint64_t n;
	int64_t first_ms, last_ms, longest_ms; /* longest: distance of two neighbours in the last hour */
	int64_t next_ms;                       /* first moment of the hour behind the last one */
};

static void census_hour(struct census *c, struct hour *h)
{
	c->longest_ms = 0;
	for (uint32_t i = 0; i < hour_n(h); i++) {
		int64_t time_ms;
		uint32_t seq;
		int r = hour_snapshot(h, i, &seq, &time_ms);

		if (r < 0)
			die("snapshot", r);
		if (c->n++ == 0)
			c->first_ms = time_ms;
		if (i > 0 && time_ms - c->last_ms > c->longest_ms)
			c->longest_ms = time_ms - c->last_ms;
		c->last_ms = time_ms;
	}
	c->next_ms = ((int64_t)hour_number(h) + 1) * HOUR_MS;
}

static void census(const char *dir, struct census *ret)
{
	_cleanup_(cleanup_store) struct store *s = NULL;
	const int32_t *hours;
	struct hour *h;
	size_t n;
	int r;

	*ret = (struct census){0};
	r = store_open(dir, NULL, &s);
	if (r < 0)
		die(dir, r);
	store_hours(s, &hours, &n);
	for (size_t i = 0; i < n; i++) {
		r = store_hour(s, hours[i], &h);
		if (r < 0)
			die(dir, r);
		census_hour(ret, h);
	}
}

static int seal(const char *store)
{
	struct recorder_options o = {.sync = SYNC_FDATASYNC, .say = tell};
	_cleanup_(cleanup_recorder) struct recorder *recorder = NULL;
	struct snapshot empty = {.boot = 1};
	struct census c;
	struct rusage u;
	uint64_t us;
	int r;

	census(store, &c);
	empty.time_ms = c.next_ms;
	r = recorder_open(store, &o, &recorder);
	if (r < 0)
		die(store, r);
	recorder_begin(recorder);
	append(recorder, &empty);
	us = cpu_us();
	seal_all(recorder);
	us = cpu_us() - us;
	getrusage(RUSAGE_SELF, &u);
	printf("%lu %lu %ld %ld %ld\n", (unsigned long)c.n, (unsigned long)us, u.ru_maxrss,
	    (long)(c.last_ms - c.first_ms), (long)c.longest_ms);
	return 0;
}

static int print_census(const char *store)
{
	struct census c;

	census(store, &c);
	printf("%lu %ld %ld\n", (unsigned long)c.n, (long)(c.last_ms - c.first_ms), (long)c.longest_ms);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 6 && !strcmp(argv[1], "record"))
		return record(argv[2], argv[3], strtoul(argv[4], NULL, 10), strtoul(argv[5], NULL, 10));
	if (argc == 3 && !strcmp(argv[1], "seal"))
		return seal(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "census"))
		return print_census(argv[2]);
	if (argc == 5 && !strcmp(argv[1], "year"))
		return year(argv[2], argv[3], strtoul(argv[4], NULL, 10));
	fputs("usage: replay record STORE DIR EVERY N | seal STORE | census STORE | year STORE DIR HOURS\n", stderr);
	return 2;
}
