/* screen.c -- see screen.h */
#include "view/screen.h"

#include "store/text.h"

#include <stdarg.h>

void screen_clear(struct screen *s)
{
	memset(s->text, ' ', sizeof(s->text));
	for (unsigned i = 0; i < SCREEN_LINES; i++)
		s->text[i * (SCREEN_WIDTH + 1) + SCREEN_WIDTH] = '\n';
	s->line = s->col = 0;
}

static void put(struct screen *s, const char *p, size_t len)
{
	if (s->line >= SCREEN_LINES)
		return;
	len = utf8_cut(p, len, SCREEN_WIDTH - s->col);
	memcpy(s->text + s->line * (SCREEN_WIDTH + 1) + s->col, p, len);
	s->col += (unsigned)len;
}

void screen_printf(struct screen *s, const char *fmt, ...)
{
	char line[SCREEN_WIDTH * 2];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n > 0)
		put(s, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

void screen_put_str(struct screen *s, struct str str)
{
	char line[SCREEN_WIDTH * 4]; /* each byte may become \xHH */
	size_t len = utf8_cut(str.p, str.len, SCREEN_WIDTH);

	put(s, line, (size_t)(text_put_str(line, str.p, len) - line));
}

void screen_next(struct screen *s)
{
	if (s->line < SCREEN_LINES)
		s->line++;
	s->col = 0;
}

const char *screen_bytes(char ret[SCREEN_BYTES_LEN], double bytes)
{
	static const char units[] = "\0KMGTPE";
	unsigned u = 0;

	while (bytes >= 1023.5 && u + 2 < sizeof(units)) {
		bytes /= 1024;
		u++;
	}
	snprintf(ret, SCREEN_BYTES_LEN, u > 0 && bytes < 99.95 ? "%.1f%c" : "%.0f%c", bytes, units[u]);
	return ret;
}
