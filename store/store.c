/* store.c -- reading a store: which hours there are, and finding moments in them
 *
 * The list of hours is one directory listing, made when it is first asked for and again when the directory changed.
 * Hours are opened by name, so that looking at one moment costs the same in a store of a day and of ten years. A few
 * stay open.
 */
#include "store/store.h"

#include "store/contents.h"
#include "store/hourlist.h"
#include "store/identity.h"
#include "store/io.h"
#include "store/names.h"
#include "store/problems.h"
#include "store/series.h"
#include "store/topic_files.h"

#include <fcntl.h>
#include <stdio.h>
#include <time.h>

enum { HOURS_OPEN = 8, CACHE_BYTES = 64 << 20, SETTLED_NS = 1000000000 };

struct open_hour {
	struct hour *hour;
	uint64_t used;
};

struct store {
	int dirfd, snapdirfd;
	struct identity identity;
	bool listed;
	int64_t dir_mtime_ns; /* at the last listing; 0: was too fresh to tell a later change by */
	int32_t *hours;
	struct known_hour *known; /* beside hours */
	size_t n_hours;
	bool awaits_log; /* the log written last had nothing to be read when it was so long */
	uint64_t awaited_len;
	struct open_hour open[HOURS_OPEN];
	uint64_t clock;
	struct problems problems;
	struct contents *contents;
	struct series *series;
	struct topic_store *topics;
	int topics_error; /* why there are none */
	struct payloads *payloads;
	int payloads_error; /* likewise */
	bool points_asked;
	struct points_reader *points;
	int points_error; /* likewise */
};

static void note_problem(void *arg, const char *file, uint64_t off, const char *what)
{
	struct store *s = arg;

	problems_note(&s->problems, file, off, what);
}

int store_open(const char *dir, const struct store_options *o, struct store **ret)
{
	_cleanup_(cleanup_store) struct store *s = calloc(1, sizeof *s);
	size_t cache_bytes = o && o->cache_bytes ? o->cache_bytes : CACHE_BYTES;
	int r;

	if (!s)
		return -ENOMEM;
	s->dirfd = s->snapdirfd = -1;
	s->dirfd = io_opendir(AT_FDCWD, dir, false);
	if (s->dirfd < 0)
		return s->dirfd;
	r = identity_read(s->dirfd, &s->identity);
	if (r == -EBADMSG) {
		/* The history is in other files, which say whose they are. */
		note_problem(s, STORE_FILE, 0, "cannot be read");
		r = 0;
	}
	if (r < 0)
		return r;
	s->snapdirfd = io_opendir(s->dirfd, SNAPSHOT_DIR, false);
	if (s->snapdirfd < 0)
		return s->snapdirfd;
	r = contents_new(cache_bytes, &s->contents);
	if (r == 0)
		r = series_new(s->contents, &s->series);
	if (r < 0)
		return r;
	s->topics_error = topic_store_open(dir, cache_bytes / 4, &s->topics);
	s->payloads_error = payloads_open_read(s->dirfd, &s->payloads);
	*ret = TAKE(s);
	return 0;
}

static void close_hour(struct store *s, struct open_hour *oh)
{
	if (!oh->hour)
		return;
	contents_forget(s->contents, hour_number(oh->hour));
	series_forget(s->series, hour_number(oh->hour));
	hour_close(oh->hour);
	oh->hour = NULL;
}

void store_close(struct store *s)
{
	for (unsigned i = 0; i < HOURS_OPEN; i++)
		close_hour(s, &s->open[i]);
	if (s->series)
		series_free(s->series);
	if (s->contents)
		contents_free(s->contents);
	if (s->topics)
		topic_store_close(s->topics);
	if (s->payloads)
		payloads_close(s->payloads);
	if (s->points)
		points_reader_close(s->points);
	free(s->hours);
	free(s->known);
	problems_done(&s->problems);
	io_close(s->snapdirfd);
	io_close(s->dirfd);
	free(s);
}

void store_info(const struct store *s, struct store_info *ret)
{
	*ret =
	    (struct store_info){.id = s->identity.id, .created_ms = s->identity.created_ms, .host = s->identity.host};
}

