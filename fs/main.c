/* main.c -- histfs: mounts a store */
#include "fs/mountpoint.h"
#include "fs/ops.h"
#include "fs/options.h"

#include <err.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sys/wait.h>

static struct fuse_session *session; /* for the signal handlers */

/* The request to end may come just before the loop waits for the kernel, and would then be seen only after the next
 * request: so the wait is interrupted once more, a second later, until the loop has ended. */
static void on_end(int sig)
{
	(void)sig;
	if (session)
		fuse_session_exit(session);
	alarm(1);
}

static int catch_signals(void)
{
	const int ends[] = {SIGTERM, SIGINT, SIGHUP, SIGALRM};
	struct sigaction sa = {.sa_handler = on_end};

	for (size_t i = 0; i < N_ELEMENTS(ends); i++) {
		if (sigaction(ends[i], &sa, NULL) < 0)
			return -errno;
	}
	sa.sa_handler = SIG_IGN;
	return sigaction(SIGPIPE, &sa, NULL) < 0 ? -errno : 0;
}

/* --- going into the background --- */

struct background {
	int fd; /* where to say that the mount answers; -1: in the foreground, or said */
};

static void leave_terminal(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
}

static void ready(void *arg)
{
	struct background *b = arg;
	ssize_t n;

	if (b->fd < 0)
		return;
	if (chdir("/") < 0)
		warn("/");
	leave_terminal();
	/* Nobody is left to be told if this fails. */
	do
		n = write(b->fd, "", 1);
	while (n < 0 && errno == EINTR);
	close(take_fd(&b->fd));
}

/* In the child returns 0. The parent ends here: with 0 when the child says that the mount answers, else as the child
 * did. */
static int go_background(struct background *b)
{
	int fds[2], status;
	ssize_t n;
	pid_t pid;
	char c;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		close(fds[0]);
		b->fd = fds[1];
		setsid();
		return 0;
	}
	close(fds[1]);
	do
		n = read(fds[0], &c, 1);
	while (n < 0 && errno == EINTR);
	if (n == 1)
		exit(0);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			exit(1);
	}
	exit(WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : 1);
}

/* --- mounting --- */

/* libfuse speaks in several lines; the first is the cause. */
static char fuse_said[256];

static __attribute__((format(printf, 2, 0))) void on_fuse_log(enum fuse_log_level level, const char *fmt, va_list ap)
{
	if (level <= FUSE_LOG_WARNING && fuse_said[0] == '\0')
		vsnprintf(fuse_said, sizeof(fuse_said), fmt, ap);
}

static int fail_mount(const char *where)
{
	fuse_said[strcspn(fuse_said, "\n")] = '\0';
	warnx("cannot mount on %s: %s", where, fuse_said[0] ? fuse_said : strerror(errno));
	return 1;
}

/* A comma in the store's name would end the option. */
static void put_escaped(struct buf *out, const char *s)
{
	for (; *s; s++) {
		if (*s == ',' || *s == '\\')
			buf_put_u8(out, '\\');
		buf_put_u8(out, (uint8_t)*s);
	}
}

static int new_session(const struct options *o, struct ops *ops, struct fuse_session **ret)
{
	_cleanup_(buf_done) struct buf words = {0};
	char name[] = "histfs", flag[] = "-o";
	char *argv[] = {name, flag, NULL, NULL};
	struct fuse_args args = FUSE_ARGS_INIT(3, argv);

	/* ro: a mount that could be written to would ask for attributes after every read, for atime. */
	buf_puts(&words, "ro,nosuid,nodev,noexec,default_permissions,subtype=histfs,fsname=");
	put_escaped(&words, o->store);
	if (o->allow_other)
		buf_puts(&words, ",allow_other");
	buf_put_u8(&words, '\0');
	if (words.err)
		return words.err;
	argv[2] = (char *)words.p;
	*ret = fuse_session_new(&args, &ops_table, sizeof(ops_table), ops);
	fuse_opt_free_args(&args);
	return *ret ? 0 : -EINVAL;
}

static int serve(const struct options *o, const char *where, struct ops *ops)
{
	int r;

	fuse_set_log_func(on_fuse_log);
	if (access("/dev/fuse", F_OK) < 0) {
		warnx("/dev/fuse is not there: load the kernel's fuse module (modprobe fuse)");
		return 1;
	}
	if (new_session(o, ops, &session) < 0)
		return fail_mount(where);
	r = catch_signals();
	if (r < 0) {
		warnx("signals: %s", strerror(-r));
	} else if (fuse_session_mount(session, where) < 0) {
		r = fail_mount(where);
	} else {
		r = fuse_session_loop(session);
		fuse_session_unmount(session);
	}
	fuse_session_destroy(TAKE(session));
	/* A signal number is how the loop says that one ended it. */
	return r < 0 ? 1 : 0;
}

static int open_store(const struct options *o, struct store **ret)
{
	struct store_options so = {.cache_bytes = o->cache_bytes};
	int r = store_open(o->store, &so, ret);

	if (r == -ENOENT && access(o->store, F_OK) == 0)
		warnx("%s: not a store (there is no histfs.store in it)", o->store);
	else if (r == -EPROTONOSUPPORT)
		warnx("%s: written by a newer version of histfs", o->store);
	else if (r == -EBADMSG)
		warnx("%s: histfs.store is damaged, or not one", o->store);
	else if (r < 0)
		warnx("%s: %s", o->store, strerror(-r));
	return r;
}

/* A mount over the store would hide it from the next start of the recorder. */
static int refuse_store(const char *where, const struct stat *store)
{
	struct stat st;

	if (stat(where, &st) < 0 || st.st_dev != store->st_dev || st.st_ino != store->st_ino)
		return 0;
	warnx("mount point %s: this is the store itself", where);
	return -EBUSY;
}

static int run(const struct options *o, struct background *b)
{
	_cleanup_(cleanup_store) struct store *store = NULL;
	_cleanup_(cleanup_tree) struct tree *tree = NULL;
	_cleanup_(cleanup_free) char *where = NULL;
	struct ops ops = {.umask = o->umask, .ready = ready, .arg = b};
	struct stat st;
	int r;

	if (open_store(o, &store) < 0 || mountpoint_prepare(o->mountpoint, &where) < 0)
		return 1;
	if (o->fake)
		return 0;
	r = tree_new(store, &tree);
	if (r < 0 || stat(o->store, &st) < 0) {
		warnx("%s: %s", o->store, strerror(r < 0 ? -r : errno));
		return 1;
	}
	if (refuse_store(where, &st) < 0)
		return 1;
	ops.tree = tree;
	ops.uid = o->uid == (uid_t)-1 ? st.st_uid : o->uid;
	ops.gid = o->gid == (gid_t)-1 ? st.st_gid : o->gid;
	r = serve(o, where, &ops);
	buf_done(&ops.entries);
	return r;
}

int main(int argc, char **argv)
{
	struct background b = {.fd = -1};
	struct options o;
	int r;

	r = options_parse(&o, argc, argv);
	if (r)
		return r < 0 ? 2 : 0;
	/* Groups are decoded into pieces of some hundred KiB. To have each from the kernel anew, page by page, costs
	 * more than the decoding (1.2 ms instead of 0.7 for one moment's processes). */
	mallopt(M_MMAP_THRESHOLD, 8 << 20);
	mallopt(M_TRIM_THRESHOLD, 32 << 20);
	if (!o.foreground && !o.fake) {
		r = go_background(&b);
		if (r < 0) {
			warnx("%s", strerror(-r));
			return 1;
		}
	}
	return run(&o, &b);
}
