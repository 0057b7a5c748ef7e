/* heatmap.c -- /hour/H/heatmap: one line a snapshot, from the sidecar alone */
#include "view/hours.h"

#include "store/heat.h"
#include "store/text.h"

enum {
	SEQ_LEN_MAX = 10,
	MEASURE_LEN_MAX = 7, /* tab, five digits, plus sign */
	LINE_LEN_MAX = TEXT_TIME_LEN + 1 + SEQ_LEN_MAX + HEAT_N * MEASURE_LEN_MAX + 1,
};

static char *put_number(char *p, uint32_t v)
{
	char digits[SEQ_LEN_MAX];
	unsigned n = 0;

	do
		digits[n++] = (char)('0' + v % 10);
	while ((v /= 10) > 0);
	while (n > 0)
		*p++ = digits[--n];
	return p;
}

static char *put_measure(char *p, uint32_t v)
{
	*p++ = '\t';
	if (v == HEAT_UNKNOWN) {
		*p++ = '\\';
		*p++ = 'N';
		return p;
	}
	p = put_number(p, v);
	if (v == HEAT_MAX)
		*p++ = '+';
	return p;
}

static void put_line(struct buf *out, const struct disk_heat *e)
{
	char *p;

	if (buf_reserve(out, LINE_LEN_MAX + 1) < 0)
		return;
	p = (char *)out->p + out->len;
	text_time(p, (int64_t)get_le64(e->time_ms));
	p += TEXT_TIME_LEN;
	*p++ = '\t';
	p = put_number(p, get_le32(e->seq));
	for (unsigned k = 0; k < HEAT_N; k++)
		p = put_measure(p, get_le16(e->m[k]));
	*p++ = '\n';
	out->len = (size_t)(p - (char *)out->p);
}

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
	buf_puts(&out, "time\tseq");
	for (unsigned k = 0; k < HEAT_N; k++) {
		buf_puts(&out, "\t");
		buf_puts(&out, heat_names[k]);
	}
	buf_puts(&out, "\n");
	for (uint32_t k = 0; k < n_entries; k++)
		put_line(&out, &entries[k]);
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
