/* heat_text.c -- heat entries as lines of text */
#include "store/heat_text.h"

#include "store/heat.h"
#include "store/text.h"

enum {
	SEQ_LEN_MAX = 10,
	MEASURE_LEN_MAX = 7, /* tab, five digits, plus sign */
	LINE_LEN_MAX = TEXT_TIME_LEN + 1 + SEQ_LEN_MAX + HEAT_N * MEASURE_LEN_MAX + 1,
};

void heat_text_put_header(struct buf *out)
{
	buf_puts(out, "time\tseq");
	for (unsigned k = 0; k < HEAT_N; k++) {
		buf_puts(out, "\t");
		buf_puts(out, heat_names[k]);
	}
	buf_puts(out, "\n");
}

size_t heat_text_header_len(void)
{
	size_t len = strlen("time\tseq\n");

	for (unsigned k = 0; k < HEAT_N; k++)
		len += 1 + strlen(heat_names[k]);
	return len;
}

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

static unsigned number_len(uint32_t v)
{
	unsigned n = 1;

	for (; v >= 10; v /= 10)
		n++;
	return n;
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

static unsigned measure_len(uint32_t v)
{
	return v == HEAT_UNKNOWN ? 3 : 1 + number_len(v) + (v == HEAT_MAX);
}

void heat_text_put(struct buf *out, const struct disk_heat *entries, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct disk_heat *e = &entries[i];
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
}

uint64_t heat_text_len(const struct disk_heat *entries, uint32_t n)
{
	uint64_t len = (uint64_t)n * (TEXT_TIME_LEN + 2);

	for (uint32_t i = 0; i < n; i++) {
		len += number_len(get_le32(entries[i].seq));
		for (unsigned k = 0; k < HEAT_N; k++)
			len += measure_len(get_le16(entries[i].m[k]));
	}
	return len;
}
