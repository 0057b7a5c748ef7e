/* floor.c -- the least that a FUSE file system can cost: a folder's copy in memory
 *
 *   floor DIR MOUNTPOINT [-o OPTION…]    in the foreground, one thread, until it is unmounted
 *
 * Low-level API as histfs uses it: open and opendir answer ENOSYS, endless timeouts, readdirplus as the kernel asks for
 * it. A request costs an array access and the reply, so what is measured on it is the kernel, libfuse and the client.
 */
#define FUSE_USE_VERSION 314

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/cleanup.h"

#define ENDLESS (365 * 86400.0)

/* Inode number = position + 1. The children of a folder lie together, sorted by name. */
struct node {
	char *name;
	char *data; /* of a file */
	struct stat st;
	size_t first, n; /* of a folder */
};

static struct node *nodes;
static size_t n_nodes, cap_nodes;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* --- loading --- */

static void add(int dir, const char *name)
{
	struct node *n;

	if (n_nodes == cap_nodes) {
		cap_nodes = cap_nodes ? cap_nodes * 2 : 1024;
		nodes = realloc(nodes, cap_nodes * sizeof *nodes);
		if (!nodes)
			die("memory");
	}
	n = &nodes[n_nodes];
	*n = (struct node){.name = strdup(name)};
	if (!n->name || fstatat(dir, name, &n->st, AT_SYMLINK_NOFOLLOW) < 0)
		die(name);
	n->st.st_ino = ++n_nodes;
}

static void load_file(int dir, struct node *n)
{
	_cleanup_(cleanup_close) int fd = openat(dir, n->name, O_RDONLY | O_CLOEXEC);
	size_t len = (size_t)n->st.st_size;

	n->data = malloc(len + 1);
	if (fd < 0 || !n->data || read(fd, n->data, len) != (ssize_t)len)
		die(n->name);
}

static int visible(const struct dirent *e)
{
	return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
}

static int by_byte(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void load_folder(int parent, const char *name, size_t at)
{
	_cleanup_(cleanup_close) int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent **entry;
	size_t first = n_nodes;
	int n;

	n = fd < 0 ? -1 : scandirat(fd, ".", &entry, visible, by_byte);
	if (n < 0)
		die(name);
	for (int i = 0; i < n; i++) {
		add(fd, entry[i]->d_name);
		free(entry[i]);
	}
	free(entry);
	nodes[at].first = first;
	nodes[at].n = (size_t)n;
	for (size_t i = first; i < first + (size_t)n; i++) {
		if (S_ISDIR(nodes[i].st.st_mode))
			load_folder(fd, nodes[i].name, i);
		else if (S_ISREG(nodes[i].st.st_mode))
			load_file(fd, &nodes[i]);
	}
}

/* --- serving --- */

static struct node *node_of(fuse_ino_t ino)
{
	return &nodes[ino - 1];
}

static void fill(const struct node *n, struct fuse_entry_param *ret)
{
	*ret = (struct fuse_entry_param){
	    .ino = n->st.st_ino, .attr = n->st, .attr_timeout = ENDLESS, .entry_timeout = ENDLESS};
}

static void floor_init(void *arg, struct fuse_conn_info *conn)
{
	(void)arg;
	conn->want &= ~(unsigned)(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE);
}

static int by_name(const void *name, const void *node)
{
	return strcmp(name, ((const struct node *)node)->name);
}

static void floor_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	const struct node *d = node_of(parent);
	const struct node *n = bsearch(name, nodes + d->first, d->n, sizeof *nodes, by_name);
	struct fuse_entry_param e = {.entry_timeout = ENDLESS};

	if (n)
		fill(n, &e);
	fuse_reply_entry(req, &e);
}

static void floor_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)fi;
	fuse_reply_attr(req, &node_of(ino)->st, ENDLESS);
}

static void floor_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	(void)fi;
	fuse_reply_err(req, ENOSYS);
}

static void floor_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	const struct node *n = node_of(ino);
	size_t len = (size_t)n->st.st_size, at = (size_t)off < len ? (size_t)off : len;

	(void)fi;
	fuse_reply_buf(req, n->data + at, size < len - at ? size : len - at);
}

static void list(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, int plus)
{
	static char buffer[1 << 20];
	const struct node *d = node_of(ino);
	size_t len = 0;

	if (size > sizeof buffer)
		size = sizeof buffer;
	for (size_t i = (size_t)off; i < d->n; i++) {
		const struct node *n = &nodes[d->first + i];
		struct fuse_entry_param e;
		size_t need;

		fill(n, &e);
		need = plus ? fuse_add_direntry_plus(req, buffer + len, size - len, n->name, &e, (off_t)i + 1)
		            : fuse_add_direntry(req, buffer + len, size - len, n->name, &n->st, (off_t)i + 1);
		if (need > size - len)
			break;
		len += need;
	}
	fuse_reply_buf(req, buffer, len);
}

static void floor_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	(void)fi;
	list(req, ino, size, off, 0);
}

static void floor_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	(void)fi;
	list(req, ino, size, off, 1);
}

static const struct fuse_lowlevel_ops ops = {
    .init = floor_init,
    .lookup = floor_lookup,
    .getattr = floor_getattr,
    .open = floor_open,
    .read = floor_read,
    .opendir = floor_open,
    .readdir = floor_readdir,
    .readdirplus = floor_readdirplus,
};

int main(int argc, char **argv)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	struct fuse_session *se;
	int r;

	if (argc < 3) {
		fputs("usage: floor DIR MOUNTPOINT [-o OPTION…]\n", stderr);
		return 2;
	}
	add(AT_FDCWD, argv[1]);
	load_folder(AT_FDCWD, argv[1], 0);
	fuse_opt_add_arg(&args, argv[0]);
	fuse_opt_add_arg(&args, "-oro,fsname=floor");
	for (int i = 3; i < argc; i++)
		fuse_opt_add_arg(&args, argv[i]);
	se = fuse_session_new(&args, &ops, sizeof ops, NULL);
	if (!se || fuse_set_signal_handlers(se) < 0 || fuse_session_mount(se, argv[2]) < 0)
		return 1;
	r = fuse_session_loop(se);
	fuse_session_unmount(se);
	fuse_session_destroy(se);
	fuse_opt_free_args(&args);
	return r != 0;
}
