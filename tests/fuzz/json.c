/* json.c -- fuzzes the check of JSON: it says where, and a text that is cut there was not yet wrong */
#include "store/json_check.h"

#include "tests/fuzz/frames.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *why = NULL, *again;
	size_t at = 0, cut;
	char *copy = malloc(len ? len : 1);
	int r;

	must(copy);
	memcpy(copy, data, len);
	r = json_check(copy, len, &at, &why);
	must(r == 0 || (r == -EINVAL && at <= len && why));
	/* But for escapes, which are looked at as a whole. */
	if (r < 0 && json_check(copy, at, &cut, &again) < 0)
		must(cut <= at);
	free(copy);
	return 0;
}
