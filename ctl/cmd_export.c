/* cmd_export.c -- histctl export: all documents, a line of JSON each */
#include "ctl/command.h"
#include "ctl/keyed.h"
#include "ctl/ndjson.h"

#include <getopt.h>

static int run(int argc, char **argv)
{
	_cleanup_(cleanup_keyed) struct keyed *k = NULL;
	_cleanup_(buf_done) struct buf line = {0};
	struct keyed_arguments a;
	struct document v;
	int c, r;

	c = keyed_parse(argc, argv, "+S:", 0, 1, &a);
	if (c != 0)
		return c;
	r = keyed_open(argv[optind], a.socket, &k);
	while (r == 0) {
		r = keyed_next(k, true, &v);
		if (r < 0)
			break;
		buf_clear(&line);
		ndjson_put(&line, &v.key, v.value, v.raw);
		r = line.err;
		/* What cannot be written is told at the end. */
		if (r == 0 && fwrite(line.p, 1, line.len, stdout) != line.len)
			return EXIT_FAILURE;
	}
	return k ? keyed_ended(k, r) : EXIT_FAILURE;
}

COMMAND(export) = {
    .name = "export",
    .args = "[-S SOCKET] [STORE]",
    .what = "prints all documents, each a line of JSON for import; from histd if no store is named",
    .run = run,
};
