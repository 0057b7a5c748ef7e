/* points.c -- custom time series: what points cost on disk, in a log that is synced, and to read
 *
 *   points store SET DIR
 *       the set, as it came in time, into a new store, all of it in sealed and joined files; output: points a second of
 *       CPU time while they were put
 *   points read SET DIR
 *       all points through the reader, over and over; output: points a second of CPU time, and of the first time,
 *       opening included
 *   points file SET DIR fast|cold
 *       the set as sealed files of the hours, nothing around them; output: their bytes, points a second of CPU time,
 *       written and read
 *   points copy SET
 *       memcpy of as many points of 16 bytes; output: points a second of CPU time
 *   points synced SET DIR N
 *       N times a batch of 100 points that is synced, and between them as many bytes that are appended to a bare file
 *       and synced; output: medians, microseconds
 */
#include "bench/pointset.h"
#include "store/identity.h"
#include "store/io.h"
#include "store/points.h"
#include "store/points_read.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

enum { BATCH = 10000, SMALL_BATCH = 100 };

#define HOUR_NS INT64_C(3600000000000)

static double clock_s(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Of this process, kernel included. */
static double now(void)
{
	return clock_s(CLOCK_PROCESS_CPUTIME_ID);
}

static void check(int r, const char *what)
{
	if (r < 0)
		errx(1, "%s: %s", what, strerror(-r));
}

static void *allocate(size_t n, size_t size)
{
	void *p = calloc(n + 1, size);

	if (!p)
		err(1, "memory");
	return p;
}

/* --- writing --- */

/* A label's value without its escapes, into room. */
static struct span unescaped(const struct pointset_label *label, struct buf *room)
{
	size_t from = room->len;

	for (size_t i = 0; i < label->value_len; i++) {
		char c = label->value[i];

		if (c == '\\' && i + 1 < label->value_len)
			c = label->value[++i] == 'n' ? '\n' : label->value[i];
		buf_put_u8(room, (uint8_t)c);
	}
	return span_of(room->p + from, room->len - from);
}

static void put_key(const struct pointset_series *s, struct buf *out)
{
	_cleanup_(buf_done) struct buf values = {0};
	struct point_label labels[POINT_LABELS_MAX];
	const char *p = s->key + pointset_name_len(s);
	struct pointset_label label;
	size_t n = 0;

	check(buf_reserve(&values, s->key_len), "key"); /* does not move */
	while (n < POINT_LABELS_MAX && pointset_label(&p, s->key + s->key_len, &label))
		labels[n++] = (struct point_label){span_of(label.name, label.name_len), unescaped(&label, &values)};
	check(point_key_put(out, span_of(s->key, pointset_name_len(s)), labels, n), s->key);
}

static int open_store(const char *dir, uint64_t *ret_id)
{
	struct identity id = {.created_ms = 1, .host = "bench"};
	int fd = io_opendir(AT_FDCWD, dir, true), r;

	check(fd, dir);
	r = identity_read(fd, &id);
	check(r == -ENOENT ? identity_create(fd, &id) : r, dir);
	*ret_id = id.id;
	return fd;
}

/* What puts a set second by second, as it came. */
struct feed {
	const struct pointset *set;
	struct points *points;
	uint32_t *numbers; /* of the series, once they are known */
	bool *known;
	uint64_t *next; /* point of each series */
	struct point batch[BATCH];
	size_t n;
};

static void flush_batch(struct feed *f)
{
	if (f->n > 0)
		check(points_put(f->points, f->batch, f->n, NULL), "put");
	f->n = 0;
}

static uint32_t number_of(struct feed *f, uint64_t i)
{
	_cleanup_(buf_done) struct buf key = {0};
	struct pointset_series s;

	if (f->known[i])
		return f->numbers[i];
	s = pointset_series(f->set, i);
	put_key(&s, &key);
	check(points_series(f->points, span_of(key.p, key.len), &f->numbers[i]), "series");
	f->known[i] = true;
	return f->numbers[i];
}

/* All points before a time that have not been put. Returns how many. */
static uint64_t put_before(struct feed *f, int64_t end_ns)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < f->set->head->n_series; i++) {
		struct pointset_series s = pointset_series(f->set, i);

		for (; f->next[i] < s.n && s.times[f->next[i]] < end_ns; f->next[i]++, n++) {
			struct point *p = &f->batch[f->n++];

			p->ns = s.times[f->next[i]];
			memcpy(&p->bits, &s.values[f->next[i]], sizeof p->bits);
			p->series = number_of(f, i);
			if (f->n == BATCH)
				flush_batch(f);
		}
	}
	flush_batch(f);
	return n;
}

