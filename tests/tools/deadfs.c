/* deadfs.c -- a FUSE file system that takes every request and answers none, as one does whose server is gone
 *
 *   deadfs MOUNTPOINT      says "ready" when it is mounted; ends, and lets go who waits, when it is killed
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static char request[1 << 20];

static void read_request(int fd)
{
	ssize_t n;

	do
		n = read(fd, request, sizeof request);
	while (n < 0 && (errno == EINTR || errno == EAGAIN || errno == ENOENT));
	if (n < 0)
		err(1, "/dev/fuse");
}

/* The only answer: without it the kernel would not send a request. */
static void answer_init(int fd)
{
	struct {
		struct fuse_out_header head;
		struct fuse_init_out init;
	} reply = {.head = {.len = sizeof reply},
	    .init = {.major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION, .max_write = 4096}};
	struct fuse_in_header head;

	memcpy(&head, request, sizeof head);
	if (head.opcode != FUSE_INIT)
		errx(1, "the first request is no FUSE_INIT");
	reply.head.unique = head.unique;
	if (write(fd, &reply, sizeof reply) != sizeof reply)
		err(1, "/dev/fuse");
}

int main(int argc, char **argv)
{
	char options[128];
	int fd;

	if (argc != 2)
		errx(2, "usage: deadfs MOUNTPOINT");
	fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(1, "/dev/fuse");
	snprintf(options, sizeof options, "fd=%d,rootmode=%o,user_id=0,group_id=0", fd, S_IFDIR);
	if (mount("deadfs", argv[1], "fuse.deadfs", 0, options) < 0)
		err(1, "%s", argv[1]);
	read_request(fd);
	answer_init(fd);
	printf("ready\n");
	fflush(stdout);
	for (;;)
		read_request(fd);
}
