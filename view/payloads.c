/* payloads.c -- /payloads: the value of each key as a file, now and at any time
 *
 *   /payloads/deploy.json                     the current value, exactly; its time is when it was put. .raw: no JSON
 *   /payloads/.history/deploy/TIME.json       every value that it had (versions.h)
 *   /payloads/.at/2026-11-20T03:12/           what was there at a time, also where a snapshot's `payloads` leads
 *
 * .history and .at are not listed, so that who walks over all files meets each value once; nor are the times.
 */
#include "store/payload_name.h"
#include "view/hours.h"
#include "view/messages.h"
#include "view/versions.h"

/* Larger values are read in several pieces, and are kept so long. */
enum { PIECE = 128 << 10 };

static int64_t time_of(struct node n)
{
	return (int64_t)n.id - 1;
}

/* --- attributes --- */

static void dir_attr(struct tree *t, struct payloads *p, struct tree_attr *ret)
{
	struct payloads_state st;

	payloads_state(p, &st);
	messages_set_time(t, st.newest_ms, st.newest_number, ret);
	ret->name_ms = ret->attr_ms;
}

static void history_attr(const struct payload *newest, struct tree_attr *ret)
{
	ret->mtime_ms = newest->time_ms;
	ret->mtime_ns = (uint32_t)(newest->number % 1000000);
	ret->name_ms = ret->attr_ms;
}

/* What was there then stays as it is, but for what is no longer kept. */
static void moment_attr(struct tree *t, struct payloads *p, int64_t ms, struct tree_attr *ret)
{
	struct payloads_state st;

	dir_attr(t, p, ret);
	payloads_state(p, &st);
	if (ms >= st.newest_ms)
		return;
	ret->mtime_ms = ms;
	ret->mtime_ns = 0;
	if (ms < tree_now_ms(t))
		ret->attr_ms = ret->name_ms = VALID_PAST_MS;
}

static void value_attr(const struct payload *value, uint64_t len, struct tree_attr *ret)
{
	versions_attr(value, len, ret);
	ret->attr_ms = ret->name_ms = VALID_LIVE_MS;
}

static int attr(struct tree *t, const struct view *v, struct node n, struct tree_attr *ret)
{
	struct payload record;
	struct payloads *p;
	int r = store_payloads(t->store, &p);

	(void)v;
	if (r < 0)
		return r;
	if (n.id == 0) {
		dir_attr(t, p, ret);
		return n.view == VIEW_RECORD ? -ENOENT : 0;
	}
	if (n.view == VIEW_PAYLOADS_AT) {
		moment_attr(t, p, time_of(n), ret);
		return 0;
	}
	if (n.view == VIEW_RECORD)
		r = payloads_record(p, n.id, &t->text, &record);
	else
		r = payloads_by_id(p, n.id, &t->text, &record);
	if (r == 0 && n.view == VIEW_PAYLOADS && record.deleted)
		r = -ENOENT;
	if (r < 0)
		return r;
	if (n.view == VIEW_HISTORY)
		history_attr(&record, ret);
	else if (n.view == VIEW_PAYLOADS)
		value_attr(&record, span_left(&record.value), ret);
	else
		versions_attr(&record, span_left(&record.value), ret);
	return 0;
}

/* --- names --- */

/* The record of the key with that name at a time, also a tombstone. */
static int find_key(struct tree *t, struct payloads *p, const char *name, size_t len, int64_t ms, struct payload *ret)
{
	_cleanup_(buf_done) struct buf own = {0};
	struct payload_name parsed;
	int r = payload_name_parse(name, len, &parsed);

	if (r == 0 && parsed.cut) {
		r = payloads_by_hash(p, parsed.low, parsed.high, &t->text, ret);
		if (r < 0)
			return r;
		payload_name_put(&own, &ret->key);
		if (own.err)
			return own.err;
		if (own.len != len || memcmp(own.p, name, len) != 0)
			return -ENOENT;
		payload_name_keep(&parsed, &ret->key);
	}
	return r < 0 ? r : payloads_at(p, &parsed.key, ms, &t->text, ret);
}

static int find_value(struct tree *t, struct payloads *p, const char *name, int64_t ms, struct payload *ret)
{
	const char *dot = strrchr(name, '.');
	int r = dot ? find_key(t, p, name, (size_t)(dot - name), ms, ret) : -ENOENT;

	if (r == 0 && (ret->deleted || strcmp(dot, versions_suffix(ret)) != 0))
		r = -ENOENT;
	return r;
}

