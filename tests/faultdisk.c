/* faultdisk.c -- see faultdisk.h, and the model in faultio.h */
#include "tests/faultdisk.h"
#include "tests/faultalloc.h"
#include "tests/faultio.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECTOR = 512 };

/* Something pending on a file: bytes at off, or (no bytes) the length off. */
struct op {
	bool write;
	uint64_t off;
	size_t len;
	uint8_t *p;
};

/* Something pending on a directory: what was under from is now under to. */
struct dir_op {
	char *from;            /* NULL: it is new */
	char *to;              /* NULL: it is removed */
	struct object *object; /* the new one */
};

struct entry {
	char *name;
	struct object *object;
};

/* A file or directory: its durable state, and what is pending. */
struct object {
	ino_t ino; /* of the real one */
	bool is_dir;

	uint8_t *p;
	size_t len;
	struct op *ops;
	size_t n_ops;

	struct entry *entries;
	size_t n_entries;
	struct dir_op *dir_ops;
	size_t n_dir_ops;
};

static char root_path[PATH_MAX];
static struct object **objects; /* the first is the root */
static size_t n_objects;

static void die(const char *what)
{
	printf("Bail out! faultdisk: %s: %s\n", what, strerror(errno));
	exit(1);
}

static char *copy_of(const char *s)
{
	size_t len = strlen(s) + 1;

	return memcpy(faultalloc_real(NULL, len), s, len);
}

/* Makes room for one more behind n elements and returns it, zeroed. */
static void *one_more(void **array, size_t n, size_t size)
{
	*array = faultalloc_real(*array, (n + 1) * size);
	return memset((uint8_t *)*array + n * size, 0, size);
}

static struct object *object_new(ino_t ino, bool is_dir)
{
	struct object **slot = one_more((void **)&objects, n_objects, sizeof *objects);

	*slot = memset(faultalloc_real(NULL, sizeof **slot), 0, sizeof **slot);
	(*slot)->ino = ino;
	(*slot)->is_dir = is_dir;
	n_objects++;
	return *slot;
}

static void drop_ops(struct object *o)
{
	for (size_t i = 0; i < o->n_ops; i++)
		free(o->ops[i].p);
	o->n_ops = 0;
}

static void drop_dir_ops(struct object *o)
{
	for (size_t i = 0; i < o->n_dir_ops; i++) {
		free(o->dir_ops[i].from);
		free(o->dir_ops[i].to);
	}
	o->n_dir_ops = 0;
}

static void objects_free(void)
{
	for (size_t i = 0; i < n_objects; i++) {
		struct object *o = objects[i];

		drop_ops(o);
		drop_dir_ops(o);
		for (size_t k = 0; k < o->n_entries; k++)
			free(o->entries[k].name);
		free(o->entries);
		free(o->ops);
		free(o->dir_ops);
		free(o->p);
		free(o);
	}
	free(objects);
	objects = NULL;
	n_objects = 0;
}

/* The newest, since the number of a removed file is given away again. */
static struct object *object_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		die("fstat");
	for (size_t i = n_objects; i-- > 0;)
		if (objects[i]->ino == st.st_ino)
			return objects[i];
	return NULL;
}

static void set_len(struct object *o, size_t len)
{
	if (len > o->len) {
		o->p = faultalloc_real(o->p, len);
		memset(o->p + o->len, 0, len - o->len);
	}
	o->len = len;
}

/* The first len bytes of the write become durable; size: and the size that it gave the file. */
static void apply_write(struct object *o, const struct op *op, size_t len, bool size)
{
	size_t end = (size_t)op->off + (size ? op->len : len);

	if (end > o->len && (len > 0 || size))
		set_len(o, end);
	if (len > 0)
		memcpy(o->p + op->off, op->p, len);
}

static void apply_sectors(struct object *o, const struct op *op, uint64_t *rnd)
{
	size_t end;

	apply_write(o, op, 0, true);
	for (size_t at = 0; at < op->len; at = end) {
		end = at + SECTOR - ((size_t)op->off + at) % SECTOR;
		if (end > op->len)
			end = op->len;
		if (faultio_random(rnd) & 1)
			memcpy(o->p + op->off + at, op->p + at, end - at);
	}
}

