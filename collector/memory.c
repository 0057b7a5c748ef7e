/* memory.c -- see memory.h */
#include "collector/memory.h"

#include "collector/procfs.h"
#include "collector/say.h"

#include <fcntl.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

enum {
	RESERVE = 1 << 20,
	PIECE = 64 << 10, /* below what malloc maps on its own */
	STACK = 64 << 10,
	SCORE = 16,
};

/* Whether more than the limit can be locked. If not, locking what is allocated makes allocating fail at the limit. */
static bool is_unlimited(void)
{
	struct rlimit lim;
	size_t len;
	void *p;

	if (getrlimit(RLIMIT_MEMLOCK, &lim) < 0)
		return false;
	if (lim.rlim_cur == RLIM_INFINITY)
		return true;
	len = (size_t)lim.rlim_cur + (size_t)sysconf(_SC_PAGESIZE);
	p = mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return false;
	munmap(p, len);
	return true;
}

void memory_lock(void)
{
	/* A stack or heap made of huge pages is locked whole when its first byte is touched. Not every kernel has them.
	 */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	/* Keeps the reserve from being given back. That this is set also keeps what is large out of the heap. */
	mallopt(M_TRIM_THRESHOLD, 2 * RESERVE);
	if (mlockall(MCL_CURRENT) < 0) {
		say("memory cannot be locked: %s; snapshots may be late when memory is short", strerror(errno));
		return;
	}
	if (mlockall(MCL_FUTURE | MCL_ONFAULT) == 0 && is_unlimited())
		return;
	/* The program alone. */
	if (mlockall(MCL_CURRENT) < 0)
		munlockall();
	say("only the program itself is locked in memory, for the limit of locked memory");
}

static void touch_stack(void)
{
	volatile char room[STACK];
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	for (size_t i = 0; i < sizeof room; i += page)
		room[i] = 0;
	(void)room[0];
}

void memory_ahead(void)
{
	void *pieces[RESERVE / PIECE];

	touch_stack();
	for (size_t i = 0; i < N_ELEMENTS(pieces); i++) {
		pieces[i] = malloc(PIECE);
		if (pieces[i])
			explicit_bzero(pieces[i], PIECE);
	}
	for (size_t i = 0; i < N_ELEMENTS(pieces); i++)
		free(pieces[i]);
}

void memory_protect(int adj)
{
	_cleanup_(cleanup_close) int fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
	char text[SCORE];
	ssize_t n = fd < 0 ? -1 : pread(fd, text, sizeof text - 1, 0);
	int len;

	if (n >= 0) {
		text[n] = '\0';
		if (atoi(text) <= adj)
			return;
		len = snprintf(text, sizeof text, "%d", adj);
		n = pwrite(fd, text, (size_t)len, 0);
	}
	if (n < 0)
		say("oom_score_adj cannot be %d: %s; the kernel may choose histd when memory runs out", adj,
		    strerror(errno));
}
