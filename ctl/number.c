/* number.c -- see number.h */
#include "ctl/number.h"

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

int number_option(int option, const char *text, int64_t min, int64_t max, int64_t *ret)
{
	char *end;
	long long v;

	errno = 0;
	v = strtoll(text, &end, 10);
	if (end == text || *end || errno || v < min || v > max) {
		if (max == INT64_MAX)
			warnx("-%c %s: not a number from %" PRId64 " on", option, text, min);
		else
			warnx("-%c %s: not a number from %" PRId64 " to %" PRId64, option, text, min, max);
		return -EINVAL;
	}
	*ret = v;
	return 0;
}
