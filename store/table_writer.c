/* table_writer.c -- one table through a group
 *
 * STATE     The rows of the last snapshot, dense and column-major, with the number of the life that each row is in the
 *           present group. A NULL cell keeps its last value underneath: that is what the next change is a difference
 * to. ADDING    Rows are matched by key. As long as the keys at all positions are those of the snapshot before, which
 * is nearly always so, whole columns are compared with memcmp. Otherwise old rows are looked up by a hash of their key;
 * rows that keep their order go on living, all others are removed and inserted. FINISHING Changes were gathered in
 * order of time and are laid out life by life: what one cell does over time resembles itself, which is what zstd then
 * finds.
 */
#include "store/table_writer.h"

#include "store/section.h"
#include "store/text.h"

#define NO_ROW UINT32_MAX

struct column_writer {
	struct section_change *changes;
	uint32_t n_changes;
	uint32_t cap_changes;
	uint64_t *init; /* first values of the lives that are not base ones */
	uint8_t *init_null;
};

struct table_writer {
	struct table_schema *schema;
	struct strpool *pool;
	struct id_list *ids;
	uint32_t n_columns;

	/* State after the last snapshot. */
	uint32_t n_rows, cap_rows;
	uint64_t *cells; /* [column * cap_rows + position] */
	uint8_t *nulls;
	uint32_t *life; /* [position] */
	bool keep_sizes;
	bool in_last;
	uint64_t text_len;

	/* The present group. */
	bool based;
	bool used;
	uint32_t n_base, n_first, n_lives, cap_init;
	uint32_t n_past;         /* lives since the keyframe that ended before this group: a reader has them all */
	uint32_t *birth, *death; /* by life: first and, + 1, last snapshot; death 0: still alive */
	uint32_t cap_lives;
	struct column_writer *columns;
	size_t n_changes;
	struct buf presence, events;
	uint32_t run, run_next; /* code of the current run of presence codes, snapshots covered so far */
	uint64_t run_code;
	uint32_t last_event; /* snapshot + 1 */

	/* What is being added: dense, strings in our pool. */
	const uint64_t *in;
	const uint8_t *in_null;
	size_t in_stride;
	uint64_t *gathered;
	uint8_t *gathered_null;
	uint32_t cap_gathered;
	uint32_t *xlat; /* ids of another pool to ours, + 1 */
	uint32_t n_xlat;
	uint64_t xlat_serial;
	uint32_t *from; /* position in the state before of each new row, or NO_ROW */
	uint32_t *hash; /* position + 1 by key hash */
	uint32_t cap_from, cap_hash;
};

int table_writer_new(struct table_schema *schema, struct strpool *pool, struct id_list *ids, struct table_writer **ret)
{
	_cleanup_(cleanup_table_writer) struct table_writer *w = calloc(1, sizeof *w);

	if (!w)
		return -ENOMEM;
	w->schema = table_schema_get(schema);
	w->pool = pool;
	w->ids = ids;
	w->n_columns = schema->n_columns;
	w->columns = calloc(w->n_columns ? w->n_columns : 1, sizeof *w->columns);
	if (!w->columns)
		return -ENOMEM;
	*ret = TAKE(w);
	return 0;
}

void table_writer_free(struct table_writer *w)
{
	for (uint32_t c = 0; w->columns && c < w->n_columns; c++) {
		free(w->columns[c].changes);
		free(w->columns[c].init);
		free(w->columns[c].init_null);
	}
	free(w->columns);
	table_schema_put(w->schema);
	free(w->cells);
	free(w->nulls);
	free(w->life);
	free(w->birth);
	free(w->death);
	buf_done(&w->presence);
	buf_done(&w->events);
	free(w->gathered);
	free(w->gathered_null);
	free(w->xlat);
	free(w->from);
	free(w->hash);
	free(w);
}

struct table_schema *table_writer_schema(const struct table_writer *w)
{
	return w->schema;
}

bool table_writer_used(const struct table_writer *w)
{
	return w->used;
}

