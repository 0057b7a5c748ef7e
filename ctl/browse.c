/* browse.c -- see browse.h */
#include "ctl/browse.h"

#include "store/names.h"
#include "store/text.h"
#include "view/name.h"

#include <ctype.h>

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS, DAY_HOURS = 24, ESCAPE = 27, DELETE = 127 };

int browse_init(struct browse *b, struct store *s)
{
	int r;

	*b = (struct browse){.store = s, .live = true, .shape = {.sort = SORT_CPU}};
	r = browse_follow(b);
	return r < 0 ? r : 0;
}

/* What the last key led to. That nothing is there, or that it cannot be read, is said, and no error. */
static int arrive(struct browse *b, int r, const struct spot *spot, const char *nothing)
{
	if (r == 0) {
		b->any = true;
		b->spot = *spot;
		b->live = false;
	} else if (r != -ENOMEM) {
		snprintf(b->message, sizeof b->message, "%s",
		    r == -ENOENT    ? nothing
		    : r == -EBADMSG ? "What is there is damaged; see histctl verify."
		                    : strerror(-r));
		r = 0;
	}
	return r;
}

int browse_go(struct browse *b, int64_t ms)
{
	struct spot spot;
	int r = spot_at(b->store, ms, &spot);

	return r < 0 ? r : arrive(b, 0, &spot, "");
}

static int follow_newest(struct browse *b)
{
	struct spot spot = {0};
	int r = spot_last(b->store, &spot);

	r = arrive(b, r, &spot, "Nothing is recorded yet.");
	b->live = true;
	return r;
}

int browse_follow(struct browse *b)
{
	struct spot before = b->spot, spot;
	bool any = b->any;
	int r;

	if (b->live || !any) {
		r = spot_last(b->store, &spot);
	} else {
		r = spot_near(b->store, &before, &spot);
		if (r == 0 && !spot_same(&spot, &before))
			snprintf(b->message, sizeof b->message, "The snapshot that was shown is no longer stored.");
	}
	b->any = r == 0;
	if (r < 0)
		return r == -ENOMEM ? r : any;
	b->spot = spot;
	return !any || !spot_same(&spot, &before);
}

/* --- keys --- */

static int step(struct browse *b, int direction)
{
	struct spot spot = {0};
	int r = spot_step(b->store, &b->spot, direction, &spot);

	return arrive(b, r, &spot, direction == SPOT_ON ? "This is the last one." : "This is the first one.");
}

/* To a time so much later or earlier; where that is within a gap, over it. */
static int leap(struct browse *b, int64_t ms)
{
	struct spot spot = {0};
	int r = spot_at(b->store, b->spot.ms + ms, &spot);

	if (r == 0 && (ms > 0 ? spot.ms > b->spot.ms : spot.ms < b->spot.ms))
		return arrive(b, r, &spot, "");
	return step(b, ms > 0 ? SPOT_ON : SPOT_BACK);
}

/* To the hour's end; from there, to the day's; from there, to that of the day behind. */
static int go_to_end(struct browse *b, int direction)
{
	int32_t day = b->spot.hour - b->spot.hour % DAY_HOURS;
	struct spot spot = {0};
	int r = spot_end(b->store, b->spot.hour, 1, direction, &spot);

	if (r == 0 && spot_same(&spot, &b->spot))
		r = spot_end(b->store, day, DAY_HOURS, direction, &spot);
	if (r == 0 && spot_same(&spot, &b->spot))
		r = spot_end(b->store, day + direction * DAY_HOURS, DAY_HOURS, direction, &spot);
	if (r == -ENOENT)
		return step(b, direction);
	return arrive(b, r, &spot, "");
}

static void scroll(struct browse *b, int by)
{
	if (by > 0 || b->shape.skip > 0)
		b->shape.skip += (uint32_t)by;
	if (b->shape.skip >= FIGURES_TOP_MAX)
		b->shape.skip = FIGURES_TOP_MAX - 1;
}

static void sort_next(struct browse *b)
{
	b->shape.sort = b->shape.sort + 1 < N_SORTS ? b->shape.sort + 1 : SORT_CPU;
	b->shape.skip = 0;
}

/* Keys that need something to move away from. */
static int move(struct browse *b, int key)
{
	switch (key) {
	case BROWSE_LEFT:
	case 'h':
		return step(b, SPOT_BACK);
	case BROWSE_RIGHT:
	case 'l':
		return step(b, SPOT_ON);
	case BROWSE_PAGE_UP:
		return leap(b, -MINUTE_MS);
	case BROWSE_PAGE_DOWN:
		return leap(b, MINUTE_MS);
	case ',':
		return leap(b, -HOUR_MS);
	case '.':
		return leap(b, HOUR_MS);
	case BROWSE_HOME:
		return go_to_end(b, SPOT_BACK);
	case BROWSE_END:
		return b->live ? 0 : go_to_end(b, SPOT_ON);
	default:
		return 0;
	}
}

/* At the end of all history there is nothing left to do but to follow it. */
static int follow_from_end(struct browse *b, bool was_live)
{
	struct spot last;

	if (was_live || spot_last(b->store, &last) < 0 || !spot_same(&last, &b->spot))
		return 0;
	return follow_newest(b);
}

