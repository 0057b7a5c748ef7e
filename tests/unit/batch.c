/* batch.c -- tests of batches, and of what compresses them */
#include "store/batch.h"

#include "store/batch_codec.h"
#include "store/batch_encoder.h"
#include "store/cleanup.h"
#include "tests/tap.h"

static struct span str(const char *s)
{
	return s ? span_of(s, strlen(s)) : (struct span){0};
}

static bool same(struct span a, struct span b)
{
	return !a.p == !b.p && span_left(&a) == span_left(&b) &&
	       (span_left(&a) == 0 || memcmp(a.p, b.p, span_left(&a)) == 0);
}

static bool same_message(const struct message *a, const struct message *b)
{
	return a->offset == b->offset && a->time_ms == b->time_ms && same(a->key, b->key) && same(a->value, b->value) &&
	       span_left(&a->headers) == span_left(&b->headers) &&
	       (span_left(&a->headers) == 0 || memcmp(a->headers.p, b->headers.p, span_left(&a->headers)) == 0);
}

enum { N = 6 };

/* Messages of all kinds; times go back and jump. */
static void sample(struct message ret[N])
{
	static uint8_t header[] = {1, 'n', 2, 'v', 0, 0};
	const struct message m[N] = {
	    {.time_ms = 1000, .key = str("a"), .value = str("one")},
	    {.time_ms = 900, .key = str(NULL), .value = str("")},
	    {.time_ms = INT64_MAX, .key = str(""), .value = str(NULL)},
	    {.time_ms = INT64_MIN, .value = span_of("\0\n\\", 3), .headers = span_of(header, sizeof header)},
	    {.time_ms = 0, .key = str("key"), .headers = span_of(header, 4)},
	    {.time_ms = 1},
	};

	memcpy(ret, m, sizeof m);
	for (unsigned i = 0; i < N; i++)
		ret[i].offset = 100 + i * i;
}

static void gather(struct batch_builder *b)
{
	struct message m[N];

	sample(m);
	for (unsigned i = 0; i < N; i++)
		ok_r(batch_add(b, &m[i]));
}

static struct batch_cursor over(const struct batch_builder *b, uint64_t first)
{
	struct batch_cursor c;

	batch_cursor_init(
	    &c, b->n, first, b->first_ms, false, span_of(b->dir.p, b->dir.len), span_of(b->body.p, b->body.len));
	return c;
}

static void messages_come_back_as_they_were_added(void)
{
	_cleanup_(batch_done) struct batch_builder b = {0};
	struct message m[N], got;
	struct batch_cursor c;

	sample(m);
	gather(&b);
	c = over(&b, 100);
	for (unsigned i = 0; i < N; i++) {
		ok_r(batch_next(&c, &got));
		ok(same_message(&got, &m[i]));
	}
	eq(batch_next(&c, &got), -ENODATA);
	ok(b.max_ms == INT64_MAX && b.first_ms == 1000);
}

static void the_text_length_is_that_of_the_lines_wherever_the_offsets_begin(void)
{
	_cleanup_(batch_done) struct batch_builder b = {0};
	static const uint64_t firsts[] = {0, 5, 9, 90, 99, 999999, OFFSET_MAX - 100};

	gather(&b);
	for (size_t i = 0; i < N_ELEMENTS(firsts); i++) {
		struct batch_cursor c = over(&b, firsts[i]);
		uint64_t len = 0;
		struct message m;

		while (batch_next(&c, &m) == 0)
			len += message_text_len(&m);
		eq(batch_text_len(&b, firsts[i]), len);
	}
}

static void what_is_too_much_is_refused_and_nothing_is_added(void)
{
	_cleanup_(batch_done) struct batch_builder b = {0};
	_cleanup_(cleanup_free) uint8_t *big = calloc(1, BATCH_RAW_MAX);
	struct message m = {.value = span_of(big, BATCH_RAW_MAX)};

	if (!ok(big))
		return;
	eq(batch_add(&b, &m), -EMSGSIZE);
	m.value = span_of(big, BATCH_RAW_MAX - 1000);
	ok_r(batch_add(&b, &m));
	m = (struct message){.offset = 1, .value = span_of(big, 990)};
	eq(batch_add(&b, &m), -EMSGSIZE);
	m.value = span_of(big, 100);
	ok_r(batch_add(&b, &m));
	eq(b.n, 2);
	m.offset = 1;
	eq(batch_add(&b, &m), -EINVAL);
	m = (struct message){.offset = 2, .headers = span_of("\x05x", 2)};
	eq(batch_add(&b, &m), -EINVAL);
	eq(b.n, 2);
}

