/* text.c -- tables as text
 *
 * Lengths are computed without writing, by the same rules as the text: text_cell_len and put_cell must agree for every
 * value, which tests/unit/text.c checks for all types.
 */
#include "store/text.h"

#include "store/format.h"
#include "store/text_f64.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

/* What a byte of a string becomes: 0 itself, 1 \xHH, else a backslash and this letter. */
static const uint8_t escapes[256] = {
    [0 ... 7] = 1,
    [14 ... 31] = 1,
    [127] = 1,
    ['\b'] = 'b',
    ['\t'] = 't',
    ['\n'] = 'n',
    ['\v'] = 'v',
    ['\f'] = 'f',
    ['\r'] = 'r',
    ['\\'] = '\\',
};

/* Strings are gone through by blocks: the places in one that are escaped, as bits. */
#ifdef __x86_64__
enum { BLOCK = 16 };

static inline unsigned escaped_in(const char *s)
{
	const __m128i v = _mm_loadu_si128((const __m128i *)s);
	const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(31)), v);
	const __m128i del = _mm_cmpeq_epi8(v, _mm_set1_epi8(127));
	const __m128i backslash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));

	return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(control, del), backslash));
}
#else
enum { BLOCK = 8 };

/* A byte's highest bit in each of the three terms says that it is below 32, 127 or a backslash; a borrow can set that
 * of the byte above one that is, which the second look settles. */
static inline unsigned escaped_in(const char *s)
{
	const uint64_t ones = 0x0101010101010101, highs = ones << 7;
	uint64_t v, del, backslash;
	unsigned bits = 0;

	memcpy(&v, s, sizeof v);
	del = v ^ ones * 127;
	backslash = v ^ ones * '\\';
	if (!((((v - ones * 32) & ~v) | ((del - ones) & ~del) | ((backslash - ones) & ~backslash)) & highs))
		return 0;
	for (unsigned i = 0; i < BLOCK; i++)
		bits |= (unsigned)(escapes[(uint8_t)s[i]] != 0) << i;
	return bits;
}
#endif

/* How much longer the text of a byte is. */
static inline size_t escape_more(char c)
{
	uint8_t e = escapes[(uint8_t)c];

	return e == 0 ? 0 : e == 1 ? 3 : 1;
}

static inline size_t block_more(const char *s, unsigned escaped)
{
	size_t more = 0;

	for (; escaped; escaped &= escaped - 1)
		more += escape_more(s[__builtin_ctz(escaped)]);
	return more;
}

size_t text_str_len(const char *s, size_t len)
{
	size_t n = len, i = 0;

	for (; len - i >= BLOCK; i += BLOCK) {
		unsigned escaped = escaped_in(s + i);

		if (escaped)
			n += block_more(s + i, escaped);
	}
	for (; i < len; i++)
		n += escape_more(s[i]);
	return n;
}

#ifdef __x86_64__
/* What can be done of it by blocks of twice the size: this is most of what appending a message costs. Ret: how far it
 * came; *text_len grows by what the text of that is longer. */
__attribute__((target("avx2"))) static size_t copy_wide(char *out, const char *s, size_t len, size_t *text_len)
{
	const __m256i last_control = _mm256_set1_epi8(31), del = _mm256_set1_epi8(127),
	              backslash = _mm256_set1_epi8('\\');
	size_t i = 0;

	for (; len - i >= sizeof(__m256i); i += sizeof(__m256i)) {
		const __m256i v = _mm256_loadu_si256((const __m256i *)(s + i));
		const __m256i control = _mm256_cmpeq_epi8(_mm256_min_epu8(v, last_control), v);
		const __m256i other = _mm256_or_si256(_mm256_cmpeq_epi8(v, del), _mm256_cmpeq_epi8(v, backslash));
		unsigned escaped = (unsigned)_mm256_movemask_epi8(_mm256_or_si256(control, other));

		_mm256_storeu_si256((__m256i *)(out + i), v);
		if (escaped)
			*text_len += block_more(s + i, escaped);
	}
	return i;
}
#endif

