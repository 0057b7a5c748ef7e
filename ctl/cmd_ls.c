/* cmd_ls.c -- histctl ls: names in the tree */
#include "ctl/command.h"
#include "ctl/opened.h"

#include "store/text.h"

#include <err.h>
#include <getopt.h>
#include <inttypes.h>

struct listing_job {
	struct tree *tree;
	bool details;
};

static void put_details(const struct tree_attr *a)
{
	const char *type = S_ISDIR(a->mode) ? "dir " : S_ISLNK(a->mode) ? "link" : "file";
	char time[TEXT_TIME_LEN + 1];

	text_time(time, a->mtime_ms);
	printf("%s %12" PRIu64 " %s ", type, a->size, time);
}

static int put_entry(const struct tree_entry *e, void *arg)
{
	const struct listing_job *job = arg;

	if (job->details && e->attr)
		put_details(e->attr);
	else if (job->details)
		printf("?    %12s %24s ", "?", "?");
	printf("%s\n", e->name);
	return 0;
}

/* A file is listed as itself. */
static int list(struct listing_job *job, const char *path)
{
	struct tree_attr a;
	int r = tree_walk(job->tree, path, &a);

	if (r < 0)
		return r;
	if (S_ISDIR(a.mode))
		return tree_list(job->tree, a.ino, 0, job->details, put_entry, job);
	if (job->details)
		put_details(&a);
	printf("%s\n", path);
	return 0;
}

static int run(int argc, char **argv)
{
	_cleanup_(opened_done) struct opened o = {0};
	struct listing_job job = {0};
	const char *path;
	int c, r;

	while ((c = getopt(argc, argv, "+l")) >= 0) {
		if (c != 'l')
			return EXIT_USAGE;
		job.details = true;
	}
	if (argc - optind < 1 || argc - optind > 2)
		return EXIT_USAGE;
	if (opened_init(&o, argv[optind]) < 0)
		return EXIT_FAILURE;
	path = argc - optind == 2 ? argv[optind + 1] : "/";
	job.tree = o.tree;
	r = list(&job, path);
	if (r < 0)
		warnx("%s: %s", path, r == -EBADMSG ? "damaged; see histctl verify" : strerror(-r));
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

COMMAND(ls) = {
    .name = "ls",
    .args = "[-l] STORE [PATH]",
    .what = "lists a directory; -l: with type, size and time",
    .run = run,
};