/* --- the list of hours --- */

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int list_hours(struct store *s)
{
	_cleanup_(cleanup_free) struct known_hour *known = NULL;
	struct io_stat st;
	int32_t *hours;
	size_t n = 0;
	int r = io_fstat(s->snapdirfd, &st);

	if (r == 0)
		r = hourlist_read(s->snapdirfd, &known, &n);
	if (r < 0)
		return r;
	hours = malloc((n + 1) * sizeof *hours);
	if (!hours)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		hours[i] = known[i].hour;
	free(s->hours);
	free(s->known);
	s->hours = hours;
	s->known = TAKE(known);
	s->n_hours = n;
	s->listed = true;
	/* A change within the clock's grain of this listing would leave the same time. */
	s->dir_mtime_ns = now_ns() - st.mtime_ns > SETTLED_NS ? st.mtime_ns : 0;
	return 0;
}

static struct known_hour *find_known(const struct store *s, int32_t hour)
{
	return hourlist_find(s->known, s->n_hours, hour);
}

static int need_list(struct store *s)
{
	return s->listed ? 0 : list_hours(s);
}

/* The list of hours again, if there is one. Returns 1 if it is another. */
static int list_again(struct store *s)
{
	_cleanup_(cleanup_free) int32_t *before = NULL;
	size_t n = s->n_hours;
	int r;

	if (!s->listed)
		return 0;
	before = malloc((n + 1) * sizeof *before);
	if (!before)
		return -ENOMEM;
	memcpy(before, s->hours, n * sizeof *before);
	r = list_hours(s);
	return r < 0 ? r : n != s->n_hours || memcmp(before, s->hours, n * sizeof *before) != 0;
}

/* Whether a log that had nothing to be read is another by now: it is not open, and the directory is as it was. */
static bool awaited_has_come(const struct store *s)
{
	uint64_t len;

	return s->awaits_log &&
	       (hourlist_newest_log(s->snapdirfd, s->known, s->n_hours, &len) == SIZE_MAX || len != s->awaited_len);
}

int store_refresh(struct store *s)
{
	struct io_stat st;
	int r = io_fstat(s->snapdirfd, &st), different = 0;

	if (r < 0)
		return r;
	if (st.mtime_ns != s->dir_mtime_ns) {
		different = list_again(s);
		if (different < 0)
			return different;
		for (unsigned i = 0; i < HOURS_OPEN; i++)
			if (s->open[i].hour && hour_is_stale(s->open[i].hour, s->snapdirfd)) {
				close_hour(s, &s->open[i]);
				different = 1;
			}
	}
	for (unsigned i = 0; i < HOURS_OPEN; i++)
		if (s->open[i].hour && hour_live(s->open[i].hour)) {
			int u = hour_update(s->open[i].hour);

			if (u > 0)
				contents_grown(s->contents, hour_number(s->open[i].hour));
			different |= u > 0;
			r = u < 0 ? u : r;
		}
	return different || awaited_has_come(s) ? 1 : r;
}

void store_hours(struct store *s, const int32_t **ret, size_t *ret_n)
{
	/* On an error the list of before is as good as can be had. */
	(void)need_list(s);
	*ret = s->hours;
	*ret_n = s->n_hours;
}

int store_hour(struct store *s, int32_t number, struct hour **ret)
{
	struct hour_report report = {.problem = note_problem, .arg = s};
	const struct known_hour *known = find_known(s, number);
	struct open_hour *oldest = &s->open[0];
	struct hour *h;
	int r;

	for (unsigned i = 0; i < HOURS_OPEN; i++) {
		struct open_hour *oh = &s->open[i];

		if (oh->hour && hour_number(oh->hour) == number) {
			oh->used = ++s->clock;
			*ret = oh->hour;
			return 0;
		}
		if (oh->used < oldest->used)
			oldest = oh;
	}
	r = hour_open(s->snapdirfd, number, known ? known->max_part : 0, &report, &h);
	if (r < 0)
		return r;
	close_hour(s, oldest);
	*oldest = (struct open_hour){.hour = h, .used = ++s->clock};
	*ret = h;
	return 0;
}

/* --- moments --- */

