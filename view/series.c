/* series.c -- /series: one column of one row over an hour as a file
 *
 *   /series/2026-11-20T03/cpu/all/user_ticks     a line a snapshot: its time, and the value
 *   /series/2026-11-20T03/mem/MemFree_kb         of a table without a key
 *
 *   /series/2026-11-20T03/cpu/all/user_ticks.svg the same as a picture (plot.h); looked up, never listed
 *   /series/2026-11-20T03/metrics/               custom series, where the hour has points (metrics.c)
 *
 * A row's directory is named by its key (store/rowkey.h). Where the key has several columns, its first values will do:
 * they lead to the row that was there last.
 */
#include "store/rowkey.h"
#include "view/hours.h"
#include "view/plot.h"

enum { HOUR_MS = 3600 * 1000 };

static const struct hours shape = {.snapshots = false, .form = FORM_TEXT, .points = true};

/* Among cookies of tables, which are their ids. */
enum { COOKIE_METRICS = LEAF_TABLE_MAX + 1 };

/* What a node of a table stands for. */
struct place {
	struct hour *hour;
	const struct table_schema *schema;
	const struct roster *roster;
	struct roster_row row; /* of n.seq; for a table without a key the only one. n is 0: there is none */
	uint32_t n_columns;    /* that are files; the schema can have more, which no row has had yet */
};

static uint16_t table_of(struct node n)
{
	return (uint16_t)(n.view - VIEW_SERIES);
}

static bool has_key(const struct table_schema *s)
{
	for (uint32_t c = 0; c < s->n_columns; c++)
		if (s->columns[c].flags & COL_KEY)
			return true;
	return false;
}

static uint32_t row_number(struct node n)
{
	return n.seq < 0 ? 0 : (uint32_t)n.seq;
}

/* Whether the table turned up in the hour, so that it has a directory. */
static int has_table(struct tree *t, struct hour *h, uint16_t table)
{
	uint64_t len;

	return table <= SERIES_TABLE_MAX ? store_hour_text_len(t->store, h, table, &len) : -ENOENT;
}

static int find_table(struct tree *t, struct node n, struct place *ret)
{
	struct table_schema *const *tables;
	uint32_t n_tables;
	int r = store_hour(t->store, n.hour, &ret->hour);

	if (r == 0)
		r = has_table(t, ret->hour, table_of(n));
	if (r < 0)
		return r;
	hour_tables(ret->hour, &tables, &n_tables);
	for (uint32_t k = 0; k < n_tables; k++)
		if (tables[k]->id == table_of(n))
			ret->schema = tables[k];
	return ret->schema ? 0 : -ENOENT;
}

/* The same with its rows. */
static int find(struct tree *t, struct node n, struct place *ret)
{
	int r = find_table(t, n, ret);

	if (r == 0)
		r = store_roster(t->store, ret->hour, table_of(n), &ret->roster);
	if (r < 0)
		return r;
	ret->n_columns = roster_n_columns(ret->roster);
	if (ret->n_columns > ret->schema->n_columns)
		ret->n_columns = ret->schema->n_columns;
	if (ret->n_columns > LEAF_COLUMN_MAX)
		ret->n_columns = LEAF_COLUMN_MAX;
	if (row_number(n) < roster_n(ret->roster))
		roster_row(ret->roster, row_number(n), &ret->row);
	else if (n.seq >= 0)
		return -ENOENT;
	return 0;
}

static bool is_plot(struct node n)
{
	return n.leaf & LEAF_PLOT;
}

/* The column of a file, from 0. */
static uint32_t column_of(struct node n)
{
	return (n.leaf & ~(uint32_t)LEAF_PLOT) - 1;
}

/* Whether there is a file of that column, and for a plot something to draw in it. */
static bool has_file(const struct place *p, struct node n)
{
	return column_of(n) < p->n_columns && !(is_plot(n) && p->schema->columns[column_of(n)].type == COL_STR);
}

