/* wal.c -- fuzzes the index over a log of snapshots and their decoding, with all checks made right; and one frame's
 * payload */
#include "store/wal.h"
#include "tests/fuzz/groups.h"

#include <fcntl.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_runs(struct wal *w)
{
	_cleanup_(cleanup_unpacker) struct unpacker *u = NULL;
	const struct listing *l = wal_listing(w);
	const struct wal_run *runs;
	uint32_t n, first = 0;

	must(unpacker_new(&u) == 0);
	wal_runs(w, &runs, &n);
	for (uint32_t i = 0; i < n; i++) {
		_cleanup_(cleanup_group) struct group *g = NULL;
		int r = wal_load(w, i, runs[i].n, u, &g);

		must(r == 0 || r == -EBADMSG);
		must(runs[i].n > 0 && runs[i].first == first);
		first += runs[i].n;
		for (uint32_t s = 0; r == 0 && s < runs[i].n; s++) {
			int64_t time_ms;
			uint64_t boot_us;

			group_times(g, s, &time_ms, &boot_us);
			must(time_ms == l->time_ms[runs[i].first + s]);
			must(group_first_seq(g) + s == l->seq[runs[i].first + s]);
		}
		if (r == 0)
			walk_group(g);
	}
	must(first == l->n);
}

static void try(const uint8_t *p, size_t len)
{
	_cleanup_(cleanup_wal) struct wal *w = NULL;
	struct log_recovery found;
	uint32_t n_lost;
	char name[32];
	int fd = memory_file(p, len, name), r = wal_open(AT_FDCWD, name, &w);

	must(r == 0 || r == -EBADMSG || r == -EPROTONOSUPPORT || r == -ENODATA);
	close(fd);
	if (r < 0)
		return;
	r = wal_update(w);
	must(r >= 0 && (uint32_t)r == wal_listing(w)->n);
	check_runs(w);
	must(wal_update(w) == 0);
	wal_damage(w, &found, &n_lost);
	must(wal_len(w) <= len);
}

static void try_frame(struct span payload)
{
	_cleanup_(listing_done) struct listing l = {0};
	struct wal_frame f;
	int r = wal_frame_parse(payload, &f);

	must(r == 0 || r == -EBADMSG);
	if (r < 0)
		return;
	must(f.body.p >= payload.p && f.body.end == payload.end);
	r = wal_frame_list(&f, &l);
	must(r == 0 || r == -EBADMSG || r == -EMSGSIZE);
	must(r < 0 || l.n == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_(cleanup_free) uint8_t *p = malloc(len + 1);

	must(p);
	memcpy(p, data, len);
	try_frame(span_of(p, len));
	try(p, len);
	repair(p, len);
	try(p, len);
	return 0;
}
