/* batch.c -- fuzzes what takes batches apart, as they come from a socket or a file
 *
 * Input: a byte for the codec, one for the number of messages, two for the directory's length; directory, body. What is
 * adopted can be taken apart into messages, and these, added one by one, give the same bytes' meaning and text.
 */
#include "store/batch.h"

#include "store/batch_codec.h"
#include "store/cleanup.h"
#include "tests/fuzz/frames.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void compare(const struct batch_builder *b)
{
	_cleanup_(batch_done) struct batch_builder again = {0};
	struct batch_cursor c;
	uint64_t text_len = 0;
	struct message m;

	batch_cursor_init(
	    &c, b->n, 7, b->first_ms, false, span_of(b->dir.p, b->dir.len), span_of(b->body.p, b->body.len));
	for (uint32_t i = 0; i < b->n; i++) {
		_cleanup_(buf_done) struct buf line = {0};

		must(batch_next(&c, &m) == 0 && m.offset == 7 + i);
		message_put_text(&line, &m);
		must(line.err == 0 && line.len == message_text_len(&m));
		text_len += line.len;
		must(batch_add(&again, &m) == 0);
	}
	must(batch_next(&c, &m) == -ENODATA);
	must(batch_text_len(b, 7) == text_len && batch_text_len(&again, 7) == text_len);
	must(again.n == b->n && again.max_ms == b->max_ms && again.body.len == b->body.len);
	must(b->body.len == 0 || memcmp(again.body.p, b->body.p, b->body.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_(batch_done) struct batch_builder b = {0};
	_cleanup_(buf_done) struct buf raw = {0};
	struct span s = span_of(data, len), dir;
	const uint8_t *h = span_take(&s, 4);
	int r;

	if (!h || span_sub(&s, (uint64_t)(h[2] | h[3] << 8), &dir) < 0)
		return 0;
	r = batch_adopt(&b, h[1], 1000, dir, s);
	must(r == 0 || (r == -EBADMSG && b.n == 0));
	if (r == 0)
		compare(&b);
	r = batch_codec_unpack(h[0] % 8, s, (uint32_t)(h[2] | h[3] << 8), &raw);
	must(r == -EBADMSG || r == -EPROTONOSUPPORT || (r == 0 && raw.len == (size_t)(h[2] | h[3] << 8)));
	return 0;
}
