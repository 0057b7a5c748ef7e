/* faultalloc.h -- allocations that fail
 *
 * Linked with --wrap=malloc, --wrap=calloc and --wrap=realloc: counts the allocations of the code under test (not those
 * of libraries) and fails one of them.
 */
#ifndef TESTS_FAULTALLOC_H
#define TESTS_FAULTALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lets the nth allocation from now on (from 1) fail, once. 0: none. */
void faultalloc_at(uint64_t nth);

/* Whether it did since then. */
bool faultalloc_hit(void);

/* Allocations that are neither counted nor failed, for the tests' own machinery. Ends the program if there is no
 * memory. */
void *faultalloc_real(void *p, size_t len);

#endif
