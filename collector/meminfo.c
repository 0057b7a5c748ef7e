/* meminfo.c -- see meminfo.h */
#include "collector/meminfo.h"

bool meminfo_describe(
    const char *name, size_t len, const char *unit, size_t unit_len, char ret_name[65], struct column *ret)
{
	bool kb = unit_len == 2 && memcmp(unit, "kB", 2) == 0;
	char plain[64];
	size_t n = 0;

	if ((unit_len > 0 && !kb) || len + strlen("_kb") > sizeof plain)
		return false;
	for (size_t i = 0; i < len; i++)
		if (name[i] != ')')
			plain[n++] = name[i] == '(' ? '_' : name[i];
	if (kb) {
		memcpy(plain + n, "_kb", strlen("_kb"));
		n += strlen("_kb");
	}
	source_name(ret_name, plain, n);
	*ret = (struct column){.unit = kb ? "kB" : "", .type = COL_U64, .kind = KIND_GAUGE};
	return true;
}
