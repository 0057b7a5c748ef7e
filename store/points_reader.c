/* points_reader.c -- see points_read.h
 *
 * FOLLOWING. The directory is listed first, then `drops` is read, then logs: what was in a log that is gone by then is
 * in a file that was listed, or in `drops`. A log is read on from where it was left; what files have already is left
 * out. When a file comes, heads all of whose points it has are forgotten; one that has more is kept whole, since what
 * the file has of it is the same, and what is newer in it counts.
 *
 * A log that went before it had been read to its end may have had a drop of all that was in an hour, of which there is
 * no file then: what is in memory is read anew.
 */
#include "store/io.h"
#include "store/points_read_inner.h"
#include "store/segment_name.h"

#include <time.h>

enum {
	HEAD_MAX = 1 << 18, /* points; when all of a head is in a file, its memory is given back */
	SERIES_MAX = 1 << 28,
	TRIES = 20,
	SETTLED_NS = 2000000000,
};

/* In versions of hours: above all numbers, and no multiple of a millisecond. */
#define LACKING POINT_NUMBER_MAX

static void close_log(struct points_reader_log *l)
{
	log_reader_close(l->lr);
	l->lr = NULL;
	free(l->log.keys);
	l->log.keys = NULL;
	l->log.n_keys = l->log.cap_keys = 0;
}

void points_reader_close(struct points_reader *pr)
{
	if (!pr)
		return;
	points_hour_check(pr, true);
	for (size_t i = 0; i < pr->n_logs; i++)
		close_log(&pr->logs[i]);
	free(pr->logs);
	free(pr->hours);
	point_merge_done(&pr->merge);
	point_replay_done(&pr->replay);
	point_buffer_free(pr->buffer);
	point_drops_done(&pr->drops);
	point_dir_done(&pr->dir);
	problems_done(&pr->problems);
	if (pr->dirfd >= 0)
		io_close(pr->dirfd);
	if (pr->store_fd >= 0)
		io_close(pr->store_fd);
	free(pr);
}

int points_reader_open(int store_fd, struct points_reader **ret)
{
	_cleanup_(cleanup_points_reader) struct points_reader *pr = calloc(1, sizeof *pr);
	int r;

	if (!pr)
		return -ENOMEM;
	pr->dirfd = pr->store_fd = -1;
	r = point_buffer_new(SERIES_MAX, HEAD_MAX, &pr->buffer);
	if (r < 0)
		return r;
	pr->replay = (struct point_replay){
	    .buffer = pr->buffer,
	    .drops = &pr->drops,
	    .dir = &pr->dir,
	    .problems = &pr->problems,
	};
	pr->store_fd = io_opendir(store_fd, ".", false);
	if (pr->store_fd < 0)
		return pr->store_fd;
	r = points_reader_refresh(pr);
	if (r < 0)
		return r;
	*ret = TAKE(pr);
	return 0;
}

void points_reader_note(struct points_reader *pr, const char *file, const char *what)
{
	problems_note(&pr->problems, file, 0, what);
}

/* --- files --- */

/* The series that nothing is known of any more are forgotten; those that a log has numbers for are not. */
static void sweep(struct points_reader *pr)
{
	struct point_table *table = point_buffer_table(pr->buffer);
	uint32_t now = ++pr->replay.used;

	for (size_t i = 0; i < pr->n_logs; i++)
		for (size_t k = 0; k < pr->logs[i].log.n_keys; k++)
			if (pr->logs[i].log.keys[k] != POINT_LOG_UNKNOWN)
				point_table_get(table, pr->logs[i].log.keys[k])->used = now;
	point_table_sweep(table, now);
}

static void forget_heads(struct points_reader *pr)
{
	for (size_t i = point_buffer_n(pr->buffer); i > 0; i--) {
		const struct point_head *h = point_buffer_head(pr->buffer, i - 1);

		if (h->n_points == 0 || h->last <= point_dir_covered(&pr->dir, h->hour))
			point_buffer_remove(pr->buffer, i - 1);
	}
}

static struct points_reader_log *find_log(struct points_reader *pr, uint64_t base)
{
	for (size_t i = 0; i < pr->n_logs; i++)
		if (pr->logs[i].log.base == base)
			return &pr->logs[i];
	return NULL;
}

/* Whether a log went before it had been read to its end. */
static bool missed_any(const struct points_reader *pr)
{
	for (size_t i = 0; i < pr->n_logs; i++) {
		bool there = false;

		for (size_t k = 0; k < pr->dir.n_logs; k++)
			there |= pr->dir.logs[k] == pr->logs[i].log.base;
		if (!there && !pr->logs[i].ended)
			return true;
	}
	return false;
}

/* What is in memory may have been dropped by what was missed: it is all read anew. */
static int begin_anew(struct points_reader *pr)
{
	struct point_buffer *buffer;
	int r = point_buffer_new(SERIES_MAX, HEAD_MAX, &buffer);

	if (r < 0)
		return r;
	point_buffer_free(pr->buffer);
	pr->buffer = pr->replay.buffer = buffer;
	pr->replay.number = 0;
	for (size_t i = 0; i < pr->n_logs; i++)
		close_log(&pr->logs[i]);
	pr->n_logs = 0;
	return 0;
}