/* The newest snapshot of an hour that is not after the time. -ENOENT: the hour has none. */
static int at_in_hour(struct store *s, int32_t number, int64_t time_ms, int32_t *ret_hour, uint32_t *ret_seq)
{
	struct hour *h;
	int64_t time;
	uint32_t i;
	int r = store_hour(s, number, &h);

	if (r == 0)
		r = hour_at(h, time_ms, &i);
	if (r < 0)
		return r;
	*ret_hour = hour_number(h);
	return hour_snapshot(h, i, ret_seq, &time);
}

int store_at(struct store *s, int64_t time_ms, int32_t *ret_hour, uint32_t *ret_seq)
{
	size_t k;
	int r = at_in_hour(s, hour_of(time_ms), time_ms, ret_hour, ret_seq);

	if (r != -ENOENT)
		return r;
	/* Nothing in that hour: the newest hour before it that has anything. */
	r = need_list(s);
	if (r < 0)
		return r;
	for (k = s->n_hours; k-- > 0;) {
		if (s->hours[k] >= hour_of(time_ms))
			continue;
		r = at_in_hour(s, s->hours[k], time_ms, ret_hour, ret_seq);
		if (r != -ENOENT)
			return r;
	}
	return -ENOENT;
}

int store_latest(struct store *s, int32_t *ret_hour, uint32_t *ret_seq)
{
	struct hour *h;
	int64_t time;
	size_t best;
	int r = need_list(s);

	if (r < 0)
		return r;
	best = hourlist_newest_log(s->snapdirfd, s->known, s->n_hours, &s->awaited_len);
	s->awaits_log = best != SIZE_MAX && store_hour(s, s->hours[best], &h) < 0;
	if (best != SIZE_MAX && !s->awaits_log) {
		*ret_hour = s->hours[best];
		return hour_snapshot(h, hour_n(h) - 1, ret_seq, &time);
	}
	for (size_t k = s->n_hours; k-- > 0;)
		if (store_hour(s, s->hours[k], &h) == 0) {
			*ret_hour = s->hours[k];
			return hour_snapshot(h, hour_n(h) - 1, ret_seq, &time);
		}
	return -ENOENT;
}

/* --- contents --- */

int store_table(struct store *s, struct hour *h, uint32_t i, uint16_t table, const struct table **ret)
{
	return contents_table(s->contents, h, i, table, ret);
}

/* The snapshot recorded before snapshot i, in this hour or the one before; h and i are replaced. */
static int step_back(struct store *s, struct hour **h, uint32_t *i)
{
	int32_t number = hour_number(*h);
	int r;

	if (*i > 0) {
		(*i)--;
		return 0;
	}
	r = need_list(s);
	if (r < 0)
		return r;
	for (size_t k = s->n_hours; k-- > 0;) {
		if (s->hours[k] >= number)
			continue;
		r = store_hour(s, s->hours[k], h);
		if (r == 0)
			*i = hour_n(*h) - 1;
		return r;
	}
	return -ENOENT;
}

/* The hour counts as asked for just now: those asked for next do not close it. */
static void keep_open(struct store *s, const struct hour *h)
{
	for (unsigned i = 0; i < HOURS_OPEN; i++)
		if (s->open[i].hour == h)
			s->open[i].used = ++s->clock;
}

int store_rate(struct store *s, struct hour *h, uint32_t i, uint16_t table, const struct table **ret)
{
	struct hour *const asked = h, *before = h;
	uint32_t k = i;
	bool fresh;
	int r, steps = 0;

	/* Rows that were not due are shown with the rates of when they were taken. */
	for (;; steps++) {
		r = contents_is_fresh(s->contents, before, k, table, &fresh);
		if (r < 0 || fresh || steps == GROUP_N_MAX)
			break;
		keep_open(s, asked);
		r = step_back(s, &before, &k);
		if (r < 0)
			break;
	}
	if (r < 0)
		return r;
	h = before;
	i = k;
	for (steps = 0; steps < GROUP_N_MAX; steps++) {
		keep_open(s, asked);
		keep_open(s, h);
		r = step_back(s, &before, &k);
		if (r == -ENOENT)
			break;
		if (r == 0)
			r = contents_is_fresh(s->contents, before, k, table, &fresh);
		if (r == 0 && fresh)
			return contents_rate(s->contents, before, k, h, i, table, ret);
		/* What is there and cannot be read is not nothing: the rates would be others once it can. */
		if (r < 0 && r != -ENOENT)
			return r;
	}
	return contents_rate(s->contents, NULL, 0, h, i, table, ret);
}

