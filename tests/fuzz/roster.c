/* roster.c -- fuzzes the parsing of stored rows: what is taken for a roster finds all it holds, and lays out as what
 * parses to the same; the input is a number of snapshots and a roster's bytes, or a section */
#include "store/rosters.h"
#include "store/rowkey.h"
#include "tests/fuzz/frames.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(const struct roster *r, uint32_t n_snapshots)
{
	uint32_t first = 0, number;
	uint64_t sum;

	for (uint32_t i = 0; i < roster_n(r); i++) {
		struct roster_row row;

		roster_row(r, i, &row);
		must(rowkey_is_name(row.name, row.name_len));
		must(roster_find(r, row.name, row.name_len, &number) == 0 && number == i);
		must(row.first >= first && row.first <= row.last && row.last < n_snapshots);
		must(row.n >= 1 && row.n <= row.last - row.first + 1);
		first = row.first;
		for (uint32_t c = 0; c <= roster_n_columns(r); c++)
			must(roster_sum(r, i, c, &sum));
	}
}

/* Behind another hour's first part, all is as before but for the places. */
static void add(const struct roster *r, uint32_t n_snapshots)
{
	_cleanup_(cleanup_roster) struct roster *both = NULL;
	struct roster_row a, b;
	uint64_t one, two;

	must(roster_new(&both) == 0);
	must(roster_add(both, r, 0) == 0 && roster_add(both, r, n_snapshots) == 0);
	must(roster_n(both) == roster_n(r));
	for (uint32_t i = 0; i < roster_n(r); i++) {
		roster_row(r, i, &a);
		roster_row(both, i, &b);
		must(b.first == a.first && b.last == a.last + n_snapshots && b.n == 2 * a.n);
		for (uint32_t c = 0; c < roster_n_columns(r); c++)
			must(roster_sum(r, i, c, &one) && roster_sum(both, i, c, &two) && two == 2 * one);
	}
}

static void try_section(struct span in)
{
	struct span front = in;
	struct roster *r;
	uint64_t n;

	if (span_varint_max(&front, SEQ_MAX, &n) < 0 || n == 0)
		return;
	for (uint16_t id = 1; id < 32; id++) {
		int e = rosters_find(in, id, (uint32_t)n, &r);

		must(e == 0 || e == -EBADMSG || e == -ENOENT);
		if (e == 0) {
			check(r, (uint32_t)n);
			roster_free(r);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_(cleanup_roster) struct roster *r = NULL, *again = NULL;
	_cleanup_(buf_done) struct buf b = {0}, c = {0};
	struct span in = span_of(data, len);
	uint64_t n;
	int e;

	try_section(in);
	if (span_varint_max(&in, SEQ_MAX, &n) < 0 || n == 0)
		return 0;
	e = roster_decode(in, (uint32_t)n, &r);
	must(e == 0 || e == -EBADMSG);
	if (e < 0)
		return 0;
	check(r, (uint32_t)n);
	add(r, (uint32_t)n);
	roster_encode(r, (uint32_t)n, &b);
	must(roster_decode(span_of(b.p, b.len), (uint32_t)n, &again) == 0);
	roster_encode(again, (uint32_t)n, &c);
	must(b.len == c.len && memcmp(b.p, c.p, b.len) == 0);
	return 0;
}
