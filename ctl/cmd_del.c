/* cmd_del.c -- histctl del: keys have no value from now on */
#include "ctl/command.h"
#include "ctl/connected.h"
#include "ctl/keyed.h"

#include <err.h>
#include <getopt.h>

/* One that is not there is told, and the others go all the same. */
static int delete_all(struct histfs *h, char **names, bool as_string)
{
	int failed = 0;

	for (; *names; names++) {
		struct payload_key key;
		struct histfs_key wire;
		int r = keyed_key(*names, as_string, &key);

		if (r == 0) {
			wire = keyed_wire_key(&key);
			r = histfs_del(h, &wire, HISTFS_SYNCED);
			if (r <= 0)
				warnx("%s: %s", *names, r == 0 ? "there is no such document" : histfs_error(h));
		}
		if (r <= 0)
			failed = r < 0 ? r : -ENOENT;
		if (r < 0 && r != -EINVAL)
			return r;
	}
	return failed;
}

static int run(int argc, char **argv)
{
	_cleanup_(cleanup_connected) struct histfs *h = NULL;
	struct keyed_arguments a;
	int c;

	c = keyed_parse(argc, argv, "+sS:", 1, -1, &a);
	if (c != 0)
		return c;
	if (connected_open(a.socket, &h) < 0 || delete_all(h, argv + optind, a.as_string) < 0)
		return EXIT_FAILURE;
	return EXIT_SUCCESS;
}

COMMAND(del) = {
    .name = "del",
    .args = "[-s] [-S SOCKET] KEY...",
    .what = "deletes documents in histd's store; their history stays",
    .run = run,
};
