/* cmd_cat.c -- histctl cat: files of the tree, byte for byte as a mount shows them */
#include "ctl/command.h"
#include "ctl/opened.h"

#include <err.h>
#include <getopt.h>

enum { PIECE = 1 << 20 };

/* A file that grows is followed to where its end is when it is reached. */
static int print_file(struct tree *t, const char *path)
{
	struct tree_attr a;
	struct span part;
	uint64_t off = 0;
	int r = tree_walk(t, path, &a);

	if (r == 0 && S_ISDIR(a.mode))
		r = -EISDIR;
	while (r == 0) {
		r = tree_read(t, a.ino, off, PIECE, &part);
		if (r < 0 || span_left(&part) == 0)
			break;
		off += span_left(&part);
		if (fwrite(part.p, 1, span_left(&part), stdout) != span_left(&part))
			return 0; /* told of at the end */
	}
	if (r < 0)
		warnx("%s: %s", path, r == -EBADMSG ? "damaged; see histctl verify" : strerror(-r));
	return r;
}

/* STORE TIME NAME for STORE /at/TIME/NAME. */
static int print_at(struct tree *t, const char *time, const char *name)
{
	_cleanup_(buf_done) struct buf path = {0};
	int64_t ms;

	if (opened_time(time, &ms) < 0)
		return -ENOENT;
	buf_printf(&path, "/at/%s/%s", time, name);
	buf_put_u8(&path, '\0');
	if (path.err < 0) {
		warnx("%s", strerror(-path.err));
		return path.err;
	}
	return print_file(t, (const char *)path.p);
}

/* What is no file may be a time; now is both a time and a directory. */
static bool is_at(struct tree *t, const char *time, const char *name)
{
	struct tree_attr a;

	return !strchr(time, '/') && !strchr(name, '/') && tree_walk(t, name, &a) < 0 &&
	       (tree_walk(t, time, &a) < 0 || S_ISDIR(a.mode));
}

static int run(int argc, char **argv)
{
	_cleanup_(opened_done) struct opened o = {0};
	int failed = 0;

	if (getopt(argc, argv, "+") >= 0 || argc - optind < 2)
		return EXIT_USAGE;
	if (opened_init(&o, argv[optind]) < 0)
		return EXIT_FAILURE;
	argv += optind + 1;
	argc -= optind + 1;
	if (argc == 2 && is_at(o.tree, argv[0], argv[1]))
		return print_at(o.tree, argv[0], argv[1]) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	for (int i = 0; i < argc; i++)
		failed |= print_file(o.tree, argv[i]) < 0;
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

COMMAND(cat) = {
    .name = "cat",
    .args = "STORE PATH... | STORE TIME TABLE",
    .what = "prints files; or a table (or summary) at a time",
    .run = run,
};