/* Whether columns are files in this directory: in a row's, or in that of a table without a key. */
static bool holds_columns(const struct place *p, struct node dir)
{
	return (dir.seq >= 0) == has_key(p->schema);
}

/* --- plots --- */

/* What is drawn is kept, since its size is asked for before it is read. */
static int picture(struct tree *t, const struct place *p, struct node n, struct span *ret)
{
	_cleanup_(buf_done) struct buf points = {0}, title = {0}, out = {0};
	uint64_t stamp = (uint64_t)p->row.n << 32 | p->row.last;
	struct plot plot = {.column = &p->schema->columns[column_of(n)], .from_ms = (int64_t)n.hour * HOUR_MS};
	char hour[NAME_MAX_LEN];
	int r;

	if (cache_get(t->cache, node_ino(n), stamp, ret))
		return 0;
	buf_puts(&title, p->schema->name);
	if (n.seq >= 0) {
		buf_puts(&title, " ");
		buf_put(&title, p->row.name, p->row.name_len);
	}
	name_hour(hour, n.hour);
	buf_printf(&title, " %s, %s UTC", plot.column->name, hour);
	r = title.err;
	if (r == 0)
		r = store_series_points(t->store, p->hour, table_of(n), row_number(n), column_of(n), &points);
	if (r < 0)
		return r;
	plot.to_ms = plot.from_ms + HOUR_MS;
	plot.title = (const char *)title.p;
	plot.title_len = title.len;
	plot.points = (const struct series_point *)(const void *)points.p;
	plot.n = (uint32_t)(points.len / sizeof(*plot.points));
	r = plot_draw(&plot, &out);
	return r < 0 ? r : cache_put(t->cache, node_ino(n), stamp, &out, ret);
}

/* --- attributes --- */

static int hour_dir_attr(struct tree *t, struct node n, struct tree_attr *ret)
{
	struct table_schema *const *tables;
	uint32_t n_tables, n_dirs = 0;
	struct hour *h;
	int r = n.seq < 0 && n.leaf == 0 ? store_hour(t->store, n.hour, &h) : -ENOENT;

	if (r == -ENOENT && n.seq < 0 && n.leaf == 0 && hours_has_points(t, n.hour)) {
		ret->mtime_ms = (int64_t)n.hour * HOUR_MS;
		view_set_dir(ret, 1);
		return 0;
	}
	if (r < 0)
		return r;
	hour_tables(h, &tables, &n_tables);
	for (uint32_t k = 0; k < n_tables; k++)
		n_dirs += has_table(t, h, tables[k]->id) == 0;
	ret->mtime_ms = hour_last_ms(h);
	ret->attr_ms = hours_valid_ms(t, h);
	/* They may come later than the last snapshot. */
	if (hours_has_points(t, n.hour)) {
		ret->mtime_ns = 1;
		n_dirs++;
	}
	view_set_dir(ret, n_dirs);
	return 0;
}

/* Without the rows: how many there are is not known before all groups have been looked at. */
static int table_dir_attr(struct tree *t, struct node n, struct tree_attr *ret)
{
	struct place p = {0};
	int r = find_table(t, n, &p);

	if (r < 0)
		return r;
	ret->mtime_ms = hour_last_ms(p.hour);
	ret->attr_ms = hours_valid_ms(t, p.hour);
	view_set_dir(ret, 0);
	if (has_key(p.schema))
		ret->nlink = 1;
	return 0;
}

