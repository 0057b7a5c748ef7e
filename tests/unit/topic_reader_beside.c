/* topic_reader_beside.c -- reading topics while they are written, and segments and topics come and go; and a large one */
#include "tests/unit/topics_read.h"

#include <pthread.h>
#include <sys/resource.h>

/* --- beside a writer --- */

static void what_is_appended_is_seen_after_a_refresh(void)
{
	struct rig g = rig_begin(tap_tmpdir());
	_cleanup_(cleanup_topic_store) struct topic_store *s = store_of(&g);
	struct topic_range range;
	uint64_t behind, len, at = 0;
	unsigned bad = 0;
	struct message m;

	topic_reader_range(reader_of(s), &range);
	eq(range.next_offset, 0);
	eq(topic_reader_next(reader_of(s), 0, &m, &behind), -ENODATA);
	for (int round = 0; round < 60; round++) {
		if (round % 20 == 0)
			rig_segment(&g, g.next);
		rig_fill(&g, g.next + 30, 1 + (uint32_t)round % 5);
		if (round % 7 == 0)
			rig_index(&g);
		eq(topic_store_refresh(s), 1);
		topic_reader_range(reader_of(s), &range);
		eq(range.next_offset, g.next);
		for (; at < g.next; at = behind)
			if (topic_reader_next(reader_of(s), at, &m, &behind) != 0 || !rig_is(&g, &m, at)) {
				bad++;
				break;
			}
		bad += topic_reader_get(reader_of(s), g.next - 1, &m) != 0 || !rig_is(&g, &m, g.next - 1);
		eq(topic_reader_next(reader_of(s), at, &m, &behind), -ENODATA);
		ok_r(topic_reader_text_len(reader_of(s), g.base, g.next, &len));
		eq(len, g.text);
	}
	eq(bad, 0);
	rig_end(&g);
}

static void half_a_batch_is_not_there(void)
{
	struct rig g = rig_begin(tap_tmpdir());
	_cleanup_(cleanup_topic_store) struct topic_store *s = NULL;
	_cleanup_(buf_done) struct buf tail = {0};
	uint64_t at, behind;
	struct message m;

	rig_segment(&g, 0);
	rig_fill(&g, 50, 5);
	at = rig_batch(&g, 50, 5, 1);
	ok_r(buf_reserve(&tail, g.len - at));
	ok(pread(g.fd, tail.p, g.len - at, (off_t)at) > 0);
	ok(ftruncate(g.fd, (off_t)at) == 0);
	s = store_of(&g);
	for (uint64_t i = 0; i < g.len - at; i++) {
		rig_write(g.fd, tail.p + i, 1, at + i);
		ok_r(topic_store_refresh(s));
		eq(topic_reader_next(reader_of(s), 50, &m, &behind), i + 1 < g.len - at ? -ENODATA : 0);
	}
	ok(rig_is(&g, &m, 50));
	eq(n_problems(s), 0);
	rig_end(&g);
}

static void segments_may_go_while_they_are_read(void)
{
	struct rig g = three_segments(0, true);
	_cleanup_(cleanup_topic_store) struct topic_store *s = store_of(&g);
	struct topic_range range;
	uint64_t behind;
	struct message m;
	char name[64];

	ok_r(topic_reader_get(reader_of(s), 5000, &m));
	rig_name(name, 100, ".log");
	ok(unlinkat(g.dir, name, 0) == 0);
	/* Not told of it, and not open yet. */
	eq(topic_reader_get(reader_of(s), 200, &m), -ENOENT);
	ok_r(topic_reader_next(reader_of(s), 0, &m, &behind));
	eq(m.offset, 2500);
	ok_r(topic_store_refresh(s));
	topic_reader_range(reader_of(s), &range);
	eq(range.first_offset, 2500);
	eq(range.n_segments, 2);
	/* And of one that is being read in a row. */
	rig_name(name, 2500, ".log");
	ok(unlinkat(g.dir, name, 0) == 0);
	ok_r(topic_reader_next(reader_of(s), 2501, &m, &behind));
	ok(rig_is(&g, &m, 2501));
	eq(topic_store_refresh(s), 1);
	ok_r(topic_reader_next(reader_of(s), 2502, &m, &behind));
	eq(m.offset, 4000);
	rig_end(&g);
}

