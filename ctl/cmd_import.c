/* cmd_import.c -- histctl import: documents, a line of JSON each, into the histd on this machine
 *
 * Lines are put in batches, each synced and kept as a whole; what is wrong with a line is told with its number, and
 * what stands before it is put.
 */
#include "ctl/command.h"
#include "ctl/connected.h"
#include "ctl/keyed.h"
#include "ctl/ndjson.h"
#include "ctl/progress.h"
#include "ctl/records.h"

#include <err.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>

enum {
	BATCH_N = 1000,
	BATCH_BYTES = 4 << 20,
	LINE_MAX_LEN = PAYLOAD_VALUE_MAX * 6 + (8 << 10), /* of a value in which every byte is escaped */
};

struct batch {
	struct histfs *h;
	const char *file;
	uint64_t first_line, line;
	struct histfs_payload puts[BATCH_N];
	size_t n;
	struct buf bytes; /* of keys and values, in order; */
};

static void cleanup_batch(struct batch **b)
{
	if (!*b)
		return;
	if ((*b)->h)
		histfs_close((*b)->h);
	buf_done(&(*b)->bytes);
	free(*b);
}

static int flush(struct batch *b)
{
	const uint8_t *at = b->bytes.p;
	int r;

	if (b->n == 0)
		return 0;
	/* They have stopped moving. */
	for (size_t i = 0; i < b->n; i++) {
		struct histfs_payload *p = &b->puts[i];

		if (p->key.string) {
			p->key.string = at;
			at += p->key.len;
		}
		p->value = at;
		at += p->value_len;
	}
	r = b->bytes.err;
	if (r == 0)
		r = histfs_put(b->h, b->puts, b->n, HISTFS_SYNCED, NULL, NULL);
	if (r < 0)
		warnx("%s, lines %" PRIu64 " to %" PRIu64 ": %s", b->file, b->first_line, b->line,
		    b->bytes.err ? strerror(-r) : histfs_error(b->h));
	b->n = 0;
	buf_clear(&b->bytes);
	return r;
}

static int add(struct batch *b, const struct payload_put *put)
{
	struct histfs_payload *p = &b->puts[b->n];

	if (b->n == 0)
		b->first_line = b->line;
	*p = (struct histfs_payload){
	    .key = keyed_wire_key(&put->key),
	    .value_len = span_left(&put->value),
	    .flags = put->raw ? HISTFS_RAW : 0,
	};
	buf_put(&b->bytes, put->key.string.p, put->key.is_number ? 0 : span_left(&put->key.string));
	buf_put(&b->bytes, put->value.p, span_left(&put->value));
	return ++b->n == BATCH_N || b->bytes.len >= BATCH_BYTES ? flush(b) : b->bytes.err;
}

static bool is_blank(struct span s)
{
	while (s.p < s.end && (*s.p == ' ' || *s.p == '\t' || *s.p == '\r'))
		s.p++;
	return s.p == s.end;
}

static int import_line(struct batch *b, struct ndjson *n, struct span line)
{
	int r;

	b->line++;
	if (is_blank(line))
		return 0;
	r = ndjson_parse(n, line);
	if (r == -EBADMSG) {
		/* What stands before it is told of first. */
		b->line--;
		if (flush(b) == 0)
			warnx("%s, line %" PRIu64 ", byte %zu: %s", b->file, b->line + 1, n->at, n->why);
		return r;
	}
	if (r < 0)
		warnx("%s", strerror(-r));
	return r < 0 ? r : add(b, &n->put);
}

static int import(struct batch *b, int fd)
{
	_cleanup_(cleanup_records) struct records *in = NULL;
	_cleanup_(ndjson_done) struct ndjson n = {0};
	struct progress progress;
	struct span line;
	int more = 1, r = records_new(fd, span_of("\n", 1), LINE_MAX_LEN, &in);

	progress_begin(&progress, fd, "documents");
	while (r == 0 && more > 0) {
		/* Nothing is held back while more is waited for. */
		if (records_would_wait(in))
			r = flush(b);
		if (r < 0)
			break;
		more = records_read(in);
		if (more < 0) {
			warnx("%s: %s", b->file, more == -EMSGSIZE ? "a line is too long" : strerror(-more));
			r = more;
		}
		while (r == 0 && records_next(in, &line) == 0) {
			r = import_line(b, &n, line);
			progress_show(&progress, span_left(&line) + 1, 1);
		}
	}
	if (r == 0)
		r = flush(b);
	progress_end(&progress);
	return r;
}

static int run(int argc, char **argv)
{
	_cleanup_(cleanup_batch) struct batch *b = calloc(1, sizeof(*b));
	_cleanup_(cleanup_close) int opened = -1;
	struct keyed_arguments a;
	const char *file;
	int c, r;

	c = keyed_parse(argc, argv, "+S:", 0, 1, &a);
	if (c != 0)
		return c;
	if (!b)
		err(EXIT_FAILURE, NULL);
	file = argv[optind] && strcmp(argv[optind], "-") != 0 ? argv[optind] : NULL;
	b->file = file ? file : "standard input";
	opened = file ? open(file, O_RDONLY | O_CLOEXEC) : -1;
	if (file && opened < 0) {
		warn("%s", file);
		return EXIT_FAILURE;
	}
	r = connected_open(a.socket, &b->h);
	if (r == 0)
		r = import(b, file ? opened : STDIN_FILENO);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

COMMAND(import) = {
    .name = "import",
    .args = "[-S SOCKET] [FILE|-]",
    .what = "puts documents, each a line of JSON as of export, into histd's store",
    .run = run,
};
