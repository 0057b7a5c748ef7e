/* taskstats.c -- fuzz target: a message about a thread that ended, and its process
 *
 * Beside not crashing: what is taken has a number and times in order, and becomes a row at once if it is the last of
 * its process or of none, and no row otherwise.
 */
#include "collector/taskstats.h"
#include "tests/fuzz/must.h"

enum { FAMILY = 31, NOW_US = 1000000000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_(cleanup_exits) struct exits *x = NULL;
	const struct exit_row *rows;
	struct exit_message m;
	int r = taskstats_parse(data, len, FAMILY, NOW_US, &m);

	must(r == 0 || r == -ENODATA || r == -EBADMSG);
	if (r < 0)
		return 0;
	must(m.tid != 0 && m.row.ended_us == NOW_US && m.row.begun_us <= NOW_US);
	must(m.row.known >> N_EXIT_COLUMNS == 0 && exits_knows(&m.row, EXIT_LIVED) && !exits_knows(&m.row, EXIT_START));
	must(memchr(m.row.comm, '\0', sizeof m.row.comm));
	must(exits_new(&x) == 0);
	exits_add(x, &m);
	must(exits_take(x, &rows) == (m.last || m.tgid == 0));
	exits_add(x, &m);
	must(exits_lost(x) == 0);
	return 0;
}
