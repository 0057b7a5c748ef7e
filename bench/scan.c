/* scan.c -- reads and renders every table of a store without a mount: what decoding costs
 *
 *   scan STORE      the output: texts, bytes, CPU microseconds
 */
#include "store/store.h"

#include <time.h>

static _Noreturn void die(const char *what, int r)
{
	fprintf(stderr, "scan: %s: %s\n", what, strerror(-r));
	exit(1);
}

static uint64_t cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* In the order in which tar and grep ask: all tables of a snapshot, then the next. */
static void scan_hour(struct store *s, struct hour *h, uint64_t *n, uint64_t *bytes)
{
	struct table_schema *const *tables;
	uint32_t n_tables;
	struct span text;
	int r;

	hour_tables(h, &tables, &n_tables);
	for (uint32_t i = 0; i < hour_n(h); i++) {
		for (uint32_t t = 0; t < n_tables; t++) {
			r = store_text(s, h, i, tables[t]->id, FORM_TEXT, &text);
			if (r == -ENOENT)
				continue;
			if (r < 0)
				die(tables[t]->name, r);
			*n += 1;
			*bytes += span_left(&text);
		}
	}
}

int main(int argc, char **argv)
{
	_cleanup_(cleanup_store) struct store *s = NULL;
	uint64_t start, n = 0, bytes = 0;
	const int32_t *hours;
	struct hour *h;
	size_t n_hours;
	int r;

	if (argc != 2) {
		fputs("usage: scan STORE\n", stderr);
		return 2;
	}
	start = cpu_us();
	r = store_open(argv[1], NULL, &s);
	if (r < 0)
		die(argv[1], r);
	store_hours(s, &hours, &n_hours);
	for (size_t i = 0; i < n_hours; i++) {
		r = store_hour(s, hours[i], &h);
		if (r < 0)
			die(argv[1], r);
		scan_hour(s, h, &n, &bytes);
	}
	printf("%lu %lu %lu\n", (unsigned long)n, (unsigned long)bytes, (unsigned long)(cpu_us() - start));
	return 0;
}