static void a_segment_may_be_replaced_by_a_compacted_one(void)
{
	struct rig g = three_segments(0, true), h = g;
	_cleanup_(cleanup_topic_store) struct topic_store *s = store_of(&g);
	uint64_t behind, text, len = 0;
	struct message m;
	unsigned bad = 0;

	for (uint64_t offset = 100; offset < 1000; offset++)
		bad += topic_reader_get(reader_of(s), offset, &m) != 0;
	ok_r(topic_reader_next(reader_of(s), 100, &m, &behind));
	h.dir = dup(g.dir);
	h.fd = -1;
	h.index = h.times = (struct buf){0};
	ok(renameat(g.dir, "00000000000000000100.log", g.dir, "gone") == 0);
	rig_segment(&h, 100);
	for (uint64_t offset = 100; offset < 1000; offset += 100)
		(void)rig_batch(&h, offset, 10, 10);
	rig_index(&h);
	text = h.text;
	eq(topic_store_refresh(s), 1);
	for (uint64_t offset = 100; offset < 1000; offset++) {
		int x = topic_reader_get(reader_of(s), offset, &m);

		bad += offset % 10 == 0 ? x != 0 || !rig_is(&g, &m, offset) : x != -ENOENT;
	}
	ok_r(topic_reader_next(reader_of(s), 101, &m, &behind));
	eq(m.offset, 110);
	ok_r(topic_reader_text_len(reader_of(s), 100, 2000, &len));
	eq(len, text);
	eq(bad, 0);
	rig_end(&h);
	rig_end(&g);
}

enum { N_BESIDE = 20000 };

static void *write_beside(void *arg)
{
	struct rig *g = arg;

	while (g->next < N_BESIDE) {
		if (g->next % 5000 == 0 && g->next > 0)
			rig_segment(g, g->next);
		(void)rig_batch(g, g->next, g->next % 3 ? 2 : 4, 1);
	}
	return NULL;
}

static void a_reader_beside_a_writer_misses_nothing(void)
{
	struct rig g = rig_begin(tap_tmpdir());
	_cleanup_(cleanup_topic_store) struct topic_store *s = store_of(&g);
	struct rig mine = g;
	uint64_t at = 0, behind;
	pthread_t writer;
	struct message m;
	int r = 0;

	rig_segment(&g, 0);
	if (!ok(pthread_create(&writer, NULL, write_beside, &g) == 0))
		return;
	while (at < N_BESIDE && (r == 0 || r == -ENODATA)) {
		r = topic_reader_next(reader_of(s), at, &m, &behind);
		if (r == -ENODATA)
			ok_r(topic_store_refresh(s));
		else if (r == 0 && rig_is(&mine, &m, at))
			at = behind;
		else
			break;
	}
	eq(at, N_BESIDE);
	eq(r, 0);
	pthread_join(writer, NULL);
	eq(n_problems(s), 0);
	rig_end(&g);
}

/* --- the registry --- */

static void topics_that_come_are_seen_after_a_refresh(void)
{
	struct rig g = three_segments(0, true);
	_cleanup_(cleanup_topic_store) struct topic_store *s = store_of(&g);
	uint8_t frame[20 + 64];
	struct topic_info info;
	struct topic_reader *r;
	uint32_t partition;
	char path[300];
	int fd;

	eq(topic_store_count(s), 1);
	ok_r(topic_store_find(s, "orders", &info));
	eq(info.number, 1);
	eq(info.n_partitions, 3);
	ok_r(topic_store_partition(s, 3, &info, &partition));
	eq(partition, 2);
	eq(topic_store_partition(s, 4, &info, &partition), -ENOENT);
	eq(topic_store_reader(s, 4, &r), -ENOENT);
	ok_r(topic_store_reader(s, 2, &r)); /* no directory: empty */
	eq(topic_reader_get(r, 0, &(struct message){0}), -ENOENT);
	eq(topic_store_refresh(s), 0);

	memcpy(frame + 20, "\x04\x02logs", 6);
	rig_frame(frame, 19, 6, 77, 64 + 28);
	snprintf(path, sizeof path, "%s/topics/names", g.store);
	fd = open(path, O_RDWR);
	rig_write(fd, frame, 26, 64 + 28);
	close(fd);
	eq(topic_store_refresh(s), 1);
	eq(topic_store_refresh(s), 0);
	ok_r(topic_store_next(s, 2, &info));
	str_eq(info.name, "logs");
	eq(info.number, 4);
	eq(topic_store_next(s, 5, &info), -ENOENT);
	rig_end(&g);
}

