/* browse.h -- where in history a person is, and what keys do; knows nothing of terminals
 *
 * histctl top shows what this says. One thread. The store is refreshed by others.
 */
#ifndef CTL_BROWSE_H
#define CTL_BROWSE_H

#include "view/spot.h"
#include "view/summary.h"

/* Keys that are no characters. */
enum {
	BROWSE_LEFT = 256,
	BROWSE_RIGHT,
	BROWSE_UP,
	BROWSE_DOWN,
	BROWSE_PAGE_UP,
	BROWSE_PAGE_DOWN,
	BROWSE_HOME,
	BROWSE_END,
};

enum browse_mode { BROWSE_LOOK, BROWSE_ASK_TIME, BROWSE_HELP, BROWSE_QUIT };

struct browse {
	struct store *store;
	bool any;         /* something is recorded, and: */
	struct spot spot; /* the snapshot that is shown */
	bool live;        /* what is recorded last is followed */
	struct summary_shape shape;
	enum browse_mode mode;
	char input[64];    /* what was typed of a time */
	char message[128]; /* why a key did nothing; "" as a rule */
};

/* Live, at what was recorded last. */
int browse_init(struct browse *b, struct store *s);
/* At a moment. -ENOENT: nothing is recorded. */
int browse_go(struct browse *b, int64_t ms);

/* A key was pressed; now_ms is what times like -5m are relative to. -ENOMEM; what else may fail is said in message. */
int browse_key(struct browse *b, int key, int64_t now_ms);

/* The store may have changed: goes to the newest snapshot if live, else away from a snapshot that is gone. Returns 1 if
 * another is shown now; -ENOMEM. */
int browse_follow(struct browse *b);

/* The lines above and below the summary: where this is and how far behind; keys, a question, a message. */
void browse_status(const struct browse *b, int64_t now_ms, struct screen *s);
void browse_footer(const struct browse *b, struct screen *s);

/* What the keys do; NULL behind the last line. */
const char *browse_help(unsigned line);

#endif
