/* served.h -- for tests: a store with topics, and the server's thread over it, as histd has them */
#ifndef TESTS_UNIT_SERVED_H
#define TESTS_UNIT_SERVED_H

#include "client/histfs.h"
#include "collector/server.h"
#include "collector/socket.h"
#include "store/recorder.h"
#include "tests/tap.h"

struct served {
	char dir[64], socket[64]; /* of the store, and of clients */
	struct recorder *rec;
	struct config *config;
	struct ingest *ingest;
	struct socket_file file;
	struct server *server;
};

/* A configuration of that text, for a store in dir. */
static inline struct config *served_config(const char *dir, const char *text)
{
	char path[64], error[CONFIG_ERROR_MAX];
	struct config *c = NULL;
	FILE *f;

	snprintf(path, sizeof path, "%s/conf", dir);
	f = fopen(path, "w");
	if (!ok(f))
		return NULL;
	fprintf(f, "[store]\npath = %s/store\n%s[socket]\npath = %s/socket\n", dir, text, dir);
	fclose(f);
	if (!ok_r(config_load(path, &c, error)))
		fprintf(stderr, "# %s\n", error);
	return c;
}

static inline void served_end(struct served *s)
{
	if (s->server)
		server_stop(s->server);
	socket_close(&s->file);
	if (s->ingest)
		ok_r(ingest_close(s->ingest));
	if (s->rec)
		recorder_close(s->rec);
	if (s->config)
		config_put(s->config);
	s->server = NULL;
	s->ingest = NULL;
	s->rec = NULL;
	s->config = NULL;
}

/* Everything, or what there is of it. */
static inline bool served_begin(struct served *s, const char *dir, const char *text)
{
	const struct recorder_options o = {0};

	*s = (struct served){.file = {.fd = -1, .lockfd = -1}};
	snprintf(s->dir, sizeof s->dir, "%s/store", dir);
	snprintf(s->socket, sizeof s->socket, "%s/socket", dir);
	s->config = served_config(dir, text);
	return ok(s->config) && ok_r(recorder_open(s->dir, &o, &s->rec)) &&
	       ok_r(ingest_open(recorder_dirfd(s->rec), recorder_store_id(s->rec), s->config, &s->ingest)) &&
	       ok_r(socket_open(&s->config->topics.socket, &s->file)) &&
	       ok_r(server_start(s->ingest, s->dir, s->file.fd, &s->server));
}

#endif
