/* produce.c -- producers for tests: each message has its producer and number, and what was acknowledged is printed
 *
 *   produce SOCKET TOPIC PRODUCERS MESSAGES ACK     lines "PRODUCER NUMBER OFFSET", as they are acknowledged
 *   produce -v SOCKET TOPIC <LINES                  whether each of these is there, once, at its offset
 *   produce -t SOCKET N                             makes N topics by producing to them
 *   produce -n SOCKET TOPIC                         its next offset
 *   produce -l SOCKET TOPIC                         its values, a line each
 *
 * A connection that ends is the end of that producer, and no error: histd is killed in some tests.
 */
#include "client/histfs.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct producer {
	pthread_t thread;
	const char *path, *topic;
	unsigned number, n;
	enum histfs_ack ack;
	int r; /* of what is not the end of the connection */
};

static void *producer_main(void *arg)
{
	struct producer *p = arg;
	struct histfs *h = NULL;
	int r = histfs_open(p->path, &h);

	for (unsigned i = 0; r == 0 && i < p->n; i++) {
		char text[40];
		struct histfs_message m = {
		    .value = text, .value_len = (size_t)snprintf(text, sizeof text, "%u %u", p->number, i)};
		uint64_t offset;

		r = histfs_produce(h, p->topic, 0, &m, 1, p->ack, &offset);
		if (r == 0)
			printf("%u %u %" PRIu64 "\n", p->number, i, offset);
		else
			fprintf(stderr, "%u %u: %s\n", p->number, i, histfs_error(h));
	}
	if (r < 0 && r != -EPIPE && r != -ECONNRESET && r != -ENOENT && r != -ECONNREFUSED)
		p->r = r;
	histfs_close(h);
	return NULL;
}

static int produce(char **argv)
{
	enum { PRODUCERS_MAX = 64 };
	static struct producer p[PRODUCERS_MAX];
	unsigned n = (unsigned)atoi(argv[3]);
	int r = 0;

	if (n < 1 || n > PRODUCERS_MAX)
		return 2;
	for (unsigned i = 0; i < n; i++) {
		p[i] = (struct producer){.path = argv[1],
		    .topic = argv[2],
		    .number = i,
		    .n = (unsigned)atoi(argv[4]),
		    .ack = (enum histfs_ack)atoi(argv[5])};
		if (pthread_create(&p[i].thread, NULL, producer_main, &p[i]) != 0)
			return 1;
	}
	for (unsigned i = 0; i < n; i++) {
		pthread_join(p[i].thread, NULL);
		r = p[i].r < 0 ? p[i].r : r;
	}
	return r < 0;
}

/* What is at an offset: producer and number. */
struct said {
	unsigned producer, number;
	bool there;
};

static int read_all(struct histfs *h, const char *topic, struct said **ret, size_t *ret_n)
{
	uint64_t next = 0;
	size_t n;

	*ret = NULL;
	*ret_n = 0;
	do {
		const struct histfs_message *m;
		int r = histfs_fetch(h, topic, 0, next, 1 << 20, &m, &n, &next);
		struct said *v;

		if (r < 0)
			return r;
		v = realloc(*ret, (size_t)(next + 1) * sizeof *v);
		if (!v)
			return -1;
		*ret = v;
		memset(v + *ret_n, 0, ((size_t)next - *ret_n) * sizeof *v);
		*ret_n = (size_t)next;
		for (size_t i = 0; i < n; i++) {
			char text[64];

			snprintf(text, sizeof text, "%.*s", (int)m[i].value_len, (const char *)m[i].value);
			v[m[i].offset].there =
			    sscanf(text, "%u %u", &v[m[i].offset].producer, &v[m[i].offset].number) == 2;
		}
	} while (n > 0);
	return 0;
}

/* Every line on standard input is there, and nothing is there twice. */
static int verify(char **argv)
{
	struct histfs *h = NULL;
	struct said *v;
	size_t n, lines = 0, bad = 0;
	unsigned producer, number, before[64] = {0};
	uint64_t offset;

	if (histfs_open(argv[2], &h) < 0 || read_all(h, argv[3], &v, &n) < 0) {
		fprintf(stderr, "produce: %s\n", h ? histfs_error(h) : argv[2]);
		return 1;
	}
	while (scanf("%u %u %" SCNu64, &producer, &number, &offset) == 3) {
		lines++;
		if (offset >= n || !v[offset].there || v[offset].producer != producer || v[offset].number != number)
			bad++;
	}
	/* A producer sends one after the other, so that its numbers ascend. */
	for (size_t i = 0; i < n; i++) {
		if (!v[i].there)
			continue;
		if (v[i].producer >= 64 || v[i].number != before[v[i].producer]++)
			bad++;
	}
	printf("%zu acknowledged, %zu bad\n", lines, bad);
	histfs_close(h);
	free(v);
	return bad > 0 || lines == 0;
}

static int make_topics(char **argv)
{
	unsigned n = (unsigned)atoi(argv[3]);
	struct histfs_message m = {.value = "x", .value_len = 1};
	struct histfs *h = NULL;
	int r = histfs_open(argv[2], &h);

	for (unsigned i = 0; r == 0 && i < n; i++) {
		char name[32];

		snprintf(name, sizeof name, "topic-%u", i);
		r = histfs_produce_send(h, name, 0, &m, 1, HISTFS_WRITTEN);
		if (r == 0)
			r = histfs_drain(h, 100);
	}
	if (r == 0)
		r = histfs_drain(h, 0);
	if (r < 0)
		fprintf(stderr, "produce: %s\n", h ? histfs_error(h) : strerror(-r));
	histfs_close(h);
	return r < 0;
}

static int print_next(char **argv)
{
	struct histfs_offsets o;
	struct histfs *h = NULL;
	int r = histfs_open(argv[2], &h);

	if (r == 0)
		r = histfs_offsets(h, argv[3], 0, HISTFS_NOW, &o);
	if (r == 0)
		printf("%" PRIu64 "\n", o.next);
	histfs_close(h);
	return r < 0;
}

static int print_values(char **argv)
{
	struct histfs *h = NULL;
	int r = histfs_open(argv[2], &h);
	uint64_t next = 0;
	size_t n = 1;

	while (r == 0 && n > 0) {
		const struct histfs_message *m;

		r = histfs_fetch(h, argv[3], 0, next, 1 << 20, &m, &n, &next);
		for (size_t i = 0; r == 0 && i < n; i++)
			printf("%.*s\n", (int)m[i].value_len, (const char *)m[i].value);
	}
	histfs_close(h);
	return r < 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "-n") == 0)
		return print_next(argv);
	if (argc == 4 && strcmp(argv[1], "-l") == 0)
		return print_values(argv);
	if (argc == 4 && strcmp(argv[1], "-v") == 0)
		return verify(argv);
	if (argc == 4 && strcmp(argv[1], "-t") == 0)
		return make_topics(argv);
	if (argc == 6)
		return produce(argv);
	fprintf(stderr, "usage: produce SOCKET TOPIC PRODUCERS MESSAGES ACK\n");
	return 2;
}
