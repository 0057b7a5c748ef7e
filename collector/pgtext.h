/* pgtext.h -- texts that are not terminated, taken apart from their front
 *
 * All functions are thread-safe. Those that take something leave the text as it is where it does not begin so.
 */
#ifndef COLLECTOR_PGTEXT_H
#define COLLECTOR_PGTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct pgtext {
	const char *p;
	size_t len;
};

static inline struct pgtext pgtext_of(const char *s)
{
	return (struct pgtext){s, strlen(s)};
}

static inline void pgtext_skip(struct pgtext *t, size_t n)
{
	n = n < t->len ? n : t->len;
	if (n > 0)
		t->p += n;
	t->len -= n;
}

bool pgtext_is(struct pgtext t, const char *s);
bool pgtext_begins(struct pgtext t, const char *s);

/* Takes s. */
bool pgtext_take(struct pgtext *t, const char *s);
/* Takes all in front of the first s, and s. */
bool pgtext_take_until(struct pgtext *t, const char *s, struct pgtext *ret);
/* Skips to behind the first s. */
bool pgtext_skip_behind(struct pgtext *t, const char *s);
/* Takes up to the next newline, and that; all if there is none. False at the end. */
bool pgtext_take_line(struct pgtext *t, struct pgtext *ret);

/* Takes decimal digits. False if there are none, or for more than 64 bits. */
bool pgtext_take_u64(struct pgtext *t, uint64_t *ret);
/* Takes "12.345" times 10^scale, rounded; digits behind a point need not be there. */
bool pgtext_take_scaled(struct pgtext *t, unsigned scale, uint64_t *ret);

#endif
