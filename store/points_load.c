/* points_load.c -- what is on disk when the writer opens
 *
 * RECOVERY. Files that were not finished are removed, and those that were joined into another. Logs are gone through in
 * order: what no file has is taken into the buffer. The newest log's torn end is cut, and it is gone on with. A log
 * whose header is damaged is put aside.
 */
#include "store/io.h"
#include "store/points_inner.h"
#include "store/segment_name.h"

static int remove_unfinished(struct points *p)
{
	const char *s = (const char *)p->dir.unfinished.p, *end = s ? s + p->dir.unfinished.len : s;

	for (; s < end; s += strlen(s) + 1) {
		int r = io_unlink(p->dirfd, s);

		if (r < 0 && r != -ENOENT)
			return r;
	}
	return 0;
}

static void note_aside(struct points *p)
{
	for (size_t i = 0; i < p->dir.aside.n; i++)
		problems_note(&p->problems, p->dir.aside.v[i].file, 0, p->dir.aside.v[i].what);
}

/* --- files --- */

static int look_at_file(struct points *p, struct point_dir_file *f, bool several)
{
	_cleanup_(cleanup_point_file) struct point_file *file = NULL;
	char name[POINT_FILE_NAME_SIZE];
	struct io_stat st;
	int r;

	point_file_name(name, f->hour, f->number);
	r = io_stat(p->dirfd, name, &st);
	if (r < 0)
		return r;
	f->len = st.len;
	if (!several)
		return 0;
	r = point_file_open(p->dirfd, name, &file);
	if (r == -EBADMSG || r == -EPROTONOSUPPORT) {
		problems_note(&p->problems, name, 0, "a file of points that cannot be opened");
		f->since = f->number;
		return 0;
	}
	if (r < 0)
		return r;
	f->since = point_file_head(file)->since;
	return 0;
}

/* Whether a file behind it in the list, of its hour, was joined from it and others. */
static bool was_joined(const struct point_dir *d, size_t i)
{
	for (size_t k = i + 1; k < d->n && d->files[k].hour == d->files[i].hour; k++)
		if (d->files[k].since <= d->files[i].number)
			return true;
	return false;
}

static int look_at_files(struct points *p)
{
	struct point_dir *d = &p->dir;

	for (size_t i = 0; i < d->n; i++) {
		bool several = (i > 0 && d->files[i - 1].hour == d->files[i].hour) ||
		               (i + 1 < d->n && d->files[i + 1].hour == d->files[i].hour);
		int r = look_at_file(p, &d->files[i], several);

		if (r < 0)
			return r;
	}
	for (size_t i = d->n; i > 0; i--) {
		char name[POINT_FILE_NAME_SIZE];
		int r;

		if (!was_joined(d, i - 1))
			continue;
		point_file_name(name, d->files[i - 1].hour, d->files[i - 1].number);
		r = io_unlink(p->dirfd, name);
		if (r < 0 && r != -ENOENT)
			return r;
		point_dir_remove(d, i - 1);
	}
	return 0;
}

/* --- logs --- */

struct taking {
	struct points *p;
	struct point_replay rp;
	struct point_replayed log;
};

static int take_frame(uint8_t type, uint64_t off, struct span payload, void *arg)
{
	struct taking *t = arg;
	int r = point_replay_frame(&t->rp, &t->log, type, off, payload);

	return r < 0 ? r : 0;
}

static int read_log(struct taking *t, const char *name, uint64_t *ret_len)
{
	_cleanup_(cleanup_log_reader) struct log_reader *lr = NULL;
	struct log_recovery found;
	struct span payload;
	uint64_t off;
	uint8_t type;
	int r = log_reader_open(t->p->dirfd, name, KIND_POINT_LOG, &lr);

	if (r < 0)
		return r;
	while ((r = log_reader_next(lr, &type, &off, &payload)) == 0) {
		r = take_frame(type, off, payload, t);
		if (r < 0)
			return r;
	}
	log_reader_damage(lr, &found);
	point_replay_damage(&t->rp, &t->log, &found);
	*ret_len = found.len;
	return r == -ENODATA ? 0 : r;
}

