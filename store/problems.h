/* problems.h -- what was found damaged: a list in which each place is once */
#ifndef STORE_PROBLEMS_H
#define STORE_PROBLEMS_H

#include "store/names.h"

#include <stddef.h>

/* A zeroed struct is an empty list. */
struct problems {
	struct problem {
		char file[FILE_NAME_SIZE];
		uint64_t off;
		const char *what; /* static */
	} * v;
	size_t n;
};

void problems_note(struct problems *p, const char *file, uint64_t off, const char *what);
void problems_done(struct problems *p);

#endif
