/* check_chunk.c -- checks of a sealed hour's file
 *
 * The file is looked at twice: frame by frame, where nothing is made up for, and through chunk.h, whose answers must
 * agree.
 */
#include "store/check_chunk.h"

#include "store/check_rosters.h"
#include "store/check_sealed.h"
#include "store/chunk.h"
#include "store/text.h"

/* --- sections --- */

/* Of the sections that are there twice, the second ones must be as the first. */
static int check_copies(struct check *c, const struct sealed *s, enum frame_type type, const char *what)
{
	_cleanup_(buf_done) struct buf a = {0}, b = {0};
	size_t first = 0, second = 0;
	uint64_t off, off_a;
	unsigned n = 0;

	while (sealed_next(s, type, &second, &off) == 0)
		n++;
	if (n == 0 || n % 2 != 0) {
		check_problem(c, 0, "%u copies of %s sections", n, what);
		return 0;
	}
	second = 0;
	for (unsigned i = 0; i < n / 2; i++)
		sealed_next(s, type, &second, &off);
	while (sealed_next(s, type, &second, &off) == 0 && sealed_next(s, type, &first, &off_a) == 0) {
		int r = sealed_read(s, off_a, type, &a);

		if (r == 0)
			r = sealed_read(s, off, type, &b);
		if (r == -EBADMSG)
			continue; /* told as a damaged frame */
		if (r < 0)
			return r;
		if (a.len != b.len || memcmp(a.p, b.p, a.len) != 0)
			check_problem(c, off, "the second copy of a %s differs from the first", what);
	}
	return 0;
}

/* A section with its raw length in front; -EBADMSG is told. */
static int unpack(
    struct check *c, const struct sealed *s, enum frame_type type, const char *what, uint64_t *ret_off, struct buf *ret)
{
	_cleanup_(buf_done) struct buf b = {0};
	int r = sealed_find(s, type, 0, ret_off);

	if (r == -ENOENT) {
		check_problem(c, 0, "there is no %s", what);
		return -EBADMSG;
	}
	r = sealed_read(s, *ret_off, type, &b);
	if (r < 0)
		return r; /* told as a damaged frame */
	r = pack_open_section(span_of(b.p, b.len), GROUP_RAW_MAX, ret);
	if (r == -EBADMSG)
		check_problem(c, *ret_off, "the %s does not decompress", what);
	return r;
}

static int check_dictionary(struct check *c, const struct sealed *s, const struct chunk_group *first)
{
	_cleanup_(buf_done) struct buf dict = {0}, frame = {0}, raw = {0};
	struct disk_group h;
	uint64_t off;
	int r = unpack(c, s, FRAME_DICT, "dictionary", &off, &dict);

	if (r == 0)
		r = sealed_read(s, first->off, FRAME_GROUP, &frame);
	if (r == 0 && frame.len < sizeof h)
		r = -EBADMSG;
	if (r < 0)
		return r;
	memcpy(&h, frame.p, sizeof h);
	r = group_check_header(&h, frame.len - sizeof h);
	if (r == 0)
		r = unpacker_unpack(c->unpacker, h.codec, span_of(frame.p + sizeof h, frame.len - sizeof h),
		    span_of(dict.p, dict.len), get_le32(h.raw_len), &raw);
	if (r < 0)
		return r;
	if (raw.len != dict.len || memcmp(raw.p, dict.p, raw.len) != 0)
		check_problem(c, off, "the dictionary is not the first group's body");
	return 0;
}

/* The stored listing. False: it is damaged, or of another TEXT_VERSION. */
static int read_listing(struct check *c, const struct sealed *s, uint32_t n, struct listing *ret)
{
	_cleanup_(buf_done) struct buf raw = {0};
	uint64_t off;
	int r = unpack(c, s, FRAME_LISTING, "listing", &off, &raw);

	if (r < 0)
		return r;
	r = listing_decode(span_of(raw.p, raw.len), ret);
	if (r == -EBADMSG)
		check_problem(c, off, "the listing does not decode");
	if (r == 0 && ret->n != n) {
		check_problem(c, off, "the listing has %u snapshots, the index %u", ret->n, n);
		listing_done(ret);
		r = -EBADMSG;
	}
	return r;
}

/* --- what the index and meta say --- */

static void check_totals(struct check *c, const struct chunk *chunk, const struct listing *l)
{
	const struct chunk_total *totals;
	uint32_t n;

	if (!chunk_totals(chunk, &totals, &n))
		return;
	if (n != l->n_tables)
		check_problem(c, 0, "the index has totals of %u tables, the listing has %u", n, l->n_tables);
	for (uint32_t i = 0; i < n; i++) {
		const struct listing_table *t = listing_table(l, totals[i].id);
		struct chunk_total sum = {.id = totals[i].id};

		for (uint32_t k = 0; t && k < l->n; k++) {
			sum.n += t->len[k] > 0;
			sum.rows += t->len[k] > 0 ? t->rows[k] : 0;
			sum.len += t->len[k];
		}
		if (sum.n != totals[i].n || sum.rows != totals[i].rows || sum.len != totals[i].len)
			check_problem(c, 0, "the index's totals of table %u are not the listing's", totals[i].id);
	}
}

