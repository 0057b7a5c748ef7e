/* opened.c -- a store that a command reads */
#include "ctl/opened.h"

#include "view/name.h"

#include <err.h>
#include <time.h>

int opened_init(struct opened *o, const char *dir)
{
	int r = store_open(dir, NULL, &o->store);

	if (r == 0)
		r = tree_new(o->store, &o->tree);
	if (r == -ENOENT && access(dir, F_OK) == 0)
		warnx("%s: not a store (there is no histfs.store in it)", dir);
	else if (r == -EPROTONOSUPPORT)
		warnx("%s: written by a newer version of histfs", dir);
	else if (r == -EBADMSG)
		warnx("%s: histfs.store is damaged, or not one", dir);
	else if (r < 0)
		warnx("%s: %s", dir, strerror(-r));
	return r;
}

void opened_done(struct opened *o)
{
	if (o->tree)
		tree_free(o->tree);
	if (o->store)
		store_close(o->store);
}

int opened_time(const char *text, int64_t *ret_ms)
{
	struct timespec now;
	bool relative;
	int r;

	clock_gettime(CLOCK_REALTIME, &now);
	r = name_parse_time(text, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000, ret_ms, &relative);
	if (r < 0)
		warnx("%s: not a time (2026-11-20T03:12:05, 03:12, -5m, yesterday, now, …)", text);
	return r;
}
