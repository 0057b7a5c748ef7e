/* procfs.h -- reading below a root prefix, so that a captured tree can stand in for the machine
 *
 * Paths are relative to the root ("proc/stat", "sys/class/net"). Files are read whole into a buffer of the reader's,
 * which is terminated by a NUL behind its length and valid until the next read of that reader. No stdio anywhere. One
 * thread.
 */
#ifndef COLLECTOR_PROCFS_H
#define COLLECTOR_PROCFS_H

#include "store/bytes.h"
#include "store/cleanup.h"

struct procfs;

/* root: "/" for this machine. */
int procfs_open(const char *root, struct procfs **ret);
void procfs_close(struct procfs *fs);
DEFINE_CLEANUP(procfs, procfs_close)

int procfs_rootfd(const struct procfs *fs);

/* Whether proc below the root is the kernel's own and numbers processes as this program sees them: then what the kernel
 * tells by other ways is about the same machine. False for a captured tree. */
bool procfs_is_own(const struct procfs *fs);

/* Reads a file once: open, read to its end, close. The text lies in the procfs's own buffer. */
int procfs_read(struct procfs *fs, const char *path, const char **ret, size_t *ret_len);

/* A file that is kept open and read from its start again and again (one pread as a rule). */
struct procfile {
	int fd; /* -1: not open (yet, or any more) */
	char *p;
	size_t cap;
};
#define PROCFILE_CLOSED ((struct procfile){.fd = -1})

/* Opens path if it is not open and reads it whole; a file that went away and came back (-ENODEV, -ESRCH, …) is opened
 * anew once. The text is NUL-terminated and stays valid until the next read of pf. */
int procfile_read(struct procfs *fs, struct procfile *pf, const char *path, const char **ret, size_t *ret_len);
void procfile_done(struct procfile *pf);

/* --- parsing, on text that ends in a NUL --- */

/* Skips blanks, takes an unsigned decimal number; false (nothing taken) if there is none or it exceeds 64 bits. */
bool parse_u64(const char **p, uint64_t *ret);
bool parse_i64(const char **p, int64_t *ret);
/* Takes "12.34" as an integer scaled by 10^scale; further digits are dropped. */
bool parse_dec(const char **p, unsigned scale, int64_t *ret);
/* Skips blanks, takes hexadecimal digits. */
bool parse_hex(const char **p, uint64_t *ret);
/* Skips blanks, takes a run of non-blanks; its length is 0 at the end of the line. Does not pass '\n'. */
const char *parse_word(const char **p, size_t *ret_len);
/* Moves behind the next '\n', or to the terminating NUL. False if it is at the NUL already. */
bool parse_next_line(const char **p);

#endif