/* The newest, which is gone on with. */
static int recover_log(struct taking *t, const char *name, uint64_t *ret_len)
{
	struct points *p = t->p;
	struct log_recovery found = {0};
	int r = log_open(p->dirfd, name, KIND_POINT_LOG, p->o.sync, take_frame, t, &found, &p->log);

	if (r < 0)
		return r;
	point_replay_damage(&t->rp, &t->log, &found);
	if (found.n_torn > 0)
		points_say(p, name, "a torn end was cut off");
	*ret_len = found.len;
	p->log_id++;
	p->n_keys = (uint32_t)t->log.n_keys;
	p->keys_len = t->log.keys_len;
	for (size_t i = 0; i < t->log.n_keys; i++) {
		struct point_series *s = t->log.keys[i] == POINT_LOG_UNKNOWN
		                             ? NULL
		                             : point_table_get(point_buffer_table(p->buffer), t->log.keys[i]);

		if (s) {
			s->log = p->log_id;
			s->log_key = (uint32_t)i;
		}
	}
	return 0;
}

/* A log of which nothing can be used: its creation did not finish, or its header is damaged. */
static int leave_out(struct points *p, uint64_t base, const char *name, int why)
{
	char to[SEGMENT_NAME_SIZE];
	int r;

	if (why == -ENODATA) {
		r = io_unlink(p->dirfd, name);
		return r == -ENOENT ? 0 : r;
	}
	points_say(p, name, "the header is damaged; the file is put aside");
	segment_name_put(to, base, SEGMENT_DAMAGED);
	r = io_rename(p->dirfd, name, to);
	return r < 0 ? r : io_sync_dir(p->dirfd);
}

/* Ret: 1: logs were put aside, and all is to be begun anew. */
static int take_logs(struct points *p, struct taking *t)
{
	bool aside = false;

	for (size_t i = 0; i < p->dir.n_logs; i++) {
		struct points_log log = {.base = p->dir.logs[i]};
		char name[SEGMENT_NAME_SIZE];
		int r;

		segment_name_put(name, log.base, SEGMENT_LOG);
		point_replayed_done(&t->log);
		t->log.base = log.base;
		r = i + 1 < p->dir.n_logs ? read_log(t, name, &log.len) : recover_log(t, name, &log.len);
		if (r == 0) {
			log.last = t->log.last;
			r = points_add_log(p, &log);
		} else if (r == -ENODATA || r == -EBADMSG) {
			aside |= r == -EBADMSG;
			r = leave_out(p, log.base, name, r);
		}
		if (r < 0)
			return r;
	}
	return aside;
}

int points_load(struct points *p)
{
	struct taking t = {.p = p};
	int r = point_dir_list(p->dirfd, &p->dir);

	if (r == 0)
		r = remove_unfinished(p);
	if (r == 0)
		r = look_at_files(p);
	if (r == 0)
		r = point_drops_read(p->dirfd, &p->drops);
	if (r == -EBADMSG)
		problems_note(&p->problems, POINT_DROPS_FILE, 0, "not all drops could be read");
	if (r < 0 && r != -ENOENT && r != -EBADMSG)
		return r;
	if (p->drops.n > 0)
		p->drops_written = p->drops.v[p->drops.n - 1]->number;
	t.rp = (struct point_replay){
	    .buffer = p->buffer,
	    .drops = &p->drops,
	    .dir = &p->dir,
	    .problems = &p->problems,
	    .since_ms = INT64_MIN,
	};
	r = take_logs(p, &t);
	p->number = p->dir.number > t.rp.number ? p->dir.number : t.rp.number;
	if (p->number < p->drops_written)
		p->number = p->drops_written;
	point_replay_done(&t.rp);
	point_replayed_done(&t.log);
	if (r > 0) {
		/* What was put aside has numbers, too. */
		struct point_dir d = {0};

		r = point_dir_list(p->dirfd, &d);
		if (r == 0 && d.number > p->number)
			p->number = d.number;
		problems_done(&p->dir.aside);
		p->dir.aside = d.aside;
		d.aside = (struct problems){0};
		point_dir_done(&d);
	}
	note_aside(p);
	p->synced_number = p->number;
	p->older_unsynced = p->n_logs > 1;
	return r < 0 ? r : 0;
}
