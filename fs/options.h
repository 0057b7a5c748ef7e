/* options.h -- the command line of histfs */
#ifndef FS_OPTIONS_H
#define FS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct options {
	const char *store; /* borrowed from argv */
	const char *mountpoint;
	bool foreground;
	bool fake; /* called by mount(8) to do everything but mount */
	bool allow_other;
	size_t cache_bytes; /* 0: the store's default */
	uid_t uid;          /* -1: of the store's directory */
	gid_t gid;
	mode_t umask; /* taken from 0444 and 0555 */
};

/* 0: o is filled in; 1: all is said and done (-h, -V); negative: wrong, and stderr has been told in one line. */
int options_parse(struct options *o, int argc, char **argv);

#endif
