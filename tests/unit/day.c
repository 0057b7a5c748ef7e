/* day.c -- a day for the eye: no bad minute hides, and nothing recorded, not known and zero are three things */
#include "tests/unit/pictures.h"
#include "view/day_svg.h"
#include "view/day_text.h"

enum {
	HOUR = 498648, /* 2026-11-20T00 */
	HOUR_MS = 3600 * 1000,
	N_MAX = 90000,
	WIDTH = 81, /* of a line of the strip, with its end */
	NAME = 8,   /* of it, before the cells */
};

struct made {
	struct disk_heat entries[N_MAX];
	uint32_t n[DAY_HOURS], n_all;
	uint32_t seqs[DAY_HOURS];
	uint32_t known;
	struct day day;
};

/* A quiet snapshot; those of an hour come after one another. */
static struct disk_heat *add(struct made *m, int64_t ms)
{
	struct disk_heat *e = &m->entries[m->n_all++];
	unsigned hour = (unsigned)(ms / HOUR_MS);

	*e = (struct disk_heat){
	    .time_ms = put_le64((uint64_t)HOUR * HOUR_MS + (uint64_t)ms), .seq = put_le32(m->seqs[hour]++)};
	for (unsigned k = 0; k < HEAT_N; k++)
		e->m[k] = put_le16(k <= HEAT_DISK ? 10 : k == HEAT_HEALTH ? 99 : HEAT_UNKNOWN);
	m->n[hour]++;
	return e;
}

static struct made *begin(void)
{
	struct made *m = calloc(1, sizeof(*m));

	if (!m)
		exit(1);
	m->known = (1 << (HEAT_HEALTH + 1)) - 1;
	return m;
}

static void gather(struct made *m)
{
	ok_r(day_gather(&m->day, HOUR, m->entries, m->n));
}

static char *text(const struct made *m)
{
	struct buf b = {0};

	day_text_draw(&m->day, m->known, &b);
	eq(b.len, day_text_len(m->known));
	eq(b.len % WIDTH, 0);
	buf_put_u8(&b, '\0');
	return (char *)b.p;
}

static char *picture(const struct made *m)
{
	struct buf b = {0};

	day_svg_draw(&m->day, m->known, &b);
	eq(b.err, 0);
	eq(b.len, day_svg_len(m->known));
	buf_put_u8(&b, '\0');
	ok(picture_is_well_formed((char *)b.p));
	return (char *)b.p;
}

/* What the strip shows in a row at a time. */
static char at(const char *strip, const char *row, unsigned minute)
{
	const char *half = minute < 12 * 60 ? strip : strstr(strip, "\n        12    13");
	const char *line = half ? strstr(half + 1, "00    01") : NULL;

	if (half != strip)
		line = half;
	for (; line; line = strchr(line + 1, '\n'))
		if (strncmp(line + 1, row, strlen(row)) == 0 && line[1 + strlen(row)] == ' ')
			return line[1 + NAME + minute % (12 * 60) / 10];
	return '!';
}

static void a_bad_second_is_seen_in_every_form_wherever_it_is(void)
{
	static const unsigned seconds[] = {1, 299, 300, 11525, 43199, 43200, 60000, 86397};

	for (unsigned i = 0; i < N_ELEMENTS(seconds); i++) {
		struct made *m = begin();
		char path[DAY_PATH_LEN], clock[DAY_CLOCK_LEN], expected[200];
		char *strip, *svg;
		unsigned cell = seconds[i] / 300;

		for (unsigned s = 0; s < 86400; s++)
			add(m, s * 1000);
		m->entries[seconds[i]].m[HEAT_DISK] = put_le16(975);
		m->entries[seconds[i]].m[HEAT_PSI_IO] = put_le16(970);
		m->entries[seconds[i]].m[HEAT_HEALTH] = put_le16(3);
		gather(m);
		day_path(&m->day, seconds[i], path);
		day_clock(day_time(&m->day, seconds[i]), clock);
		strip = text(m);
		ok(at(strip, "disk", seconds[i] / 60) == '@' && at(strip, "health", seconds[i] / 60) == '@');
		eq(at(strip, "cpu", seconds[i] / 60), '.');
		eq(at(strip, "disk", (seconds[i] / 60 + 60) % 1440), '.');
		snprintf(expected, sizeof(expected), "disk      97.5%%  %s  %s ", clock, path);
		ok(strstr(strip, expected) != NULL);
		snprintf(expected, sizeof(expected), "              3  %s  %s  psi io 97.0%% ", clock, path);
		ok(strstr(strip, expected) != NULL);
		svg = picture(m);
		snprintf(expected, sizeof(expected), "v198h-3z\"><title>%02u:%02u to ", cell / 12, cell % 12 * 5);
		if (ok(strstr(svg, expected) != NULL)) {
			char *tip = strstr(svg, expected), *end = strstr(tip, "</title>");

			*end = '\0';
			ok(strstr(tip, "health 3\n") && strstr(tip, "busiest disk 97.5%\n"));
			snprintf(expected, sizeof(expected), "\n%s %s", clock, path);
			ok(strstr(tip, expected) != NULL);
		}
		free(strip);
		free(svg);
		free(m);
	}
}

