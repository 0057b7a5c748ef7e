/* name.c -- fuzz target: names of hours and snapshots, times as people write them */
#include "tests/fuzz/must.h"
#include "view/name.h"
#include "view/node.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t now = 1795144325250;
	char *s = malloc(size + 1), back[NAME_MAX_LEN];
	int64_t ms, again;
	bool relative;
	int32_t v;

	must(s);
	memcpy(s, data, size);
	s[size] = '\0';
	if (name_parse_hour(s, &v) == 0) {
		must(v >= 0 && v <= NODE_HOUR_MAX);
		name_hour(back, v);
		must(strcmp(back, s) == 0);
	}
	if (name_parse_snapshot(s, &v) == 0) {
		must(v >= 0 && v <= NODE_SEQ_MAX);
		name_snapshot(back, v);
		must(strncmp(back, s, strlen("snapshot-")) == 0 &&
		     atoi(strrchr(back, '-') + 1) == atoi(strrchr(s, '-') + 1));
	}
	if (name_parse_time(s, now, &ms, &relative) == 0) {
		/* Whether the answer depends on now is what it says. */
		must(name_parse_time(s, now + 86400000, &again, &relative) == 0);
		must((ms != again) == relative);
	}
	free(s);
	return 0;
}
