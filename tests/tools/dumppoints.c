/* dumppoints.c -- every point of a store's custom series as a line, as tests/decoder/points.py prints them
 *
 *   dumppoints STORE      series, time, value; by hour, by key, by time
 */
#include "store/io.h"
#include "store/point_text.h"
#include "store/points_read.h"

#include <err.h>
#include <fcntl.h>

static int on_series(int32_t hour, struct span key, const int64_t *ns, const uint64_t *bits, size_t n, void *arg)
{
	_cleanup_(buf_done) struct buf name = {0}, line = {0};
	bool *well = arg;

	(void)hour;
	point_key_put_name(&name, key);
	for (size_t i = 0; i < n; i++) {
		buf_clear(&line);
		buf_put(&line, name.p, name.len);
		buf_put_u8(&line, '\t');
		point_text_put(&line, &ns[i], &bits[i], 1);
		fwrite(line.p, 1, line.len, stdout);
	}
	*well = *well && n > 0 && name.err == 0 && line.err == 0;
	return 0;
}

int main(int argc, char **argv)
{
	_cleanup_(cleanup_points_reader) struct points_reader *pr = NULL;
	_cleanup_(cleanup_io_close) int fd = -1;
	bool well = true;
	int r;

	if (argc != 2)
		errx(2, "usage: dumppoints STORE");
	fd = io_opendir(AT_FDCWD, argv[1], false);
	r = fd < 0 ? fd : points_reader_open(fd, &pr);
	if (r == 0)
		r = points_scan(pr, NULL, INT64_MIN, INT64_MAX, on_series, &well);
	if (r < 0)
		errx(1, "%s: %s", argv[1], strerror(-r));
	return well ? 0 : 1;
}
