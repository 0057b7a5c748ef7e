/* rowkey.c -- the key of a row as a name */
#include "store/rowkey.h"

#include "store/filename.h"
#include "store/text.h"

#include <xxhash.h>

/* What stands for the end of a name that is too long: the hash of all of it. No other name has "%~". */
#define CUT_MARK "%~"

enum { HASH_LEN = 32, KEPT_LEN = ROWKEY_LEN_MAX - HASH_LEN - (sizeof CUT_MARK - 1) };

uint32_t rowkey_columns(const struct table_schema *s, uint32_t *ret)
{
	uint32_t n = 0;

	for (uint32_t c = 0; c < s->n_columns; c++)
		if (s->columns[c].flags & COL_KEY)
			ret[n++] = c;
	return n;
}

static void put_value(struct buf *out, const struct table *t, uint32_t c, uint32_t row)
{
	const struct column *col = &t->schema->columns[c];
	struct str s;

	if (col->type != COL_STR || table_is_null(t, c, row)) {
		text_put_cell(out, col, table_get(t, c, row), table_is_null(t, c, row), t->pool);
		return;
	}
	s = table_str(t, c, row);
	filename_put_escaped(out, s.p, s.len, "");
}

/* Makes what is no name one: of what begins at start. */
static void make_legal(struct buf *out, size_t start)
{
	size_t len = out->len - start;
	char *name, hash[HASH_LEN + 1];
	XXH128_hash_t h;

	if (len == 0)
		buf_puts(out, "%");
	if (len == 0 || out->err < 0)
		return;
	name = (char *)out->p + start;
	if (name[0] == '.') {
		buf_puts(out, "2E");
		if (out->err < 0)
			return;
		name = (char *)out->p + start;
		memmove(name + 3, name + 1, len - 1);
		memcpy(name, "%2E", 3);
		len += 2;
	}
	if (len <= ROWKEY_LEN_MAX)
		return;
	h = XXH3_128bits(name, len);
	out->len = start + utf8_cut(name, len, KEPT_LEN);
	snprintf(hash, sizeof hash, "%016llx%016llx", (unsigned long long)h.high64, (unsigned long long)h.low64);
	buf_puts(out, CUT_MARK);
	buf_puts(out, hash);
}

void rowkey_put(struct buf *out, const struct table *t, uint32_t row)
{
	size_t start = out->len;
	bool any = false;

	for (uint32_t c = 0; c < t->schema->n_columns; c++) {
		if (!(t->schema->columns[c].flags & COL_KEY))
			continue;
		if (any)
			buf_put_u8(out, ',');
		any = true;
		put_value(out, t, c, row);
	}
	if (out->err == 0)
		make_legal(out, start);
}

bool rowkey_is_name(const char *name, size_t len)
{
	return len >= 1 && len <= ROWKEY_LEN_MAX && name[0] != '.' && !memchr(name, '/', len) && !memchr(name, 0, len);
}
