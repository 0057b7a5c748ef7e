/* verify.c -- reading and checking everything that a store holds
 *
 * Files are taken by hour and part, so that heat goes on from one to the next. A recorder may seal or remove them
 * meanwhile: a file that is gone when its turn comes is not a problem, and a log that has gone has become a chunk.
 */
#include "store/verify.h"

#include "store/check_chunk.h"
#include "store/check_payloads.h"
#include "store/check_points.h"
#include "store/check_sealed.h"
#include "store/check_topics.h"
#include "store/identity.h"
#include "store/io.h"
#include "store/names.h"
#include "store/sidecar.h"
#include "store/wal.h"

#include <fcntl.h>

struct file {
	int32_t hour;
	uint32_t part;
	enum file_type type;
};

struct files {
	struct file *v;
	size_t n, cap;
};

struct verify {
	struct check check;
	int dirfd; /* of snapshots/ */
	uint64_t store_id;
};

/* --- what there is --- */

static int add_file(const char *name, void *arg)
{
	struct files *l = arg;
	struct file f;

	if (!file_name_parse(name, &f.type, &f.hour, &f.part) || f.type == FILE_TMP)
		return 0;
	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 64;
		struct file *v = realloc(l->v, cap * sizeof *v);

		if (!v)
			return -ENOMEM;
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = f;
	return 0;
}

static int compare(const void *pa, const void *pb)
{
	const struct file *a = pa, *b = pb;

	if (a->hour != b->hour)
		return a->hour < b->hour ? -1 : 1;
	return (a->part > b->part) - (a->part < b->part);
}

/* Names what is checked from here on. Returns the name within snapshots/. */
static const char *set_file(struct check *c, const struct file *f, const char *suffix)
{
	char name[FILE_NAME_SIZE];

	file_name(name, f->hour, f->part, suffix);
	snprintf(c->file, sizeof c->file, SNAPSHOT_DIR "/%s", name);
	c->hour = f->hour;
	c->count->n_files++;
	return c->file + sizeof SNAPSHOT_DIR;
}

static struct file_id expected(const struct verify *v, const struct file *f, const char *kind)
{
	struct file_id id = {.store_id = v->store_id, .hour = f->hour, .part = f->part};

	memcpy(id.kind, kind, sizeof id.kind);
	return id;
}

/* --- one part of an hour --- */

/* A sidecar need not have a sum. */
static int check_sum(struct verify *v, const char *name, const struct disk_heat *entries, uint32_t n)
{
	struct heat_sum found, sum = {0};
	int r = sidecar_read_sum(v->dirfd, name, &found);

	if (r < 0)
		return r == -ENODATA ? 0 : r;
	sidecar_sum(&sum, entries, n);
	if (sum.n != found.n || sum.known != found.known || sum.text_len != found.text_len ||
	    sum.last_ms != found.last_ms)
		check_problem(&v->check, 0, "the sum is not that of the entries");
	return 0;
}

/* Heat entries of a sidecar; *ret stays NULL if there are none to compare with. */
static int read_heat(struct verify *v, const struct file *f, struct disk_heat **ret, uint32_t *ret_n)
{
	_cleanup_(cleanup_sealed) struct sealed *s = NULL;
	const char *name = set_file(&v->check, f, ".heat");
	struct file_id id = expected(v, f, KIND_HEAT);
	uint32_t n_groups;
	int r = check_sealed(&v->check, v->dirfd, name, &id, &s, &n_groups);

	if (r < 0 || !s)
		return r == -ENOENT ? 0 : r;
	r = sidecar_read(v->dirfd, name, ret, ret_n);
	if (r == 0)
		r = check_sum(v, name, *ret, *ret_n);
	return r == -EBADMSG || r == -ENOENT ? 0 : r; /* told as a damaged frame */
}

static int verify_chunk(struct verify *v, const struct file *f, uint64_t *ret_wal_id)
{
	_cleanup_(cleanup_free) struct disk_heat *heat = NULL;
	struct file_id id = expected(v, f, KIND_CHUNK);
	uint32_t n_heat = 0;
	int r = read_heat(v, f, &heat, &n_heat);

	if (r < 0)
		return r;
	return check_chunk(&v->check, v->dirfd, set_file(&v->check, f, ".chunk"), &id, heat, n_heat, ret_wal_id);
}

static void tell_damage(struct check *c, const struct wal *w)
{
	struct log_recovery found;
	uint32_t n_lost;

	wal_damage(w, &found, &n_lost);
	if (found.n_damaged > 0)
		check_problem(c, found.damaged_off, "%llu bytes in %llu places are no frames",
		    (unsigned long long)found.damaged_len, (unsigned long long)found.n_damaged);
	if (n_lost > 0)
		check_problem(
		    c, found.damaged_off, "%u snapshots cannot be read because of damage before them", n_lost);
}

