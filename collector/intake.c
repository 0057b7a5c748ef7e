/* intake.c -- see intake.h */
#include "collector/intake.h"

#include "collector/follow.h"
#include "collector/say.h"
#include "collector/scrape.h"
#include "collector/server.h"
#include "collector/socket.h"
#include "collector/textfile.h"
#include "collector/tidier.h"

struct intake {
	struct ingest *ingest;
	struct socket_file socket;
	struct server *server;
	struct tidier *tidier;
	struct follow *follow;
	struct scrape *scrape;
	struct textfile *textfile;
	struct config *config;
};

/* Threads, and a library, that only those need who want something fetched. */
static void start_fetching(struct intake *k)
{
	const struct config_series *c = &k->config->series;
	int r = 0;

	if (k->server && !k->scrape && c->n_scrapes > 0)
		r = scrape_start(k->server, k->config, &k->scrape);
	if (r < 0)
		say("nothing is scraped: %s", strerror(-r));
	r = 0;
	if (k->server && !k->textfile && c->n_textfiles > 0)
		r = textfile_start(k->server, k->config, &k->textfile);
	if (r < 0)
		say("files of samples are not read: %s", strerror(-r));
}

/* Everything but the topics themselves may be missing. */
static void start(struct intake *k, int store_fd, uint64_t store_id, struct age_clock *clock)
{
	const struct config *c = k->config;
	int r;

	r = tidier_start(ingest_topics(k->ingest), ingest_documents(k->ingest), gauges_points(ingest_gauges(k->ingest)),
	    clock, &k->tidier);
	if (r < 0)
		say("old messages, payloads and points are not removed: %s", strerror(-r));
	socket_open(&c->topics.socket, &k->socket);
	r = server_start(k->ingest, c->store, k->socket.fd, &k->server);
	if (r == 0)
		r = follow_start(k->server, store_fd, store_id, k->config, &k->follow);
	if (r < 0)
		say("messages are not taken: %s", strerror(-r));
	start_fetching(k);
}

void intake_start(int store_fd, uint64_t store_id, struct config *c, struct age_clock *clock, struct intake **ret)
{
	struct intake *k = calloc(1, sizeof *k);
	int r = k ? ingest_open(store_fd, store_id, c, &k->ingest) : -ENOMEM;

	*ret = NULL;
	if (r < 0) {
		say("topics cannot be opened: %s; messages are not taken", strerror(-r));
		free(k);
		return;
	}
	k->config = config_get(c);
	start(k, store_fd, store_id, clock);
	*ret = k;
}

static void say_fixed(const char *key)
{
	say("%s is changed: this takes effect at the next start", key);
}

void intake_configure(struct intake *k, struct config *c)
{
	const struct config_socket *was, *is = &c->topics.socket;

	if (!k)
		return;
	was = &k->config->topics.socket;
	if (strcmp(is->path, was->path) != 0 || is->mode != was->mode || is->owner != was->owner ||
	    is->group != was->group)
		say_fixed("the socket's path, mode, owner or group");
	if (is->max_memory != was->max_memory)
		say_fixed("max_memory");
	if (c->payloads.sync != k->config->payloads.sync ||
	    c->payloads.segment_size != k->config->payloads.segment_size)
		say_fixed("sync or segment_size of [payloads]");
	documents_configure(ingest_documents(k->ingest), &c->payloads);
	if (k->server)
		server_configure(k->server, c);
	if (k->follow)
		follow_configure(k->follow, c);
	if (k->scrape)
		scrape_configure(k->scrape, c);
	if (k->textfile)
		textfile_configure(k->textfile, c);
	config_put(k->config);
	k->config = config_get(c);
	start_fetching(k);
}

int intake_stop(struct intake *k)
{
	int r;

	if (!k)
		return 0;
	if (k->scrape)
		scrape_stop(k->scrape);
	if (k->textfile)
		textfile_stop(k->textfile);
	if (k->follow)
		follow_stop(k->follow);
	if (k->server)
		server_stop(k->server);
	socket_close(&k->socket);
	if (k->tidier)
		tidier_stop(k->tidier);
	r = ingest_close(k->ingest);
	if (r < 0)
		say("topics: %s; messages may be lost", strerror(-r));
	config_put(k->config);
	free(k);
	return r;
}
