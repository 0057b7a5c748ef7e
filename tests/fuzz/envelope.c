/* envelope.c -- fuzz target: kcat's JSON; what is taken for a message comes back the same when it is written */
#include "ctl/envelope.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const void *a, size_t a_len, const void *b, size_t b_len)
{
	must(!a == !b && a_len == b_len && (a_len == 0 || memcmp(a, b, a_len) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(envelope_done) struct envelope e = {0}, again = {0};
	_cleanup_(buf_done) struct buf headers = {0}, out = {0};
	struct message m = {0};

	if (envelope_parse(&e, span_of(data, size)) < 0)
		return 0;
	for (size_t i = 0; i < e.message.n_headers; i++) {
		const struct histfs_header *h = &e.message.headers[i];

		message_put_header(&headers, h->name, h->name_len, h->value, h->value_len);
	}
	m.headers = span_of(headers.p, headers.len);
	m.time_ms = e.message.time_ms;
	if (e.message.key)
		m.key = span_of(e.message.key, e.message.key_len);
	if (e.message.value)
		m.value = span_of(e.message.value, e.message.value_len);
	envelope_put(&out, "t", 0, &m);
	/* The smallest time is that of none, which is not written. */
	must(envelope_parse(&again, span_of(out.p, out.len)) == (m.time_ms == HISTFS_NOW ? -EBADMSG : 0));
	if (m.time_ms == HISTFS_NOW)
		return 0;
	must(again.message.time_ms == m.time_ms && again.message.n_headers == e.message.n_headers);
	same(e.message.key, e.message.key_len, again.message.key, again.message.key_len);
	same(e.message.value, e.message.value_len, again.message.value, again.message.value_len);
	for (size_t i = 0; i < e.message.n_headers; i++) {
		const struct histfs_header *h = &e.message.headers[i], *g = &again.message.headers[i];

		same(h->name, h->name_len, g->name, g->name_len);
		same(h->value, h->value_len, g->value, g->value_len);
	}
	return 0;
}