static void not_recorded_not_known_and_zero_are_three_things(void)
{
	struct made *m = begin();
	char *strip, *svg;

	for (unsigned s = 7200; s < 36000; s++) {
		struct disk_heat *e;

		if (s >= 10800 && s < 14400) /* histd did not run */
			continue;
		e = add(m, s * 1000);
		e->m[HEAT_CPU] = put_le16(0);
		if (s >= 18000 && s < 21600)
			e->m[HEAT_DISK] = put_le16(HEAT_UNKNOWN);
	}
	gather(m);
	eq(m->day.n_missing, 3600);
	eq(m->day.n_gaps, 1);
	eq(m->day.longest_ms, 3601000);
	ok(!day_recorded(&m->day, 23) && day_recorded(&m->day, 24) && !day_recorded(&m->day, 36) &&
	    day_recorded(&m->day, 48));
	strip = text(m);
	eq(at(strip, "cpu", 0), ' ');
	eq(at(strip, "missing", 0), ' '); /* nothing is said of before the first */
	eq(at(strip, "cpu", 120), '.');
	eq(at(strip, "missing", 120), '.');
	eq(at(strip, "cpu", 180), ' ');
	eq(at(strip, "missing", 180), '@');
	eq(at(strip, "missing", 230), '@');
	eq(at(strip, "disk", 290), '.');
	eq(at(strip, "disk", 300), '?');
	eq(at(strip, "cpu", 300), '.');
	eq(at(strip, "disk", 360), '.');
	eq(at(strip, "cpu", 600), ' ');
	eq(at(strip, "cpu", 1439), ' ');
	ok(strstr(strip, "missing    3600  02:59:59  /hour/2026-11-20T02/snapshot-3599  then 3601 s ") != NULL);
	svg = picture(m);
	ok(strstr(svg, "<title>not recorded: 00:00 to 02:00</title>") != NULL);
	ok(strstr(svg, "<title>not recorded: 03:00 to 04:00</title>") != NULL);
	ok(strstr(svg, "<title>not recorded: 10:00 to 24:00</title>") != NULL);
	ok(strstr(svg, "class=\"u\" stroke-width=\"2\" d=\"M0 0m60 0h12\"") != NULL);
	free(strip);
	free(svg);
	free(m);
}

