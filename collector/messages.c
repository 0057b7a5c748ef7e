/* messages.c -- see messages.h */
#include "collector/messages.h"

#include "collector/follow.h"
#include "collector/say.h"
#include "collector/server.h"
#include "collector/socket.h"
#include "collector/tidier.h"

struct messages {
	struct ingest *ingest;
	struct socket_file socket;
	struct server *server;
	struct tidier *tidier;
	struct follow *follow;
	struct config *config;
};

/* Everything but the topics themselves may be missing. */
static void start(struct messages *m, int dirfd)
{
	const struct config *c = m->config;
	int r;

	r = tidier_start(ingest_topics(m->ingest), &m->tidier);
	if (r < 0)
		say("old messages are not removed: %s", strerror(-r));
	socket_open(&c->topics.socket, &m->socket);
	r = server_start(m->ingest, c->store, m->socket.fd, &m->server);
	if (r == 0)
		r = follow_start(m->server, dirfd, m->config, &m->follow);
	if (r < 0)
		say("messages are not taken: %s", strerror(-r));
}

void messages_start(struct recorder *rec, struct config *c, struct messages **ret)
{
	struct messages *m = calloc(1, sizeof *m);
	int r = m ? ingest_open(rec, c, &m->ingest) : -ENOMEM;

	*ret = NULL;
	if (r < 0) {
		say("topics cannot be opened: %s; messages are not taken", strerror(-r));
		free(m);
		return;
	}
	m->config = config_get(c);
	start(m, recorder_dirfd(rec));
	*ret = m;
}

static void say_fixed(const char *key)
{
	say("%s is changed: this takes effect at the next start", key);
}

static int configure(struct ingest *g, void *arg, struct lane **lane)
{
	(void)lane;
	ingest_configure(g, arg);
	return 0;
}

void messages_configure(struct messages *m, struct config *c)
{
	const struct config_socket *was, *is = &c->topics.socket;

	if (!m)
		return;
	was = &m->config->topics.socket;
	if (strcmp(is->path, was->path) != 0 || is->mode != was->mode || is->owner != was->owner ||
	    is->group != was->group)
		say_fixed("the socket's path, mode, owner or group");
	if (is->max_memory != was->max_memory)
		say_fixed("max_memory");
	if (m->server)
		server_call(m->server, configure, c);
	if (m->follow)
		follow_configure(m->follow, c);
	config_put(m->config);
	m->config = config_get(c);
}

int messages_stop(struct messages *m)
{
	int r;

	if (!m)
		return 0;
	if (m->follow)
		follow_stop(m->follow);
	if (m->server)
		server_stop(m->server);
	socket_close(&m->socket);
	if (m->tidier)
		tidier_stop(m->tidier);
	r = ingest_close(m->ingest);
	if (r < 0)
		say("topics: %s; messages may be lost", strerror(-r));
	config_put(m->config);
	free(m);
	return r;
}

void messages_stat(struct messages *m, struct ingest_stat *ret)
{
	*ret = (struct ingest_stat){0};
	if (m)
		ingest_stat(m->ingest, ret);
}
