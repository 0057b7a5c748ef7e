/* table_reader.c -- one table through a group
 *
 * LIVES    Cells lie column-major by life, first values (init) beside the state of the cursor's snapshot (cells); the
 * order of the rows is a list of lives. So rows that come and go move nothing but numbers. CHANGES  Sections hold them
 * life by life; taking up a section sorts them by snapshot, with absolute values, so that the cursor's step is a plain
 * loop. Everything is checked then, and never again.
 */
#include "store/table_reader.h"

#include "store/section.h"
#include "store/text.h"

#define NO_SNAPSHOT UINT32_MAX

/* What happens to the table at one snapshot. */
struct step {
	bool present;
	bool repeated;
	int32_t taken_ms;
	uint32_t n_removed, n_inserted;
	uint32_t *removed;   /* positions before */
	uint32_t *inserted;  /* positions after */
	uint32_t first_life; /* of the inserted */
	struct section_cell *changes;
	uint32_t n_changes;
};

/* Memory of a section's steps, in one list to free. */
struct block {
	struct block *next;
};

struct table_reader {
	struct table table;  /* cells, nulls by life; order: the cursor's rows */
	uint32_t n_stored;   /* columns that sections have */
	uint32_t *stored_as; /* by column of table: its number there; NULL: the same */
	uint64_t *init;
	uint8_t *init_null;
	uint32_t *birth, *death; /* by life, as snapshots of the section being taken up */
	uint32_t n_lives, cap_lives;
	uint32_t *order;

	struct step *steps;
	uint32_t n, cap_steps;
	uint32_t n_first;    /* lives there from the start: those of the keyframe */
	uint32_t first;      /* the snapshot they begin with */
	int64_t taken_at_ms; /* when the rows taken up last were taken */
	uint32_t at;         /* the cursor; NO_SNAPSHOT: before the first */
	struct block *blocks;
	size_t memory;

	struct buf text, text_before;
	uint32_t *line; /* offset in text by life, UINT32_MAX: must be written anew */
	uint32_t *line_len;
	uint32_t text_at;
};

int table_reader_new(struct table_schema *schema, struct strpool *pool, struct table_reader **ret)
{
	struct table_reader *t = calloc(1, sizeof *t);

	if (!t)
		return -ENOMEM;
	t->table.schema = table_schema_get(schema);
	t->n_stored = schema->n_columns;
	t->table.pool = pool;
	t->at = NO_SNAPSHOT;
	t->text_at = NO_SNAPSHOT;
	*ret = t;
	return 0;
}

int table_reader_new_of(const struct table_schema *schema, const uint32_t *columns, uint32_t n, struct strpool *pool,
    struct table_reader **ret)
{
	_cleanup_(cleanup_table_schema) struct table_schema *some = NULL;
	_cleanup_(cleanup_free) uint32_t *stored_as = malloc(n * sizeof *stored_as + 1);
	int r = stored_as ? table_schema_new(schema->id, schema->name, &some) : -ENOMEM;

	for (uint32_t i = 0; i < n && r == 0; i++) {
		stored_as[i] = columns[i];
		r = table_schema_add(some, &schema->columns[columns[i]]);
	}
	if (r == 0)
		r = table_reader_new(some, pool, ret);
	if (r < 0)
		return r;
	(*ret)->n_stored = schema->n_columns;
	(*ret)->stored_as = TAKE(stored_as);
	return 0;
}

void table_reader_free(struct table_reader *t)
{
	while (t->blocks) {
		struct block *b = t->blocks;

		t->blocks = b->next;
		free(b);
	}
	table_schema_put(t->table.schema);
	free(t->stored_as);
	free(t->table.cells);
	free(t->table.nulls);
	free(t->init);
	free(t->init_null);
	free(t->birth);
	free(t->death);
	free(t->order);
	free(t->steps);
	free(t->line);
	free(t->line_len);
	buf_done(&t->text);
	buf_done(&t->text_before);
	free(t);
}

uint32_t table_reader_n(const struct table_reader *t)
{
	return t->n;
}

