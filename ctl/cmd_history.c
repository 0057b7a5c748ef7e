/* cmd_history.c -- histctl history: a line a version of a document, newest first */
#include "ctl/command.h"
#include "ctl/keyed.h"

#include "store/text.h"

#include <err.h>
#include <inttypes.h>

static void print(const struct document *v)
{
	char time[TEXT_TIME_LEN + 1];

	text_time(time, v->time_ms);
	printf("%s\t%s\t%" PRIu64 "\t%" PRIu64 "\n", time,
	    v->deleted ? "deleted"
	    : v->raw   ? "raw"
	               : "json",
	    v->value_len, v->number);
}

static int run(int argc, char **argv)
{
	_cleanup_(cleanup_keyed) struct keyed *k = NULL;
	struct keyed_arguments a;
	const char *name = argv[argc - 1];
	struct payload_key key;
	struct document v;
	int c, r;

	c = keyed_begin(argc, argv, "+sS:", &a, &key, &k);
	if (c != 0)
		return c;
	r = keyed_history(k, &key, &v);
	if (r == -ENOENT)
		warnx("%s: there never was such a document", name);
	if (r == 0)
		printf("time\tform\tbytes\trecord\n");
	while (r == 0) {
		print(&v);
		r = keyed_history(k, &key, &v);
	}
	return r == -ENODATA ? EXIT_SUCCESS : EXIT_FAILURE;
}

COMMAND(history) = {
    .name = "history",
    .args = "[-s] [-S SOCKET] [STORE] KEY",
    .what = "lists the versions of a document that are kept, newest first",
    .run = run,
};
