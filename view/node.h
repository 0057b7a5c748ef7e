/* node.h -- what an inode number stands for
 *
 *    bit 63   62-55   54-33        32-13       12-0
 *    zero     view    hour + 1     seq + 1     leaf
 *
 * A field of zero is "none": /hour is a view alone, /hour/H has an hour, a snapshot's directory a sequence number, and
 * leaf 0 is the directory itself. Leaves 1 to 4095 are table ids, those above are LEAF_*. The root is view 0 and leaf
 * 1, which makes its number 1. Views from VIEW_SERIES on are /series: VIEW_SERIES + T is table T in an hour, whose seq
 * is a row's number in that hour, and leaf a column's number + 1 (LEAF_PLOT added: its plot). 22 bits of hours reach
 * from 1970 to 2448; Linux sets no clock before 1970 or behind 2262.
 *
 * These numbers are kept by backup programs: a field never moves, and no view or leaf takes a number that was
 * another's.
 */
#ifndef VIEW_NODE_H
#define VIEW_NODE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	NODE_VIEW_MAX = 255,
	NODE_HOUR_MAX = (1 << 22) - 2,
	NODE_SEQ_MAX = (1 << 20) - 2,
	NODE_LEAF_MAX = (1 << 13) - 1,

	VIEW_SERIES = 128,
	SERIES_TABLE_MAX = NODE_VIEW_MAX - VIEW_SERIES,

	LEAF_TABLE_MAX = 4095,
	LEAF_COLUMN_MAX = 4095,
	LEAF_PLOT = 4096,
	LEAF_SUMMARY = 4096,
	LEAF_HEATMAP = 4097,
	LEAF_PG_LOCKS = 4098,
};

struct node {
	uint32_t view;
	int32_t hour; /* -1: none */
	int32_t seq;  /* -1: none */
	uint32_t leaf;
};

static inline uint64_t node_ino(struct node n)
{
	return (uint64_t)n.view << 55 | (uint64_t)(n.hour + 1) << 33 | (uint64_t)(n.seq + 1) << 13 | n.leaf;
}

static inline struct node node_of(uint64_t ino)
{
	return (struct node){
	    .view = (uint32_t)(ino >> 55),
	    .hour = (int32_t)(ino >> 33 & 0x3fffff) - 1,
	    .seq = (int32_t)(ino >> 13 & 0xfffff) - 1,
	    .leaf = (uint32_t)(ino & 0x1fff),
	};
}

#endif
