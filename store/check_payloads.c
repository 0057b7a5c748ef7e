/* check_payloads.c -- see check_payloads.h */
#include "store/check_payloads.h"

#include "store/check_sealed.h"
#include "store/io.h"
#include "store/json_check.h"
#include "store/payload_record.h"
#include "store/payload_snapshot.h"
#include "store/payloads_inner.h"
#include "store/segment_name.h"

struct bases {
	struct check *check;
	uint64_t *v;
	size_t n;
};

static void set_file(struct check *c, const char *name)
{
	snprintf(c->file, sizeof c->file, PAYLOADS_DIR "/%s", name);
	c->count->n_files++;
}

static int note_name(const char *name, void *arg)
{
	struct bases *b = arg;
	enum segment_file type;
	uint64_t base, *v;

	if (!segment_name_parse(name, &base, &type))
		return 0;
	if (type == SEGMENT_DAMAGED) {
		set_file(b->check, name);
		check_problem(b->check, 0, "kept aside because of damage in it; nothing reads it");
	}
	if (type != SEGMENT_LOG)
		return 0;
	v = realloc(b->v, (b->n + 1) * sizeof *v);
	if (!v)
		return -ENOMEM;
	b->v = v;
	v[b->n++] = base;
	return 0;
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void check_record(struct check *c, uint8_t type, uint64_t off, struct span payload, uint64_t *number)
{
	struct payload_record rec;
	const char *why;
	size_t at;

	if (payload_record_get(type, payload, &rec) < 0) {
		check_problem(c, off, "a frame that is no record");
		return;
	}
	if (rec.head.number <= *number)
		check_problem(c, off, "record %llu follows %llu", (unsigned long long)rec.head.number,
		    (unsigned long long)*number);
	*number = rec.head.number;
	if (!rec.head.raw && !rec.head.deletes &&
	    json_check((const char *)rec.value.p, span_left(&rec.value), &at, &why) < 0)
		check_problem(c, off, "the value is said to be JSON, but is not at byte %zu: %s", at, why);
}

/* A writer may be at work: what is behind the last whole frame of the newest one is not damage, unless it is known to
 * have been durable. */
static int check_segment(struct check *c, int dirfd, uint64_t base, uint64_t store_id, const struct payload_mark *mark,
    bool newest, uint64_t *number)
{
	_cleanup_(cleanup_log_reader) struct log_reader *lr = NULL;
	char name[SEGMENT_NAME_SIZE];
	struct log_recovery found;
	struct span payload;
	uint64_t off, valid, durable;
	uint8_t type;
	int r;

	segment_name_put(name, base, SEGMENT_LOG);
	set_file(c, name);
	r = log_reader_open(dirfd, name, KIND_PAYLOADS, &lr);
	if (r == -ENOENT || r == -ENODATA)
		return 0;
	if (r == -EBADMSG || r == -EPROTONOSUPPORT) {
		check_problem(c, 0, r == -EBADMSG ? "the log's header is damaged" : "written by a newer version");
		return 0;
	}
	if (r < 0)
		return r;
	if ((store_id != 0 && log_reader_id(lr)->store_id != store_id) || log_reader_id(lr)->first_seq != base)
		check_problem(c, 0, "the file is another store's, or has another's name");
	while ((r = log_reader_next(lr, &type, &off, &payload)) == 0)
		check_record(c, type, off, payload, number);
	check_sealed_log_damage(c, lr, &found);
	valid = found.len - found.n_torn;
	if (newest)
		durable = log_reader_id(lr)->id == mark->file_id ? mark->len : 0;
	else
		durable = found.len;
	if (r == -ENODATA && valid < durable)
		check_problem(c, valid, "nothing can be read from here on, of what was durable up to %llu",
		    (unsigned long long)durable);
	return r == -ENODATA ? 0 : r;
}

static int check_snapshot(struct check *c, int dirfd, uint64_t store_id)
{
	_cleanup_(cleanup_payload_snapshot) struct payload_snapshot *snapshot = NULL;
	_cleanup_(cleanup_sealed) struct sealed *s = NULL;
	struct file_id id = {.kind = KIND_KEYS, .store_id = store_id};
	uint64_t hash = 0;
	uint32_t n_groups;
	int r;

	set_file(c, PAYLOAD_SNAPSHOT_FILE);
	r = check_sealed(c, dirfd, PAYLOAD_SNAPSHOT_FILE, &id, &s, &n_groups);
	if (r < 0 || !s)
		return r == -ENOENT ? 0 : r;
	r = payload_snapshot_open(dirfd, store_id, &snapshot);
	while (r == 0 && (r = payload_snapshot_next(snapshot, hash, &hash)) == 0)
		if (hash++ == UINT64_MAX)
			break;
	if (r == -EBADMSG)
		check_problem(c, 0, "the head or a page is not one");
	return r == -ENODATA || r == -EBADMSG || r == -ENOENT ? 0 : r;
}

int check_payloads(struct check *c, int store_fd, uint64_t store_id)
{
	_cleanup_(cleanup_io_close) int dirfd = io_opendir(store_fd, PAYLOADS_DIR, false);
	_cleanup_(cleanup_free) uint64_t *owned = NULL;
	struct bases b = {.check = c};
	struct payload_mark mark;
	uint64_t number = 0;
	int r;

	if (dirfd < 0)
		return dirfd == -ENOENT ? 0 : dirfd;
	r = payload_mark_read(dirfd, &mark);
	if (r == 0)
		r = io_list(dirfd, note_name, &b);
	owned = b.v;
	if (b.n > 0)
		qsort(b.v, b.n, sizeof *b.v, ascending);
	for (size_t i = 0; r == 0 && i < b.n; i++)
		r = check_segment(c, dirfd, b.v[i], store_id, &mark, i + 1 == b.n, &number);
	return r < 0 ? r : check_snapshot(c, dirfd, store_id);
}
