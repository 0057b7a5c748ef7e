/* topics.c -- /topics: every message as a file
 *
 *   /topics/orders/0/00000000000000001234     exactly its bytes; its time; the zeros may be left out
 *
 * A message never changes. It can go: by retention, or when a newer one of its key is all that is kept.
 */
#include "view/messages.h"

/* Larger ones are read in several pieces, and are kept so long. */
enum { PIECE = 128 << 10 };

static void message_attr(const struct topic_stat *st, struct tree_attr *ret)
{
	messages_set_file(ret, st->value_len);
	ret->mtime_ms = st->time_ms;
	ret->attr_ms = ret->name_ms = VALID_EVER_MS;
}

static int attr(struct tree *t, const struct view *v, struct node n, struct tree_attr *ret)
{
	struct topic_stat st;
	struct messages m;
	int r;

	(void)v;
	if (view_is_top(n))
		return messages_top_attr(t, ret);
	if (n.kind == NODE_PLAIN)
		return -ENOENT;
	if (n.kind == NODE_TOPIC)
		return messages_topic_attr(t, n.number, 1, ret);
	r = messages_open(t, n.number, &m);
	if (r == 0 && n.kind == NODE_MESSAGE) {
		r = topic_reader_stat(m.reader, n.offset, &st);
		if (r == 0)
			message_attr(&st, ret);
	} else if (r == 0) {
		messages_set_time(t, m.range.max_ms, messages_apart(&m.range), ret);
	}
	return r;
}

static int lookup(
    struct tree *t, const struct view *v, struct node dir, const char *name, struct node *ret, uint32_t *ret_name_ms)
{
	uint32_t number = dir.number;
	enum node_kind kind = NODE_MESSAGE;
	uint64_t offset = 0;
	int r;

	(void)v, (void)ret_name_ms;
	if (view_is_top(dir)) {
		kind = NODE_TOPIC;
		r = messages_find_topic(t, name, &number);
	} else if (dir.kind == NODE_TOPIC) {
		kind = NODE_PARTITION;
		r = messages_find_partition(t, dir.number, name, "", &number);
	} else if (dir.kind == NODE_PARTITION) {
		r = name_parse_offset(name, "", &offset);
	} else {
		r = -ENOTDIR;
	}
	return r < 0 ? r : messages_found(kind, number, offset, ret);
}

/* What is damaged is left out, with a line in /status; what is behind it is there. */
static int list_messages(struct tree *t, struct node dir, uint64_t after, struct lister *l)
{
	uint64_t offset = after;
	struct topic_stat st;
	struct messages m;
	int r = messages_open(t, dir.number, &m);

	while (r == 0) {
		struct node n = node_of_kind(NODE_MESSAGE, dir.number, 0);
		char name[NAME_MAX_LEN];
		struct tree_attr a;

		do
			r = topic_reader_next_stat(m.reader, offset, &st, &offset);
		while (r == -EBADMSG);
		if (r == -ENODATA || (r == 0 && st.offset > NODE_OFFSET_MAX))
			return 0;
		if (r < 0)
			return r;
		n.offset = st.offset;
		tree_preset(n, S_IFREG, &a);
		message_attr(&st, &a);
		name_offset(name, st.offset, "");
		r = tree_list_put(l, name, st.offset + 1, &a);
	}
	return r;
}

static int list(struct tree *t, const struct view *v, struct node dir, uint64_t after, struct lister *l)
{
	(void)v;
	if (view_is_top(dir))
		return messages_list_topics(t, NODE_TOPIC, after, l);
	if (dir.kind == NODE_TOPIC)
		return messages_list_partitions(t, dir.number, NODE_PARTITION, NODE_PLAIN, "", after, l);
	return dir.kind == NODE_PARTITION ? list_messages(t, dir, after, l) : -ENOTDIR;
}

static int read_part(struct tree *t, const struct view *v, struct node n, uint64_t off, size_t len, struct span *ret)
{
	_cleanup_(buf_done) struct buf copy = {0};
	struct message message;
	struct messages m;
	struct span text;
	int r;

	(void)v;
	if (n.kind != NODE_MESSAGE)
		return view_is_top(n) || n.kind != NODE_PLAIN ? -EISDIR : -ENOENT;
	if (cache_get(t->cache, node_ino(n), 0, &text)) {
		*ret = view_part(text, off, len);
		return 0;
	}
	r = messages_open(t, n.number, &m);
	if (r == 0)
		r = topic_reader_get(m.reader, n.offset, &message);
	if (r < 0)
		return r;
	text = message.value;
	if (span_left(&text) > PIECE) {
		buf_put(&copy, text.p, span_left(&text));
		r = cache_put(t->cache, node_ino(n), 0, &copy, &text);
	}
	if (r == 0)
		*ret = view_part(text, off, len);
	return r;
}

VIEW(topics) = {
    .name = "topics",
    .id = VIEW_TOPICS,
    .type = S_IFDIR,
    .attr = attr,
    .lookup = lookup,
    .list = list,
    .parent = messages_parent,
    .read = read_part,
};
