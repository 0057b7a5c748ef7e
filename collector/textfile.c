/* textfile.c -- see textfile.h */
#include "collector/textfile.h"

#include "collector/page.h"
#include "collector/priority.h"
#include "collector/say.h"
#include "collector/thread.h"
#include "collector/tick.h"
#include "collector/wake.h"

#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <sys/stat.h>
#include <time.h>

enum { STACK = 512 << 10, FILES_MAX = 10000, WHY_MAX = 768 };

/* A section of the configuration. */
struct folder {
	const struct config_textfile *config;
	uint64_t scope;
	struct point_label *labels;
	size_t n_labels;
	struct tick due;
	char said[WHY_MAX]; /* last; "": that all is well, or nothing */
};

struct textfile {
	struct straggler thread; /* the server is not its own */
	int wakefd;
	struct server *server;
	struct config *config;
	struct folder *folders;
	size_t n;
};

static int64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* --- one file --- */

static int read_whole(int fd, size_t len, struct buf *ret)
{
	if (buf_reserve(ret, len + 1) < 0)
		return -ENOMEM;
	while (ret->len <= len) {
		ssize_t n = read(fd, ret->p + ret->len, len + 1 - ret->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		ret->len += (size_t)n;
	}
	return 0;
}

static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* NULL, or why it is not taken. */
static const char *read_file(const char *path, size_t max, struct buf *ret, double *ret_mtime)
{
	_cleanup_(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat before, after;
	int r;

	if (fd < 0 || fstat(fd, &before) < 0)
		return strerror(errno);
	if (!S_ISREG(before.st_mode))
		return "it is no file";
	if ((uint64_t)before.st_size > max)
		return "it is too long (max_bytes)";
	r = read_whole(fd, (size_t)before.st_size, ret);
	if (r < 0)
		return strerror(-r);
	if (fstat(fd, &after) < 0 || !same(&before, &after) || ret->len != (size_t)before.st_size)
		return "it changes while it is read";
	if (ret->len > 0 && ret->p[ret->len - 1] != '\n')
		return "its last line does not end";
	*ret_mtime = (double)before.st_mtim.tv_sec + (double)before.st_mtim.tv_nsec / 1e9;
	return NULL;
}

static void take_file(struct textfile *w, const struct folder *f, struct page *p, const char *path, char why[WHY_MAX])
{
	_cleanup_(buf_done) struct buf text = {0};
	struct feed_result result = {0};
	double mtime = 0;
	const char *wrong = read_file(path, f->config->max_bytes, &text, &mtime);
	int r = 0;

	if (!wrong) {
		p->text = span_of(text.p, text.len);
		r = page_deliver(&w->thread, w->server, p, &result);
		if (r < 0)
			wrong = strerror(-r);
		else if (result.refused > 0)
			wrong = result.why;
	}
	if (wrong && *why == '\0')
		snprintf(why, WHY_MAX, "%.300s: %.300s", path, wrong);
	if (!wrong || result.accepted > 0)
		page_note(&w->thread, w->server, p,
		    &(struct page_note){"node_textfile_mtime_seconds", {page_string("file"), page_string(path)}, mtime},
		    1, PAGE_UNCOUNTED);
}

/* --- all of a folder --- */

static void take_folder(struct textfile *w, struct folder *f)
{
	int64_t ms = clock_ns(CLOCK_REALTIME) / 1000000;
	struct page p = {.ns = ms * 1000000, .scope = f->scope, .labels = f->labels, .n_labels = f->n_labels};
	char why[WHY_MAX] = "";
	glob_t g;
	int r = glob(f->config->path, 0, NULL, &g);

	if (r != 0 && r != GLOB_NOMATCH)
		snprintf(why, sizeof why, "%.300s cannot be read", f->config->path);
	else if (r == 0 && g.gl_pathc > FILES_MAX)
		snprintf(why, sizeof why, "%.300s: more than %d files", f->config->path, FILES_MAX);
	for (size_t i = 0; r == 0 && i < g.gl_pathc && i < FILES_MAX; i++)
		take_file(w, f, &p, g.gl_pathv[i], why);
	globfree(&g);
	page_note(&w->thread, w->server, &p,
	    &(struct page_note){"node_textfile_scrape_error", {{0}, {0}}, *why != '\0'}, 1, PAGE_UNCOUNTED);
	if (strcmp(why, f->said) != 0)
		say("[textfile.%s]: %s", f->config->name, *why ? why : "all is well again");
	memcpy(f->said, why, sizeof f->said);
}

static void set_due(struct folder *f)
{
	f->due = tick_next(
	    f->due, clock_ns(CLOCK_MONOTONIC), clock_ns(CLOCK_REALTIME), (int64_t)f->config->interval_ms * 1000000);
}

/* --- the thread --- */

static void remove_folders(struct textfile *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->folders[i].labels);
	free(TAKE(w->folders));
	w->n = 0;
}

static void make_folders(struct textfile *w)
{
	const struct config_series *c = &w->config->series;

	remove_folders(w);
	w->folders = calloc(c->n_textfiles + 1, sizeof *w->folders);
	while (w->folders && w->n < c->n_textfiles) {
		struct folder *f = &w->folders[w->n];

		*f = (struct folder){.config = &c->textfiles[w->n], .scope = feed_new_scope()};
		if (page_labels(&f->config->labels, NULL, 0, &f->labels, &f->n_labels) < 0)
			break;
		w->n++;
	}
	if (w->n < c->n_textfiles)
		say("not all files of samples are read: out of memory");
}

static bool take_over(struct textfile *w)
{
	wake_clear(w->wakefd);
	if (straggler_take_config(&w->thread, &w->config))
		make_folders(w);
	return !straggler_is_to_stop(&w->thread);
}

/* Reads what is due: all at first. Returns after how many ms the next is; -1: none is. */
static int take_due(struct textfile *w)
{
	int64_t next_ms = -1;

	for (size_t i = 0; i < w->n && !straggler_is_to_stop(&w->thread); i++) {
		struct folder *f = &w->folders[i];
		int64_t left_ms;

		if (f->due.due_ns <= clock_ns(CLOCK_MONOTONIC)) {
			take_folder(w, f);
			set_due(f);
		}
		left_ms = (f->due.due_ns - clock_ns(CLOCK_MONOTONIC) + 999999) / 1000000;
		left_ms = left_ms > 0 ? left_ms : 0;
		if (next_ms < 0 || left_ms < next_ms)
			next_ms = left_ms;
	}
	return (int)next_ms;
}

static void free_all(struct textfile *w)
{
	remove_folders(w);
	cleanup_close(&w->wakefd);
	config_put(w->config);
	straggler_done(&w->thread);
	free(w);
}

static void *textfile_main(void *arg)
{
	struct textfile *w = arg;

	pthread_setname_np(pthread_self(), "histd-textfile");
	priority_apart();
	make_folders(w);
	while (take_over(w)) {
		struct pollfd p = {.fd = w->wakefd, .events = POLLIN};

		poll(&p, 1, take_due(w));
	}
	if (straggler_end(&w->thread))
		free_all(w);
	return NULL;
}

/* --- callers --- */

static void wake(void *arg)
{
	struct textfile *w = arg;

	wake_up(w->wakefd);
}

int textfile_start(struct server *s, struct config *c, struct textfile **ret)
{
	struct textfile *w = calloc(1, sizeof *w);
	int r;

	if (!w)
		return -ENOMEM;
	*w = (struct textfile){.server = s, .config = config_get(c), .wakefd = wake_new()};
	straggler_init(&w->thread);
	r = w->wakefd < 0 ? w->wakefd : thread_start(&w->thread.thread, STACK, textfile_main, w);
	if (r < 0) {
		free_all(w);
		return r;
	}
	*ret = w;
	return 0;
}

void textfile_configure(struct textfile *w, struct config *c)
{
	straggler_configure(&w->thread, c, wake, w);
}

void textfile_stop(struct textfile *w)
{
	if (straggler_stop(&w->thread, wake, w))
		free_all(w);
	else
		say("a file of samples does not answer, and is not waited for");
}
