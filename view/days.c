/* days.c -- /heatmap: a day at a glance, as lines (.tsv), a strip for a terminal (.txt) and a picture (.svg)
 *
 * A node's hour is the day's first, and one more for each of the forms in turn. Everything comes from the heat entries:
 * sizes from their sums (store_heat_sum), so that a list of years reads none.
 */
#include "view/day_svg.h"
#include "view/day_text.h"
#include "view/hours.h"

#include "store/heat_text.h"

enum form { TSV, TXT, SVG, N_FORMS };

static const char *const suffixes[N_FORMS] = {".tsv", ".txt", ".svg"};

struct sums {
	int32_t first_hour;
	unsigned n_hours; /* that are there */
	struct heat_sum hours[DAY_HOURS];
	struct heat_sum all;
};

static int split(struct node n, int32_t *ret_first_hour, enum form *ret_form)
{
	if (n.hour < 0 || n.seq >= 0 || n.leaf || n.hour % DAY_HOURS >= N_FORMS)
		return -ENOENT;
	*ret_form = (enum form)(n.hour % DAY_HOURS);
	*ret_first_hour = n.hour - n.hour % DAY_HOURS;
	return 0;
}

/* -ENOENT: the store has no hour of that day. */
static int day_sums(struct tree *t, int32_t first_hour, struct sums *ret)
{
	const int32_t *hours;
	size_t n, k;

	*ret = (struct sums){.first_hour = first_hour};
	store_hours(t->store, &hours, &n);
	for (k = hours_place(hours, n, first_hour); k < n && hours[k] < first_hour + DAY_HOURS; k++) {
		struct heat_sum *sum = &ret->hours[hours[k] - first_hour];
		int r = store_heat_sum(t->store, hours[k], sum);

		/* Nothing of it can be opened; the status says so. */
		if (r == -ENOENT)
			continue;
		if (r < 0)
			return r;
		sidecar_sum_add(&ret->all, sum);
		ret->n_hours++;
	}
	return ret->n_hours > 0 ? 0 : -ENOENT;
}

static uint64_t length(const struct sums *s, enum form form)
{
	switch (form) {
	case TXT:
		return day_text_len(s->all.known);
	case SVG:
		return day_svg_len(s->all.known);
	default:
		return heat_text_header_len() + s->all.text_len;
	}
}

/* A time that is another one whenever anything else is: the last snapshot's second, and in the place of its
 * milliseconds what tells that an hour before it grew or was removed. */
static int64_t mtime(const struct sums *s)
{
	enum { PRIME = 997 };

	return s->all.last_ms - s->all.last_ms % 1000 + s->all.n % PRIME;
}

static int days_attr(struct tree *t, const struct view *v, struct node n, struct tree_attr *ret)
{
	const struct last_snapshot *last;
	int32_t first_hour;
	struct sums sums;
	enum form form;
	int r;

	(void)v;
	if (view_is_top(n))
		return 0;
	r = split(n, &first_hour, &form);
	if (r == 0)
		r = day_sums(t, first_hour, &sums);
	if (r < 0)
		return r;
	last = tree_last(t);
	ret->mode = S_IFREG | 0444;
	ret->nlink = 1;
	ret->size = length(&sums, form);
	ret->mtime_ms = mtime(&sums);
	ret->attr_ms = first_hour + DAY_HOURS > last->hour ? VALID_LIVE_MS : VALID_PAST_MS;
	return 0;
}

static int days_lookup(
    struct tree *t, const struct view *v, struct node dir, const char *name, struct node *ret, uint32_t *ret_name_ms)
{
	const char *suffix;
	int r;

	(void)t, (void)v, (void)ret_name_ms;
	if (!view_is_top(dir))
		return -ENOTDIR;
	*ret = dir;
	r = name_parse_day(name, &ret->hour, &suffix);
	if (r < 0)
		return r;
	for (unsigned form = 0; form < N_FORMS; form++)
		if (strcmp(suffix, suffixes[form]) == 0) {
			ret->hour += (int32_t)form;
			return 0;
		}
	return -ENOENT;
}

static int days_list(struct tree *t, const struct view *v, struct node dir, uint64_t after, struct lister *l)
{
	_cleanup_(cleanup_free) int32_t *days = NULL;
	const int32_t *hours;
	size_t n, n_days = 0;
	int r = 0;

	(void)v;
	if (!view_is_top(dir))
		return -ENOTDIR;
	/* The list of hours is borrowed, and attributes are asked for on the way. */
	store_hours(t->store, &hours, &n);
	days = malloc((n + 1) * sizeof(*days));
	if (!days)
		return -ENOMEM;
	for (size_t k = hours_place(hours, n, 0); k < n && hours[k] <= NODE_HOUR_MAX - DAY_HOURS; k++) {
		int32_t day = hours[k] - hours[k] % DAY_HOURS;

		if (n_days == 0 || days[n_days - 1] != day)
			days[n_days++] = day;
	}
	for (size_t k = 0; k < n_days && r == 0; k++)
		for (int32_t form = 0; form < N_FORMS && r == 0; form++) {
			struct node file = {.view = dir.view, .hour = days[k] + form, .seq = -1};
			char name[NAME_MAX_LEN];

			if ((uint64_t)file.hour + 1 <= after)
				continue;
			name_day(name, days[k]);
			strcat(name, suffixes[form]);
			r = tree_list_add(l, name, (uint64_t)file.hour + 1, file, S_IFREG);
		}
	return r;
}

