/* point_vectors.h -- the times of a file of points: a vector that many series have lies there once
 *
 * Part of point_file (docs/format.md, section 14). One thread.
 */
#ifndef STORE_POINT_VECTORS_H
#define STORE_POINT_VECTORS_H

#include "store/point_page.h"
#include "store/point_times.h"

/* Times of a block: a piece of a vector. */
struct point_piece {
	uint64_t vector;
	uint32_t skipped, n, left; /* which of its times: not the first `skipped`, n, not the last `left` */
};

/* How many are no whole millisecond. */
uint32_t point_vectors_fine(const int64_t *ns, size_t n);

/* --- writing --- */

struct point_vectors_writer;

/* out: of pages, the caller's. shape: the other is tried, too, if out compresses. */
int point_vectors_writer_new(struct point_page_writer *out, struct point_vectors_writer **ret);
void point_vectors_writer_free(struct point_vectors_writer *w);

/* The vector that the first times of n, as many as a block can have, are a piece of: one of those that were used last,
 * or a new one, which is put. */
int point_vectors_writer_add(struct point_vectors_writer *w, const int64_t *ns, size_t n, struct point_piece *ret);

/* Puts what is left. ret: borrowed. */
int point_vectors_writer_finish(struct point_vectors_writer *w, const struct point_pages **ret, uint64_t *ret_n);

/* --- reading --- */

struct point_vectors;

/* All borrowed. Times outside of the hour are damage. */
int point_vectors_new(
    struct point_page_reader *in, const struct point_pages *pages, int32_t hour, struct point_vectors **ret);
void point_vectors_free(struct point_vectors *v);

/* How many times a vector has, and how many of them are no whole millisecond. -EBADMSG. */
int point_vectors_count(struct point_vectors *v, uint64_t number, uint32_t *ret_n, uint32_t *ret_fine);
/* Its times; borrowed until the next call. */
int point_vectors_get(struct point_vectors *v, uint64_t number, const int64_t **ret, uint32_t *ret_n);

#endif