/* A pile-up of locks from 10:00:00 to 10:02:00, and what the log had of it. */
static void what_postgres_did_is_counted_and_shown_where_it_was_recorded(void)
{
	static const struct {
		enum heat_measure measure;
		const char *row, *label;
		uint16_t value;
		char symbol;
	} measures[] = {
	    {HEAT_ACTIVE, "active", "sessions active", 130, '@'},
	    {HEAT_WAITING, "waiting", "sessions waiting", 64, '%'},
	    {HEAT_ERR_CRITICAL, "critic.", "errors, critical", 1, ':'},
	    {HEAT_ERR_WARNING, "warning", "warnings", 8, '+'},
	    {HEAT_ERR_INFO, "info", "errors, info", 3, '-'},
	    {HEAT_SLOW, "slow", "slow queries", 20, '*'},
	    {HEAT_CHECKPOINTS, "checkp.", "checkpoints", 1, ':'},
	    {HEAT_AUTOVACUUMS, "vacuums", "autovacuums", 32, '#'},
	};
	struct made *m = begin(), *none = begin();
	char *strip, *svg, expected[100];

	for (unsigned s = 32400; s < 43200; s++) {
		struct disk_heat *e = add(m, s * 1000);

		/* The server is asked from 9:30 on, and its log is read. */
		for (unsigned k = 0; k < N_ELEMENTS(measures) && s >= 34200; k++)
			e->m[measures[k].measure] = put_le16(s >= 36000 && s < 36120 ? measures[k].value : 0);
	}
	for (unsigned k = 0; k < N_ELEMENTS(measures); k++)
		m->known |= 1u << measures[k].measure;
	gather(m);
	strip = text(m);
	svg = picture(m);
	for (unsigned k = 0; k < N_ELEMENTS(measures); k++) {
		eq(at(strip, measures[k].row, 9 * 60), '?');
		eq(at(strip, measures[k].row, 9 * 60 + 30), '.');
		eq(at(strip, measures[k].row, 10 * 60), measures[k].symbol);
		eq(at(strip, measures[k].row, 10 * 60 + 10), '.');
		eq(at(strip, measures[k].row, 12 * 60), ' ');
		snprintf(expected, sizeof(expected), "\n%-7s %7u  10:00:00  /hour/2026-11-20T10/snapshot-0000 ",
		    measures[k].row, measures[k].value);
		ok(strstr(strip, expected) != NULL);
		snprintf(expected, sizeof(expected), ">%s</text>", measures[k].label);
		ok(strstr(svg, expected) != NULL);
		snprintf(expected, sizeof(expected), "%s %u", measures[k].label, measures[k].value);
		ok(strstr(svg, expected) != NULL);
	}
	ok(strstr(strip, "counts   . 0  : 1  - 2  = 4  + 8  * 16  # 32  % 64  @ 128 and more") != NULL);
	free(strip);
	free(svg);
	free(m);
	/* Without a server there are no rows of it. */
	add(none, 0);
	gather(none);
	strip = text(none);
	for (unsigned k = 0; k < N_ELEMENTS(measures); k++)
		eq(at(strip, measures[k].row, 0), '!');
	ok(strstr(strip, "counts") == NULL);
	free(strip);
	free(none);
}

static void every_snapshot_that_is_missing_is_counted(void)
{
	struct made *m = begin();
	uint32_t n_lost = 0;
	char *strip;

	/* An hour at 1 s with two thirds lost in no order, one at 10 s, one at 1 s with every other lost for a minute.
	 */
	srand(1);
	for (unsigned s = 0; s < 3 * 3600; s++) {
		unsigned hour = s / 3600;

		if (hour == 1 && s % 10)
			continue;
		if ((hour == 0 && s > 0 && rand() % 3) || (hour == 2 && s / 60 == 150 && s % 2)) {
			n_lost++;
			m->seqs[hour]++;
			continue;
		}
		/* The clock wavers. */
		add(m, s * 1000 + (s > 0 ? rand() % 40 : 0));
	}
	gather(m);
	/* What was lost at 00:59:59 and before is behind an interval of 10 s. */
	ok(m->day.n_missing <= n_lost && m->day.n_missing + 9 >= n_lost);
	strip = text(m);
	eq(at(strip, "missing", 30), '#');
	eq(at(strip, "missing", 90), '.');
	eq(at(strip, "missing", 140), '.');
	eq(at(strip, "missing", 150), '-'); /* 30 of 300 */
	free(strip);
	free(m);
}

static void a_single_snapshot_that_is_missing_is_seen(void)
{
	struct made *m = begin();
	char *strip;

	for (unsigned s = 0; s < 7200; s++)
		if (s != 5000)
			add(m, s * 1000);
	gather(m);
	eq(m->day.n_missing, 1);
	strip = text(m);
	eq(at(strip, "missing", 83), ':');
	eq(at(strip, "missing", 93), '.');
	free(strip);
	free(m);
}

