/* screen.c -- see screen.h */
#include "view/screen.h"

#include "store/text.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>

/* Bytes that one character may become: \xHH for each of four. */
enum { SHOWN_LEN_MAX = 16 };

int screen_init(struct screen *s, unsigned width, unsigned char_bytes, unsigned n_lines)
{
	unsigned room = width * char_bytes;
	char *text = malloc(screen_len(room, n_lines) + 1);

	if (!text)
		return -ENOMEM;
	*s = (struct screen){.width = width, .room = room, .n_lines = n_lines, .text = text};
	screen_clear(s);
	return 0;
}

void screen_clear(struct screen *s)
{
	size_t len = screen_len(s->room, s->n_lines);

	memset(s->text, ' ', len);
	for (unsigned i = 0; i < s->n_lines; i++)
		s->text[screen_len(s->room, i) + s->room] = '\n';
	s->text[len] = '\0';
	s->line = s->col = s->n_chars = 0;
}

void screen_done(struct screen *s)
{
	free(s->text);
	*s = (struct screen){0};
}

/* Of well-formed UTF-8. */
static void put(struct screen *s, const char *p, size_t len)
{
	size_t n = 0;

	if (s->line >= s->n_lines)
		return;
	while (n < len && s->n_chars < s->width) {
		size_t next = n + 1;

		while (next < len && ((uint8_t)p[next] & 0xc0) == 0x80)
			next++;
		if (next > s->room - s->col)
			break;
		n = next;
		s->n_chars++;
	}
	memcpy(s->text + screen_len(s->room, s->line) + s->col, p, n);
	s->col += (unsigned)n;
}

