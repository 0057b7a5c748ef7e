/* pressure.c -- see pressure.h */
#include "collector/pressure.h"

/* Takes "avg10=" and the like. */
static bool take_label(const char **p, const char *label)
{
	const char *c = *p + strspn(*p, " ");
	size_t len = strlen(label);

	if (strncmp(c, label, len) != 0)
		return false;
	*p = c + len;
	return true;
}

bool pressure_line(const char *p, bool *ret_full, uint64_t ret[PRESSURE_N])
{
	static const char *const labels[] = {"avg10=", "avg60=", "avg300="};
	bool full = strncmp(p, "full ", 5) == 0;
	int64_t avg;

	if (!full && strncmp(p, "some ", 5) != 0)
		return false;
	p += 5;
	for (size_t i = 0; i < N_ELEMENTS(labels); i++) {
		if (!take_label(&p, labels[i]) || !parse_dec(&p, 2, &avg) || *p != ' ')
			return false;
		ret[i] = (uint64_t)avg;
	}
	*ret_full = full;
	return take_label(&p, "total=") && line_u64(&p, &ret[PRESSURE_TOTAL]) && line_ends(p);
}