int store_text(struct store *s, struct hour *h, uint32_t i, uint16_t table, enum text_form form, struct span *ret)
{
	bool rates = form == FORM_RATE || form == FORM_RATE_JSON, json = form == FORM_JSON || form == FORM_RATE_JSON;
	const struct table *t;
	int r;

	if (form == FORM_TEXT)
		return contents_text(s->contents, h, i, table, ret);
	if (contents_rendered(s->contents, hour_number(h), i, table, form, ret))
		return 0;
	r = rates ? store_rate(s, h, i, table, &t) : store_table(s, h, i, table, &t);
	return r < 0 ? r : contents_render(s->contents, t, json, hour_number(h), i, table, form, ret);
}

int store_text_len(struct store *s, struct hour *h, uint32_t i, uint16_t table, enum text_form form, uint64_t *ret_len)
{
	struct span text;
	uint64_t rows;
	int r;

	if (form == FORM_TEXT) {
		r = hour_size(h, i, table, &rows, ret_len);
	} else {
		r = store_text(s, h, i, table, form, &text);
		*ret_len = r < 0 ? 0 : span_left(&text);
	}
	return r;
}

int store_hour_text_len(struct store *s, struct hour *h, uint16_t table, uint64_t *ret_len)
{
	return contents_hour_len(s->contents, h, table, ret_len);
}

int store_hour_text(struct store *s, struct hour *h, uint16_t table, uint64_t off, size_t len, struct buf *out)
{
	return contents_hour_text(s->contents, h, table, off, len, out);
}

int store_roster(struct store *s, struct hour *h, uint16_t table, const struct roster **ret)
{
	return series_roster(s->series, h, table, ret);
}

int store_series_len(
    struct store *s, struct hour *h, uint16_t table, uint32_t number, uint32_t column, uint64_t *ret_len)
{
	return series_len(s->series, h, table, number, column, ret_len);
}

int store_series_text(struct store *s, struct hour *h, uint16_t table, uint32_t number, uint32_t column, uint64_t off,
    size_t len, struct buf *out)
{
	return series_text(s->series, h, table, number, column, off, len, out);
}

int store_series_points(
    struct store *s, struct hour *h, uint16_t table, uint32_t number, uint32_t column, struct buf *out)
{
	return series_points(s->series, h, table, number, column, out);
}

int store_heat(struct store *s, struct hour *h, const struct disk_heat **ret, uint32_t *ret_n)
{
	struct hour *before = h;
	uint32_t i = 0;
	int r = hour_heat(h, s->snapdirfd, ret, ret_n);

	if (r != -ENOENT && r != -EBADMSG)
		return r;
	if (step_back(s, &before, &i) < 0)
		before = NULL;
	return contents_heat(s->contents, before, h, ret, ret_n);
}

/* The sum of entries, kept of an hour that is sealed: what its sidecars say is theirs may be damaged where this is not.
 */
static void sum_entries(struct known_hour *k, const struct buf *entries, size_t begin, struct heat_sum *ret)
{
	*ret = (struct heat_sum){0};
	sidecar_sum(ret, (const struct disk_heat *)(const void *)(entries->p + begin),
	    (uint32_t)((entries->len - begin) / sizeof(struct disk_heat)));
	k->sum = *ret;
	k->has_sum = !k->wal;
}

static int read_entries(struct store *s, struct known_hour *k, struct buf *out, struct heat_sum *ret_sum)
{
	const struct disk_heat *entries;
	size_t begin = out->len;
	struct hour *h;
	uint32_t n;
	int r = k->wal ? -ENODATA : sidecar_hour_read(s->snapdirfd, k->hour, k->max_part, k->n_chunks, out);

	if (r == -ENODATA) {
		out->len = begin;
		r = store_hour(s, k->hour, &h);
		if (r == 0)
			r = store_heat(s, h, &entries, &n);
		if (r == 0) {
			buf_put(out, entries, n * sizeof *entries);
			r = out->err;
		}
	}
	if (r == 0)
		sum_entries(k, out, begin, ret_sum);
	return r;
}

