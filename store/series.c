/* series.c -- one column of one row over an hour, as text
 *
 * READING  Group by group, of which only the columns of the key and the one asked for are decoded. A text is made in
 * pieces, in order, and a few pieces are kept: what is read from its beginning to its end is made once. KEEPING  The
 * groups themselves are in the contents' cache, so that a look at the next row decompresses nothing; rosters are kept
 * here.
 */
#include "store/series.h"

#include "store/rowkey.h"
#include "store/text.h"

enum {
	N_ROSTERS = 64,
	ROSTERS_MAX = 16 << 20, /* bytes of all of them */
	N_PIECES = 16,
	PIECE_LEN = 256 << 10, /* a piece ends with the line that reaches this */
	LINE_REST = 2,         /* tab and line end */
};

struct kept_roster {
	int32_t hour;
	uint16_t table;
	uint64_t used; /* 0: free */
	struct roster *roster;
	uint32_t n; /* snapshots taken in */
};

/* Which column of which row. */
struct which {
	int32_t hour;
	uint16_t table;
	uint32_t number, column;
};

struct piece {
	struct which which;
	uint64_t used;  /* 0: free */
	uint64_t off;   /* where it begins in the text */
	uint32_t end_i; /* the snapshot where the next one goes on */
	struct buf text;
};

struct series {
	struct contents *contents;
	uint64_t clock;
	struct kept_roster rosters[N_ROSTERS];
	struct piece pieces[N_PIECES];
};

int series_new(struct contents *contents, struct series **ret)
{
	struct series *s = calloc(1, sizeof *s);

	if (!s)
		return -ENOMEM;
	s->contents = contents;
	*ret = s;
	return 0;
}

static void forget_roster(struct kept_roster *k)
{
	if (k->roster)
		roster_free(k->roster);
	*k = (struct kept_roster){0};
}

static void forget_piece(struct piece *p)
{
	buf_done(&p->text);
	*p = (struct piece){0};
}

void series_free(struct series *s)
{
	for (unsigned i = 0; i < N_ROSTERS; i++)
		forget_roster(&s->rosters[i]);
	for (unsigned i = 0; i < N_PIECES; i++)
		forget_piece(&s->pieces[i]);
	free(s);
}

void series_forget(struct series *s, int32_t hour)
{
	for (unsigned i = 0; i < N_ROSTERS; i++)
		if (s->rosters[i].used && s->rosters[i].hour == hour)
			forget_roster(&s->rosters[i]);
	for (unsigned i = 0; i < N_PIECES; i++)
		if (s->pieces[i].used && s->pieces[i].which.hour == hour)
			forget_piece(&s->pieces[i]);
}

/* --- rosters --- */

/* Takes in the rest of the group that snapshot i lies in. Returns how many snapshots that is. */
static int take_group(struct series *s, struct hour *h, uint16_t table, uint32_t i, struct roster *roster)
{
	_cleanup_(cleanup_table_reader) struct table_reader *reader = NULL;
	struct group *g;
	uint32_t from, n;
	int r = contents_group(s->contents, h, i, &g, &from), index;

	if (r < 0)
		return r;
	n = group_n(g) - from;
	if (n > hour_n(h) - i)
		n = hour_n(h) - i;
	index = schema_index(group_schema(g), table);
	if (index >= 0)
		r = group_reader(g, (uint32_t)index, NULL, 0, &reader);
	if (r == 0 && reader)
		r = roster_take(roster, reader, from, from + n, i);
	return r < 0 ? r : (int)n;
}

static int extend_roster(struct series *s, struct kept_roster *k, struct hour *h)
{
	while (k->n < hour_n(h)) {
		_cleanup_(cleanup_roster) struct roster *stored = NULL;
		uint32_t n;
		int r = hour_roster(h, k->n, k->table, &stored, &n);

		if (r == 0)
			r = roster_add(k->roster, stored, k->n);
		if (r == -ENOENT) {
			r = take_group(s, h, k->table, k->n, k->roster);
			n = r > 0 ? (uint32_t)r : 0;
		}
		if (r < 0)
			return r;
		k->n += n;
	}
	return 0;
}

