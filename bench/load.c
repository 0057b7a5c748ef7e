/* load.c -- the processes of the busy machine that bench/busy makes
 *
 *   load hold PIDFILE COMMAND…   in the background: runs it, adopts what it leaves behind; SIGTERM ends all of them
 *   load idle N                  N sleeping processes with long and varied command lines
 *   load burn PERCENT            about PERCENT of one CPU, more and less in waves
 *   load churn MIB               gets, touches and gives back memory, at most MIB of it
 *   load fork N                  N short-lived processes a second
 *   load write FILE              appends and fsyncs a few times a second, begins anew at 8 MiB
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "store/cleanup.h"

#define IDLE_VARIABLE "HISTFS_BENCH_IDLE"

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void sleep_ms(unsigned ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A fixed sequence, so that every run makes the same machine. */
static uint32_t noise(uint32_t x)
{
	x = (x ^ 61) ^ (x >> 16);
	x *= 9;
	x ^= x >> 4;
	x *= 0x27d4eb2d;
	return x ^ (x >> 15);
}

/* --- hold --- */

/* Parent of a process, 0 if it is gone. */
static pid_t parent_of(pid_t pid)
{
	char path[64], text[512];
	const char *p;
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof text - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = 0;
	p = strrchr(text, ')');
	return p && strlen(p) > 4 ? (pid_t)atoi(p + 4) : 0;
}

static void signal_children(int sig)
{
	DIR *d = opendir("/proc");
	const struct dirent *e;

	if (!d)
		die("/proc");
	while ((e = readdir(d))) {
		pid_t pid = (pid_t)atoi(e->d_name);

		if (pid > 0 && parent_of(pid) == getpid())
			kill(pid, sig);
	}
	closedir(d);
}

/* True when there is no child left. */
static bool reap_all(void)
{
	pid_t pid;

	do
		pid = waitpid(-1, NULL, WNOHANG);
	while (pid > 0);
	return pid < 0;
}

/* What a child leaves behind becomes a child of ours, so ending children until there is none ends everything. */
static void hold_end(void)
{
	for (unsigned i = 0; i < 30 && !reap_all(); i++) {
		signal_children(SIGTERM);
		sleep_ms(100);
	}
	while (!reap_all()) {
		signal_children(SIGKILL);
		sleep_ms(20);
	}
}

static int hold(const char *pidfile, char **command)
{
	sigset_t set;
	pid_t pid;
	FILE *f;
	int sig;

	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid > 0)
		return 0;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (setsid() < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		die("hold");
	f = fopen(pidfile, "we");
	if (!f || fprintf(f, "%d\n", (int)getpid()) < 0 || fclose(f) != 0)
		die(pidfile);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		sigprocmask(SIG_UNBLOCK, &set, NULL);
		execvp(command[0], command);
		die(command[0]);
	}
	while (!reap_all())
		if (sigwait(&set, &sig) != 0 || sig == SIGTERM)
			hold_end();
	unlink(pidfile);
	return 0;
}

/* --- idle --- */

#define HEX4(seed) noise(seed), noise((seed) + 1), noise((seed) + 2), noise((seed) + 3)

/* Command line number i, an argument a line. */
static void command_line(char *out, size_t size, unsigned i)
{
	static const char *const unit[] = {
	    "billing", "search", "mail", "catalog", "session", "report", "gateway", "audit"};
	const char *u = unit[noise(i) % N_ELEMENTS(unit)];
	int len;

	switch (i % 6) {
	case 0:
		len = snprintf(out, size,
		    "/usr/lib/jvm/java-17-openjdk-amd64/bin/"
		    "java\n-Xms%um\n-Xmx%um\n-XX:+UseG1GC\n-Dservice.name=%s-%u\n"
		    "--add-opens=java.base/java.lang=ALL-UNNAMED\norg.example.%s.Main\n--port\n%u\n-cp\n",
		    64 + i, 512 + 8 * i, u, i, u, 8000 + i);
		for (unsigned k = 0; k < 3 + noise(i) % 9; k++)
			len += snprintf(out + len, size - (size_t)len, "/opt/%s/lib/%s-client-%u.%u.jar:", u,
			    unit[noise(i + k) % N_ELEMENTS(unit)], noise(k) % 9, noise(i * k) % 30);
		break;
	case 1:
		snprintf(out, size,
		    "/usr/bin/python3\n/usr/bin/gunicorn\n--workers\n%u\n--bind\nunix:/run/%s/%u.sock\n"
		    "%s.wsgi:application\n--access-logfile\n/var/log/%s/access-%u.log",
		    1 + i % 7, u, i, u, u, i);
		break;
	case 2:
		snprintf(out, size,
		    "/usr/bin/containerd-shim-runc-v2\n-namespace\nmoby\n-id\n%08x%08x%08x%08x%08x%08x%08x%08x\n"
		    "-address\n/run/containerd/containerd.sock",
		    HEX4(i * 8), HEX4(i * 8 + 4));
		break;
	case 3:
		snprintf(out, size, "nginx: worker process %u (%s)", i, u);
		break;
	case 4:
		snprintf(out, size,
		    "/usr/bin/node\n--max-old-space-size=%u\n/srv/%s/current/server.js\n--config\n/etc/%s/%u.json\n"
		    "--instance\n%08x-%04x",
		    256 + i, u, u, i, noise(i), noise(i + 7) & 0xffff);
		break;
	default:
		snprintf(out, size, "/usr/sbin/%s-agent\n-u\n%s\n-D\n--upstream=10.%u.%u.%u:%u", u, u, i % 7, i % 11,
		    i % 250, 9000 + i);
	}
}

