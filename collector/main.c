/* main.c -- histd, the recorder: options, signals, threads
 *
 * THREADS. sampler -> queue -> writer -> log; sealer: finished logs -> chunks; one writes what is said. Messages have
 * three of their own (intake.c). This one waits for signals and feeds the service manager's watchdog while there are
 * ticks. Stopping goes along the snapshots' way, so that the last one taken is written and synced.
 */
#include "collector/intake.h"
#include "collector/memory.h"
#include "collector/notify.h"
#include "collector/procfs.h"
#include "collector/sampler.h"
#include "collector/say.h"
#include "collector/version.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

enum { EXIT_USAGE = 2 };

/* Sampling hangs if there was no tick for so many intervals, and half a minute. */
enum { HANG_TICKS = 3, HANG_MS = 30000 };

struct options {
	const char *config_path;
	int ready_fd;
};

struct histd {
	const char *config_path;
	struct config *config;
	struct recorder *rec;
	struct age_clock *clock;
	struct sealer *sealer;
	struct writer *writer;
	struct sampler *sampler;
	struct intake *intake;
	uint64_t seen_ticks;
	int64_t seen_ms; /* when the number of ticks last changed, monotonic */
};

static void usage(FILE *to)
{
	fprintf(to,
	    "usage: histd [-c FILE] [--ready-fd N]\n"
	    "       histd -V | -h\n"
	    "Records this machine's processes and counters into a store, until it is told to stop (SIGTERM, SIGINT).\n"
	    "  -c, --config FILE   configuration; without it the defaults hold (see histd.conf(5))\n"
	    "      --ready-fd N    writes \"ready\\n\" to this descriptor when recording has begun, and closes it\n"
	    "  -V, --version       prints the version\n"
	    "  -h, --help          prints this\n"
	    "SIGHUP rereads the configuration.\n");
}

/* Returns -1 to go on, or the exit status. */
static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"ready-fd", required_argument, NULL, 'r'},
	    {"version", no_argument, NULL, 'V'},
	    {"help", no_argument, NULL, 'h'},
	    {0},
	};
	const char *text;
	uint64_t fd;
	int c;

	while ((c = getopt_long(argc, argv, "c:Vh", longs, NULL)) >= 0) {
		switch (c) {
		case 'c':
			o->config_path = optarg;
			break;
		case 'r':
			text = optarg;
			if (!parse_u64(&text, &fd) || *text != '\0' || fd > 1 << 20) {
				say("--ready-fd: '%s' is no descriptor", optarg);
				return EXIT_USAGE;
			}
			o->ready_fd = (int)fd;
			break;
		case 'V':
			printf("histd %s\n", VERSION);
			return EXIT_SUCCESS;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		default:
			usage(stderr);
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return EXIT_USAGE;
	}
	return -1;
}

static int64_t monotonic_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

/* The files of many processes are kept open. */
static void raise_descriptors(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) < 0)
		return;
	lim.rlim_cur = lim.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &lim) < 0)
		say("the limit of open files cannot be raised: %s", strerror(errno));
}

static void say_line(void *arg, const char *line)
{
	(void)arg;
	say("%s", line);
}

static int open_store(struct histd *h)
{
	struct recorder_options o = {
	    .sync = h->config->sync,
	    .seal_level = (int)h->config->seal_level,
	    .say = say_line,
	};
	int r = recorder_open(h->config->store, &o, &h->rec);
	const char *why;

	if (r == 0)
		return 0;
	why = r == -EWOULDBLOCK       ? "another histd is recording into it"
	      : r == -ENOTEMPTY       ? "the directory holds other things and no store"
	      : r == -EPROTONOSUPPORT ? "it was written by a newer version"
	      : r == -EBADMSG         ? "the store's own file is damaged"
	                              : strerror(-r);
	say("store %s: %s", h->config->store, why);
	return r;
}

static int start(struct histd *h)
{
	const struct config *c = h->config;
	int r = open_store(h);

	if (r < 0)
		return r;
	r = age_clock_new(recorder_dirfd(h->rec), &h->clock);
	if (r == 0)
		r = sealer_start(h->rec, h->clock, c->retention_bytes, (int64_t)c->retention_age_ms, &h->sealer);
	if (r == 0)
		r = writer_start(h->rec, h->sealer, c->sync_every, c->priority, &h->writer);
	if (r == 0)
		r = sampler_start(h->config, h->rec, h->writer, &h->sampler);
	if (r < 0)
		say("recording of %s cannot begin: %s", c->root, strerror(-r));
	else
		intake_start(recorder_dirfd(h->rec), recorder_store_id(h->rec), h->config, h->clock, &h->intake);
	return r;
}

