/* follower.c -- see follower.h */
#include "collector/follower.h"

#include "collector/lines.h"
#include "collector/priority.h"
#include "collector/say.h"
#include "collector/straggler.h"
#include "collector/tail.h"
#include "collector/thread.h"
#include "collector/wake.h"
#include "store/topic_reader.h"

#include <fnmatch.h>
#include <glob.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>

enum {
	STACK = 512 << 10,
	LINE_MAX_LEN = 1 << 20, /* a longer line comes in pieces */
	BATCHES_A_TURN = 8,     /* of one file, until others have had theirs */
	LOOK_MS = 1000,         /* files are looked at though nothing told of them, */
	PAUSE_MS = 10,          /* and no sooner than that after the last time */
	STORE_MS = 10000,       /* positions are stored that often, */
	STORE_BYTES = 64 << 20, /* or after so many */
	CACHE_BYTES = 4 << 20,
};

struct file {
	struct followed at;           /* as stored; its strings are those of the file */
	struct lines *lines;          /* NULL: it is not followed at present */
	bool wanted;                  /* by the configuration */
	bool many;                    /* of those of its topic: each message says of which file it is */
	unsigned stored;              /* lines_n_files when its position was stored last */
	uint64_t next;                /* offset of the next message */
	uint64_t bytes;               /* appended since its position was stored */
	int failed;                   /* what was said of it */
	int marked;                   /* what came of looking at its position last */
	struct batch_builder pending; /* taken from the file, and not appended yet */
};

struct follower {
	struct straggler thread; /* the server, and the store's descriptor, are not its own */
	struct reach *reach;
	unsigned place; /* in it */
	int wakefd;

	struct server *server;
	int store_fd;
	uint64_t store_id;
	struct config *config;
	int notifyfd; /* -1: there is no inotify; looking now and then has to do */
	struct file *files;
	size_t n_files, max_files;
	int64_t stored_ms;
	int store_failed;
	int refused, said_refused; /* why files cannot be followed: in this search, and as it was said */
};

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

/* --- what may hang --- */

/* False: the file, or pattern, is to be let alone. Else reached is to follow. */
static bool reach(struct follower *w, const char *path)
{
	return reach_begin(w->reach, w->place, path);
}

static void reached(struct follower *w)
{
	reach_end(w->reach, w->place);
}

/* --- what is not its own --- */

static int call(struct follower *w, int (*fn)(struct ingest *g, void *arg, struct server_task *task), void *arg)
{
	return straggler_call(&w->thread, w->server, fn, arg);
}

static int store(struct follower *w, const struct followed *all, size_t n)
{
	int r = straggler_busy(&w->thread);

	if (r < 0)
		return r;
	r = followed_store(w->store_fd, w->store_id, all, n);
	straggler_idle(&w->thread);
	return r;
}

/* --- in the server's thread --- */

struct append {
	struct file *file;
	uint64_t offset;
	char why[INGEST_WHY_MAX];
};

static int find_lane(struct ingest *g, const struct file *f, char *why, struct lane **ret)
{
	return ingest_lane(g, span_of(f->at.topic, strlen(f->at.topic)), f->at.partition, true, why, ret);
}

static int append_there(struct ingest *g, void *arg, struct server_task *task)
{
	struct append *a = arg;
	struct lane *l;
	int r = find_lane(g, a->file, a->why, &l);

	if (r == 0)
		r = ingest_append(g, l, &a->file->pending, &a->offset);
	if (r == 0)
		task->appended = l;
	return r;
}

static int sync_there(struct ingest *g, void *arg, struct server_task *task)
{
	char why[INGEST_WHY_MAX];

	return find_lane(g, arg, why, &task->sync);
}

/* Makes the partition, and tells its next offset. */
static int open_there(struct ingest *g, void *arg, struct server_task *task)
{
	struct file *f = arg;
	struct partition_state st;
	char why[INGEST_WHY_MAX];
	struct lane *l;
	int r = ingest_widen(g, f->at.topic, f->at.partition + 1);

	(void)task;
	if (r == 0)
		r = find_lane(g, f, why, &l);
	if (r < 0)
		return r;
	partition_state(l->partition, &st);
	f->next = st.next_offset;
	return 0;
}

