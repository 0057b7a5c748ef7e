/* position.h -- where in a partition a consumer begins and ends, as kcat -o has it */
#ifndef CTL_POSITION_H
#define CTL_POSITION_H

#include "store/topic_reader.h"

/*   beginning   end   1234   -10 (of the newest)   s@TIME   e@TIME
 * TIME: milliseconds since 1970 in digits alone, as in kcat, or a moment as below /at. */
struct position {
	enum { POSITION_DEFAULT, POSITION_BEGINNING, POSITION_END, POSITION_OFFSET, POSITION_BACK, POSITION_TIME } from;
	uint64_t n; /* offset, or messages back */
	int64_t from_ms;
	bool ends;
	int64_t end_ms;
};

/* Adds what an option says. -EINVAL; stderr has been told why. */
int position_parse(struct position *p, const char *text);

/* The first offset to read. */
int position_begin(const struct position *p, struct topic_reader *r, uint64_t *ret);
/* The offset to stop at; UINT64_MAX: none is known yet. */
int position_end(const struct position *p, struct topic_reader *r, uint64_t *ret);

#endif