/* Replaces this process by a sleeping one with command line number i. */
static _Noreturn void idle_exec(unsigned i)
{
	char line[4096], number[16], *argv[64], *save = NULL;
	unsigned n = 0;

	command_line(line, sizeof line, i);
	snprintf(number, sizeof number, "%u", i);
	setenv(IDLE_VARIABLE, number, 1);
	for (char *p = strtok_r(line, "\n", &save); p && n + 1 < N_ELEMENTS(argv); p = strtok_r(NULL, "\n", &save))
		argv[n++] = p;
	argv[n] = NULL;
	execv("/proc/self/exe", argv);
	die("exec");
}

static _Noreturn void idle_sleep(const char *name, unsigned i)
{
	size_t len = (noise(i) % 128 + 1) * 4096;
	const char *base = strrchr(name, '/');
	char *p = malloc(len);

	if (p)
		memset(p, 1, len);
	prctl(PR_SET_NAME, base ? base + 1 : name);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	for (;;)
		pause();
}

static _Noreturn void idle(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (pid == 0)
			idle_exec(i);
	}
	for (;;)
		pause();
}

/* --- the others --- */

static _Noreturn void burn(unsigned percent)
{
	volatile uint32_t sink = 0;

	for (unsigned round = 0;; round++) {
		unsigned wave = round % 370 < 185 ? round % 370 : 370 - round % 370; /* 0 … 185 … 0 in 37 s */
		double share = percent / 100.0 * (0.5 + wave / 185.0), until;

		if (share > 1)
			share = 1;
		until = cpu_s() + 0.1 * share;
		while (cpu_s() < until)
			for (uint32_t k = 0; k < 1000; k++)
				sink = sink + noise(k);
		sleep_ms((unsigned)(100 * (1 - share)));
	}
}

static _Noreturn void churn(unsigned mib)
{
	for (unsigned round = 0;; round++) {
		size_t len = ((size_t)(noise(round) % (mib ? mib : 1)) + 1) << 20;
		char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			die("mmap");
		for (size_t off = 0; off < len; off += 4096) {
			p[off] = 1;
			if (off % (4 << 20) == 0)
				sleep_ms(10);
		}
		sleep_ms(200 + noise(round + 1) % 800);
		munmap(p, len);
	}
}

static _Noreturn void forker(unsigned per_s)
{
	for (unsigned round = 0;; round++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (pid == 0) {
			char number[16];

			snprintf(number, sizeof number, "job-%u", round);
			execlp("true", "true", "--batch", number, (char *)NULL);
			_exit(127);
		}
		waitpid(pid, NULL, 0);
		sleep_ms(1000 / (per_s ? per_s : 1));
	}
}

static _Noreturn void writer(const char *file)
{
	static char block[64 << 10];
	size_t len = 0;
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		die(file);
	for (unsigned round = 0;; round++) {
		size_t n = (noise(round) % 16 + 1) * 4096;

		if (len + n > 8 << 20) {
			if (ftruncate(fd, 0) < 0)
				die(file);
			len = 0;
		}
		memset(block, (int)round, n);
		if (pwrite(fd, block, n, (off_t)len) != (ssize_t)n || fsync(fd) < 0)
			die(file);
		len += n;
		sleep_ms(150 + noise(round) % 200);
	}
}

int main(int argc, char **argv)
{
	const char *i = getenv(IDLE_VARIABLE), *what = argc > 2 ? argv[1] : "";

	if (i)
		idle_sleep(argv[0], (unsigned)atoi(i));
	if (!strcmp(what, "hold") && argc > 3)
		return hold(argv[2], argv + 3);
	if (!strcmp(what, "idle"))
		idle((unsigned)atoi(argv[2]));
	if (!strcmp(what, "burn"))
		burn((unsigned)atoi(argv[2]));
	if (!strcmp(what, "churn"))
		churn((unsigned)atoi(argv[2]));
	if (!strcmp(what, "fork"))
		forker((unsigned)atoi(argv[2]));
	if (!strcmp(what, "write"))
		writer(argv[2]);
	fputs("usage: load hold PIDFILE COMMAND… | idle N | burn PERCENT | churn MIB | fork N | write FILE\n", stderr);
	return 2;
}
