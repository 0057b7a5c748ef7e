/* tty.c -- table tty: what went over each serial line, out of /proc/tty/driver/serial, which only root may read
 *
 * Lines that no hardware was found for are not recorded. The kernel leaves out an error counter that is 0: such a one
 * is 0 here as well, if the line has its other counters.
 */
#include "collector/columns.h"
#include "collector/line.h"
#include "collector/source.h"

enum { LINE, UART, TX, RX, FRAME, PARITY, BREAKS, OVERRUNS };

static const struct column columns[] = {
    [LINE] = {"line", "", COL_U64, KIND_LABEL, COL_KEY, 0}, /* 0 is ttyS0 */
    [UART] = {"uart", "", COL_STR, KIND_LABEL, 0, 0},
    [TX] = {"tx_bytes", "bytes", COL_U64, KIND_COUNTER, 0, 0},
    [RX] = {"rx_bytes", "bytes", COL_U64, KIND_COUNTER, 0, 0},
    [FRAME] = COUNTER("frame_errors", ""),
    [PARITY] = COUNTER("parity_errors", ""),
    [BREAKS] = COUNTER("breaks", ""),
    [OVERRUNS] = COUNTER("overruns", ""),
};

static const struct {
	const char *name;
	uint32_t column;
} counters[] = {{"tx", TX}, {"rx", RX}, {"fe", FRAME}, {"pe", PARITY}, {"brk", BREAKS}, {"oe", OVERRUNS}};

/* Sets what a word "name:number" says. */
static void take_counter(const char *word, size_t len, struct table *t, uint32_t row)
{
	for (size_t i = 0; i < N_ELEMENTS(counters); i++) {
		size_t name_len = strlen(counters[i].name);
		const char *value = word + name_len + 1;
		uint64_t v;

		if (len > name_len + 1 && strncmp(word, counters[i].name, name_len) == 0 && word[name_len] == ':' &&
		    parse_u64(&value, &v) && value == word + len)
			table_set(t, row, counters[i].column, v);
	}
}

/* "0: uart:16550A port:000003F8 irq:4 tx:218 rx:0 fe:1 RTS|DTR" */
static int sample_line(struct table *t, const char *p)
{
	const char *word;
	uint64_t line;
	uint32_t row;
	size_t len;
	int r;

	if (!line_whole(p) || !parse_u64(&p, &line) || *p != ':')
		return 0;
	p++;
	r = table_add_row(t, &row);
	if (r < 0)
		return r;
	table_set(t, row, LINE, line);
	while (r == 0 && line_word(&p, &word, &len)) {
		if (len > 5 && strncmp(word, "uart:", 5) == 0)
			r = table_set_str(t, row, UART, word + 5, len - 5);
		else
			take_counter(word, len, t, row);
	}
	if (table_is_null(t, TX, row)) {
		table_drop_row(t);
		return r;
	}
	for (uint32_t i = FRAME; i <= OVERRUNS; i++)
		if (table_is_null(t, i, row))
			table_set(t, row, i, 0);
	return r;
}

static int sample(const struct source_env *env, void *state, struct table *t)
{
	const char *p;
	size_t len;
	int r = procfs_read(env->fs, "proc/tty/driver/serial", &p, &len);

	(void)state;
	if (r == -EACCES)
		source_note(env, "only root may read /proc/tty/driver/serial");
	for (; r == 0 && *p != '\0'; parse_next_line(&p))
		r = sample_line(t, p);
	return r == 0 && t->n_rows == 0 ? -ENOENT : r;
}

SOURCE(tty) = {
    .name = "tty",
    .id = 29,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .sample = sample,
    .slow = true,
    .every_ms = 10000,
    .apart = true,
};
