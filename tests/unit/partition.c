/* partition.c -- tests of one partition: offsets, segments, recovery, retention */
#include "tests/topic_rig.h"

enum { LEN = 3000, MAX = 2000 };

static const struct topic_options small = {.sync = SYNC_FDATASYNC, .segment_size = 64 << 10, .index_interval = 5000};

static void begin(struct rig *g)
{
	static const char *dir;
	char path[4200];
	static unsigned n;

	if (!dir)
		dir = tap_tmpdir();
	snprintf(path, sizeof path, "%s/store%u", dir, n++);
	*g = (struct rig){.fd = io_opendir(AT_FDCWD, path, true), .boot = 1};
	ok(g->fd >= 0);
}

static struct partition *open_it(struct rig *g, const struct topic_options *o)
{
	struct partition *p = NULL;

	ok_r(rig_open(g));
	ok_r(rig_partition(g, "t", o, &p));
	return p;
}

/* Messages from..to-1, one a batch, each at the offset of its number. */
static void append(struct partition *p, uint64_t from, uint64_t to)
{
	char value[LEN + 1];
	const char *v = value;

	for (uint64_t i = from; i < to; i++) {
		uint64_t off = UINT64_MAX;

		rig_value(value, LEN, i);
		ok_r(rig_append(p, NULL, &v, 1, &off));
		eq(off, i);
	}
}

struct seen {
	uint64_t n, first, wrong;
};

static void see(const struct message *m, void *arg)
{
	struct seen *s = arg;

	if (s->n++ == 0)
		s->first = m->offset;
	s->wrong += rig_id(m) != m->offset || span_left(&m->value) != LEN;
}

static struct seen read_it(const struct rig *g, bool *ret_damaged)
{
	struct seen s = {0};
	bool damaged = rig_read(g, "t", see, &s);

	if (ret_damaged)
		*ret_damaged = damaged;
	return s;
}

static void end(struct rig *g)
{
	ok_r(topics_close(g->topics));
	close(g->fd);
}

static int segment_fd(const struct rig *g, uint64_t base, enum segment_file type)
{
	char name[SEGMENT_NAME_SIZE];
	int dir = rig_dir(g, "t"), fd;

	segment_name_put(name, base, type);
	fd = openat(dir, name, O_RDWR | O_CLOEXEC);
	close(dir);
	return fd;
}

static uint64_t segment_size(const struct rig *g, uint64_t base, enum segment_file type)
{
	int fd = segment_fd(g, base, type);
	off_t len = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);

	if (fd >= 0)
		close(fd);
	return (uint64_t)len;
}

static void flip(const struct rig *g, uint64_t base, enum segment_file type, uint64_t off)
{
	int fd = segment_fd(g, base, type);
	uint8_t c = 0;

	eq(pread(fd, &c, 1, (off_t)off), 1);
	c ^= 0x10;
	eq(pwrite(fd, &c, 1, (off_t)off), 1);
	close(fd);
}

static void segments_end_when_they_are_full_and_offsets_go_on(void)
{
	struct partition_state s;
	struct rig_bases bases;
	struct partition *p;
	struct rig g;

	begin(&g);
	p = open_it(&g, &small);
	append(p, 0, 100);
	partition_state(p, &s);
	ok(s.next_offset == 100 && s.first_offset == 0 && s.n_segments == 5 && s.max_ms == 1000);
	eq(rig_segments(&g, "t", &bases), 5);
	eq(read_it(&g, NULL).n, 100);
	for (unsigned i = 0; i < bases.n; i++)
		ok(segment_size(&g, bases.v[i], SEGMENT_LOG) <= small.segment_size);
	end(&g);
}