static struct entry *entry_of(struct object *dir, const char *name)
{
	for (size_t i = 0; i < dir->n_entries; i++)
		if (strcmp(dir->entries[i].name, name) == 0)
			return &dir->entries[i];
	return NULL;
}

static struct object *entry_remove(struct object *dir, const char *name)
{
	struct entry *e = entry_of(dir, name);
	struct object *o;

	if (!e)
		return NULL;
	o = e->object;
	free(e->name);
	*e = dir->entries[--dir->n_entries];
	return o;
}

static void entry_set(struct object *dir, const char *name, struct object *o)
{
	struct entry *e = entry_of(dir, name);

	if (!e) {
		e = one_more((void **)&dir->entries, dir->n_entries, sizeof *dir->entries);
		e->name = copy_of(name);
		dir->n_entries++;
	}
	e->object = o;
}

static void apply_dir_op(struct object *dir, const struct dir_op *op)
{
	struct object *o = op->object;

	if (op->from)
		o = entry_remove(dir, op->from);
	if (op->to && o)
		entry_set(dir, op->to, o);
}

static void pend(struct object *o, bool write, const void *p, size_t len, uint64_t off)
{
	struct op *op;

	if (!o)
		return;
	op = one_more((void **)&o->ops, o->n_ops++, sizeof *o->ops);
	*op = (struct op){.write = write, .off = off, .len = len};
	if (write)
		op->p = memcpy(faultalloc_real(NULL, len), p, len);
}

static void pend_dir(struct object *dir, const char *from, const char *to, struct object *o)
{
	struct dir_op *op;

	if (!dir)
		return;
	op = one_more((void **)&dir->dir_ops, dir->n_dir_ops++, sizeof *dir->dir_ops);
	*op = (struct dir_op){.from = from ? copy_of(from) : NULL, .to = to ? copy_of(to) : NULL, .object = o};
}

static void settle_all(struct object *o)
{
	for (size_t i = 0; i < o->n_ops; i++) {
		if (o->ops[i].write)
			apply_write(o, &o->ops[i], o->ops[i].len, true);
		else
			set_len(o, (size_t)o->ops[i].off);
	}
	drop_ops(o);
}

enum policy { NOTHING_KEPT, ALL_KEPT, BY_CHANCE };

static void settle_write(struct object *o, const struct op *op, uint64_t *rnd)
{
	switch (faultio_random(rnd) % 5) {
	case 0:
		break;
	case 1:
		apply_write(o, op, op->len, true);
		break;
	case 2:
		apply_write(o, op, faultio_random(rnd) % (op->len + 1), false);
		break;
	case 3:
		apply_write(o, op, 0, true);
		break;
	case 4:
		apply_sectors(o, op, rnd);
		break;
	}
}

static void settle(struct object *o, enum policy policy, uint64_t *rnd)
{
	size_t n;

	if (policy == ALL_KEPT)
		settle_all(o);
	for (size_t i = 0; policy == BY_CHANCE && i < o->n_ops; i++) {
		if (o->ops[i].write)
			settle_write(o, &o->ops[i], rnd);
		else if (faultio_random(rnd) & 1)
			set_len(o, (size_t)o->ops[i].off);
	}
	drop_ops(o);
	n = policy == NOTHING_KEPT ? 0 : policy == ALL_KEPT ? o->n_dir_ops : faultio_random(rnd) % (o->n_dir_ops + 1);
	for (size_t i = 0; i < n; i++)
		apply_dir_op(o, &o->dir_ops[i]);
	drop_dir_ops(o);
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static DIR *open_list(int dirfd)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d)
		die("open directory");
	return d;
}

static void wipe(int at)
{
	DIR *d = open_list(at);
	struct dirent *e;

	while ((e = readdir(d))) {
		int in;

		if (is_dots(e->d_name) || unlinkat(at, e->d_name, 0) == 0)
			continue;
		in = openat(at, e->d_name, O_RDONLY | O_DIRECTORY);
		if (in < 0)
			die(e->d_name);
		wipe(in);
		close(in);
		if (unlinkat(at, e->d_name, AT_REMOVEDIR) < 0)
			die(e->d_name);
	}
	closedir(d);
}

