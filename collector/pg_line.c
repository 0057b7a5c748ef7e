/* pg_line.c -- see pg_line.h */
#include "collector/pg_line.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

enum { WAITING_MAX = 64 };

/* A connection to a database that is not the first one. */
struct waiting {
	char *database;
	struct pg_conn *conn;
};

struct pg_line {
	char *name, *conninfo;
	struct pg_conn *first;

	/* Under the lock. */
	unsigned refs;
	bool used;
	struct pg_line *next;

	/* The user's. */
	int quit_fd;
	struct waiting waiting[WAITING_MAX];
	size_t n_waiting;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct pg_line *lines;

static void free_line(struct pg_line *l)
{
	for (size_t i = 0; i < l->n_waiting; i++) {
		free(l->waiting[i].database);
		pg_conn_free(l->waiting[i].conn);
	}
	if (l->first)
		pg_conn_free(l->first);
	free(l->name);
	free(l->conninfo);
	free(l);
}

static int new_line(const char *name, const char *conninfo, struct pg_line **ret)
{
	struct pg_line *l = calloc(1, sizeof *l);
	int r;

	if (!l)
		return -ENOMEM;
	l->name = strdup(name);
	l->conninfo = strdup(conninfo);
	r = l->name && l->conninfo ? pg_conn_new(conninfo, NULL, -1, &l->first) : -ENOMEM;
	if (r < 0)
		free_line(l);
	else
		*ret = l;
	return r;
}

int pg_line_get(const char *name, const char *conninfo, struct pg_line **ret)
{
	struct pg_line *l;
	int r = 0;

	pthread_mutex_lock(&lock);
	for (l = lines; l; l = l->next)
		if (strcmp(l->name, name) == 0 && strcmp(l->conninfo, conninfo) == 0)
			break;
	if (!l) {
		r = new_line(name, conninfo, &l);
		if (r == 0) {
			l->next = lines;
			lines = l;
		}
	}
	if (r == 0) {
		l->refs++;
		*ret = l;
	}
	pthread_mutex_unlock(&lock);
	return r;
}

void pg_line_put(struct pg_line *l)
{
	struct pg_line **at = &lines;
	bool last;

	pthread_mutex_lock(&lock);
	last = --l->refs == 0;
	if (last) {
		while (*at != l)
			at = &(*at)->next;
		*at = l->next;
	}
	pthread_mutex_unlock(&lock);
	if (last)
		free_line(l);
}

int pg_line_enter(struct pg_line *l, int quit_fd)
{
	bool free_to_use;

	pthread_mutex_lock(&lock);
	free_to_use = !l->used;
	l->used = true;
	pthread_mutex_unlock(&lock);
	if (!free_to_use)
		return -EBUSY;
	l->quit_fd = quit_fd;
	pg_conn_hand_over(l->first, quit_fd);
	for (size_t i = 0; i < l->n_waiting; i++)
		pg_conn_hand_over(l->waiting[i].conn, quit_fd);
	return 0;
}

void pg_line_leave(struct pg_line *l)
{
	if (!pg_conn_waits(l->first))
		pg_conn_close(l->first);
	pthread_mutex_lock(&lock);
	l->used = false;
	pthread_mutex_unlock(&lock);
}

struct pg_conn *pg_line_first(struct pg_line *l)
{
	return l->first;
}

int pg_line_take(struct pg_line *l, const char *database, struct pg_conn **ret)
{
	for (size_t i = 0; i < l->n_waiting; i++) {
		if (strcmp(l->waiting[i].database, database) != 0)
			continue;
		*ret = l->waiting[i].conn;
		free(l->waiting[i].database);
		l->waiting[i] = l->waiting[--l->n_waiting];
		return 0;
	}
	/* Whose places are all taken by databases that are gone. */
	if (l->n_waiting == WAITING_MAX)
		return -EBUSY;
	return pg_conn_new(l->conninfo, database, l->quit_fd, ret);
}

void pg_line_give(struct pg_line *l, const char *database, struct pg_conn *conn)
{
	char *copy = pg_conn_waits(conn) ? strdup(database) : NULL;

	if (copy)
		l->waiting[l->n_waiting++] = (struct waiting){copy, conn};
	else
		pg_conn_free(conn);
}
