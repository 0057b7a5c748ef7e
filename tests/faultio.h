/* faultio.h -- store/io.h with faults: calls that fail, and power cuts
 *
 * Linked before libstore.a this takes the place of store/io.o. What is done happens to real files below one directory,
 * so that a test may also look at them itself; beside them a model is kept of what the disk would have of it if the
 * power went now.
 *
 * THE MODEL. A disk holds files and directories; each has a durable state and a list of what is pending since.
 *
 * Writes and truncations of a file are pending until io_sync of that file (data_only or not). A directory's creations,
 * renames and removals are pending until io_sync_dir of that directory. Neither sync does the other's: a synced file
 * without a durable name is lost, and a durable name may have nothing of its file's contents.
 *
 * At a power cut each pending write is, by the seed: there; not there; there up to some byte; there in some of its
 * 512-byte sectors, the others being as before, or zero; or there as a size only, with zeros. Each pending truncation
 * is there or not, whatever became of the writes after it: so a torn tail that was cut, but not synced, can come back.
 * Of a directory's pending operations a prefix is there, in their order. Every fourth seed keeps nothing that is
 * pending, every fourth all of it.
 *
 * A sync that fails has lost some of the pending writes for good: they can be read until the power goes, and no later
 * sync makes them durable. (Linux marks the pages clean.)
 *
 * After a power cut, what is there is durable. There is no limit to the number of lives on one directory.
 *
 * Names are of files in the directory given by dirfd. Not thread-safe. What goes wrong in here ends the program.
 */
#ifndef TESTS_FAULTIO_H
#define TESTS_FAULTIO_H

#include <stdbool.h>
#include <stdint.h>

/* Begins a disk: the directory at path and what is in it now, which is durable. A disk before it is forgotten. Random
 * bytes, from now on, come from the seed. */
void faultio_begin(const char *path, uint64_t seed);

enum fault {
	FAULT_FAIL,  /* the nth call fails and has no effect */
	FAULT_SHORT, /* the nth call fails, but if it is a write, some first part of it, or all, is done */
	FAULT_FULL,  /* from the nth call on, whatever needs space on the disk fails as with FAULT_SHORT */
	FAULT_CRASH, /* the nth call and all after it fail with -EIO and have no effect; then comes faultio_crash */
};

/* Arms a fault for the nth call from now on (from 1). All of io.h counts but io_close. err: ENOSPC, EIO, … n = 0: no
 * fault. */
void faultio_at(uint64_t n, enum fault what, int err);

/* Calls fn(arg) before the nth call from now on (from 1), once: what another process does meanwhile. Counts anew, as
 * faultio_at does; fn NULL: nothing. */
void faultio_before(uint64_t n, void (*fn)(void *arg), void *arg);

/* Whether a call has failed because of it. */
bool faultio_hit(void);

/* Calls since faultio_at or faultio_begin. */
uint64_t faultio_calls(void);

/* Cuts the power: the directory becomes what the seed makes of it. No fault is armed after it. Only descriptors of the
 * disk's own directory outlive this. */
void faultio_crash(uint64_t seed);

/* A seeded sequence for the tests' own choices. */
uint64_t faultio_random(uint64_t *state);

#endif
