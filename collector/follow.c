/* follow.c -- see follow.h */
#include "collector/follow.h"

#include "collector/priority.h"
#include "collector/say.h"
#include "collector/straggler.h"
#include "collector/tail.h"
#include "collector/thread.h"
#include "collector/wake.h"
#include "store/topic_reader.h"

#include <glob.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>

enum {
	STACK = 512 << 10,
	LINE_MAX_LEN = 1 << 20,  /* a longer line comes in pieces */
	BATCH_LINES = 1000,      /* messages appended at once, */
	BATCH_BYTES = 512 << 10, /* or so many bytes */
	BATCHES_A_TURN = 8,      /* of one file, until others have had theirs */
	LOOK_MS = 1000,          /* files are looked at though nothing told of them, */
	PAUSE_MS = 10,           /* and no sooner than that after the last time */
	STORE_MS = 10000,        /* positions are stored that often, */
	STORE_BYTES = 64 << 20,  /* or after so many */
	CACHE_BYTES = 4 << 20,
};

struct file {
	struct followed at;           /* as stored; its strings are those of the file */
	struct tail *tail;            /* NULL: it is not followed at present */
	bool wanted;                  /* by the configuration */
	bool many;                    /* of those of its topic: each message says of which file it is */
	unsigned stored;              /* tail_n_files when its position was stored last */
	uint64_t next;                /* offset of the next message */
	uint64_t bytes;               /* appended since its position was stored */
	int failed;                   /* what was said of it */
	struct batch_builder pending; /* taken from the file, and not appended yet */
};

struct follow {
	struct straggler thread; /* the server, and the store's descriptor, are not its own */
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

/* Says an error once, until there is none or another. */
static void say_once(struct file *f, int r, const char *what)
{
	if (r < 0 && r != f->failed)
		say("%s: %s: %s", f->at.path, what, strerror(-r));
	f->failed = r;
}

/* --- what is not its own --- */

static int call(struct follow *w, int (*fn)(struct ingest *g, void *arg, struct server_task *task), void *arg)
{
	return straggler_call(&w->thread, w->server, fn, arg);
}

static int store(struct follow *w, const struct followed *all, size_t n)
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

/* Stores all positions, after syncing what lies before them. Those that are not at rest stay as they were. */
static int store_positions(struct follow *w)
{
	struct followed *all = calloc(w->n_files + 1, sizeof *all);
	int r = all ? 0 : -ENOMEM;

	for (size_t i = 0; i < w->n_files && r == 0; i++) {
		struct file *f = &w->files[i];

		if (f->tail && f->pending.n == 0 && (f->bytes > 0 || f->stored != tail_n_files(f->tail))) {
			struct followed_mark mark;

			r = f->bytes > 0 ? call(w, sync_there, f) : 0;
			if (r == 0 && tail_mark(f->tail, &mark) == 0) {
				f->at.mark = mark;
				f->at.offset = f->next;
			}
		}
		all[i] = f->at;
	}
	if (r == 0)
		r = store(w, all, w->n_files);
	free(all);
	if (r < 0 && r != w->store_failed)
		say("positions in followed files cannot be stored: %s", strerror(-r));
	w->store_failed = r;
	w->stored_ms = now_ms();
	for (size_t i = 0; i < w->n_files && r == 0; i++) {
		struct file *f = &w->files[i];

		if (!f->tail || f->pending.n > 0)
			continue;
		f->stored = tail_n_files(f->tail);
		f->bytes = 0;
	}
	return r;
}

static bool may_be_stored(const struct follow *w)
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
			r = tail_pass(f->tail, m.value);
		if (r < 0 && r != -EBADMSG)
			return r;
		offset = behind;
	}
	return r == -ENODATA ? 0 : r;
}

static int catch_up(struct follow *w, struct file *f)
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
static int begin(struct follow *w, struct file *f)
{
	bool known = f->at.mark.ino != 0;
	uint64_t line_max = w->config->topics.socket.max_message;
	int r = call(w, open_there, f);

	if (line_max > LINE_MAX_LEN)
		line_max = LINE_MAX_LEN;
	if (r == 0)
		r = tail_new(f->at.path, known ? &f->at.mark : NULL, line_max, &f->tail);
	if (r < 0 || !known)
		return r;
	if (tail_n_files(f->tail) == 0) {
		say("%s: what was read of it is not found any more; it is read from its beginning", f->at.path);
		return 0;
	}
	f->stored = tail_n_files(f->tail);
	r = catch_up(w, f);
	if (r < 0) {
		tail_free(TAKE(f->tail));
		return r;
	}
	f->bytes = f->next != f->at.offset;
	return 0;
}

