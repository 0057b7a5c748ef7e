/* lock_tree.h -- who waits for whom on a PostgreSQL server, out of the rows of table pg_lock_tree
 *
 * In the order in which a person reads it: those that wait for nobody, whom most wait for first, each with those below
 * it behind it. What waits below no root that is known comes last: sessions in a deadlock, or behind a prepared
 * transaction.
 */
#ifndef VIEW_LOCK_TREE_H
#define VIEW_LOCK_TREE_H

#include "store/table.h"

enum { LOCK_NO_ROOT = UINT32_MAX };

struct lock_session {
	uint32_t row; /* in the table */
	uint64_t pid;
	uint32_t depth;  /* 0: at a root; LOCK_NO_ROOT */
	uint32_t behind; /* sessions below a root */
};

struct lock_tree {
	struct lock_session *sessions;
	uint32_t n;
	uint32_t n_roots;
	uint32_t n_waiting;
};

/* Out of the rows of that server; t may be NULL. To be given to lock_tree_done also after an error. */
int lock_tree_build(const struct table *t, struct str server, struct lock_tree *ret);
void lock_tree_done(struct lock_tree *l);

#endif
