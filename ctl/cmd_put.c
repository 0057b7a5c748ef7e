/* cmd_put.c -- histctl put: a document for a key, in the histd on this machine */
#include "ctl/command.h"
#include "ctl/connected.h"
#include "ctl/keyed.h"
#include "ctl/records.h"

#include <err.h>
#include <fcntl.h>
#include <getopt.h>

/* All of a file; - or NULL: of standard input. Borrowed from *ret_file. */
static int read_all(const char *path, struct records **ret_file, struct span *ret)
{
	bool is_stdin = !path || strcmp(path, "-") == 0;
	_cleanup_(cleanup_close) int opened = is_stdin ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	int r = !is_stdin && opened < 0 ? -errno : 0;

	*ret = span_of("", 0);
	if (r == 0)
		r = records_new(is_stdin ? STDIN_FILENO : opened, span_of("", 0), PAYLOAD_VALUE_MAX, ret_file);
	if (r == 0)
		do
			r = records_read(*ret_file);
		while (r > 0);
	if (r < 0)
		warnx("%s: %s", is_stdin ? "standard input" : path,
		    r == -EMSGSIZE ? "too long: a value has 16 MiB at most" : strerror(-r));
	else
		records_next(*ret_file, ret);
	return r;
}

static int put(const char *socket, const struct histfs_payload *p, const char *name)
{
	_cleanup_(cleanup_connected) struct histfs *h = NULL;
	int r = connected_open(socket, &h);

	if (r < 0)
		return r;
	r = histfs_put(h, p, 1, HISTFS_SYNCED, NULL, NULL);
	if (r < 0)
		warnx("%s: %s", name, histfs_error(h));
	return r;
}

static int run(int argc, char **argv)
{
	_cleanup_(cleanup_records) struct records *file = NULL;
	struct histfs_payload p = {0};
	struct keyed_arguments a;
	struct payload_key key;
	struct span value;
	int c;

	c = keyed_parse(argc, argv, "+rsS:", 1, 2, &a);
	if (c != 0)
		return c;
	if (keyed_key(argv[optind], a.as_string, &key) < 0 || read_all(argv[optind + 1], &file, &value) < 0)
		return EXIT_FAILURE;
	p.flags = a.raw ? HISTFS_RAW : 0;
	p.key = keyed_wire_key(&key);
	p.value = value.p;
	p.value_len = span_left(&value);
	return put(a.socket, &p, argv[optind]) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

COMMAND(put) = {
    .name = "put",
    .args = "[-rs] [-S SOCKET] KEY [FILE|-]",
    .what = "puts a document, JSON unless -r, into histd's store",
    .run = run,
};
