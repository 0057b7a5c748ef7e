/* node.h -- what an inode number stands for
 *
 *    bit 63   62-55   54-33        32-13       12-0
 *    zero     view    hour + 1     seq + 1     leaf
 *
 * A field of zero is "none": /hour is a view alone, /hour/H has an hour, a snapshot's directory a sequence number, and
 * leaf 0 is the directory itself. Leaves 1 to 4095 are table ids, those above are LEAF_*. The root is view 0 and leaf
 * 1, which makes its number 1. Views from VIEW_SERIES on are /series: VIEW_SERIES + T is table T in an hour, whose seq
 * is a row's number in that hour, and leaf a column's number + 1 (LEAF_PLOT added: its plot). 22 bits of hours reach
 * from 1970 to 2448; Linux sets no clock before 1970 or behind 2262. In VIEW_HOUR_LOG, seq is a partition's number, and
 * leaf 1 the directory of the topic whose partition 0 that is.
 *
 *    bit 63   62-60      59-40              39-0
 *    one      kind − 1   partition number   offset
 *
 * is a message, or something else of a partition: its kind says what, and which view it belongs to.
 *
 *    bit 63   62-55   54-0
 *    zero     view    id
 *
 * is something of the payloads, in views VIEW_PAYLOADS to VIEW_PAYLOADS_LAST: a key by its id, a record by its number,
 * a time by its milliseconds + 1.
 *
 *    bit 63-61   60-39      38-1   0
 *    001         hour + 1   id     plot
 *
 * is a custom series in an hour, by its id there, which is from 1 on, or with id 0 the directory of all: these are
 * views VIEW_METRICS to VIEW_METRICS_LAST.
 *
 * These numbers are kept by backup programs: a field never moves, and no view, kind or leaf takes a number that was
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
	NODE_NUMBER_MAX = (1 << 20) - 1,

	VIEW_HOUR = 2,
	VIEW_TOPICS = 10,
	VIEW_LOG = 11,
	VIEW_HOUR_LOG = 12,
	VIEW_PAYLOADS = 13,    /* /payloads, and the current value of a key */
	VIEW_HISTORY = 14,     /* /payloads/.history, and a key's directory there */
	VIEW_RECORD = 15,      /* a record in such a directory, or in that of a time */
	VIEW_PAYLOADS_AT = 16, /* /payloads/.at, and the directory of a time */
	VIEW_PAYLOADS_LAST = VIEW_PAYLOADS_AT,
	VIEW_METRICS = 64,
	VIEW_METRICS_LAST = 127,
	VIEW_SERIES = 128,
	SERIES_TABLE_MAX = NODE_VIEW_MAX - VIEW_SERIES,

	LEAF_TABLE_MAX = 4095,
	LEAF_COLUMN_MAX = 4095,
	LEAF_PLOT = 4096,
	LEAF_SUMMARY = 4096,
	LEAF_HEATMAP = 4097,
	LEAF_PG_LOCKS = 4098,
	LEAF_PAYLOADS = 4099,
	LEAF_TOPIC = 1,
};

#define NODE_OFFSET_MAX ((UINT64_C(1) << 40) - 1)
#define NODE_ID_MAX ((UINT64_C(1) << 55) - 1)
#define NODE_METRIC_MAX ((UINT64_C(1) << 38) - 1)

enum node_kind {
	NODE_PLAIN,      /* of the first form */
	NODE_MESSAGE,    /* /topics/T/P/OFFSET */
	NODE_SEGMENT,    /* /log/T/P/BASE.tsv */
	NODE_SINCE,      /* /log/T/P.since/TIME: all lines from an offset on */
	NODE_TOPIC,      /* /topics/T; its number is that of partition 0 */
	NODE_PARTITION,  /* /topics/T/P */
	NODE_LOG_TOPIC,  /* /log/T; likewise */
	NODE_LOG,        /* /log/T/P */
	NODE_SINCE_TIMES /* /log/T/P.since */
};

struct node {
	uint32_t view;
	int32_t hour; /* -1: none */
	int32_t seq;  /* -1: none */
	uint32_t leaf;
	enum node_kind kind; /* the rest is for all but NODE_PLAIN, which has no use for it */
	uint32_t number;
	uint64_t offset;
	uint64_t id; /* of the third form, where hour, seq and leaf are none, and of VIEW_METRICS; else 0 */
};

static inline bool node_has_id(uint32_t view)
{
	return view >= VIEW_PAYLOADS && view <= VIEW_PAYLOADS_LAST;
}

static inline uint64_t node_ino(struct node n)
{
	if (n.kind != NODE_PLAIN)
		return UINT64_C(1) << 63 | (uint64_t)(n.kind - 1) << 60 | (uint64_t)n.number << 40 | n.offset;
	if (n.view == VIEW_METRICS)
		return UINT64_C(1) << 61 | (uint64_t)(n.hour + 1) << 39 | n.id << 1 | (n.leaf == LEAF_PLOT);
	return (uint64_t)n.view << 55 | (uint64_t)(n.hour + 1) << 33 | (uint64_t)(n.seq + 1) << 13 | n.leaf | n.id;
}

static inline uint32_t node_view(enum node_kind kind)
{
	return kind == NODE_MESSAGE || kind == NODE_TOPIC || kind == NODE_PARTITION ? VIEW_TOPICS : VIEW_LOG;
}

/* Of a kind that is not plain. */
static inline struct node node_of_kind(enum node_kind kind, uint32_t number, uint64_t offset)
{
	return (struct node){
	    .view = node_view(kind),
	    .hour = -1,
	    .seq = -1,
	    .kind = kind,
	    .number = number,
	    .offset = offset,
	};
}

static inline struct node node_of_id(uint32_t view, uint64_t id)
{
	return (struct node){.view = view, .hour = -1, .seq = -1, .id = id};
}

/* A custom series in an hour. */
static inline struct node node_of_metric(int32_t hour, uint64_t id)
{
	return (struct node){.view = VIEW_METRICS, .hour = hour, .seq = -1, .id = id};
}

static inline struct node node_of(uint64_t ino)
{
	if (ino >> 63)
		return node_of_kind((enum node_kind)((ino >> 60 & 7) + 1), (uint32_t)(ino >> 40 & NODE_NUMBER_MAX),
		    ino & NODE_OFFSET_MAX);
	if (node_has_id((uint32_t)(ino >> 55)))
		return node_of_id((uint32_t)(ino >> 55), ino & NODE_ID_MAX);
	if (ino >> 61 == 1) {
		struct node n = node_of_metric((int32_t)(ino >> 39 & 0x3fffff) - 1, ino >> 1 & NODE_METRIC_MAX);

		n.leaf = ino & 1 ? LEAF_PLOT : 0;
		return n;
	}
	return (struct node){
	    .view = (uint32_t)(ino >> 55),
	    .hour = (int32_t)(ino >> 33 & 0x3fffff) - 1,
	    .seq = (int32_t)(ino >> 13 & 0xfffff) - 1,
	    .leaf = (uint32_t)(ino & 0x1fff),
	};
}

/* Directories have no offset. */
static inline bool node_is_valid(struct node n)
{
	return n.offset == 0 || n.kind == NODE_MESSAGE || n.kind == NODE_SEGMENT || n.kind == NODE_SINCE;
}

#endif
