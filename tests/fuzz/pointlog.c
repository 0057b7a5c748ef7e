/* pointlog.c -- fuzzes the log of points and `drops`, with all checks made right, as a reader and as a writer
 *
 * Input: length of the log (4 bytes), the log, the file of drops. */
#include "store/points.h"
#include "store/points_read.h"

#include "store/io.h"
#include "tests/fuzz/frames.h"

#include <fcntl.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define LOG "series/00000000000000000001.log"
#define KEY "fuzzed\0room\0x"

static char dir[64];

static void remove_dir(void)
{
	(void)rmdir(dir);
}

static void write_file(int top, const char *name, const uint8_t *p, size_t len)
{
	int fd = openat(top, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	must(fd >= 0 && write(fd, p, len) == (ssize_t)len);
	close(fd);
}

struct seen {
	int64_t wanted;
	bool found;
};

static int see(int32_t hour, struct span key, const int64_t *ns, const uint64_t *bits, size_t n, void *arg)
{
	struct seen *s = arg;

	(void)bits;
	for (size_t i = 0; i < n; i++) {
		must(i == 0 || ns[i] > ns[i - 1]);
		must(ns[i] / 3600000000000 - (ns[i] % 3600000000000 < 0) == hour);
		must(point_key_valid(key));
		s->found |= ns[i] == s->wanted && span_left(&key) == sizeof KEY && memcmp(key.p, KEY, sizeof KEY) == 0;
	}
	return 0;
}

/* What is told hour by hour is what is told at once. Returns whether a time of KEY is there. */
static bool look_at(int top, int64_t wanted)
{
	_cleanup_(cleanup_points_reader) struct points_reader *pr = NULL;
	struct seen s = {.wanted = wanted};
	const int32_t *hours;
	size_t n;

	must(points_reader_open(top, &pr) == 0);
	points_reader_hours(pr, &hours, &n);
	for (size_t i = 0; i < n; i++) {
		struct points_hour *h;
		int r = points_hour(pr, hours[i], &h);

		must(r == 0 || r == -ENOENT || r == -EBADMSG);
		for (size_t k = 0; r == 0 && k < points_hour_n(h); k++) {
			_cleanup_(buf_done) struct buf ns = {0}, bits = {0};
			struct point_stat st;

			must(points_hour_stat(pr, h, k, &st) == 0);
			must(points_hour_read(pr, h, k, INT64_MIN, INT64_MAX, &ns, &bits) == 0);
			must(st.n == ns.len / sizeof(int64_t) && ns.len == bits.len);
		}
	}
	must(points_scan(pr, NULL, INT64_MIN, INT64_MAX, see, &s) == 0);
	must(points_reader_refresh(pr) >= 0);
	return s.found;
}

static void try(int top, const uint8_t *log, size_t log_len, const uint8_t *drops, size_t drops_len)
{
	const struct points_options o = {.sync = SYNC_NONE};
	_cleanup_(cleanup_points) struct points *wr = NULL;
	struct point v = {.ns = 77, .bits = 1};

	(void)mkdirat(top, "series", 0700);
	write_file(top, LOG, log, log_len);
	write_file(top, "series/drops", drops, drops_len);
	(void)look_at(top, v.ns);
	if (points_open(top, 1, &o, &wr) < 0)
		return;
	(void)look_at(top, v.ns);
	if (points_series(wr, span_of(KEY, sizeof KEY), &v.series) == 0 && points_put(wr, &v, 1, NULL) == 0) {
		must(look_at(top, v.ns));
		must(points_tidy(wr, 1, 1000, true, NULL) >= 0);
		must(look_at(top, v.ns));
		must(points_tidy(wr, INT64_C(100000000), 1000, true, NULL) >= 0);
		must(look_at(top, v.ns));
	}
}

static int remove_one(const char *name, void *arg)
{
	return io_unlink(*(int *)arg, name);
}

static void clear(int top)
{
	int fd = io_opendir(top, "series", false);

	if (fd < 0)
		return;
	must(io_list(fd, remove_one, &fd) == 0);
	io_close(fd);
	must(unlinkat(top, "series", AT_REMOVEDIR) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t log_len;
	uint8_t *p;
	int top;

	if (len < sizeof(le32))
		return 0;
	log_len = get_le32(*(const le32 *)data);
	data += sizeof(le32);
	len -= sizeof(le32);
	if (log_len > len)
		log_len = len;
	if (!*dir) {
		strcpy(dir, "/dev/shm/histfs-fuzz-XXXXXX");
		if (!mkdtemp(dir))
			must(mkdtemp(strcpy(dir, "/tmp/histfs-fuzz-XXXXXX")));
		must(atexit(remove_dir) == 0);
	}
	p = malloc(len + 1);
	must(p);
	memcpy(p, data, len);
	top = open(dir, O_RDONLY | O_DIRECTORY);
	must(top >= 0);
	try(top, p, log_len, p + log_len, len - log_len);
	clear(top);
	repair(p, log_len);
	repair(p + log_len, len - log_len);
	repair_footer(p + log_len, len - log_len);
	try(top, p, log_len, p + log_len, len - log_len);
	clear(top);
	close(top);
	free(p);
	return 0;
}
