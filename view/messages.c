/* messages.c -- see messages.h */
#include "view/messages.h"

int messages_open(struct tree *t, uint32_t number, struct messages *ret)
{
	struct topic_store *s;
	int r = store_topics(t->store, &s);

	if (r == 0)
		r = topic_store_reader(s, number, &ret->reader);
	if (r == 0)
		topic_reader_range(ret->reader, &ret->range);
	return r;
}

/* The topic that has a partition of that number, and which it is. */
static int topic_of(struct tree *t, uint32_t number, struct topic_info *ret, uint32_t *ret_partition)
{
	struct topic_store *s;
	int r = store_topics(t->store, &s);

	return r < 0 ? r : topic_store_partition(s, number, ret, ret_partition);
}

/* The topic whose partition 0 has that number. */
static int topic_at(struct tree *t, uint32_t number, struct topic_info *ret)
{
	uint32_t partition;
	int r = topic_of(t, number, ret, &partition);

	return r == 0 && partition != 0 ? -ENOENT : r;
}

/* --- names --- */

int messages_found(enum node_kind kind, uint32_t number, uint64_t offset, struct node *ret)
{
	if (offset > NODE_OFFSET_MAX)
		return -ENOENT;
	*ret = node_of_kind(kind, number, offset);
	return 0;
}

int messages_find_topic(struct tree *t, const char *name, uint32_t *ret_number)
{
	struct topic_store *s;
	struct topic_info info;
	int r = store_topics(t->store, &s);

	if (r == 0)
		r = topic_store_find(s, name, &info);
	if (r == 0)
		*ret_number = info.number;
	return r;
}

int messages_find_partition(struct tree *t, uint32_t topic, const char *name, const char *suffix, uint32_t *ret_number)
{
	struct topic_info info;
	uint64_t partition;
	int r = name_parse_offset(name, suffix, &partition);

	if (r == 0)
		r = topic_at(t, topic, &info);
	if (r == 0 && partition >= info.n_partitions)
		r = -ENOENT;
	if (r == 0)
		*ret_number = info.number + (uint32_t)partition;
	return r;
}

int messages_list_topics(struct tree *t, enum node_kind kind, uint64_t after, struct lister *l)
{
	struct topic_info info = {.number = (uint32_t)after};
	struct topic_store *s;
	int r = store_topics(t->store, &s);

	while (r == 0 && info.number < NODE_NUMBER_MAX) {
		char name[TOPIC_NAME_MAX + 1];

		r = topic_store_next(s, info.number + 1, &info);
		if (r < 0)
			return r == -ENOENT ? 0 : r;
		/* Attributes are asked of the same store, whose name this is. */
		snprintf(name, sizeof(name), "%s", info.name);
		r = tree_list_add(l, name, info.number, node_of_kind(kind, info.number, 0), S_IFDIR);
	}
	return r;
}

int messages_list_partitions(struct tree *t, uint32_t topic, enum node_kind kind, enum node_kind since,
    const char *suffix, uint64_t after, struct lister *l)
{
	struct topic_info info;
	int r = topic_at(t, topic, &info);

	/* Cookies are odd for partitions, and even for what is behind each. */
	for (uint64_t i = after; r == 0 && i / 2 < info.n_partitions; i++) {
		enum node_kind k = i % 2 ? since : kind;
		char name[NAME_MAX_LEN];

		if (k == NODE_PLAIN)
			continue;
		name_partition(name, i / 2, i % 2 ? suffix : "");
		r = tree_list_add(l, name, i + 1, node_of_kind(k, topic + (uint32_t)(i / 2), 0), S_IFDIR);
	}
	return r;
}

int messages_parent(struct tree *t, struct node n, struct node *ret)
{
	static const enum node_kind above[] = {
	    [NODE_MESSAGE] = NODE_PARTITION,
	    [NODE_SEGMENT] = NODE_LOG,
	    [NODE_SINCE] = NODE_SINCE_TIMES,
	    [NODE_PARTITION] = NODE_TOPIC,
	    [NODE_LOG] = NODE_LOG_TOPIC,
	    [NODE_SINCE_TIMES] = NODE_LOG_TOPIC,
	    [NODE_TOPIC] = NODE_PLAIN,
	    [NODE_LOG_TOPIC] = NODE_PLAIN,
	};
	enum node_kind kind = above[n.kind];
	struct topic_info info;
	uint32_t partition;
	int r;

	if (kind == NODE_PLAIN) {
		*ret = (struct node){.view = n.view, .hour = -1, .seq = -1};
		return 0;
	}
	if (kind == NODE_TOPIC || kind == NODE_LOG_TOPIC) {
		r = topic_of(t, n.number, &info, &partition);
		if (r < 0)
			return r;
		n.number = info.number;
	}
	*ret = node_of_kind(kind, n.number, 0);
	return 0;
}

/* --- attributes --- */

void messages_set_time(struct tree *t, int64_t max_ms, uint64_t apart, struct tree_attr *ret)
{
	struct store_info info;

	if (max_ms == INT64_MIN) {
		store_info(t->store, &info);
		max_ms = info.created_ms;
	}
	ret->mtime_ms = max_ms;
	ret->mtime_ns = (uint32_t)(apart % 1000000);
}

uint64_t messages_apart(const struct topic_range *range)
{
	return range->first_offset + range->next_offset + range->bytes;
}

void messages_set_file(struct tree_attr *ret, uint64_t size)
{
	ret->mode = S_IFREG | 0444;
	ret->nlink = 1;
	ret->size = size;
}

int messages_top_attr(struct tree *t, struct tree_attr *ret)
{
	struct topic_store *s;
	int r = store_topics(t->store, &s);

	if (r < 0)
		return r;
	messages_set_time(t, INT64_MIN, topic_store_count(s), ret);
	view_set_dir(ret, topic_store_count(s));
	return 0;
}

int messages_topic_attr(struct tree *t, uint32_t topic, uint32_t n_each, struct tree_attr *ret)
{
	struct topic_info info;
	int r = topic_at(t, topic, &info);

	if (r < 0)
		return r;
	messages_set_time(t, INT64_MIN, info.n_partitions, ret);
	view_set_dir(ret, (uint64_t)info.n_partitions * n_each);
	return 0;
}

/* --- lines --- */

int messages_lines_len(struct topic_reader *r, uint64_t from, uint64_t to, uint64_t *ret)
{
	int e = topic_reader_text_len(r, from, to, ret);

	if (e == 0)
		*ret += MESSAGES_HEADER_LEN;
	return e;
}

int messages_lines(
    struct tree *t, struct topic_reader *r, uint64_t from, uint64_t to, uint64_t off, size_t len, struct span *ret)
{
	struct span names = view_part(span_of(MESSAGE_TEXT_HEADER, MESSAGES_HEADER_LEN), off, len);
	int e = 0;

	buf_clear(&t->text);
	buf_put(&t->text, names.p, span_left(&names));
	len -= span_left(&names);
	off = off > MESSAGES_HEADER_LEN ? off - MESSAGES_HEADER_LEN : 0;
	if (len > 0)
		e = topic_reader_text(r, from, to, off, len, &t->text);
	if (e == 0)
		e = t->text.err;
	if (e == 0)
		*ret = span_of(t->text.p, t->text.len);
	return e;
}
