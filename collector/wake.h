/* wake.h -- ending another thread's poll: an eventfd */
#ifndef COLLECTOR_WAKE_H
#define COLLECTOR_WAKE_H

/* A descriptor that is readable once it was woken. */
int wake_new(void);
void wake_up(int fd);
/* Whether it was, since the last call. */
int wake_clear(int fd);

#endif
