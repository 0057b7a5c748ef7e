/* series_text.h -- points as they are typed, and as histctl query prints them */
#ifndef CTL_SERIES_TEXT_H
#define CTL_SERIES_TEXT_H

#include "client/histfs.h"
#include "store/cleanup.h"
#include "store/point_key.h"

/* A series, as libhistfs is told of it; to be freed. */
struct series_text {
	const char *metric;
	struct histfs_label labels[POINT_LABELS_MAX];
	size_t n;
	char bytes[]; /* of all the names */
};

/* NAME, or NAME{label="value",…}, with \\, \" and \n in values. NULL in *ret_why: 0. Otherwise -EINVAL and what is
 * wrong, or -ENOMEM. */
int series_text_parse(struct span text, struct series_text **ret, const char **ret_why);

/* A number as C prints them, NaN, Infinity or -Infinity. */
bool series_text_value(const char *text, double *ret);

/* 2026-11-20T03:12:05Z with up to nine digits of a fraction; or a moment as below /at, which is told if it is none. */
bool series_text_time(const char *text, int64_t *ret_ns);
bool series_text_moment(const char *text, int64_t *ret_ns);

/* Takes the escapes of COPY's text format away, in place. False: there are others. */
bool series_text_unescape(char *text);

#endif