static void more_messages_than_a_batch_may_have_are_refused(void)
{
	_cleanup_(batch_done) struct batch_builder b = {0};
	struct message m = {.value = str("")};

	for (m.offset = 0; m.offset < BATCH_N_MAX; m.offset++)
		if (batch_add(&b, &m) < 0)
			break;
	eq(m.offset, BATCH_N_MAX);
	eq(batch_add(&b, &m), -EMSGSIZE);
}

/* What somebody else sends is what we would have written. */
static void a_batch_is_adopted_and_is_the_same_then(void)
{
	_cleanup_(batch_done) struct batch_builder b = {0}, a = {0};
	struct message m[N];

	sample(m);
	for (unsigned i = 0; i < N; i++) {
		m[i].offset = i;
		ok_r(batch_add(&b, &m[i]));
	}
	ok_r(batch_adopt(&a, b.n, b.first_ms, span_of(b.dir.p, b.dir.len), span_of(b.body.p, b.body.len)));
	ok(a.n == b.n && a.text_len == b.text_len && a.max_ms == b.max_ms && a.last_offset == b.last_offset);
	ok(a.dir.len == b.dir.len && memcmp(a.dir.p, b.dir.p, a.dir.len) == 0);
	ok(a.body.len == b.body.len && memcmp(a.body.p, b.body.p, a.body.len) == 0);
}

static void a_batch_that_lies_about_lengths_is_not_adopted(void)
{
	_cleanup_(batch_done) struct batch_builder b = {0}, a = {0};
	struct span dir, body;
	struct message m[N];

	sample(m);
	for (unsigned i = 0; i < N; i++) {
		m[i].offset = i;
		ok_r(batch_add(&b, &m[i]));
	}
	dir = span_of(b.dir.p, b.dir.len);
	body = span_of(b.body.p, b.body.len);
	eq(batch_adopt(&a, b.n + 1, b.first_ms, dir, body), -EBADMSG);
	eq(batch_adopt(&a, b.n - 1, b.first_ms, dir, body), -EBADMSG);
	eq(batch_adopt(&a, 0, b.first_ms, dir, body), -EBADMSG);
	eq(batch_adopt(&a, b.n, b.first_ms, dir, span_of(body.p, span_left(&body) - 1)), -EBADMSG);
	eq(batch_adopt(&a, UINT32_MAX, b.first_ms, dir, body), -EMSGSIZE);
	for (size_t len = 0; len < span_left(&dir); len++)
		eq(batch_adopt(&a, b.n, b.first_ms, span_of(dir.p, len), body), -EBADMSG);
	eq(a.n, 0);
	/* Offsets of a batch that is to be appended have no gaps. */
	gather(&a);
	batch_clear(&b);
	eq(batch_adopt(&b, a.n, a.first_ms, span_of(a.dir.p, a.dir.len), span_of(a.body.p, a.body.len)), -EBADMSG);
}

static void every_codec_gives_back_what_it_was_given(void)
{
	_cleanup_(buf_done) struct buf packed = {0}, back = {0};
	static const uint8_t codecs[] = {BATCH_STORED, BATCH_ZSTD, BATCH_LZ4, BATCH_GZIP, BATCH_SNAPPY};
	char raw[100000];
	uint8_t codec;

	for (size_t i = 0; i < sizeof raw; i++)
		raw[i] = "some text that repeats, "[i % 24];
	for (size_t i = 0; i < N_ELEMENTS(codecs); i++)
		for (size_t len = 0; len <= sizeof raw; len = len ? 7 * len : 1) {
			struct span s = span_of(raw, len);

			ok_r(batch_codec_pack(codecs[i], 0, s, &codec, &packed));
			ok(codec == BATCH_STORED || (codec == codecs[i] && packed.len < len));
			ok(len < 1000 || codec == codecs[i]);
			if (codec != BATCH_STORED)
				s = span_of(packed.p, packed.len);
			ok_r(batch_codec_unpack(codec, s, (uint32_t)len, &back));
			ok(back.len == len && (len == 0 || memcmp(back.p, raw, len) == 0));
		}
}