/* --- positions --- */

/* How far it was read, if it is at rest and its file can be reached; else that stays as it was. */
static int mark_position(struct follower *w, struct file *f)
{
	struct followed_mark mark;
	int r = f->bytes > 0 ? call(w, sync_there, f) : 0;

	if (r < 0)
		return r;
	f->marked = lines_mark(f->lines, &mark);
	if (f->marked == 0) {
		f->at.mark = mark;
		f->at.offset = f->next;
	}
	return 0;
}

/* Stores all positions, after syncing what lies before them. */
static int store_positions(struct follower *w)
{
	struct followed *all = calloc(w->n_files + 1, sizeof *all);
	int r = all ? 0 : -ENOMEM;

	for (size_t i = 0; i < w->n_files && r == 0; i++) {
		struct file *f = &w->files[i];

		if (f->lines && f->pending.n == 0 && (f->bytes > 0 || f->stored != lines_n_files(f->lines)))
			r = mark_position(w, f);
		all[i] = f->at;
	}
	if (r == 0)
		r = store(w, all, w->n_files);
	free(all);
	if (r < 0 && r != w->store_failed && r != -ECANCELED)
		say("positions in followed files cannot be stored: %s", strerror(-r));
	w->store_failed = r;
	w->stored_ms = now_ms();
	for (size_t i = 0; i < w->n_files && r == 0; i++) {
		struct file *f = &w->files[i];

		if (!f->lines || f->pending.n > 0 || f->marked < 0)
			continue;
		f->stored = lines_n_files(f->lines);
		f->bytes = 0;
	}
	return r;
}

static bool may_be_stored(const struct follower *w)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < w->n_files; i++)
		bytes += w->files[i].bytes;
	return bytes >= STORE_BYTES || (bytes > 0 && now_ms() - w->stored_ms >= STORE_MS);
}

/* Passes over the lines that are messages already: those from the stored offset on. */
static int pass_known(struct file *f, struct topic_reader *reader)
{
	uint64_t offset = f->at.offset, behind;
	struct message m;
	int r;

	while ((r = topic_reader_next(reader, offset, &m, &behind)) == 0 || r == -EBADMSG) {
		if (r == 0)
			r = lines_pass(f->lines, m.value);
		if (r < 0 && r != -EBADMSG)
			return r;
		offset = behind;
	}
	return r == -ENODATA ? 0 : r;
}

static int catch_up(struct follower *w, struct file *f)
{
	_cleanup_(cleanup_topic_store) struct topic_store *store = NULL;
	struct topic_reader *reader;
	struct topic_info info;
	int r = topic_store_open(w->config->store, CACHE_BYTES, &store);

	if (r == 0)
		r = topic_store_find(store, f->at.topic, &info);
	if (r == 0)
		r = topic_store_reader(store, info.number + f->at.partition, &reader);
	return r < 0 ? r : pass_known(f, reader);
}

/* --- reading --- */

/* Opens a file where it was left. */
static int begin(struct follower *w, struct file *f)
{
	bool known = f->at.mark.ino != 0;
	uint64_t line_max = w->config->topics.socket.max_message;
	int r = call(w, open_there, f);

	if (line_max > LINE_MAX_LEN)
		line_max = LINE_MAX_LEN;
	if (r == 0)
		r = lines_open(w->reach, w->place, f->at.path, known ? &f->at.mark : NULL, line_max, &f->lines);
	if (r < 0 || !known)
		return r;
	if (lines_n_files(f->lines) == 0) {
		say("%s: what was read of it is not found any more; it is read from its beginning", f->at.path);
		return 0;
	}
	f->stored = lines_n_files(f->lines);
	r = catch_up(w, f);
	if (r < 0) {
		lines_close(TAKE(f->lines));
		return r;
	}
	f->bytes = f->next != f->at.offset;
	return 0;
}

static int append(struct follower *w, struct file *f)
{
	struct append a = {.file = f};
	int r;

	if (f->pending.n == 0)
		return 0;
	r = call(w, append_there, &a);
	if (r < 0)
		return r;
	f->next = a.offset + f->pending.n;
	f->bytes += f->pending.body.len + f->pending.dir.len;
	batch_done(&f->pending);
	return 0;
}

