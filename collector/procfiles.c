/* procfiles.c -- see procfiles.h */
#include "collector/procfiles.h"

#include <assert.h>

struct procfiles {
	size_t n;
	struct procfile files[];
};

int procfiles_new(size_t n, struct procfiles **ret)
{
	struct procfiles *f = malloc(sizeof *f + n * sizeof f->files[0]);

	if (!f)
		return -ENOMEM;
	f->n = n;
	for (size_t i = 0; i < n; i++)
		f->files[i] = PROCFILE_CLOSED;
	*ret = f;
	return 0;
}

void procfiles_free(struct procfiles *f)
{
	for (size_t i = 0; i < f->n; i++)
		procfile_done(&f->files[i]);
	free(f);
}

int procfiles_read(struct procfiles *f, size_t i, struct procfs *fs, const char *path, const char **ret)
{
	size_t len;

	assert(i < f->n);
	return procfile_read(fs, &f->files[i], path, ret, &len);
}

int procfiles_open(size_t n, void **ret_state)
{
	struct procfiles *f;
	int r = procfiles_new(n, &f);

	if (r == 0)
		*ret_state = f;
	return r;
}

void procfiles_close(void *state)
{
	procfiles_free(state);
}
