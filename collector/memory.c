/* memory.c -- see memory.h */
#include "collector/memory.h"

#include "collector/procfs.h"
#include "collector/say.h"

#include <fcntl.h>
#include <link.h>
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

/* Whether the sampler or the writer runs in this object. What only talks to database servers, and all that comes with
 * it, is some ten MiB that take memory as they are used. */
static bool is_own(const char *path)
{
	static const char *const own[] = {"ld-linux", "libc.", "libm.", "libzstd.", "libxxhash.", "libinih."};
	const char *name = strrchr(path, '/');

	name = name ? name + 1 : path;
	if (*name == '\0')
		return true; /* the program */
	for (unsigned i = 0; i < N_ELEMENTS(own); i++)
		if (strncmp(name, own[i], strlen(own[i])) == 0)
			return true;
	return false;
}

static int lock_object(struct dl_phdr_info *info, size_t size, void *arg)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	(void)size;
	(void)arg;
	for (unsigned i = 0; i < info->dlpi_phnum && is_own(info->dlpi_name); i++) {
		const ElfW(Phdr) *h = &info->dlpi_phdr[i];
		uintptr_t from = (info->dlpi_addr + h->p_vaddr) & ~(uintptr_t)(page - 1);
		uintptr_t to = info->dlpi_addr + h->p_vaddr + h->p_memsz;

		if (h->p_type == PT_LOAD && mlock((const void *)from, to - from) < 0)
			return -errno;
	}
	return 0;
}

void memory_lock(void)
{
	int r;

	/* A stack or heap made of huge pages is locked whole when its first byte is touched. Not every kernel has them.
	 */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	/* Keeps the reserve from being given back. That this is set also keeps what is large out of the heap. */
	mallopt(M_TRIM_THRESHOLD, 2 * RESERVE);
	r = dl_iterate_phdr(lock_object, NULL);
	if (r < 0) {
		munlockall();
		say("memory cannot be locked: %s; snapshots may be late when memory is short", strerror(-r));
		return;
	}
	/* Everything else, as it comes to be used. */
	if (mlockall(MCL_FUTURE | MCL_ONFAULT) == 0 && is_unlimited() &&
	    mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0)
		return;
	munlockall();
	dl_iterate_phdr(lock_object, NULL);
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