static int find_time(struct tree *t, const char *name, struct node *ret, uint32_t *ret_name_ms)
{
	bool relative;
	int64_t ms;
	int r = name_parse_time(name, tree_now_ms(t), &ms, &relative);

	if (r < 0 || ms < 0 || (uint64_t)ms >= NODE_ID_MAX)
		return -ENOENT;
	*ret = node_of_id(VIEW_PAYLOADS_AT, (uint64_t)ms + 1);
	if (ret_name_ms && relative)
		*ret_name_ms = 0;
	return 0;
}

static int find_in_top(struct tree *t, struct payloads *p, const char *name, struct node *ret)
{
	struct payload record;
	int r = 0;

	if (strcmp(name, ".history") == 0) {
		*ret = node_of_id(VIEW_HISTORY, 0);
	} else if (strcmp(name, ".at") == 0) {
		*ret = node_of_id(VIEW_PAYLOADS_AT, 0);
	} else {
		r = find_value(t, p, name, INT64_MAX, &record);
		if (r == 0)
			*ret = node_of_id(VIEW_PAYLOADS, record.id);
	}
	return r;
}

static int lookup(
    struct tree *t, const struct view *v, struct node dir, const char *name, struct node *ret, uint32_t *ret_name_ms)
{
	struct payload record;
	struct payloads *p;
	int r = store_payloads(t->store, &p);

	if (r < 0)
		return r;
	if (view_is_top(dir) && dir.view == v->id)
		return find_in_top(t, p, name, ret);
	/* A place among those of one millisecond moves when the first of them is no longer kept. */
	if (ret_name_ms)
		*ret_name_ms = VALID_PAST_MS;
	if (dir.view == VIEW_HISTORY && dir.id == 0) {
		r = find_key(t, p, name, strlen(name), INT64_MAX, &record);
		if (r == 0)
			*ret = node_of_id(VIEW_HISTORY, record.id);
		return r;
	}
	if (dir.view == VIEW_HISTORY)
		return versions_lookup(t, p, dir.id, name, ret);
	if (dir.view != VIEW_PAYLOADS_AT)
		return -ENOTDIR;
	if (dir.id == 0)
		return find_time(t, name, ret, ret_name_ms);
	if (ret_name_ms && time_of(dir) >= tree_now_ms(t))
		*ret_name_ms = VALID_LIVE_MS;
	r = find_value(t, p, name, time_of(dir), &record);
	if (r == 0)
		*ret = node_of_id(VIEW_RECORD, record.number);
	return r;
}

/* --- listing --- */

struct walk {
	struct tree *t;
	struct payloads *p;
	struct node dir;
	struct lister *l;
	struct buf name;
};

static int list_key(struct walk *x, const struct payload *record, uint64_t len, uint64_t cookie)
{
	bool in_history = x->dir.view == VIEW_HISTORY, now = x->dir.view == VIEW_PAYLOADS;
	uint32_t view = x->dir.view == VIEW_PAYLOADS_AT ? VIEW_RECORD : x->dir.view;
	struct node n = node_of_id(view, view == VIEW_RECORD ? record->number : record->id);
	struct tree_attr a;

	tree_preset(n, in_history ? S_IFDIR : S_IFREG, &a);
	if (in_history)
		history_attr(record, &a);
	else if (now)
		value_attr(record, len, &a);
	else
		versions_attr(record, len, &a);
	buf_clear(&x->name);
	payload_name_put(&x->name, &record->key);
	if (!in_history)
		buf_puts(&x->name, versions_suffix(record));
	buf_put_u8(&x->name, '\0');
	return x->name.err ? x->name.err : tree_list_put(x->l, (const char *)x->name.p, cookie, &a);
}

/* What a key had at the time of the directory, if its newest record is later. */
static int list_at(struct walk *x, struct payload *record, uint64_t len, uint64_t cookie)
{
	struct payload_name name;
	int r = 0;

	if (record->time_ms > time_of(x->dir)) {
		payload_name_keep(&name, &record->key);
		r = payloads_at(x->p, &name.key, time_of(x->dir), &x->t->text, record);
		if (r == 0)
			len = span_left(&record->value);
	}
	if (r == -ENOENT || (r == 0 && record->deleted))
		return 0;
	return r < 0 ? r : list_key(x, record, len, cookie);
}

