/* heatmap.c -- /hour/H/heatmap: one line a snapshot, from the sidecar alone */
#include "view/hours.h"

#include "store/heat_text.h"

static int heatmap_text(struct tree *t, struct hour *h, uint32_t i, struct node n, struct span *ret)
{
	_cleanup_(buf_done) struct buf out = {0};
	const struct disk_heat *entries;
	uint32_t n_entries;
	int r;

	(void)i;
	if (cache_get(t->cache, node_ino(n), hour_n(h), ret))
		return 0;
	r = store_heat(t->store, h, &entries, &n_entries);
	if (r < 0)
		return r;
	heat_text_put_header(&out);
	heat_text_put(&out, entries, n_entries);
	return cache_put(t->cache, node_ino(n), hour_n(h), &out, ret);
}

static int heatmap_len(struct tree *t, struct hour *h, uint32_t i, struct node n, uint64_t *ret)
{
	struct span text;
	int r = heatmap_text(t, h, i, n, &text);

	if (r == 0)
		*ret = span_left(&text);
	return r;
}

const struct leaf heatmap_leaf = {
    .name = "heatmap",
    .id = LEAF_HEATMAP,
    .len = heatmap_len,
    .text = heatmap_text,
};
