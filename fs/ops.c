/* ops.c -- see ops.h */
#include "fs/ops.h"

static struct ops *ops_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

/* Damage is an I/O error to whoever reads, and so is what only a newer version understands. */
static void reply_err(fuse_req_t req, int r)
{
	fuse_reply_err(req, r == -EBADMSG || r == -EPROTONOSUPPORT ? EIO : -r);
}

static void fill_stat(const struct ops *o, const struct tree_attr *a, struct stat *ret)
{
	/* A message's time may be before 1970; the rest of a second is never negative. */
	int64_t ms = a->mtime_ms % 1000, before = ms < 0;
	struct timespec time = {
	    .tv_sec = a->mtime_ms / 1000 - before, .tv_nsec = (ms + before * 1000) * 1000000 + a->mtime_ns};

	*ret = (struct stat){
	    .st_ino = a->ino,
	    .st_mode = S_ISLNK(a->mode) ? a->mode : a->mode & ~o->umask,
	    .st_nlink = a->nlink,
	    .st_uid = o->uid,
	    .st_gid = o->gid,
	    .st_size = (off_t)a->size,
	    .st_blksize = 4096,
	    /* Not 0 for what has contents: GNU tar takes a file without blocks for a hole. */
	    .st_blocks = (blkcnt_t)((a->size + 511) / 512),
	    .st_atim = time,
	    .st_mtim = time,
	    .st_ctim = time,
	};
}

static void fill_entry(const struct ops *o, const struct tree_attr *a, struct fuse_entry_param *ret)
{
	*ret = (struct fuse_entry_param){
	    .ino = a->ino,
	    .attr_timeout = a->attr_ms / 1000.0,
	    .entry_timeout = a->name_ms / 1000.0,
	};
	fill_stat(o, a, &ret->attr);
}

static void op_init(void *userdata, struct fuse_conn_info *conn)
{
	struct ops *o = userdata;

	/* Small answers are copied faster than pages are moved. Inode numbers are for ever, so NFS may keep them. Links
	 * are never cached: /now would stay what it was. */
	conn->want &=
	    ~(unsigned)(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE | FUSE_CAP_CACHE_SYMLINKS);
	conn->want |=
	    conn->capable & (unsigned)(FUSE_CAP_AUTO_INVAL_DATA | FUSE_CAP_READDIRPLUS | FUSE_CAP_READDIRPLUS_AUTO |
	                               FUSE_CAP_EXPORT_SUPPORT | FUSE_CAP_PARALLEL_DIROPS);
	o->ready(o->arg);
}

static void op_lookup(fuse_req_t req, fuse_ino_t dir, const char *name)
{
	struct ops *o = ops_of(req);
	struct fuse_entry_param e;
	struct tree_attr a;
	int r = tree_lookup(o->tree, dir, name, &a);

	if (r < 0) {
		reply_err(req, r);
		return;
	}
	fill_entry(o, &a, &e);
	fuse_reply_entry(req, &e);
}

static void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct ops *o = ops_of(req);
	struct tree_attr a;
	struct stat st;
	int r = tree_attr(o->tree, ino, &a);

	(void)fi;
	if (r < 0) {
		reply_err(req, r);
		return;
	}
	fill_stat(o, &a, &st);
	fuse_reply_attr(req, &st, a.attr_ms / 1000.0);
}

static void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct span target;
	char copy[128];
	int r = tree_readlink(ops_of(req)->tree, ino, &target);

	if (r < 0) {
		reply_err(req, r);
		return;
	}
	snprintf(copy, sizeof(copy), "%.*s", (int)span_left(&target), (const char *)target.p);
	fuse_reply_readlink(req, copy);
}

/* Not implemented: the kernel then opens by itself, from now on without asking. */
static void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino, (void)fi;
	fuse_reply_err(req, ENOSYS);
}

static void op_read(fuse_req_t req, fuse_ino_t ino, size_t len, off_t off, struct fuse_file_info *fi)
{
	struct span part;
	int r = off < 0 ? -EINVAL : tree_read(ops_of(req)->tree, ino, (uint64_t)off, len, &part);

	(void)fi;
	if (r < 0)
		reply_err(req, r);
	else
		fuse_reply_buf(req, (const char *)part.p, span_left(&part));
}

