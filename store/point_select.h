/* point_select.h -- which series: cpu_seconds{mode="idle",host=~"db.*"}
 *
 * As Prometheus selects: a metric, or {…} alone; label="v", !=, =~ and !~ with regular expressions (POSIX extended)
 * that must match all of the value; a label that is not there has the value "". A metric with other characters than
 * [a-zA-Z0-9_:.] is given as {__name__="…"}. Immutable; thread-safe.
 */
#ifndef STORE_POINT_SELECT_H
#define STORE_POINT_SELECT_H

#include "store/cleanup.h"
#include "store/point_key.h"

struct point_select;

enum { POINT_SELECT_ERROR_MAX = 256 };

/* -EINVAL: error says for a person what is wrong, and at which character. */
int point_select_new(const char *text, size_t len, char error[POINT_SELECT_ERROR_MAX], struct point_select **ret);
void point_select_free(struct point_select *s);
DEFINE_CLEANUP(point_select, point_select_free)

bool point_select_matches(const struct point_select *s, struct span key);

/* The labels that must have a certain value that is not empty, for looking into Bloom filters: the nth from 0. false:
 * no more. Borrowed. */
bool point_select_equal(const struct point_select *s, size_t nth, struct span *ret_label, struct span *ret_value);

/* As it was given. */
const char *point_select_text(const struct point_select *s);

#endif
