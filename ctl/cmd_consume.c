/* cmd_consume.c -- histctl consume: the messages of a topic, and then those that come
 *
 * They are read from the store itself. histd only tells that there are more, if it can be reached; else they are looked
 * for five times a second.
 */
#include "ctl/command.h"
#include "ctl/envelope.h"
#include "ctl/format.h"
#include "ctl/number.h"
#include "ctl/opened.h"
#include "ctl/position.h"

#include <err.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>

enum { LOOK_MS = 200, PIECE = 256 << 10 };

struct arguments {
	const char *socket, *store, *topic;
	int64_t partition; /* -1: all */
	struct position position;
	uint64_t n; /* messages, then it ends */
	bool exit_at_end, json, unbuffered;
	const char *format, *key_delimiter, *delimiter, *null;
};

/* A partition that is consumed. */
struct lane {
	uint32_t partition;
	uint32_t number;
	uint64_t offset; /* to read next */
	uint64_t end;
	bool begun;
};

struct consumer {
	const struct arguments *a;
	struct topic_store *topics;
	struct format *format;
	struct lane *lanes;
	uint32_t n_lanes;
	uint64_t n_left;
	struct buf out;
	struct buf delimiter;
	struct histfs *h; /* NULL: it does not tell of new messages */
	bool damaged;
};

static void consumer_done(struct consumer *c)
{
	if (c->h)
		histfs_close(c->h);
	if (c->format)
		format_free(c->format);
	free(c->lanes);
	buf_done(&c->out);
	buf_done(&c->delimiter);
}

/* --- what is consumed --- */

/* Partitions can be added while it is followed: all of their messages are new. */
static int add_lanes(struct consumer *c)
{
	int64_t only = c->a->partition;
	bool later = c->n_lanes > 0;
	struct topic_info info;
	struct lane *lanes;
	uint32_t n;
	int r = topic_store_find(c->topics, c->a->topic, &info);

	if (r < 0 || (only >= 0 && only >= info.n_partitions))
		return r < 0 ? r : -ENOENT;
	n = only >= 0 ? 1 : info.n_partitions;
	if (n <= c->n_lanes)
		return 0;
	lanes = realloc(c->lanes, n * sizeof(*lanes));
	if (!lanes)
		return -ENOMEM;
	c->lanes = lanes;
	for (; c->n_lanes < n; c->n_lanes++) {
		uint32_t partition = only >= 0 ? (uint32_t)only : c->n_lanes;

		lanes[c->n_lanes] =
		    (struct lane){.partition = partition, .number = info.number + partition, .begun = later};
	}
	return 0;
}

/* A store that is read without a histd beside it, or another's histd: then it is looked for. */
static void subscribe(struct consumer *c)
{
	struct histfs_notice notice;

	if (c->a->exit_at_end || histfs_open(c->a->socket, &c->h) < 0)
		return;
	for (uint32_t i = 0; i < c->n_lanes && c->h; i++) {
		const struct lane *l = &c->lanes[i];

		if (histfs_subscribe(c->h, c->a->topic, l->partition, l->offset) < 0) {
			histfs_close(c->h);
			c->h = NULL;
		}
	}
	/* What is there already has been told of by now. */
	while (c->h && histfs_wait(c->h, 0, &notice) > 0)
		;
}

static void wait_for_more(struct consumer *c)
{
	struct histfs_notice notice;

	if (c->h && histfs_wait(c->h, LOOK_MS, &notice) >= 0)
		return;
	if (c->h)
		histfs_close(TAKE(c->h));
	poll(NULL, 0, LOOK_MS);
}

/* --- printing --- */

static int write_out(struct consumer *c)
{
	if (c->out.err)
		return c->out.err;
	if (c->out.len > 0 && fwrite(c->out.p, 1, c->out.len, stdout) != c->out.len)
		return -EIO;
	c->out.len = 0;
	return c->a->unbuffered && fflush(stdout) ? -EIO : 0;
}

static int print(struct consumer *c, const struct lane *l, const struct message *m)
{
	if (c->a->json) {
		envelope_put(&c->out, c->a->topic, l->partition, m);
		buf_put(&c->out, c->delimiter.p, c->delimiter.len);
	} else {
		format_put(c->format, &c->out, c->a->topic, l->partition, m);
	}
	return c->out.len >= PIECE || c->a->unbuffered || c->out.err ? write_out(c) : 0;
}

static int begin(struct consumer *c, struct lane *l, struct topic_reader *r)
{
	struct topic_range range;
	int e = position_begin(&c->a->position, r, &l->offset);

	if (e < 0)
		return e;
	l->begun = true;
	topic_reader_range(r, &range);
	if (l->offset < range.first_offset && c->a->position.from == POSITION_OFFSET)
		warnx("%s/%" PRIu32 ": messages before %" PRIu64 " are no longer kept", c->a->topic, l->partition,
		    range.first_offset);
	return 0;
}

