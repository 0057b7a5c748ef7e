/* payload_load.c -- see payload_load.h
 *
 * SNAPSHOT. It is right for the segments that are the files that it knows, with all that it knows of them. A segment
 * that compaction has put in the place of another is read from its beginning; what the snapshot knows to be newer
 * stays. Where anything that it knows is gone, keys that had moved there cannot be told: it is given up as a whole.
 */
#include "store/payload_load.h"

#include "store/io.h"
#include "store/payload_take.h"

#include <inttypes.h>

/* --- files --- */

struct names {
	uint64_t *bases;
	size_t n, cap;
	uint64_t *damaged; /* bases of segments that are put aside */
	size_t n_damaged;
	const struct payload_load_how *how;
	struct buf unfinished; /* names, each with its zero */
};

static int add_base(uint64_t **v, size_t *n, uint64_t base)
{
	uint64_t *more = realloc(*v, (*n + 1) * sizeof **v);

	if (!more)
		return -ENOMEM;
	*v = more;
	more[(*n)++] = base;
	return 0;
}

static int note_name(const char *name, void *arg)
{
	struct names *l = arg;
	enum segment_file type;
	uint64_t base;

	if (!segment_name_parse(name, &base, &type))
		return 0;
	if (type == SEGMENT_LOG)
		return add_base(&l->bases, &l->n, base);
	if (type == SEGMENT_TORN)
		return 0;
	if (type == SEGMENT_DAMAGED)
		return add_base(&l->damaged, &l->n_damaged, base);
	buf_put(&l->unfinished, name, strlen(name) + 1);
	return l->unfinished.err;
}