static void what_cannot_be_compressed_is_stored(void)
{
	_cleanup_(buf_done) struct buf packed = {0};
	uint64_t raw[64], x = 1;
	uint8_t codec = 77;

	for (size_t i = 0; i < N_ELEMENTS(raw); i++)
		raw[i] = x = x * 6364136223846793005 + 1442695040888963407;
	for (uint8_t c = BATCH_ZSTD; c <= BATCH_SNAPPY; c++) {
		if (!batch_codec_known(c))
			continue;
		ok_r(batch_codec_pack(c, 0, span_of(raw, sizeof raw), &codec, &packed));
		ok(codec == BATCH_STORED && packed.len == 0);
	}
}

static void a_body_that_is_longer_or_shorter_than_said_is_refused(void)
{
	_cleanup_(buf_done) struct buf packed = {0}, back = {0};
	char raw[5000];
	uint8_t codec;

	memset(raw, 'x', sizeof raw);
	for (uint8_t c = BATCH_ZSTD; c <= BATCH_SNAPPY; c++) {
		struct span s;

		if (!batch_codec_known(c))
			continue;
		ok_r(batch_codec_pack(c, 0, span_of(raw, sizeof raw), &codec, &packed));
		s = span_of(packed.p, packed.len);
		eq(batch_codec_unpack(c, s, sizeof raw - 1, &back), -EBADMSG);
		eq(batch_codec_unpack(c, s, sizeof raw + 1, &back), -EBADMSG);
		eq(batch_codec_unpack(c, span_of(s.p, span_left(&s) - 1), sizeof raw, &back), -EBADMSG);
		eq(batch_codec_unpack(c, span_of(s.p, 0), sizeof raw, &back), -EBADMSG);
	}
	eq(batch_codec_unpack(2, span_of(raw, 10), 10, &back), -EPROTONOSUPPORT);
	eq(batch_codec_unpack(200, span_of(raw, 10), 10, &back), -EPROTONOSUPPORT);
}

static void times_of_appending_replace_all_of_them(void)
{
	_cleanup_(batch_encoder_done) struct batch_encoder e = {0};
	_cleanup_(batch_done) struct batch_builder b = {0};
	struct batch_how how = {.first_offset = 7, .stamp = true, .stamp_ms = 42, .flags = BATCH_APPEND_TIME};
	struct message expected[N], m;
	struct batch_head h;
	struct batch_cursor c;
	struct span body;

	sample(expected);
	gather(&b);
	ok_r(batch_encoder_encode(&e, &b, &how, &h, &body));
	ok(h.first_ms == 42 && h.max_ms == 42 && h.last_offset == 7 + 25);
	batch_cursor_init(&c, h.n, 7, h.first_ms, true, span_of(e.dir.p + sizeof(struct disk_batch), h.dir_len), body);
	for (unsigned i = 0; i < N; i++) {
		ok_r(batch_next(&c, &m));
		expected[i].offset = 7 + i * i;
		expected[i].time_ms = 42;
		ok(same_message(&m, &expected[i]) && m.append_time);
	}
}

int main(void)
{
	RUN(messages_come_back_as_they_were_added);
	RUN(the_text_length_is_that_of_the_lines_wherever_the_offsets_begin);
	RUN(what_is_too_much_is_refused_and_nothing_is_added);
	RUN(more_messages_than_a_batch_may_have_are_refused);
	RUN(a_batch_is_adopted_and_is_the_same_then);
	RUN(a_batch_that_lies_about_lengths_is_not_adopted);
	RUN(every_codec_gives_back_what_it_was_given);
	RUN(what_cannot_be_compressed_is_stored);
	RUN(a_body_that_is_longer_or_shorter_than_said_is_refused);
	RUN(times_of_appending_replace_all_of_them);
	return tap_done();
}
