/* producer.c -- see producer.h */
#include "ctl/producer.h"

#include "ctl/connected.h"
#include "ctl/murmur2.h"
#include "store/bytes.h"

#include <err.h>

enum {
	GATHER_BYTES = 1 << 20, /* of all partitions, then they are sent */
	GATHER_N = 10000,
	ON_THEIR_WAY = 64, /* requests */
};

/* What was gathered for a partition: messages, as they are sent. */
struct lane {
	struct buf messages; /* struct histfs_message */
};

struct producer {
	struct histfs *h;
	const char *topic;
	int64_t partition;
	enum histfs_ack ack;
	struct lane *lanes; /* by partition */
	uint32_t n_lanes;
	uint32_t turn; /* for PRODUCER_ROUND_ROBIN */
	size_t n, bytes;
	struct buf copies; /* void *: what was copied */
	bool told;         /* of an error; what follows from it is not told */
};

static int fail(struct producer *p, int r)
{
	const char *why = p->h ? histfs_error(p->h) : "";

	if (!p->told)
		warnx("%s: %s", p->topic, *why ? why : strerror(-r));
	p->told = true;
	return r;
}

/* --- the topic --- */

struct wanted {
	const char *name;
	uint32_t n_partitions;
};

static int is_wanted(const char *topic, uint32_t partitions, void *arg)
{
	struct wanted *w = arg;

	if (strcmp(topic, w->name) != 0)
		return 0;
	w->n_partitions = partitions;
	return 1;
}

static int find_topic(struct producer *p, uint32_t *ret)
{
	struct wanted w = {.name = p->topic};
	int r = histfs_topics(p->h, is_wanted, &w);

	if (r == 0) {
		/* With as many partitions as histd makes; one, if it is to be told. */
		r = histfs_create(p->h, p->topic, 0);
		if (r == -EINVAL)
			r = histfs_create(p->h, p->topic, 1);
		if (r == 0)
			r = histfs_topics(p->h, is_wanted, &w);
		if (r == 0)
			r = -ENOENT;
	}
	if (r > 0)
		*ret = w.n_partitions;
	return r > 0 ? 0 : r;
}

int producer_new(const char *socket, const char *topic, int64_t partition, enum histfs_ack ack, struct producer **ret)
{
	_cleanup_(cleanup_producer) struct producer *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return -ENOMEM;
	p->topic = topic;
	p->partition = partition;
	p->ack = ack;
	r = connected_open(socket, &p->h);
	if (r < 0)
		return r;
	r = find_topic(p, &p->n_lanes);
	if (r < 0)
		return fail(p, r);
	if (partition >= 0 && partition >= p->n_lanes) {
		warnx("%s has partitions 0 to %u", topic, p->n_lanes - 1);
		return -ENOENT;
	}
	p->lanes = calloc(p->n_lanes, sizeof(*p->lanes));
	if (!p->lanes)
		return -ENOMEM;
	*ret = TAKE(p);
	return 0;
}

static void free_copies(struct producer *p)
{
	void **copies = (void **)(void *)p->copies.p;

	for (size_t i = 0; i < p->copies.len / sizeof(*copies); i++)
		free(copies[i]);
	p->copies.len = 0;
}

void producer_free(struct producer *p)
{
	free_copies(p);
	buf_done(&p->copies);
	for (uint32_t i = 0; p->lanes && i < p->n_lanes; i++)
		buf_done(&p->lanes[i].messages);
	free(p->lanes);
	if (p->h)
		histfs_close(p->h);
	free(p);
}

/* --- gathering --- */

static size_t size_of(const struct histfs_message *m)
{
	size_t n = m->key_len + m->value_len + m->n_headers * sizeof(*m->headers);

	for (size_t i = 0; i < m->n_headers; i++)
		n += m->headers[i].name_len + m->headers[i].value_len;
	return n;
}

static const void *move(char **at, const void *p, size_t len)
{
	char *to = *at;

	if (!p)
		return NULL;
	if (len)
		memcpy(to, p, len);
	*at += len;
	return to;
}

/* All of a message in one piece of memory: its headers, then what they and it point to. */
static int copy_message(struct producer *p, struct histfs_message *m)
{
	char *mem = malloc(size_of(m) + 1), *at = mem;
	struct histfs_header *headers;

	if (!mem)
		return -ENOMEM;
	buf_put(&p->copies, &mem, sizeof(mem));
	if (p->copies.err) {
		free(mem);
		return p->copies.err;
	}
	headers = (struct histfs_header *)(void *)at;
	for (size_t i = 0; i < m->n_headers; i++)
		headers[i] = m->headers[i];
	at += m->n_headers * sizeof(*headers);
	for (size_t i = 0; i < m->n_headers; i++) {
		headers[i].name = move(&at, headers[i].name, headers[i].name_len);
		headers[i].value = move(&at, headers[i].value, headers[i].value_len);
	}
	m->headers = headers;
	m->key = move(&at, m->key, m->key_len);
	m->value = move(&at, m->value, m->value_len);
	return 0;
}

static uint32_t choose(struct producer *p, const struct histfs_message *m)
{
	if (p->partition >= 0)
		return (uint32_t)p->partition;
	if (p->partition == PRODUCER_ROUND_ROBIN)
		return p->turn++ % p->n_lanes;
	return m->key ? murmur2_partition(m->key, m->key_len, p->n_lanes) : 0;
}

int producer_add(struct producer *p, const struct histfs_message *m, int64_t partition, bool copy)
{
	uint32_t to = partition >= 0 && partition < p->n_lanes ? (uint32_t)partition : choose(p, m);
	struct histfs_message added = *m;
	int r = 0;

	if (partition >= p->n_lanes) {
		warnx("%s has no partition %lld", p->topic, (long long)partition);
		return -ENOENT;
	}
	if (copy)
		r = copy_message(p, &added);
	if (r == 0) {
		buf_put(&p->lanes[to].messages, &added, sizeof(added));
		r = p->lanes[to].messages.err;
	}
	if (r < 0)
		return fail(p, r);
	p->bytes += size_of(m);
	return ++p->n >= GATHER_N || p->bytes >= GATHER_BYTES ? producer_flush(p) : 0;
}

/* --- sending --- */

int producer_flush(struct producer *p)
{
	int r = 0;

	for (uint32_t i = 0; i < p->n_lanes && p->n > 0 && r == 0; i++) {
		struct buf *b = &p->lanes[i].messages;
		const struct histfs_message *m = (const struct histfs_message *)(const void *)b->p;

		if (b->len > 0)
			r = histfs_produce_send(p->h, p->topic, i, m, b->len / sizeof(*m), p->ack);
		buf_clear(b);
	}
	p->n = p->bytes = 0;
	free_copies(p);
	if (r == 0)
		r = histfs_drain(p->h, ON_THEIR_WAY);
	return r < 0 ? fail(p, r) : 0;
}

int producer_drain(struct producer *p)
{
	int r = histfs_drain(p->h, 0);

	return r < 0 ? fail(p, r) : 0;
}
