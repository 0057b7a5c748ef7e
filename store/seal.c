/* seal.c -- from a finished log to a sealed hour
 *
 * Reads the log run by run, so that memory follows a run and a group, not the hour. Order of what becomes durable:
 * sidecar, chunk, and only then the log's removal; a crash in between leaves both, and the chunk names the log it
 * holds.
 */
#include "store/seal.h"

#include "store/io.h"
#include "store/names.h"
#include "store/sidecar.h"
#include "store/wal.h"

/* ret_n counts the snapshots that were added. */
static int add_run(struct wal *w, uint32_t run, struct unpacker *u, struct chunk_writer *cw, uint32_t *ret_n)
{
	_cleanup_(cleanup_group) struct group *g = NULL;
	_cleanup_(cleanup_free) struct table **tables = NULL;
	const struct listing *l = wal_listing(w);
	const struct wal_run *runs;
	struct snapshot snap;
	uint32_t n_runs;
	int r;

	*ret_n = 0;
	wal_runs(w, &runs, &n_runs);
	r = wal_load(w, run, runs[run].n, u, &g);
	if (r < 0)
		return r;
	tables = malloc((group_schema(g)->n_tables + 1) * sizeof *tables);
	if (!tables)
		return -ENOMEM;
	for (uint32_t s = 0; s < runs[run].n && r == 0; s++) {
		uint32_t i = runs[run].first + s;

		r = group_snapshot(g, s, tables, &snap);
		if (r == 0)
			r = chunk_writer_add(cw, l->seq[i], &snap, wal_sizes_known(w) ? l : NULL, i);
		*ret_n += r == 0;
	}
	return r;
}

static int write_heat(
    int dirfd, const struct wal *w, int32_t hour, uint32_t part, const struct disk_heat *heat, uint32_t n)
{
	struct file_id id = {.kind = KIND_HEAT, .store_id = wal_id(w)->store_id, .hour = hour, .part = part};
	char name[FILE_NAME_SIZE];

	id.first_seq = wal_listing(w)->seq[0];
	file_name(name, hour, part, ".heat");
	return sidecar_write(dirfd, name, &id, heat, n);
}

/* -EBADMSG: no snapshot can be read. n_lost comes as what the log's index could not list, and goes as what the chunk
 * does not hold. The sidecar has the snapshots that the chunk has. */
static int write_chunk(int dirfd, struct wal *w, int32_t hour, uint32_t part, const struct chunk_options *o,
    const atomic_bool *stop, uint64_t wal_len, uint32_t *n_lost)
{
	struct file_id id = {.kind = KIND_CHUNK, .store_id = wal_id(w)->store_id, .hour = hour, .part = part};
	_cleanup_(cleanup_free) struct disk_heat *heat = malloc(wal_listing(w)->n * sizeof *heat);
	_cleanup_(cleanup_chunk_writer) struct chunk_writer *cw = NULL;
	_cleanup_(cleanup_unpacker) struct unpacker *u = NULL;
	const struct wal_run *runs;
	char name[FILE_NAME_SIZE];
	uint32_t n_runs, n_heat = 0;
	int r = heat ? unpacker_new(&u) : -ENOMEM;

	id.first_seq = wal_listing(w)->seq[0];
	file_name(name, hour, part, ".chunk");
	if (r == 0)
		r = chunk_writer_new(dirfd, name, &id, o, &cw);
	wal_runs(w, &runs, &n_runs);
	/* What a table has at the end it had all along, as a rule; it was only not due at first. */
	if (r == 0 && n_runs > 0)
		r = chunk_writer_expect(cw, wal_schema(w, runs[n_runs - 1].schema));
	for (uint32_t i = 0; i < n_runs && r == 0; i++) {
		uint32_t n;

		if (stop && *stop)
			return -ECANCELED;
		r = add_run(w, i, u, cw, &n);
		memcpy(heat + n_heat, wal_heat(w) + runs[i].first, n * sizeof *heat);
		n_heat += n;
		if (r == -EBADMSG) {
			/* Frames that are whole and do not make sense; the rest of the hour is sealed without them. */
			*n_lost += runs[i].n - n;
			r = 0;
		}
	}
	if (r == 0 && n_heat == 0)
		return -EBADMSG;
	if (r == 0)
		r = write_heat(dirfd, w, hour, part, heat, n_heat);
	return r < 0 ? r : chunk_writer_finish(TAKE(cw), wal_id(w)->id, wal_len, *n_lost);
}

/* Where snapshots are far apart more time is taken for each: at 10 s level 19 makes 3 % less of them than 15, for two
 * thirds more CPU. */
static void choose(const struct listing *l, struct chunk_options *o)
{
	bool far = l->n > 1 && (l->time_ms[l->n - 1] - l->time_ms[0]) / (l->n - 1) >= 5000;

	if (o->level == 0 && far)
		o->level = 19;
}

int seal_log(
    int dirfd, int32_t hour, uint32_t part, const struct chunk_options *o, const atomic_bool *stop, uint32_t *ret_n)
{
	_cleanup_(cleanup_wal) struct wal *w = NULL;
	char name[FILE_NAME_SIZE], aside[FILE_NAME_SIZE];
	struct chunk_options options = *o;
	struct log_recovery damage;
	uint32_t n_lost;
	int r;

	file_name(name, hour, part, ".wal");
	file_name(aside, hour, part, ".wal.damaged");
	r = wal_open(dirfd, name, &w);
	if (r == 0)
		r = wal_update(w);
	if (r < 0)
		return r;
	*ret_n = wal_listing(w)->n;
	choose(wal_listing(w), &options);
	wal_damage(w, &damage, &n_lost);
	if (*ret_n > 0) {
		r = write_chunk(dirfd, w, hour, part, &options, stop, wal_len(w), &n_lost);
		if (r == -EBADMSG)
			*ret_n = 0; /* nothing in the log makes sense: it is kept aside */
		else if (r < 0)
			return r;
	}
	if (damage.n_damaged > 0 || n_lost > 0)
		r = io_rename(dirfd, name, aside);
	else
		r = io_unlink(dirfd, name);
	return r < 0 ? r : io_sync_dir(dirfd);
}