/* The beginning of a file is stored before its first line is taken. */
static int store_beginning(struct follower *w, struct file *f)
{
	int r;

	if (f->stored == lines_n_files(f->lines) && f->stored > 0)
		return 0;
	r = lines_look(f->lines);
	if (r < 0 && r != -ESTALE)
		return r;
	r = store_positions(w);
	return r < 0 ? r : f->marked;
}

/* One batch of a file. 1: there may be more. */
static int step(struct follower *w, struct file *f)
{
	int r = f->lines ? 0 : begin(w, f), filled;

	if (r == 0)
		r = append(w, f);
	if (r == 0)
		r = store_beginning(w, f);
	if (r < 0)
		return r;
	filled = lines_fill(f->lines, f->many, &f->pending);
	r = append(w, f);
	if (r < 0)
		return r;
	if (filled == -ESTALE)
		filled = lines_switch(f->lines);
	return filled < 0 ? filled : 1;
}

/* A file's turn. Whether there may be more of it. */
static bool turn(struct follower *w, struct file *f)
{
	int r = 1, failed;

	for (int i = 0; i < BATCHES_A_TURN && r > 0; i++)
		r = step(w, f);
	failed = r == -EAGAIN || r > 0 ? 0 : r;
	if (failed < 0 && failed != f->failed)
		say("%s: cannot be followed: %s", f->at.path, strerror(-failed));
	f->failed = failed;
	return r > 0;
}

/* --- which files --- */

static struct file *find_file(struct follower *w, const char *topic, const char *path)
{
	for (size_t i = 0; i < w->n_files; i++)
		if (strcmp(w->files[i].at.path, path) == 0 && strcmp(w->files[i].at.topic, topic) == 0)
			return &w->files[i];
	return NULL;
}

/* A partition of the topic that no other file has. -EMSGSIZE: none is left. */
static int free_partition(const struct follower *w, const char *topic, uint32_t *ret)
{
	for (uint32_t p = 0; p < PARTITIONS_MAX; p++) {
		bool taken = false;

		for (size_t i = 0; i < w->n_files && !taken; i++)
			taken = w->files[i].at.partition == p && strcmp(w->files[i].at.topic, topic) == 0;
		if (!taken) {
			*ret = p;
			return 0;
		}
	}
	return -EMSGSIZE;
}

static int add_file(struct follower *w, const struct followed *at, struct file **ret)
{
	if (w->n_files == w->max_files) {
		size_t max = w->max_files ? 2 * w->max_files : 16;
		struct file *v = realloc(w->files, max * sizeof *v);

		if (!v)
			return -ENOMEM;
		w->files = v;
		w->max_files = max;
	}
	w->files[w->n_files] = (struct file){.at = *at};
	*ret = &w->files[w->n_files++];
	return 0;
}

static int new_file(struct follower *w, const char *topic, const char *path, struct file **ret)
{
	struct followed at = {.path = strdup(path), .topic = strdup(topic)};
	int r = at.path && at.topic ? free_partition(w, topic, &at.partition) : -ENOMEM;

	if (r == 0)
		r = add_file(w, &at, ret);
	if (r < 0)
		followed_done(&at);
	return r;
}

/* Whether a file that a pattern found is none to be read, or one that is read under another name, since rotation
 * renamed it. */
static bool is_not_wanted(struct follower *w, const char *topic, const char *path)
{
	struct stat st;
	int r;

	if (tail_is_packed(path) || !reach(w, path))
		return true;
	r = stat(path, &st);
	reached(w);
	if (r < 0 || !S_ISREG(st.st_mode))
		return true;
	for (size_t i = 0; i < w->n_files; i++)
		if (w->files[i].lines && strcmp(w->files[i].at.topic, topic) == 0 &&
		    lines_are_of(w->files[i].lines, st.st_dev, st.st_ino))
			return true;
	return false;
}

static void want(struct follower *w, const struct config_topic *t, const char *path, bool many, bool found)
{
	struct file *f = find_file(w, t->name, path);
	int r = 0;

	if (!f && found && is_not_wanted(w, t->name, path))
		return;
	if (!f)
		r = new_file(w, t->name, path, &f);
	if (r < 0) {
		/* There may be very many, and they are found again every second. */
		if (w->refused == 0 && w->said_refused != r)
			say("%s: cannot be followed: %s", path, strerror(-r));
		w->refused = r;
		return;
	}
	f->wanted = true;
	f->many = many;
}