/* --- contents --- */

static uint64_t stamp(const struct sums *s)
{
	return (s->all.text_len << 5 | s->n_hours) ^ (uint64_t)s->all.last_ms << 20;
}

static int drawing(struct tree *t, struct node n, const struct sums *s, enum form form, struct span *ret)
{
	_cleanup_(buf_done) struct buf out = {0};
	_cleanup_(cleanup_free) struct day *d = NULL;
	int r;

	if (cache_get(t->cache, node_ino(n), stamp(s), ret))
		return 0;
	d = malloc(sizeof(*d));
	if (!d)
		return -ENOMEM;
	r = day_load(t->store, s->first_hour, d);
	if (r == 0 && form == TXT)
		day_text_draw(d, s->all.known, &out);
	else if (r == 0)
		day_svg_draw(d, s->all.known, &out);
	day_done(d);
	return r < 0 ? r : cache_put(t->cache, node_ino(n), stamp(s), &out, ret);
}

/* The lines of one of the day's hours, cached as long as it is read piece by piece. -ESTALE: its sum was not that of
 * the entries. Now that they are read, the store has the right one. */
static int hour_lines(struct tree *t, struct node n, const struct sums *s, unsigned k, struct span *ret)
{
	_cleanup_(buf_done) struct buf entries = {0}, out = {0};
	uint64_t key = node_ino((struct node){.view = n.view, .hour = s->first_hour + (int32_t)k, .leaf = 1});
	int r;

	if (cache_get(t->cache, key, s->hours[k].text_len, ret))
		return 0;
	r = store_heat_entries(t->store, s->first_hour + (int32_t)k, &entries);
	if (r < 0)
		return r;
	heat_text_put(&out, (const struct disk_heat *)(const void *)entries.p,
	    (uint32_t)(entries.len / sizeof(struct disk_heat)));
	if (out.err == 0 && out.len != s->hours[k].text_len)
		return -ESTALE;
	return cache_put(t->cache, key, s->hours[k].text_len, &out, ret);
}

/* Appends what of text, which begins at `at`, lies in off … end. */
static void put_part(struct buf *out, struct span text, uint64_t at, uint64_t off, uint64_t end)
{
	size_t len = span_left(&text);
	uint64_t from = off > at ? off - at : 0, to = end > at ? end - at : 0;

	if (to > len)
		to = len;
	if (from < to)
		buf_put(out, text.p + from, to - from);
}

static int lines(struct tree *t, struct node n, const struct sums *s, uint64_t off, size_t len, struct span *ret)
{
	_cleanup_(buf_done) struct buf header = {0};
	uint64_t at = heat_text_header_len(), end = len < UINT64_MAX - off ? off + len : UINT64_MAX;
	int r = 0;

	heat_text_put_header(&header);
	if (header.err)
		return header.err;
	buf_clear(&t->text);
	put_part(&t->text, span_of(header.p, header.len), 0, off, end);
	for (unsigned k = 0; k < DAY_HOURS && r == 0 && at < end; at += s->hours[k++].text_len) {
		struct span text;

		if (s->hours[k].n == 0 || at + s->hours[k].text_len <= off)
			continue;
		r = hour_lines(t, n, s, k, &text);
		if (r == 0)
			put_part(&t->text, text, at, off, end);
	}
	if (r < 0 || t->text.err)
		return r < 0 ? r : t->text.err;
	*ret = span_of(t->text.p, t->text.len);
	return 0;
}

static int days_read(struct tree *t, const struct view *v, struct node n, uint64_t off, size_t len, struct span *ret)
{
	int32_t first_hour;
	struct sums sums;
	struct span text;
	enum form form;
	int r;

	(void)v;
	if (view_is_top(n))
		return -EISDIR;
	r = split(n, &first_hour, &form);
	if (r == 0)
		r = day_sums(t, first_hour, &sums);
	if (r < 0)
		return r;
	if (form == TSV) {
		r = lines(t, n, &sums, off, len, ret);
		for (unsigned tries = 0; r == -ESTALE && tries < DAY_HOURS; tries++) {
			r = day_sums(t, first_hour, &sums);
			if (r == 0)
				r = lines(t, n, &sums, off, len, ret);
		}
		return r == -ESTALE ? -EBADMSG : r;
	}
	r = drawing(t, n, &sums, form, &text);
	if (r == 0)
		*ret = view_part(text, off, len);
	return r;
}

VIEW(days) = {
    .name = "heatmap",
    .id = 9,
    .type = S_IFDIR,
    .attr = days_attr,
    .lookup = days_lookup,
    .list = days_list,
    .read = days_read,
};
