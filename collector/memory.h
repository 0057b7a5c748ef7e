/* memory.h -- memory that is there when there is none
 *
 * A page of the program that was taken away is read from a disk that is busy or full, and a new page is waited for
 * while the kernel looks for one. So the program is read in and locked at the start, what it allocates is locked when
 * it is first touched, and what sampling needs from tick to tick was touched before.
 */
#ifndef COLLECTOR_MEMORY_H
#define COLLECTOR_MEMORY_H

/* Reads in and locks the program with the libraries that sampling and writing need, and has everything else, also what
 * will be allocated, locked when it is first touched; to call before there are threads. Says it if that is not
 * permitted. */
void memory_lock(void);

/* Allocates ahead for the calling thread: a reserve of the allocator's, and of its stack. */
void memory_ahead(void);

/* Makes the kernel look elsewhere first when it must end processes for want of memory: adj as in
 * /proc/self/oom_score_adj. Never asks for less protection than there is. Says it if that is not permitted. */
void memory_protect(int adj);

#endif
