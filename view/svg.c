/* svg.c -- what the tree's pictures have in common */
#include "view/svg.h"

void svg_begin(struct buf *out, unsigned width, unsigned height, const char *css, const char *light, const char *dark)
{
	buf_printf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" viewBox=\"0 0 %u %u\">\n",
	    width, height, width, height);
	buf_puts(out, "<style>\nsvg{font:13px system-ui,sans-serif}.m{font-family:ui-monospace,monospace}");
	buf_puts(out, css);
	buf_puts(out, "\n.b{fill:#fff}.t{fill:#1c2329}.d{fill:#5b6770}.x{fill:none;stroke:#b9c2c9}");
	buf_puts(out, light);
	buf_puts(out, "\n@media(prefers-color-scheme:dark){\n"
	              ".b{fill:#12171b}.t{fill:#e6ebef}.d{fill:#93a0aa}.x{stroke:#46525b}");
	buf_puts(out, dark);
	buf_puts(out, "\n}\n</style>\n");
	buf_printf(out, "<rect class=\"b\" width=\"%u\" height=\"%u\"/>\n", width, height);
}

void svg_end(struct buf *out)
{
	buf_puts(out, "</svg>\n");
}

/* Length of the character at s if it may be in XML; 0 if it may not. */
static size_t character_len(const unsigned char *s, size_t len)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	uint32_t c = n == 1 ? s[0] : s[0] & (0x7f >> n);

	if (n > len || s[0] >= 0xf8 || (s[0] >= 0x80 && s[0] < 0xc0))
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) || c == 0xfffe || c == 0xffff)
		return 0;
	return c >= 0x20 || c == '\t' || c == '\n' ? n : 0;
}

void svg_put_text(struct buf *out, const char *text, size_t len)
{
	for (size_t n; len > 0; text += n, len -= n) {
		n = character_len((const unsigned char *)text, len);
		if (n == 0) {
			buf_puts(out, "\xef\xbf\xbd");
			n = 1;
		} else if (*text == '&') {
			buf_puts(out, "&amp;");
		} else if (*text == '<') {
			buf_puts(out, "&lt;");
		} else if (*text == '>') {
			buf_puts(out, "&gt;");
		} else {
			buf_put(out, text, n);
		}
	}
}