size_t table_writer_size(const struct table_writer *w)
{
	return 3 * (size_t)w->n_columns + w->presence.len + w->events.len + 4 * w->n_changes +
	       3 * (size_t)(w->n_lives - w->n_base) * w->n_columns;
}

bool table_writer_sizes(const struct table_writer *w, uint64_t *ret_rows, uint64_t *ret_len)
{
	*ret_rows = w->n_rows;
	*ret_len = w->text_len;
	return w->in_last;
}

void table_writer_keep_sizes(struct table_writer *w)
{
	w->keep_sizes = true;
}

/* Grows an array of n_cap elements of size to at least n. */
static int grow(void *p_array, uint32_t *cap, uint32_t n, size_t size)
{
	uint32_t want = *cap ? *cap : 16;
	void *p;

	if (n <= *cap)
		return 0;
	while (want < n)
		want *= 2;
	p = realloc(*(void **)p_array, want * size);
	if (!p)
		return -ENOMEM;
	*(void **)p_array = p;
	*cap = want;
	return 0;
}

static int grow_lives(struct table_writer *w, uint32_t n)
{
	uint32_t cap = w->cap_lives;
	int r = grow(&w->birth, &cap, n, sizeof *w->birth);

	if (r == 0)
		r = grow(&w->death, &w->cap_lives, n, sizeof *w->death);
	return r;
}

void table_writer_begin(struct table_writer *w, bool based)
{
	w->based = based;
	w->used = false;
	w->n_past += w->n_lives - w->n_rows;
	if (!based) {
		w->n_past = 0;
		w->n_rows = 0;
		w->text_len = 0;
		w->in_last = false;
	}
	/* A life per row of the state; memory for them was there when the rows were. */
	w->n_base = w->n_rows;
	w->n_first = 0;
	w->n_lives = w->n_base;
	for (uint32_t i = 0; i < w->n_base; i++) {
		w->life[i] = i;
		w->birth[i] = 0;
		w->death[i] = 0;
	}
	for (uint32_t c = 0; c < w->n_columns; c++)
		w->columns[c].n_changes = 0;
	w->n_changes = 0;
	buf_clear(&w->presence);
	buf_clear(&w->events);
	w->run = 0;
	w->run_next = 0;
	w->last_event = 0;
	w->xlat_serial = 0;
}

/* --- presence --- */

static void put_presence(struct table_writer *w, uint32_t run, uint64_t code)
{
	if (run == 0)
		return;
	if (w->run > 0 && w->run_code == code) {
		w->run += run;
	} else {
		if (w->run > 0) {
			buf_put_varint(&w->presence, w->run);
			buf_put_varint(&w->presence, w->run_code);
		}
		w->run = run;
		w->run_code = code;
	}
	w->run_next += run;
}

/* --- what comes in --- */

/* Our id for a string of the other pool. */
static int translate(struct table_writer *w, const struct table *t, uint64_t id, uint64_t *ret)
{
	const struct str *s = strpool_get(t->pool, (uint32_t)id);
	uint32_t ours;
	int r;

	if (s && w->xlat[id]) {
		*ret = w->xlat[id] - 1;
		return 0;
	}
	r = strpool_intern(w->pool, s ? s->p : "", s ? s->len : 0, &ours);
	if (r < 0)
		return r;
	if (s)
		w->xlat[id] = ours + 1;
	*ret = ours;
	return 0;
}

static int prepare_translation(struct table_writer *w, const struct table *t)
{
	uint32_t limit = strpool_limit(t->pool);

	if (w->xlat_serial != strpool_serial(t->pool)) {
		w->xlat_serial = strpool_serial(t->pool);
		if (w->n_xlat > 0)
			memset(w->xlat, 0, w->n_xlat * sizeof *w->xlat);
	}
	if (limit > w->n_xlat) {
		uint32_t *p = realloc(w->xlat, limit * sizeof *p);

		if (!p)
			return -ENOMEM;
		memset(p + w->n_xlat, 0, (limit - w->n_xlat) * sizeof *p);
		w->xlat = p;
		w->n_xlat = limit;
	}
	return 0;
}