static int look_key(struct browse *b, int key)
{
	bool was_live = b->live;
	int r = 0;

	switch (key) {
	case 'q':
		b->mode = BROWSE_QUIT;
		break;
	case '?':
		b->mode = BROWSE_HELP;
		break;
	case '/':
	case 'g':
		b->mode = BROWSE_ASK_TIME;
		b->input[0] = '\0';
		break;
	case 'n':
		r = follow_newest(b);
		break;
	case 's':
		sort_next(b);
		break;
	case 'c':
		b->shape.wrap = !b->shape.wrap;
		break;
	case BROWSE_UP:
	case 'k':
		scroll(b, -1);
		break;
	case BROWSE_DOWN:
	case 'j':
		scroll(b, 1);
		break;
	default:
		r = b->any ? move(b, key) : 0;
		if (r == 0 && b->any && key == BROWSE_END)
			r = follow_from_end(b, was_live);
	}
	return r;
}

static int go_to_input(struct browse *b, int64_t now_ms)
{
	bool relative;
	int64_t ms;
	int r;

	b->mode = BROWSE_LOOK;
	if (b->input[0] == '\0')
		return 0;
	if (name_parse_time(b->input, now_ms, &ms, &relative) < 0) {
		snprintf(b->message, sizeof b->message,
		    "Not a time: %.30s (03:12, 2026-11-20T03:12:05, -5m, yesterday)", b->input);
		return 0;
	}
	r = browse_go(b, ms);
	if (r == 0 && b->spot.ms > ms)
		snprintf(b->message, sizeof b->message, "Nothing is recorded of before this.");
	return r < 0 ? arrive(b, r, &b->spot, "Nothing is recorded.") : r;
}

static int ask_key(struct browse *b, int key, int64_t now_ms)
{
	size_t len = strlen(b->input);

	if (key == '\n' || key == '\r')
		return go_to_input(b, now_ms);
	if (key == ESCAPE)
		b->mode = BROWSE_LOOK;
	else if ((key == DELETE || key == '\b') && len > 0)
		b->input[len - 1] = '\0';
	else if (key >= ' ' && key < DELETE && len + 1 < sizeof b->input) {
		b->input[len] = (char)key;
		b->input[len + 1] = '\0';
	}
	return 0;
}

int browse_key(struct browse *b, int key, int64_t now_ms)
{
	b->message[0] = '\0';
	switch (b->mode) {
	case BROWSE_ASK_TIME:
		return ask_key(b, key, now_ms);
	case BROWSE_HELP:
		b->mode = key == 'q' ? BROWSE_QUIT : BROWSE_LOOK;
		return 0;
	default:
		return look_key(b, key);
	}
}

/* --- lines --- */

void browse_status(const struct browse *b, int64_t now_ms, struct screen *s)
{
	char time[TEXT_TIME_LEN + 1], name[NAME_MAX_LEN], age[SCREEN_NUMBER_LEN];

	screen_printf(s, "%-5s ", b->live ? "LIVE" : "PAST");
	if (!b->any) {
		screen_printf(s, "nothing is recorded yet");
		return;
	}
	text_time(time, b->spot.ms);
	name_target(name, "", b->spot.hour, (int32_t)b->spot.seq);
	screen_printf(s, "%s  %s  ", time, name);
	screen_span(age, (double)((now_ms - b->spot.ms) / 100) / 10);
	if (b->live)
		screen_printf(s, "lag %s", age);
	else
		screen_printf(s, "%s ago", age);
}

void browse_footer(const struct browse *b, struct screen *s)
{
	if (b->mode == BROWSE_ASK_TIME)
		screen_printf(s, "Time (03:12, 2026-11-20T03:12:05, -5m, yesterday): %s", b->input);
	else if (b->message[0])
		screen_printf(s, "%s", b->message);
	else
		screen_printf(s, "? help  <- -> step  PgUp PgDn minute  , . hour  / time  n live  s sort: %s",
		    summary_sort_name(b->shape.sort));
}

const char *browse_help(unsigned line)
{
	static const char *const lines[] = {
	    "left right  h l    a snapshot back, on",
	    "PgUp PgDn          a minute back, on; over a gap",
	    ", .                an hour back, on",
	    "Home End           the hour's first, last; then the day's; at the very end, live",
	    "n                  live: what is recorded last is followed",
	    "/ g                asks for a time: 03:12, 2026-11-20T03:12:05, -5m, yesterday",
	    "s                  sorts processes by cpu, memory, io, iowait, faults, pid",
	    "up down  k j       scrolls the processes",
	    "c                  command lines whole, or cut and without folders",
	    "q                  ends; any other key goes back",
	    "",
	    "Rates are over the time since the snapshot before. -: not recorded.",
	    "run, block: tasks that run, and that wait for a disk. pages/s: swapped in, out.",
	    "STALLED: share of time in which some, or all, tasks waited for it.",
	    "CPU%, IOWT%: shares of one CPU's time; IOWT is time that waited for a disk.",
	    "read ms, write ms: what a request took. queue: requests at work or waiting.",
	    "All of it is in files: see MOUNT/ and the path in the first line.",
	};

	return line < N_ELEMENTS(lines) ? lines[line] : NULL;
}