/* Those that are there, as they were known. */
static int take_logs(struct points_reader *pr)
{
	struct points_reader_log *logs = calloc(pr->dir.n_logs + 1, sizeof *logs);
	int r = logs && missed_any(pr) ? begin_anew(pr) : 0;

	if (!logs || r < 0) {
		free(logs);
		return r < 0 ? r : -ENOMEM;
	}
	for (size_t i = 0; i < pr->dir.n_logs; i++) {
		struct points_reader_log *known = find_log(pr, pr->dir.logs[i]);

		if (known) {
			logs[i] = *known;
			*known = (struct points_reader_log){0};
		}
		logs[i].log.base = pr->dir.logs[i];
	}
	for (size_t i = 0; i < pr->n_logs; i++)
		close_log(&pr->logs[i]);
	free(pr->logs);
	pr->logs = logs;
	pr->n_logs = pr->dir.n_logs;
	return 0;
}

static int read_drops(struct points_reader *pr)
{
	struct io_stat st;
	int r = io_stat(pr->dirfd, POINT_DROPS_FILE, &st);

	if (r == -ENOENT)
		st = (struct io_stat){0};
	else if (r < 0)
		return r;
	if (st.ino == pr->drops_ino && st.mtime_ns == pr->drops_ns)
		return 0;
	r = r == 0 ? point_drops_read(pr->dirfd, &pr->drops) : 0;
	if (r == -EBADMSG)
		points_reader_note(pr, POINT_DROPS_FILE, "damaged: not all drops could be read");
	else if (r == -EPROTONOSUPPORT)
		points_reader_note(pr, POINT_DROPS_FILE, "a newer version wrote it: what was dropped is shown");
	else if (r < 0 && r != -ENOENT)
		return r;
	pr->drops_ino = st.ino;
	pr->drops_ns = st.mtime_ns;
	return 0;
}

static bool same_files(const struct point_dir *a, const struct point_dir *b)
{
	if (a->n != b->n || a->n_logs != b->n_logs)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->files[i].hour != b->files[i].hour || a->files[i].number != b->files[i].number)
			return false;
	return a->n_logs == 0 || memcmp(a->logs, b->logs, a->n_logs * sizeof *a->logs) == 0;
}

static int list_files(struct points_reader *pr)
{
	struct point_dir dir;
	int r = point_dir_list(pr->dirfd, &dir);

	if (r < 0)
		return r;
	pr->changed |= !same_files(&pr->dir, &dir);
	point_dir_done(&pr->dir);
	pr->dir = dir;
	for (size_t i = 0; i < dir.aside.n; i++)
		points_reader_note(pr, dir.aside.v[i].file, dir.aside.v[i].what);
	return read_drops(pr);
}

int points_reader_list(struct points_reader *pr)
{
	return pr->dirfd < 0 ? 0 : list_files(pr);
}

/* Ret: 1: other files are there than were. */
static int look_at_files(struct points_reader *pr, bool again)
{
	struct timespec now;
	struct io_stat st;
	int r = io_fstat(pr->dirfd, &st);

	if (r < 0)
		return r;
	clock_gettime(CLOCK_REALTIME, &now);
	/* The clock of files is a coarse one: what changed just now may change again unseen. */
	if (!again && !pr->changed && st.mtime_ns == pr->listed_ns &&
	    now.tv_sec * INT64_C(1000000000) + now.tv_nsec - st.mtime_ns > SETTLED_NS)
		return 0;
	r = list_files(pr);
	if (r < 0)
		return r;
	pr->listed_ns = st.mtime_ns;
	if (!pr->changed)
		return 0;
	points_hour_check(pr, true);
	r = take_logs(pr);
	if (r < 0)
		return r;
	pr->changed = false;
	forget_heads(pr);
	sweep(pr);
	return 1;
}

/* --- logs --- */

/* Reads on. Ret: 1: there was something. */
static int read_on(struct points_reader *pr, struct points_reader_log *l)
{
	struct log_recovery found;
	struct span payload;
	bool any = false;
	uint64_t off;
	uint8_t type;
	int r;

	while ((r = log_reader_next(l->lr, &type, &off, &payload)) == 0) {
		r = point_replay_frame(&pr->replay, &l->log, type, off, payload);
		if (r < 0) {
			log_reader_seek(l->lr, off);
			return r;
		}
		any |= r > 0;
	}
	log_reader_damage(l->lr, &found);
	if (found.n_damaged > l->n_damaged)
		point_replay_damage(&pr->replay, &l->log, &found);
	l->n_damaged = found.n_damaged;
	if (r == -EBADMSG) {
		char name[SEGMENT_NAME_SIZE];

		segment_name_put(name, l->log.base, SEGMENT_LOG);
		points_reader_note(pr, name, "damaged beyond all searching");
		l->ended = l->log.damaged = true;
		return any;
	}
	return r == -ENODATA ? any : r;
}