size_t text_copy_len(void *to, const void *from, size_t len)
{
	const char *s = from;
	char *out = to;
	size_t n = len, i = 0;

#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2"))
		i = copy_wide(out, s, len, &n);
#endif
	for (; len - i >= BLOCK; i += BLOCK) {
		unsigned escaped = escaped_in(s + i);

		memcpy(out + i, s + i, BLOCK);
		if (escaped)
			n += block_more(s + i, escaped);
	}
	for (; i < len; i++) {
		out[i] = s[i];
		n += escape_more(s[i]);
	}
	return n;
}

static inline char *put_char(char *out, uint8_t c)
{
	static const char hex[] = "0123456789abcdef";
	uint8_t e = escapes[c];

	if (e == 0) {
		*out++ = (char)c;
		return out;
	}
	*out++ = '\\';
	if (e == 1) {
		*out++ = 'x';
		*out++ = hex[c >> 4];
		*out++ = hex[c & 15];
	} else {
		*out++ = (char)e;
	}
	return out;
}

char *text_put_str(char *out, const char *s, size_t len)
{
	const char *end = s + len;

	while (end - s >= BLOCK) {
		unsigned escaped = escaped_in(s), n;

		/* There is room for what is left at least, so for all of the block. */
		memcpy(out, s, BLOCK);
		n = escaped ? (unsigned)__builtin_ctz(escaped) : BLOCK;
		s += n;
		out += n;
		if (escaped)
			out = put_char(out, (uint8_t)*s++);
	}
	while (s < end)
		out = put_char(out, (uint8_t)*s++);
	return out;
}

static const uint64_t powers[20] = {1ull, 10ull, 100ull, 1000ull, 10000ull, 100000ull, 1000000ull, 10000000ull,
    100000000ull, 1000000000ull, 10000000000ull, 100000000000ull, 1000000000000ull, 10000000000000ull,
    100000000000000ull, 1000000000000000ull, 10000000000000000ull, 100000000000000000ull, 1000000000000000000ull,
    10000000000000000000ull};

unsigned text_u64_len(uint64_t v)
{
	/* 1233/4096 is just above log10(2): exact to within one, which the table settles. */
	unsigned guess = ((64 - (unsigned)__builtin_clzll(v | 1)) * 1233) >> 12;

	return guess + (guess < 20 && v >= powers[guess]) + (v == 0);
}

char *text_put_u64(char *out, uint64_t v)
{
	static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
	                            "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
	                            "8081828384858687888990919293949596979899";
	char *end;

	if (v < 10) {
		*out = (char)('0' + v);
		return out + 1;
	}
	end = out + text_u64_len(v);
	for (out = end; v >= 100; v /= 100) {
		out -= 2;
		memcpy(out, pairs + 2 * (v % 100), 2);
	}
	if (v >= 10)
		memcpy(out - 2, pairs + 2 * v, 2);
	else
		out[-1] = (char)('0' + v);
	return end;
}

/* The absolute value, which for the smallest int64 does not fit in one. */
static uint64_t magnitude(uint64_t bits)
{
	return (int64_t)bits < 0 ? 0 - bits : bits;
}

static size_t dec_len(uint64_t bits, unsigned scale)
{
	uint64_t m = magnitude(bits);
	unsigned whole = text_u64_len(m / powers[scale]);

	return ((int64_t)bits < 0) + whole + (scale ? 1 + scale : 0);
}

char *text_put_dec(char *out, uint64_t bits, unsigned scale)
{
	uint64_t m = magnitude(bits);

	if ((int64_t)bits < 0)
		*out++ = '-';
	out = text_put_u64(out, m / powers[scale]);
	if (scale) {
		uint64_t rest = m % powers[scale];

		*out++ = '.';
		for (unsigned i = scale; i-- > 0;) {
			out[i] = (char)('0' + rest % 10);
			rest /= 10;
		}
		out += scale;
	}
	return out;
}

size_t text_cell_len(const struct column *c, uint64_t v, bool null, const struct strpool *pool)
{
	const struct str *s;

	if (null)
		return 2;
	switch (c->type) {
	case COL_U64:
		return text_u64_len(v);
	case COL_I64:
		return dec_len(v, 0);
	case COL_DEC:
		return dec_len(v, c->scale);
	case COL_F64:
		return text_f64_len(v);
	default:
		s = strpool_get(pool, (uint32_t)v);
		return s ? s->text_len : 0;
	}
}

