/* sidecar.h -- the heatmap of a sealed hour's part, in a file of its own (docs/format.md, section 9)
 *
 * The entries, and their sum: what a list of days needs to know of an hour without reading its entries.
 */
#ifndef STORE_SIDECAR_H
#define STORE_SIDECAR_H

#include "store/sealed.h"

struct heat_sum {
	uint32_t n;
	uint32_t known;    /* bit k: measure k is known in some entry */
	uint64_t text_len; /* of all entries' lines (heat_text.h), without the header line */
	int64_t last_ms;   /* the largest time; 0 if there are no entries */
};

/* Adds the sum of n entries to *sum, which begins as all zero. */
void sidecar_sum(struct heat_sum *sum, const struct disk_heat *entries, uint32_t n);
void sidecar_sum_add(struct heat_sum *sum, const struct heat_sum *more);

int sidecar_write(int dirfd, const char *name, struct file_id *id, const struct disk_heat *entries, uint32_t n);

/* Reads it whole; *ret is to be freed. -EBADMSG, -ENOENT. */
int sidecar_read(int dirfd, const char *name, struct disk_heat **ret, uint32_t *ret_n);

/* Its sum. -ENODATA: it has none, or one of other texts. */
int sidecar_read_sum(int dirfd, const char *name, struct heat_sum *ret);

/* All sidecars of a sealed hour, of n_parts parts with numbers up to max_part: their entries, appended to out, and
 * their sum. -ENODATA: some cannot be read, or are not there. */
int sidecar_hour_read(int dirfd, int32_t hour, uint32_t max_part, uint32_t n_parts, struct buf *out);
int sidecar_hour_sum(int dirfd, int32_t hour, uint32_t max_part, uint32_t n_parts, struct heat_sum *ret);

#endif