/* Prints what a partition has. Ret: 1 if there may be more later. */
static int consume_lane(struct consumer *c, struct lane *l)
{
	struct topic_reader *reader;
	int r = topic_store_reader(c->topics, l->number, &reader);

	if (r == 0 && !l->begun)
		r = begin(c, l, reader);
	if (r == 0)
		r = position_end(&c->a->position, reader, &l->end);
	while (r == 0 && c->n_left > 0 && l->offset < l->end) {
		uint64_t behind = l->offset;
		struct message m;

		r = topic_reader_next(reader, l->offset, &m, &behind);
		if (r == -ENODATA)
			return 1;
		if (r == -EBADMSG && behind > l->offset) {
			warnx("%s/%" PRIu32 ": %" PRIu64 " to %" PRIu64 " are damaged", c->a->topic, l->partition,
			    l->offset, behind - 1);
			c->damaged = true;
			r = 0;
		} else if (r == 0 && m.offset < l->end) {
			r = print(c, l, &m);
			c->n_left--;
		}
		l->offset = behind;
	}
	return r;
}

/* All that there is now. Ret: 1 if there may be more later. */
static int consume_all(struct consumer *c)
{
	int r, later = 0;

	for (uint32_t i = 0; i < c->n_lanes && c->n_left > 0; i++) {
		r = consume_lane(c, &c->lanes[i]);
		if (r < 0)
			return r;
		later |= r;
	}
	r = write_out(c);
	return r < 0 ? r : later && c->n_left > 0;
}

static int consume(struct consumer *c)
{
	int r = add_lanes(c);

	if (r == 0)
		r = consume_all(c);
	if (r > 0 && !c->a->exit_at_end)
		subscribe(c);
	while (r > 0 && !c->a->exit_at_end) {
		if (fflush(stdout))
			return -EIO;
		wait_for_more(c);
		r = topic_store_refresh(c->topics);
		if (r >= 0)
			r = add_lanes(c);
		if (r == 0)
			r = consume_all(c);
	}
	return r < 0 ? r : 0;
}

/* --- arguments --- */

/* As kcat: the value and a delimiter; with -K the key and another before it. */
static int make_format(const struct arguments *a, struct consumer *c)
{
	_cleanup_(buf_done) struct buf text = {0};
	const char *delimiter = a->delimiter ? a->delimiter : "\\n";
	int r;

	format_unescape(&c->delimiter, delimiter, strlen(delimiter));
	if (a->format) {
		buf_puts(&text, a->format);
	} else {
		if (a->key_delimiter)
			buf_printf(&text, "%%k%s", a->key_delimiter);
		buf_printf(&text, "%%s%s", delimiter);
	}
	buf_put_u8(&text, '\0');
	r = text.err ? text.err : c->delimiter.err;
	return r < 0 ? r : format_new((const char *)text.p, a->null, &c->format);
}

static int parse(int argc, char **argv, struct arguments *a)
{
	int64_t n;
	int c;

	*a = (struct arguments){.partition = -1, .n = UINT64_MAX, .null = ""};
	while ((c = getopt(argc, argv, "+S:p:o:c:ef:JD:K:Zu")) >= 0) {
		switch (c) {
		case 'S':
			a->socket = optarg;
			break;
		case 'p':
			if (number_option(c, optarg, 0, UINT32_MAX, &a->partition) < 0)
				return -EINVAL;
			break;
		case 'o':
			if (position_parse(&a->position, optarg) < 0)
				return -EINVAL;
			break;
		case 'c':
			if (number_option(c, optarg, 0, INT64_MAX, &n) < 0)
				return -EINVAL;
			a->n = (uint64_t)n;
			break;
		case 'e':
			a->exit_at_end = true;
			break;
		case 'f':
			a->format = optarg;
			break;
		case 'J':
			a->json = true;
			break;
		case 'D':
			a->delimiter = optarg;
			break;
		case 'K':
			a->key_delimiter = optarg;
			break;
		case 'Z':
			a->null = "NULL";
			break;
		case 'u':
			a->unbuffered = true;
			break;
		default:
			return -EINVAL;
		}
	}
	if (argc - optind != 2)
		return -EINVAL;
	a->store = argv[optind];
	a->topic = argv[optind + 1];
	return 0;
}

static int run(int argc, char **argv)
{
	_cleanup_(opened_done) struct opened o = {0};
	_cleanup_(consumer_done) struct consumer c = {0};
	struct arguments a;
	int r;

	if (parse(argc, argv, &a) < 0)
		return EXIT_USAGE;
	c.a = &a;
	c.n_left = a.n;
	r = make_format(&a, &c);
	if (r == -EINVAL)
		warnx("%s: there is a token that is none", a.format);
	if (r < 0)
		return r == -EINVAL ? EXIT_USAGE : EXIT_FAILURE;
	if (opened_init(&o, a.store) < 0)
		return EXIT_FAILURE;
	r = store_topics(o.store, &c.topics);
	if (r == 0)
		r = consume(&c);
	if (r < 0)
		warnx("%s: %s", a.topic, r == -ENOENT ? "there is no such topic or partition" : strerror(-r));
	return r < 0 || c.damaged ? EXIT_FAILURE : EXIT_SUCCESS;
}

COMMAND(consume) = {
    .name = "consume",
    .args =
        "[-eJZu] [-S SOCKET] [-p PARTITION] [-o POSITION]... [-c N] [-f FORMAT] [-D DELIMITER] [-K DELIMITER] STORE "
        "TOPIC",
    .what = "prints the messages of a topic and follows it",
    .run = run,
};
