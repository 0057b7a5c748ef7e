/* wal.h -- the log of the hour being recorded: its snapshot frames, and an index over them for readers
 * (docs/format.md, section 7) */
#ifndef STORE_WAL_H
#define STORE_WAL_H

#include "store/group.h"
#include "store/listing.h"
#include "store/log.h"
#include "store/pack.h"

/* A snapshot frame taken apart; the spans point into the payload. */
struct wal_frame {
	struct disk_group h;
	struct disk_heat heat;
	uint32_t text_version;
	struct span sizes; /* n_tables, then (id, rows, text_len) each */
	struct span body;
};

/* Where seq lies in a payload, twice: it is known only when the frame is appended. */
enum { WAL_SEQ_OFF = 0, WAL_HEAT_SEQ_OFF = sizeof(struct disk_group) + offsetof(struct disk_heat, seq) };

int wal_frame_parse(struct span payload, struct wal_frame *ret);

/* Adds the snapshot to a listing, with the sizes in the frame. */
int wal_frame_list(const struct wal_frame *f, struct listing *l);

/* Frames that are decoded together: a keyframe and those based on it. */
struct wal_run {
	uint32_t first; /* index of its first snapshot in the listing */
	uint32_t n;
	uint32_t schema; /* index below */
};

/* An index over a log, which grows with it. One thread. */
struct wal;

/* As log_reader_open. Nothing is read yet. */
int wal_open(int dirfd, const char *name, struct wal **ret);
void wal_close(struct wal *w);
DEFINE_CLEANUP(wal, wal_close)

/* Whether the file of that name is the one that was opened. */
bool wal_is(const struct wal *w, int dirfd, const char *name);

/* Reads what was appended since the last call. Ret: number of new snapshots. A frame whose base is lost is counted, not
 * listed. */
int wal_update(struct wal *w);

const struct file_id *wal_id(const struct wal *w);
const struct listing *wal_listing(const struct wal *w);
const struct disk_heat *wal_heat(const struct wal *w); /* as many as snapshots in the listing */
void wal_runs(const struct wal *w, const struct wal_run **ret, uint32_t *ret_n);
const struct schema *wal_schema(const struct wal *w, uint32_t i);
/* Offset of the frame that holds snapshot i of the listing. */
uint64_t wal_offset(const struct wal *w, uint32_t i);
/* Damage found so far, and snapshots that cannot be read because of it. */
void wal_damage(const struct wal *w, struct log_recovery *ret, uint32_t *ret_n_lost);
/* Length of the log up to the end of the last frame that is indexed. */
uint64_t wal_len(const struct wal *w);
/* False if a frame's sizes are of another TEXT_VERSION: then the listing's are not to be used. */
bool wal_sizes_known(const struct wal *w);

/* Brings a group up to n snapshots of the run (a new one, if *g is NULL); what it holds already is kept. After an error
 * *g, if it is not NULL, is void and to be freed. */
int wal_load(struct wal *w, uint32_t run, uint32_t n, struct unpacker *u, struct group **g);

size_t wal_memory(const struct wal *w);

#endif
