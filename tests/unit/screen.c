/* screen.c -- text of a fixed size: its shape, what of strings may be shown, numbers in few places */
#include "tests/tap.h"
#include "view/screen.h"

#include <math.h>

enum { WIDTH = 80, LINES = 30 };

static struct screen new_screen(void)
{
	struct screen s;

	if (!ok_r(screen_init(&s, WIDTH, 1, LINES)))
		exit(1);
	return s;
}

/* Whether the text has all of its line ends where they belong, and nothing else that a terminal acts upon. */
static bool is_screen(const struct screen *s)
{
	size_t len = screen_len(s->room, s->n_lines);

	for (size_t i = 0; i < len; i++) {
		if ((s->text[i] == '\n') != (i % (WIDTH + 1) == WIDTH))
			return false;
		if (s->text[i] != '\n' && ((unsigned char)s->text[i] < ' ' || s->text[i] == 127))
			return false;
	}
	return s->text[len] == '\0';
}

static void put(struct screen *s, const char *text)
{
	screen_put_str(s, str_of(text));
}

/* The line being written, without the blanks at its end. */
static const char *line(const struct screen *s)
{
	static char copy[WIDTH + 1];
	size_t n = WIDTH;

	memcpy(copy, screen_line(s, s->line), WIDTH);
	while (n > 0 && copy[n - 1] == ' ')
		n--;
	copy[n] = '\0';
	return copy;
}

static void whatever_is_written_a_screen_keeps_its_shape(void)
{
	static const char wild[] =
	    "tab\t newline\n escape\x1b bytes \xff\xfe \xc2\x9b \xc3\xa4\xe2\x82\xac\xf0\x9f\x90\x98 and on";
	struct screen s = new_screen();

	ok(is_screen(&s));
	for (unsigned i = 0; i < 1000; i++) {
		put(&s, wild);
		if (i % 7 == 0)
			screen_next(&s);
		screen_printf(&s, "%0*d", (int)(i % 200), 1);
		screen_put_cell(&s, (struct str){wild, sizeof(wild) - 1, 0}, i % 50);
		ok(is_screen(&s));
	}
	screen_done(&s);
}

static void lines_are_cut_in_front_of_a_character(void)
{
	struct screen s = new_screen();

	screen_printf(&s, "%79s", "");
	screen_printf(&s, "\xe2\x82\xac");
	eq(s.text[79], ' ');
	screen_printf(&s, "x");
	eq(s.text[79], 'x');
	screen_printf(&s, "y");
	eq(s.text[80], '\n');
	screen_done(&s);
}

static void a_line_has_room_for_its_width_in_bytes_or_in_characters(void)
{
	char text[3 * WIDTH * 2 + 1] = "";
	struct screen s = new_screen();

	for (unsigned i = 0; i < WIDTH * 2; i++)
		strcat(text, "\xe2\x82\xac");
	put(&s, text);
	eq(s.col, WIDTH / 3 * 3);
	eq(s.n_chars, WIDTH / 3);
	screen_done(&s);
	if (!ok_r(screen_init(&s, WIDTH, SCREEN_CHAR_MAX, 2)))
		return;
	put(&s, text);
	eq(s.n_chars, WIDTH);
	eq(s.col, WIDTH * 3);
	ok(memcmp(screen_line(&s, 0), text, WIDTH * 3) == 0);
	screen_next(&s);
	screen_put_cell(&s, (struct str){text, (uint32_t)strlen(text), 0}, 10);
	screen_printf(&s, "%*s", 200, "x");
	eq(s.n_chars, WIDTH);
	eq(s.col, WIDTH + 10 * 2);
	screen_done(&s);
}

static void what_a_terminal_acts_upon_is_escaped(void)
{
	static const struct {
		const char *str, *want;
	} cases[] = {
	    {"plain", "plain"},
	    {"\x1b[2J", "\\x1b[2J"},
	    {"a\tb\nc\rd", "a\\tb\\nc\\rd"},
	    {"\x7f", "\\x7f"},
	    {"\x9b"
	     "31m",
	        "\\x9b31m"}, /* C1 as a byte */
	    {"\xc2\x9b"
	     "31m",
	        "\\xc2\\x9b31m"}, /* C1 as UTF-8 */
	    {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x98", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x98"},
	    {"\xc3", "\\xc3"}, /* cut */
	    {"\xe2\x82", "\\xe2\\x82"},
	    {"\xc0\x9b", "\\xc0\\x9b"},                   /* overlong */
	    {"\xed\xa0\x80", "\\xed\\xa0\\x80"},          /* a surrogate */
	    {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, /* behind the last */
	    {"\xe2\x80\xae"
	     "cba",
	        "\\xe2\\x80\\xae"
	        "cba"}, /* written from right to left */
	    {"\xff\xfe", "\\xff\\xfe"},
	};

	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		struct screen s = new_screen();

		put(&s, cases[i].str);
		str_eq(line(&s), cases[i].want);
		screen_done(&s);
	}
}

static void every_pair_of_bytes_is_safe(void)
{
	for (unsigned a = 1; a < 256; a++)
		for (unsigned b = 1; b < 256; b++) {
			char str[] = {(char)a, (char)b, 0};
			struct screen s = new_screen();
			const char *p;

			put(&s, str);
			for (p = line(&s); *p; p++)
				if ((unsigned char)*p < ' ' || *p == 127 ||
				    (*p == '\xc2' && (unsigned char)p[1] < 0xa0) ||
				    ((unsigned char)*p >= 0x80 && (unsigned char)*p < 0xc2 && p == line(&s)))
					break;
			if (*p)
				ok(!"a byte that a terminal acts upon");
			screen_done(&s);
		}
}