static int verify_runs(struct check *c, struct wal *w)
{
	struct check_claims claims = {.listing = wal_listing(w), .heat = wal_heat(w), .sizes = wal_sizes_known(w)};
	const struct wal_run *runs;
	uint32_t n_runs;

	wal_runs(w, &runs, &n_runs);
	for (uint32_t i = 0; i < n_runs; i++) {
		_cleanup_(cleanup_group) struct group *g = NULL;
		uint64_t off = wal_offset(w, runs[i].first);
		int r = wal_load(w, i, runs[i].n, c->unpacker, &g);

		if (r == -EBADMSG) {
			check_problem(c, off, "the %u snapshots from here on do not decode", runs[i].n);
			continue;
		}
		if (r == 0)
			r = check_group(c, g, off, runs[i].first, &claims);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A log that a recorder may be writing: what is behind its last whole frame is not damage. */
static int verify_log(struct verify *v, const struct file *f)
{
	_cleanup_(cleanup_wal) struct wal *w = NULL;
	struct check *c = &v->check;
	struct file_id id = expected(v, f, KIND_WAL);
	int r = wal_open(v->dirfd, set_file(c, f, ".wal"), &w);

	if (r == 0)
		r = wal_update(w);
	if (r == -ENODATA)
		return 0; /* its creation is not finished: it holds nothing */
	if (r == -EBADMSG || r == -EPROTONOSUPPORT) {
		check_problem(c, 0, r == -EBADMSG ? "the log's header is damaged" : "written by a newer version");
		return 0;
	}
	if (r < 0)
		return r;
	c->count->n_bytes += wal_len(w);
	check_sealed_header(c, &id, wal_id(w));
	tell_damage(c, w);
	return verify_runs(c, w);
}

/* A log beside a chunk must be the one that the chunk was made of. */
static int verify_left_over(struct verify *v, const struct file *f, uint64_t made_of)
{
	_cleanup_(cleanup_log_reader) struct log_reader *lr = NULL;
	int r = log_reader_open(v->dirfd, set_file(&v->check, f, ".wal"), KIND_WAL, &lr);

	if (r == 0 && log_reader_id(lr)->id != made_of)
		check_problem(&v->check, 0, "the chunk beside this log was not made of it; it is not read");
	return r == -ENOMEM || r == -EIO ? r : 0;
}

/* The n files of one part of an hour. */
static int verify_part(struct verify *v, const struct file *f, size_t n)
{
	bool has[FILE_TMP + 1] = {false};
	uint64_t made_of = 0;
	int r = -ENOENT;

	for (size_t i = 0; i < n; i++)
		has[f[i].type] = true;
	if (has[FILE_WAL] && !has[FILE_CHUNK])
		r = verify_log(v, f);
	if (r == -ENOENT && (has[FILE_WAL] || has[FILE_CHUNK]))
		r = verify_chunk(v, f, &made_of);
	if (r == 0 && has[FILE_WAL] && has[FILE_CHUNK])
		r = verify_left_over(v, f, made_of);
	if (has[FILE_DAMAGED]) {
		set_file(&v->check, f, ".*.damaged");
		check_problem(&v->check, 0, "kept aside because of damage in it; nothing reads it");
	}
	return r == -ENOENT ? 0 : r;
}

/* --- the whole --- */

static int verify_files(struct verify *v, const struct files *l)
{
	const struct verify_calls *calls = v->check.calls;
	size_t n;

	for (size_t i = 0; i < l->n; i += n) {
		char name[FILE_NAME_SIZE];
		int r;

		for (n = 1; i + n < l->n && compare(&l->v[i], &l->v[i + n]) == 0;)
			n++;
		file_name(name, l->v[i].hour, l->v[i].part, "");
		if (calls->progress)
			calls->progress(name, i, l->n, calls->arg);
		r = verify_part(v, &l->v[i], n);
		if (r == -EIO)
			check_problem(&v->check, 0, "cannot be read: %s", strerror(-r));
		else if (r < 0)
			return r;
	}
	return 0;
}

static int verify_identity(struct verify *v, int dirfd)
{
	_cleanup_(cleanup_sealed) struct sealed *s = NULL;
	struct file_id id = {.kind = KIND_STORE};
	struct identity who;
	uint32_t n_groups;
	int r = identity_read(dirfd, &who);

	if (r < 0 && r != -EBADMSG)
		return r;
	snprintf(v->check.file, sizeof v->check.file, STORE_FILE);
	v->check.count->n_files++;
	if (r == 0)
		id.store_id = v->store_id = who.id;
	return check_sealed(&v->check, dirfd, STORE_FILE, &id, &s, &n_groups);
}

static int verify_snapshots(struct verify *v, int top)
{
	_cleanup_(cleanup_free) struct file *owned = NULL;
	struct files l = {0};
	int r;

	v->dirfd = io_opendir(top, SNAPSHOT_DIR, false);
	if (v->dirfd < 0)
		return v->dirfd == -ENOENT ? 0 : v->dirfd; /* none was recorded */
	r = io_list(v->dirfd, add_file, &l);
	owned = l.v;
	if (r == 0 && l.n > 0) {
		qsort(l.v, l.n, sizeof *l.v, compare);
		r = verify_files(v, &l);
	}
	io_close(v->dirfd);
	return r;
}

static int verify_all(struct verify *v, const char *dir)
{
	_cleanup_(cleanup_io_close) int top = io_opendir(AT_FDCWD, dir, false);
	int r;

	if (top < 0)
		return top;
	r = verify_identity(v, top);
	if (r == 0)
		r = verify_snapshots(v, top);
	if (r == 0)
		r = check_topics(&v->check, top, v->store_id);
	if (r == 0)
		r = check_payloads(&v->check, top, v->store_id);
	return r < 0 ? r : check_points(&v->check, top, v->store_id);
}

int verify_store(const char *dir, const struct verify_calls *calls, struct verify_count *ret)
{
	_cleanup_(cleanup_unpacker) struct unpacker *u = NULL;
	_cleanup_(cleanup_heat_state) struct heat_state *heat = NULL;
	struct verify v = {.check = {.calls = calls, .count = ret}};
	int r;

	*ret = (struct verify_count){0};
	r = unpacker_new(&u);
	if (r == 0)
		r = heat_state_new(&heat);
	if (r < 0)
		return r;
	v.check.unpacker = u;
	v.check.heat = heat;
	return verify_all(&v, dir);
}
