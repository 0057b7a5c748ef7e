/* group_cache.h -- decoded groups, the ones used last, within a byte budget */
#ifndef STORE_GROUP_CACHE_H
#define STORE_GROUP_CACHE_H

#include "store/group.h"

/* Which group: of an hour's part, its number in the file. */
struct group_key {
	int32_t hour;
	uint32_t part;
	uint32_t index;
};

struct group_cache;

int group_cache_new(size_t budget, struct group_cache **ret);
void group_cache_free(struct group_cache *c);
DEFINE_CLEANUP(group_cache, group_cache_free)

/* The group, or NULL. It stays while it is among the two used last. */
struct group *group_cache_find(struct group_cache *c, struct group_key key);

/* Takes the group over (on an error it is freed) and lets go of what exceeds the budget. */
int group_cache_add(struct group_cache *c, struct group_key key, struct group *g);

/* Groups grow as their tables are decoded: to call now and then. */
void group_cache_trim(struct group_cache *c);
void group_cache_drop_hour(struct group_cache *c, int32_t hour);
size_t group_cache_memory(const struct group_cache *c);

#endif
