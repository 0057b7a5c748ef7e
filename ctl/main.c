/* main.c -- histctl: reads and checks a store without a mount, and produces messages */
#include "ctl/command.h"

#include "store/cleanup.h"

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <string.h>

#ifndef VERSION
#define VERSION "0.1"
#endif

extern const struct command *const __start_histfs_commands[];
extern const struct command *const __stop_histfs_commands[];

static const struct command *find(const char *name)
{
	for (const struct command *const *c = __start_histfs_commands; c < __stop_histfs_commands; c++)
		if (strcmp((*c)->name, name) == 0)
			return *c;
	return NULL;
}

static void help(void)
{
	printf("usage: histctl COMMAND ...\n"
	       "       histctl -V | -h\n"
	       "Reads and checks a store of machine history without mounting it, and gives messages to topics.\n\n");
	for (const struct command *const *c = __start_histfs_commands; c < __stop_histfs_commands; c++)
		printf("  histctl %s %s\n        %s\n", (*c)->name, (*c)->args, (*c)->what);
	printf("\nPATH is a name as in a mount; TIME is one as below /at there: 2026-11-20T03:12, 03:12, -5m, "
	       "yesterday.\n");
}

/* What could not be written is a failure; that nobody reads on is not. */
static int finish(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	if (errno != EPIPE)
		warn("standard output");
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	const struct command *c;
	int status;

	/* A reader that has seen enough ends this quietly, also where whoever started it ignores the signal. */
	signal(SIGPIPE, SIG_DFL);
	if (argc == 2 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0)) {
		help();
		return finish(EXIT_SUCCESS);
	}
	if (argc == 2 && (strcmp(argv[1], "-V") == 0 || strcmp(argv[1], "--version") == 0)) {
		printf("histctl %s\n", VERSION);
		return finish(EXIT_SUCCESS);
	}
	c = argc > 1 ? find(argv[1]) : NULL;
	if (!c) {
		if (argc > 1)
			warnx("no command %s; histctl -h lists them", argv[1]);
		else
			warnx("which command? histctl -h lists them");
		return EXIT_USAGE;
	}
	opterr = 0;
	status = c->run(argc - 1, argv + 1);
	if (status == EXIT_USAGE)
		warnx("usage: histctl %s %s", c->name, c->args);
	return finish(status);
}