static int add_line(struct file *f, struct span line)
{
	struct buf headers = {0};
	struct message m = {.offset = f->pending.n, .value = line};
	struct timespec ts;
	int r;

	clock_gettime(CLOCK_REALTIME, &ts);
	m.time_ms = ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
	if (f->many)
		message_put_header(&headers, "file", 4, f->at.path, strlen(f->at.path));
	m.headers = span_of(headers.p, headers.len);
	r = headers.err < 0 ? headers.err : batch_add(&f->pending, &m);
	buf_done(&headers);
	return r;
}

/* Fills a batch with lines. 0: there may be more; -EAGAIN, -ESTALE: see tail_next. */
static int fill(struct file *f)
{
	while (f->pending.n < BATCH_LINES && f->pending.body.len < BATCH_BYTES) {
		struct span line;
		int r = tail_next(f->tail, &line);

		if (r == 0)
			r = add_line(f, line);
		if (r < 0)
			return r;
		tail_took(f->tail);
	}
	return 0;
}

static int append(struct follow *w, struct file *f)
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
static int store_beginning(struct follow *w, struct file *f)
{
	struct span line;
	int r;

	if (f->stored == tail_n_files(f->tail) && f->stored > 0)
		return 0;
	r = tail_next(f->tail, &line);
	if (r < 0 && r != -ESTALE)
		return r;
	return store_positions(w);
}

/* One batch of a file. 1: there may be more. */
static int step(struct follow *w, struct file *f)
{
	int r = f->tail ? 0 : begin(w, f), filled;

	if (r == 0)
		r = append(w, f);
	if (r == 0)
		r = store_beginning(w, f);
	if (r < 0)
		return r;
	filled = fill(f);
	r = append(w, f);
	if (r < 0)
		return r;
	if (filled == -ESTALE) {
		tail_switch(f->tail);
		filled = 0;
	}
	return filled < 0 ? filled : 1;
}

/* A file's turn. Whether there may be more of it. */
static bool turn(struct follow *w, struct file *f)
{
	int r = 1;

	for (int i = 0; i < BATCHES_A_TURN && r > 0; i++)
		r = step(w, f);
	say_once(f, r == -EAGAIN || r > 0 ? 0 : r, "cannot be followed");
	return r > 0;
}

/* --- which files --- */

static struct file *find_file(struct follow *w, const char *topic, const char *path)
{
	for (size_t i = 0; i < w->n_files; i++)
		if (strcmp(w->files[i].at.path, path) == 0 && strcmp(w->files[i].at.topic, topic) == 0)
			return &w->files[i];
	return NULL;
}

/* A partition of the topic that no other file has. -EMSGSIZE: none is left. */
static int free_partition(const struct follow *w, const char *topic, uint32_t *ret)
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

static int add_file(struct follow *w, const struct followed *at, struct file **ret)
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

static int new_file(struct follow *w, const char *topic, const char *path, struct file **ret)
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
static bool is_not_wanted(const struct follow *w, const char *topic, const char *path)
{
	struct stat st;

	if (tail_is_packed(path) || stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return true;
	for (size_t i = 0; i < w->n_files; i++)
		if (w->files[i].tail && strcmp(w->files[i].at.topic, topic) == 0 &&
		    tail_reads(w->files[i].tail, st.st_dev, st.st_ino))
			return true;
	return false;
}

static void want(struct follow *w, const struct config_topic *t, const char *path, bool many, bool found)
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

static void want_pattern(struct follow *w, const struct config_topic *t, const char *pattern)
{
	bool wild = strpbrk(pattern, "*?[") != NULL, many = wild || t->follow.n > 1;
	glob_t g;

	if (!wild) {
		want(w, t, pattern, many, false);
		return;
	}
	if (glob(pattern, 0, NULL, &g) == 0)
		for (size_t i = 0; i < g.gl_pathc; i++)
			want(w, t, g.gl_pathv[i], many, true);
	globfree(&g);
}

static void watch(struct follow *w, const char *path)
{
	_cleanup_(cleanup_free) char *dir = strdup(path);
	char *slash = dir ? strrchr(dir, '/') : NULL;

	if (w->notifyfd < 0 || !slash)
		return;
	*slash = '\0';
	/* Twice the same is one; what cannot be watched is looked at now and then. */
	inotify_add_watch(w->notifyfd, *dir ? dir : "/", IN_MODIFY | IN_CREATE | IN_MOVED_TO);
}

static void find_files(struct follow *w)
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

/* Positions of all files that were ever followed are kept, so that none is read twice. */
static int load(struct follow *w)
{
	struct followed *all;
	struct file *f;
	size_t n, i = 0;
	int r = followed_load(w->store_fd, &all, &n);

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

static bool take_over(struct follow *w)
{
	wake_clear(w->wakefd);
	straggler_take_config(&w->thread, &w->config);
	return !straggler_is_to_stop(&w->thread);
}

static bool follows(const struct follow *w)
{
	const struct config_topics *c = &w->config->topics;

	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].follow.n > 0)
			return true;
	return false;
}