static const atomic_bool go_on = false;

/* Makes all of the buffer files, and joins them, as it is done when the hour has long been over. */
static void tidy(struct points *p, int64_t now_ms)
{
	int r;

	do {
		r = points_tidy(p, now_ms, 1000, true, &go_on);
		check(r, "tidy");
	} while (r > 0);
}

static void range(const struct pointset *set, int64_t *ret_first, int64_t *ret_last)
{
	*ret_first = INT64_MAX;
	*ret_last = INT64_MIN;
	for (uint64_t i = 0; i < set->head->n_points; i++) {
		*ret_first = set->times[i] < *ret_first ? set->times[i] : *ret_first;
		*ret_last = set->times[i] > *ret_last ? set->times[i] : *ret_last;
	}
}

static void make_store(const struct pointset *set, const char *dir)
{
	const struct points_options o = {.sync = SYNC_NONE};
	static struct feed f;
	struct points_state state;
	int64_t first, last;
	uint64_t id, n = 0;
	double took = 0, start;
	int fd = open_store(dir, &id);

	f.set = set;
	f.numbers = allocate(set->head->n_series, sizeof *f.numbers);
	f.known = allocate(set->head->n_series, sizeof *f.known);
	f.next = allocate(set->head->n_series, sizeof *f.next);
	check(points_open(fd, id, &o, &f.points), dir);
	range(set, &first, &last);
	for (int64_t t = first; n < set->head->n_points; t += 1000000000) {
		start = now();
		n += put_before(&f, t + 1000000000);
		took += now() - start;
		check(points_tidy(f.points, t / 1000000, 1000, false, &go_on), "tidy");
	}
	tidy(f.points, last / 1000000 + 24 * 3600 * 1000);
	points_state(f.points, &state);
	if (state.n_points != 0 || state.n_put != n)
		errx(1, "%s: %" PRIu64 " points are in no file", dir, state.n_points);
	check(points_close(f.points), "close");
	printf("%.0f\n", (double)n / took);
	free(f.numbers);
	free(f.known);
	free(f.next);
	io_close(fd);
}

/* --- reading --- */

struct sum {
	uint64_t n, bits;
};

static int add(int32_t hour, struct span key, const int64_t *ns, const uint64_t *bits, size_t n, void *arg)
{
	struct sum *sum = arg;

	(void)hour;
	(void)key;
	if (!ns)
		return -EBADMSG;
	sum->n += n;
	for (size_t i = 0; i < n; i++)
		sum->bits += bits[i] ^ (uint64_t)ns[i];
	return 0;
}

/* What add makes of all of the set. */
static uint64_t sum_of(const struct pointset *set)
{
	uint64_t sum = 0, bits;

	for (uint64_t i = 0; i < set->head->n_points; i++) {
		memcpy(&bits, &set->values[i], sizeof bits);
		sum += bits ^ (uint64_t)set->times[i];
	}
	return sum;
}

/* Passes over all of it until a second has gone. */
static void read_store(const struct pointset *set, const char *dir)
{
	struct points_reader *pr;
	struct sum sum;
	uint64_t id, n = 0;
	int fd = open_store(dir, &id);
	double start, once = 0;

	start = now();
	check(points_reader_open(fd, &pr), dir);
	do {
		sum = (struct sum){0};
		check(points_scan(pr, NULL, INT64_MIN, INT64_MAX, add, &sum), "scan");
		n += sum.n;
		once = n == sum.n ? now() - start : once;
	} while (now() - start < 1);
	start = now() - start;
	if (sum.n != set->head->n_points || sum.bits != sum_of(set))
		errx(1, "%s: %" PRIu64 " points are read, others than were put", dir, sum.n);
	printf("%.0f %.0f\n", (double)n / start, (double)sum.n / once);
	points_reader_close(pr);
	io_close(fd);
}