/* Ends what was begun. 0, or the error that kept the last snapshots from the disk. */
static int stop(struct histd *h)
{
	int r = 0, messages = intake_stop(h->intake);

	if (h->sampler)
		sampler_stop(h->sampler);
	if (h->writer)
		r = writer_stop(h->writer);
	if (h->sealer)
		sealer_stop(h->sealer);
	if (h->clock)
		age_clock_free(h->clock);
	if (h->rec)
		recorder_close(h->rec);
	return r < 0 ? r : messages;
}

static void say_fixed(const char *key)
{
	say("%s is changed: this takes effect at the next start", key);
}

static void reload(struct histd *h)
{
	_cleanup_(cleanup_config) struct config *next = NULL;
	char error[CONFIG_ERROR_MAX];

	notify_reloading();
	if (config_load(h->config_path, &next, error) < 0) {
		say("%s", error);
		say("the configuration stays as it was");
		notify_send("READY=1");
		return;
	}
	if (strcmp(next->store, h->config->store) != 0)
		say_fixed("path");
	if (next->sync != h->config->sync)
		say_fixed("sync");
	if (next->seal_level != h->config->seal_level)
		say_fixed("seal_level");
	if (next->priority != h->config->priority)
		say_fixed("priority");
	if (next->lock_memory != h->config->lock_memory)
		say_fixed("lock_memory");
	if (next->oom_score_adj != h->config->oom_score_adj)
		say_fixed("oom_score_adj");
	sealer_configure(h->sealer, next->retention_bytes, (int64_t)next->retention_age_ms);
	writer_configure(h->writer, next->sync_every);
	sampler_configure(h->sampler, next);
	intake_configure(h->intake, next);
	config_put(h->config);
	h->config = TAKE(next);
	say("the configuration is read again");
	notify_send("READY=1");
}

/* Feeds the watchdog, unless sampling hangs. */
static void feed_watchdog(struct histd *h)
{
	uint64_t interval_ms, n = sampler_ticks(h->sampler, &interval_ms);
	int64_t now = monotonic_ms();

	if (n != h->seen_ticks) {
		h->seen_ticks = n;
		h->seen_ms = now;
	}
	if (now - h->seen_ms <= (int64_t)(HANG_TICKS * interval_ms + HANG_MS))
		notify_send("WATCHDOG=1");
}

static void run(struct histd *h, const sigset_t *signals)
{
	uint64_t wait_ms = notify_watchdog_ms() / 2;
	struct timespec wait = {(time_t)(wait_ms / 1000), (long)(wait_ms % 1000 * 1000000)};

	h->seen_ms = monotonic_ms();
	for (;;) {
		int sig = wait_ms ? sigtimedwait(signals, NULL, &wait) : sigwaitinfo(signals, NULL);

		if (sig == SIGTERM || sig == SIGINT)
			return;
		if (sig == SIGHUP)
			reload(h);
		if (wait_ms)
			feed_watchdog(h);
	}
}

/* For the day when memory is short and nobody reads what is said. Before there are threads. */
static void prepare(const struct config *c)
{
	int r;

	memory_protect(c->oom_score_adj);
	if (c->lock_memory)
		memory_lock();
	memory_ahead();
	r = say_start();
	if (r < 0)
		say("messages: no thread: %s", strerror(-r));
}

/* Says that recording has begun. */
static void tell_ready(int ready_fd)
{
	notify_send("READY=1");
	if (ready_fd < 0)
		return;
	if (write(ready_fd, "ready\n", 6) != 6)
		say("--ready-fd %d: %s", ready_fd, strerror(errno));
	close(ready_fd);
}

int main(int argc, char **argv)
{
	struct options o = {.ready_fd = -1};
	struct histd h = {0};
	char error[CONFIG_ERROR_MAX];
	sigset_t signals;
	int r, stopped;

	r = parse_options(argc, argv, &o);
	if (r >= 0)
		return r;
	if (config_load(o.config_path, &h.config, error) < 0) {
		say("%s", error);
		return EXIT_USAGE;
	}
	h.config_path = o.config_path;
	/* What is recorded is for the owner and the group only. */
	umask(027);
	raise_descriptors();
	/* Blocked here, before there are threads: they are waited for in run. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);

	prepare(h.config);

	r = start(&h);
	if (r == 0) {
		say("recording into %s", h.config->store);
		tell_ready(o.ready_fd);
		run(&h, &signals);
		notify_send("STOPPING=1");
		say("stopping");
	}
	stopped = stop(&h);
	say_stop();
	config_put(h.config);
	return r < 0 || stopped < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
