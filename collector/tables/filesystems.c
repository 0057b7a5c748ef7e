/* filesystems.c -- table filesystems: sizes of what is mounted, out of /proc/self/mountinfo and statvfs
 *
 * A row a mount point. Not recorded are mounts that others are mounted over, file systems that have no blocks (proc,
 * sysfs, cgroup and their kind) and autofs, which is not asked, as asking it mounts what nobody wanted mounted. One
 * that hangs or cannot be read has its row: what is known of the mount, no sizes, and a state that says why.
 *
 * Of NFS mounts /proc/self/mountstats adds how many bytes went over them.
 */
#include "collector/columns.h"
#include "collector/line.h"
#include "collector/mountstat.h"
#include "collector/source.h"

enum { WAIT_MS = 2000, NOTE_MAX = 160 };

enum {
	MOUNT_POINT,
	SOURCE_,
	DEVICE,
	TYPE,
	STATE,
	SIZE,
	FREE,
	AVAIL,
	FILES,
	FILES_FREE,
	FILES_AVAIL,
	READ_ONLY,
	NFS_FIRST,
	NFS_N = 8,
	OPTIONS = NFS_FIRST + NFS_N,
	SUPER_OPTIONS
};

static const struct column columns[] = {
    [MOUNT_POINT] = {"mount_point", "", COL_STR, KIND_LABEL, COL_KEY, 0},
    [SOURCE_] = TEXT("source"), /* what is mounted: /dev/sda1, server:/export */
    [DEVICE] = TEXT("device"),  /* major:minor, as in table disk */
    [TYPE] = TEXT("type"),
    [STATE] = TEXT("state"), /* ok; hung; not asked; or why it could not be read */
    [SIZE] = GAUGE("size_bytes", "bytes"),
    [FREE] = GAUGE("free_bytes", "bytes"),
    [AVAIL] = GAUGE("avail_bytes", "bytes"), /* for users that are not root */
    [FILES] = GAUGE("files", ""),
    [FILES_FREE] = GAUGE("files_free", ""),
    [FILES_AVAIL] = GAUGE("files_avail", ""),
    [READ_ONLY] = {"read_only", "", COL_U64, KIND_LABEL, 0, 0},
    [NFS_FIRST] = COUNTER("nfs_read_bytes", "bytes"), /* by read and write */
    COUNTER("nfs_write_bytes", "bytes"),
    COUNTER("nfs_direct_read_bytes", "bytes"),
    COUNTER("nfs_direct_write_bytes", "bytes"),
    COUNTER("nfs_server_read_bytes", "bytes"), /* over the network */
    COUNTER("nfs_server_write_bytes", "bytes"),
    COUNTER("nfs_mmap_read_pages", "pages"),
    COUNTER("nfs_mmap_write_pages", "pages"),
    [OPTIONS] = TEXT("options"),
    [SUPER_OPTIONS] = TEXT("super_options"),
};

static int open_(const struct source_env *env, void **ret_state)
{
	struct mountstat *m;
	int r = mountstat_new(env->fs, &m);

	if (r == 0)
		*ret_state = m;
	return r;
}

static void close_(void *state)
{
	mountstat_free(state);
}

/* --- lines of mountinfo --- */

struct field {
	const char *p;
	size_t len;
};

struct mount {
	uint64_t id;
	struct field device, mount_point, options, type, source, super_options;
};

/* Takes what stands before the next blank or the end of the line, and the blank. It may be nothing. */
static bool take_field(const char **p, struct field *ret)
{
	const char *c = *p;

	while (*c != ' ' && *c != '\n' && *c != '\0')
		c++;
	if (*c == '\0')
		return false;
	*ret = (struct field){*p, (size_t)(c - *p)};
	*p = c + (*c == ' ');
	return true;
}

static bool is(const struct field *f, const char *word)
{
	return f->len == strlen(word) && memcmp(f->p, word, f->len) == 0;
}