/* A search that hangs finds the files that it found before. */
static void want_known(struct follower *w, const struct config_topic *t, const char *pattern)
{
	for (size_t i = 0; i < w->n_files; i++) {
		struct file *f = &w->files[i];

		if (strcmp(f->at.topic, t->name) == 0 && fnmatch(pattern, f->at.path, FNM_PATHNAME | FNM_PERIOD) == 0)
			f->wanted = f->many = true;
	}
}

static void want_pattern(struct follower *w, const struct config_topic *t, const char *pattern)
{
	bool wild = strpbrk(pattern, "*?[") != NULL, many = wild || t->follow.n > 1;
	glob_t g;
	int r;

	if (!wild) {
		want(w, t, pattern, many, false);
		return;
	}
	if (!reach(w, pattern)) {
		want_known(w, t, pattern);
		return;
	}
	r = glob(pattern, 0, NULL, &g);
	reached(w);
	for (size_t i = 0; r == 0 && i < g.gl_pathc; i++)
		want(w, t, g.gl_pathv[i], many, true);
	globfree(&g);
}

static void watch(struct follower *w, const char *path)
{
	_cleanup_(cleanup_free) char *dir = strdup(path);
	char *slash = dir ? strrchr(dir, '/') : NULL;

	if (w->notifyfd < 0 || !slash || !reach(w, path))
		return;
	*slash = '\0';
	/* Twice the same is one; what cannot be watched is looked at now and then. */
	inotify_add_watch(w->notifyfd, *dir ? dir : "/", IN_MODIFY | IN_CREATE | IN_MOVED_TO);
	reached(w);
}

static void find_files(struct follower *w)
{
	const struct config_topics *c = &w->config->topics;

	w->refused = 0;
	for (size_t i = 0; i < w->n_files; i++)
		w->files[i].wanted = false;
	for (size_t i = 0; i < c->n; i++)
		for (size_t k = 0; k < c->v[i].follow.n; k++)
			want_pattern(w, &c->v[i], c->v[i].follow.v[k]);
	for (size_t i = 0; i < w->n_files; i++)
		if (w->files[i].wanted)
			watch(w, w->files[i].at.path);
	w->said_refused = w->refused;
}

/* What can no longer be known cannot be gone on from: rather lines that come twice than lines that are lost. */
static int load_or_begin_anew(int store_fd, struct followed **ret, size_t *ret_n)
{
	int r = followed_load(store_fd, ret, ret_n);

	if (r == 1)
		say("topics/" FOLLOWED_FILE " is damaged; its copy is used");
	if (r != -EBADMSG)
		return r < 0 ? r : 0;
	r = followed_put_aside(store_fd);
	if (r == 0)
		say("topics/" FOLLOWED_FILE " and its copy are damaged: kept as " FOLLOWED_DAMAGED
		    "; files are read from their beginning, and lines come again");
	return r;
}

/* Positions of all files that were ever followed are kept, so that none is read twice. */
static int load(struct follower *w)
{
	struct followed *all = NULL;
	struct file *f;
	size_t n = 0, i = 0;
	int r = straggler_busy(&w->thread);

	if (r < 0)
		return r;
	r = load_or_begin_anew(w->store_fd, &all, &n);
	straggler_idle(&w->thread);
	if (r < 0)
		return r;
	for (; i < n && r == 0; i++)
		r = add_file(w, &all[i], &f);
	for (size_t k = r < 0 ? i - 1 : i; k < n; k++)
		followed_done(&all[k]);
	free(all);
	return r;
}

/* --- the thread --- */

static bool take_over(struct follower *w)
{
	wake_clear(w->wakefd);
	straggler_take_config(&w->thread, &w->config);
	return !straggler_is_to_stop(&w->thread);
}