size_t table_reader_memory(const struct table_reader *t)
{
	size_t lives = t->table.cap_rows;

	return sizeof *t + t->memory + lives * t->table.schema->n_columns * 18 + lives * 5 * sizeof(uint32_t) +
	       t->cap_steps * sizeof *t->steps + t->text.cap + t->text_before.cap;
}

/* Memory that lives as long as the reader. */
static void *block_new(struct table_reader *t, size_t len)
{
	struct block *b = malloc(sizeof *b + len);

	if (!b)
		return NULL;
	b->next = t->blocks;
	t->blocks = b;
	t->memory += sizeof *b + len;
	return b + 1;
}

/* --- taking up a section --- */

static int reserve_steps(struct table_reader *t, uint32_t n)
{
	uint32_t cap = t->cap_steps ? t->cap_steps : 16;
	struct step *p;

	while (cap < t->n + n)
		cap *= 2;
	if (cap > t->cap_steps) {
		p = realloc(t->steps, cap * sizeof *p);
		if (!p)
			return -ENOMEM;
		t->steps = p;
		t->cap_steps = cap;
	}
	memset(t->steps + t->n, 0, n * sizeof *t->steps);
	return 0;
}

/* From one time to another, as far as it can be told. */
static int32_t distance(int64_t from, int64_t to)
{
	int64_t d;

	if (__builtin_sub_overflow(to, from, &d))
		d = to < from ? INT32_MIN : INT32_MAX;
	return d < INT32_MIN ? INT32_MIN : d > INT32_MAX ? INT32_MAX : (int32_t)d;
}

static int parse_presence(
    struct table_reader *t, struct span *in, const int64_t *times_ms, uint32_t n, uint32_t *ret_first)
{
	uint32_t s = 0;

	*ret_first = NO_SNAPSHOT;
	while (s < n) {
		uint64_t run, code;
		int r = span_varint_max(in, n - s, &run);

		if (r == 0)
			r = span_varint(in, &code);
		if (r < 0)
			return r;
		if (run == 0)
			return -EBADMSG;
		if (code > 0 && *ret_first == NO_SNAPSHOT)
			*ret_first = s;
		for (; run > 0; run--, s++) {
			struct step *st = &t->steps[t->n + s];
			int64_t taken = code < 2 ? 0 : unzigzag((code - 2) >> 1);

			if (taken < INT32_MIN || taken > INT32_MAX)
				return -EBADMSG;
			if (code >= 2)
				t->taken_at_ms = (int64_t)((uint64_t)times_ms[s] + (uint64_t)taken);
			st->present = code > 0;
			/* Code 1 cannot say it in a keyframe. */
			st->repeated = code & 1;
			st->taken_ms = code == 1 ? distance(times_ms[s], t->taken_at_ms) : (int32_t)taken;
		}
	}
	return 0;
}

/* Room for n lives in the lists by life. */
static int reserve_lives(struct table_reader *t, uint32_t n)
{
	uint32_t cap = t->cap_lives ? t->cap_lives : 64;
	uint32_t **by_life[] = {&t->birth, &t->death, &t->order, &t->line, &t->line_len};

	if (n > ROWS_MAX || (uint64_t)n * t->n_stored > CELLS_MAX)
		return -EBADMSG;
	if (n <= t->cap_lives)
		return 0;
	while (cap < n)
		cap = cap + cap / 2;
	for (unsigned i = 0; i < N_ELEMENTS(by_life); i++) {
		uint32_t *p = realloc(*by_life[i], cap * sizeof *p);

		if (!p)
			return -ENOMEM;
		*by_life[i] = p;
	}
	t->cap_lives = cap;
	return 0;
}

