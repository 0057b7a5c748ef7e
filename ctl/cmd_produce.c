/* cmd_produce.c -- histctl produce: messages into a topic of the histd on this machine */
#include "ctl/command.h"
#include "ctl/envelope.h"
#include "ctl/format.h"
#include "ctl/number.h"
#include "ctl/producer.h"
#include "ctl/progress.h"
#include "ctl/records.h"

#include "store/format.h"

#include <err.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>

struct arguments {
	const char *socket, *topic;
	int64_t partition;
	enum histfs_ack ack;
	struct buf delimiter, key_delimiter;
	const char *key;    /* of all messages */
	bool json, null;    /* what is empty is NULL */
	struct buf headers; /* struct histfs_header */
};

static void arguments_done(struct arguments *a)
{
	buf_done(&a->delimiter);
	buf_done(&a->key_delimiter);
	buf_done(&a->headers);
}

/* What a message has that nothing else is said of. */
static struct histfs_message plain(const struct arguments *a, struct span value)
{
	struct histfs_message m = {
	    .time_ms = HISTFS_NOW,
	    .key = a->key,
	    .key_len = a->key ? strlen(a->key) : 0,
	    .value = value.p,
	    .value_len = span_left(&value),
	    .headers = (const struct histfs_header *)(const void *)a->headers.p,
	    .n_headers = a->headers.len / sizeof(struct histfs_header),
	};

	if (a->null && m.value_len == 0)
		m.value = NULL;
	return m;
}

static int add_line(const struct arguments *a, struct producer *p, struct span line)
{
	struct histfs_message m;
	const uint8_t *behind_key = NULL;
	struct span key = line;

	if (a->key_delimiter.len > 0)
		behind_key = memmem(line.p, span_left(&line), a->key_delimiter.p, a->key_delimiter.len);
	if (behind_key) {
		key.end = behind_key;
		line.p = behind_key + a->key_delimiter.len;
	}
	m = plain(a, line);
	if (behind_key) {
		m.key_len = span_left(&key);
		m.key = a->null && m.key_len == 0 ? NULL : key.p;
	}
	return producer_add(p, &m, -1, false);
}

/* A partition that is asked for counts more than that in the envelope. */
static int add_envelope(const struct arguments *a, struct producer *p, struct envelope *e, struct span line, uint64_t n)
{
	int r = envelope_parse(e, line);

	if (r == -EBADMSG)
		warnx("line %" PRIu64 " is no message in JSON", n);
	if (r < 0)
		return r;
	return producer_add(p, &e->message, a->partition >= 0 ? -1 : e->partition, true);
}

static bool is_blank(struct span s)
{
	while (s.p < s.end && strchr(" \t\r", *s.p) && *s.p)
		s.p++;
	return s.p == s.end;
}

static int produce_lines(const struct arguments *a, struct producer *p, int fd)
{
	_cleanup_(cleanup_records) struct records *in = NULL;
	_cleanup_(envelope_done) struct envelope e = {0};
	struct progress progress;
	struct span line;
	uint64_t n = 0;
	int r, more = 1;

	r = records_new(fd, span_of(a->delimiter.p, a->delimiter.len), BATCH_RAW_MAX, &in);
	progress_begin(&progress, fd, "messages");
	while (r == 0 && more > 0) {
		/* Nothing is left unanswered while the next line is waited for. */
		if (records_would_wait(in))
			r = producer_drain(p);
		if (r < 0)
			break;
		more = records_read(in);
		if (more < 0) {
			warnx("standard input: %s", more == -EMSGSIZE ? "a message is too long" : strerror(-more));
			r = more;
		}
		while (r == 0 && records_next(in, &line) == 0) {
			n++;
			if (a->json && !is_blank(line))
				r = add_envelope(a, p, &e, line, n);
			else if (!a->json)
				r = add_line(a, p, line);
			progress_show(&progress, span_left(&line) + a->delimiter.len, 1);
		}
		/* Also what stands before a line that is wrong. */
		if (producer_flush(p) < 0 && r == 0)
			r = -EIO;
	}
	progress_end(&progress);
	return r;
}