static int check_meta(struct check *c, const struct sealed *s, const struct listing *l, uint64_t *ret_wal_id)
{
	_cleanup_(buf_done) struct buf b = {0};
	struct disk_meta m;
	uint64_t off;
	int r = sealed_find(s, FRAME_META, 0, &off);

	if (r < 0) {
		check_problem(c, 0, "there is no meta");
		return 0;
	}
	r = sealed_read(s, off, FRAME_META, &b);
	if (r < 0)
		return r == -EBADMSG ? 0 : r;
	if (b.len < sizeof m) {
		check_problem(c, off, "meta is too short");
		return 0;
	}
	memcpy(&m, b.p, sizeof m);
	*ret_wal_id = get_le64(m.wal_id);
	if (get_le64(m.n_lost) > 0)
		check_problem(c, off, "%llu snapshots were lost to damage before the hour was sealed",
		    (unsigned long long)get_le64(m.n_lost));
	if (l && l->n > 0 &&
	    (get_le64(m.n) != l->n || get_le64(m.first_seq) != l->seq[0] || get_le64(m.last_seq) != l->seq[l->n - 1] ||
	        (int64_t)get_le64(m.first_ms) != l->time_ms[0] || (int64_t)get_le64(m.last_ms) != l->time_ms[l->n - 1]))
		check_problem(c, off, "meta and listing disagree");
	return 0;
}

/* The group's own header and its entry in the index against its snapshots. */
static int check_header(struct check *c, const struct sealed *s, struct group *g, const struct chunk_group *cg)
{
	_cleanup_(buf_done) struct buf b = {0};
	int64_t first = 0, last = 0, min = INT64_MAX, max = INT64_MIN;
	struct disk_group h;
	uint64_t boot_us;
	int r = sealed_read(s, cg->off, FRAME_GROUP, &b);

	if (r == -EBADMSG || (r == 0 && b.len < sizeof h)) {
		check_problem(c, cg->off, "the group is read differently each time");
		return 0;
	}
	if (r < 0)
		return r;
	memcpy(&h, b.p, sizeof h);
	for (uint32_t i = 0; i < group_n(g); i++) {
		group_times(g, i, &last, &boot_us);
		first = i == 0 ? last : first;
		min = last < min ? last : min;
		max = last > max ? last : max;
	}
	if ((int64_t)get_le64(h.first_ms) != first || (int64_t)get_le64(h.last_ms) != last)
		check_problem(c, cg->off, "the group's header has other times than its snapshots");
	if (cg->first_ms != first || cg->min_ms != min || cg->max_ms != max || cg->len != b.len)
		check_problem(c, cg->off, "the index's entry is not as the group");
	if (h.flags & GROUP_BASED)
		check_problem(c, cg->off, "a group that is based on another one");
	return 0;
}

static int check_groups(
    struct check *c, const struct sealed *s, struct chunk *chunk, uint32_t n_frames, const struct check_claims *claims)
{
	const struct chunk_group *groups;
	uint32_t n;

	chunk_groups(chunk, &groups, &n);
	if (n != n_frames)
		check_problem(c, 0, "the index has %u groups, %u are whole", n, n_frames);
	for (uint32_t i = 0; i < n; i++) {
		_cleanup_(cleanup_group) struct group *g = NULL;
		int r = chunk_load(chunk, i, c->unpacker, &g);

		if (r == -EBADMSG) {
			check_problem(c, groups[i].off, "the group of snapshots %u to %u cannot be read",
			    groups[i].first_seq, groups[i].first_seq + groups[i].n - 1);
			continue;
		}
		if (r == 0)
			r = check_header(c, s, g, &groups[i]);
		if (r == 0)
			r = check_group(c, g, groups[i].off, groups[i].first, claims);
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- the whole --- */

static int check_sections(struct check *c, const struct sealed *s, struct chunk *chunk)
{
	const struct chunk_group *groups;
	uint32_t n;
	int r = check_copies(c, s, FRAME_SCHEMA, "schema");

	if (r == 0)
		r = check_copies(c, s, FRAME_DICT, "dictionary");
	chunk_groups(chunk, &groups, &n);
	if (r == 0)
		r = check_dictionary(c, s, &groups[0]);
	/* Damage has been told of. */
	return r == -EBADMSG ? 0 : r;
}

static int check_contents(struct check *c, const struct sealed *s, struct chunk *chunk, uint32_t n_frames,
    const struct disk_heat *heat, uint32_t n_heat, uint64_t *ret_wal_id)
{
	_cleanup_(listing_done) struct listing l = {0};
	struct check_claims claims = {.heat = heat};
	int r = read_listing(c, s, chunk_n(chunk), &l);

	if (r < 0 && r != -EBADMSG)
		return r;
	if (r == 0) {
		claims.listing = &l;
		claims.sizes = get_le32(chunk_meta(chunk)->text_version) == TEXT_VERSION;
		check_totals(c, chunk, &l);
	}
	if (heat && n_heat != chunk_n(chunk)) {
		check_problem(c, 0, "%u heat entries for %u snapshots", n_heat, chunk_n(chunk));
		claims.heat = NULL;
	}
	r = check_meta(c, s, claims.listing, ret_wal_id);
	if (r == 0)
		r = check_sections(c, s, chunk);
	if (r == 0)
		r = check_groups(c, s, chunk, n_frames, &claims);
	return r < 0 || !claims.sizes ? r : check_rosters(c, s, chunk);
}

int check_chunk(struct check *c, int dirfd, const char *name, const struct file_id *id, const struct disk_heat *heat,
    uint32_t n_heat, uint64_t *ret_wal_id)
{
	_cleanup_(cleanup_sealed) struct sealed *s = NULL;
	_cleanup_(cleanup_chunk) struct chunk *chunk = NULL;
	uint32_t n_frames;
	int r = check_sealed(c, dirfd, name, id, &s, &n_frames);

	*ret_wal_id = 0;
	if (r < 0 || !s)
		return r;
	r = chunk_open(dirfd, name, &chunk);
	if (r == -EBADMSG) {
		check_problem(c, 0, "the chunk cannot be opened: its index, schemas or groups are damaged");
		return 0;
	}
	return r < 0 ? r : check_contents(c, s, chunk, n_frames, heat, n_heat, ret_wal_id);
}
