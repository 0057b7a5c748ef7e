/* listing.c -- fuzzes the parsing of listings: what is taken for one finds all it holds, and lays out as what parses to
 * the same */
#include "store/listing.h"
#include "tests/fuzz/frames.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(const struct listing *l)
{
	for (uint32_t i = 0; i < l->n; i++) {
		uint32_t at;

		must(i == 0 || l->seq[i] > l->seq[i - 1]);
		must(listing_find(l, l->seq[i], &at) == 0 && at == i);
		must(i == 0 || l->seq[i] == l->seq[i - 1] + 1 || listing_find(l, l->seq[i] - 1, &at) == -ENOENT);
	}
	for (uint32_t k = 0; k < l->n_tables; k++)
		must(listing_table(l, l->tables[k].id) == &l->tables[k]);
}

static void compare(const struct listing *a, const struct listing *b)
{
	must(a->n == b->n && a->n_tables == b->n_tables);
	must(a->n == 0 || memcmp(a->seq, b->seq, a->n * sizeof *a->seq) == 0);
	must(a->n == 0 || memcmp(a->time_ms, b->time_ms, a->n * sizeof *a->time_ms) == 0);
	for (uint32_t k = 0; k < a->n_tables; k++) {
		must(a->tables[k].id == b->tables[k].id);
		must(a->n == 0 || memcmp(a->tables[k].rows, b->tables[k].rows, a->n * 4) == 0);
		must(a->n == 0 || memcmp(a->tables[k].len, b->tables[k].len, a->n * 4) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_(listing_done) struct listing l = {0}, again = {0};
	_cleanup_(buf_done) struct buf b = {0};
	int r = listing_decode(span_of(data, len), &l);

	must(r == 0 || r == -EBADMSG);
	if (r < 0)
		return 0;
	check(&l);
	listing_encode(&l, &b);
	must(listing_decode(span_of(b.p, b.len), &again) == 0);
	compare(&l, &again);
	return 0;
}
