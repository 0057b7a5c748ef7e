/* produce.c -- how fast messages get into topics through the socket: clients, size, batch, acknowledgement */
#include "client/histfs.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct producer {
	pthread_t thread;
	const char *path;
	unsigned number;
	size_t batch, size;
	enum histfs_ack ack;
	double seconds;
	uint64_t n;
	int r;
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* One answer is waited for where each message is to be synced; else a few requests are on their way. */
static int produce(struct producer *p, struct histfs *h, const struct histfs_message *m)
{
	double end = now() + p->seconds;
	int r = 0;

	while (r == 0 && now() < end) {
		r = histfs_produce_send(h, "bench", 0, m, p->batch, p->ack);
		if (r == 0)
			r = histfs_drain(h, p->ack == HISTFS_SYNCED ? 0 : 8);
		p->n += p->batch;
	}
	return r < 0 ? r : histfs_drain(h, 0);
}

static void *producer_main(void *arg)
{
	struct producer *p = arg;
	struct histfs_message *m = calloc(p->batch, sizeof *m);
	char *value = malloc(p->size);
	struct histfs *h;

	p->r = m && value ? histfs_open(p->path, &h) : -ENOMEM;
	if (p->r < 0)
		return NULL;
	memset(value, 'x', p->size);
	for (size_t i = 0; i < p->batch; i++)
		m[i] = (struct histfs_message){.value = value, .value_len = p->size};
	p->r = produce(p, h, m);
	if (p->r < 0)
		fprintf(stderr, "produce: %s\n", histfs_error(h));
	histfs_close(h);
	free(m);
	free(value);
	return NULL;
}

int main(int argc, char **argv)
{
	enum { PRODUCERS_MAX = 256 };
	static struct producer p[PRODUCERS_MAX];
	unsigned n = argc > 2 ? (unsigned)atoi(argv[2]) : 1;
	uint64_t sum = 0;
	double begin, took;
	int r = 0;

	if (argc != 7 || n < 1 || n > PRODUCERS_MAX) {
		fprintf(stderr, "usage: produce SOCKET CLIENTS BATCH SIZE ACK SECONDS\n");
		return 2;
	}
	begin = now();
	for (unsigned i = 0; i < n; i++) {
		p[i] = (struct producer){.path = argv[1],
		    .number = i,
		    .batch = (size_t)atol(argv[3]),
		    .size = (size_t)atol(argv[4]),
		    .ack = (enum histfs_ack)atoi(argv[5]),
		    .seconds = atof(argv[6])};
		pthread_create(&p[i].thread, NULL, producer_main, &p[i]);
	}
	for (unsigned i = 0; i < n; i++) {
		pthread_join(p[i].thread, NULL);
		sum += p[i].n;
		r = p[i].r < 0 ? p[i].r : r;
	}
	took = now() - begin;
	printf("clients %u batch %s size %s ack %s: %.0f messages/s, %.1f MB/s\n", n, argv[3], argv[4], argv[5],
	    (double)sum / took, (double)sum * atof(argv[4]) / took / 1e6);
	return r < 0;
}
