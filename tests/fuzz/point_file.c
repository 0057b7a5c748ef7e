/* point_file.c -- fuzzes files of points, with all checks made right
 *
 * Beside not crashing: what is read is in order and of the hour, and reading, scanning and what is told of a series agree.
 */
#include "store/point_file.h"
#include "tests/fuzz/frames.h"

#include <fcntl.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { SERIES_MAX = 300, POINTS_MAX = 1 << 18 };

static bool is_expected(int r)
{
	return r == 0 || r == -EBADMSG || r == -ENOENT;
}

static bool ascend(const int64_t *ns, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (ns[i - 1] >= ns[i])
			return false;
	return true;
}

/* Reads a series in whole and in part. */
static void look_at_series(struct point_file *f, uint64_t number)
{
	_cleanup_(buf_done) struct buf ns = {0}, bits = {0};
	struct point_stat st = {0};
	const int64_t *v;
	struct span key;
	uint64_t same;
	size_t n;
	int r = point_file_key(f, number, &key);

	must(is_expected(r));
	if (r == 0) {
		must(point_key_valid(key));
		must(is_expected(point_file_find(f, key, &same)));
	}
	r = point_file_stat(f, number, &st);
	must(is_expected(r));
	if (r < 0 || st.n > POINTS_MAX)
		return;
	r = point_file_read(f, number, INT64_MIN, INT64_MAX, &ns, &bits);
	must(is_expected(r));
	must(ns.len == bits.len && (r == 0 || ns.len == 0));
	if (r < 0)
		return;
	v = (const int64_t *)(const void *)ns.p;
	n = ns.len / sizeof *v;
	must(n == st.n && v[0] == st.first_ns && v[n - 1] == st.last_ns && ascend(v, n));
	r = point_file_read(f, number, v[n / 2], v[n - 1], &ns, &bits);
	must(r == 0 && ns.len == bits.len && ns.len / sizeof *v == n + n - n / 2);
}

static int on_series(uint64_t number, const int64_t *ns, const uint64_t *bits, size_t n, void *arg)
{
	uint64_t *left = arg;

	(void)number;
	must(n == 0 ? ns == NULL : bits != NULL && ascend(ns, n));
	if (*left <= n)
		return 1;
	*left -= n + 1;
	return 0;
}

static void note(uint64_t off, const char *what, void *arg)
{
	(void)off;
	(void)arg;
	must(*what != 0);
}

static void try(const uint8_t *p, size_t len)
{
	_cleanup_(cleanup_point_file) struct point_file *f = NULL;
	uint64_t left = POINTS_MAX, n;
	char name[32];
	int fd = memory_file(p, len, name), r = point_file_open(AT_FDCWD, name, &f);

	close(fd);
	must(is_expected(r) || r == -EPROTONOSUPPORT);
	if (r < 0)
		return;
	n = point_file_head(f)->n_series;
	for (uint64_t i = 0; i < n && i < SERIES_MAX; i++)
		look_at_series(f, i);
	if (n > SERIES_MAX)
		look_at_series(f, n - 1);
	(void)point_file_may_have_key(f, span_of("m", 2));
	(void)point_file_may_have_label(f, span_of("__name__", 8), span_of("m", 1));
	must(is_expected(point_file_find(f, span_of("m", 2), &n)));
	r = point_file_scan(f, 0, on_series, &left);
	must(r == 0 || r == 1);
	if (r == 0)
		must(point_file_verify(f, note, NULL) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_(cleanup_free) uint8_t *p = malloc(len + 1);

	must(p);
	memcpy(p, data, len);
	try(p, len);
	repair(p, len);
	repair_footer(p, len);
	try(p, len);
	return 0;
}