/* Room for the cells of all lives, once it is known how many there are; those of the first n_old are kept. */
static int reserve_cells(struct table_reader *t, uint32_t n_old)
{
	uint32_t n_columns = t->table.schema->n_columns, cap = t->n_lives + (n_old > 0 ? t->n_lives / 4 : 0);
	uint64_t *cells, *init;
	uint8_t *nulls, *init_null;

	if (t->n_lives <= t->table.cap_rows)
		return 0;
	cells = malloc((size_t)cap * n_columns * sizeof *cells + 1);
	init = malloc((size_t)cap * n_columns * sizeof *init + 1);
	nulls = malloc((size_t)cap * n_columns + 1);
	init_null = malloc((size_t)cap * n_columns + 1);
	if (!cells || !init || !nulls || !init_null) {
		free(cells);
		free(init);
		free(nulls);
		free(init_null);
		return -ENOMEM;
	}
	for (uint32_t c = 0; c < n_columns && n_old > 0; c++) {
		size_t from = (size_t)c * t->table.cap_rows, to = (size_t)c * cap;

		memcpy(cells + to, t->table.cells + from, n_old * sizeof *cells);
		memcpy(init + to, t->init + from, n_old * sizeof *init);
		memcpy(nulls + to, t->table.nulls + from, n_old);
		memcpy(init_null + to, t->init_null + from, n_old);
	}
	free(t->table.cells);
	free(t->table.nulls);
	free(t->init);
	free(t->init_null);
	t->table.cells = cells;
	t->table.nulls = nulls;
	t->init = init;
	t->init_null = init_null;
	t->table.cap_rows = cap;
	return 0;
}

/* A list of ascending positions below limit. */
static int parse_positions(
    struct table_reader *t, struct span *in, uint64_t limit, uint32_t *ret_n, uint32_t **ret_positions)
{
	uint64_t n, next = 0;
	uint32_t *p;
	int r = span_varint_max(in, limit, &n);

	if (r < 0)
		return r;
	if (n > span_left(in))
		return -EBADMSG;
	p = block_new(t, n * sizeof *p);
	if (!p)
		return -ENOMEM;
	for (uint64_t i = 0; i < n; i++) {
		uint64_t gap;

		r = span_varint_max(in, limit, &gap);
		if (r < 0)
			return r;
		if (gap == 0 || next + gap > limit)
			return -EBADMSG;
		next += gap;
		p[i] = (uint32_t)(next - 1);
	}
	*ret_n = (uint32_t)n;
	*ret_positions = p;
	return 0;
}

/* Applies an event's positions to a list of lives; what it removes ends, what it inserts is numbered on. */
static void apply_rows(uint32_t *order, uint32_t *n_rows, const struct step *st)
{
	uint32_t kept = 0, n = *n_rows, life = st->first_life;

	if (st->n_removed > 0) {
		for (uint32_t i = 0, k = 0; i < n; i++) {
			if (k < st->n_removed && st->removed[k] == i)
				k++;
			else
				order[kept++] = order[i];
		}
		n = kept;
	}
	if (st->n_inserted > 0) {
		uint32_t to = n + st->n_inserted, k = st->n_inserted;

		/* From the end, so that the kept ones move up in place. */
		for (uint32_t from = n; to > 0;) {
			to--;
			if (k > 0 && st->inserted[k - 1] == to)
				order[to] = life + --k;
			else
				order[to] = order[--from];
		}
		n += st->n_inserted;
	}
	*n_rows = n;
}

struct births {
	uint32_t n_base;
	uint32_t n_new; /* lives that begin in this section */
	uint32_t *base; /* life of each base row */
};

/* The rows of a section: numbers the lives, notes births and deaths (as snapshots of the section) and the steps' row
 * changes. */