/* Room for one cell that is not a string. */
enum { NUMBER_LEN_MAX = TEXT_F64_MAX };

static char *put_number(char *out, const struct column *c, uint64_t v)
{
	switch (c->type) {
	case COL_U64:
		return text_put_u64(out, v);
	case COL_I64:
		return text_put_dec(out, v, 0);
	case COL_DEC:
		return text_put_dec(out, v, c->scale);
	default:
		return text_f64_put(out, v);
	}
}

size_t text_header_len(const struct table_schema *s)
{
	size_t n = s->n_columns ? s->n_columns : 1;

	for (uint32_t i = 0; i < s->n_columns; i++)
		n += strlen(s->columns[i].name);
	return n;
}

uint64_t text_table_len(const struct table *t)
{
	uint64_t len = text_header_len(t->schema);

	for (uint32_t c = 0; c < t->schema->n_columns; c++)
		for (uint32_t row = 0; row < t->n_rows; row++) {
			size_t i = table_cell(t, c, row);

			len += 1 + text_cell_len(&t->schema->columns[c], t->cells[i], t->nulls[i], t->pool);
		}
	if (t->schema->n_columns == 0)
		len += t->n_rows;
	return len;
}

void text_put_header(struct buf *out, const struct table_schema *s, const char *prefix)
{
	buf_puts(out, prefix);
	for (uint32_t i = 0; i < s->n_columns; i++) {
		if (i > 0)
			buf_put_u8(out, '\t');
		buf_puts(out, s->columns[i].name);
	}
	buf_put_u8(out, '\n');
}

void text_put_row(struct buf *out, const struct table *t, uint32_t row, const char *prefix, size_t prefix_len)
{
	const struct column *col = t->schema->columns;
	uint32_t n = t->schema->n_columns;
	size_t i = table_cell(t, 0, row);

	buf_put(out, prefix, prefix_len);
	/* Room for all the numbers at once; strings ask for more of their own. */
	if (buf_reserve(out, (size_t)n * (NUMBER_LEN_MAX + 1) + 1) < 0)
		return;
	for (uint32_t c = 0; c < n; c++, i += t->cap_rows) {
		if (c > 0)
			out->p[out->len++] = '\t';
		if (t->nulls[i]) {
			memcpy(out->p + out->len, "\\N", 2);
			out->len += 2;
		} else if (col[c].type != COL_STR) {
			char *p = (char *)out->p + out->len;

			out->len += (size_t)(put_number(p, &col[c], t->cells[i]) - p);
		} else {
			const struct str *s = strpool_get(t->pool, (uint32_t)t->cells[i]);
			char *p;

			if (!s)
				continue;
			if (buf_reserve(out, s->text_len + (size_t)(n - c) * (NUMBER_LEN_MAX + 1) + 1) < 0)
				return;
			p = (char *)out->p + out->len;
			if (s->text_len == s->len)
				memcpy(p, s->p, s->len);
			else
				text_put_str(p, s->p, s->len);
			out->len += s->text_len;
		}
	}
	out->p[out->len++] = '\n';
}

void text_put_cell(struct buf *out, const struct column *c, uint64_t v, bool null, const struct strpool *pool)
{
	const struct str *s = !null && c->type == COL_STR ? strpool_get(pool, (uint32_t)v) : NULL;
	char *p;

	if (null)
		buf_puts(out, "\\N");
	if (null || buf_reserve(out, s ? s->text_len : NUMBER_LEN_MAX) < 0)
		return;
	p = (char *)out->p + out->len;
	if (c->type != COL_STR)
		out->len += (size_t)(put_number(p, c, v) - p);
	else if (s)
		out->len += (size_t)(text_put_str(p, s->p, s->len) - p);
}

void text_put_table(struct buf *out, const struct table *t)
{
	text_put_header(out, t->schema, "");
	for (uint32_t row = 0; row < t->n_rows; row++)
		text_put_row(out, t, row, "", 0);
}

