/* redact.c -- fuzz target: blanking secrets
 *
 * Beside not crashing: as many arguments come out as went in, patterns or not; and what was blanked once stays as it
 * is.
 */
#include "collector/redact.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static size_t count_nuls(const void *p, size_t len)
{
	const char *c = p;
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += c[i] == '\0';
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const patterns[] = {"-p([^ ]+)", "key=([0-9]+)"};
	static struct redact *plain, *more;
	struct buf once = {0}, twice = {0}, other = {0};

	if (!plain)
		must(redact_new(NULL, 0, NULL, &plain) == 0 &&
		     redact_new(patterns, N_ELEMENTS(patterns), NULL, &more) == 0);
	redact_put(plain, (const char *)data, len, &once);
	must(once.err == 0 && count_nuls(once.p, once.len) == count_nuls(data, len));
	redact_put(plain, (const char *)once.p, once.len, &twice);
	must(twice.err == 0 && twice.len == once.len && (once.len == 0 || memcmp(once.p, twice.p, once.len) == 0));
	redact_put(more, (const char *)data, len, &other);
	must(other.err == 0);
	buf_done(&once);
	buf_done(&twice);
	buf_done(&other);
	return 0;
}