static int parse_rows(struct table_reader *t, struct span *in, uint32_t n, uint32_t first, struct births *ret)
{
	_cleanup_(cleanup_free) uint32_t *order = NULL;
	uint64_t n_base, n_first, s = 0;
	uint32_t n_rows, cap, first_new = t->n_lives;
	bool keyframe = t->n == 0;
	int r = span_varint_max(in, ROWS_MAX, &n_base);

	if (r == 0)
		r = span_varint_max(in, ROWS_MAX, &n_first);
	if (r < 0)
		return r;
	if (keyframe ? n_base != 0 : n_first != 0 || n_base != t->table.n_rows)
		return -EBADMSG;
	if (n_first > 0 && first == NO_SNAPSHOT)
		return -EBADMSG;
	n_rows = (uint32_t)(n_base + n_first);
	r = reserve_lives(t, t->n_lives + (uint32_t)n_first);
	if (r < 0)
		return r;
	ret->n_base = (uint32_t)n_base;
	ret->base = malloc((n_base + 1) * sizeof *ret->base);
	cap = n_rows + 64;
	order = malloc(cap * sizeof *order);
	if (!ret->base || !order)
		return -ENOMEM;
	for (uint32_t i = 0; i < n_base; i++) {
		ret->base[i] = order[i] = t->order[i];
		t->birth[order[i]] = NO_SNAPSHOT; /* so that birth + 1 is the section's first snapshot */
		t->death[order[i]] = n;
	}
	for (uint32_t i = 0; i < n_first; i++) {
		order[i] = i;
		t->birth[i] = first;
		t->death[i] = n;
	}
	if (keyframe) {
		t->n_first = (uint32_t)n_first;
		t->first = first;
		t->n_lives = (uint32_t)n_first;
	}
	for (;;) {
		struct step *st;
		uint64_t gap;

		r = span_varint_max(in, n, &gap);
		if (r < 0)
			return r;
		if (gap == 0)
			break;
		s += gap;
		if (s > n || (keyframe && s - 1 <= first))
			return -EBADMSG;
		st = &t->steps[t->n + s - 1];
		if (!st->present)
			return -EBADMSG;
		r = parse_positions(t, in, n_rows, &st->n_removed, &st->removed);
		if (r == 0)
			r = parse_positions(t, in, ROWS_MAX, &st->n_inserted, &st->inserted);
		if (r < 0)
			return r;
		if (st->n_inserted > 0 && st->inserted[st->n_inserted - 1] >= n_rows - st->n_removed + st->n_inserted)
			return -EBADMSG;
		for (uint32_t i = 0; i < st->n_removed; i++)
			t->death[order[st->removed[i]]] = (uint32_t)s - 1;
		r = reserve_lives(t, t->n_lives + st->n_inserted);
		if (r < 0)
			return r;
		if (n_rows + st->n_inserted > cap) {
			uint32_t *p = realloc(order, 2 * ((size_t)n_rows + st->n_inserted) * sizeof *p);

			if (!p)
				return -ENOMEM;
			order = p;
			cap = 2 * (n_rows + st->n_inserted);
		}
		st->first_life = t->n_lives;
		for (uint32_t i = 0; i < st->n_inserted; i++) {
			t->birth[t->n_lives] = (uint32_t)s - 1;
			t->death[t->n_lives++] = n;
		}
		apply_rows(order, &n_rows, st);
	}
	ret->n_new = t->n_lives - (keyframe ? 0 : first_new);
	return 0;
}

/* First values of the n lives from first on. */
static int parse_init(struct table_reader *t, struct span in, uint32_t c, uint32_t first, uint32_t n)
{
	size_t i = (size_t)c * t->table.cap_rows + first;

	return section_take_init(
	    &t->table.schema->columns[c], in, n, t->table.pool, n ? t->init + i : NULL, n ? t->init_null + i : NULL);
}

static int parse_changes(struct table_reader *t, struct span positions, struct span values, uint32_t c, uint32_t n,
    const struct births *b, struct section_change_list *cl)
{
	uint8_t type = t->table.schema->columns[c].type;
	uint32_t n_section = b->n_base + b->n_new, first_new = t->n_lives - b->n_new, first = cl->n;
	const uint8_t *order;
	uint64_t next = 0;
	int r = 0;

	if (span_left(&positions) == 0)
		return span_left(&values) ? -EBADMSG : 0;
	order = span_take(&positions, 1);
	if (*order < SECTION_FIRST || *order > SECTION_ACROSS || (*order == SECTION_SECOND && type == COL_STR) ||
	    (*order != SECTION_FIRST && type == COL_F64))
		return -EBADMSG;
	while (span_left(&positions) > 0 && r == 0) {
		uint32_t life, from;
		uint64_t gap;
		size_t i;

		r = span_varint_max(&positions, n_section, &gap);
		if (r < 0)
			return r;
		if (gap == 0 || next + gap > n_section)
			return -EBADMSG;
		next += gap;
		life = next - 1 < b->n_base ? b->base[next - 1] : first_new + (uint32_t)(next - 1) - b->n_base;
		from = t->birth[life] + 1;
		if (from > t->death[life])
			return -EBADMSG;
		i = (size_t)c * t->table.cap_rows + life;
		r = section_take_cell(&positions, &values, type, *order, t->table.pool, t->table.cells[i], from,
		    t->death[life], (struct section_cell){.life = life, .column = c << 1}, cl);
	}
	if (r == 0 && *order == SECTION_ACROSS)
		r = section_take_across(&values, type, t->table.pool, n, first, cl);
	return r < 0 ? r : span_left(&values) ? -EBADMSG : 0;
}

