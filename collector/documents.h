/* documents.h -- histd's payloads: opened, put into, synced
 *
 * Everything but documents_stat and documents_configure belongs to one thread, the server's (server.h). Recording and
 * topics do not depend on it: payloads that cannot be opened are said, and every request for them fails. It is tried
 * again after a second, and then after twice as long each time, up to a minute: a disk may have been full.
 *
 * SYNCING. What is put is synced when somebody waits for it (documents_want), and within a second anyway, by one
 * documents_commit for all (group_sync.h): that is how many writers share a sync.
 */
#ifndef COLLECTOR_DOCUMENTS_H
#define COLLECTOR_DOCUMENTS_H

#include "collector/config.h"
#include "store/payloads.h"

struct documents;

/* In a store whose lock is held; store_fd is needed until documents_close. boot: the low half of the boot's id.
 * -ENOMEM; whatever else keeps payloads from being opened is said. */
int documents_open(
    int store_fd, uint64_t store_id, uint32_t boot, const struct config_payloads *c, struct documents **ret);
/* What of it can be changed is so from now on; from any thread. */
void documents_configure(struct documents *d, const struct config_payloads *c);
/* Syncs and closes. 0, or the error of a sync. */
int documents_close(struct documents *d);

/* To read them; NULL: they are not open, or not yet. Also for the thread that tidies them. */
struct payloads *documents_payloads(struct documents *d);

/* As payloads_put, at the time of day. A failure of the disk is said once. */
int documents_put(struct documents *d, const struct payload_put *puts, size_t n, uint64_t *ret_number,
    uint32_t *ret_written, struct payload_error *ret_error);

/* What was put is to be synced by the next commit. The result will be there; NULL: all is synced. */
const int *documents_want(struct documents *d);
bool documents_wanted(const struct documents *d);
/* Syncs if that is wanted or due, tries to open them if that is due. Returns after how many ms it will be due, -1: it
 * is not. */
int documents_commit(struct documents *d);

/* For health; from any thread. */
struct documents_stat {
	struct payloads_state store;
	uint64_t n_puts, n_gets; /* records; reads by clients */
	uint64_t n_syncs;
	uint64_t n_failed; /* puts and syncs */
	int why;           /* they could not be opened; 0: they are open, or nobody has them */
};
/* False: none are open; why is told. */
bool documents_stat(struct documents_stat *ret);
/* From the server's thread: what is counted elsewhere. */
struct documents_stat *documents_counts(struct documents *d);
/* From the server's thread: shows the counts to others. */
void documents_publish(struct documents *d);

#endif