static void a_store_without_topics_has_none(void)
{
	_cleanup_(cleanup_topic_store) struct topic_store *s = NULL;
	const char *dir = tap_tmpdir();
	struct topic_info info;
	struct rig g;

	ok_r(topic_store_open(dir, 0, &s));
	eq(topic_store_count(s), 0);
	eq(topic_store_next(s, 0, &info), -ENOENT);
	eq(topic_store_refresh(s), 0);
	g = rig_begin(dir);
	eq(topic_store_refresh(s), 1);
	eq(topic_store_count(s), 1);
	rig_end(&g);
}

/* --- size --- */

enum { MILLIONS = 10000000, PER_BATCH = 1000 };

/* Ten million messages that are nothing but a time, as small as they come. */
static void write_millions(struct rig *g)
{
	_cleanup_(buf_done) struct buf frame = {0};
	uint8_t *h;

	ok_r(buf_reserve(&frame, 84 + 5 * PER_BATCH));
	h = frame.p + 20;
	frame.len = 84 + 5 * PER_BATCH;
	for (uint64_t at = 0; at < MILLIONS; at += PER_BATCH) {
		uint32_t n = PER_BATCH, delta = PER_BATCH - 1, dir_len = 5 * PER_BATCH;
		int64_t first_ms = (int64_t)at, max_ms = (int64_t)at + delta;
		uint64_t check;

		if (at % 2500000 == 0) {
			if (at > 0)
				rig_index(g);
			rig_segment(g, at);
		}
		memset(h, 0, 64);
		memcpy(h + 8, &at, 8);
		memcpy(h + 16, &first_ms, 8);
		memcpy(h + 24, &max_ms, 8);
		memcpy(h + 32, &n, 4);
		memcpy(h + 36, &delta, 4);
		memcpy(h + 40, &dir_len, 4);
		for (uint32_t i = 0; i < PER_BATCH; i++)
			memcpy(h + 64 + 5 * i, i ? "\x01\x02\x00\x00\x00" : "\x00\x00\x00\x00\x00", 5);
		check = XXH3_64bits_withSeed(h + 8, 56 + dir_len, g->id - g->len);
		memcpy(h, &check, 8);
		rig_frame(frame.p, 16, (uint32_t)frame.len - 20, g->id, g->len);
		rig_write(g->fd, frame.p, frame.len, g->len);
		rig_note(g, at, max_ms);
		g->len += frame.len;
		g->next = at + PER_BATCH;
	}
	rig_index(g);
}

static long resident_kib(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss;
}

static long grown_kib(long before)
{
#if defined(__SANITIZE_ADDRESS__)
	return 0 * (resident_kib() - before);
#else
	return resident_kib() - before;
#endif
}

static void ten_million_messages_take_bounded_memory(void)
{
	struct rig g = rig_begin(tap_tmpdir());
	_cleanup_(cleanup_topic_store) struct topic_store *s = NULL;
	uint64_t at = 0, behind, n = 0, found;
	struct topic_reader *r;
	struct topic_stat st;
	struct message m;
	unsigned bad = 0;
	long before;

	write_millions(&g);
	before = resident_kib();
	s = store_of(&g);
	r = reader_of(s);
	while (topic_reader_next_stat(r, at, &st, &behind) == 0) {
		bad += st.offset != n || st.time_ms != (int64_t)n;
		n++;
		at = behind;
	}
	eq(n, MILLIONS);
	for (uint64_t i = 0; i < 10000; i++) {
		uint64_t offset = i * 2654435761 % MILLIONS;

		bad += topic_reader_get(r, offset, &m) != 0 || m.offset != offset;
		bad += topic_reader_at(r, (int64_t)offset, &found) != 0 || found != offset;
	}
	eq(bad, 0);
	/* A budget of 1 MiB, and what is in use beside it; a sanitizer makes much more of that. */
	ok(grown_kib(before) < 16 << 10);
	rig_end(&g);
}

int main(void)
{
	RUN(what_is_appended_is_seen_after_a_refresh);
	RUN(half_a_batch_is_not_there);
	RUN(segments_may_go_while_they_are_read);
	RUN(a_segment_may_be_replaced_by_a_compacted_one);
	RUN(a_reader_beside_a_writer_misses_nothing);
	RUN(topics_that_come_are_seen_after_a_refresh);
	RUN(a_store_without_topics_has_none);
	RUN(ten_million_messages_take_bounded_memory);
	return tap_done();
}
