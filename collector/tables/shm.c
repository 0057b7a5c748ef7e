/* shm.c -- table shm: System V shared memory of all segments together, out of /proc/sysvipc/shm
 *
 * The kernel lists the segments of its reader's IPC namespace.
 */
#include "collector/columns.h"
#include "collector/line.h"
#include "collector/source.h"

enum { SEGMENTS, SIZE, RSS, SWAP, ATTACHED };

static const struct column columns[] = {
    [SEGMENTS] = GAUGE("segments", ""),
    [SIZE] = GAUGE("size_bytes", "bytes"),
    [RSS] = GAUGE("rss_bytes", "bytes"), /* since 2.6.33, as swap */
    [SWAP] = GAUGE("swap_bytes", "bytes"),
    [ATTACHED] = GAUGE("attached", ""), /* how often in all */
};

/* Places in a line. Numbers stand in all of them; the permissions are octal. */
enum { SIZE_AT = 3, ATTACHED_AT = 6, RSS_AT = 14, SWAP_AT = 15, FIELDS_MIN = 14, FIELDS = 16 };

struct sums {
	uint64_t segments, size, rss, swap, attached;
	bool has_rss;
};

/* Adds a line; false if it is none of a segment. */
static bool add_line(const char *p, struct sums *s)
{
	uint64_t v[FIELDS];
	unsigned n = 0;

	if (!line_whole(p))
		return false;
	/* A key above the half of its range is shown as negative. */
	while (n < FIELDS) {
		int64_t key;

		if (n == 0 ? !line_i64(&p, &key) : !line_u64(&p, &v[n]))
			break;
		n++;
	}
	if (n < FIELDS_MIN)
		return false;
	s->segments++;
	s->size += v[SIZE_AT];
	s->attached += v[ATTACHED_AT];
	s->has_rss &= n == FIELDS;
	if (n == FIELDS) {
		s->rss += v[RSS_AT];
		s->swap += v[SWAP_AT];
	}
	return true;
}

static int sample(const struct source_env *env, void *state, struct table *t)
{
	struct sums s = {.has_rss = true};
	const char *p;
	uint32_t row;
	size_t len;
	int r = procfs_read(env->fs, "proc/sysvipc/shm", &p, &len);

	(void)state;
	if (r < 0)
		return r;
	/* Behind the line of headings. A sum without one of the lines would be another. */
	if (!line_whole(p))
		return -ENODATA;
	for (parse_next_line(&p); *p != '\0'; parse_next_line(&p))
		if (!add_line(p, &s))
			return -ENODATA;
	r = table_add_row(t, &row);
	if (r < 0)
		return r;
	table_set(t, row, SEGMENTS, s.segments);
	table_set(t, row, SIZE, s.size);
	table_set(t, row, ATTACHED, s.attached);
	if (s.has_rss) {
		table_set(t, row, RSS, s.rss);
		table_set(t, row, SWAP, s.swap);
	}
	return 0;
}

SOURCE(shm) = {
    .name = "shm",
    .id = 35,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .sample = sample,
    .slow = true,
    .every_ms = 10000,
};