static void a_cell_has_its_width_in_characters(void)
{
	static const char *const names[] = {
	    "", "vda", "a name that is too long", "\xc3\xa9\xc3\xa9\xc3\xa9", "t\tt\tt\tt\tt\tt"};

	for (size_t i = 0; i < N_ELEMENTS(names); i++) {
		struct screen s = new_screen();
		unsigned n = 0;
		const char *p;

		screen_put_cell(&s, (struct str){names[i], (uint32_t)strlen(names[i]), 0}, 10);
		screen_printf(&s, "|");
		for (p = line(&s); *p != '|'; p++)
			n += ((unsigned char)*p & 0xc0) != 0x80;
		eq(n, 10);
		screen_done(&s);
	}
}

static void a_long_string_is_written_piece_by_piece(void)
{
	char text[1000], all[1001] = "";
	struct str str = {text, sizeof text, 0};
	struct screen s = new_screen();

	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (char)('a' + i % 26);
	while (str.len > 0) {
		uint32_t n = screen_put_piece(&s, str);

		if (!ok(n > 0))
			break;
		strncat(all, line(&s), n);
		str.p += n;
		str.len -= n;
		screen_next(&s);
	}
	ok(memcmp(all, text, sizeof text) == 0);
	screen_done(&s);
}

static void a_statement_of_many_lines_is_words_in_one(void)
{
	static const char *const cases[][2] = {
	    {"", ""},
	    {" \n\t", ""},
	    {"select\n\t1,\r\n    2  ", "select 1, 2"},
	    {"\nselect 'a\x1b  b'", "select 'a\\x1b b'"},
	    {"x", "x"},
	};
	struct screen s = new_screen();

	for (unsigned i = 0; i < N_ELEMENTS(cases); i++) {
		screen_put_words(&s, str_of(cases[i][0]));
		str_eq(line(&s), cases[i][1]);
		screen_next(&s);
	}
	/* Where there is no more room it ends, with nothing of what comes later behind it. */
	screen_printf(&s, "%*s", WIDTH - 4, "");
	screen_put_words(&s, str_of("ab cdefgh i"));
	str_eq(line(&s) + WIDTH - 4, "ab c");
	ok(is_screen(&s));
	screen_done(&s);
}

static void bytes_fit_in_five_places(void)
{
	static const struct {
		double v;
		const char *want;
	} cases[] = {{0, "0"}, {1, "1"}, {1023, "1023"}, {1024, "1.0K"}, {1023.7, "1.0K"}, {10240, "10.0K"},
	    {102400, "100K"}, {1048000, "1023K"}, {1048576, "1.0M"}, {1.5 * (1 << 30), "1.5G"}, {1e18, "888P"},
	    {1e19, "8.7E"}, {NAN, "-"}, {-1, "-"}};
	char b[SCREEN_NUMBER_LEN];

	for (size_t i = 0; i < N_ELEMENTS(cases); i++)
		str_eq(screen_bytes(b, cases[i].v), cases[i].want);
}

static void counts_fit_in_six_places(void)
{
	static const struct {
		double v;
		const char *want;
	} cases[] = {{0, "0"}, {4, "4"}, {0.25, "0.25"}, {0.004, "0.00"}, {9.994, "9.99"}, {9.996, "10.0"},
	    {99.94, "99.9"}, {99.96, "100"}, {1234.4, "1234"}, {999999, "999999"}, {999999.6, "1000k"},
	    {1234567, "1235k"}, {9999499, "9999k"}, {12345678, "12.3M"}, {1e9, "1000M"}, {1e18, "1000P"},
	    {1e19, "10.0E"}, {NAN, "-"}, {-5, "-"}};
	char b[SCREEN_NUMBER_LEN];

	for (size_t i = 0; i < N_ELEMENTS(cases); i++)
		str_eq(screen_count(b, cases[i].v), cases[i].want);
}

static void spans_of_time_have_two_units(void)
{
	static const struct {
		double s;
		const char *want;
	} cases[] = {{0, "0ms"}, {0.0024, "2ms"}, {0.9994, "999ms"}, {1, "1.0s"}, {9.94, "9.9s"}, {9.96, "10s"},
	    {59.4, "59s"}, {59.6, "1m00s"}, {3599, "59m59s"}, {3600, "1h00m"}, {86399, "23h59m"}, {86400, "1d0h"},
	    {8640000, "100d"}, {-5, "-5.0s"}, {-70, "-70s"}, {NAN, "-"}, {INFINITY, "-"}};
	char b[SCREEN_NUMBER_LEN];

	for (size_t i = 0; i < N_ELEMENTS(cases); i++)
		str_eq(screen_span(b, cases[i].s), cases[i].want);
}

int main(void)
{
	RUN(whatever_is_written_a_screen_keeps_its_shape);
	RUN(lines_are_cut_in_front_of_a_character);
	RUN(a_line_has_room_for_its_width_in_bytes_or_in_characters);
	RUN(what_a_terminal_acts_upon_is_escaped);
	RUN(every_pair_of_bytes_is_safe);
	RUN(a_cell_has_its_width_in_characters);
	RUN(a_long_string_is_written_piece_by_piece);
	RUN(a_statement_of_many_lines_is_words_in_one);
	RUN(bytes_fit_in_five_places);
	RUN(counts_fit_in_six_places);
	RUN(spans_of_time_have_two_units);
	return tap_done();
}
