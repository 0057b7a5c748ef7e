/* progress.h -- how far a file has been read, on a terminal's last line */
#ifndef CTL_PROGRESS_H
#define CTL_PROGRESS_H

#include <stdint.h>

struct progress {
	uint64_t total; /* bytes, or what else there is to do; 0: nothing is shown */
	uint64_t done;
	uint64_t n; /* of what is counted */
	const char *what;
	int64_t shown_ms;
};

/* Shown only if stderr is a terminal and fd a file, from where it is read now. what: is counted, as "messages". */
void progress_begin(struct progress *p, int fd, const char *what);
/* The same of so much of anything; only if stdout is no terminal, too. */
void progress_begin_of(struct progress *p, uint64_t total, const char *what);
/* Shows what is done, several times a second at most. */
void progress_show(struct progress *p, uint64_t more_bytes, uint64_t more_n);
/* Clears the line. */
void progress_end(struct progress *p);

#endif