static void copy(const struct pointset *set)
{
	size_t len = set->head->n_points * 16;
	char *from = allocate(len, 1), *to = allocate(len, 1);
	uint64_t n = 0;
	double start;

	memset(from, 1, len);
	memset(to, 2, len);
	start = now();
	do {
		memcpy(to, from, len);
		__asm__ volatile("" ::"r"(to) : "memory");
		n += set->head->n_points;
	} while (now() - start < 1);
	printf("%.0f\n", (double)n / (now() - start));
	free(from);
	free(to);
}

/* --- files --- */

struct keyed {
	struct buf key;
	uint64_t i;
};

static int by_key(const void *a, const void *b)
{
	const struct keyed *x = a, *y = b;

	return point_key_compare(span_of(x->key.p, x->key.len), span_of(y->key.p, y->key.len));
}

static struct keyed *in_order(const struct pointset *set)
{
	struct keyed *k = allocate(set->head->n_series, sizeof *k);

	for (uint64_t i = 0; i < set->head->n_series; i++) {
		struct pointset_series s = pointset_series(set, i);

		k[i].i = i;
		put_key(&s, &k[i].key);
	}
	qsort(k, set->head->n_series, sizeof *k, by_key);
	return k;
}

/* Writes the points of an hour; returns how many there were. */
static uint64_t write_hour(
    const struct pointset *set, const struct keyed *order, int fd, int32_t hour, enum point_file_level level)
{
	const int64_t begin = (int64_t)hour * HOUR_NS, end = begin + HOUR_NS;
	struct point_file_head head = {.hour = hour, .number = 1, .since = 1};
	struct point_file_writer *w;

	check(point_file_writer_new(fd, 1, &head, level, &w), "file");
	for (uint64_t i = 0; i < set->head->n_series; i++) {
		struct pointset_series s = pointset_series(set, order[i].i);
		const struct buf *key = &order[i].key;
		size_t from = 0, n = 0;

		while (from < s.n && s.times[from] < begin)
			from++;
		while (from + n < s.n && s.times[from + n] < end)
			n++;
		if (n > 0)
			check(point_file_writer_add(w, span_of(key->p, key->len), s.times + from,
			          (const uint64_t *)(const void *)(s.values + from), n),
			    "add");
	}
	check(point_file_writer_finish(w, &head), "finish");
	return head.n_points;
}

static int add_run(uint64_t number, const int64_t *ns, const uint64_t *bits, size_t n, void *arg)
{
	return add((int32_t)number, span_of(NULL, 0), ns, bits, n, arg);
}

/* Opens and reads the file for a second; the seconds that one time takes. */
static double read_hour(int fd, int32_t hour, uint64_t *ret_len, struct sum *sum)
{
	char name[POINT_FILE_NAME_SIZE];
	double start = now();
	unsigned n = 0;

	point_file_name(name, hour, 1);
	do {
		struct point_file *f;
		struct sum one = {0};

		check(point_file_open(fd, name, &f), name);
		check(point_file_scan(f, 0, add_run, &one), name);
		*ret_len = point_file_len(f);
		if (n++ == 0)
			*sum = (struct sum){sum->n + one.n, sum->bits + one.bits};
		point_file_close(f);
	} while (now() - start < 1);
	return (now() - start) / n;
}

static void make_files(const struct pointset *set, const char *dir, enum point_file_level level)
{
	struct keyed *order = in_order(set);
	uint64_t n = 0, len = 0, one_len;
	double written = 0, read = 0, start;
	struct sum sum = {0};
	int64_t first, last;
	int fd = io_opendir(AT_FDCWD, dir, true);

	check(fd, dir);
	range(set, &first, &last);
	for (int32_t hour = (int32_t)(first / HOUR_NS); hour <= (int32_t)(last / HOUR_NS); hour++) {
		start = now();
		n += write_hour(set, order, fd, hour, level);
		written += now() - start;
		read += read_hour(fd, hour, &one_len, &sum);
		len += one_len;
	}
	if (sum.n != n || n != set->head->n_points || sum.bits != sum_of(set))
		errx(1, "%s: others are read than were written", dir);
	printf("%" PRIu64 " %.0f %.0f\n", len, (double)n / written, (double)n / read);
	for (uint64_t i = 0; i < set->head->n_series; i++)
		buf_done(&order[i].key);
	free(order);
	io_close(fd);
}