/* "36 35 98:0 /root /mount rw,noatime optional:1 - ext4 /dev/root rw" */
static bool take_mount(const char *p, struct mount *ret)
{
	struct field f;

	if (!line_whole(p) || !line_u64(&p, &ret->id) || *p != ' ')
		return false;
	p++;
	if (!take_field(&p, &f) || !take_field(&p, &ret->device) || !take_field(&p, &f) ||
	    !take_field(&p, &ret->mount_point) || !take_field(&p, &ret->options))
		return false;
	do
		if (*p == '\n' || !take_field(&p, &f))
			return false;
	while (!is(&f, "-"));
	return take_field(&p, &ret->type) && take_field(&p, &ret->source) && take_field(&p, &ret->super_options) &&
	       ret->mount_point.len > 0;
}

/* Whether the option is among those that stand between commas. */
static bool has_option(const struct field *options, const char *option)
{
	size_t len = strlen(option);

	for (size_t i = 0; i + len <= options->len; i++)
		if (memcmp(options->p + i, option, len) == 0 && (i == 0 || options->p[i - 1] == ',') &&
		    (i + len == options->len || options->p[i + len] == ','))
			return true;
	return false;
}

/* --- rows --- */

static int set_field(struct table *t, uint32_t row, uint32_t column, const struct field *f)
{
	return f->len == 0 ? 0 : table_set_str(t, row, column, f->p, f->len);
}

static int set_unescaped(struct table *t, uint32_t row, uint32_t column, const struct field *f)
{
	_cleanup_(cleanup_free) char *text = NULL;
	int r = f->len == 0 ? 0 : line_unescape(f->p, f->len, &text);

	return text ? table_set_str(t, row, column, text, strlen(text)) : r;
}

static void set_sizes(struct table *t, uint32_t row, const struct statvfs *st)
{
	uint64_t unit = st->f_frsize;
	const struct {
		uint32_t column;
		uint64_t blocks;
	} sizes[] = {{SIZE, st->f_blocks}, {FREE, st->f_bfree}, {AVAIL, st->f_bavail}};

	for (size_t i = 0; i < N_ELEMENTS(sizes); i++) {
		uint64_t bytes;

		if (!__builtin_mul_overflow(sizes[i].blocks, unit, &bytes))
			table_set(t, row, sizes[i].column, bytes);
	}
	/* No files at all: the file system does not count them. */
	if (st->f_files > 0) {
		table_set(t, row, FILES, st->f_files);
		table_set(t, row, FILES_FREE, st->f_ffree);
		table_set(t, row, FILES_AVAIL, st->f_favail);
	}
}

static const char *state_of(int r)
{
	return r == 0 ? "ok" : r == -ETIMEDOUT ? "hung" : r == -EAGAIN ? "not asked" : strerror(-r);
}

/* The row of a mount point: a mount over another one, on a kernel that does not tell them apart, takes its row. */
static int row_of(struct table *t, const char *mount_point, uint32_t *ret)
{
	int r = table_add_row(t, ret);

	if (r == 0)
		r = table_set_str(t, *ret, MOUNT_POINT, mount_point, strlen(mount_point));
	if (r < 0)
		return r;
	for (uint32_t row = 0; row < *ret; row++)
		if (table_same_key(t, row, t, *ret)) {
			table_drop_row(t);
			for (uint32_t c = 1; c < t->schema->n_columns; c++)
				table_set_null(t, row, c);
			*ret = row;
			return 0;
		}
	return 0;
}

static int add_row(struct table *t, const struct mount *m, const char *mount_point, int asked, const struct statvfs *st)
{
	uint32_t row;
	int r = row_of(t, mount_point, &row);

	if (r == 0)
		r = set_unescaped(t, row, SOURCE_, &m->source);
	if (r == 0)
		r = set_field(t, row, DEVICE, &m->device);
	if (r == 0)
		r = set_field(t, row, TYPE, &m->type);
	if (r == 0)
		r = table_set_str(t, row, STATE, state_of(asked), strlen(state_of(asked)));
	if (r == 0)
		r = set_field(t, row, OPTIONS, &m->options);
	if (r == 0)
		r = set_field(t, row, SUPER_OPTIONS, &m->super_options);
	if (r < 0)
		return r;
	table_set(t, row, READ_ONLY, has_option(&m->options, "ro") || has_option(&m->super_options, "ro"));
	if (asked == 0)
		set_sizes(t, row, st);
	return 0;
}

