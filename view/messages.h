/* messages.h -- what the views of topics have in common: topics, partitions, lines of messages as a file
 *
 * Nodes of topics have the number of their partition 0. Nothing that is borrowed here outlives the call of the tree.
 */
#ifndef VIEW_MESSAGES_H
#define VIEW_MESSAGES_H

#include "view/view.h"

/* A partition, and what is in it now. */
struct messages {
	struct topic_reader *reader;
	struct topic_range range;
};
int messages_open(struct tree *t, uint32_t number, struct messages *ret);

/* --- names --- */

/* The node that was looked up, -ENOENT if its offset is one that is not shown. */
int messages_found(enum node_kind kind, uint32_t number, uint64_t offset, struct node *ret);

int messages_find_topic(struct tree *t, const char *name, uint32_t *ret_number);
/* A partition by its name, which has that suffix, in a topic. */
int messages_find_partition(struct tree *t, uint32_t topic, const char *name, const char *suffix, uint32_t *ret_number);

/* Topics as directories of that kind; a topic's partitions likewise, and with since not NODE_PLAIN, behind each one of
 * that kind with a suffix. */
int messages_list_topics(struct tree *t, enum node_kind kind, uint64_t after, struct lister *l);
int messages_list_partitions(struct tree *t, uint32_t topic, enum node_kind kind, enum node_kind since,
    const char *suffix, uint64_t after, struct lister *l);

/* As struct view's parent, for the kinds. */
int messages_parent(struct tree *t, struct node n, struct node *ret);

/* --- attributes --- */

/* Of the directory of all topics, and of a topic's, which has n_each directories for a partition. */
int messages_top_attr(struct tree *t, struct tree_attr *ret);
int messages_topic_attr(struct tree *t, uint32_t topic, uint32_t n_each, struct tree_attr *ret);

/* The time of the newest message (or of the store's making, if max_ms says that there is none), told apart by what else
 * is stored, as messages of one time are different. */
void messages_set_time(struct tree *t, int64_t max_ms, uint64_t apart, struct tree_attr *ret);
/* What tells states of a partition apart. */
uint64_t messages_apart(const struct topic_range *range);

/* Makes a file's attributes of what is preset. */
void messages_set_file(struct tree_attr *ret, uint64_t size);

/* --- lines --- */

/* A file of the line of names and the lines from offset `from` up to, not including, `to`: its length, and a part. */
int messages_lines_len(struct topic_reader *r, uint64_t from, uint64_t to, uint64_t *ret);
int messages_lines(
    struct tree *t, struct topic_reader *r, uint64_t from, uint64_t to, uint64_t off, size_t len, struct span *ret);

enum { MESSAGES_HEADER_LEN = sizeof(MESSAGE_TEXT_HEADER) - 1 };

#endif
