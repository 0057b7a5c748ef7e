/* schema.c -- fuzzes the parsing of schemas: what is taken for one is the same after being laid out and parsed again */
#include "store/schema.h"
#include "tests/fuzz/frames.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_(cleanup_schema) struct schema *s = NULL, *again = NULL;
	_cleanup_(buf_done) struct buf b = {0}, packed = {0};
	int r = schema_decode(span_of(data, len), &s);

	must(r == 0 || r == -EBADMSG);
	r = schema_unpack(span_of(data, len), &again);
	must(r == 0 || r == -EBADMSG);
	if (again)
		schema_free(TAKE(again));
	if (!s)
		return 0;
	must(s->check == XXH3_64bits(data, len));
	schema_encode(s, &b);
	must(schema_decode(span_of(b.p, b.len), &again) == 0);
	must(schema_equal(s, again));
	schema_free(TAKE(again));
	must(schema_pack(s, &packed) == 0 && schema_unpack(span_of(packed.p, packed.len), &again) == 0);
	must(schema_equal(s, again));
	must(schema_seal(s) == 0 && s->check == again->check);
	return 0;
}
