/* point_stream.h -- streams of points on their way to a histd
 *
 * What is whole is sent in pieces, each answered before the next; what is wrong is told, the first of it with its line,
 * and the rest is kept. 0, or a negative errno, with stderr told; -EINVAL: something was refused.
 */
#ifndef CTL_POINT_STREAM_H
#define CTL_POINT_STREAM_H

#include "client/histfs.h"

/* A text, of a form that libhistfs has. name: of the file. */
int point_stream_text(struct histfs *h, int fd, const char *name, unsigned form, enum histfs_ack ack);

/* Lines as histctl query prints them: series, time and value with tabs between, and a header line or none. */
int point_stream_lines(struct histfs *h, int fd, const char *name, enum histfs_ack ack);

#endif
