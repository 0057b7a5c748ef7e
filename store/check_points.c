/* check_points.c -- see check_points.h */
#include "store/check_points.h"

#include "store/check_sealed.h"
#include "store/io.h"
#include "store/point_dir.h"
#include "store/point_drops.h"
#include "store/point_replay.h"
#include "store/segment_name.h"

struct points_check {
	struct check *check;
	uint64_t store_id;
	int dirfd;
	const struct point_dir *dir;

	uint64_t number; /* of the batch or drop before */

	/* Of the log that is read. */
	uint64_t n_keys;
	uint32_t *series; /* zeros, as many as keys: any key is known */
	size_t series_cap;
	struct point *points;
};

static void set_file(struct check *c, const char *name)
{
	snprintf(c->file, sizeof c->file, POINTS_DIR "/%s", name);
	c->count->n_files++;
}

static bool is_bad(struct check *c, int r, const char *damaged)
{
	if (r != -EBADMSG && r != -EPROTONOSUPPORT)
		return false;
	check_problem(c, 0, "%s", r == -EBADMSG ? damaged : "written by a newer version");
	return true;
}

/* --- logs --- */

static int reserve(struct points_check *p)
{
	size_t n = p->n_keys + 1;
	uint32_t *v;

	if (!p->points) {
		p->points = malloc(POINTS_BATCH_MAX * sizeof *p->points);
		if (!p->points)
			return -ENOMEM;
	}
	if (n <= p->series_cap)
		return 0;
	n += n / 2;
	v = realloc(p->series, n * sizeof *v);
	if (!v)
		return -ENOMEM;
	memset(v, 0, n * sizeof *v);
	p->series = v;
	p->series_cap = n;
	return 0;
}

static void check_number(struct points_check *p, uint64_t off, uint64_t number)
{
	if (number <= p->number)
		check_problem(p->check, off, "number %llu follows %llu", (unsigned long long)number,
		    (unsigned long long)p->number);
	p->number = number;
}

/* lost: bytes that are no frames before it, which may have had keys. */
static int check_batch(struct points_check *p, uint64_t off, struct span payload, uint64_t lost)
{
	struct check *c = p->check;
	struct point_log_batch b;
	int r;

	if (point_log_get(payload, &b) < 0) {
		check_problem(c, off, "a frame that is no batch");
		return 0;
	}
	check_number(p, off, b.number);
	if (b.first_key < p->n_keys || b.first_key - p->n_keys > lost) {
		check_problem(c, off, "keys are numbered from %llu, though there are %llu",
		    (unsigned long long)b.first_key, (unsigned long long)p->n_keys);
		return 0;
	}
	p->n_keys = b.first_key + b.n_keys;
	r = reserve(p);
	if (r < 0)
		return r;
	if (point_log_get_points(&b, p->series, p->n_keys, p->points) < 0)
		check_problem(c, off, "the points of batch %llu cannot be read", (unsigned long long)b.number);
	else
		c->count->n_points += point_replay_leave(p->dir, b.number, p->points, b.n);
	return 0;
}

static bool is_drop(struct span payload, struct point_log_drop *ret)
{
	char error[POINT_SELECT_ERROR_MAX];
	struct point_select *s;

	if (point_log_get_drop(payload, ret) < 0 ||
	    point_select_new((const char *)ret->selector.p, span_left(&ret->selector), error, &s) < 0)
		return false;
	point_select_free(s);
	return true;
}

static int check_frame(struct points_check *p, uint8_t type, uint64_t off, struct span payload, uint64_t lost)
{
	struct point_log_drop drop;

	if (type == FRAME_POINTS)
		return check_batch(p, off, payload, lost);
	if (type == FRAME_DROP && !is_drop(payload, &drop))
		check_problem(p->check, off, "a frame that is no drop");
	else if (type == FRAME_DROP)
		check_number(p, off, drop.number);
	return 0;
}