static void trim_rosters(struct series *s, const struct kept_roster *keep)
{
	for (;;) {
		struct kept_roster *oldest = NULL;
		size_t bytes = 0;

		for (unsigned i = 0; i < N_ROSTERS; i++) {
			struct kept_roster *k = &s->rosters[i];

			if (!k->used)
				continue;
			bytes += roster_memory(k->roster);
			if (k != keep && (!oldest || k->used < oldest->used))
				oldest = k;
		}
		if (!oldest || bytes <= ROSTERS_MAX)
			return;
		forget_roster(oldest);
	}
}

int series_roster(struct series *s, struct hour *h, uint16_t table, const struct roster **ret)
{
	struct kept_roster *k = &s->rosters[0];
	int r;

	for (unsigned i = 0; i < N_ROSTERS; i++) {
		struct kept_roster *x = &s->rosters[i];

		if (x->used && x->table == table && x->hour == hour_number(h)) {
			k = x;
			break;
		}
		if (x->used < k->used)
			k = x;
	}
	if (!k->used || k->table != table || k->hour != hour_number(h)) {
		forget_roster(k);
		r = roster_new(&k->roster);
		if (r < 0)
			return r;
		k->hour = hour_number(h);
		k->table = table;
	}
	k->used = ++s->clock;
	if (k->n < hour_n(h)) {
		r = extend_roster(s, k, h);
		if (r < 0) {
			forget_roster(k);
			return r;
		}
		trim_rosters(s, k);
	}
	*ret = k->roster;
	return 0;
}

/* --- lines --- */

/* One row and one column of a table through a group. */
struct picked {
	struct table_reader *reader;
	uint8_t *slots;         /* whether the row there is the one: 0 not looked at, 1 no, 2 yes */
	uint32_t column;        /* number of the column in the rows */
	bool has_column;        /* whether the group's table has it */
	uint64_t boot, boot_us; /* of the snapshot */
	struct buf name;
};

static void picked_done(struct picked *p)
{
	if (p->reader)
		table_reader_free(p->reader);
	free(p->slots);
	buf_done(&p->name);
}

static int pick(struct group *g, uint32_t index, uint32_t column, struct picked *p)
{
	const struct table_schema *schema = group_schema(g)->tables[index];
	_cleanup_(cleanup_free) uint32_t *columns = malloc(((size_t)schema->n_columns + 1) * sizeof *columns);
	uint32_t n, at;

	if (!columns)
		return -ENOMEM;
	n = at = rowkey_columns(schema, columns);
	while (at > 0 && columns[at - 1] >= column)
		at--;
	p->column = at;
	p->has_column = column < schema->n_columns;
	/* Unless it is of the key itself. */
	if (p->has_column && (at == n || columns[at] != column)) {
		memmove(columns + at + 1, columns + at, (n - at) * sizeof *columns);
		columns[at] = column;
		n++;
	}
	return group_reader(g, index, columns, n, &p->reader);
}

/* The place in the rows of the first one with that key, -ENOENT. */
static int find_row(struct picked *p, const struct table *t, const struct roster_row *row, uint32_t *ret)
{
	if (!p->slots) {
		p->slots = calloc(t->cap_rows + 1, 1);
		if (!p->slots)
			return -ENOMEM;
	}
	for (uint32_t i = 0; i < t->n_rows; i++) {
		uint8_t *known = &p->slots[t->order[i]];

		if (*known == 0) {
			buf_clear(&p->name);
			rowkey_put(&p->name, t, i);
			if (p->name.err < 0)
				return p->name.err;
			*known = 1 + (p->name.len == row->name_len && memcmp(p->name.p, row->name, row->name_len) == 0);
		}
		if (*known == 2) {
			*ret = i;
			return 0;
		}
	}
	return -ENOENT;
}

/* As roster_take has it. */
static int check_keys(const struct table_reader *t, const struct table *table, uint32_t s)
{
	const struct section_cell *cells;
	uint32_t n;

	table_reader_changes(t, s, &cells, &n);
	for (uint32_t i = 0; i < n; i++)
		if (table->schema->columns[cells[i].column >> 1].flags & COL_KEY)
			return -EBADMSG;
	return 0;
}

