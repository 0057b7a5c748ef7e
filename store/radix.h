/* radix.h -- putting a million things in order of numbers, in as many steps whatever order they were in */
#ifndef STORE_RADIX_H
#define STORE_RADIX_H

#include <stddef.h>

/* Sorts n elements of that size by the uint64_t that lies at an offset in each. Those of the same number stay in the
 * order in which they are. Needs as much memory again meanwhile; -ENOMEM: nothing has changed. */
int radix_sort(void *v, size_t n, size_t size, size_t offset);

#endif
