/* heat.h -- the heatmap's measures of a snapshot, and the sidecar that keeps them (docs/format.md, section 9) */
#ifndef STORE_HEAT_H
#define STORE_HEAT_H

#include "store/sealed.h"
#include "store/table.h"

/* Counters of the snapshot before, which rates are taken from. */
struct heat_state;

int heat_state_new(struct heat_state **ret);
void heat_state_free(struct heat_state *h);
DEFINE_CLEANUP(heat_state, heat_state_free)

/* The entry of a snapshot that follows the one given before (of the same boot; otherwise, and for the first one, all
 * rates are unknown). Absent tables, columns and NULLs make measures HEAT_UNKNOWN. seq is left 0.
 *
 *   cpu, iowait   share of the `all` row of `cpu` that was not idle or iowait / was iowait
 *   mem           1 - MemAvailable / MemTotal (MemFree + Buffers + Cached on kernels before 3.14)
 *   psi_*         growth of `some` total over the time
 *   disk          largest growth of io_ms over the time
 *   health        100 less the worst of: psi cpu, psi io, twice psi memory, ten times what memory is used over 900 ‰
 * (in per cent; without psi: cpu busy over 900 ‰ times ten, iowait) */
int heat_entry(struct heat_state *h, const struct snapshot *s, struct disk_heat *ret);

/* The measures as columns are named. */
extern const char *const heat_names[HEAT_N];

/* Writes the sidecar of a chunk. */
int heat_write(int dirfd, const char *name, struct file_id *id, const struct disk_heat *entries, uint32_t n);
/* Reads it whole; *ret is to be freed. -EBADMSG, -ENOENT. */
int heat_read(int dirfd, const char *name, struct disk_heat **ret, uint32_t *ret_n);

#endif
