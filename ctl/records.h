/* records.h -- a file or stream as records with a delimiter between them
 *
 * What is there is given at once: a record is not waited for while others are whole.
 */
#ifndef CTL_RECORDS_H
#define CTL_RECORDS_H

#include "store/cleanup.h"

#include "store/bytes.h"

struct records;

/* fd stays the caller's. A record has max bytes at most. */
int records_new(int fd, struct span delimiter, size_t max, struct records **ret);
void records_free(struct records *r);
DEFINE_CLEANUP(records, records_free)

/* Reads what is there, or waits for it. 1: records may follow; 0: that was the end, and they are the last; -EMSGSIZE:
 * one is too long; what the kernel says. Takes back the memory of all records that were given. */
int records_read(struct records *r);

/* The next record that is whole (at the end, also one that no delimiter follows). -ENODATA: none. */
int records_next(struct records *r, struct span *ret);

/* Whether reading would wait. */
bool records_would_wait(const struct records *r);

#endif