static void a_clock_that_steps_back_leaves_no_gap(void)
{
	struct made *m = begin();

	for (unsigned s = 3600; s < 5400; s++)
		add(m, s * 1000);
	for (unsigned s = 4000; s < 7200; s++)
		add(m, s * 1000);
	gather(m);
	eq(m->day.n_missing, 0);
	eq(m->day.present[14], 600);
	free(m);
}

static void a_long_interval_leaves_no_gap(void)
{
	struct made *m = begin();

	for (unsigned minute = 0; minute < 1440; minute += 20)
		if (minute != 600)
			add(m, minute * 60000)->m[HEAT_CPU] = put_le16(minute == 400 ? 999 : 10);
	gather(m);
	eq(m->day.n_missing, 1);
	for (unsigned cell = 0; cell <= 1420 / 5; cell++) {
		if (day_recorded(&m->day, cell) != !(cell > 580 / 5 && cell < 620 / 5)) {
			ok(!"a cell is recorded, or not");
			break;
		}
	}
	/* It is of the twenty minutes before. */
	eq(m->day.cells[HEAT_CPU][385 / 5].value, 999);
	eq(m->day.cells[HEAT_CPU][380 / 5].value, 10);
	eq(m->day.cells[HEAT_CPU][405 / 5].value, 10);
	free(m);
}

static void the_worst_moments_are_of_different_ten_minutes(void)
{
	static const struct {
		unsigned s, health;
	} bad[] = {{1000, 20}, {1001, 5}, {1002, 6}, {30000, 50}, {40000, 7}, {50000, 60}, {60000, 70}, {70000, 80}};
	static const unsigned expected[DAY_WORST] = {1001, 40000, 30000, 50000, 60000};
	struct made *m = begin();

	for (unsigned s = 0; s < 86400; s++)
		add(m, s * 1000)->m[HEAT_HEALTH] = put_le16(100);
	for (unsigned i = 0; i < N_ELEMENTS(bad); i++)
		m->entries[bad[i].s].m[HEAT_HEALTH] = put_le16((uint16_t)bad[i].health);
	gather(m);
	eq(m->day.n_moments, DAY_WORST);
	for (unsigned i = 0; i < DAY_WORST; i++)
		eq(m->day.moments[i], expected[i]);
	free(m);
}

static void a_day_of_one_snapshot_can_be_drawn(void)
{
	struct made *m = begin();
	char *strip, *svg;

	add(m, 5 * HOUR_MS);
	gather(m);
	strip = text(m);
	svg = picture(m);
	eq(at(strip, "cpu", 300), '.');
	eq(at(strip, "cpu", 290), ' ');
	free(strip);
	free(svg);
	free(m);
}

/* Nothing may be longer than what is said of it, whatever is in the entries. */
static void any_values_fit_into_the_length_that_was_said(void)
{
	static const uint32_t masks[] = {0, 1, 0xff, 0xffff, (1 << HEAT_N) - 1};

	srand(2);
	for (unsigned i = 0; i < N_ELEMENTS(masks); i++) {
		struct made *m = begin();

		for (unsigned s = 0; s < 86400; s += 60) {
			struct disk_heat *e = add(m, s * 1000);

			/* The longest numbers, and no two neighbours of a level. */
			e->seq = put_le32(SEQ_MAX);
			for (unsigned k = 0; k < HEAT_N; k++)
				e->m[k] = put_le16((uint16_t)(s / 300 % 2 ? HEAT_MAX - rand() % 100 : rand() % 400));
		}
		m->known = masks[i];
		gather(m);
		free(text(m));
		free(picture(m));
		free(m);
	}
}

int main(void)
{
	RUN(a_bad_second_is_seen_in_every_form_wherever_it_is);
	RUN(not_recorded_not_known_and_zero_are_three_things);
	RUN(what_postgres_did_is_counted_and_shown_where_it_was_recorded);
	RUN(every_snapshot_that_is_missing_is_counted);
	RUN(a_single_snapshot_that_is_missing_is_seen);
	RUN(a_clock_that_steps_back_leaves_no_gap);
	RUN(a_long_interval_leaves_no_gap);
	RUN(the_worst_moments_are_of_different_ten_minutes);
	RUN(a_day_of_one_snapshot_can_be_drawn);
	RUN(any_values_fit_into_the_length_that_was_said);
	return tap_done();
}
