/* socket.c -- fuzz target: what a client sends to histd's socket
 *
 * The server runs over a store of its own. Beside not crashing: what it answers are whole frames with statuses that are
 * none or errors, it closes the connection, and it goes on serving others.
 */
#include "collector/server.h"
#include "collector/socket.h"
#include "store/recorder.h"
#include "tests/fuzz/must.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static char dir[64];
static struct sockaddr_un addr = {.sun_family = AF_UNIX};
static struct recorder *rec;
static struct config *config;
static struct ingest *ingest;
static struct server *server;
static struct socket_file file;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void end(void)
{
	server_stop(server);
	socket_close(&file);
	must(ingest_close(ingest) == 0);
	recorder_close(rec);
	config_put(config);
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void begin(void)
{
	const char *tmp = getenv("TMPDIR");
	const struct recorder_options o = {0};
	char path[80], error[CONFIG_ERROR_MAX];
	FILE *f;

	/* The path of a socket is short. */
	snprintf(dir, sizeof dir, "%s/histfs-test-XXXXXX", tmp && strlen(tmp) <= 40 ? tmp : "/tmp");
	must(mkdtemp(dir) != NULL);
	snprintf(path, sizeof path, "%s/conf", dir);
	f = fopen(path, "w");
	must(f);
	/* Small limits, so that they are met. */
	fprintf(f,
	    "[socket]\npath = %s/s\nmax_frame = 64K\nmax_message = 1K\n"
	    "[topics]\nmax_topics = 10\nmax_partitions = 20\nsync = none\nsegment_size = 64K\nretention_bytes = 256K\n",
	    dir);
	must(fclose(f) == 0);
	must(config_load(path, &config, error) == 0);
	snprintf(addr.sun_path, sizeof addr.sun_path, "%s/s", dir);
	snprintf(path, sizeof path, "%s/store", dir);
	must(recorder_open(path, &o, &rec) == 0);
	must(ingest_open(recorder_dirfd(rec), recorder_store_id(rec), config, &ingest) == 0);
	must(socket_open(&config->topics.socket, &file) == 0);
	must(server_start(ingest, path, file.fd, &server) == 0);
	atexit(end);
}

static uint32_t le32_at(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Whole frames, of answers and notices. Returns how many. */
static unsigned check(const uint8_t *p, size_t len)
{
	unsigned n = 0;

	while (len > 0) {
		uint32_t frame;

		must(len >= 12);
		frame = le32_at(p);
		must(frame >= 8 && frame <= len - 4 && p[4] >= 128 && p[5] == 0 && p[6] == 0 && p[7] == 0);
		/* A notice has no status; the first with an id is an answer, which has. */
		if (p[4] != 134)
			must(frame >= 12 && (int32_t)le32_at(p + 12) <= 0);
		p += 4 + frame;
		len -= 4 + (size_t)frame;
		n++;
	}
	return n;
}

/* Sends all, and reads all until the server closes. */
static unsigned talk(const uint8_t *data, size_t len)
{
	static uint8_t answers[16 << 20];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t n = 0, sent = 0;
	ssize_t got = 1;

	must(fd >= 0 && connect(fd, (const struct sockaddr *)&addr, sizeof addr) == 0);
	while (sent < len) {
		ssize_t r = send(fd, data + sent, len - sent, MSG_NOSIGNAL);

		if (r < 0)
			break;
		sent += (size_t)r;
	}
	shutdown(fd, SHUT_WR);
	while (n < sizeof answers && (got = recv(fd, answers + n, sizeof answers - n, 0)) > 0)
		n += (size_t)got;
	must(n < sizeof answers);
	close(fd);
	return check(answers, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t hello[] = {10, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0};

	if (!server)
		begin();
	if (len > 64 << 10)
		return 0;
	talk(data, len);
	must(talk(hello, sizeof hello) == 1);
	return 0;
}
