/* cgroupmounts.c -- see cgroupmounts.h
 *
 * A line of mountinfo: "36 35 0:30 /top /mount/point options tag:1 … - type source superoptions". The controllers of
 * version 1 are among the superoptions. Blanks and the like in paths are \040: three octal digits.
 */
#include "collector/cgroupmounts.h"

#include "collector/line.h"

#include <fcntl.h>
#include <limits.h>

struct text {
	const char *p;
	size_t len;
};

static bool is(const struct text *t, const char *word)
{
	return t->len == strlen(word) && memcmp(t->p, word, t->len) == 0;
}

static unsigned controllers_of(const struct text *options)
{
	static const struct {
		const char *name;
		unsigned bit;
	} known[] = {{"cpuacct", CGROUP_CPUACCT}, {"cpu", CGROUP_CPU}, {"memory", CGROUP_MEMORY}, {"pids", CGROUP_PIDS},
	    {"blkio", CGROUP_BLKIO}};
	const char *end = options->p + options->len;
	unsigned all = 0;

	for (const char *p = options->p; p < end;) {
		const char *comma = memchr(p, ',', (size_t)(end - p));
		struct text word = {p, (size_t)((comma ? comma : end) - p)};

		for (size_t i = 0; i < N_ELEMENTS(known); i++)
			if (is(&word, known[i].name))
				all |= known[i].bit;
		p += word.len + 1;
	}
	return all;
}

/* The path that was written so. */
static char *unescape(const struct text *t)
{
	char *path;

	return line_unescape(t->p, t->len, &path) < 0 ? NULL : path;
}

struct line {
	struct text top, point, type, options;
};

static bool parse(const char *p, struct line *ret)
{
	struct text word;
	int field = 0;

	for (; line_word(&p, &word.p, &word.len); field++) {
		if (field == 3)
			ret->top = word;
		else if (field == 4)
			ret->point = word;
		else if (field > 5 && is(&word, "-"))
			break;
	}
	return field > 5 && line_word(&p, &ret->type.p, &ret->type.len) && line_word(&p, &word.p, &word.len) &&
	       line_word(&p, &ret->options.p, &ret->options.len);
}

static void done(struct cgroup_mount *m)
{
	if (m->fd >= 0)
		close(m->fd);
	free(m->folder);
	free(m->top);
}

/* Adds one unless its controllers are there already, or it cannot be opened. Takes the strings. */
static int add(struct procfs *fs, struct cgroup_mounts *ms, unsigned controllers, char *folder, char *top)
{
	struct cgroup_mount m = {.fd = -1, .controllers = controllers, .folder = folder, .top = top};
	int r = 0;

	if (!folder || !top)
		r = -ENOMEM;
	for (size_t i = 0; i < ms->n; i++)
		m.controllers &= ~ms->m[i].controllers;
	if (r == 0 && m.controllers && ms->n < CGROUP_MOUNTS_MAX) {
		const char *relative = folder + strspn(folder, "/");

		m.fd = openat(procfs_rootfd(fs), *relative ? relative : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (m.fd < 0 && (errno == EMFILE || errno == ENFILE))
			r = -errno;
	}
	if (m.fd < 0) {
		done(&m);
		return r;
	}
	memmove(folder, folder + strspn(folder, "/"), strlen(folder + strspn(folder, "/")) + 1);
	if (strcmp(top, "/") == 0)
		*top = '\0';
	if (m.controllers & CGROUP_V2) {
		memmove(&ms->m[1], &ms->m[0], ms->n * sizeof ms->m[0]);
		ms->m[0] = m;
	} else {
		ms->m[ms->n] = m;
	}
	ms->n++;
	return 0;
}

static int add_line(struct procfs *fs, struct cgroup_mounts *ms, const struct line *l)
{
	if (is(&l->type, "cgroup2"))
		return add(fs, ms, CGROUP_V2, unescape(&l->point), unescape(&l->top));
	if (is(&l->type, "cgroup"))
		return add(fs, ms, controllers_of(&l->options), unescape(&l->point), unescape(&l->top));
	return 0;
}

/* Mounts of whole hierarchies first: others show a part of one. */
static int find(struct procfs *fs, struct cgroup_mounts *ms, const char *text, bool whole)
{
	int r = 0;

	for (const char *p = text; *p != '\0' && r == 0; parse_next_line(&p)) {
		struct line l;

		if (parse(p, &l) && is(&l.top, "/") == whole)
			r = add_line(fs, ms, &l);
	}
	return r;
}

/* Behind a root prefix, mount points may be called otherwise than what is there. */
static int find_usual(struct procfs *fs, struct cgroup_mounts *ms)
{
	static const char *const usual[] = {"sys/fs/cgroup", "sys/fs/cgroup/unified"};
	int r = 0;

	for (size_t i = 0; i < N_ELEMENTS(usual) && r == 0 && ms->n == 0; i++) {
		char path[64];

		snprintf(path, sizeof path, "%s/cgroup.controllers", usual[i]);
		if (faccessat(procfs_rootfd(fs), path, F_OK, 0) == 0)
			r = add(fs, ms, CGROUP_V2, strdup(usual[i]), strdup("/"));
	}
	return r;
}

int cgroupmounts_find(struct procfs *fs, struct cgroup_mounts *ret)
{
	struct cgroup_mounts ms = {0};
	const char *text;
	size_t len;
	int r = procfs_read(fs, "proc/self/mountinfo", &text, &len);

	if (r == -ENOMEM || r == -EMFILE || r == -ENFILE)
		return r;
	if (r < 0)
		text = "";
	r = find(fs, &ms, text, true);
	if (r == 0)
		r = find(fs, &ms, text, false);
	if (r == 0 && ms.n == 0)
		r = find_usual(fs, &ms);
	if (r < 0) {
		cgroupmounts_done(&ms);
		return r;
	}
	*ret = ms;
	return 0;
}

void cgroupmounts_done(struct cgroup_mounts *ms)
{
	for (size_t i = 0; i < ms->n; i++)
		done(&ms->m[i]);
	ms->n = 0;
}

const char *cgroupmounts_relative(const struct cgroup_mount *m, const char *path)
{
	path += strlen(m->top);
	path += strspn(path, "/");
	return *path ? path : ".";
}
