/* kvfile.c -- see kvfile.h
 *
 * Columns can only be added while the table has no row, so all lines are read before the row is made.
 */
#include "collector/kvfile.h"

#include "collector/line.h"

enum { NAME_MAX_LEN = 60, UNIT_MAX_LEN = 8, LINES_MAX = 4096 };

/* The line at a place of the file. */
struct kvline {
	char name[NAME_MAX_LEN];
	char unit[UNIT_MAX_LEN];
	uint8_t name_len; /* 0: none was seen here yet */
	uint8_t unit_len;
	bool set;   /* has a value this time */
	int column; /* negative: not recorded */
	uint64_t value;
};

struct kvfile {
	const struct kvfile_format *format;
	struct procfile file;
	struct table_schema *schema; /* that the columns' numbers are of; held, so that its address is no other's */
	struct kvline *lines;
	size_t n, cap;
};

int kvfile_new(const struct kvfile_format *format, struct kvfile **ret)
{
	struct kvfile *kv = calloc(1, sizeof *kv);

	if (!kv)
		return -ENOMEM;
	kv->format = format;
	kv->file = PROCFILE_CLOSED;
	*ret = kv;
	return 0;
}

void kvfile_free(struct kvfile *kv)
{
	procfile_done(&kv->file);
	table_schema_put(kv->schema);
	free(kv->lines);
	free(kv);
}

static void adopt_schema(struct kvfile *kv, struct table_schema *schema)
{
	if (kv->schema == schema)
		return;
	table_schema_get(schema);
	table_schema_put(kv->schema);
	kv->schema = schema;
}

static int grow(struct kvfile *kv)
{
	size_t cap = kv->cap ? 2 * kv->cap : 64;
	struct kvline *lines = realloc(kv->lines, cap * sizeof *lines);

	if (!lines)
		return -ENOMEM;
	memset(lines + kv->cap, 0, (cap - kv->cap) * sizeof *lines);
	kv->lines = lines;
	kv->cap = cap;
	return 0;
}

struct parsed {
	const char *name, *unit;
	size_t name_len, unit_len;
	uint64_t value;
};

static bool parse(const struct kvfile_format *f, const char *p, struct parsed *ret)
{
	bool named = f->colon ? line_before_colon(&p, false, &ret->name, &ret->name_len)
	                      : line_word(&p, &ret->name, &ret->name_len);

	if (!named || ret->name_len > NAME_MAX_LEN || !line_u64(&p, &ret->value))
		return false;
	ret->unit = "";
	ret->unit_len = 0;
	if (f->rest)
		return line_whole(p);
	if (!line_ends(p) && !line_word(&p, &ret->unit, &ret->unit_len))
		return false;
	return ret->unit_len <= UNIT_MAX_LEN && line_ends(p);
}

static bool is_line(const struct kvline *l, const struct parsed *ln)
{
	return l->name_len == ln->name_len && l->unit_len == ln->unit_len &&
	       memcmp(l->name, ln->name, ln->name_len) == 0 && memcmp(l->unit, ln->unit, ln->unit_len) == 0;
}

/* Finds out which column the line has. */
static int look_up(struct kvfile *kv, struct kvline *l, const struct parsed *ln, struct table *t)
{
	struct column c;
	char name[65];

	memcpy(l->name, ln->name, ln->name_len);
	memcpy(l->unit, ln->unit, ln->unit_len);
	l->name_len = (uint8_t)ln->name_len;
	l->unit_len = (uint8_t)ln->unit_len;
	l->column = -1;
	if (!kv->format->describe(ln->name, ln->name_len, ln->unit, ln->unit_len, name, &c))
		return 0;
	l->column = source_column(t, name, &c);
	return l->column == -ENOMEM ? -ENOMEM : 0;
}

/* Reads the line at place i. */
static int take_line(struct kvfile *kv, size_t i, const char *p, struct table *t)
{
	struct kvline *l;
	struct parsed ln;
	int r;

	if (i == kv->cap) {
		r = grow(kv);
		if (r < 0)
			return r;
	}
	l = &kv->lines[i];
	l->set = false;
	if (i >= kv->n)
		l->name_len = 0;
	if (!parse(kv->format, p, &ln))
		return 0;
	if (!is_line(l, &ln)) {
		r = look_up(kv, l, &ln, t);
		if (r < 0)
			return r;
	}
	l->value = ln.value;
	l->set = l->column >= 0;
	return 0;
}

int kvfile_row(struct kvfile *kv, const char *text, struct table *t)
{
	const char *skip = kv->format->skip;
	size_t n = 0;
	bool any = false;
	uint32_t row;
	int r;

	if (kv->schema != t->schema)
		kv->n = 0;
	for (const char *p = text; *p != '\0' && n < LINES_MAX; parse_next_line(&p)) {
		if (skip && strncmp(p, skip, strlen(skip)) == 0)
			continue;
		r = take_line(kv, n, p, t);
		if (r < 0) {
			kv->n = 0;
			return r;
		}
		any |= kv->lines[n].set;
		n++;
	}
	kv->n = n;
	adopt_schema(kv, t->schema);
	if (!any)
		return -ENODATA;
	r = table_add_row(t, &row);
	for (size_t i = 0; i < n && r == 0; i++)
		if (kv->lines[i].set)
			table_set(t, row, (uint32_t)kv->lines[i].column, kv->lines[i].value);
	return r;
}

int kvfile_open(const struct kvfile_format *format, void **ret_state)
{
	struct kvfile *kv;
	int r = kvfile_new(format, &kv);

	if (r == 0)
		*ret_state = kv;
	return r;
}

void kvfile_close(void *state)
{
	kvfile_free(state);
}

int kvfile_sample(const struct source_env *env, void *state, struct table *t)
{
	struct kvfile *kv = state;
	const char *text;
	size_t len;
	int r = procfile_read(env->fs, &kv->file, kv->format->path, &text, &len);

	return r < 0 ? r : kvfile_row(kv, text, t);
}