/* --- synced --- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, size_t n)
{
	qsort(v, n, sizeof *v, by_value);
	return v[n / 2];
}

/* The file is written as bare as can be: it grows by each append, as the log does. */
static void synced(const struct pointset *set, const char *dir, size_t n)
{
	const struct points_options o = {.sync = SYNC_FDATASYNC};
	static struct point batch[SMALL_BATCH];
	static char bytes[1 << 16];
	double *ours = allocate(n, sizeof *ours), *bare = allocate(n, sizeof *bare), start;
	struct points_state before, after;
	struct feed f = {.set = set};
	uint64_t id, off = 0, len = 0;
	int fd = open_store(dir, &id), file = io_create(fd, "bare");

	check(file, "bare");
	f.numbers = allocate(set->head->n_series, sizeof *f.numbers);
	f.known = allocate(set->head->n_series, sizeof *f.known);
	check(points_open(fd, id, &o, &f.points), dir);
	for (size_t i = 0; i < n + 1; i++) {
		for (uint64_t k = 0; k < SMALL_BATCH; k++) {
			uint64_t at = k % set->head->n_series;
			struct pointset_series s = pointset_series(set, at);

			batch[k] = (struct point){
			    .ns = s.times[0] + (int64_t)(i * SMALL_BATCH + k) * 1000000, .series = number_of(&f, at)};
			memcpy(&batch[k].bits, &s.values[i % s.n], sizeof batch[k].bits);
		}
		points_state(f.points, &before);
		start = clock_s(CLOCK_MONOTONIC);
		check(points_put(f.points, batch, SMALL_BATCH, NULL), "put");
		check(points_sync(f.points), "sync");
		if (i > 0)
			ours[i - 1] = clock_s(CLOCK_MONOTONIC) - start;
		points_state(f.points, &after);
		if (after.log_bytes > before.log_bytes)
			len = after.log_bytes - before.log_bytes;
		if (len > sizeof bytes)
			len = sizeof bytes;
		start = clock_s(CLOCK_MONOTONIC);
		check(io_pwrite(file, bytes, len, off), "bare");
		check(io_sync(file, true), "bare");
		if (i > 0)
			bare[i - 1] = clock_s(CLOCK_MONOTONIC) - start;
		off += len;
	}
	check(points_close(f.points), "close");
	printf("%.1f %.1f\n", median(ours, n) * 1e6, median(bare, n) * 1e6);
	fprintf(stderr, "points: a batch is of %" PRIu64 " bytes\n", len);
	free(ours);
	free(bare);
	free(f.numbers);
	free(f.known);
	io_close(file);
	io_close(fd);
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "", *more = argc > 3 ? argv[3] : "";
	struct pointset set;

	if (argc > 2)
		pointset_open(argv[2], &set);
	if (strcmp(what, "store") == 0 && argc == 4)
		make_store(&set, more);
	else if (strcmp(what, "read") == 0 && argc == 4)
		read_store(&set, more);
	else if (strcmp(what, "file") == 0 && argc == 5)
		make_files(&set, more, strcmp(argv[4], "cold") == 0 ? POINT_FILE_COLD : POINT_FILE_FAST);
	else if (strcmp(what, "copy") == 0)
		copy(&set);
	else if (strcmp(what, "synced") == 0 && argc == 5)
		synced(&set, more, strtoull(argv[4], NULL, 10));
	else {
		fputs("usage: points store|read SET DIR | file SET DIR fast|cold | copy SET | "
		      "synced SET DIR N\n",
		    stderr);
		return 2;
	}
	return 0;
}
