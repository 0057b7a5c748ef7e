/* cmd_top.c -- histctl top: the summary, live or at a moment, with keys that step through history */
#include "ctl/browse.h"
#include "ctl/command.h"
#include "ctl/opened.h"
#include "ctl/terminal.h"

#include "view/name.h"

#include <err.h>
#include <getopt.h>
#include <math.h>
#include <time.h>

enum {
	LOOK_MS = 200,    /* between looks at the store while it is followed */
	LINES_AROUND = 2, /* status and footer */
};

struct top {
	struct opened opened;
	struct browse browse;
	struct terminal *terminal;
	int64_t interval_ms; /* at least this long between two snapshots that are shown by themselves */
	bool stale;          /* the summary is no longer what is to be shown */
	struct screen body;  /* the summary drawn last; text NULL: none */
	int64_t drawn_ms;
};

static int64_t clock_ms(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* --- on a terminal --- */

/* The summary of where browse is; blank if nothing is recorded. */
static int draw_summary(struct top *top)
{
	struct moment at = {.store = top->opened.store};
	int r;

	if (!top->browse.any)
		return 0;
	r = spot_hour(at.store, &top->browse.spot, &at.hour, &at.i);
	return r < 0 ? r : summary_draw(&at, &top->browse.shape, &top->body);
}

/* Draws the body anew; what cannot be read is said instead. */
static int draw_body(struct top *top, unsigned width, unsigned height)
{
	int r;

	screen_done(&top->body);
	r = screen_init(&top->body, width, SCREEN_CHAR_MAX, height);
	if (r < 0)
		return r;
	r = draw_summary(top);
	if (r == 0 || r == -ENOMEM)
		return r;
	screen_clear(&top->body);
	screen_printf(&top->body, "%s",
	    r == -EBADMSG ? "This snapshot is damaged; see histctl verify." : "This snapshot cannot be read.");
	return 0;
}

/* Headers of columns begin with a capital, or with the blanks in front of PID. */
static bool is_header(const char *line, size_t len)
{
	size_t i = 0;

	while (i < len && line[i] == ' ')
		i++;
	return i + 1 < len && i <= 4 && line[i] >= 'A' && line[i] <= 'Z' && line[i + 1] >= 'A' && line[i + 1] <= 'Z';
}

static void put_body(struct top *top)
{
	const struct screen *s = &top->body;

	for (unsigned i = 0; i < s->n_lines; i++) {
		const char *line = screen_line(s, i);

		terminal_put(
		    top->terminal, i + 1, line, s->room, is_header(line, s->room) ? TERMINAL_BOLD : TERMINAL_PLAIN);
	}
}

static void put_help(struct top *top)
{
	bool more = true;

	for (unsigned i = 0; i < top->body.n_lines; i++) {
		const char *line = more ? browse_help(i) : NULL;

		more = line != NULL;
		terminal_put(top->terminal, i + 1, more ? line : "", more ? strlen(line) : 0, TERMINAL_PLAIN);
	}
}

/* The first and the last line; the cursor goes where a time is typed. */
static int put_around(struct top *top, unsigned width, unsigned height)
{
	unsigned cursor = UINT32_MAX;
	struct screen s;
	int r = screen_init(&s, width, SCREEN_CHAR_MAX, LINES_AROUND);

	if (r < 0)
		return r;
	browse_status(&top->browse, clock_ms(CLOCK_REALTIME), &s);
	terminal_put(top->terminal, 0, screen_line(&s, 0), s.col, TERMINAL_REVERSE);
	screen_next(&s);
	browse_footer(&top->browse, &s);
	if (height >= LINES_AROUND)
		terminal_put(top->terminal, height - 1, screen_line(&s, 1), s.col, TERMINAL_BOLD);
	if (top->browse.mode == BROWSE_ASK_TIME)
		cursor = height - 1;
	terminal_show(top->terminal, cursor, s.n_chars);
	screen_done(&s);
	return 0;
}

static int show(struct top *top)
{
	unsigned width, height, body;
	int r = 0;

	terminal_size(top->terminal, &width, &height);
	body = height > LINES_AROUND ? height - LINES_AROUND : 0;
	if (width < SUMMARY_WIDTH)
		width = SUMMARY_WIDTH;
	if (top->stale || !top->body.text || top->body.n_lines != body || top->body.width != width)
		r = draw_body(top, width, body);
	if (r < 0)
		return r;
	top->stale = false;
	if (top->browse.mode == BROWSE_HELP)
		put_help(top);
	else
		put_body(top);
	return put_around(top, width, height);
}

/* Looks at the store again, and goes on to what is newest if that is followed. */
static int follow(struct top *top)
{
	int64_t now = clock_ms(CLOCK_MONOTONIC);
	struct tree_attr a;
	int r;

	/* Any call brings the tree, and the store below it, up to date. */
	(void)tree_attr(top->opened.tree, TREE_ROOT, &a);
	if (top->browse.live && top->browse.any && now - top->drawn_ms < top->interval_ms)
		return 0;
	r = browse_follow(&top->browse);
	if (r > 0) {
		top->drawn_ms = now;
		top->stale = true;
	}
	return r < 0 ? r : 0;
}

static int press(struct top *top, int key)
{
	if (key == TERMINAL_NONE || key == TERMINAL_RESIZED)
		return 0;
	top->stale = true;
	return browse_key(&top->browse, key, clock_ms(CLOCK_REALTIME));
}

static int interact(struct top *top)
{
	int r = 0;

	while (r == 0 && top->browse.mode != BROWSE_QUIT) {
		int key;

		r = show(top);
		key = r < 0 ? r : terminal_key(top->terminal, LOOK_MS);
		if (key < 0)
			return key == -EIO ? 0 : key;
		r = press(top, key);
		if (r == 0)
			r = follow(top);
	}
	return r;
}

static int run_terminal(struct top *top)
{
	int r = terminal_open(&top->terminal);

	if (r == -ENOTTY)
		warnx("top needs a terminal; --once prints the summary without one");
	else if (r == -ENODEV)
		warnx("the terminal's type is not known (TERM is %s); --once prints the summary without it",
		    getenv("TERM") ? getenv("TERM") : "not set");
	else if (r < 0)
		warnx("%s", strerror(-r));
	if (r < 0)
		return r;
	r = interact(top);
	terminal_close(top->terminal);
	screen_done(&top->body);
	if (r < 0)
		warnx("%s", strerror(-r));
	return r;
}

/* --- without --- */

/* The file, to the byte. */
static int print_once(struct top *top, const char *dir)
{
	char path[NAME_MAX_LEN + 16] = "/", *end = path + 1;
	struct tree_attr a;
	struct span text;
	int r = top->browse.any ? 0 : -ENOENT;

	if (r == 0) {
		name_target(end, "", top->browse.spot.hour, (int32_t)top->browse.spot.seq);
		strcat(path, "/summary");
		r = tree_walk(top->opened.tree, path, &a);
	}
	if (r == 0)
		r = tree_read(top->opened.tree, a.ino, 0, a.size, &text);
	if (r == 0)
		fwrite(text.p, 1, span_left(&text), stdout);
	else
		warnx("%s: %s", dir,
		    r == -ENOENT    ? "nothing is recorded"
		    : r == -EBADMSG ? "damaged; see histctl verify"
		                    : strerror(-r));
	return r;
}

/* --- the command --- */

/* Seconds, or a number with ms, s, m or h behind it. */
static int parse_interval(const char *text, int64_t *ret_ms)
{
	static const struct {
		const char *unit;
		double ms;
	} units[] = {{"", 1000}, {"s", 1000}, {"ms", 1}, {"m", 60 * 1000}, {"h", 3600 * 1000}};
	char *end;
	double v = strtod(text, &end);

	for (size_t k = 0; k < N_ELEMENTS(units) && end != text && v >= 0; k++)
		if (strcmp(end, units[k].unit) == 0 && v * units[k].ms <= 24 * 3600 * 1000) {
			*ret_ms = (int64_t)(v * units[k].ms);
			return 0;
		}
	warnx("%s: not an interval (500ms, 10s, 1m)", text);
	return -EINVAL;
}

static int start(struct top *top, const char *dir, bool at, int64_t ms)
{
	int r = opened_init(&top->opened, dir);

	if (r < 0)
		return r;
	r = browse_init(&top->browse, top->opened.store);
	if (r == 0 && at)
		r = browse_go(&top->browse, ms);
	if (r < 0)
		warnx("%s: %s", dir, r == -ENOENT ? "nothing is recorded" : strerror(-r));
	return r;
}

static int run(int argc, char **argv)
{
	static const struct option longs[] = {{"at", required_argument, NULL, 'a'}, {"once", no_argument, NULL, '1'},
	    {"interval", required_argument, NULL, 'i'}, {0}};
	struct top top = {0};
	bool once = false, at = false;
	int64_t ms = 0;
	int c, r;

	while ((c = getopt_long(argc, argv, "a:i:", longs, NULL)) >= 0) {
		if (c == 'a' && opened_time(optarg, &ms) < 0)
			return EXIT_USAGE;
		if (c == 'i' && parse_interval(optarg, &top.interval_ms) < 0)
			return EXIT_USAGE;
		if (c == '?' || c == ':')
			return EXIT_USAGE;
		at |= c == 'a';
		once |= c == '1';
	}
	if (argc - optind != 1)
		return EXIT_USAGE;
	r = start(&top, argv[optind], at, ms);
	if (r == 0)
		r = once ? print_once(&top, argv[optind]) : run_terminal(&top);
	opened_done(&top.opened);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

COMMAND(top) = {
    .name = "top",
    .args = "[--at TIME] [--once] [--interval TIME] STORE",
    .what = "shows the summary on the terminal, live or at a moment; keys step through history",
    .run = run,
};
