/* versions.h -- a key's directory in /payloads/.history: every record of it
 *
 *   2026-11-20T03-12-05.123Z.json      a value that was put then; .raw, if it is no JSON
 *   2026-11-20T03-12-05.123Z.2.json    the next in the same millisecond
 *   2026-11-20T03-12-06.000Z.deleted   empty: it was deleted then
 *
 * Listed newest first, as a record knows the one before it.
 */
#ifndef VIEW_VERSIONS_H
#define VIEW_VERSIONS_H

#include "view/view.h"

/* What names of such a record end with. */
const char *versions_suffix(const struct payload *record);
/* Makes a file's attributes of what is preset. Those of a record never change. */
void versions_attr(const struct payload *record, uint64_t value_len, struct tree_attr *ret);

/* id: the key's. */
int versions_lookup(struct tree *t, struct payloads *p, uint64_t id, const char *name, struct node *ret);
int versions_list(struct tree *t, struct payloads *p, uint64_t id, uint64_t after, struct lister *l);

#endif
