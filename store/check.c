/* check.c -- checks of decoded snapshots against what a file says of them
 *
 * HEAT. An entry must be what heat_entry makes of the snapshot after the one before, or of the snapshot alone, which is
 * what a recorder writes that has just been started. Only where the one before may not be the one that the recorder saw
 * before, because it could not be written or was lost, the measures that are rates are left to be anything in their
 * range: at the beginning, behind a gap in the numbers, and where more time passed than usual.
 */
#include "store/check.h"

#include "store/text.h"

#include <stdarg.h>

/* What has been told of the group. */
struct told {
	bool decode, hour, listing, size, heat;
};

void check_problem(struct check *c, uint64_t off, const char *fmt, ...)
{
	char what[256];
	struct store_problem p = {.file = c->file, .off = off, .what = what};
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	c->count->n_problems++;
	c->calls->problem(&p, c->calls->arg);
}

/* --- heat --- */

static bool is_rate(unsigned measure)
{
	return measure != HEAT_MEM && measure != HEAT_CGROUP_MEM && measure != HEAT_ACTIVE && measure != HEAT_WAITING;
}

/* Of a log's messages: there may be any number of them. */
static bool is_count(unsigned measure)
{
	return measure >= HEAT_ERR_CRITICAL && measure <= HEAT_SLOW;
}

/* Whether b could be the entry of a snapshot that has entry a, but that its rates come from another one before. */
static bool same_but_rates(const struct disk_heat *a, const struct disk_heat *b)
{
	struct disk_heat mixed = *b;

	for (unsigned i = 0; i < HEAT_N; i++) {
		uint16_t v = get_le16(b->m[i]);

		if (!is_rate(i))
			continue;
		if (v > 1000 && v != HEAT_UNKNOWN && !is_count(i))
			return false;
		mixed.m[i] = a->m[i];
	}
	return memcmp(a, &mixed, sizeof mixed) == 0;
}

/* Whether the snapshot is certainly the next that the recorder took after the one before. */
static bool follows(const struct check *c, const struct snapshot *s, uint32_t seq, bool first_of_file)
{
	uint64_t step = s->boot_us - c->boot_us;

	return c->any && s->boot == c->boot && s->boot_us > c->boot_us && c->step_us > 0 &&
	       step <= c->step_us + c->step_us / 2 && (first_of_file || seq == c->seq + 1);
}

/* 1 if the entry is right. */
static int heat_is_right(
    struct check *c, const struct snapshot *s, uint32_t seq, bool first_of_file, const struct disk_heat *entry)
{
	_cleanup_(cleanup_heat_state) struct heat_state *fresh = NULL;
	struct disk_heat e, alone;
	int r = heat_entry(c->heat, s, &e);

	if (r < 0 || !entry)
		return r < 0 ? r : 1;
	e.seq = put_le32(seq);
	if (memcmp(&e, entry, sizeof e) == 0)
		return 1;
	if (!follows(c, s, seq, first_of_file))
		return same_but_rates(&e, entry);
	r = heat_state_new(&fresh);
	if (r == 0)
		r = heat_entry(fresh, s, &alone);
	if (r < 0)
		return r;
	alone.seq = put_le32(seq);
	return memcmp(&alone, entry, sizeof alone) == 0;
}

static int check_heat(struct check *c, const struct snapshot *s, uint32_t seq, uint64_t off, uint32_t i,
    const struct disk_heat *heat, bool *told)
{
	int r = heat_is_right(c, s, seq, i == 0, heat ? &heat[i] : NULL);

	if (r == 0 && !*told)
		check_problem(c, off, "the heat entry of snapshot %u is not what its tables give", seq);
	*told |= r == 0;
	return r < 0 ? r : 0;
}

/* --- listing and texts --- */

static void check_listing(struct check *c, const struct snapshot *s, uint32_t seq, uint64_t off, uint32_t i,
    const struct listing *l, bool *told)
{
	if (*told || (l->seq[i] == seq && l->time_ms[i] == s->time_ms))
		return;
	check_problem(c, off, "snapshot %u is not where the listing has it", seq);
	*told = true;
}

/* Rows and text of a table of snapshot s: against the listing, unless that is NULL. *n_listed counts down what it
 * names. */