void screen_printf(struct screen *s, const char *fmt, ...)
{
	char line[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n > 0)
		put(s, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

void screen_next(struct screen *s)
{
	if (s->line < s->n_lines)
		s->line++;
	s->col = s->n_chars = 0;
}

/* --- strings --- */

/* The character at the front: its length in bytes, 0 if that is not UTF-8. */
static unsigned take_utf8(const char *p, size_t len, uint32_t *ret)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	uint8_t first = (uint8_t)p[0];
	unsigned n = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf8 ? 4 : 0;
	uint32_t c = n > 1 ? first & (0xffu >> (n + 1)) : first;

	if (n == 0 || n > len)
		return 0;
	for (unsigned i = 1; i < n; i++) {
		if (((uint8_t)p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | ((uint8_t)p[i] & 0x3f);
	}
	if (c < smallest[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*ret = c;
	return n;
}

/* C1 controls, and what makes the text behind it be shown in another order. C0 is text_put_str's. */
static bool is_control(uint32_t c)
{
	return (c >= 0x80 && c < 0xa0) || c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

/* What the character at the front is shown as. Returns its length in bytes. */
static unsigned show(const char *p, size_t len, char ret[SHOWN_LEN_MAX], size_t *ret_len)
{
	uint32_t c = 0;
	unsigned n = take_utf8(p, len, &c);
	char *out = ret;

	if (n > 0 && !is_control(c)) {
		*ret_len = (size_t)(text_put_str(ret, p, n) - ret);
		return n;
	}
	n = n ? n : 1;
	for (unsigned i = 0; i < n; i++)
		out += sprintf(out, "\\x%02x", (uint8_t)p[i]);
	*ret_len = (size_t)(out - ret);
	return n;
}

/* Writes characters until one does not fit, or as many as asked for are written, each escape counting as its letters.
 * Returns the bytes of str that were written. */
static uint32_t put_shown(struct screen *s, struct str str, unsigned max, unsigned *ret_n)
{
	uint32_t done = 0;
	unsigned n = 0;

	while (done < str.len) {
		char shown[SHOWN_LEN_MAX + 1];
		size_t len;
		unsigned bytes = show(str.p + done, str.len - done, shown, &len);
		unsigned places = shown[0] == '\\' ? (unsigned)len : 1;

		if (n + places > max || len > s->room - s->col || places > s->width - s->n_chars)
			break;
		put(s, shown, len);
		n += places;
		done += bytes;
	}
	*ret_n = n;
	return done;
}

void screen_put_str(struct screen *s, struct str str)
{
	screen_put_piece(s, str);
}

void screen_put_words(struct screen *s, struct str str)
{
	static const char blanks[] = " \t\n\r\f\v";

	for (bool first = true; str.len > 0;) {
		uint32_t gap = 0, word;

		while (gap < str.len && memchr(blanks, str.p[gap], sizeof(blanks) - 1))
			gap++;
		for (word = gap; word < str.len && !memchr(blanks, str.p[word], sizeof(blanks) - 1);)
			word++;
		if (gap > 0 && word > gap && !first)
			screen_printf(s, " ");
		if (screen_put_piece(s, (struct str){str.p + gap, word - gap, 0}) < word - gap)
			return;
		str.p += word;
		str.len -= word;
		first = false;
	}
}

uint32_t screen_put_piece(struct screen *s, struct str str)
{
	unsigned n;

	return put_shown(s, str, UINT32_MAX, &n);
}

void screen_put_cell(struct screen *s, struct str str, unsigned width)
{
	unsigned n;

	put_shown(s, str, width, &n);
	screen_printf(s, "%*s", (int)(width - n), "");
}

/* --- numbers --- */

static const char *unknown(char ret[SCREEN_NUMBER_LEN])
{
	snprintf(ret, SCREEN_NUMBER_LEN, "-");
	return ret;
}

const char *screen_bytes(char ret[SCREEN_NUMBER_LEN], double bytes)
{
	static const char units[] = "\0KMGTPE";
	unsigned u = 0;

	if (!(bytes >= 0))
		return unknown(ret);
	while (bytes >= 1023.5 && u + 2 < sizeof(units)) {
		bytes /= 1024;
		u++;
	}
	snprintf(ret, SCREEN_NUMBER_LEN, u > 0 && bytes < 99.95 ? "%.1f%c" : "%.0f%c", bytes, units[u]);
	return ret;
}

const char *screen_count(char ret[SCREEN_NUMBER_LEN], double v)
{
	static const char units[] = "\0kMGTPE";
	unsigned u = 0;
	int digits;

	if (!(v >= 0))
		return unknown(ret);
	for (double limit = 999999.5; v >= limit && u + 2 < sizeof(units); limit = 9999.5) {
		v /= 1000;
		u++;
	}
	digits = v >= 99.95 || (u == 0 && v == floor(v)) ? 0 : u > 0 || v >= 9.995 ? 1 : 2;
	snprintf(ret, SCREEN_NUMBER_LEN, "%.*f%c", digits, v, units[u]);
	return ret;
}

const char *screen_span(char ret[SCREEN_NUMBER_LEN], double seconds)
{
	enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };
	long long s;

	if (!(fabs(seconds) < 1e12))
		return unknown(ret);
	s = llround(seconds);
	if (fabs(seconds) < 0.9995)
		snprintf(ret, SCREEN_NUMBER_LEN, "%.0fms", seconds * 1000);
	else if (fabs(seconds) < 9.95)
		snprintf(ret, SCREEN_NUMBER_LEN, "%.1fs", seconds);
	else if (s < MINUTE)
		snprintf(ret, SCREEN_NUMBER_LEN, "%llds", s);
	else if (s < HOUR)
		snprintf(ret, SCREEN_NUMBER_LEN, "%lldm%02llds", s / MINUTE, s % MINUTE);
	else if (s < DAY)
		snprintf(ret, SCREEN_NUMBER_LEN, "%lldh%02lldm", s / HOUR, s % HOUR / MINUTE);
	else if (s < 100 * DAY)
		snprintf(ret, SCREEN_NUMBER_LEN, "%lldd%lldh", s / DAY, s % DAY / HOUR);
	else
		snprintf(ret, SCREEN_NUMBER_LEN, "%lldd", s / DAY);
	return ret;
}

void screen_put_bytes(struct screen *s, int width, double bytes)
{
	char b[SCREEN_NUMBER_LEN];

	screen_printf(s, "%*s", width, screen_bytes(b, bytes));
}

void screen_put_count(struct screen *s, int width, double v)
{
	char b[SCREEN_NUMBER_LEN];

	screen_printf(s, "%*s", width, screen_count(b, v));
}

void screen_put_decimal(struct screen *s, int width, int digits, double v)
{
	if (isnan(v))
		screen_printf(s, "%*s", width, "-");
	else
		screen_printf(s, "%*.*f", width, digits, v);
}
