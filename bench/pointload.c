/* pointload.c -- how fast points get into histd through the socket, and as many bytes into a file
 *
 *   pointload socket|file WHERE SET CLIENTS POINTS BATCH written|synced
 *       POINTS of the set, in order of time, as line protocol that is made before, BATCH in a request; each client has
 *       its share of the series. After the set's last second it begins again, later by the set's length. file: the
 *       requests' texts into one file, one after another. Output: points a second
 *   pointload live SOCKET SERIES ROUNDS
 *       a point of each of SERIES series, ROUNDS times
 */
#include "bench/pointset.h"
#include "client/histfs.h"
#include "store/point_text.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { CLIENTS_MAX = 64 };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(int r, const char *what)
{
	if (r < 0)
		errx(1, "%s: %s", what, strerror(-r));
}

/* --- what is sent --- */

/* Requests, as one text. */
struct requests {
	char *text;
	size_t len;
	size_t *ends; /* of the requests */
	size_t n;
};

struct maker {
	const struct pointset *set;
	char **heads; /* of the series' lines */
	size_t *head_lens;
	uint64_t *next; /* point of each series */
	int64_t first_ns, length_ns;
};

static void make_heads(struct maker *m)
{
	uint64_t n = m->set->head->n_series;
	int64_t last = INT64_MIN;

	m->heads = calloc(n + 1, sizeof *m->heads);
	m->head_lens = calloc(n + 1, sizeof *m->head_lens);
	m->next = calloc(n + 1, sizeof *m->next);
	if (!m->heads || !m->head_lens || !m->next)
		err(1, "memory");
	for (uint64_t i = 0; i < n; i++) {
		struct pointset_series s = pointset_series(m->set, i);
		FILE *f = open_memstream(&m->heads[i], &m->head_lens[i]);

		if (!f)
			err(1, "memory");
		pointset_put_influx(&s, f);
		if (fclose(f) != 0)
			err(1, "memory");
	}
	m->first_ns = INT64_MAX;
	for (uint64_t i = 0; i < m->set->head->n_points; i++) {
		m->first_ns = m->set->times[i] < m->first_ns ? m->set->times[i] : m->first_ns;
		last = m->set->times[i] > last ? m->set->times[i] : last;
	}
	m->length_ns = last - m->first_ns + 1000000000;
}

static void put_line(const struct maker *m, uint64_t i, int64_t ns, double v, FILE *out)
{
	char text[POINT_VALUE_MAX];
	uint64_t bits;

	memcpy(&bits, &v, sizeof bits);
	fwrite(m->heads[i], 1, m->head_lens[i], out);
	fwrite(text, 1, point_text_put_value(text, bits), out);
	fprintf(out, " %" PRId64 "\n", ns);
}

/* n points of every clients-th series, from the client's number on. */
static void make_requests(
    struct maker *m, struct requests *r, uint64_t client, uint64_t clients, size_t n, size_t batch)
{
	FILE *out = open_memstream(&r->text, &r->len);
	int64_t end = m->first_ns, shift = 0;
	size_t made = 0;

	r->ends = calloc(n / batch + 2, sizeof *r->ends);
	if (!out || !r->ends)
		err(1, "memory");
	memset(m->next, 0, m->set->head->n_series * sizeof *m->next);
	while (made < n) {
		end += 1000000000;
		if (end > m->first_ns + m->length_ns) {
			end = m->first_ns;
			shift += m->length_ns;
			memset(m->next, 0, m->set->head->n_series * sizeof *m->next);
			continue;
		}
		for (uint64_t i = client; i < m->set->head->n_series && made < n; i += clients) {
			struct pointset_series s = pointset_series(m->set, i);

			for (; m->next[i] < s.n && s.times[m->next[i]] < end && made < n; m->next[i]++) {
				put_line(m, i, s.times[m->next[i]] + shift, s.values[m->next[i]], out);
				if (++made % batch == 0 || made == n) {
					fflush(out);
					r->ends[r->n++] = r->len;
				}
			}
		}
	}
	if (fclose(out) != 0)
		err(1, "memory");
}

/* --- to histd --- */

struct client {
	pthread_t thread;
	const char *socket;
	struct requests requests;
	enum histfs_ack ack;
	uint64_t accepted;
};

