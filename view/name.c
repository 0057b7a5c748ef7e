/* name.c -- see name.h */
#include "view/name.h"

#include "store/text.h"
#include "view/node.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { HOUR_S = 3600, DAY_S = 86400 };

void name_hour(char ret[NAME_MAX_LEN], int32_t hour)
{
	time_t t = (time_t)hour * HOUR_S;
	struct tm tm;

	gmtime_r(&t, &tm);
	snprintf(ret, NAME_MAX_LEN, "%04d-%02d-%02dT%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour);
}

void name_day(char ret[NAME_MAX_LEN], int32_t hour)
{
	name_hour(ret, hour);
	*strchr(ret, 'T') = '\0';
}

void name_snapshot(char ret[NAME_MAX_LEN], int32_t seq)
{
	snprintf(ret, NAME_MAX_LEN, "snapshot-%04d", seq);
}

void name_partition(char ret[NAME_MAX_LEN], uint64_t partition, const char *suffix)
{
	snprintf(ret, NAME_MAX_LEN, "%" PRIu64 "%s", partition, suffix);
}

void name_offset(char ret[NAME_MAX_LEN], uint64_t offset, const char *suffix)
{
	snprintf(ret, NAME_MAX_LEN, "%020" PRIu64 "%s", offset, suffix);
}

void name_target(char ret[NAME_MAX_LEN], const char *prefix, int32_t hour, int32_t seq)
{
	char h[NAME_MAX_LEN], s[NAME_MAX_LEN];

	name_hour(h, hour);
	name_snapshot(s, seq);
	snprintf(ret, NAME_MAX_LEN, "%shour/%.20s/%.20s", prefix, h, s);
}

void name_time(char ret[NAME_MAX_LEN], int64_t ms)
{
	char text[TEXT_TIME_LEN + 1];

	text_time(text, ms);
	for (char *c = text; (c = strchr(c, ':'));)
		*c = '-';
	snprintf(ret, NAME_MAX_LEN, "%s", text);
}

/* --- parsing: each takes what it names off the front of *s, or leaves it alone and says no --- */

/* Exactly n digits. */
static bool take_digits(const char **s, unsigned n, int *ret)
{
	int v = 0;

	for (unsigned i = 0; i < n; i++) {
		if ((*s)[i] < '0' || (*s)[i] > '9')
			return false;
		v = v * 10 + (*s)[i] - '0';
	}
	*s += n;
	*ret = v;
	return true;
}

/* As many digits as there are, at least one, at most 18. */
static bool take_number(const char **s, int64_t *ret)
{
	size_t n = strspn(*s, "0123456789");
	int64_t v = 0;

	if (n == 0 || n > 18)
		return false;
	for (size_t i = 0; i < n; i++)
		v = v * 10 + (*s)[i] - '0';
	*s += n;
	*ret = v;
	return true;
}

static bool take_any(const char **s, const char *set)
{
	if (**s == '\0' || !strchr(set, **s))
		return false;
	(*s)++;
	return true;
}

/* A date's days since 1970. */
static bool take_date(const char **s, int64_t *ret_days)
{
	const char *p = *s;
	struct tm tm = {0}, back;
	time_t t;

	if (!take_digits(&p, 4, &tm.tm_year) || !take_any(&p, "-") || !take_digits(&p, 2, &tm.tm_mon) ||
	    !take_any(&p, "-") || !take_digits(&p, 2, &tm.tm_mday))
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	back = tm;
	t = timegm(&back);
	/* timegm makes 1 March of 30 February; a date is one that comes back as it was. */
	if (back.tm_mon != tm.tm_mon || back.tm_mday != tm.tm_mday)
		return false;
	*ret_days = (int64_t)t / DAY_S;
	*s = p;
	return true;
}

/* A fraction of a second; digits behind the millisecond are dropped. */
static bool take_fraction(const char **s, int64_t *ret_ms)
{
	const char *p = *s;
	int64_t ms = 0;
	int n = 0;

	if (!take_any(&p, ".,"))
		return false;
	for (; *p >= '0' && *p <= '9'; p++, n++) {
		if (n < 3)
			ms = ms * 10 + *p - '0';
	}
	if (n == 0)
		return false;
	for (; n < 3; n++)
		ms *= 10;
	*ret_ms = ms;
	*s = p;
	return true;
}

/* hh[:mm[:ss[.fraction]]] with one of seps between; n_fields: how many of the three were there. */
static bool take_clock(const char **s, const char *seps, int64_t *ret_ms, int *ret_n_fields)
{
	const char *p = *s, *mark;
	int field[3] = {0}, n = 0;
	int64_t ms = 0;

	for (mark = p; n < 3; n++, mark = p) {
		if ((n > 0 && !take_any(&p, seps)) || !take_digits(&p, 2, &field[n])) {
			p = mark;
			break;
		}
	}
	/* 60 is a leap second, which the clock counts as the next minute's first. */
	if (n == 0 || field[0] > 23 || field[1] > 59 || field[2] > 60)
		return false;
	if (n == 3)
		take_fraction(&p, &ms);
	*ret_ms = ((int64_t)field[0] * HOUR_S + field[1] * 60 + field[2]) * 1000 + ms;
	*ret_n_fields = n;
	*s = p;
	return true;
}

/* Z or +hh:mm, +hhmm, +hh; nothing is UTC. */
static bool take_offset(const char **s, int64_t *ret_ms)
{
	const char *p = *s;
	bool west = *p == '-';
	int h, m = 0;

	*ret_ms = 0;
	if (take_any(s, "Zz"))
		return true;
	if (!take_any(&p, "+-"))
		return **s == '\0';
	if (!take_digits(&p, 2, &h))
		return false;
	if (*p) {
		take_any(&p, ":-");
		if (!take_digits(&p, 2, &m))
			return false;
	}
	if (h > 23 || m > 59)
		return false;
	*ret_ms = (west ? -1 : 1) * ((int64_t)h * HOUR_S + m * 60) * 1000;
	*s = p;
	return true;
}

/* -5m and the like. */
static bool parse_ago(const char *s, int64_t *ret_ms)
{
	static const struct {
		char unit;
		int64_t s;
	} units[] = {{'s', 1}, {'m', 60}, {'h', HOUR_S}, {'d', DAY_S}, {'w', 7 * DAY_S}};
	int64_t n;

	if (!take_any(&s, "-") || !take_number(&s, &n) || n > INT32_MAX || strlen(s) != 1)
		return false;
	for (unsigned i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (units[i].unit == *s) {
			*ret_ms = n * units[i].s * 1000;
			return true;
		}
	}
	return false;
}

static bool parse_epoch(const char *s, int64_t *ret_ms)
{
	int64_t n, ms = 0;

	if (!take_number(&s, &n) || n > INT64_MAX / 1000 - 1)
		return false;
	take_fraction(&s, &ms);
	*ret_ms = n * 1000 + ms;
	return *s == '\0';
}

static bool parse_date_time(const char *s, int64_t *ret_ms)
{
	int64_t days, clock = 0, offset = 0;
	int n = 0;

	if (!take_date(&s, &days))
		return false;
	if (*s && !(take_any(&s, "Tt _") && take_clock(&s, ":-", &clock, &n) && take_offset(&s, &offset)))
		return false;
	*ret_ms = days * DAY_S * 1000 + clock - offset;
	return *s == '\0';
}

/* A time of day needs its colon: 03-12 could be a day of March. */
static bool parse_clock(const char *s, int64_t *ret_ms)
{
	int n;

	return take_clock(&s, ":", ret_ms, &n) && n >= 2 && *s == '\0';
}

int name_parse_time(const char *name, int64_t now_ms, int64_t *ret_ms, bool *ret_relative)
{
	const int64_t day_ms = (int64_t)DAY_S * 1000;
	int64_t ms;

	*ret_relative = true;
	if (strcmp(name, "now") == 0) {
		*ret_ms = now_ms;
	} else if (strcmp(name, "yesterday") == 0) {
		*ret_ms = now_ms - day_ms;
	} else if (parse_ago(name, &ms)) {
		*ret_ms = now_ms - ms;
	} else if (parse_clock(name, &ms)) {
		*ret_ms = now_ms - now_ms % day_ms + ms;
	} else if (parse_date_time(name, &ms) || parse_epoch(name, &ms)) {
		*ret_ms = ms;
		*ret_relative = false;
	} else {
		return -ENOENT;
	}
	return 0;
}

int name_parse_hour(const char *name, int32_t *ret_hour)
{
	int64_t days;
	int h;

	if (!take_date(&name, &days) || !take_any(&name, "T") || !take_digits(&name, 2, &h) || *name || h > 23)
		return -ENOENT;
	if (days < 0 || days * 24 + h > NODE_HOUR_MAX)
		return -ENOENT;
	*ret_hour = (int32_t)(days * 24 + h);
	return 0;
}

int name_parse_day(const char *name, int32_t *ret_hour, const char **ret_rest)
{
	int64_t days;

	if (!take_date(&name, &days) || days < 0 || days * 24 + 23 > NODE_HOUR_MAX)
		return -ENOENT;
	*ret_hour = (int32_t)(days * 24);
	*ret_rest = name;
	return 0;
}

int name_parse_snapshot(const char *name, int32_t *ret_seq)
{
	static const char prefix[] = "snapshot-";
	int64_t n;

	if (strncmp(name, prefix, sizeof(prefix) - 1) != 0)
		return -ENOENT;
	name += sizeof(prefix) - 1;
	if (!take_number(&name, &n) || *name || n > NODE_SEQ_MAX)
		return -ENOENT;
	*ret_seq = (int32_t)n;
	return 0;
}

int name_parse_offset(const char *name, const char *suffix, uint64_t *ret_offset)
{
	int64_t n;

	if (*name < '0' || *name > '9')
		return -ENOENT;
	while (name[0] == '0' && name[1] >= '0' && name[1] <= '9')
		name++;
	if (!take_number(&name, &n) || strcmp(name, suffix) != 0)
		return -ENOENT;
	*ret_offset = (uint64_t)n;
	return 0;
}