int store_heat_sum(struct store *s, int32_t hour, struct heat_sum *ret)
{
	_cleanup_(buf_done) struct buf entries = {0};
	struct known_hour *k;
	int r = need_list(s);

	if (r < 0)
		return r;
	k = find_known(s, hour);
	if (!k)
		return -ENOENT;
	if (!k->has_sum && !k->wal) {
		r = sidecar_hour_sum(s->snapdirfd, hour, k->max_part, k->n_chunks, &k->sum);
		if (r == -ENOMEM)
			return r;
		k->has_sum = r == 0;
	}
	if (!k->has_sum)
		return read_entries(s, k, &entries, ret);
	*ret = k->sum;
	return 0;
}

int store_heat_entries(struct store *s, int32_t hour, struct buf *out)
{
	struct known_hour *k;
	struct heat_sum sum;
	int r = need_list(s);

	if (r < 0)
		return r;
	k = find_known(s, hour);
	return k ? read_entries(s, k, out, &sum) : -ENOENT;
}

/* --- topics --- */

int store_topics(struct store *s, struct topic_store **ret)
{
	if (s->topics)
		*ret = s->topics;
	return s->topics_error;
}

int store_topic_files(struct store *s, int (*each)(const char *name, uint64_t len, void *arg), void *arg)
{
	return topic_files(s->dirfd, "topics", each, arg);
}

/* --- payloads --- */

int store_payloads(struct store *s, struct payloads **ret)
{
	if (s->payloads)
		*ret = s->payloads;
	return s->payloads_error;
}

/* --- points --- */

int store_points(struct store *s, struct points_reader **ret)
{
	if (!s->points_asked)
		s->points_error = points_reader_open(s->dirfd, &s->points);
	s->points_asked = true;
	if (s->points)
		*ret = s->points;
	return s->points_error;
}

int store_point_files(struct store *s, int (*each)(const char *name, uint64_t len, void *arg), void *arg)
{
	return topic_files(s->dirfd, "series", each, arg);
}

/* --- health --- */

struct teller {
	void (*each)(const struct store_problem *p, void *arg);
	void *arg;
};

static void tell(const char *file, uint64_t off, const char *what, void *arg)
{
	const struct teller *t = arg;
	struct store_problem p = {.file = file, .off = off, .what = what};

	t->each(&p, t->arg);
}

void store_problems(const struct store *s, void (*each)(const struct store_problem *p, void *arg), void *arg)
{
	for (size_t i = 0; i < s->problems.n; i++) {
		const struct problem *found = &s->problems.v[i];
		char name[FILE_NAME_SIZE + 16];
		struct store_problem p = {.file = name, .off = found->off, .what = found->what};

		snprintf(
		    name, sizeof name, "%s%s", strcmp(found->file, STORE_FILE) ? SNAPSHOT_DIR "/" : "", found->file);
		each(&p, arg);
	}
	if (s->topics)
		topic_store_problems(s->topics, tell, &(struct teller){each, arg});
	if (s->payloads)
		payloads_state_problems(s->payloads, tell, &(struct teller){each, arg});
	if (s->points)
		points_reader_problems(s->points, tell, &(struct teller){each, arg});
}

struct files {
	struct store *s;
	int (*each)(const struct store_file *f, void *arg);
	void *arg;
};

static int one_file(const char *name, void *arg)
{
	const struct files *f = arg;
	struct store_file file = {.name = name};
	enum file_type type;
	struct io_stat st;

	if (!file_name_parse(name, &type, &file.hour, &file.part) || io_stat(f->s->snapdirfd, name, &st) < 0)
		return 0;
	file.len = st.len;
	return f->each(&file, f->arg);
}

int store_files(struct store *s, int (*each)(const struct store_file *f, void *arg), void *arg)
{
	struct files f = {.s = s, .each = each, .arg = arg};

	return io_list(s->snapdirfd, one_file, &f);
}
