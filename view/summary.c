/* summary.c -- the summary of a moment: which parts, with how many lines; and /hour/H/snapshot-N/summary */
#include "view/summary.h"

#include "store/text.h"
#include "view/hours.h"
#include "view/spot.h"

#include <math.h>

/* Heights of screens that get the same share of lines. */
enum { LOW, MIDDLE, HIGH, N_HEIGHTS, MIDDLE_FROM = 40, HIGH_FROM = 70 };

static const struct part {
	int (*put)(const struct summary *m, unsigned rows);
	uint8_t rows[N_HEIGHTS];
} parts[] = {
    {machine_load, {1, 1, 1}},
    {machine_events, {0, 1, 1}},
    {machine_cpus, {1, 4, 17}},
    {machine_memory, {2, 3, 3}},
    {machine_paging, {0, 1, 1}},
    {machine_tcp, {0, 1, 1}},
    {machine_pressure, {1, 2, 2}},
    {machine_recorder, {1, 1, 1}},
    {devices_filesystems, {1, 2, 6}},
    {devices_disks, {1, 3, 10}},
    {devices_nets, {1, 3, 8}},
    {postgres_servers, {2, 6, 16}},
    {tasks_cgroups, {0, 4, 12}},
    {tasks_exited, {1, 3, 8}},
    {processes_lists, {SUMMARY_ROWS_MAX, SUMMARY_ROWS_MAX, SUMMARY_ROWS_MAX}},
};

static int put_head(const struct summary *m, const struct spot *spot)
{
	char time[TEXT_TIME_LEN + 1], name[NAME_MAX_LEN], over[SCREEN_NUMBER_LEN];

	text_time(time, spot->ms);
	name_target(name, "", spot->hour, (int32_t)spot->seq);
	screen_printf(m->s, "%s  %s  over %s  ", time, name, screen_span(over, m->over_s));
	screen_put_str(m->s, str_of(m->host));
	screen_next(m->s);
	return 0;
}

/* Which snapshot it is, and how long after the one before. */
static int look_around(struct summary *m, struct spot *ret)
{
	struct spot before;
	struct store_info info;
	int r = hour_snapshot(m->at.hour, m->at.i, &ret->seq, &ret->ms);

	if (r < 0)
		return r;
	ret->hour = hour_number(m->at.hour);
	m->ms = ret->ms;
	m->over_s = NAN;
	store_info(m->at.store, &info);
	snprintf(m->host, sizeof m->host, "%s", info.host);
	r = spot_step(m->at.store, ret, SPOT_BACK, &before);
	if (r == 0)
		m->over_s = (double)(ret->ms - before.ms) / 1000;
	else if (r == -ENOENT || r == -EBADMSG)
		r = 0;
	/* The hour before may have taken this one's place among those that are open. */
	return r < 0 ? r : store_hour(m->at.store, ret->hour, &m->at.hour);
}

int summary_draw(const struct moment *at, const struct summary_shape *shape, struct screen *s)
{
	unsigned height = s->n_lines < MIDDLE_FROM ? LOW : s->n_lines < HIGH_FROM ? MIDDLE : HIGH;
	struct summary m = {.at = *at, .s = s, .shape = shape};
	struct spot spot;
	int r = look_around(&m, &spot);

	if (r == 0 && shape->head)
		r = put_head(&m, &spot);
	for (size_t k = 0; k < N_ELEMENTS(parts) && r == 0; k++) {
		unsigned rows = parts[k].rows[height];

		if (rows > 0)
			r = parts[k].put(&m, rows);
	}
	return r;
}

const char *summary_sort_name(enum summary_sort sort)
{
	static const char *const names[N_SORTS] = {
	    [SORT_EACH] = "each",
	    [SORT_CPU] = "cpu",
	    [SORT_MEMORY] = "memory",
	    [SORT_IO] = "io",
	    [SORT_WAIT] = "iowait",
	    [SORT_FAULTS] = "faults",
	    [SORT_PID] = "pid",
	};

	return names[sort];
}

/* --- the file --- */

static int summary_text(struct tree *t, struct hour *h, uint32_t i, struct node n, struct span *ret)
{
	static const struct summary_shape shape = {.head = true, .sort = SORT_EACH};
	struct moment at = {t->store, h, i};
	struct buf out = {0};
	struct screen s;
	int r;

	if (cache_get(t->cache, node_ino(n), 0, ret))
		return 0;
	r = screen_init(&s, SUMMARY_WIDTH, 1, SUMMARY_LINES);
	if (r < 0)
		return r;
	r = summary_draw(&at, &shape, &s);
	if (r == 0) {
		buf_put(&out, s.text, screen_len(SUMMARY_WIDTH, SUMMARY_LINES));
		r = cache_put(t->cache, node_ino(n), 0, &out, ret);
	}
	screen_done(&s);
	return r;
}

static int summary_len(struct tree *t, struct hour *h, uint32_t i, struct node n, uint64_t *ret)
{
	(void)t, (void)h, (void)i, (void)n;
	*ret = screen_len(SUMMARY_WIDTH, SUMMARY_LINES);
	return 0;
}

const struct leaf summary_leaf = {
    .name = "summary",
    .id = LEAF_SUMMARY,
    .len = summary_len,
    .text = summary_text,
};