static void *client_main(void *arg)
{
	struct client *c = arg;
	struct histfs_taken taken;
	struct histfs *h;
	size_t at = 0;

	must(histfs_open(c->socket, &h), c->socket);
	for (size_t i = 0; i < c->requests.n; i++) {
		int r = histfs_points_text(
		    h, HISTFS_INFLUX, c->requests.text + at, c->requests.ends[i] - at, c->ack, &taken);

		if (r < 0 || taken.refused > 0)
			errx(1, "%s", r < 0 ? histfs_error(h) : taken.why);
		c->accepted += taken.accepted;
		at = c->requests.ends[i];
	}
	histfs_close(h);
	return NULL;
}

static double send_all(struct client *clients, unsigned n)
{
	double start = now();

	for (unsigned i = 0; i < n; i++)
		must(-pthread_create(&clients[i].thread, NULL, client_main, &clients[i]), "thread");
	for (unsigned i = 0; i < n; i++)
		pthread_join(clients[i].thread, NULL);
	return now() - start;
}

/* --- to a file --- */

static double write_all(const char *path, const struct client *clients, unsigned n, bool synced)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	double start = now();

	must(fd < 0 ? -errno : 0, path);
	for (unsigned i = 0; i < n; i++) {
		const struct requests *r = &clients[i].requests;

		for (size_t k = 0, at = 0; k < r->n; at = r->ends[k++]) {
			ssize_t len = (ssize_t)(r->ends[k] - at);

			if (write(fd, r->text + at, (size_t)len) != len || (synced && fdatasync(fd) < 0))
				err(1, "%s", path);
		}
	}
	start = now() - start;
	close(fd);
	return start;
}

/* --- live series --- */

static void send_live(const char *socket, uint64_t n_series, unsigned rounds)
{
	enum { BATCH = 10000 };
	struct histfs_taken taken;
	struct histfs *h;
	char *text;
	size_t len;

	must(histfs_open(socket, &h), socket);
	for (uint64_t i = 0; i < n_series * rounds; i += BATCH) {
		FILE *f = open_memstream(&text, &len);
		int r;

		if (!f)
			err(1, "memory");
		for (uint64_t k = i; k < i + BATCH && k < n_series * rounds; k++)
			fprintf(f,
			    "http_requests_total,host=web-%" PRIu64 ",path=/api/v1/%" PRIu64 " value=%" PRIu64
			    " %" PRIu64 "\n",
			    k % n_series % 1000, k % n_series / 1000, k * 7 % 1000003,
			    (uint64_t)1800000000 * 1000000000 + k / n_series * 1000000000);
		if (fclose(f) != 0)
			err(1, "memory");
		r = histfs_points_text(h, HISTFS_INFLUX, text, len, HISTFS_WRITTEN, &taken);
		if (r < 0 || taken.refused > 0)
			errx(1, "%s", r < 0 ? histfs_error(h) : taken.why);
		free(text);
	}
	histfs_close(h);
}

int main(int argc, char **argv)
{
	static struct client clients[CLIENTS_MAX];
	const bool file = argc > 1 && strcmp(argv[1], "file") == 0,
	           synced = argc == 8 && strcmp(argv[7], "synced") == 0;
	uint64_t points, n;
	struct pointset set;
	struct maker m = {.set = &set};
	double took;

	if (argc == 5 && strcmp(argv[1], "live") == 0) {
		send_live(argv[2], strtoull(argv[3], NULL, 10), (unsigned)strtoul(argv[4], NULL, 10));
		return 0;
	}
	n = argc == 8 ? strtoull(argv[4], NULL, 10) : 0;
	if (n < 1 || n > CLIENTS_MAX || (!file && strcmp(argv[1], "socket") != 0)) {
		fputs("usage: pointload socket|file WHERE SET CLIENTS POINTS BATCH written|synced\n"
		      "       pointload live SOCKET SERIES ROUNDS\n",
		    stderr);
		return 2;
	}
	points = strtoull(argv[5], NULL, 10) / n * n;
	pointset_open(argv[3], &set);
	make_heads(&m);
	for (uint64_t i = 0; i < n; i++) {
		clients[i].socket = argv[2];
		clients[i].ack = synced ? HISTFS_SYNCED : HISTFS_WRITTEN;
		make_requests(&m, &clients[i].requests, i, n, points / n, strtoull(argv[6], NULL, 10));
	}
	took = file ? write_all(argv[2], clients, (unsigned)n, synced) : send_all(clients, (unsigned)n);
	for (uint64_t i = 0; i < n && !file; i++)
		points -= clients[i].accepted;
	if (!file && points != 0)
		errx(1, "%" PRIu64 " points were not accepted", points);
	printf("%.0f\n", strtod(argv[5], NULL) / took);
	return 0;
}