/* Makes in/in_null dense. Rows of our own pool without order are so already. */
static int take_in(struct table_writer *w, const struct table *t)
{
	int r;

	if (!t->order && t->pool == w->pool) {
		w->in = t->cells;
		w->in_null = t->nulls;
		w->in_stride = t->cap_rows;
		return 0;
	}
	if (t->n_rows > w->cap_gathered) {
		uint32_t cap = t->n_rows + t->n_rows / 2;

		free(w->gathered);
		free(w->gathered_null);
		w->cap_gathered = 0;
		w->gathered = malloc((size_t)cap * w->n_columns * sizeof *w->gathered + 1);
		w->gathered_null = malloc((size_t)cap * w->n_columns + 1);
		if (!w->gathered || !w->gathered_null)
			return -ENOMEM;
		w->cap_gathered = cap;
	}
	r = t->pool == w->pool ? 0 : prepare_translation(w, t);
	for (uint32_t c = 0; c < w->n_columns; c++) {
		bool foreign = t->pool != w->pool && w->schema->columns[c].type == COL_STR;
		uint64_t *cells = w->gathered + (size_t)c * w->cap_gathered;
		uint8_t *nulls = w->gathered_null + (size_t)c * w->cap_gathered;

		for (uint32_t i = 0; i < t->n_rows && r == 0; i++) {
			size_t at = table_cell(t, c, i);

			cells[i] = t->cells[at];
			nulls[i] = t->nulls[at];
			if (foreign && !nulls[i])
				r = translate(w, t, cells[i], &cells[i]);
		}
	}
	w->in = w->gathered;
	w->in_null = w->gathered_null;
	w->in_stride = w->cap_gathered;
	return r;
}

static size_t cell_len(const struct table_writer *w, uint32_t c, uint64_t v, bool null)
{
	return 1 + text_cell_len(&w->schema->columns[c], v, null, w->pool);
}

/* A string's first use since the keyframe has to define it. */
static int note_string(struct table_writer *w, uint64_t id)
{
	strpool_touch(w->pool, (uint32_t)id);
	if (strpool_mark(w->pool, (uint32_t)id)) {
		int r = grow(&w->ids->ids, &w->ids->cap, w->ids->n + 1, sizeof *w->ids->ids);

		if (r < 0)
			return r;
		w->ids->ids[w->ids->n++] = (uint32_t)id;
	}
	return 0;
}

/* --- rows --- */

static bool key_differs(const struct table_writer *w, uint32_t old, uint32_t row)
{
	for (uint32_t c = 0; c < w->n_columns; c++) {
		size_t a = (size_t)c * w->cap_rows + old, b = (size_t)c * w->in_stride + row;

		if (!(w->schema->columns[c].flags & COL_KEY))
			continue;
		if (w->nulls[a] != w->in_null[b] || (!w->nulls[a] && w->cells[a] != w->in[b]))
			return true;
	}
	return false;
}

static bool same_rows(const struct table_writer *w, uint32_t n_rows)
{
	if (n_rows != w->n_rows)
		return false;
	for (uint32_t i = 0; i < n_rows; i++)
		if (key_differs(w, i, i))
			return false;
	return true;
}

static uint32_t key_hash(
    const struct table_writer *w, const uint64_t *cells, const uint8_t *nulls, size_t stride, uint32_t row)
{
	uint64_t h = 0;

	for (uint32_t c = 0; c < w->n_columns; c++)
		if (w->schema->columns[c].flags & COL_KEY) {
			size_t i = (size_t)c * stride + row;

			h = (h ^ (nulls[i] ? 0x5bd1e995 : cells[i])) * 0x9e3779b97f4a7c15;
			h ^= h >> 29;
		}
	return (uint32_t)(h >> 20);
}