static void build(int dirfd, const struct object *dir)
{
	for (size_t i = 0; i < dir->n_entries; i++) {
		const struct entry *e = &dir->entries[i];
		int fd;

		if (e->object->is_dir && mkdirat(dirfd, e->name, 0750) < 0)
			die("mkdir");
		fd = openat(
		    dirfd, e->name, e->object->is_dir ? O_RDONLY | O_DIRECTORY : O_RDWR | O_CREAT | O_EXCL, 0640);
		if (fd < 0)
			die("build");
		if (e->object->is_dir)
			build(fd, e->object);
		else if (pwrite(fd, e->object->p, e->object->len, 0) != (ssize_t)e->object->len)
			die("write");
		close(fd);
	}
}

/* The object for what is at fd, with everything in it, as durable. */
static struct object *adopt(int fd)
{
	struct object *o;
	struct dirent *e;
	struct stat st;
	DIR *d;

	if (fstat(fd, &st) < 0)
		die("fstat");
	o = object_new(st.st_ino, S_ISDIR(st.st_mode));
	if (!o->is_dir) {
		set_len(o, (size_t)st.st_size);
		if (pread(fd, o->p, o->len, 0) != (ssize_t)o->len)
			die("read");
		return o;
	}
	d = open_list(fd);
	while ((e = readdir(d))) {
		int in;

		if (is_dots(e->d_name))
			continue;
		in = openat(fd, e->d_name, O_RDONLY);
		if (in < 0)
			die(e->d_name);
		entry_set(o, e->d_name, adopt(in));
		close(in);
	}
	closedir(d);
	return o;
}

static int open_root(void)
{
	int fd = open(root_path, O_RDONLY | O_DIRECTORY);

	if (fd < 0)
		die(root_path);
	return fd;
}

/* Forgets what is known and takes what is there for durable. */
static void start(void)
{
	int fd = open_root();

	objects_free();
	adopt(fd);
	close(fd);
}

void faultdisk_begin(const char *path)
{
	snprintf(root_path, sizeof root_path, "%s", path);
	start();
}

void faultdisk_crash(uint64_t seed)
{
	enum policy policy = seed % 4 == 0 ? NOTHING_KEPT : seed % 4 == 1 ? ALL_KEPT : BY_CHANCE;
	uint64_t rnd = seed;
	int fd = open_root();

	for (size_t i = 0; i < n_objects; i++)
		settle(objects[i], policy, &rnd);
	wipe(fd);
	build(fd, objects[0]);
	close(fd);
	start();
}

void faultdisk_created(int dirfd, const char *name, int fd)
{
	struct object *dir = object_of(dirfd);

	if (dir)
		pend_dir(dir, NULL, name, adopt(fd));
}

void faultdisk_renamed(int dirfd, const char *from, const char *to)
{
	pend_dir(object_of(dirfd), from, to, NULL);
}

void faultdisk_written(int fd, const void *p, size_t len, uint64_t off)
{
	pend(object_of(fd), true, p, len, off);
}

void faultdisk_truncated(int fd, uint64_t len)
{
	pend(object_of(fd), false, NULL, 0, len);
}

void faultdisk_synced(int fd)
{
	struct object *o = object_of(fd);

	if (o)
		settle_all(o);
}

void faultdisk_sync_failed(int fd, uint64_t *rnd)
{
	struct object *o = object_of(fd);

	if (!o)
		return;
	for (size_t i = 0; i < o->n_ops; i++) {
		if (!o->ops[i].write)
			set_len(o, (size_t)o->ops[i].off);
		else
			apply_write(o, &o->ops[i], faultio_random(rnd) & 1 ? o->ops[i].len : 0, true);
	}
	drop_ops(o);
}

void faultdisk_dir_synced(int dirfd)
{
	struct object *dir = object_of(dirfd);

	if (!dir)
		return;
	for (size_t i = 0; i < dir->n_dir_ops; i++)
		apply_dir_op(dir, &dir->dir_ops[i]);
	drop_dir_ops(dir);
}
