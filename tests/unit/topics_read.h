/* topics_read.h -- what the tests of reading topics share: a partition of three segments */
#ifndef TESTS_UNIT_TOPICS_READ_H
#define TESTS_UNIT_TOPICS_READ_H

#include "store/topic_reader.h"
#include "tests/segment_rig.h"
#include "tests/tap.h"

static inline struct topic_reader *reader_of(struct topic_store *s)
{
	struct topic_reader *r = NULL;

	ok_r(topic_store_reader(s, 1, &r));
	if (!r)
		exit(1);
	return r;
}

static inline struct topic_store *store_of(const struct rig *g)
{
	struct topic_store *s = NULL;

	ok_r(topic_store_open(g->store, 1 << 20, &s));
	if (!s)
		exit(1);
	return s;
}

static inline void count_problem(const char *file, uint64_t off, const char *what, void *arg)
{
	(void)file, (void)off, (void)what;
	++*(unsigned *)arg;
}

static inline unsigned n_problems(const struct topic_store *s)
{
	unsigned n = 0;

	topic_store_problems(s, count_problem, &n);
	return n;
}

/* Three segments of batches of different sizes, with gaps as compaction leaves them, then none in between: which
 * offsets there are. */
enum { LAST = 6000 };

static inline bool exists(uint64_t offset)
{
	if (offset < 100)
		return false;
	if (offset < 1000)
		return true;
	if (offset < 2000)
		return offset % 10 == 0;
	if (offset < 2500)
		return false;
	return offset < LAST;
}

static inline struct rig three_segments(uint8_t codec, bool index)
{
	struct rig g = rig_begin(tap_tmpdir());

	g.codec = codec;
	rig_segment(&g, 100);
	rig_fill(&g, 1000, 7);
	for (uint64_t at = 1000; at < 2000; at += 50)
		(void)rig_batch(&g, at, 5, 10);
	if (index)
		rig_index(&g);
	rig_segment(&g, 2500);
	rig_fill(&g, 4000, 1);
	if (index)
		rig_index(&g);
	rig_segment(&g, 4000);
	rig_fill(&g, 5000, 500);
	if (index)
		rig_index(&g);
	rig_fill(&g, LAST, 33);
	return g;
}

#endif