/* Length of the well-formed UTF-8 character at p, 0 if there is none. */
unsigned text_utf8_len(const uint8_t *p, size_t left)
{
	unsigned len = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;

	if (len > left)
		return 0;
	for (unsigned i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong, surrogates, above U+10FFFF. */
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
	    (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return len;
}

static void put_json_str(struct buf *out, const char *s, size_t len)
{
	const uint8_t *p = (const uint8_t *)s, *end = p + len;

	buf_put_u8(out, '"');
	while (p < end) {
		unsigned n = text_utf8_len(p, (size_t)(end - p));

		if (n == 0) {
			buf_puts(out, "\\ufffd");
			p++;
			continue;
		}
		if (*p == '"' || *p == '\\') {
			buf_put_u8(out, '\\');
			buf_put_u8(out, *p);
		} else if (*p < 0x20 || *p == 0x7f) {
			buf_printf(out, "\\u%04x", *p);
		} else {
			buf_put(out, p, n);
		}
		p += n;
	}
	buf_put_u8(out, '"');
}

static void put_json_number(struct buf *out, const struct column *c, uint64_t v)
{
	char *p;

	if (c->type == COL_F64) {
		double d;

		memcpy(&d, &v, sizeof d);
		if (d - d != 0) {
			buf_puts(out, "null");
			return;
		}
	}
	if (buf_reserve(out, NUMBER_LEN_MAX) < 0)
		return;
	p = (char *)out->p + out->len;
	out->len += (size_t)(put_number(p, c, v) - p);
}

void text_put_row_json(struct buf *out, const struct table *t, uint32_t row, const char *prefix, size_t prefix_len)
{
	buf_put_u8(out, '{');
	buf_put(out, prefix, prefix_len);
	for (uint32_t c = 0; c < t->schema->n_columns; c++) {
		const struct column *col = &t->schema->columns[c];
		size_t i = table_cell(t, c, row);

		if (c > 0)
			buf_put_u8(out, ',');
		put_json_str(out, col->name, strlen(col->name));
		buf_put_u8(out, ':');
		if (t->nulls[i]) {
			buf_puts(out, "null");
		} else if (col->type == COL_STR) {
			struct str s = table_str(t, c, row);

			put_json_str(out, s.p, s.len);
		} else {
			put_json_number(out, col, t->cells[i]);
		}
	}
	buf_puts(out, "}\n");
}

void text_put_table_json(struct buf *out, const struct table *t)
{
	for (uint32_t row = 0; row < t->n_rows; row++)
		text_put_row_json(out, t, row, "", 0);
}

/* Civil date of a day since 1970-01-01, proleptic Gregorian (the era-based method: 400-year cycles from 0000-03-01). */
static void civil(int64_t day, int64_t *ret_y, unsigned *ret_m, unsigned *ret_d)
{
	int64_t z = day + 719468, era = (z >= 0 ? z : z - 146096) / 146097, y;
	unsigned doe = (unsigned)(z - era * 146097);
	unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;

	y = (int64_t)yoe + era * 400;
	*ret_d = doy - (153 * mp + 2) / 5 + 1;
	*ret_m = mp < 10 ? mp + 3 : mp - 9;
	*ret_y = y + (*ret_m <= 2);
}

void text_time(char ret[TEXT_TIME_LEN + 1], int64_t time_ms)
{
	const int64_t first = -62167219200000, last = 253402300799999; /* 0000-01-01 to 9999-12-31 */
	int64_t t = time_ms < first ? first : time_ms > last ? last : time_ms, day = t / 86400000, y;
	unsigned ms, m, d;
	char *p = ret;

	if (t % 86400000 < 0)
		day--;
	ms = (unsigned)(t - day * 86400000);
	civil(day, &y, &m, &d);
	const struct {
		unsigned v, n;
		char sep;
	} parts[] = {{(unsigned)y, 4, '-'}, {m, 2, '-'}, {d, 2, 'T'}, {ms / 3600000, 2, ':'}, {ms / 60000 % 60, 2, ':'},
	    {ms / 1000 % 60, 2, '.'}, {ms % 1000, 3, 'Z'}};

	for (unsigned i = 0; i < N_ELEMENTS(parts); i++) {
		unsigned v = parts[i].v;

		for (unsigned k = parts[i].n; k-- > 0; v /= 10)
			p[k] = (char)('0' + v % 10);
		p += parts[i].n;
		*p++ = parts[i].sep;
	}
	*p = 0;
}