/* The row in the snapshot s of the group, i of the hour. -ENOENT: it is not there. */
static int find_cell(struct picked *p, uint32_t s, const struct roster_row *row, struct hour *h, uint32_t i,
    const struct table **ret, uint32_t *ret_row, int64_t *ret_time_ms)
{
	uint32_t seq;
	int r = table_reader_at(p->reader, s, ret);

	if (r == 0)
		r = check_keys(p->reader, *ret, s);
	if (r == 0)
		r = find_row(p, *ret, row, ret_row);
	return r < 0 ? r : hour_snapshot(h, i, &seq, ret_time_ms);
}

static void put_line(const struct picked *p, const struct table *t, uint32_t row, int64_t time_ms, struct buf *out)
{
	char time[TEXT_TIME_LEN + 1];

	text_time(time, time_ms);
	buf_put(out, time, TEXT_TIME_LEN);
	buf_put_u8(out, '\t');
	if (p->has_column)
		text_put_cell(out, &t->schema->columns[p->column], table_get(t, p->column, row),
		    table_is_null(t, p->column, row), t->pool);
	else
		buf_puts(out, "\\N");
	buf_put_u8(out, '\n');
}

static void put_point(const struct picked *p, const struct table *t, uint32_t row, int64_t time_ms, struct buf *out)
{
	struct series_point point = {.ms = (int64_t)((uint64_t)time_ms + (uint64_t)(int64_t)t->taken_ms),
	    .boot = p->boot,
	    .boot_us = p->boot_us + (uint64_t)((int64_t)t->taken_ms * 1000),
	    .null = true};

	if (t->repeated)
		return;
	if (p->has_column && !table_is_null(t, p->column, row)) {
		point.null = false;
		point.value = table_get(t, p->column, row);
	}
	buf_put(out, &point, sizeof point);
}

/* Goes on with a piece through the group that its next snapshot is in. */
static int put_group(struct series *s, struct hour *h, const struct roster_row *row,
    void (*put)(const struct picked *p, const struct table *t, uint32_t row, int64_t time_ms, struct buf *out),
    struct piece *piece)
{
	_cleanup_(picked_done) struct picked p = {0};
	struct group *g;
	uint32_t k;
	int r = contents_group(s->contents, h, piece->end_i, &g, &k), index;

	if (r < 0)
		return r;
	index = schema_index(group_schema(g), piece->which.table);
	if (index >= 0)
		r = pick(g, (uint32_t)index, piece->which.column, &p);
	p.boot = group_boot(g);
	for (; r == 0 && k < group_n(g) && piece->end_i <= row->last && piece->text.len < PIECE_LEN; k++) {
		const struct table *t;
		int64_t time_ms;
		uint32_t at = 0;

		if (p.reader) {
			group_times(g, k, &time_ms, &p.boot_us);
			r = find_cell(&p, k, row, h, piece->end_i, &t, &at, &time_ms);
			if (r == 0)
				put(&p, t, at, time_ms, &piece->text);
			r = r == -ENOENT ? 0 : r < 0 ? r : piece->text.err;
		}
		piece->end_i++;
	}
	return r;
}

/* The piece of text that begins at off with what snapshot i on has. */
static int make_piece(struct series *s, struct hour *h, const struct which *w, const struct roster_row *row, uint32_t i,
    uint64_t off, struct piece *piece)
{
	int r = 0;

	piece->used = 0;
	piece->which = *w;
	piece->off = off;
	piece->end_i = i < row->first ? row->first : i;
	buf_clear(&piece->text);
	while (r == 0 && piece->end_i <= row->last && piece->text.len < PIECE_LEN)
		r = put_group(s, h, row, put_line, piece);
	if (r == 0)
		piece->used = ++s->clock;
	return r;
}

static uint64_t piece_end(const struct piece *p)
{
	return p->off + p->text.len;
}

/* The row of that number, if it has such a column. */
static int find_which(struct series *s, struct hour *h, const struct which *w, const struct roster **ret_roster,
    struct roster_row *ret_row)
{
	int r = series_roster(s, h, w->table, ret_roster);

	if (r < 0)
		return r;
	if (w->number >= roster_n(*ret_roster) || w->column >= roster_n_columns(*ret_roster))
		return -ENOENT;
	roster_row(*ret_roster, w->number, ret_row);
	return 0;
}

/* By making the text and throwing it away. */
static int measure(
    struct series *s, struct hour *h, const struct which *w, const struct roster_row *row, uint64_t *ret_len)
{
	struct piece piece = {0};
	uint64_t off = 0;
	int r = 0;

