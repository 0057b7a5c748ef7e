/* client.c -- fuzz target: what a server that is none answers to the library
 *
 * Beside not crashing: calls end, with an error or with results that lie within what was sent.
 */
#include "client/histfs.h"
#include "tests/fuzz/must.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct sockaddr_un addr = {.sun_family = AF_UNIX};
static char dir[64];
static int listener = -1;

struct input {
	const uint8_t *p;
	size_t len;
};

/* A hello that is right, and then the input, whatever is asked. */
static void *answer(void *arg)
{
	static const uint8_t hello[] = {18, 0, 0, 0, 129, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0x80, 0x80, 0x04, 1, 'h'};
	const struct input *in = arg;
	uint8_t sink[4096];
	int fd = accept(listener, NULL, NULL);

	must(fd >= 0);
	send(fd, hello, sizeof hello, MSG_NOSIGNAL);
	send(fd, in->p, in->len, MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	while (recv(fd, sink, sizeof sink, 0) > 0)
		;
	close(fd);
	return NULL;
}

static int each(const char *topic, uint32_t partitions, void *arg)
{
	size_t *sum = arg;

	*sum += strlen(topic) + partitions;
	return 0;
}

/* Reads all that results point to. */
static size_t look_at(const struct histfs_message *m, size_t n)
{
	size_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		const uint8_t *v = m[i].value;

		for (size_t k = 0; k < m[i].value_len; k++)
			sum += v[k];
		for (size_t k = 0; k < m[i].n_headers; k++)
			sum += m[i].headers[k].name_len ? (size_t)m[i].headers[k].name[0] : 1;
	}
	return sum;
}

static size_t use(struct histfs *h)
{
	struct histfs_message m = {.value = "x", .value_len = 1};
	const struct histfs_message *got;
	struct histfs_notice notice;
	struct histfs_offsets o;
	uint64_t next;
	size_t n, sum = 0;

	/* Ids begin with 2, behind hello's. */
	if (histfs_subscribe(h, "t", 0, 0) == 0 && histfs_wait(h, 0, &notice) == 1)
		sum += strlen(notice.topic);
	if (histfs_fetch(h, "t", 0, 0, 100, &got, &n, &next) == 0)
		sum += look_at(got, n);
	histfs_produce_send(h, "t", 0, &m, 1, HISTFS_WRITTEN);
	histfs_offsets(h, "t", 0, 0, &o);
	histfs_topics(h, each, &sum);
	histfs_drain(h, 0);
	return sum + strlen(histfs_error(h));
}

static void end(void)
{
	unlink(addr.sun_path);
	rmdir(dir);
}

static void begin(void)
{
	const char *tmp = getenv("TMPDIR");

	/* The path of a socket is short. */
	snprintf(dir, sizeof dir, "%s/histfs-test-XXXXXX", tmp && strlen(tmp) <= 40 ? tmp : "/tmp");
	must(mkdtemp(dir) != NULL);
	snprintf(addr.sun_path, sizeof addr.sun_path, "%s/s", dir);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(listener >= 0 && bind(listener, (const struct sockaddr *)&addr, sizeof addr) == 0);
	must(listen(listener, 1) == 0);
	atexit(end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = {data, len};
	struct histfs *h = NULL;
	pthread_t thread;

	if (listener < 0)
		begin();
	must(pthread_create(&thread, NULL, answer, &in) == 0);
	must(histfs_open(addr.sun_path, &h) == 0);
	must(use(h) < SIZE_MAX);
	histfs_close(h);
	pthread_join(thread, NULL);
	return 0;
}