/* Until something happens to a file, or it is time to look at all of them. */
static void wait_for_files(struct follower *w)
{
	struct pollfd p[] = {{.fd = w->wakefd, .events = POLLIN}, {.fd = w->notifyfd, .events = POLLIN}};
	char events[4096];
	struct timespec pause = {0, PAUSE_MS * 1000000};

	if (poll(p, N_ELEMENTS(p), follower_is_wanted(w->config) ? LOOK_MS : -1) <= 0 || !(p[1].revents & POLLIN))
		return;
	/* What comes in quick succession is one. */
	nanosleep(&pause, NULL);
	while (read(w->notifyfd, events, sizeof events) > 0)
		;
}

/* A file that is followed no longer: its position stays. */
static void end(struct follower *w, struct file *f)
{
	if (f->pending.n == 0 && f->bytes > 0 && store_positions(w) < 0)
		return;
	lines_close(TAKE(f->lines));
	batch_done(&f->pending);
	f->bytes = 0;
}

/* False: it is to stop. */
static bool load_at_last(struct follower *w)
{
	int r, said = 0;

	while ((r = load(w)) < 0) {
		if (r != said && r != -ECANCELED)
			say("positions in followed files cannot be read: %s; nothing is followed", strerror(-r));
		said = r;
		wait_for_files(w);
		if (!take_over(w))
			return false;
	}
	return true;
}

static void follow_files(struct follower *w)
{
	int64_t looked_ms = 0;

	while (take_over(w)) {
		bool more = false;

		if (now_ms() - looked_ms >= LOOK_MS) {
			find_files(w);
			looked_ms = now_ms();
		}
		for (size_t i = 0; i < w->n_files && !straggler_is_to_stop(&w->thread); i++) {
			struct file *f = &w->files[i];

			if (f->wanted)
				more = turn(w, f) || more;
			else if (f->lines)
				end(w, f);
		}
		if (may_be_stored(w))
			store_positions(w);
		if (!more)
			wait_for_files(w);
	}
	store_positions(w);
}

static void free_all(struct follower *w)
{
	for (size_t i = 0; i < w->n_files; i++) {
		batch_done(&w->files[i].pending);
		followed_done(&w->files[i].at);
	}
	free(w->files);
	cleanup_close(&w->wakefd);
	cleanup_close(&w->notifyfd);
	config_put(w->config);
	reach_leave(w->reach, w->place);
	reach_put(w->reach);
	straggler_done(&w->thread);
	free(w);
}

static void *follower_main(void *arg)
{
	struct follower *w = arg;

	pthread_setname_np(pthread_self(), "histd-follow");
	priority_apart();
	if (load_at_last(w))
		follow_files(w);
	for (size_t i = 0; i < w->n_files; i++)
		if (w->files[i].lines)
			lines_close(TAKE(w->files[i].lines));
	if (straggler_end(&w->thread))
		free_all(w);
	return NULL;
}

/* --- callers --- */

bool follower_is_wanted(const struct config *c)
{
	for (size_t i = 0; i < c->topics.n; i++)
		if (c->topics.v[i].follow.n > 0)
			return true;
	return false;
}

int follower_start(const struct follower_start *how, struct config *c, unsigned place, struct follower **ret)
{
	struct follower *w = calloc(1, sizeof *w);
	int r = 0;

	if (!w) {
		reach_leave(how->reach, place);
		return -ENOMEM;
	}
	*w = (struct follower){
	    .reach = reach_get(how->reach),
	    .place = place,
	    .server = how->server,
	    .store_fd = how->store_fd,
	    .store_id = how->store_id,
	    .config = config_get(c),
	    .wakefd = wake_new(),
	    .notifyfd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK),
	};
	straggler_init(&w->thread);
	if (w->wakefd < 0)
		r = w->wakefd;
	if (r == 0)
		r = thread_start(&w->thread.thread, STACK, follower_main, w);
	if (r < 0) {
		free_all(w);
		return r;
	}
	*ret = w;
	return 0;
}

static void wake(void *arg)
{
	struct follower *w = arg;

	wake_up(w->wakefd);
}

void follower_configure(struct follower *w, struct config *c)
{
	straggler_configure(&w->thread, c, wake, w);
}

bool follower_stop(struct follower *w)
{
	bool ended = straggler_stop(&w->thread, wake, w);

	if (ended)
		free_all(w);
	return ended;
}
