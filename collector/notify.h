/* notify.h -- telling the service manager how the program is doing (sd_notify(3), without its library)
 *
 * Nothing happens where NOTIFY_SOCKET is not set.
 */
#ifndef COLLECTOR_NOTIFY_H
#define COLLECTOR_NOTIFY_H

#include <stdint.h>

/* Sends "READY=1" and the like; several assignments are separated by newlines. */
void notify_send(const char *state);

/* "RELOADING=1" with the time that belongs to it. */
void notify_reloading(void);

/* How often "WATCHDOG=1" is waited for, in milliseconds; 0: not at all. */
uint64_t notify_watchdog_ms(void);

#endif