static void a_segment_that_is_too_old_gets_no_more_messages(void)
{
	static const struct topic_options aged = {.segment_age_ms = 100};
	static const char *const v[] = {"v"};
	struct partition_state s;
	struct message m = {.value = rig_str(v[0])};
	_cleanup_(batch_done) struct batch_builder b = {0};
	struct partition *p;
	uint64_t off;
	struct rig g;

	begin(&g);
	p = open_it(&g, &aged);
	ok_r(batch_add(&b, &m));
	ok_r(partition_append(p, &b, 1000, &off));
	ok_r(partition_append(p, &b, 1099, &off));
	partition_state(p, &s);
	eq(s.n_segments, 1);
	ok_r(partition_append(p, &b, 1100, &off));
	partition_state(p, &s);
	ok(s.n_segments == 2 && off == 2);
	/* The clock steps back: that makes nothing older. */
	ok_r(partition_append(p, &b, 10, &off));
	partition_state(p, &s);
	eq(s.n_segments, 2);
	end(&g);
}

static void offsets_go_on_after_a_restart_and_after_retention_took_all_but_the_newest(void)
{
	static const struct topic_options little = {.segment_size = 64 << 10, .retention_bytes = 1};
	struct partition_state s;
	struct partition *p;
	struct rig g;

	begin(&g);
	p = open_it(&g, &small);
	append(p, 0, 50);
	ok_r(topics_close(g.topics));
	p = open_it(&g, &little);
	append(p, 50, 60);
	eq(topics_tidy(g.topics, 1, 1000, NULL), 0);
	partition_state(p, &s);
	ok(s.n_segments == 1 && s.next_offset == 60 && s.first_offset > 0);
	ok_r(topics_close(g.topics));
	p = open_it(&g, &little);
	append(p, 60, 61);
	eq(read_it(&g, NULL).wrong, 0);
	end(&g);
}

static void retention_removes_whole_segments_oldest_first_by_bytes(void)
{
	static const struct topic_options kept = {.segment_size = 64 << 10, .retention_bytes = 150 << 10};
	struct topics_counts counts;
	struct partition_state s;
	struct partition *p;
	struct seen seen;
	struct rig g;

	begin(&g);
	p = open_it(&g, &kept);
	append(p, 0, 200);
	eq(topics_tidy(g.topics, 1, 1000, NULL), 0);
	partition_state(p, &s);
	ok(s.bytes <= kept.retention_bytes && s.bytes > kept.retention_bytes - (64 << 10) - LEN);
	seen = read_it(&g, NULL);
	ok(seen.wrong == 0 && seen.first == s.first_offset && seen.n == 200 - s.first_offset);
	topics_counts(g.topics, &counts);
	eq(counts.segments_removed + s.n_segments, counts.segments_created);
	end(&g);
}

/* rig_append's messages have the time 1000. */
static void retention_by_age_goes_by_the_newest_message_of_a_segment_also_after_a_restart(void)
{
	static const struct topic_options kept = {.segment_size = 64 << 10, .retention_ms = 500};
	struct partition_state s;
	struct partition *p;
	struct rig g;

	begin(&g);
	p = open_it(&g, &kept);
	append(p, 0, 100);
	eq(topics_tidy(g.topics, 1500, 1000, NULL), 0);
	partition_state(p, &s);
	eq(s.first_offset, 0);
	ok_r(topics_close(g.topics));
	p = open_it(&g, &kept);
	eq(topics_tidy(g.topics, 1501, 1000, NULL), 0);
	partition_state(p, &s);
	ok(s.n_segments == 1 && s.next_offset == 100);
	end(&g);
}

static void nothing_is_tidied_once_it_is_to_stop(void)
{
	static const struct topic_options little = {.segment_size = 64 << 10, .retention_bytes = 1};
	static const atomic_bool stop = true;
	struct partition_state s;
	struct partition *p;
	struct rig g;

	begin(&g);
	p = open_it(&g, &little);
	append(p, 0, 50);
	eq(topics_tidy(g.topics, 1, 1000, &stop), 0);
	partition_state(p, &s);
	eq(s.first_offset, 0);
	end(&g);
}

/* --- recovery --- */

/* The newest segment, with 10 messages, after a clean stop; its length. */
static uint64_t ten(struct rig *g)
{
	begin(g);
	append(open_it(g, &small), 0, 10);
	ok_r(topics_close(g->topics));
	return segment_size(g, 0, SEGMENT_LOG);
}

