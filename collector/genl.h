/* genl.h -- asking generic netlink
 *
 * Functions that wait do so for two seconds at most, then it is -ETIMEDOUT; otherwise a negative errno is the kernel's.
 * One thread a socket.
 */
#ifndef COLLECTOR_GENL_H
#define COLLECTOR_GENL_H

#include "store/bytes.h"

enum { GENL_ANSWER_MAX = 4096 };

/* A bound socket with a large buffer for what comes in. */
int genl_open(int buffer_bytes, int *ret_fd);

/* The number that this kernel gave to a family. -ENOENT: it has none of that name. */
int genl_family(int fd, const char *name, uint16_t *ret);

/* Sends one command with one attribute. flags: NLM_F_ACK, or 0. */
int genl_send(
    int fd, uint16_t family, uint8_t command, uint16_t flags, uint16_t attribute, const void *value, size_t len);
/* Waits for a message of that family, passing over all others. Returns its length, or what went wrong. */
int genl_receive(int fd, uint16_t family, void *buf, size_t cap);
/* Waits until a command that was sent with NLM_F_ACK is done, passing over all messages. 0, or what went wrong. */
int genl_receive_ack(int fd);

/* Takes an attribute off the front. -ENODATA: there is none any more; -EBADMSG: it is cut. */
int genl_next(struct span *s, uint16_t *ret_type, struct span *ret);

#endif