/* Fills from[]: which old row each new row continues. */
static int match_rows(struct table_writer *w, uint32_t n_rows)
{
	uint32_t n_hash = 16, next = 0;
	int r = grow(&w->from, &w->cap_from, n_rows, sizeof *w->from);

	while (n_hash < 2 * w->n_rows)
		n_hash *= 2;
	if (r == 0)
		r = grow(&w->hash, &w->cap_hash, n_hash, sizeof *w->hash);
	if (r < 0)
		return r;
	memset(w->hash, 0, n_hash * sizeof *w->hash);
	for (uint32_t i = 0; i < w->n_rows; i++) {
		uint32_t k = key_hash(w, w->cells, w->nulls, w->cap_rows, i) & (n_hash - 1);

		while (w->hash[k])
			k = (k + 1) & (n_hash - 1);
		w->hash[k] = i + 1;
	}
	for (uint32_t j = 0; j < n_rows; j++) {
		uint32_t k;

		w->from[j] = NO_ROW;
		/* Where nothing came or went in between, the next old row is it. */
		if (next < w->n_rows && !key_differs(w, next, j)) {
			w->from[j] = next++;
			continue;
		}
		k = key_hash(w, w->in, w->in_null, w->in_stride, j) & (n_hash - 1);
		for (; w->hash[k]; k = (k + 1) & (n_hash - 1)) {
			uint32_t i = w->hash[k] - 1;

			if (i >= next && !key_differs(w, i, j)) {
				w->from[j] = i;
				next = i + 1;
				break;
			}
		}
	}
	return 0;
}

bool table_writer_has_room(const struct table_writer *w, uint32_t n_rows)
{
	uint64_t n = (uint64_t)w->n_past + w->n_lives + n_rows;

	return n <= ROWS_MAX && n * w->n_columns <= CELLS_MAX;
}

static int grow_init(struct table_writer *w, uint32_t n)
{
	uint32_t cap = w->cap_init ? w->cap_init : 16;

	if (n <= w->cap_init)
		return 0;
	while (cap < n)
		cap *= 2;
	for (uint32_t c = 0; c < w->n_columns; c++) {
		struct column_writer *cw = &w->columns[c];
		uint64_t *init = realloc(cw->init, cap * sizeof *init);
		uint8_t *null;

		if (!init)
			return -ENOMEM;
		cw->init = init;
		null = realloc(cw->init_null, cap);
		if (!null)
			return -ENOMEM;
		cw->init_null = null;
	}
	w->cap_init = cap;
	return 0;
}

/* A new life with the row's values; returns its number in *ret. */
static int begin_life(struct table_writer *w, uint32_t s, uint32_t row, uint32_t *ret)
{
	uint32_t k = w->n_lives - w->n_base;
	int r = 0;

	if (!table_writer_has_room(w, 1))
		return -EMSGSIZE;
	r = grow_lives(w, w->n_lives + 1);
	if (r == 0)
		r = grow_init(w, k + 1);
	for (uint32_t c = 0; c < w->n_columns && r == 0; c++) {
		size_t i = (size_t)c * w->in_stride + row;

		w->columns[c].init_null[k] = w->in_null[i];
		w->columns[c].init[k] = w->in_null[i] ? 0 : w->in[i];
		if (w->schema->columns[c].type == COL_STR && !w->in_null[i])
			r = note_string(w, w->in[i]);
		if (w->keep_sizes)
			w->text_len += cell_len(w, c, w->in[i], w->in_null[i]);
	}
	if (r < 0)
		return r;
	if (w->n_columns == 0)
		w->text_len++; /* the line's end, which otherwise comes with the cells */
	w->birth[w->n_lives] = s;
	w->death[w->n_lives] = 0;
	*ret = w->n_lives++;
	return 0;
}

static void end_life(struct table_writer *w, uint32_t s, uint32_t pos)
{
	w->death[w->life[pos]] = s;
	if (w->n_columns == 0)
		w->text_len--;
	for (uint32_t c = 0; w->keep_sizes && c < w->n_columns; c++) {
		size_t i = (size_t)c * w->cap_rows + pos;

		w->text_len -= cell_len(w, c, w->cells[i], w->nulls[i]);
	}
}

/* Appends the number of positions and the gaps between them. */
static void put_gaps(struct buf *out, const uint32_t *positions, uint32_t n)
{
	uint32_t before = 0;

	buf_put_varint(out, n);
	for (uint32_t i = 0; i < n; i++) {
		buf_put_varint(out, positions[i] + 1 - before);
		before = positions[i] + 1;
	}
}

