/* notify.c -- see notify.h */
#include "collector/notify.h"

#include "collector/procfs.h"
#include "collector/say.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

void notify_send(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	_cleanup_(cleanup_close) int fd = -1;
	socklen_t len;

	if (!path || !*path)
		return;
	if ((*path != '/' && *path != '@') || strlen(path) >= sizeof addr.sun_path) {
		say("NOTIFY_SOCKET cannot be used: %s", path);
		return;
	}
	memcpy(addr.sun_path, path, strlen(path));
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	if (*path == '@')
		addr.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&addr, len) < 0)
		say("the service manager cannot be told: %s", strerror(errno));
}

void notify_reloading(void)
{
	struct timespec ts;
	char state[64];

	clock_gettime(CLOCK_MONOTONIC, &ts);
	snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%lld",
	    (long long)ts.tv_sec * 1000000 + ts.tv_nsec / 1000);
	notify_send(state);
}

uint64_t notify_watchdog_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t v;

	if (pid && (!parse_u64(&pid, &v) || *pid != '\0' || v != (uint64_t)getpid()))
		return 0;
	if (!usec || !parse_u64(&usec, &v) || *usec != '\0')
		return 0;
	return v / 1000;
}
