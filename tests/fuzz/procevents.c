/* procevents.c -- fuzz target: events of processes
 *
 * An input is messages, 76 bytes each as they are sent, the last one what is left. Beside not crashing: a process that
 * is said to have ended has times in order.
 */
#include "collector/procevents.h"
#include "tests/fuzz/must.h"

enum { MESSAGE = 76 };

static const int64_t now_us = 20000000000;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_(cleanup_procevents) struct procevents *pe = NULL;

	must(procevents_new("tests/fixtures/proc-debian12", &pe) == 0);
	while (len > 0) {
		size_t n = len < MESSAGE ? len : MESSAGE;
		struct exit_message m;
		int r = procevents_parse(pe, data, n, now_us, &m);

		must(r == 0 || r == -ENODATA || r == -EBADMSG);
		if (r == 0) {
			must(m.last && m.tid == m.tgid && m.row.begun_us <= m.row.ended_us && m.row.ended_us <= now_us);
			must(m.row.known >> N_EXIT_COLUMNS == 0 && memchr(m.row.comm, '\0', sizeof m.row.comm));
		}
		data += n;
		len -= n;
	}
	return 0;
}
