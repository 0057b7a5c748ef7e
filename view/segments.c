/* segments.c -- /log: the messages of topics as lines
 *
 *   /log/orders/0/00000000000000000000.tsv     a segment; the newest grows at its end
 *   /log/orders/0.since/-5m                    what came since a time, up to now; the time is looked up, never listed
 *
 * Sizes are in the indexes, and any part is made without what is before it. A time leads to an offset, from which on
 * the file's lines are: so its inode is the same for all names that lead there.
 */
#include "view/messages.h"

static const char tsv[] = ".tsv", since[] = ".since";

/* --- attributes --- */

static int segment_attr(struct tree *t, const struct messages *m, uint64_t base, struct tree_attr *ret)
{
	struct topic_segment s;
	int r = topic_reader_segment(m->reader, base, &s);

	if (r == 0 && s.base != base)
		r = -ENOENT;
	if (r < 0)
		return r;
	messages_set_file(ret, MESSAGES_HEADER_LEN + s.text_len);
	messages_set_time(t, s.max_ms, s.next + s.bytes, ret);
	/* Compaction makes older ones smaller. */
	ret->attr_ms = s.newest ? VALID_LIVE_MS : VALID_PAST_MS;
	return 0;
}

static int attr(struct tree *t, const struct view *v, struct node n, struct tree_attr *ret)
{
	struct messages m;
	uint64_t len;
	int r;

	(void)v;
	if (view_is_top(n))
		return messages_top_attr(t, ret);
	if (n.kind == NODE_PLAIN)
		return -ENOENT;
	if (n.kind == NODE_LOG_TOPIC)
		return messages_topic_attr(t, n.number, 2, ret);
	r = messages_open(t, n.number, &m);
	if (r < 0)
		return r;
	messages_set_time(t, m.range.max_ms, messages_apart(&m.range), ret);
	if (n.kind == NODE_SEGMENT)
		return segment_attr(t, &m, n.offset, ret);
	if (n.kind == NODE_SINCE) {
		r = n.offset > m.range.next_offset ? -ENOENT
		                                   : messages_lines_len(m.reader, n.offset, m.range.next_offset, &len);
		if (r == 0)
			messages_set_file(ret, len);
	}
	return r;
}

/* --- names --- */

/* A time that no message has reached yet leads on when one comes. */
static int lookup_time(struct tree *t, uint32_t number, const char *name, uint64_t *ret_offset, uint32_t *ret_name_ms)
{
	struct messages m;
	bool relative;
	int64_t ms;
	int r = name_parse_time(name, tree_now_ms(t), &ms, &relative);

	if (r == 0)
		r = messages_open(t, number, &m);
	if (r == 0)
		r = topic_reader_at(m.reader, ms, ret_offset);
	if (r == 0 && ret_name_ms)
		*ret_name_ms = relative ? 0 : *ret_offset >= m.range.next_offset ? VALID_LIVE_MS : VALID_PAST_MS;
	return r;
}

static int lookup(
    struct tree *t, const struct view *v, struct node dir, const char *name, struct node *ret, uint32_t *ret_name_ms)
{
	enum node_kind kind = NODE_SEGMENT;
	uint32_t number = dir.number;
	uint64_t offset = 0;
	int r;

	(void)v;
	if (view_is_top(dir)) {
		kind = NODE_LOG_TOPIC;
		r = messages_find_topic(t, name, &number);
	} else if (dir.kind == NODE_LOG_TOPIC) {
		kind = NODE_LOG;
		r = messages_find_partition(t, dir.number, name, "", &number);
		if (r == -ENOENT) {
			kind = NODE_SINCE_TIMES;
			r = messages_find_partition(t, dir.number, name, since, &number);
		}
	} else if (dir.kind == NODE_LOG) {
		r = name_parse_offset(name, tsv, &offset);
	} else if (dir.kind == NODE_SINCE_TIMES) {
		kind = NODE_SINCE;
		r = lookup_time(t, number, name, &offset, ret_name_ms);
	} else {
		r = -ENOTDIR;
	}
	return r < 0 ? r : messages_found(kind, number, offset, ret);
}

static int list_segments(struct tree *t, struct node dir, uint64_t after, struct lister *l)
{
	uint64_t from = after;
	struct topic_segment s;
	struct messages m;
	int r = 0;

	while (r == 0) {
		char name[NAME_MAX_LEN];

		/* Attributes may be of another segment, for which the reader lets go of this. */
		r = messages_open(t, dir.number, &m);
		if (r < 0)
			return r;
		r = topic_reader_segment(m.reader, from, &s);
		if (r == -ENOENT || (r == 0 && s.base > NODE_OFFSET_MAX))
			return 0;
		if (r < 0)
			return r;
		from = s.base + 1;
		name_offset(name, s.base, tsv);
		r = tree_list_add(l, name, s.base + 1, node_of_kind(NODE_SEGMENT, dir.number, s.base), S_IFREG);
	}
	return r;
}

static int list(struct tree *t, const struct view *v, struct node dir, uint64_t after, struct lister *l)
{
	struct messages m;

	(void)v;
	if (view_is_top(dir))
		return messages_list_topics(t, NODE_LOG_TOPIC, after, l);
	if (dir.kind == NODE_LOG_TOPIC)
		return messages_list_partitions(t, dir.number, NODE_LOG, NODE_SINCE_TIMES, since, after, l);
	if (dir.kind == NODE_LOG)
		return list_segments(t, dir, after, l);
	return dir.kind == NODE_SINCE_TIMES ? messages_open(t, dir.number, &m) : -ENOTDIR;
}

/* --- contents --- */

static int read_part(struct tree *t, const struct view *v, struct node n, uint64_t off, size_t len, struct span *ret)
{
	struct topic_segment s;
	struct messages m;
	uint64_t to;
	int r;

	(void)v;
	if (n.kind != NODE_SEGMENT && n.kind != NODE_SINCE)
		return -EISDIR;
	r = messages_open(t, n.number, &m);
	if (r < 0)
		return r;
	to = m.range.next_offset;
	if (n.offset > to)
		return -ENOENT;
	if (n.kind == NODE_SEGMENT) {
		r = topic_reader_segment(m.reader, n.offset, &s);
		if (r < 0 || s.base != n.offset)
			return r < 0 ? r : -ENOENT;
		to = s.next;
	}
	return messages_lines(t, m.reader, n.offset, to, off, len, ret);
}

VIEW(log) = {
    .name = "log",
    .id = VIEW_LOG,
    .type = S_IFDIR,
    .attr = attr,
    .lookup = lookup,
    .list = list,
    .parent = messages_parent,
    .read = read_part,
};