/* Rows of the state after the event, values still those of before (inserted ones: theirs). */
static int rebuild_state(struct table_writer *w, uint32_t n_rows, const uint32_t *new_life)
{
	uint32_t cap = n_rows + n_rows / 4 + 4;
	uint64_t *cells = malloc((size_t)cap * w->n_columns * sizeof *cells + 1);
	uint8_t *nulls = malloc((size_t)cap * w->n_columns + 1);
	uint32_t *life = malloc(cap * sizeof *life);

	if (!cells || !nulls || !life) {
		free(cells);
		free(nulls);
		free(life);
		return -ENOMEM;
	}
	for (uint32_t c = 0; c < w->n_columns; c++)
		for (uint32_t j = 0; j < n_rows; j++) {
			size_t to = (size_t)c * cap + j, old = (size_t)c * w->cap_rows + w->from[j],
			       in = (size_t)c * w->in_stride + j;
			bool inserted = w->from[j] == NO_ROW;

			nulls[to] = inserted ? w->in_null[in] : w->nulls[old];
			cells[to] = !inserted ? w->cells[old] : w->in_null[in] ? 0 : w->in[in];
		}
	memcpy(life, new_life, n_rows * sizeof *life);
	free(w->cells);
	free(w->nulls);
	free(w->life);
	w->cells = cells;
	w->nulls = nulls;
	w->life = life;
	w->n_rows = n_rows;
	w->cap_rows = cap;
	return 0;
}

static int change_rows(struct table_writer *w, uint32_t s, uint32_t n_rows)
{
	_cleanup_(cleanup_free) uint32_t *positions = malloc(((size_t)w->n_rows + n_rows + 1) * sizeof *positions);
	_cleanup_(cleanup_free) uint32_t *life = malloc(((size_t)n_rows + 1) * sizeof *life);
	bool first = !w->based && !w->used;
	uint32_t n = 0, next = 0;
	int r = match_rows(w, n_rows);

	if (!positions || !life)
		return -ENOMEM;
	if (r < 0)
		return r;
	for (uint32_t j = 0; j <= n_rows; j++) {
		uint32_t until = j == n_rows ? w->n_rows : w->from[j] == NO_ROW ? next : w->from[j];

		for (; next < until; next++) {
			end_life(w, s, next);
			positions[n++] = next;
		}
		if (j < n_rows && w->from[j] != NO_ROW)
			next++;
	}
	if (!first) {
		buf_put_varint(&w->events, s + 1 - w->last_event);
		w->last_event = s + 1;
		put_gaps(&w->events, positions, n);
	}
	n = 0;
	for (uint32_t j = 0; j < n_rows; j++) {
		if (w->from[j] != NO_ROW) {
			life[j] = w->life[w->from[j]];
			continue;
		}
		positions[n++] = j;
		r = begin_life(w, s, j, &life[j]);
		if (r < 0)
			return r;
	}
	if (first)
		w->n_first = n_rows;
	else
		put_gaps(&w->events, positions, n);
	return rebuild_state(w, n_rows, life);
}

/* --- cells --- */

static int put_change(struct table_writer *w, uint32_t c, uint32_t s, uint32_t row)
{
	struct column_writer *cw = &w->columns[c];
	size_t i = (size_t)c * w->cap_rows + row, in = (size_t)c * w->in_stride + row;
	bool null = w->in_null[in];
	int r = grow(&cw->changes, &cw->cap_changes, cw->n_changes + 1, sizeof *cw->changes);
	struct section_change *ch;

	if (r < 0)
		return r;
	if (w->keep_sizes)
		w->text_len += cell_len(w, c, w->in[in], null) - cell_len(w, c, w->cells[i], w->nulls[i]);
	ch = &cw->changes[cw->n_changes++];
	w->n_changes++;
	*ch = (struct section_change){.life = w->life[row], .s = s << 1 | null};
	w->nulls[i] = null;
	if (null)
		return 0;
	ch->now = w->in[in];
	switch (w->schema->columns[c].type) {
	case COL_STR:
		ch->v = w->in[in];
		r = note_string(w, w->in[in]);
		break;
	case COL_F64:
		ch->v = w->in[in] ^ w->cells[i];
		break;
	default:
		ch->v = w->in[in] - w->cells[i];
	}
	w->cells[i] = w->in[in];
	return r;
}

