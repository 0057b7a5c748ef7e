/* socket.c -- see socket.h
 *
 * Beside the socket lies a file, locked as long as the socket is somebody's: who has the lock may replace what lies
 * there. The file stays: to remove it would take the lock from one who has just opened it.
 */
#include "collector/socket.h"

#include "collector/procfs.h"
#include "collector/say.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

enum { BACKLOG = 1024, FIRST_PASSED_FD = 3 };

/* --- of the service manager --- */

static bool is_environ(const char *name, uint64_t want)
{
	const char *text = getenv(name);
	uint64_t v;

	return text && parse_u64(&text, &v) && *text == '\0' && v == want;
}

static bool is_listening_stream(int fd)
{
	int listening = 0, type = 0, domain = 0;
	socklen_t len = sizeof(int);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) == 0 && listening &&
	       getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM &&
	       getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_UNIX;
}

/* The one socket that was passed; -1: none was. */
static int passed_fd(void)
{
	int fd = FIRST_PASSED_FD;

	if (!is_environ("LISTEN_PID", (uint64_t)getpid()) || !is_environ("LISTEN_FDS", 1) || !is_listening_stream(fd))
		return -1;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		return -1;
	return fd;
}

/* --- its own --- */

/* The directory, if it is only that which is missing. */
static void make_directory(const char *path)
{
	_cleanup_(cleanup_free) char *dir = strdup(path);
	char *slash = dir ? strrchr(dir, '/') : NULL;

	if (!slash || slash == dir)
		return;
	*slash = '\0';
	if (mkdir(dir, 0755) == 0 && chmod(dir, 0755) < 0)
		say("%s: %s", dir, strerror(errno));
}

static int take_lock(const char *path)
{
	_cleanup_(cleanup_free) char *name = NULL;
	int fd;

	if (asprintf(&name, "%s.lock", path) < 0) {
		name = NULL;
		return -ENOMEM;
	}
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		close(fd);
		return -EADDRINUSE;
	}
	return fd;
}

int socket_remove_stale(const struct sockaddr_un *addr, int type)
{
	_cleanup_(cleanup_close) int fd = -1;
	struct stat st;

	if (lstat(addr->sun_path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EADDRINUSE;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)addr, sizeof *addr) == 0 || errno != ECONNREFUSED)
		return -EADDRINUSE;
	return unlink(addr->sun_path) < 0 ? -errno : 0;
}

static int bind_file(int fd, const struct sockaddr_un *addr, const struct config_socket *c)
{
	/* Nobody connects before it is whose it is to be. */
	if (fchmod(fd, 0) < 0 || bind(fd, (const struct sockaddr *)addr, sizeof *addr) < 0)
		return -errno;
	if ((c->owner >= 0 || c->group >= 0) && chown(addr->sun_path, (uid_t)c->owner, (gid_t)c->group) < 0)
		return -errno;
	if (chmod(addr->sun_path, (mode_t)c->mode) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	return 0;
}

static int make(const struct config_socket *c, struct socket_file *ret)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int r;

	if (strlen(c->path) >= sizeof addr.sun_path)
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, c->path, strlen(c->path));
	make_directory(c->path);
	ret->lockfd = take_lock(c->path);
	if (ret->lockfd < 0)
		return ret->lockfd;
	r = socket_remove_stale(&addr, SOCK_STREAM);
	if (r < 0)
		return r;
	ret->path = strdup(c->path);
	ret->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (!ret->path || ret->fd < 0)
		return ret->path ? -errno : -ENOMEM;
	return bind_file(ret->fd, &addr, c);
}

int socket_open(const struct config_socket *c, struct socket_file *ret)
{
	int r;

	*ret = (struct socket_file){.fd = passed_fd(), .lockfd = -1};
	if (ret->fd >= 0 || strcmp(c->path, "off") == 0)
		return 0;
	r = make(c, ret);
	if (r == 0)
		return 0;
	say("socket %s: %s; messages are not taken", c->path,
	    r == -EADDRINUSE ? "somebody else listens there" : strerror(-r));
	cleanup_close(&ret->fd);
	ret->fd = -1;
	socket_close(ret);
	return r;
}

void socket_close(struct socket_file *s)
{
	if (s->path)
		unlink(s->path);
	cleanup_close(&s->lockfd);
	free(s->path);
	*s = (struct socket_file){.fd = -1, .lockfd = -1};
}
