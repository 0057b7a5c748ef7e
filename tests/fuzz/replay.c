/* replay.c -- runs a fuzz target over its corpus, and over mutations of it that are the same every time
 *
 * Takes files and directories; without any, tests/fuzz/corpus/NAME, NAME being the program's own. Prints TAP: a test an
 * input. A target that finds something wrong aborts; the input that made it do so is then in NAME.crash.
 */
#include "store/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { MUTATIONS = 2000, INPUT_MAX = 1 << 20 };

static const char *program;
static char crash_name[PATH_MAX];
static const uint8_t *current;
static size_t current_len;
static int n_run;

static void save_current(int sig)
{
	int fd = open(crash_name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd >= 0 && write(fd, current, current_len) == (ssize_t)current_len)
		close(fd);
	signal(sig, SIG_DFL);
	raise(sig);
}

/* The target gets a block of exactly that length, so that a sanitizer sees a read past its end. */
static void run_one(const uint8_t *p, size_t len)
{
	_cleanup_(cleanup_free) uint8_t *exact = malloc(len ? len : 1);

	if (!exact) {
		printf("Bail out! no memory\n");
		exit(1);
	}
	memcpy(exact, p, len);
	current = exact;
	current_len = len;
	LLVMFuzzerTestOneInput(exact, len);
}

static uint64_t next_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

/* One change to the len bytes at p, which has room for INPUT_MAX. Returns the new length. */
static size_t mutate(uint8_t *p, size_t len, uint64_t *rnd)
{
	static const uint32_t numbers[] = {
	    0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x10000, 0x4000000, 0x4000001, 0x7fffffff, 0x80000000, 0xffffffff};
	size_t at, to, n;

	if (len == 0) {
		p[0] = (uint8_t)next_random(rnd);
		return 1;
	}
	at = next_random(rnd) % len;
	n = next_random(rnd) % (len - at < 64 ? len - at : 64) + 1;
	switch (next_random(rnd) % 8) {
	case 0: /* a bit */
		p[at] ^= (uint8_t)(1 << next_random(rnd) % 8);
		return len;
	case 1: /* a byte */
		p[at] = (uint8_t)next_random(rnd);
		return len;
	case 2: /* a number, near the borders of what is allowed */
		if (len - at >= 4)
			memcpy(p + at, &numbers[next_random(rnd) % N_ELEMENTS(numbers)], 4);
		return len;
	case 3: /* a little more or less */
		p[at] = (uint8_t)(p[at] + next_random(rnd) % 9 - 4);
		return len;
	case 4: /* cut */
		return at;
	case 5: /* bytes left out */
		memmove(p + at, p + at + n, len - at - n);
		return len - n;
	case 6: /* bytes twice */
		if (len + n > INPUT_MAX)
			return len;
		memmove(p + at + n, p + at, len - at);
		return len + n;
	default: /* bytes from elsewhere */
		to = next_random(rnd) % len;
		memmove(p + to, p + at, len - to < n ? len - to : n);
		return len;
	}
}

static void run_mutations(const uint8_t *p, size_t len)
{
	_cleanup_(cleanup_free) uint8_t *m = malloc(INPUT_MAX);
	uint64_t rnd = len;

	if (!m) {
		printf("Bail out! no memory\n");
		exit(1);
	}
	for (int i = 0; i < MUTATIONS; i++) {
		size_t n = len;

		memcpy(m, p, len);
		for (uint64_t changes = next_random(&rnd) % 4 + 1; changes > 0; changes--)
			n = mutate(m, n, &rnd);
		run_one(m, n);
	}
}

static bool run_file(const char *path)
{
	_cleanup_(cleanup_free) uint8_t *p = malloc(INPUT_MAX);
	_cleanup_(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n;

	if (fd < 0 || !p)
		return false;
	while ((n = read(fd, p + len, INPUT_MAX - len)) > 0)
		len += (size_t)n;
	if (n < 0)
		return false;
	run_one(p, len);
	run_mutations(p, len);
	return true;
}

static int visible(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

/* Returns how many failed. */
static int run_path(const char *path)
{
	struct dirent **names = NULL;
	struct stat st;
	int n, n_bad = 0;

	if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode)) {
		bool good = run_file(path);

		printf("%sok %d - %s\n", good ? "" : "not ", ++n_run, path);
		return !good;
	}
	n = scandir(path, &names, visible, alphasort);
	if (n < 0) {
		printf("not ok %d - %s: %s\n", ++n_run, path, strerror(errno));
		return 1;
	}
	for (int i = 0; i < n; i++) {
		char in[PATH_MAX];

		if (snprintf(in, sizeof in, "%s/%s", path, names[i]->d_name) < (int)sizeof in)
			n_bad += run_path(in);
		free(names[i]);
	}
	free(names);
	return n_bad;
}

int main(int argc, char **argv)
{
	char corpus[PATH_MAX];
	int n_bad = 0;

	program = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	snprintf(crash_name, sizeof crash_name, "%s.crash", program);
	signal(SIGABRT, save_current);
	signal(SIGSEGV, save_current);
	if (argc > 1) {
		for (int i = 1; i < argc; i++)
			n_bad += run_path(argv[i]);
	} else {
		snprintf(corpus, sizeof corpus, "tests/fuzz/corpus/%s", program);
		n_bad = run_path(corpus);
	}
	/* An empty corpus tests nothing. */
	if (n_run == 0)
		printf("not ok %d - there are inputs\n", ++n_run);
	printf("1..%d\n", n_run);
	return n_run == 0 || n_bad ? 1 : 0;
}
