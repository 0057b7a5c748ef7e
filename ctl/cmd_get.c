/* cmd_get.c -- histctl get: the value of a key, byte for byte, now or at a time */
#include "ctl/command.h"
#include "ctl/keyed.h"
#include "ctl/opened.h"

#include <err.h>

static int run(int argc, char **argv)
{
	_cleanup_(cleanup_keyed) struct keyed *k = NULL;
	struct keyed_arguments a;
	const char *name = argv[argc - 1];
	struct payload_key key;
	struct document v;
	int c, r;

	c = keyed_begin(argc, argv, "+st:S:", &a, &key, &k);
	if (c != 0)
		return c;
	r = keyed_get(k, &key, a.time_ms, &v);
	if (r == -ENOENT)
		warnx("%s: there is no such document%s", name, a.time_ms < INT64_MAX ? " at that time" : "");
	if (r < 0)
		return EXIT_FAILURE;
	fwrite(v.value.p, 1, span_left(&v.value), stdout);
	return EXIT_SUCCESS;
}

COMMAND(get) = {
    .name = "get",
    .args = "[-s] [-t TIME] [-S SOCKET] [STORE] KEY",
    .what = "prints a document, as it is or was at a time; from histd if no store is named",
    .run = run,
};
