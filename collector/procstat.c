/* procstat.c -- see procstat.h */
#include "collector/procstat.h"

#include <time.h>

/* The file below one root. */
struct procstat {
	struct procfs *fs;
	struct procfile file;
	const char *text;    /* of the last reading */
	uint64_t n_readings; /* 0: there is no text */
	int64_t time_ns;     /* of the last reading */
	unsigned n_users;
	struct procstat *next;
};

struct procstat_user {
	struct procstat *stat;
	uint64_t had; /* number of the reading that it had last */
};

/* As many as there are roots: one. */
static struct procstat *stats;

static int get(struct procfs *fs, struct procstat **ret)
{
	struct procstat *s = stats;

	while (s && s->fs != fs)
		s = s->next;
	if (!s) {
		s = calloc(1, sizeof *s);
		if (!s)
			return -ENOMEM;
		s->fs = fs;
		s->file = PROCFILE_CLOSED;
		s->next = stats;
		stats = s;
	}
	s->n_users++;
	*ret = s;
	return 0;
}

static void put(struct procstat *s)
{
	struct procstat **at = &stats;

	if (--s->n_users > 0)
		return;
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	procfile_done(&s->file);
	free(s);
}

int procstat_new(const struct source_env *env, struct procstat_user **ret)
{
	struct procstat_user *u = calloc(1, sizeof *u);
	int r;

	if (!u)
		return -ENOMEM;
	r = get(env->fs, &u->stat);
	if (r < 0) {
		free(u);
		return r;
	}
	*ret = u;
	return 0;
}

void procstat_free(struct procstat_user *u)
{
	put(u->stat);
	free(u);
}

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

int procstat_read(struct procstat_user *u, const char **ret)
{
	struct procstat *s = u->stat;
	int64_t now = now_ns();

	if (u->had == s->n_readings || now - s->time_ns > PROCSTAT_AGE_NS) {
		size_t len;
		int r = procfile_read(s->fs, &s->file, "proc/stat", &s->text, &len);

		if (r < 0) {
			/* Nobody may have the text that was there before. */
			s->time_ns = INT64_MIN / 2;
			return r;
		}
		s->n_readings++;
		s->time_ns = now;
	}
	u->had = s->n_readings;
	*ret = s->text;
	return 0;
}