static int compare_cells(struct table_writer *w, uint32_t s)
{
	for (uint32_t c = 0; c < w->n_columns && w->n_rows > 0; c++) {
		const uint64_t *old = w->cells + (size_t)c * w->cap_rows, *new = w->in + (size_t)c * w->in_stride;
		const uint8_t *old_null = w->nulls + (size_t)c * w->cap_rows,
		              *new_null = w->in_null + (size_t)c * w->in_stride;

		if (memcmp(old_null, new_null, w->n_rows) == 0 && memcmp(old, new, w->n_rows * sizeof *old) == 0)
			continue;
		for (uint32_t i = 0; i < w->n_rows; i++)
			if (old_null[i] != new_null[i] || (old[i] != new[i] && !new_null[i])) {
				int r = put_change(w, c, s, i);

				if (r < 0)
					return r;
			}
	}
	return 0;
}

int table_writer_add(struct table_writer *w, uint32_t s, const struct table *t)
{
	bool known = w->used || (w->based && w->in_last), events = false;
	int r;

	put_presence(w, s - w->run_next, 0);
	if (!t || t->absent) {
		put_presence(w, 1, 0);
		w->in_last = false;
		return 0;
	}
	r = take_in(w, t);
	if (r < 0)
		return r;
	if (w->keep_sizes && w->text_len == 0)
		w->text_len = text_header_len(w->schema);
	if ((!w->used && !w->based) || !same_rows(w, t->n_rows)) {
		events = true;
		r = change_rows(w, s, t->n_rows);
		if (r < 0)
			return r;
	}
	put_presence(w, 1, t->repeated && known && !events ? 1 : 2 + (zigzag(t->taken_ms) << 1 | t->repeated));
	w->used = true;
	w->in_last = true;
	return compare_cells(w, s);
}

/* --- laying out --- */

int table_writer_finish(struct table_writer *w, uint32_t n, struct buf *out)
{
	const struct section_lives lives = {
	    .n_snapshots = n, .n_base = w->n_base, .n = w->n_lives, .birth = w->birth, .death = w->death};
	_cleanup_(cleanup_free) uint64_t *lens = calloc(3 * (size_t)w->n_columns + 1, sizeof *lens);
	_cleanup_(buf_done) struct buf body = {0};
	int r = 0;

	if (!lens)
		return -ENOMEM;
	put_presence(w, n - w->run_next, 0);
	buf_put_varint(&w->presence, w->run);
	buf_put_varint(&w->presence, w->run_code);

	for (uint32_t c = 0; c < w->n_columns; c++) {
		size_t start = body.len;

		section_put_init(
		    &w->schema->columns[c], w->columns[c].init, w->columns[c].init_null, w->n_lives - w->n_base, &body);
		lens[3 * c] = body.len - start;
	}
	for (uint32_t c = 0; c < w->n_columns && r == 0; c++)
		r = section_put_changes(&w->schema->columns[c], &lives, w->columns[c].changes, w->columns[c].n_changes,
		    &body, &lens[3 * c + 1], &lens[3 * c + 2]);
	if (r < 0)
		return r;
	buf_put(out, w->presence.p, w->presence.len);
	buf_put_varint(out, w->n_base);
	buf_put_varint(out, w->n_first);
	buf_put(out, w->events.p, w->events.len);
	buf_put_varint(out, 0);
	for (uint32_t i = 0; i < 3 * w->n_columns; i++)
		buf_put_varint(out, lens[i]);
	buf_put(out, body.p, body.len);
	return w->presence.err < 0 || w->events.err < 0 || body.err < 0 ? -ENOMEM : out->err;
}