static void after_a_clean_stop_another_boot_skips_nothing(void)
{
	struct rig g;

	ten(&g);
	g.boot = 2;
	append(open_it(&g, &small), 10, 12);
	ok_r(topics_close(g.topics));
	g.boot = 3;
	append(open_it(&g, &small), 12, 13);
	eq(read_it(&g, NULL).n, 13);
	end(&g);
}

static void a_torn_end_is_cut_and_offsets_that_may_have_been_seen_are_not_given_again(void)
{
	uint64_t len = ten(&(struct rig){.fd = -1});

	for (unsigned same_boot = 0; same_boot < 2; same_boot++) {
		struct partition_state s;
		struct partition *p;
		uint64_t off = 0;
		const char *v = "v";
		struct rig g;
		int fd;

		/* Without its index nothing says that all was synced. */
		ten(&g);
		fd = segment_fd(&g, 0, SEGMENT_LOG);
		eq(ftruncate(fd, (off_t)len - 100), 0);
		close(fd);
		fd = rig_dir(&g, "t");
		ok_r(io_unlink(fd, "00000000000000000000.index"));
		close(fd);
		g.boot = same_boot ? 1 : 2;
		p = open_it(&g, &small);
		partition_state(p, &s);
		eq(s.next_offset, same_boot ? 9 : 9 + UNSYNCED_MAX);
		ok_r(rig_append(p, NULL, &v, 1, &off));
		eq(off, s.next_offset);
		end(&g);
	}
}

/* The index knows that there was more. That is more than a torn end: it stays, and its offsets are gone. */
static void a_segment_that_is_shorter_than_its_index_says_gives_no_offset_again(void)
{
	uint64_t len = ten(&(struct rig){.fd = -1});

	for (uint64_t cut = 100; cut < len - 64; cut += 1501) {
		struct partition_state s;
		struct partition *p;
		struct rig g;
		int fd;

		ten(&g);
		fd = segment_fd(&g, 0, SEGMENT_LOG);
		eq(ftruncate(fd, (off_t)(len - cut)), 0);
		close(fd);
		p = open_it(&g, &small);
		partition_state(p, &s);
		ok(s.next_offset >= 10);
		append(p, s.next_offset, s.next_offset + 2);
		eq(read_it(&g, NULL).wrong, 0);
		end(&g);
	}
}

static void no_flipped_byte_gives_wrong_messages_or_gives_an_offset_again(void)
{
	static const enum segment_file files[] = {SEGMENT_LOG, SEGMENT_INDEX, SEGMENT_TIMES};

	for (size_t f = 0; f < N_ELEMENTS(files); f++) {
		uint64_t len, step;
		struct rig g;

		ten(&g);
		len = segment_size(&g, 0, files[f]);
		step = files[f] == SEGMENT_LOG ? 61 : 1;
		for (uint64_t off = 0; off < len; off += step) {
			struct partition_state s;
			struct partition *p = NULL;
			bool damaged;

			ten(&g);
			flip(&g, 0, files[f], off);
			ok_r(rig_open(&g));
			/* A header that says it is of a newer version is not to be touched. */
			if (rig_partition(&g, "t", &small, &p) == 0) {
				partition_state(p, &s);
				ok(s.next_offset >= 10);
				if (files[f] != SEGMENT_LOG)
					eq(s.next_offset, 10);
				append(p, s.next_offset, s.next_offset + 1);
			}
			eq(read_it(&g, &damaged).wrong, 0);
			ok(files[f] != SEGMENT_LOG || damaged || off < 64);
			end(&g);
		}
	}
}