/* Sorts the changes by snapshot into the steps. */
static int distribute(struct table_reader *t, const struct section_change_list *cl, uint32_t n)
{
	struct section_cell *p = block_new(t, cl->n * sizeof *p);
	struct step *st = t->steps + t->n;

	if (!p)
		return -ENOMEM;
	for (uint32_t i = 0; i < cl->n; i++)
		st[cl->s[i]].n_changes++;
	for (uint32_t s = 0; s < n; s++) {
		if (st[s].n_changes > 0 && !st[s].present)
			return -EBADMSG;
		st[s].changes = p;
		p += st[s].n_changes;
		st[s].n_changes = 0;
	}
	for (uint32_t i = 0; i < cl->n; i++)
		st[cl->s[i]].changes[st[cl->s[i]].n_changes++] = cl->list[i];
	return 0;
}

static int parse_columns(struct table_reader *t, struct span in, uint32_t n, const struct births *b)
{
	uint32_t n_columns = t->table.schema->n_columns, first_new = t->n_lives - b->n_new;
	_cleanup_(cleanup_free) struct span *parts = malloc(3 * (size_t)t->n_stored * sizeof *parts + 1);
	_cleanup_(cleanup_free) uint64_t *lens = malloc(3 * (size_t)t->n_stored * sizeof *lens + 1);
	struct section_change_list cl = {0};
	int r;

	if (!parts || !lens)
		return -ENOMEM;
	r = reserve_cells(t, first_new);
	for (uint32_t i = 0; i < 3 * t->n_stored && r == 0; i++)
		r = span_varint(&in, &lens[i]);
	/* All columns' inits come first, then positions and values of each. */
	for (uint32_t c = 0; c < t->n_stored && r == 0; c++)
		r = span_sub(&in, lens[3 * c], &parts[3 * c]);
	for (uint32_t c = 0; c < t->n_stored && r == 0; c++) {
		r = span_sub(&in, lens[3 * c + 1], &parts[3 * c + 1]);
		if (r == 0)
			r = span_sub(&in, lens[3 * c + 2], &parts[3 * c + 2]);
	}
	if (r == 0 && span_left(&in) > 0)
		r = -EBADMSG;
	if (r < 0)
		return r;
	for (uint32_t c = 0; c < n_columns && r == 0; c++) {
		const struct span *part = &parts[3 * (t->stored_as ? t->stored_as[c] : c)];
		size_t i = (size_t)c * t->table.cap_rows + first_new;

		r = parse_init(t, part[0], c, first_new, b->n_new);
		if (r < 0 || b->n_new == 0)
			continue;
		memcpy(t->table.cells + i, t->init + i, b->n_new * sizeof *t->init);
		memcpy(t->table.nulls + i, t->init_null + i, b->n_new);
	}
	for (uint32_t c = 0; c < n_columns && r == 0; c++) {
		const struct span *part = &parts[3 * (t->stored_as ? t->stored_as[c] : c)];

		r = parse_changes(t, part[1], part[2], c, n, b, &cl);
	}
	if (r == 0)
		r = distribute(t, &cl, n);
	free(cl.list);
	free(cl.s);
	return r;
}

static void seek(struct table_reader *t, uint32_t s);

int table_reader_append(struct table_reader *t, const struct span *section, const int64_t *times_ms, uint32_t n)
{
	struct births b = {0};
	struct span in;
	uint32_t first;
	int r = reserve_steps(t, n);

	if (r < 0)
		return r;
	if (!section) {
		t->n += n;
		return 0;
	}
	/* Differences are to the last state. */
	if (t->n > 0)
		seek(t, t->n - 1);
	in = *section;
	r = parse_presence(t, &in, times_ms, n, &first);
	if (r == 0)
		r = parse_rows(t, &in, n, first, &b);
	if (r == 0)
		r = parse_columns(t, in, n, &b);
	free(b.base);
	if (r < 0)
		return r;
	t->n += n;
	return 0;
}

