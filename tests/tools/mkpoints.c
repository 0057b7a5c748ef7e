/* mkpoints.c -- puts points into a store through the library, for tests of what reads them
 *
 *   mkpoints DIR [-f] <LINES
 *     Lines are the name of a series as in /series/HOUR/metrics, a tab, nanoseconds since 1970, a tab, the value; an
 *     empty one ends a batch, and so does every 10000th. -f: all becomes files, otherwise it stays in the log. A store
 *     that is not there is made.
 */
#include "store/identity.h"
#include "store/io.h"
#include "store/names.h"
#include "store/points.h"

#include <err.h>
#include <fcntl.h>

enum { BATCH = 10000 };

static void check(int r, const char *what)
{
	if (r < 0)
		errx(1, "%s: %s", what, strerror(-r));
}

static int open_store(const char *dir, uint64_t *ret_id)
{
	int fd = io_opendir(AT_FDCWD, dir, true), r;
	struct identity id = {.host = "made"};

	check(fd, dir);
	r = identity_read(fd, &id);
	if (r == -ENOENT)
		r = identity_create(fd, &id);
	check(r, STORE_FILE);
	r = io_opendir(fd, SNAPSHOT_DIR, true);
	check(r, SNAPSHOT_DIR);
	io_close(r);
	*ret_id = id.id;
	return fd;
}

static void take_line(struct points *p, char *line, struct buf *room, struct point *ret)
{
	char *name = strtok(line, "\t"), *ns = strtok(NULL, "\t"), *value = strtok(NULL, "\t\n");
	struct point_hash hash;
	struct span key;
	double v;
	bool cut;

	if (!name || !ns || !value || point_key_parse_name(name, strlen(name), room, &key, &cut, &hash) < 0 || cut)
		errx(1, "%s: not a line of a name, a time and a value", line);
	v = strtod(value, NULL);
	memcpy(&ret->bits, &v, sizeof(v));
	ret->ns = strtoll(ns, NULL, 10);
	check(points_series(p, key, &ret->series), name);
}

int main(int argc, char **argv)
{
	struct points_options o = {.sync = SYNC_NONE};
	bool files = argc == 3 && strcmp(argv[2], "-f") == 0;
	struct point *batch = malloc(BATCH * sizeof(*batch));
	struct buf room = {0};
	struct points *p;
	char *line = NULL;
	size_t cap = 0, n = 0;
	uint64_t id;
	int fd, r;

	if ((argc != 2 && !files) || !batch)
		errx(2, "usage: mkpoints DIR [-f] <LINES");
	fd = open_store(argv[1], &id);
	check(points_open(fd, id, &o, &p), "points");
	for (;;) {
		ssize_t len = getline(&line, &cap, stdin);

		if (len > 1)
			take_line(p, line, &room, &batch[n++]);
		if (n == BATCH || (n > 0 && len <= 1)) {
			check(points_put(p, batch, n, NULL), "put");
			n = 0;
		}
		if (len < 0)
			break;
	}
	for (r = files; r > 0;) {
		r = points_tidy(p, INT64_MAX / 2, 1000, true, NULL);
		check(r, "tidy");
	}
	check(points_close(p), "close");
	io_close(fd);
	free(batch);
	free(line);
	buf_done(&room);
	return 0;
}