static void an_index_that_is_missing_or_of_another_segment_is_made_anew(void)
{
	struct topics_counts counts;
	struct rig g;
	char from[64], to[64];
	int fd;

	begin(&g);
	append(open_it(&g, &small), 0, 60); /* three segments */
	ok_r(topics_close(g.topics));
	fd = rig_dir(&g, "t");
	segment_name_put(from, 0, SEGMENT_INDEX);
	ok_r(io_unlink(fd, from));
	segment_name_put(from, 0, SEGMENT_TIMES);
	segment_name_put(to, 21, SEGMENT_TIMES);
	ok_r(io_rename(fd, from, to));
	close(fd);
	open_it(&g, &small);
	eq(topics_tidy(g.topics, 1, 1000, NULL), 0);
	topics_counts(g.topics, &counts);
	eq(counts.index_rebuilds, 2);
	ok(segment_size(&g, 0, SEGMENT_INDEX) != UINT64_MAX);
	eq(topics_tidy(g.topics, 1, 1000, NULL), 0);
	topics_counts(g.topics, &counts);
	eq(counts.index_rebuilds, 2);
	end(&g);
}

static void a_segment_whose_header_is_damaged_is_put_aside_and_its_offsets_are_not_given_again(void)
{
	struct partition_state s;
	struct partition *p;
	struct rig g;

	ten(&g);
	flip(&g, 0, SEGMENT_LOG, 30);
	p = open_it(&g, &small);
	partition_state(p, &s);
	ok(s.next_offset >= 10 && s.n_damaged == 1 && strstr(g.said, "damaged"));
	append(p, s.next_offset, s.next_offset + 1);
	ok_r(topics_close(g.topics));
	p = open_it(&g, &small);
	append(p, s.next_offset + 1, s.next_offset + 2);
	ok(segment_size(&g, 0, SEGMENT_DAMAGED) != UINT64_MAX);
	end(&g);
}

static void messages_with_headers_and_compressed_are_read_after_a_restart(void)
{
	static const uint8_t codecs[] = {BATCH_STORED, BATCH_ZSTD, BATCH_LZ4, BATCH_GZIP, BATCH_SNAPPY};
	_cleanup_(batch_done) struct batch_builder b = {0};
	_cleanup_(buf_done) struct buf headers = {0};
	char value[LEN + 1];
	struct rig g;

	message_put_header(&headers, "h", 1, "x", 1);
	begin(&g);
	for (unsigned i = 0; i < N_ELEMENTS(codecs); i++) {
		struct topic_options o = {.compression = codecs[i]};
		struct message m = {.value = span_of(value, LEN), .headers = span_of(headers.p, headers.len)};
		uint64_t off = 0;

		rig_value(value, LEN, i);
		batch_clear(&b);
		ok_r(batch_add(&b, &m));
		ok_r(partition_append(open_it(&g, &o), &b, 1, &off));
		eq(off, i);
		ok_r(topics_close(g.topics));
	}
	open_it(&g, &small);
	eq(read_it(&g, NULL).n, N_ELEMENTS(codecs));
	eq(read_it(&g, NULL).wrong, 0);
	end(&g);
}

int main(void)
{
	RUN(segments_end_when_they_are_full_and_offsets_go_on);
	RUN(a_segment_that_is_too_old_gets_no_more_messages);
	RUN(offsets_go_on_after_a_restart_and_after_retention_took_all_but_the_newest);
	RUN(retention_removes_whole_segments_oldest_first_by_bytes);
	RUN(retention_by_age_goes_by_the_newest_message_of_a_segment_also_after_a_restart);
	RUN(nothing_is_tidied_once_it_is_to_stop);
	RUN(after_a_clean_stop_another_boot_skips_nothing);
	RUN(a_torn_end_is_cut_and_offsets_that_may_have_been_seen_are_not_given_again);
	RUN(a_segment_that_is_shorter_than_its_index_says_gives_no_offset_again);
	RUN(no_flipped_byte_gives_wrong_messages_or_gives_an_offset_again);
	RUN(an_index_that_is_missing_or_of_another_segment_is_made_anew);
	RUN(a_segment_whose_header_is_damaged_is_put_aside_and_its_offsets_are_not_given_again);
	RUN(messages_with_headers_and_compressed_are_read_after_a_restart);
	return tap_done();
}