static int check_text(struct check *c, struct group *g, uint32_t k, uint32_t s, uint64_t off, uint32_t i,
    const struct check_claims *claims, uint32_t *n_listed, struct told *told)
{
	const struct table_schema *schema = group_schema(g)->tables[k];
	const struct listing_table *lt = claims->sizes ? listing_table(claims->listing, schema->id) : NULL;
	uint32_t seq = (uint32_t)group_first_seq(g) + s;
	const struct table *t;
	struct span text;
	int r = group_text(g, k, s, &text);

	if (r == 0)
		r = group_table(g, k, s, &t);
	if (r == -ENOENT)
		return 0;
	if (r == -EBADMSG) {
		if (!told->decode)
			check_problem(c, off, "table %s of snapshot %u does not decode", schema->name, seq);
		told->decode = true;
		return r;
	}
	if (r < 0)
		return r;
	c->count->n_texts++;
	*n_listed -= lt && lt->len[i] > 0;
	if (!claims->sizes || told->size || (lt && lt->rows[i] == t->n_rows && lt->len[i] == span_left(&text)))
		return 0;
	check_problem(c, off, "table %s of snapshot %u has %u rows, %zu bytes of text; %u and %u are stored",
	    schema->name, seq, t->n_rows, span_left(&text), lt ? lt->rows[i] : 0, lt ? lt->len[i] : 0);
	told->size = true;
	return 0;
}

static uint32_t count_listed(const struct check_claims *claims, uint32_t i)
{
	uint32_t n = 0;

	for (uint32_t k = 0; claims->sizes && k < claims->listing->n_tables; k++)
		n += claims->listing->tables[k].len[i] > 0;
	return n;
}

static int check_texts(struct check *c, struct group *g, uint32_t s, uint64_t off, uint32_t i,
    const struct check_claims *claims, struct told *told)
{
	uint32_t n_listed = count_listed(claims, i);
	int r, bad = 0;

	for (uint32_t k = 0; k < group_schema(g)->n_tables; k++) {
		r = check_text(c, g, k, s, off, i, claims, &n_listed, told);
		if (r < 0 && r != -EBADMSG)
			return r;
		bad = r < 0 ? r : bad;
	}
	if (bad == 0 && n_listed > 0 && !told->size) {
		check_problem(c, off, "sizes are stored for tables that snapshot %u does not have",
		    (uint32_t)group_first_seq(g) + s);
		told->size = true;
	}
	return bad;
}

/* --- snapshots --- */

static int check_snapshot(struct check *c, struct group *g, uint32_t s, uint64_t off, uint32_t i,
    const struct check_claims *claims, struct table **tables, struct told *told)
{
	uint32_t seq = (uint32_t)group_first_seq(g) + s;
	struct snapshot snap;
	int r = check_texts(c, g, s, off, i, claims, told);

	if (r == 0)
		r = group_snapshot(g, s, tables, &snap);
	if (r < 0)
		return r;
	if (hour_of(snap.time_ms) != c->hour && !told->hour) {
		check_problem(c, off, "snapshot %u is of another hour than the file", seq);
		told->hour = true;
	}
	if (c->any && c->last_hour == c->hour && seq <= c->seq)
		check_problem(c, off, "snapshot %u comes behind number %u", seq, c->seq);
	if (claims->listing)
		check_listing(c, &snap, seq, off, i, claims->listing, &told->listing);
	r = check_heat(c, &snap, seq, off, i, claims->heat, &told->heat);
	c->step_us = c->any && snap.boot == c->boot && snap.boot_us > c->boot_us ? snap.boot_us - c->boot_us : 0;
	c->any = true;
	c->last_hour = c->hour;
	c->boot = snap.boot;
	c->boot_us = snap.boot_us;
	c->seq = seq;
	c->count->n_snapshots++;
	return r;
}

int check_group(struct check *c, struct group *g, uint64_t off, uint32_t first, const struct check_claims *claims)
{
	_cleanup_(cleanup_free) struct table **tables = malloc((group_schema(g)->n_tables + 1) * sizeof *tables);
	struct told told = {0};

	if (!tables)
		return -ENOMEM;
	for (uint32_t s = 0; s < group_n(g); s++) {
		int r = check_snapshot(c, g, s, off, first + s, claims, tables, &told);

		if (r < 0 && r != -EBADMSG)
			return r;
	}
	return 0;
}
