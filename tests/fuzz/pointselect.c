/* pointselect.c -- fuzz target: selectors of series, matched with a key of the same input */
#include "store/point_select.h"

#include "tests/fuzz/frames.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The selector, a NUL, and a value of the label `a`. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const uint8_t *nul = memchr(data, 0, len);
	size_t text_len = nul ? (size_t)(nul - data) : len;
	char error[POINT_SELECT_ERROR_MAX] = "";
	_cleanup_(cleanup_point_select) struct point_select *s = NULL;
	_cleanup_(buf_done) struct buf key = {0};
	struct span label, value;
	size_t n = 0;
	int r = point_select_new((const char *)data, text_len, error, &s);

	if (r < 0) {
		must(r == -EINVAL && !s && error[0]);
		return 0;
	}
	must(strlen(point_select_text(s)) == text_len && memcmp(point_select_text(s), data, text_len) == 0);
	buf_put(&key, "cpu\0a", 6);
	if (nul && nul + 1 < data + len && !memchr(nul + 1, 0, len - text_len - 1))
		buf_put(&key, nul + 1, len - text_len - 1);
	else
		buf_puts(&key, "x");
	buf_put_u8(&key, 0);
	must(key.err == 0);
	/* What must be equal is so in whatever matches. */
	if (point_select_matches(s, span_of(key.p, key.len)))
		for (; point_select_equal(s, n, &label, &value); n++) {
			struct span is = point_key_get(span_of(key.p, key.len), label);

			must(span_left(&is) == span_left(&value) && memcmp(is.p, value.p, span_left(&value)) == 0);
		}
	return 0;
}
