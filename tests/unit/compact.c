/* compact.c -- tests of keeping the newest message of each key */
#include "store/compact.h"

#include "store/keymap.h"
#include "tests/topic_rig.h"

enum { LEN = 2000, KEYS = 10 };

static const struct topic_options compacted = {
    .segment_size = 64 << 10, .compact = true, .tombstone_ms = 1000, .compression = BATCH_ZSTD};
static const struct topic_options stored = {.segment_size = 64 << 10, .compact = true, .tombstone_ms = 1000};

static struct partition *begin(struct rig *g, const struct topic_options *o)
{
	static const char *dir;
	struct partition *p = NULL;
	char path[4200];
	static unsigned n;

	if (!dir)
		dir = tap_tmpdir();
	snprintf(path, sizeof path, "%s/store%u", dir, n++);
	*g = (struct rig){.fd = io_opendir(AT_FDCWD, path, true), .boot = 1};
	ok(g->fd >= 0);
	ok_r(rig_open(g));
	ok_r(rig_partition(g, "t", o, &p));
	return p;
}

static void end(struct rig *g)
{
	ok_r(topics_close(g->topics));
	close(g->fd);
}

static void put(struct partition *p, const char *key, const char *value)
{
	uint64_t off;

	ok_r(rig_append(p, key ? &key : NULL, &value, 1, &off));
}

/* Each key n times, values that say which message they are. */
static void fill(struct partition *p, unsigned n)
{
	char key[16], value[LEN + 1];
	struct partition_state s;

	for (unsigned i = 0; i < n * KEYS; i++) {
		partition_state(p, &s);
		rig_value(value, LEN, s.next_offset);
		snprintf(key, sizeof key, "k%u", i % KEYS);
		put(p, key, value);
	}
}

/* What there is of each key: the offsets in order, as text. */
struct seen {
	unsigned n, n_without_key, n_tombstones, wrong;
	uint64_t newest[KEYS];
	unsigned of_key[KEYS];
};

static void see(const struct message *m, void *arg)
{
	struct seen *s = arg;
	unsigned k = m->key.p && span_left(&m->key) == 2 ? (unsigned)(m->key.p[1] - '0') : KEYS;

	s->n++;
	s->n_without_key += !m->key.p;
	s->n_tombstones += !m->value.p;
	if (k < KEYS) {
		s->newest[k] = m->offset;
		s->of_key[k]++;
	}
	s->wrong += m->value.p && rig_id(m) != m->offset;
}

static struct seen look(const struct rig *g)
{
	struct seen s = {0};

	ok(!rig_read(g, "t", see, &s));
	return s;
}

static uint64_t newest_base(const struct rig *g)
{
	struct rig_bases b;
	unsigned n = rig_segments(g, "t", &b);

	return n > 0 ? b.v[n - 1] : 0;
}

static void of_each_key_the_newest_message_stays_at_its_offset(void)
{
	struct partition_state before, after;
	struct topics_counts counts;
	struct partition *p;
	struct seen s, was;
	struct rig g;

	p = begin(&g, &stored);
	fill(p, 40);
	partition_state(p, &before);
	was = look(&g);
	eq(topics_tidy(g.topics, 2000, 1000, NULL), 0);
	s = look(&g);
	ok(s.wrong == 0 && s.n < was.n);
	for (unsigned k = 0; k < KEYS; k++)
		eq(s.newest[k], was.newest[k]);
	/* One of each key in what was compacted, and what the newest segment has. */
	eq(s.n, KEYS + before.next_offset - newest_base(&g));
	partition_state(p, &after);
	ok(after.next_offset == before.next_offset && after.bytes < before.bytes);
	topics_counts(g.topics, &counts);
	ok(counts.segments_compacted > 0);
	end(&g);
}

static void messages_without_a_key_are_dropped(void)
{
	struct partition *p;
	struct rig g;

	p = begin(&g, &compacted);
	put(p, NULL, "1");
	fill(p, 20);
	ok_r(partition_sync(p));
	eq(look(&g).n_without_key, 1);
	ok_r(topics_close(g.topics));
	/* Compressed, it all fits into one segment, which is old after a week. */
	ok_r(rig_open(&g));
	ok_r(rig_partition(&g, "t", &compacted, &p));
	eq(topics_tidy(g.topics, (int64_t)8 * 24 * 3600 * 1000, 1000, NULL), 0);
	put(p, "k0", "201");
	eq(topics_tidy(g.topics, 6000, 1000, NULL), 0);
	ok(look(&g).n_without_key == 0 && look(&g).n == KEYS + 1);
	end(&g);
}

static void tombstones_stay_for_their_time_and_what_they_delete_does_not_come_back(void)
{
	struct partition *p;
	struct seen s;
	struct rig g;

	p = begin(&g, &stored);
	fill(p, 10);
	for (unsigned k = 0; k < KEYS; k++) {
		char key[] = {'k', (char)('0' + k), 0};

		put(p, key, NULL); /* at 1000 ms */
	}
	for (unsigned i = 0; i < 80; i++)
		put(p, "other", "0");
	{
		char big[60001];

		rig_value(big, 60000, 0);
		put(p, "big", big);
		put(p, "big", big);
		put(p, "big", big);
	}
	eq(topics_tidy(g.topics, 2000, 1000, NULL), 0);
	s = look(&g);
	eq(s.n_tombstones, KEYS);
	for (unsigned k = 0; k < KEYS; k++)
		eq(s.of_key[k], 1);
	end(&g);

	/* The same when they are old. */
	p = begin(&g, &stored);
	fill(p, 10);
	put(p, "k3", NULL);
	for (unsigned i = 0; i < 3; i++) {
		char big[60001];

		rig_value(big, 60000, 0);
		put(p, "big", big);
	}
	eq(topics_tidy(g.topics, 2001, 1000, NULL), 0);
	s = look(&g);
	ok(s.n_tombstones == 0 && s.of_key[3] == 0 && s.of_key[4] == 1);
	end(&g);
}

