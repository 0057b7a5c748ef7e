/* names.c -- names of hours and of the files in snapshots/ */
#include "store/names.h"

#include "store/format.h"
#include "store/text.h"

#include <stdio.h>

enum { HOUR_MS = 3600000 };

int32_t hour_of(int64_t time_ms)
{
	int64_t h = time_ms / HOUR_MS - (time_ms % HOUR_MS < 0);

	return h > INT32_MAX ? INT32_MAX : h < INT32_MIN ? INT32_MIN : (int32_t)h;
}

int64_t hour_begin_ms(int32_t hour)
{
	return (int64_t)hour * HOUR_MS;
}

void hour_name(char ret[HOUR_NAME_LEN + 1], int32_t hour)
{
	char t[TEXT_TIME_LEN + 1];

	text_time(t, hour_begin_ms(hour));
	memcpy(ret, t, HOUR_NAME_LEN);
	ret[HOUR_NAME_LEN] = 0;
}

static bool digits(const char *s, unsigned n, int32_t *ret)
{
	int32_t v = 0;

	for (unsigned i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		v = 10 * v + (s[i] - '0');
	}
	*ret = v;
	return true;
}

bool hour_parse(const char *s, size_t len, int32_t *ret)
{
	static const uint16_t before_month[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	char back[HOUR_NAME_LEN + 1];
	int32_t y, m, d, h, hour;

	if (len != HOUR_NAME_LEN || !digits(s, 4, &y) || s[4] != '-' || !digits(s + 5, 2, &m) || s[7] != '-' ||
	    !digits(s + 8, 2, &d) || s[10] != 'T' || !digits(s + 11, 2, &h))
		return false;
	if (m < 1 || m > 12 || d < 1 || d > 31 || h > 23)
		return false;
	/* Days before the year, its leap day if March has come, and the rest; a day that does not exist does not come
	 * back. */
	hour = 365 * (y - 1970) + (y + 3) / 4 - (y + 99) / 100 + (y + 399) / 400 - 478 + before_month[m - 1] + d - 1;
	hour += m > 2 && y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
	hour = 24 * hour + h;
	hour_name(back, hour);
	if (memcmp(back, s, HOUR_NAME_LEN) != 0)
		return false;
	*ret = hour;
	return true;
}

static bool ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), k = strlen(suffix);

	return n >= k && strcmp(s + n - k, suffix) == 0;
}

bool file_name_parse(const char *name, enum file_type *ret_type, int32_t *ret_hour, uint32_t *ret_part)
{
	static const struct {
		const char *suffix;
		enum file_type type;
	} suffixes[] = {{".wal", FILE_WAL}, {".chunk", FILE_CHUNK}, {".heat", FILE_HEAT},
	    {".wal.damaged", FILE_DAMAGED}, {".chunk.damaged", FILE_DAMAGED}};
	const char *p = name + HOUR_NAME_LEN;

	*ret_hour = 0;
	*ret_part = 0;
	if (ends(name, ".tmp")) {
		*ret_type = FILE_TMP;
		return true;
	}
	if (strlen(name) < HOUR_NAME_LEN || !hour_parse(name, HOUR_NAME_LEN, ret_hour))
		return false;
	if (p[0] == '.' && p[1] >= '1' && p[1] <= '9') {
		for (p++; *p >= '0' && *p <= '9' && *ret_part <= PART_MAX; p++)
			*ret_part = 10 * *ret_part + (uint32_t)(*p - '0');
		if (*ret_part > PART_MAX)
			return false;
	}
	for (unsigned i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
		if (strcmp(p, suffixes[i].suffix) == 0) {
			*ret_type = suffixes[i].type;
			return true;
		}
	return false;
}

void file_name(char ret[FILE_NAME_SIZE], int32_t hour, uint32_t part, const char *suffix)
{
	char name[HOUR_NAME_LEN + 1];
	int n;

	hour_name(name, hour);
	if (part == 0)
		n = snprintf(ret, FILE_NAME_SIZE, "%s%s", name, suffix);
	else
		n = snprintf(ret, FILE_NAME_SIZE, "%s.%u%s", name, part, suffix);
	assert(n > 0 && n < FILE_NAME_SIZE);
}