/* A writer may be at work: what is behind the last whole frame is not damage. */
static int check_log(struct points_check *p, uint64_t base)
{
	_cleanup_(cleanup_log_reader) struct log_reader *lr = NULL;
	struct check *c = p->check;
	char name[SEGMENT_NAME_SIZE];
	struct log_recovery found;
	struct span payload;
	uint64_t off;
	uint8_t type;
	int r;

	segment_name_put(name, base, SEGMENT_LOG);
	set_file(c, name);
	r = log_reader_open(p->dirfd, name, KIND_POINT_LOG, &lr);
	if (r == -ENOENT || r == -ENODATA || is_bad(c, r, "the log's header is damaged"))
		return 0;
	if (r < 0)
		return r;
	if ((p->store_id != 0 && log_reader_id(lr)->store_id != p->store_id) || log_reader_id(lr)->first_seq != base)
		check_problem(c, 0, "the file is another store's, or has another's name");
	p->n_keys = 0;
	while ((r = log_reader_next(lr, &type, &off, &payload)) == 0) {
		log_reader_damage(lr, &found);
		r = check_frame(p, type, off, payload, found.damaged_len);
		if (r < 0)
			return r;
	}
	check_sealed_log_damage(c, lr, &found);
	return r == -ENODATA || r == -EBADMSG ? 0 : r;
}

/* --- files --- */

static void on_damage(uint64_t off, const char *what, void *arg)
{
	check_problem(arg, off, "%s", what);
}

static int check_file(struct points_check *p, int32_t hour, uint64_t number)
{
	_cleanup_(cleanup_point_file) struct point_file *f = NULL;
	_cleanup_(cleanup_sealed) struct sealed *s = NULL;
	struct file_id id = {.kind = KIND_POINTS, .store_id = p->store_id, .hour = hour};
	struct check *c = p->check;
	char name[POINT_FILE_NAME_SIZE];
	int r;

	point_file_name(name, hour, number);
	set_file(c, name);
	r = point_file_open(p->dirfd, name, &f);
	if (r == -ENOENT || is_bad(c, r, "the header is damaged"))
		return 0;
	if (r < 0)
		return r;
	c->count->n_bytes += point_file_len(f);
	c->count->n_points += point_file_head(f)->n_points;
	if (sealed_open(p->dirfd, name, KIND_POINTS, &s) == 0)
		check_sealed_header(c, &id, sealed_id(s));
	if (point_file_head(f)->number != number)
		check_problem(c, 0, "the number is not the name's");
	r = point_file_verify(f, on_damage, c);
	return r < 0 ? r : 0;
}

static int check_drops(struct points_check *p)
{
	_cleanup_(cleanup_sealed) struct sealed *s = NULL;
	_cleanup_(buf_done) struct buf payload = {0};
	struct file_id id = {.kind = KIND_DROPS, .store_id = p->store_id};
	struct check *c = p->check;
	uint64_t off, number = 0;
	struct point_log_drop drop;
	uint32_t n_groups;
	size_t at = 0;
	int r;

	set_file(c, POINT_DROPS_FILE);
	r = check_sealed(c, p->dirfd, POINT_DROPS_FILE, &id, &s, &n_groups);
	if (r < 0 || !s)
		return r == -ENOENT ? 0 : r;
	while (sealed_next(s, FRAME_DROPS, &at, &off) == 0) {
		r = sealed_read(s, off, FRAME_DROPS, &payload);
		if (r == -EBADMSG)
			continue; /* told as a damaged frame */
		if (r < 0)
			return r;
		if (!is_drop(span_of(payload.p, payload.len), &drop))
			check_problem(c, off, "a frame that is no drop");
		else if (drop.number <= number)
			check_problem(c, off, "drops out of order");
		else
			number = drop.number;
	}
	return 0;
}

/* --- the whole --- */

static int check_all(struct points_check *p)
{
	const struct point_dir *d = p->dir;
	int r = 0;

	for (size_t i = 0; i < d->aside.n; i++) {
		set_file(p->check, d->aside.v[i].file);
		check_problem(p->check, 0, "%s", d->aside.v[i].what);
	}
	for (size_t i = 0; r == 0 && i < d->n; i++)
		r = check_file(p, d->files[i].hour, d->files[i].number);
	for (size_t i = 0; r == 0 && i < d->n_logs; i++)
		r = check_log(p, d->logs[i]);
	return r < 0 ? r : check_drops(p);
}

int check_points(struct check *c, int store_fd, uint64_t store_id)
{
	_cleanup_(cleanup_io_close) int dirfd = io_opendir(store_fd, POINTS_DIR, false);
	struct points_check p = {.check = c, .store_id = store_id, .dirfd = dirfd};
	struct point_dir d = {0};
	int r;

	if (dirfd < 0)
		return dirfd == -ENOENT ? 0 : dirfd;
	r = point_dir_list(dirfd, &d);
	p.dir = &d;
	if (r == 0)
		r = check_all(&p);
	point_dir_done(&d);
	free(p.series);
	free(p.points);
	return r;
}
