/* terminal.c -- see terminal.h: the only file that sees ncurses */
#include "ctl/terminal.h"

#include "ctl/browse.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <wchar.h>

#define NCURSES_WIDECHAR 1
#include <curses.h>

enum { ESCAPE_DELAY_MS = 25, REDRAW = 'L' - '@' };

struct terminal {
	SCREEN *screen;
	bool utf8; /* the locale's characters are */
};

int terminal_open(struct terminal **ret)
{
	const char *type = getenv("TERM");
	struct terminal *t;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return -ENOTTY;
	t = calloc(1, sizeof *t);
	if (!t)
		return -ENOMEM;
	setlocale(LC_CTYPE, "");
	t->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	if (type && type[0])
		t->screen = newterm(type, stdout, stdin);
	if (!t->screen) {
		free(t);
		return -ENODEV;
	}
	set_term(t->screen);
	set_escdelay(ESCAPE_DELAY_MS);
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	*ret = t;
	return 0;
}

void terminal_close(struct terminal *t)
{
	endwin();
	delscreen(t->screen);
	free(t);
}

void terminal_size(const struct terminal *t, unsigned *ret_width, unsigned *ret_height)
{
	(void)t;
	*ret_width = (unsigned)getmaxx(stdscr);
	*ret_height = (unsigned)getmaxy(stdscr);
}

/* The character at the front as a wide one, how many bytes it is and how many columns it takes. What the terminal has
 * no place for is a question mark. */
static wchar_t take_char(const struct terminal *t, const char *p, size_t len, size_t *ret_len, unsigned *ret_columns)
{
	mbstate_t state = {0};
	wchar_t c = L'?';
	size_t n = t->utf8 ? mbrtowc(&c, p, len, &state) : 1;
	int columns;

	if (n == 0 || n > len) {
		n = 1;
		c = L'?';
	}
	if (!t->utf8) {
		c = (unsigned char)*p < 0x80 ? (wchar_t)*p : L'?';
		while (c == L'?' && n < len && ((unsigned char)p[n] & 0xc0) == 0x80)
			n++;
	}
	columns = wcwidth(c);
	if (columns < 0) {
		c = L'?';
		columns = 1;
	}
	*ret_len = n;
	*ret_columns = (unsigned)columns;
	return c;
}

void terminal_put(struct terminal *t, unsigned line, const char *text, size_t len, enum terminal_look look)
{
	unsigned width = (unsigned)getmaxx(stdscr), column = 0;
	attr_t attributes = look == TERMINAL_BOLD ? A_BOLD : look == TERMINAL_REVERSE ? A_REVERSE : A_NORMAL;

	if (line >= (unsigned)getmaxy(stdscr))
		return;
	attrset(attributes);
	move((int)line, 0);
	while (len > 0) {
		unsigned columns;
		size_t n;
		wchar_t c = take_char(t, text, len, &n, &columns);

		if (column + columns > width)
			break;
		addnwstr(&c, 1);
		column += columns;
		text += n;
		len -= n;
	}
	/* In the last place the cursor cannot go on, and stands where a character is. */
	if (column < width) {
		for (; column < width && look == TERMINAL_REVERSE; column++)
			addch(' ');
		if (look != TERMINAL_REVERSE)
			clrtoeol();
	}
	attrset(A_NORMAL);
}

void terminal_show(struct terminal *t, unsigned cursor_line, unsigned cursor_column)
{
	unsigned width, height;

	terminal_size(t, &width, &height);
	curs_set(cursor_line < height && cursor_column < width);
	if (cursor_line < height && cursor_column < width)
		move((int)cursor_line, (int)cursor_column);
	refresh();
}

static int translate(int key)
{
	switch (key) {
	case ERR:
		return TERMINAL_NONE;
	case KEY_RESIZE:
		return TERMINAL_RESIZED;
	case KEY_LEFT:
		return BROWSE_LEFT;
	case KEY_RIGHT:
		return BROWSE_RIGHT;
	case KEY_UP:
		return BROWSE_UP;
	case KEY_DOWN:
		return BROWSE_DOWN;
	case KEY_PPAGE:
		return BROWSE_PAGE_UP;
	case KEY_NPAGE:
		return BROWSE_PAGE_DOWN;
	case KEY_HOME:
	case KEY_FIND:
		return BROWSE_HOME;
	case KEY_END:
	case KEY_SELECT:
		return BROWSE_END;
	case KEY_BACKSPACE:
		return '\b';
	case KEY_ENTER:
		return '\n';
	case REDRAW:
		clearok(curscr, TRUE);
		return TERMINAL_RESIZED;
	default:
		return key < BROWSE_LEFT ? key : TERMINAL_NONE;
	}
}

int terminal_key(struct terminal *t, int timeout_ms)
{
	struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
	int key = translate(getch());

	(void)t;
	if (key != TERMINAL_NONE)
		return key;
	if (poll(&p, 1, timeout_ms) < 0)
		return errno == EINTR ? translate(getch()) : -errno;
	if (p.revents & (POLLHUP | POLLERR | POLLNVAL))
		return -EIO;
	if (!(p.revents & POLLIN))
		return TERMINAL_NONE;
	return translate(getch());
}
