/* cmd_verify.c -- histctl verify: reads and checks everything */
#include "ctl/command.h"

#include "store/verify.h"

#include <err.h>
#include <getopt.h>
#include <inttypes.h>

struct job {
	bool terminal;
	bool line; /* a progress line is on the terminal */
};

static void clear_line(struct job *job)
{
	if (job->line)
		fprintf(stderr, "\r\033[K");
	job->line = false;
}

static void on_problem(const struct store_problem *p, void *arg)
{
	clear_line(arg);
	printf("%s\t%" PRIu64 "\t%s\n", p->file, p->off, p->what);
	fflush(stdout);
}

static void on_progress(const char *file, size_t i, size_t n, void *arg)
{
	struct job *job = arg;

	clear_line(job);
	fprintf(stderr, "%zu of %zu: %s", i + 1, n, file);
	job->line = true;
}

static int run(int argc, char **argv)
{
	struct job job = {.terminal = isatty(STDERR_FILENO)};
	struct verify_calls calls = {.problem = on_problem, .arg = &job};
	struct verify_count n;
	const char *dir;
	int r;

	if (getopt(argc, argv, "+") >= 0 || argc - optind != 1)
		return EXIT_USAGE;
	dir = argv[optind];
	if (job.terminal)
		calls.progress = on_progress;
	r = verify_store(dir, &calls, &n);
	clear_line(&job);
	if (r < 0) {
		warnx("%s: %s", dir,
		    r == -ENOENT            ? "there is no store"
		    : r == -EPROTONOSUPPORT ? "written by a newer version of histfs"
		                            : strerror(-r));
		return EXIT_FAILURE;
	}
	printf("%" PRIu64 " files, %" PRIu64 " bytes, %" PRIu64 " snapshots, %" PRIu64 " tables, %" PRIu64
	       " messages, %" PRIu64 " points: ",
	    n.n_files, n.n_bytes, n.n_snapshots, n.n_texts, n.n_messages, n.n_points);
	if (n.n_problems == 0)
		printf("all is well\n");
	else
		printf("%" PRIu64 " problems\n", n.n_problems);
	return n.n_problems > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

COMMAND(verify) = {
    .name = "verify",
    .args = "STORE",
    .what = "reads and checks everything; a line a problem: file, offset, what",
    .run = run,
};