/* A file as one message. */
static int produce_file(const struct arguments *a, struct producer *p, const char *path)
{
	_cleanup_(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_(cleanup_records) struct records *in = NULL;
	struct span all = span_of("", 0);
	struct histfs_message m;
	int r = fd < 0 ? -errno : records_new(fd, span_of("", 0), BATCH_RAW_MAX, &in);

	if (r == 0)
		do
			r = records_read(in);
		while (r > 0);
	if (r < 0) {
		warnx("%s: %s", path, strerror(-r));
		return r;
	}
	records_next(in, &all);
	m = plain(a, all);
	r = producer_add(p, &m, -1, true);
	return r < 0 ? r : producer_flush(p);
}

/* --- arguments --- */

static int add_header(struct arguments *a, const char *text)
{
	const char *eq = strchr(text, '=');
	struct histfs_header h = {.name = text, .name_len = eq ? (size_t)(eq - text) : strlen(text)};

	if (eq) {
		h.value = eq + 1;
		h.value_len = strlen(eq + 1);
	}
	buf_put(&a->headers, &h, sizeof(h));
	return a->headers.err;
}

static int parse(int argc, char **argv, struct arguments *a)
{
	int64_t n;
	int c;

	a->partition = PRODUCER_BY_KEY;
	a->ack = HISTFS_SYNCED;
	buf_puts(&a->delimiter, "\n");
	while ((c = getopt(argc, argv, "+S:p:a:D:K:k:H:JZ")) >= 0) {
		switch (c) {
		case 'S':
			a->socket = optarg;
			break;
		case 'p':
			if (number_option(c, optarg, -1, UINT32_MAX, &a->partition) < 0)
				return -EINVAL;
			if (a->partition < 0)
				a->partition = PRODUCER_ROUND_ROBIN;
			break;
		case 'a':
			if (number_option(c, optarg, HISTFS_UNACKED, HISTFS_SYNCED, &n) < 0)
				return -EINVAL;
			a->ack = (enum histfs_ack)n;
			break;
		case 'D':
			buf_clear(&a->delimiter);
			format_unescape(&a->delimiter, optarg, strlen(optarg));
			break;
		case 'K':
			buf_clear(&a->key_delimiter);
			format_unescape(&a->key_delimiter, optarg, strlen(optarg));
			break;
		case 'k':
			a->key = optarg;
			break;
		case 'H':
			if (add_header(a, optarg) < 0)
				return -ENOMEM;
			break;
		case 'J':
			a->json = true;
			break;
		case 'Z':
			a->null = true;
			break;
		default:
			return -EINVAL;
		}
	}
	if (a->delimiter.len == 0)
		warnx("-D: a delimiter of no bytes");
	if (a->json && optind + 1 < argc)
		warnx("-J: envelopes are read from standard input, not from files");
	if (optind == argc || a->delimiter.len == 0 || (a->json && optind + 1 < argc))
		return -EINVAL;
	a->topic = argv[optind++];
	return 0;
}

static int run(int argc, char **argv)
{
	_cleanup_(arguments_done) struct arguments a = {0};
	_cleanup_(cleanup_producer) struct producer *p = NULL;
	int r;

	if (parse(argc, argv, &a) < 0)
		return EXIT_USAGE;
	r = producer_new(a.socket, a.topic, a.partition, a.ack, &p);
	if (r == 0 && optind == argc)
		r = produce_lines(&a, p, STDIN_FILENO);
	for (; r == 0 && optind < argc; optind++)
		r = produce_file(&a, p, argv[optind]);
	/* What was sent before something went wrong is kept, and answered for. */
	if (p && producer_drain(p) < 0 && r == 0)
		r = -EIO;
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

COMMAND(produce) = {
    .name = "produce",
    .args =
        "[-JZ] [-S SOCKET] [-p PARTITION] [-a 0|1|2] [-D DELIMITER] [-K DELIMITER] [-k KEY] [-H NAME=VALUE]... TOPIC "
        "[FILE...]",
    .what = "gives messages to histd: a line of standard input each, or a file each",
    .run = run,
};