/* Until something happens to a file, or it is time to look at all of them. */
static void wait_for_files(struct follow *w)
{
	struct pollfd p[] = {{.fd = w->wakefd, .events = POLLIN}, {.fd = w->notifyfd, .events = POLLIN}};
	char events[4096];
	struct timespec pause = {0, PAUSE_MS * 1000000};

	if (poll(p, N_ELEMENTS(p), follows(w) ? LOOK_MS : -1) <= 0 || !(p[1].revents & POLLIN))
		return;
	/* What comes in quick succession is one. */
	nanosleep(&pause, NULL);
	while (read(w->notifyfd, events, sizeof events) > 0)
		;
}

/* A file that is followed no longer: its position stays. */
static void end(struct follow *w, struct file *f)
{
	if (f->pending.n == 0 && f->bytes > 0 && store_positions(w) < 0)
		return;
	tail_free(TAKE(f->tail));
	batch_done(&f->pending);
	f->bytes = 0;
}

/* False: it is to stop. */
static bool load_at_last(struct follow *w)
{
	int r, said = 0;

	while ((r = load(w)) < 0) {
		/* To begin anew without being told would make all lines messages again. */
		if (r == -EBADMSG && r != said)
			say("topics/followed is damaged: nothing is followed until it is removed, and then files are "
			    "read "
			    "from their beginning");
		else if (r != said)
			say("positions in followed files cannot be read: %s; nothing is followed", strerror(-r));
		said = r;
		wait_for_files(w);
		if (!take_over(w))
			return false;
	}
	return true;
}

static void follow_files(struct follow *w)
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
			else if (f->tail)
				end(w, f);
		}
		if (may_be_stored(w))
			store_positions(w);
		if (!more)
			wait_for_files(w);
	}
	store_positions(w);
}

static void free_all(struct follow *w)
{
	for (size_t i = 0; i < w->n_files; i++) {
		struct file *f = &w->files[i];

		if (f->tail)
			tail_free(f->tail);
		batch_done(&f->pending);
		followed_done(&f->at);
	}
	free(w->files);
	cleanup_close(&w->wakefd);
	cleanup_close(&w->notifyfd);
	config_put(w->config);
	straggler_done(&w->thread);
	free(w);
}

static void *follow_main(void *arg)
{
	struct follow *w = arg;

	pthread_setname_np(pthread_self(), "histd-follow");
	priority_apart();
	if (load_at_last(w))
		follow_files(w);
	if (straggler_end(&w->thread))
		free_all(w);
	return NULL;
}

/* --- callers --- */

int follow_start(struct server *s, int store_fd, uint64_t store_id, struct config *c, struct follow **ret)
{
	struct follow *w = calloc(1, sizeof *w);
	int r = 0;

	if (!w)
		return -ENOMEM;
	*w = (struct follow){
	    .server = s,
	    .store_fd = store_fd,
	    .store_id = store_id,
	    .config = config_get(c),
	    .wakefd = wake_new(),
	    .notifyfd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK),
	};
	straggler_init(&w->thread);
	if (w->wakefd < 0)
		r = w->wakefd;
	if (r == 0)
		r = thread_start(&w->thread.thread, STACK, follow_main, w);
	if (r < 0) {
		free_all(w);
		return r;
	}
	*ret = w;
	return 0;
}

static void wake(void *arg)
{
	struct follow *w = arg;

	wake_up(w->wakefd);
}

void follow_configure(struct follow *w, struct config *c)
{
	straggler_configure(&w->thread, c, wake, w);
}

void follow_stop(struct follow *w)
{
	if (straggler_stop(&w->thread, wake, w))
		free_all(w);
	else
		say("a followed file does not answer, and is not waited for");
}