static void damage_stays_where_it_is_and_so_do_tombstones_behind_it(void)
{
	struct partition *p;
	struct seen s = {0};
	struct rig g;
	uint8_t c = 0;
	int dir, fd;

	p = begin(&g, &stored);
	put(p, "gone", "0");
	fill(p, 10); /* three segments */
	put(p, "gone", NULL);
	fill(p, 7);
	dir = rig_dir(&g, "t");
	fd = openat(dir, "00000000000000000000.log", O_RDWR | O_CLOEXEC);
	eq(pread(fd, &c, 1, 30000), 1);
	c ^= 1;
	eq(pwrite(fd, &c, 1, 30000), 1);
	eq(topics_tidy(g.topics, 1000000, 1000, NULL), 0);
	eq(lseek(fd, 0, SEEK_END) > 60000, true);
	close(fd);
	close(dir);
	ok(rig_read(&g, "t", see, &s));
	ok(s.n_tombstones == 1 && s.wrong == 0);
	end(&g);
}

static void not_told(void *arg, size_t i, uint64_t len, int64_t max_ms)
{
	(void)arg;
	(void)i;
	(void)len;
	(void)max_ms;
}

static void a_pass_goes_on_where_memory_ended_the_one_before(void)
{
	struct partition *p;
	struct rig_bases bases;
	struct rig g;
	uint64_t to = 0, last = 0, passes = 0;
	struct seen s;

	p = begin(&g, &stored);
	fill(p, 30);
	ok_r(partition_sync(p));
	rig_segments(&g, "t", &bases);
	do {
		unsigned n = rig_segments(&g, "t", &bases); /* some are gone */
		struct compact_job job = {
		    .dirfd = rig_dir(&g, "t"),
		    .owner = {STORE_ID, 1, 0},
		    .options = &stored,
		    .memory = 1, /* the first key, and no other */
		    .now_ms = 1,
		    .bases = bases.v,
		    .n = n - 1,
		    .end = bases.v[n - 1],
		    .from = last = to,
		};
		struct topic_options o = stored;

		o.index_interval = 4096;
		job.options = &o;
		ok_r(compact_run(&job, &(struct compact_calls){.changed = not_told}, &to));
		close(job.dirfd);
		passes++;
	} while (to > last && to < bases.v[bases.n - 1] && passes < 1000);
	eq(to, bases.v[bases.n - 1]);
	ok(passes > 10);
	s = look(&g);
	eq(s.wrong, 0);
	eq(s.n, KEYS + 300 - bases.v[bases.n - 1]);
	end(&g);
}

static void what_was_compacted_is_not_gone_through_again_until_as_much_has_come(void)
{
	struct topics_counts before, after;
	struct partition *p;
	struct rig g;

	p = begin(&g, &stored);
	fill(p, 40);
	eq(topics_tidy(g.topics, 2000, 1000, NULL), 0);
	topics_counts(g.topics, &before);
	for (unsigned i = 0; i < 3; i++)
		eq(topics_tidy(g.topics, 2000, 1000, NULL), 0);
	topics_counts(g.topics, &after);
	eq(after.segments_compacted, before.segments_compacted);
	fill(p, 40);
	eq(topics_tidy(g.topics, 2000, 1000, NULL), 0);
	topics_counts(g.topics, &after);
	ok(after.segments_compacted > before.segments_compacted);
	end(&g);
}

static void keys_are_told_apart_by_their_bytes_and_bounded_in_memory(void)
{
	_cleanup_(cleanup_keymap) struct keymap *k = NULL;
	uint64_t off = 0;
	unsigned n = 0;
	char key[32];

	ok_r(keymap_new(1 << 20, &k));
	ok_r(keymap_put(k, span_of("", 0), 7));
	for (int r = 0; r == 0; n++)
		r = keymap_put(k, span_of(key, (size_t)snprintf(key, sizeof key, "key-%u", n)), n);
	ok(n > 10000 && n < 100000);
	for (unsigned i = 0; i + 1 < n; i++)
		if (!keymap_get(k, span_of(key, (size_t)snprintf(key, sizeof key, "key-%u", i)), &off) || off != i)
			ok(false);
	ok(keymap_get(k, span_of("", 0), &off) && off == 7);
	ok(!keymap_get(k, span_of("key-", 4), &off));
	ok_r(keymap_put(k, span_of("key-1", 5), 99));
	ok(keymap_get(k, span_of("key-1", 5), &off) && off == 99);
}

int main(void)
{
	RUN(of_each_key_the_newest_message_stays_at_its_offset);
	RUN(messages_without_a_key_are_dropped);
	RUN(tombstones_stay_for_their_time_and_what_they_delete_does_not_come_back);
	RUN(damage_stays_where_it_is_and_so_do_tombstones_behind_it);
	RUN(a_pass_goes_on_where_memory_ended_the_one_before);
	RUN(what_was_compacted_is_not_gone_through_again_until_as_much_has_come);
	RUN(keys_are_told_apart_by_their_bytes_and_bounded_in_memory);
	return tap_done();
}