	while (r == 0 && piece.end_i <= row->last) {
		r = make_piece(s, h, w, row, piece.end_i, off, &piece);
		off = piece_end(&piece);
	}
	buf_done(&piece.text);
	*ret_len = off;
	return r;
}

int series_len(struct series *s, struct hour *h, uint16_t table, uint32_t number, uint32_t column, uint64_t *ret_len)
{
	struct which w = {hour_number(h), table, number, column};
	const struct roster *roster;
	struct roster_row row;
	uint64_t sum;
	int r = find_which(s, h, &w, &roster, &row);

	if (r < 0)
		return r;
	if (!roster_sum(roster, number, column, &sum))
		return measure(s, h, &w, &row, ret_len);
	*ret_len = sum + (uint64_t)row.n * (TEXT_TIME_LEN + LINE_REST);
	return 0;
}

static bool is_of(const struct piece *p, const struct which *w)
{
	return p->used && p->which.hour == w->hour && p->which.table == w->table && p->which.number == w->number &&
	       p->which.column == w->column;
}

/* The piece that off is in, or the one that ends closest before it; NULL: neither. */
static struct piece *find_piece(struct series *s, const struct which *w, uint64_t off)
{
	struct piece *best = NULL;

	for (unsigned i = 0; i < N_PIECES; i++) {
		struct piece *p = &s->pieces[i];

		if (!is_of(p, w) || p->off > off)
			continue;
		if (!best || p->off > best->off || (p->off == best->off && p->text.len > best->text.len))
			best = p;
	}
	return best;
}

static struct piece *oldest_piece(struct series *s)
{
	struct piece *oldest = &s->pieces[0];

	for (unsigned i = 1; i < N_PIECES; i++)
		if (s->pieces[i].used < oldest->used)
			oldest = &s->pieces[i];
	return oldest;
}

/* What the length promises and what is there must be one thing. */
static bool ends_right(const struct piece *p, const struct roster *roster, const struct roster_row *row)
{
	uint64_t sum;

	return p->end_i <= row->last || !roster_sum(roster, p->which.number, p->which.column, &sum) ||
	       piece_end(p) == sum + (uint64_t)row->n * (TEXT_TIME_LEN + LINE_REST);
}

/* The piece that off is in; one that ends at or before it if the text does. */
static int need_piece(struct series *s, struct hour *h, const struct which *w, uint64_t off, struct piece **ret)
{
	const struct roster *roster;
	struct roster_row row;
	struct piece *p = find_piece(s, w, off);
	int r = find_which(s, h, w, &roster, &row);

	while (r == 0 && (!p || (piece_end(p) <= off && p->end_i <= row.last))) {
		struct piece *next = oldest_piece(s);

		r = make_piece(s, h, w, &row, p ? p->end_i : 0, p ? piece_end(p) : 0, next);
		p = next;
		if (r == 0 && !ends_right(p, roster, &row)) {
			forget_piece(p);
			r = -EBADMSG;
		}
	}
	*ret = p;
	return r;
}

int series_text(struct series *s, struct hour *h, uint16_t table, uint32_t number, uint32_t column, uint64_t off,
    size_t len, struct buf *out)
{
	struct which w = {hour_number(h), table, number, column};

	while (len > 0) {
		struct piece *p;
		size_t skip, n;
		int r = need_piece(s, h, &w, off, &p);

		if (r < 0)
			return r;
		if (piece_end(p) <= off)
			break;
		p->used = ++s->clock;
		skip = (size_t)(off - p->off);
		n = p->text.len - skip < len ? p->text.len - skip : len;
		buf_put(out, p->text.p + skip, n);
		off += n;
		len -= n;
	}
	return out->err;
}

int series_points(struct series *s, struct hour *h, uint16_t table, uint32_t number, uint32_t column, struct buf *out)
{
	struct piece piece = {.which = {hour_number(h), table, number, column}};
	const struct roster *roster;
	struct roster_row row;
	int r = find_which(s, h, &piece.which, &roster, &row);

	for (piece.end_i = r == 0 ? row.first : 0; r == 0 && piece.end_i <= row.last;) {
		r = put_group(s, h, &row, put_point, &piece);
		buf_put(out, piece.text.p, piece.text.len);
		buf_clear(&piece.text);
	}
	buf_done(&piece.text);
	return r < 0 ? r : out->err;
}