static void names_done(struct names *l)
{
	free(l->bases);
	free(l->damaged);
	buf_done(&l->unfinished);
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void next_at_least(struct payload_loaded *l, uint64_t number)
{
	if (l->next_number < number)
		l->next_number = number;
}

/* More records than this a file does not hold. */
static int step_over_damaged(const struct payload_load_how *how, struct payload_loaded *l, uint64_t base)
{
	char name[SEGMENT_NAME_SIZE];
	struct io_stat st;
	int r;

	segment_name_put(name, base, SEGMENT_DAMAGED);
	r = io_stat(how->dirfd, name, &st);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	payload_take_damage(l, base, 0);
	next_at_least(l, base + st.len / sizeof(struct disk_payload) + PAYLOADS_UNSYNCED_MAX);
	return 0;
}

/* A file that cannot be used: its creation did not finish (then it has no records), or its header is damaged. */
static int leave_out(const struct payload_load_how *how, struct payload_loaded *l, uint64_t base, int why)
{
	char name[SEGMENT_NAME_SIZE], to[SEGMENT_NAME_SIZE];
	int r;

	next_at_least(l, base);
	segment_name_put(name, base, SEGMENT_LOG);
	if (why == -ENODATA) {
		r = how->writes ? io_unlink(how->dirfd, name) : 0;
		return r == -ENOENT ? 0 : r;
	}
	if (!how->writes) {
		payload_take_damage(l, base, 0);
		return 0;
	}
	payload_take_say(how, base, SEGMENT_LOG, "the header is damaged; the file is put aside");
	segment_name_put(to, base, SEGMENT_DAMAGED);
	r = io_rename(how->dirfd, name, to);
	if (r == 0)
		r = io_sync_dir(how->dirfd);
	return r < 0 ? r : step_over_damaged(how, l, base);
}

static int open_segments(const struct payload_load_how *how, struct payload_loaded *l, const struct names *names)
{
	int r = payload_view_new(NULL, (uint32_t)names->n, &l->view);

	if (r == 0)
		r = payload_index_new(how->epoch, &l->view->fresh);
	for (size_t i = 0; r == 0 && i < names->n_damaged; i++)
		r = step_over_damaged(how, l, names->damaged[i]);
	for (size_t i = 0; r == 0 && i < names->n; i++) {
		struct payload_view *v = l->view;

		r = payload_segment_open(how->dirfd, names->bases[i], how->map_len, &v->segments[v->n_segments]);
		if (r == 0)
			v->n_segments++;
		else if (r == -ENODATA || r == -EBADMSG)
			r = leave_out(how, l, names->bases[i], r);
	}
	return r == -ENOENT ? -ESTALE : r;
}

static int remove_unfinished(const struct payload_load_how *how, const struct names *names)
{
	const char *p = (const char *)names->unfinished.p, *end = p ? p + names->unfinished.len : p;
	int r = 0;

	for (; r >= 0 && p < end; p += strlen(p) + 1)
		r = io_unlink(how->dirfd, p);
	return r == -ENOENT ? 0 : r;
}

/* --- the snapshot --- */

static uint32_t slot_of(const struct payload_view *v, uint64_t base)
{
	for (uint32_t i = 0; i < v->n_segments; i++)
		if (v->segments[i]->base == base)
			return i;
	return SLOT_NONE;
}

/* Ties a snapshot to the segments. Ret: whether it can be used. */
static bool bind(const struct payload_view *v, struct payload_snapshot *s)
{
	const struct payload_snapshot_head *h = payload_snapshot_head(s);
	bool replaced = false;

	for (uint32_t i = 0; i < h->n_segments; i++) {
		const struct payload_covered *c = &h->segments[i];
		uint32_t slot = slot_of(v, c->base);

		/* A segment that was joined to one before it is in that one. */
		if (slot == SLOT_NONE) {
			if (!replaced)
				return false;
			continue;
		}
		replaced = v->segments[slot]->file_id != c->file_id;
		if (replaced)
			continue;
		if (c->covered > atomic_load(&v->segments[slot]->len) || c->covered < sizeof(struct disk_header))
			return false;
		payload_snapshot_bind(s, i, slot);
	}
	return true;
}

static int open_snapshot(const struct payload_load_how *how, struct payload_loaded *l)
{
	_cleanup_(cleanup_payload_snapshot) struct payload_snapshot *s = NULL;
	struct io_stat st;
	int r = io_stat(how->dirfd, PAYLOAD_SNAPSHOT_FILE, &st);

	if (r == 0)
		l->snapshot_ino = st.ino;
	if (r == 0 && !how->no_snapshot)
		r = payload_snapshot_open(how->dirfd, how->store_id, &s);
	if (r == -ENOENT || (r == 0 && !s))
		return 0;
	if ((r == 0 && !bind(l->view, s)) || r == -EBADMSG || r == -EPROTONOSUPPORT) {
		if (how->say)
			how->say(how->arg,
			    "payloads/" PAYLOAD_SNAPSHOT_FILE ": is damaged, or not of this log; the log is read");
		return 0;
	}
	if (r < 0)
		return r;
	l->n_keys = payload_snapshot_head(s)->n_live;
	l->newest_ms = payload_snapshot_head(s)->newest_ms;
	next_at_least(l, payload_snapshot_head(s)->newest_number + 1);
	l->view->snapshot = TAKE(s);
	return 0;
}

/* Where the segment is known up to; its beginning, if it is not. */
static uint64_t known_up_to(const struct payload_view *v, uint32_t slot)
{
	const struct payload_segment *s = v->segments[slot];
	const struct payload_snapshot_head *h;

	if (!v->snapshot)
		return sizeof(struct disk_header);
	h = payload_snapshot_head(v->snapshot);
	for (uint32_t i = 0; i < h->n_segments; i++)
		if (h->segments[i].base == s->base && h->segments[i].file_id == s->file_id)
			return h->segments[i].covered;
	return sizeof(struct disk_header);
}

/* --- the whole --- */

void payload_load_done(struct payload_loaded *l)
{
	log_close(TAKE(l->log));
	if (!l->view)
		return;
	for (uint32_t i = 0; i < l->view->n_segments; i++)
		payload_segment_free(l->view->segments[i]);
	payload_index_free(l->view->fresh);
	payload_index_free(l->view->frozen);
	payload_snapshot_free(l->view->snapshot);
	free(TAKE(l->view));
}

/* Where the newest segment is of another boot, records may have been seen that power took away: their numbers are not
 * given again, and another segment says from where on. */
static void go_on(const struct payload_load_how *how, struct payload_loaded *l, uint32_t boot)
{
	if (!l->log || boot == how->boot)
		return;
	log_close(TAKE(l->log));
	l->next_number += PAYLOADS_UNSYNCED_MAX;
}

static int load(const struct payload_load_how *how, struct payload_loaded *l, struct names *names)
{
	int r = open_segments(how, l, names);

	if (r == 0)
		r = open_snapshot(how, l);
	for (uint32_t i = 0; r == 0 && i < l->view->n_segments; i++)
		r = payload_take_segment(how, l, i, known_up_to(l->view, i));
	if (r == 0 && l->view->n_segments > 0)
		next_at_least(l, l->view->segments[l->view->n_segments - 1]->base);
	/* What the newest segment does not have any more was there. */
	if (r == 0)
		next_at_least(l, l->mark.number + 1);
	if (r == 0 && l->log)
		go_on(how, l, (uint32_t)log_id(l->log)->hour);
	return r;
}

static int attempt(const struct payload_load_how *how, struct payload_loaded *ret)
{
	_cleanup_(names_done) struct names names = {.how = how};
	struct payload_loaded l = {.next_number = 1, .newest_ms = INT64_MIN};
	struct io_stat st;
	int r = io_fstat(how->dirfd, &st);

	/* Before the log: what it speaks of is there, then. */
	if (r == 0)
		r = payload_mark_read(how->dirfd, &l.mark);
	if (r == 0)
		r = io_list(how->dirfd, note_name, &names);
	if (r < 0)
		return r;
	l.dir_mtime_ns = (uint64_t)st.mtime_ns;
	if (names.n > 0)
		qsort(names.bases, names.n, sizeof *names.bases, ascending);
	if (how->writes)
		r = remove_unfinished(how, &names);
	if (r == 0)
		r = load(how, &l, &names);
	if (r < 0) {
		payload_load_done(&l);
		return r;
	}
	*ret = l;
	return 0;
}

int payload_load(const struct payload_load_how *how, struct payload_loaded *ret)
{
	struct payload_load_how again = *how;
	int r = attempt(how, ret);

	/* The snapshot says more, or other things, than the log: it was damaged where it was not looked at, or the log.
	 */
	if (r == -ERANGE) {
		again.no_snapshot = true;
		r = attempt(&again, ret);
	}
	/* A writer was at work meanwhile. */
	for (int i = 0; r == -ESTALE && i < 10; i++)
		r = attempt(&again, ret);
	return r == -ESTALE ? -EIO : r;
}

int payload_load_more(const struct payload_load_how *how, struct payload_loaded *l)
{
	uint64_t next = l->next_number;
	int r;

	if (l->view->n_segments == 0)
		return 0;
	/* Before the log: what it speaks of is there, then. */
	r = payload_mark_read(how->dirfd, &l->mark);
	if (r == 0)
		r = payload_take_segment(how, l, l->view->n_segments - 1, l->scanned);
	return r < 0 ? r : l->next_number != next;
}
