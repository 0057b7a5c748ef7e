/* problems.c -- see problems.h */
#include "store/problems.h"

#include <stdlib.h>
#include <string.h>

void problems_note(struct problems *p, const char *file, uint64_t off, const char *what)
{
	struct problem *v;

	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].off == off && strcmp(p->v[i].file, file) == 0 && strcmp(p->v[i].what, what) == 0)
			return;
	v = realloc(p->v, (p->n + 1) * sizeof *v);
	if (!v)
		return; /* told again the next time it is met */
	p->v = v;
	v += p->n++;
	*v = (struct problem){.off = off, .what = what};
	strncpy(v->file, file, sizeof v->file - 1);
}

void problems_done(struct problems *p)
{
	free(p->v);
}
