/* point_pattern.h -- regular expressions that values are matched with
 *
 * POSIX extended ones, which match all of a value or not at all; without what takes time or memory beyond measure.
 * Immutable once made; thread-safe.
 */
#ifndef STORE_POINT_PATTERN_H
#define STORE_POINT_PATTERN_H

#include "store/bytes.h"

#include <regex.h>

struct point_pattern {
	enum {
		POINT_PATTERN_WORDS,  /* one of them, each with a NUL behind it in text */
		POINT_PATTERN_PREFIX, /* begins with text, and is `more` bytes longer at least */
		POINT_PATTERN_REGEX,
	} kind;
	struct buf text;
	size_t more;
	regex_t regex;
};

/* p is zeroed; point_pattern_done in any case. text has no NUL. -EINVAL: ret_wrong says why. */
int point_pattern_init(struct point_pattern *p, struct span text, const char **ret_wrong);
/* What matches that word alone. */
int point_pattern_init_word(struct point_pattern *p, struct span word);
void point_pattern_done(struct point_pattern *p);

bool point_pattern_matches(const struct point_pattern *p, struct span value);

/* The word that alone it matches, if that is so. Borrowed. */
bool point_pattern_word(const struct point_pattern *p, struct span *ret);

#endif
