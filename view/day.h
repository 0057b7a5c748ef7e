/* day.h -- a day's heat, gathered for the eye: what /heatmap/DAY.txt and DAY.svg are drawn from
 *
 * A row a measure, a cell five minutes. A cell shows the worst of its snapshots, never a mean, so that no bad minute
 * hides in a good hour. Three things are told apart: a value, recorded but not known, and not recorded.
 *
 * How many snapshots are missing is seen from their times: each hour has its interval, the most frequent distance
 * between its snapshots, and where two are farther apart, those between are missing. Nothing is said of the time before
 * the day's first snapshot and behind its last.
 */
#ifndef VIEW_DAY_H
#define VIEW_DAY_H

#include "store/store.h"

#include <inttypes.h>

enum {
	DAY_HOURS = 24,
	DAY_CELLS = 288,
	DAY_CELL_MS = 5 * 60 * 1000,
	DAY_WORST = 5,
	DAY_LEVELS = 9,       /* of how bad a value is, from 0 */
	DAY_MISSING = HEAT_N, /* the row behind those of the measures: the share of snapshots that are missing */
	DAY_ROWS = HEAT_N + 1,
};

enum day_unit { DAY_PERMILLE, DAY_HEALTH, DAY_COUNT };

struct day_row {
	unsigned measure; /* enum heat_measure, or DAY_MISSING */
	enum day_unit unit;
	const char *name;  /* at most 7 characters */
	const char *label; /* at most 16 */
};

struct day_cell {
	uint16_t value; /* HEAT_UNKNOWN: not known */
	uint32_t entry; /* that has it */
};

struct day {
	int32_t first_hour;
	struct buf text;                 /* what entries points to */
	const struct disk_heat *entries; /* in order of recording, hour after hour */
	uint32_t n;
	struct day_cell cells[DAY_ROWS][DAY_CELLS];
	uint32_t present[DAY_CELLS]; /* snapshots */
	uint32_t missing[DAY_CELLS];
	struct day_cell
	    worst[DAY_ROWS]; /* of the whole day; of DAY_MISSING: entry is the last before the longest gap */
	uint32_t n_missing, n_gaps;
	int64_t longest_ms; /* the longest gap */
	/* The snapshots of least health, each of another ten minutes; worst first. */
	uint32_t moments[DAY_WORST];
	unsigned n_moments;
};

/* The rows in the order in which they are shown: those whose measure is in known (bit k: measure k), and DAY_MISSING.
 */
unsigned day_rows(uint32_t known, const struct day_row *ret[DAY_ROWS]);
/* Whether any of them is a count. */
bool day_has_counts(const struct day_row *const *some, unsigned n);

/* A day's entries; *d is to be given to day_done also after an error. */
int day_load(struct store *s, int32_t first_hour, struct day *d);
/* The same of entries that are given: n of each of the day's hours. They stay the caller's. */
int day_gather(struct day *d, int32_t first_hour, const struct disk_heat *entries, const uint32_t n[DAY_HOURS]);
void day_done(struct day *d);

/* Whether anything of a cell was recorded. */
bool day_recorded(const struct day *d, unsigned cell);
/* The worst of n cells. False: nothing was recorded in them. */
bool day_worst(const struct day *d, const struct day_row *row, unsigned cell, unsigned n, struct day_cell *ret);

/* What an entry has of a row's measure. */
uint16_t day_measure(const struct day *d, uint32_t entry, const struct day_row *row);
/* What makes the health of an entry what it is; NULL: nothing is bad. */
const struct day_row *day_reason(const struct day *d, uint32_t entry);

/* How bad a value is, 0 to DAY_LEVELS - 1; -1: not known. */
int day_level(const struct day_row *row, uint16_t value);
/* The least value of a level, in the unit's own numbers (shares in per cent). */
unsigned day_level_from(enum day_unit unit, unsigned level);

/* "98.1%", "12", "65534+", "-" */
enum { DAY_VALUE_LEN = 8 };
const char *day_value(const struct day_row *row, uint16_t value, char ret[DAY_VALUE_LEN]);

int64_t day_time(const struct day *d, uint32_t entry);
/* "03:12:05", "03:12" */
enum { DAY_CLOCK_LEN = 9 };
const char *day_clock(int64_t ms, char ret[DAY_CLOCK_LEN]);
const char *day_minute(unsigned cell, char ret[DAY_CLOCK_LEN]);
/* "/hour/2026-11-20T03/snapshot-0613" */
enum { DAY_PATH_LEN = 64 };
const char *day_path(const struct day *d, uint32_t entry, char ret[DAY_PATH_LEN]);

#endif
