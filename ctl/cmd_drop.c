/* cmd_drop.c -- histctl drop: points of custom series are gone */
#include "ctl/command.h"
#include "ctl/connected.h"
#include "ctl/series_text.h"

#include <err.h>
#include <getopt.h>

static int run(int argc, char **argv)
{
	static const struct option options[] = {
	    {"from", required_argument, NULL, 'f'},
	    {"socket", required_argument, NULL, 'S'},
	    {"to", required_argument, NULL, 't'},
	    {0},
	};
	_cleanup_(cleanup_connected) struct histfs *h = NULL;
	int64_t first = INT64_MIN, last = INT64_MAX;
	const char *socket = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "f:S:t:", options, NULL)) >= 0) {
		if (c == '?')
			return EXIT_USAGE;
		if (c == 'S')
			socket = optarg;
		else if (!series_text_moment(optarg, c == 'f' ? &first : &last))
			return EXIT_FAILURE;
	}
	if (argc - optind != 1)
		return EXIT_USAGE;
	if (connected_open(socket, &h) < 0)
		return EXIT_FAILURE;
	if (histfs_drop(h, argv[optind], first, last) < 0) {
		warnx("%s: %s", argv[optind], histfs_error(h));
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

COMMAND(drop) = {
    .name = "drop",
    .args = "[-f TIME] [-t TIME] [-S SOCKET] SELECTOR",
    .what = "drops points of custom series from histd's store: of those times, or all",
    .run = run,
};
