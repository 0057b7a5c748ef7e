/* groups.h -- for fuzzers of what holds groups: everything in one, read forwards and backwards */
#ifndef TESTS_FUZZ_GROUPS_H
#define TESTS_FUZZ_GROUPS_H

#include "store/group.h"
#include "store/text.h"
#include "tests/fuzz/frames.h"

/* The text of a table at a snapshot, checked against its own length; 0 if it cannot be had, which *ret_r tells. */
static inline uint64_t group_text_hash(struct group *g, uint32_t index, uint32_t s, int *ret_r)
{
	const struct table *t;
	struct span text;

	*ret_r = group_table(g, index, s, &t);
	must(*ret_r == 0 || *ret_r == -ENOENT || *ret_r == -EBADMSG);
	if (*ret_r < 0)
		return 0;
	must(text_table_len(t) < UINT32_MAX);
	must(group_text(g, index, s, &text) == 0);
	must(span_left(&text) == text_table_len(t));
	return XXH3_64bits(text.p, span_left(&text));
}

/* Whatever the order in which it is asked for, a text is the same. */
static inline void walk_group(struct group *g)
{
	uint32_t n = group_n(g), n_tables = group_schema(g)->n_tables;
	_cleanup_(cleanup_free) uint64_t *hashes = calloc(n, sizeof *hashes);
	int r, again;

	must(hashes);
	for (uint32_t i = 0; i < n_tables; i++) {
		bool bad = false;

		for (uint32_t s = 0; s < n; s++) {
			hashes[s] = group_text_hash(g, i, s, &r);
			must(s == 0 || (r == -EBADMSG) == bad);
			bad = r == -EBADMSG;
		}
		for (uint32_t s = n; s-- > 0;)
			must(group_text_hash(g, i, s, &again) == hashes[s]);
	}
	must(group_memory(g) > 0);
}

#endif