/* What is damaged is left out, with a line in /status; what is behind it is there. */
static int list_keys(struct walk *x, uint64_t after)
{
	unsigned what = x->dir.view == VIEW_PAYLOADS ? 0 : PAYLOADS_DELETED;
	int r;

	for (;;) {
		uint64_t len, cookie = after;
		struct payload record;

		r = payloads_next(x->p, after, what, &x->t->text, &record, &len, &cookie);
		if (r == 0 && x->dir.view == VIEW_PAYLOADS_AT)
			r = list_at(x, &record, len, cookie);
		else if (r == 0)
			r = list_key(x, &record, len, cookie);
		if (r == -EBADMSG && cookie > after)
			r = 0;
		if (r != 0)
			return r == -ENODATA ? 0 : r;
		after = cookie;
	}
}

static int list(struct tree *t, const struct view *v, struct node dir, uint64_t after, struct lister *l)
{
	struct walk x = {.t = t, .dir = dir, .l = l};
	int r = store_payloads(t->store, &x.p);

	(void)v;
	if (r < 0)
		return r;
	if (dir.view == VIEW_RECORD || (dir.view == VIEW_PAYLOADS && dir.id))
		return -ENOTDIR;
	if (dir.view == VIEW_PAYLOADS_AT && dir.id == 0)
		return 0;
	if (dir.view == VIEW_HISTORY && dir.id)
		return versions_list(t, x.p, dir.id, after, l);
	r = list_keys(&x, after);
	buf_done(&x.name);
	return r;
}

static int parent(struct tree *t, struct node n, struct node *ret)
{
	struct payload record;
	struct payloads *p;
	int r = 0;

	if (n.view == VIEW_RECORD) {
		r = store_payloads(t->store, &p);
		if (r == 0)
			r = payloads_record(p, n.id, &t->text, &record);
		if (r == 0)
			*ret = node_of_id(VIEW_HISTORY, record.id);
	} else if (n.id && n.view != VIEW_PAYLOADS) {
		*ret = node_of_id(n.view, 0);
	} else {
		*ret = node_of_id(VIEW_PAYLOADS, 0);
	}
	return r;
}

/* --- contents --- */

static int read_part(struct tree *t, const struct view *v, struct node n, uint64_t off, size_t len, struct span *ret)
{
	uint64_t stamp = n.view == VIEW_PAYLOADS ? t->payload_generation : 0;
	_cleanup_(buf_done) struct buf copy = {0};
	struct payload record;
	struct payloads *p;
	struct span text;
	int r;

	(void)v;
	if (n.id == 0 || (n.view != VIEW_PAYLOADS && n.view != VIEW_RECORD))
		return -EISDIR;
	if (cache_get(t->cache, node_ino(n), stamp, &text)) {
		*ret = view_part(text, off, len);
		return 0;
	}
	r = store_payloads(t->store, &p);
	if (r == 0 && n.view == VIEW_RECORD)
		r = payloads_record(p, n.id, &t->text, &record);
	else if (r == 0)
		r = payloads_by_id(p, n.id, &t->text, &record);
	if (r == 0 && n.view == VIEW_PAYLOADS && record.deleted)
		r = -ENOENT;
	if (r < 0)
		return r;
	text = record.value;
	if (span_left(&text) > PIECE) {
		buf_put(&copy, text.p, span_left(&text));
		r = cache_put(t->cache, node_ino(n), stamp, &copy, &text);
	}
	if (r == 0)
		*ret = view_part(text, off, len);
	return r;
}

/* --- in snapshots --- */

static bool link_is_there(struct tree *t, int64_t ms)
{
	struct payloads_state st;
	struct payloads *p;

	if (store_payloads(t->store, &p) < 0)
		return false;
	payloads_state(p, &st);
	return st.first_ms != INT64_MIN && st.first_ms <= ms;
}

static void link_target(char ret[NAME_MAX_LEN], int64_t ms)
{
	char time[NAME_MAX_LEN];

	name_time(time, ms);
	snprintf(ret, NAME_MAX_LEN, "../../../payloads/.at/%.24s", time);
}

const struct link payloads_link = {
    .name = "payloads", .id = LEAF_PAYLOADS, .is_there = link_is_there, .target = link_target};

VIEW(payloads) = {
    .name = "payloads",
    .id = VIEW_PAYLOADS,
    .last_id = VIEW_PAYLOADS_LAST,
    .type = S_IFDIR,
    .attr = attr,
    .lookup = lookup,
    .list = list,
    .parent = parent,
    .read = read_part,
};
