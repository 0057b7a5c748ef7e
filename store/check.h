/* check.h -- checks of decoded snapshots against what a file says of them
 *
 * Part of verify. Snapshots are given in the order of the files; heat is compared from one to the next, across files
 * too.
 */
#ifndef STORE_CHECK_H
#define STORE_CHECK_H

#include "store/group.h"
#include "store/heat.h"
#include "store/listing.h"
#include "store/names.h"
#include "store/pack.h"
#include "store/verify.h"

/* What is being checked, and the snapshot before it. */
struct check {
	const struct verify_calls *calls;
	struct verify_count *count;
	struct unpacker *unpacker;
	struct heat_state *heat;

	char file[TOPIC_NAME_MAX + 128]; /* within the store */
	int32_t hour;

	bool any;
	int32_t last_hour; /* the file's that it was in */
	uint64_t boot, boot_us;
	uint64_t step_us; /* from the one before it */
	uint32_t seq;
};

/* What a file says of its snapshots. A member is NULL where that is damaged. */
struct check_claims {
	const struct listing *listing;
	bool sizes; /* the listing's sizes are of this TEXT_VERSION */
	const struct disk_heat *heat;
};

/* Tells of a problem at an offset of the file. */
void check_problem(struct check *c, uint64_t off, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* All snapshots of a group that lies at off, the first being number first of the file's. A kind of problem is told once
 * a group. -ENOMEM. */
int check_group(struct check *c, struct group *g, uint64_t off, uint32_t first, const struct check_claims *claims);

#endif
