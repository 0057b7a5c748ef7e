/* heat_logs.h -- the heatmap's measures of the logs of PostgreSQL servers: what grew since the snapshot before */
#ifndef STORE_HEAT_LOGS_H
#define STORE_HEAT_LOGS_H

#include "store/format.h"
#include "store/table.h"

/* What the table pg_log_events had counted at a moment. A zeroed one is of a moment without any. */
struct heat_logs {
	uint32_t n, cap;
	struct heat_log *v;
};

void heat_logs_done(struct heat_logs *h);

/* Takes them out of the table; NULL: there are none. 0 or -ENOMEM. */
int heat_logs_take(struct heat_logs *h, const struct table *t);

/* Sets the measures of what was counted between two moments, of all servers that were counted at both. A server that
 * counts anew since then had counted nothing. None: they stay as they are. */
void heat_logs_growth(const struct heat_logs *before, const struct heat_logs *now, uint16_t m[HEAT_N]);

#endif