static int attr(struct tree *t, const struct view *v, struct node n, struct tree_attr *ret)
{
	struct place p = {0};
	struct span text;
	uint32_t seq;
	int r;

	if (n.view == v->id)
		return n.hour < 0 ? hours_attr(t, v, n, ret) : hour_dir_attr(t, n, ret);
	if (n.hour < 0)
		return -ENOENT;
	if (n.seq < 0 && n.leaf == 0)
		return table_dir_attr(t, n, ret);
	r = find(t, n, &p);
	if (r == 0 && (!holds_columns(&p, n) || p.row.n == 0 || (n.leaf && !has_file(&p, n))))
		r = -ENOENT;
	if (r == 0)
		r = hour_snapshot(p.hour, p.row.last, &seq, &ret->mtime_ms);
	if (r < 0)
		return r;
	ret->attr_ms = hours_valid_ms(t, p.hour);
	if (n.leaf == 0)
		return 0;
	ret->mode = S_IFREG | 0444;
	ret->nlink = 1;
	if (!is_plot(n))
		return store_series_len(t->store, p.hour, table_of(n), row_number(n), column_of(n), &ret->size);
	r = picture(t, &p, n, &text);
	ret->size = r == 0 ? span_left(&text) : 0;
	return r;
}

/* --- names --- */

static int lookup_table(struct tree *t, struct node dir, const char *name, struct node *ret)
{
	struct hour *h;
	uint32_t id;
	int r;

	if (strcmp(name, tree_view(VIEW_METRICS)->name) == 0 && hours_has_points(t, dir.hour)) {
		*ret = node_of_metric(dir.hour, 0);
		return 0;
	}
	r = store_hour(t->store, dir.hour, &h);
	if (r == 0)
		r = hours_find_table(h, name, &id);
	if (r == 0 && id > SERIES_TABLE_MAX)
		r = -ENOENT;
	if (r == 0)
		ret->view = VIEW_SERIES + id;
	return r;
}

static int find_column(const struct place *p, const char *name, size_t len)
{
	for (uint32_t c = 0; c < p->n_columns && p->row.n > 0; c++)
		if (strlen(p->schema->columns[c].name) == len && memcmp(p->schema->columns[c].name, name, len) == 0)
			return (int)c;
	return -ENOENT;
}

static int lookup_column(const struct place *p, const char *name, struct node *ret)
{
	static const char svg[] = ".svg";
	size_t len = strlen(name), end = sizeof(svg) - 1;
	int c = find_column(p, name, len);

	if (c >= 0) {
		ret->leaf = (uint32_t)c + 1;
		return 0;
	}
	if (len > end && strcmp(name + len - end, svg) == 0)
		c = find_column(p, name, len - end);
	if (c < 0)
		return -ENOENT;
	ret->leaf = ((uint32_t)c + 1) | LEAF_PLOT;
	return has_file(p, *ret) ? 0 : -ENOENT;
}

/* The row that was there last of those whose key begins with these values. */
static int newest_row(const struct roster *roster, const char *name, uint32_t *ret)
{
	size_t len = strlen(name);
	uint32_t last = 0;
	int r = -ENOENT;

	for (uint32_t i = 0; i < roster_n(roster); i++) {
		struct roster_row row;

		roster_row(roster, i, &row);
		if (row.name_len <= len || memcmp(row.name, name, len) != 0 || row.name[len] != ',' || row.last < last)
			continue;
		last = row.last;
		*ret = i;
		r = 0;
	}
	return r;
}

static int lookup(
    struct tree *t, const struct view *v, struct node dir, const char *name, struct node *ret, uint32_t *ret_name_ms)
{
	struct place p = {0};
	uint32_t number = 0;
	int r;

	*ret = dir;
	if (dir.leaf)
		return -ENOTDIR;
	if (dir.view == v->id)
		return dir.hour < 0 ? hours_lookup(t, v, dir, name, ret, ret_name_ms) : lookup_table(t, dir, name, ret);
	r = find(t, dir, &p);
	if (r < 0)
		return r;
	if (holds_columns(&p, dir))
		return lookup_column(&p, name, ret);
	if (dir.seq >= 0)
		return -ENOENT;
	r = roster_find(p.roster, name, strlen(name), &number);
	if (r == -ENOENT) {
		r = newest_row(p.roster, name, &number);
		if (r == 0 && ret_name_ms && *ret_name_ms > hours_valid_ms(t, p.hour))
			*ret_name_ms = hours_valid_ms(t, p.hour);
	}
	ret->seq = (int32_t)number;
	return r;
}

