/* options.c -- see options.h
 *
 * mount(8) and fstab reach the program as `mount.fuse.histfs STORE DIR [-fnsv] [-t TYPE] [-o OPTIONS]`, mount.fuse as
 * `histfs STORE DIR -o OPTIONS`; both pass on options that are meant for mount itself, which are accepted and mean
 * nothing here.
 */
#include "fs/options.h"

#include "store/cleanup.h"

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <string.h>

#ifndef VERSION
#define VERSION "0.1"
#endif

static const char usage[] =
    "usage: histfs STORE MOUNTPOINT [-f] [-o OPTION,...]\n"
    "\n"
    "Mounts a store of machine history, read-only. Unmount with umount or fusermount3 -u.\n"
    "\n"
    "  -f               stay in the foreground\n"
    "  -h, --help       this text\n"
    "  -V, --version    the version\n"
    "  -o cache=N       bytes of decoded history to keep, with K, M or G (64M)\n"
    "  -o allow_other   let other users in, as far as modes allow; see umask\n"
    "  -o umask=M       permissions to take from 0444 and 0555, octal (007: owner and group only)\n"
    "  -o uid=N,gid=N   owner and group of everything (those of the store)\n";

/* Options for mount(8), or what is so in any case. */
static bool is_ignored(const char *word)
{
	static const char *const words[] = {"rw", "ro", "defaults", "auto", "noauto", "user", "nouser", "users",
	    "owner", "group", "nofail", "_netdev", "dev", "nodev", "suid", "nosuid", "exec", "noexec", "atime",
	    "noatime", "diratime", "nodiratime", "relatime", "norelatime", "async", "sync", "default_permissions"};

	for (size_t i = 0; i < N_ELEMENTS(words); i++) {
		if (strcmp(words[i], word) == 0)
			return true;
	}
	return strncmp(word, "x-", 2) == 0 || strncmp(word, "X-", 2) == 0 || strncmp(word, "comment=", 8) == 0;
}

/* A number in that base, up to max; what is behind it is left in *ret_rest. */
static bool parse_number(const char *s, int base, uint64_t max, uint64_t *ret, const char **ret_rest)
{
	unsigned long long v;
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	v = strtoull(s, &end, base);
	if (errno || v > max)
		return false;
	*ret = v;
	*ret_rest = end;
	return true;
}

static bool parse_whole(const char *s, int base, uint64_t max, uint64_t *ret)
{
	const char *rest;

	return parse_number(s, base, max, ret, &rest) && *rest == '\0';
}

static bool parse_bytes(const char *s, size_t *ret)
{
	static const char units[] = "KMG";
	const char *rest, *unit;
	unsigned shift = 0;
	uint64_t v;

	if (!parse_number(s, 10, SIZE_MAX, &v, &rest))
		return false;
	if (*rest) {
		unit = strchr(units, *rest);
		if (!unit || rest[1])
			return false;
		shift = 10 * (unsigned)(unit - units + 1);
	}
	if (v == 0 || v > SIZE_MAX >> shift)
		return false;
	*ret = (size_t)v << shift;
	return true;
}

/* The value of `key=value`, NULL if the word is something else. */
static const char *value_of(const char *word, const char *key)
{
	size_t len = strlen(key);

	return strncmp(word, key, len) == 0 && word[len] == '=' ? word + len + 1 : NULL;
}

static int parse_word(struct options *o, const char *word)
{
	const char *value;
	uint64_t v = 0;
	bool good;

	if (*word == '\0' || is_ignored(word))
		return 0;
	if (strcmp(word, "allow_other") == 0) {
		o->allow_other = true;
		return 0;
	}
	if ((value = value_of(word, "cache"))) {
		good = parse_bytes(value, &o->cache_bytes);
	} else if ((value = value_of(word, "uid"))) {
		good = parse_whole(value, 10, UINT32_MAX - 1, &v);
		o->uid = (uid_t)v;
	} else if ((value = value_of(word, "gid"))) {
		good = parse_whole(value, 10, UINT32_MAX - 1, &v);
		o->gid = (gid_t)v;
	} else if ((value = value_of(word, "umask"))) {
		good = parse_whole(value, 8, 0777, &v);
		o->umask = (mode_t)v;
	} else {
		warnx("unknown option: -o %s", word);
		return -EINVAL;
	}
	if (good)
		return 0;
	warnx("bad value: -o %s", word);
	return -EINVAL;
}

static int parse_words(struct options *o, const char *words)
{
	_cleanup_(cleanup_free) char *copy = strdup(words);
	char *save = NULL;
	int r = 0;

	if (!copy)
		return -ENOMEM;
	for (char *w = strtok_r(copy, ",", &save); w && r == 0; w = strtok_r(NULL, ",", &save))
		r = parse_word(o, w);
	return r;
}

int options_parse(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
	    {"help", no_argument, NULL, 'h'},
	    {"version", no_argument, NULL, 'V'},
	    {0},
	};
	const char *slash = strrchr(argv[0], '/'), *me = slash ? slash + 1 : argv[0];
	bool is_helper = strncmp(me, "mount.", 6) == 0;
	int c, r;

	*o = (struct options){.uid = (uid_t)-1, .gid = (gid_t)-1, .umask = 0007};
	opterr = 0;
	while ((c = getopt_long(argc, argv, "fhVnsvo:t:", longs, NULL)) >= 0) {
		switch (c) {
		case 'f':
			if (is_helper)
				o->fake = true;
			else
				o->foreground = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 1;
		case 'V':
			puts("histfs " VERSION);
			return 1;
		case 'o':
			r = parse_words(o, optarg);
			if (r < 0)
				return r;
			break;
		case 'n':
		case 's':
		case 'v':
		case 't':
			break;
		default:
			if (optopt)
				warnx("unknown option, or one without its value: -%c (see histfs -h)", optopt);
			else
				warnx("unknown option: %s (see histfs -h)", argv[optind - 1]);
			return -EINVAL;
		}
	}
	if (argc - optind != 2) {
		warnx("usage: histfs STORE MOUNTPOINT [-f] [-o OPTION,...]");
		return -EINVAL;
	}
	o->store = argv[optind];
	o->mountpoint = argv[optind + 1];
	return 0;
}