/* -ESTALE: it is gone. */
static int open_log(struct points_reader *pr, struct points_reader_log *l)
{
	char name[SEGMENT_NAME_SIZE];
	int r;

	segment_name_put(name, l->log.base, SEGMENT_LOG);
	r = log_reader_open(pr->dirfd, name, KIND_POINT_LOG, &l->lr);
	if (r == -EBADMSG || r == -EPROTONOSUPPORT) {
		points_reader_note(pr, name, r == -EBADMSG ? "the header is damaged" : "a newer version wrote it");
		l->ended = l->log.damaged = true;
		return 0;
	}
	if (r == -ENODATA)
		return 0;
	return r == -ENOENT ? -ESTALE : r;
}

static int read_logs(struct points_reader *pr)
{
	bool any = false;

	for (size_t i = 0; i < pr->n_logs; i++) {
		struct points_reader_log *l = &pr->logs[i];
		int r = 0;

		if (l->ended)
			continue;
		if (!l->lr)
			r = open_log(pr, l);
		if (r == 0 && l->lr)
			r = read_on(pr, l);
		if (r < 0)
			return r;
		any |= r > 0;
		/* Those before the newest will not grow. */
		if (i + 1 < pr->n_logs || l->ended) {
			l->ended = true;
			close_log(l);
		}
	}
	return any;
}

static int look(struct points_reader *pr)
{
	int files = 0, logs = 0;

	if (pr->dirfd < 0) {
		int fd = io_opendir(pr->store_fd, POINTS_DIR, false);

		if (fd < 0)
			return fd == -ENOENT ? 0 : fd;
		pr->dirfd = fd;
	}
	for (unsigned i = 0; i < TRIES; i++) {
		int r = look_at_files(pr, i > 0);

		if (r < 0)
			return r;
		files |= r;
		logs = read_logs(pr);
		if (logs != -ESTALE)
			break;
	}
	points_hour_check(pr, logs < 0);
	return logs < 0 ? logs : files | logs;
}

/* --- hours --- */

static int list_hours(struct points_reader *pr)
{
	size_t n = pr->dir.n + point_buffer_n(pr->buffer), f = 0, h = 0;

	if (n > pr->cap_hours) {
		int32_t *v = realloc(pr->hours, n * sizeof *v);

		if (!v)
			return -ENOMEM;
		pr->hours = v;
		pr->cap_hours = n;
	}
	pr->n_hours = 0;
	while (f < pr->dir.n || h < point_buffer_n(pr->buffer)) {
		const struct point_head *head =
		    h < point_buffer_n(pr->buffer) ? point_buffer_head(pr->buffer, h) : NULL;
		int32_t hour;

		if (head && head->n_points == 0) {
			h++;
			continue;
		}
		if (!head || (f < pr->dir.n && pr->dir.files[f].hour <= head->hour))
			hour = pr->dir.files[f++].hour;
		else {
			hour = head->hour;
			h++;
		}
		if (pr->n_hours == 0 || pr->hours[pr->n_hours - 1] != hour)
			pr->hours[pr->n_hours++] = hour;
	}
	return 0;
}

int points_reader_refresh(struct points_reader *pr)
{
	int r = look(pr), h = list_hours(pr);

	return r < 0 ? r : h < 0 ? h : r;
}

void points_reader_hours(struct points_reader *pr, const int32_t **ret, size_t *ret_n)
{
	*ret = pr->hours;
	*ret_n = pr->n_hours;
}

/* Whether something may be missing of what logs say: they are damaged, or files were listed after they were read. */
static bool may_lack(const struct points_reader *pr)
{
	bool damaged = false;

	for (size_t i = 0; i < pr->n_logs; i++)
		damaged |= pr->logs[i].log.damaged;
	return damaged || pr->changed;
}

uint64_t points_reader_version(const struct points_reader *pr, int32_t hour, const struct points_parts *p)
{
	uint64_t version = p->newest, covered = point_dir_covered(&pr->dir, hour);
	bool of_logs = points_parts_dropped(pr, p);

	for (size_t i = point_buffer_find(pr->buffer, hour);
	     i < point_buffer_n(pr->buffer) && point_buffer_head(pr->buffer, i)->hour == hour; i++) {
		const struct point_head *h = point_buffer_head(pr->buffer, i);

		version = h->newest > version ? h->newest : version;
		of_logs |= h->last > covered;
	}
	for (size_t i = 0; i < pr->drops.n; i++)
		if (point_drop_is_of(pr->drops.v[i], hour, version))
			version = pr->drops.v[i]->number;
	/* What is missing may come to light in a file whose newest batch is the one that is seen now. */
	return of_logs && may_lack(pr) ? version | LACKING : version;
}

void points_reader_problems(
    struct points_reader *pr, void (*each)(const char *file, uint64_t off, const char *what, void *arg), void *arg)
{
	char file[FILE_NAME_SIZE + sizeof POINTS_DIR];

	for (size_t i = 0; i < pr->problems.n; i++) {
		snprintf(file, sizeof file, POINTS_DIR "/%s", pr->problems.v[i].file);
		each(file, pr->problems.v[i].off, pr->problems.v[i].what, arg);
	}
}