/* --- listings --- */

struct filler {
	fuse_req_t req;
	struct ops *o;
	bool plus;
	size_t room;
};

/* An entry; the listing goes on behind it at off. Returns 1 if there is no room for it. */
static int put_entry(struct filler *l, const char *name, const struct fuse_entry_param *e, off_t off)
{
	struct buf *out = &l->o->entries;
	char *p = (char *)out->p + out->len;
	size_t room = l->room - out->len, n;

	n = l->plus ? fuse_add_direntry_plus(l->req, p, room, name, e, off)
	            : fuse_add_direntry(l->req, p, room, name, &e->attr, off);
	if (n > room)
		return 1;
	out->len += n;
	return 0;
}

/* "." and "..", which the kernel wants no attributes for. */
static int put_dots(struct filler *l, uint64_t dir, off_t off)
{
	const char *const names[] = {".", ".."};
	const uint64_t inos[] = {dir, tree_parent(l->o->tree, dir)};

	for (; off < 2; off++) {
		struct fuse_entry_param e = {.attr = {.st_ino = inos[off], .st_mode = S_IFDIR}};

		if (put_entry(l, names[off], &e, off + 1))
			return 1;
	}
	return 0;
}

static int each_entry(const struct tree_entry *entry, void *arg)
{
	struct filler *l = arg;
	struct fuse_entry_param e = {.attr = {.st_ino = entry->ino, .st_mode = entry->type}};

	/* Without attributes, as for what is damaged, the kernel asks again when somebody wants them. */
	if (entry->attr)
		fill_entry(l->o, entry->attr, &e);
	return put_entry(l, entry->name, &e, (off_t)entry->cookie + 2);
}

static void list(fuse_req_t req, fuse_ino_t dir, size_t size, off_t off, bool plus)
{
	struct ops *o = ops_of(req);
	struct filler l = {.req = req, .o = o, .plus = plus, .room = size};
	int r;

	if (off < 0) {
		fuse_reply_err(req, EINVAL);
		return;
	}
	o->entries.len = 0;
	o->entries.err = 0;
	r = buf_reserve(&o->entries, size);
	if (r == 0)
		r = put_dots(&l, dir, off);
	if (r == 0)
		r = tree_list(o->tree, dir, off < 2 ? 0 : (uint64_t)off - 2, plus, each_entry, &l);
	/* An error behind the first entries comes again when the listing goes on there. */
	if (r < 0 && o->entries.len == 0)
		reply_err(req, r);
	else
		fuse_reply_buf(req, (const char *)o->entries.p, o->entries.len);
}

static void op_readdir(fuse_req_t req, fuse_ino_t dir, size_t size, off_t off, struct fuse_file_info *fi)
{
	(void)fi;
	list(req, dir, size, off, false);
}

static void op_readdirplus(fuse_req_t req, fuse_ino_t dir, size_t size, off_t off, struct fuse_file_info *fi)
{
	(void)fi;
	list(req, dir, size, off, true);
}

/* All that is stored, and no room: the size that df prints is the store's. */
static void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
	enum { BLOCK = 4096 };
	uint64_t bytes, n_hours;
	struct statvfs st;
	int r = tree_usage(ops_of(req)->tree, &bytes, &n_hours);

	(void)ino;
	if (r < 0) {
		reply_err(req, r);
		return;
	}
	st = (struct statvfs){
	    .f_bsize = BLOCK,
	    .f_frsize = BLOCK,
	    .f_blocks = (bytes + BLOCK - 1) / BLOCK,
	    .f_files = n_hours,
	    .f_namemax = 255,
	};
	fuse_reply_statfs(req, &st);
}

const struct fuse_lowlevel_ops ops_table = {
    .init = op_init,
    .lookup = op_lookup,
    .getattr = op_getattr,
    .readlink = op_readlink,
    .open = op_open,
    .read = op_read,
    .opendir = op_open,
    .readdir = op_readdir,
    .readdirplus = op_readdirplus,
    .statfs = op_statfs,
};