static int sample_mount(struct mountstat *ms, const struct mount *m, struct table *t)
{
	_cleanup_(cleanup_free) char *mount_point = NULL;
	struct statvfs st;
	int r = line_unescape(m->mount_point.p, m->mount_point.len, &mount_point);

	if (r < 0)
		return r;
	r = mountstat_ask(ms, m->id, mount_point, WAIT_MS, &st);
	/* Under another mount, or gone since the list was read. */
	if (r == -ESTALE || r == -ENOENT || (r == 0 && st.f_blocks == 0))
		return 0;
	return r == -ENOMEM ? r : add_row(t, m, mount_point, r, &st);
}

/* --- NFS --- */

static bool is_nfs(const struct field *type)
{
	return is(type, "nfs") || is(type, "nfs4");
}

/* "device server:/export mounted on /mnt with fstype nfs4 statvers=1.1": the mount point, if it is an NFS mount's. */
static bool take_nfs_device(const char *p, struct field *ret)
{
	struct field f = {NULL, 0}, type;

	if (strncmp(p, "device ", strlen("device ")) != 0 || !line_whole(p))
		return false;
	while (!is(&f, "mounted"))
		if (*p == '\n' || !take_field(&p, &f))
			return false;
	return take_field(&p, &f) && take_field(&p, ret) && take_field(&p, &f) && take_field(&p, &f) &&
	       take_field(&p, &type) && is_nfs(&type);
}

static int set_nfs(struct table *t, const struct field *mount_point, const uint64_t v[NFS_N])
{
	_cleanup_(cleanup_free) char *path = NULL;
	int r = line_unescape(mount_point->p, mount_point->len, &path);

	for (uint32_t row = 0; row < t->n_rows && r == 0; row++) {
		struct str s = table_str(t, MOUNT_POINT, row);

		if (s.len != strlen(path) || memcmp(s.p, path, s.len) != 0)
			continue;
		for (uint32_t i = 0; i < NFS_N; i++)
			table_set(t, row, NFS_FIRST + i, v[i]);
	}
	return r;
}

static int sample_nfs(const struct source_env *env, struct table *t)
{
	struct field mount_point = {NULL, 0};
	const char *p;
	size_t len;

	if (procfs_read(env->fs, "proc/self/mountstats", &p, &len) < 0)
		return 0;
	for (; *p != '\0'; parse_next_line(&p)) {
		static const char word[] = "\tbytes:";
		uint64_t v[NFS_N];
		const char *c = p + strlen(word);
		int r;

		if (strncmp(p, "device ", strlen("device ")) == 0 && !take_nfs_device(p, &mount_point))
			mount_point.p = NULL;
		if (!mount_point.p || strncmp(p, word, strlen(word)) != 0 || line_numbers(&c, v, NFS_N) < NFS_N)
			continue;
		r = set_nfs(t, &mount_point, v);
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- */

static void note_hung(const struct source_env *env, const struct table *t)
{
	char names[NOTE_MAX] = "";
	unsigned n = 0;

	for (uint32_t row = 0; row < t->n_rows; row++) {
		struct str state = table_str(t, STATE, row), mount_point = table_str(t, MOUNT_POINT, row);
		size_t len = strlen(names);

		if (state.len != strlen("hung") || memcmp(state.p, "hung", state.len) != 0)
			continue;
		snprintf(names + len, sizeof names - len, " %.*s", (int)mount_point.len, mount_point.p);
		n++;
	}
	if (n > 0)
		source_note(env, "%u that do not answer:%s", n, names);
}

static int sample(const struct source_env *env, void *state, struct table *t)
{
	bool any_nfs = false;
	const char *p;
	size_t len;
	int r = procfs_read(env->fs, "proc/self/mountinfo", &p, &len);

	for (; r == 0 && *p != '\0'; parse_next_line(&p)) {
		struct mount m;

		if (!take_mount(p, &m) || is(&m.type, "autofs"))
			continue;
		any_nfs |= is_nfs(&m.type);
		r = sample_mount(state, &m, t);
	}
	if (r == 0 && any_nfs)
		r = sample_nfs(env, t);
	if (r == 0)
		note_hung(env, t);
	return r;
}

SOURCE(filesystems) = {
    .name = "filesystems",
    .id = 19,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .open = open_,
    .close = close_,
    .sample = sample,
    .slow = true,
    .every_ms = 30000,
    .apart = true,
};