/* --- the cursor --- */

static void rewind_cursor(struct table_reader *t)
{
	for (uint32_t c = 0; c < t->table.schema->n_columns && t->n_lives > 0; c++) {
		size_t i = (size_t)c * t->table.cap_rows;

		memcpy(t->table.cells + i, t->init + i, t->n_lives * sizeof *t->init);
		memcpy(t->table.nulls + i, t->init_null + i, t->n_lives);
	}
	t->table.n_rows = 0;
	t->at = NO_SNAPSHOT;
	t->text_at = NO_SNAPSHOT;
}

static void seek(struct table_reader *t, uint32_t s)
{
	if (t->at != NO_SNAPSHOT && s < t->at)
		rewind_cursor(t);
	while (t->at == NO_SNAPSHOT || t->at < s) {
		const struct step *st = &t->steps[++t->at];

		if (t->at == t->first && t->n_first > 0) {
			for (uint32_t i = 0; i < t->n_first; i++)
				t->order[i] = i;
			t->table.n_rows = t->n_first;
		}
		if (st->n_removed + st->n_inserted > 0)
			apply_rows(t->order, &t->table.n_rows, st);
		for (uint32_t i = 0; i < st->n_changes; i++) {
			const struct section_cell *ch = &st->changes[i];
			size_t cell = (size_t)(ch->column >> 1) * t->table.cap_rows + ch->life;

			t->table.cells[cell] = ch->v;
			t->table.nulls[cell] = ch->column & 1;
			t->line[ch->life] = UINT32_MAX;
		}
		for (uint32_t i = 0; i < st->n_inserted; i++)
			t->line[st->first_life + i] = UINT32_MAX;
	}
	t->table.order = t->order;
}

int table_reader_fresh(const struct table_reader *t, uint32_t s)
{
	assert(s < t->n);
	return !t->steps[s].present ? -ENOENT : !t->steps[s].repeated;
}

bool table_reader_moves(const struct table_reader *t, uint32_t s)
{
	assert(s < t->n);
	return t->steps[s].n_removed + t->steps[s].n_inserted > 0;
}

void table_reader_changes(const struct table_reader *t, uint32_t s, const struct section_cell **ret, uint32_t *ret_n)
{
	assert(s < t->n);
	*ret = t->steps[s].changes;
	*ret_n = t->steps[s].n_changes;
}

int table_reader_at(struct table_reader *t, uint32_t s, const struct table **ret)
{
	assert(s < t->n);
	if (!t->steps[s].present)
		return -ENOENT;
	seek(t, s);
	t->table.repeated = t->steps[s].repeated;
	t->table.taken_ms = t->steps[s].taken_ms;
	*ret = &t->table;
	return 0;
}

int table_reader_text(struct table_reader *t, uint32_t s, struct span *ret)
{
	const struct table *table;
	struct buf swap;
	bool anew;
	int r = table_reader_at(t, s, &table);

	if (r < 0)
		return r;
	if (t->text_at != s || t->text.err < 0) {
		anew = t->text_at == NO_SNAPSHOT || t->text.err < 0;
		swap = t->text;
		t->text = t->text_before;
		t->text_before = swap;
		buf_clear(&t->text);
		text_put_header(&t->text, table->schema, "");
		for (uint32_t i = 0; i < table->n_rows; i++) {
			uint32_t life = t->order[i];
			size_t start = t->text.len;

			if (anew || t->line[life] == UINT32_MAX)
				text_put_row(&t->text, table, i, "", 0);
			else
				buf_put(&t->text, t->text_before.p + t->line[life], t->line_len[life]);
			t->line[life] = (uint32_t)start;
			t->line_len[life] = (uint32_t)(t->text.len - start);
		}
		if (t->text.len > UINT32_MAX)
			t->text.err = -EMSGSIZE;
		t->text_at = t->text.err < 0 ? NO_SNAPSHOT : s;
		if (t->text.err < 0)
			return t->text.err;
	}
	*ret = span_of(t->text.p, t->text.len);
	return 0;
}
