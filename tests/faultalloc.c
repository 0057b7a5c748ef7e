/* faultalloc.c -- see faultalloc.h */
#include "tests/faultalloc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* The linker's names for what was wrapped, and for what takes its place. */
void *__real_malloc(size_t len);
void *__real_calloc(size_t n, size_t len);
void *__real_realloc(void *p, size_t len);
void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t n, size_t len);
void *__wrap_realloc(void *p, size_t len);

static uint64_t left; /* allocations up to and with the one that fails */
static bool hit;

void faultalloc_at(uint64_t nth)
{
	left = nth;
	hit = false;
}

bool faultalloc_hit(void)
{
	return hit;
}

static bool fails(void)
{
	if (left == 0 || --left > 0)
		return false;
	errno = ENOMEM;
	return hit = true;
}

void *__wrap_malloc(size_t len)
{
	return fails() ? NULL : __real_malloc(len);
}

void *__wrap_calloc(size_t n, size_t len)
{
	return fails() ? NULL : __real_calloc(n, len);
}

void *__wrap_realloc(void *p, size_t len)
{
	return fails() ? NULL : __real_realloc(p, len);
}

void *faultalloc_real(void *p, size_t len)
{
	p = __real_realloc(p, len ? len : 1);
	if (!p) {
		printf("Bail out! no memory\n");
		exit(1);
	}
	return p;
}
