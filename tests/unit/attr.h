/* attr.h -- whether two attributes of the tree are the same, for tests of it */
#ifndef TESTS_UNIT_ATTR_H
#define TESTS_UNIT_ATTR_H

#include "view/tree.h"

static inline bool same_attr(const struct tree_attr *a, const struct tree_attr *b)
{
	return a->ino == b->ino && a->mode == b->mode && a->nlink == b->nlink && a->size == b->size &&
	       a->mtime_ms == b->mtime_ms && a->mtime_ns == b->mtime_ns && a->attr_ms == b->attr_ms &&
	       a->name_ms == b->name_ms;
}

#endif