static int list_tables(struct tree *t, struct node dir, uint64_t after, struct lister *l)
{
	bool has_points = hours_has_points(t, dir.hour);
	struct table_schema *const *tables = NULL;
	uint32_t n_tables = 0;
	struct hour *h;
	int r = store_hour(t->store, dir.hour, &h);

	if (r == 0)
		hour_tables(h, &tables, &n_tables);
	else if (r == -ENOENT && has_points)
		r = 0;
	for (uint32_t k = 0; k < n_tables && r == 0; k++) {
		uint16_t id = tables[k]->id;

		if (id <= after)
			continue;
		r = has_table(t, h, id);
		dir.view = VIEW_SERIES + id;
		if (r == 0)
			r = tree_list_add(l, tables[k]->name, id, dir, S_IFDIR);
		else if (r == -ENOENT)
			r = 0;
	}
	if (r == 0 && has_points && after < COOKIE_METRICS)
		r = tree_list_add(
		    l, tree_view(VIEW_METRICS)->name, COOKIE_METRICS, node_of_metric(dir.hour, 0), S_IFDIR);
	return r;
}

static int list_rows(const struct place *p, struct node dir, uint64_t after, struct lister *l)
{
	int r = 0;

	for (uint64_t i = after; i < roster_n(p->roster) && r == 0; i++) {
		char name[ROWKEY_LEN_MAX + 1];
		struct roster_row row;

		roster_row(p->roster, (uint32_t)i, &row);
		memcpy(name, row.name, row.name_len);
		name[row.name_len] = '\0';
		dir.seq = (int32_t)i;
		r = tree_list_add(l, name, i + 1, dir, S_IFDIR);
	}
	return r;
}

static int list_columns(const struct place *p, struct node dir, uint64_t after, struct lister *l)
{
	int r = 0;

	for (uint64_t c = after; p->row.n > 0 && c < p->n_columns && r == 0; c++) {
		dir.leaf = (uint32_t)c + 1;
		r = tree_list_add(l, p->schema->columns[c].name, c + 1, dir, S_IFREG);
	}
	return r;
}

static int list(struct tree *t, const struct view *v, struct node dir, uint64_t after, struct lister *l)
{
	struct place p = {0};
	int r;

	if (dir.leaf)
		return -ENOTDIR;
	if (dir.view == v->id)
		return dir.hour < 0 ? hours_list(t, v, dir, after, l) : list_tables(t, dir, after, l);
	r = find(t, dir, &p);
	if (r < 0)
		return r;
	if (holds_columns(&p, dir))
		return list_columns(&p, dir, after, l);
	return dir.seq < 0 ? list_rows(&p, dir, after, l) : -ENOENT;
}

/* --- contents --- */

static int read_part(struct tree *t, const struct view *v, struct node n, uint64_t off, size_t len, struct span *ret)
{
	struct place p = {0};
	struct span text;
	int r;

	if (n.leaf == 0)
		return -EISDIR;
	if (n.view == v->id || n.hour < 0)
		return -ENOENT;
	r = find(t, n, &p);
	if (r == 0 && (!holds_columns(&p, n) || p.row.n == 0 || !has_file(&p, n)))
		r = -ENOENT;
	if (r == 0 && is_plot(n)) {
		r = picture(t, &p, n, &text);
		if (r == 0)
			*ret = view_part(text, off, len);
		return r;
	}
	if (r < 0)
		return r;
	buf_clear(&t->text);
	r = store_series_text(t->store, p.hour, table_of(n), row_number(n), column_of(n), off, len, &t->text);
	if (r == 0)
		*ret = span_of(t->text.p, t->text.len);
	return r;
}

VIEW(series) = {
    .name = "series",
    .id = VIEW_SERIES,
    .last_id = NODE_VIEW_MAX,
    .type = S_IFDIR,
    .hours = &shape,
    .attr = attr,
    .lookup = lookup,
    .list = list,
    .read = read_part,
};
