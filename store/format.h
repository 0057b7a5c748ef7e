/* format.h -- everything that lies on disk, declared once; docs/format.md is the specification */
#ifndef STORE_FORMAT_H
#define STORE_FORMAT_H

#include "store/bytes.h"

#include <assert.h>

enum {
	FORMAT_VERSION = 1,

	FRAME_LEN_MAX = 64 << 20,
	GROUP_RAW_MAX = 256 << 20,
	GROUP_N_MAX = 4096,
	SCHEMA_RAW_MAX = 4 << 20,
	SCHEMA_TABLES_MAX = 1024,
	SCHEMA_COLUMNS_MAX = 4096,
	TABLE_ID_MAX = 4095,
	STRING_ID_MAX = 1 << 22, /* string ids are below this */
	STRING_LEN_MAX = 1 << 20,
	ROWS_MAX = 1 << 22,  /* rows of a table in a snapshot, and lives in a group */
	CELLS_MAX = 1 << 24, /* lives × columns of a table in a group */
	SEQ_MAX = (1 << 20) - 2,
	PART_MAX = 9999,
};

#define FILE_MAGIC "\x89histfs\n"
#define FRAME_MARK "\xf5hf\n"
#define SEAL_MAGIC "sealed\n\x89"

#define KIND_STORE "STOR"
#define KIND_WAL "SNPW"
#define KIND_CHUNK "SNPC"
#define KIND_HEAT "HEAT"
#define KIND_BOOKMARK "BOOK"
#define KIND_TOPIC_NAMES "TOPN"
#define KIND_SEGMENT "TOPL"
#define KIND_INDEX "TOPI"
#define KIND_TIME_INDEX "TOPT"
#define KIND_FOLLOWED "TOPF"
#define KIND_PAYLOADS "PAYL"
#define KIND_KEYS "PAYK"
#define KIND_POINT_LOG "PNTW"
#define KIND_POINTS "PNTS"
#define KIND_DROPS "PNTD"

enum frame_type {
	FRAME_SCHEMA = 1,
	FRAME_SNAPSHOT = 2,
	FRAME_GROUP = 3,
	FRAME_DICT = 4,
	FRAME_INDEX = 5,
	FRAME_LISTING = 6,
	FRAME_META = 7,
	FRAME_HEAT = 8,
	FRAME_HOST = 9,
	FRAME_ROSTERS = 10,
	FRAME_HEAT_SUM = 11,
	FRAME_BOOKMARK = 12,
	FRAME_BATCH = 16,
	FRAME_OFFSETS = 17,
	FRAME_TIMES = 18,
	FRAME_TOPIC = 19,
	FRAME_FOLLOWED = 20,
	FRAME_PUT = 32,
	FRAME_DELETE = 33,
	FRAME_KEYS_HEAD = 34,
	FRAME_KEYS_PAGE = 35,
	FRAME_PADDING = 36,
	FRAME_POINTS = 48,
	FRAME_DROP = 49,
	FRAME_POINTS_PAGE = 50,
	FRAME_POINTS_KEYS = 51,
	FRAME_POINTS_HEAD = 52,
	FRAME_POINTS_TIMES = 53,
	FRAME_POINTS_BLOOM = 54,
	FRAME_POINTS_PAGES = 55,
	FRAME_POINTS_KEY_PAGES = 56,
	FRAME_DROPS = 57,
	FRAME_TOC = 255,
};

struct disk_header {
	uint8_t magic[8];
	uint8_t kind[4];
	le16 version;
	le16 zero;
	le32 compat;
	le32 incompat;
	le64 id;
	le64 store_id;
	le32 hour;
	le32 part;
	le64 first_seq;
	le64 check;
};
static_assert(sizeof(struct disk_header) == 64, "header");

struct disk_frame {
	uint8_t mark[4];
	le64 check;
	le32 len;
	uint8_t type;
	uint8_t flags;
	le16 zero;
};
static_assert(sizeof(struct disk_frame) == 20, "frame");

struct disk_toc_entry {
	le32 type;
	le32 len;
	le64 off;
};
static_assert(sizeof(struct disk_toc_entry) == 16, "toc entry");

struct disk_footer {
	le64 toc_off;
	le64 file_len;
	uint8_t magic[8];
	le64 check;
};
static_assert(sizeof(struct disk_footer) == 32, "footer");

enum { CODEC_STORED = 0, CODEC_ZSTD = 1, CODEC_ZSTD_DICT = 2 };
enum { GROUP_BASED = 1 };

struct disk_group {
	le64 first_seq;
	le64 first_ms;
	le64 last_ms;
	le64 boot;
	le32 n;
	le32 raw_len;
	le32 body_len;
	le16 schema;
	uint8_t codec;
	uint8_t flags;
	le64 schema_check;
};
static_assert(sizeof(struct disk_group) == 56, "group");

struct disk_index_entry {
	le64 off;
	le32 len;
	le16 n;
	le16 schema;
	le64 first_seq;
	le64 first_ms;
	le64 min_ms;
	le64 max_ms;
};
static_assert(sizeof(struct disk_index_entry) == 48, "index entry");

struct disk_meta {
	le64 wal_id;
	le64 wal_len;
	le64 n;
	le64 n_lost;
	le64 first_seq;
	le64 last_seq;
	le64 first_ms;
	le64 last_ms;
	le32 text_version;
	le32 zero[3];
};
static_assert(sizeof(struct disk_meta) == 80, "meta");

/* Heat measures, in the order in which they lie in an entry. */
enum heat_measure {
	HEAT_CPU,
	HEAT_IOWAIT,
	HEAT_MEM,
	HEAT_PSI_CPU,
	HEAT_PSI_IO,
	HEAT_PSI_MEM,
	HEAT_DISK,
	HEAT_HEALTH,
	HEAT_ACTIVE,
	HEAT_WAITING,
	HEAT_ERR_CRITICAL,
	HEAT_ERR_WARNING,
	HEAT_ERR_INFO,
	HEAT_CHECKPOINTS,
	HEAT_AUTOVACUUMS,
	HEAT_SLOW,
	HEAT_CGROUP_CPU,
	HEAT_CGROUP_MEM,
	HEAT_N,
};
enum { HEAT_UNKNOWN = 65535, HEAT_MAX = 65534 };

struct disk_heat {
	le64 time_ms;
	le32 seq;
	le16 m[HEAT_N];
};
static_assert(sizeof(struct disk_heat) == 48, "heat");

struct disk_heat_sum {
	le64 text_len;
	le64 last_ms;
	le32 n;
	le32 known;
	le32 text_version;
	le32 zero;
};
static_assert(sizeof(struct disk_heat_sum) == 32, "heat sum");

enum {
	BATCH_N_MAX = 1 << 20,
	BATCH_RAW_MAX = 48 << 20, /* directory and body of what is appended at once */
	TOPIC_NAME_MAX = 200,
	PARTITIONS_MAX = 1024,          /* of a topic */
	PARTITION_NUMBER_MAX = 1 << 20, /* numbers are below this */
	UNSYNCED_MAX = 1 << 20,         /* messages */
};
#define OFFSET_MAX (UINT64_C(1) << 62) /* offsets are below this */

enum { BATCH_STORED = 0, BATCH_ZSTD = 1, BATCH_LZ4 = 3, BATCH_GZIP = 4, BATCH_SNAPPY = 5 };
enum { BATCH_APPEND_TIME = 1, BATCH_COMPACTED = 2 };

struct disk_batch {
	le64 check;
	le64 first_offset;
	le64 first_ms;
	le64 max_ms;
	le32 n;
	le32 last_delta;
	le32 dir_len;
	le32 raw_len;
	le32 text_len;
	uint8_t codec;
	uint8_t flags;
	le16 zero;
	le32 boot;
	le32 zero2;
};
static_assert(sizeof(struct disk_batch) == 64, "batch");

struct disk_index_head {
	le64 segment_id;
	le64 covered;
	le64 next_offset;
	le64 max_ms;
	le64 text_len;
	uint8_t closed;
	uint8_t zero[7];
};
static_assert(sizeof(struct disk_index_head) == 48, "index head");

struct disk_offset_entry {
	le32 delta;
	le32 pos;
	le64 text;
};
static_assert(sizeof(struct disk_offset_entry) == 16, "offset entry");

struct disk_time_entry {
	le64 max_ms;
	le32 delta;
	le32 zero;
};
static_assert(sizeof(struct disk_time_entry) == 16, "time entry");

enum { PAYLOAD_NUMBER_KEY = 1, PAYLOAD_RAW = 2, PAYLOAD_BORN = 4 };
enum { TWIN_MAX = 15 };
#define RECORD_NUMBER_MAX (UINT64_C(1) << 55) /* numbers of records are below this */

#define POINT_NUMBER_MAX (UINT64_C(1) << 62) /* numbers of batches are below this */

struct disk_payload {
	le64 number;
	le64 time_ms;
	le64 before;
	le64 jump;
	le32 version;
	le32 left;
	le16 key_len;
	uint8_t flags;
	uint8_t twin;
	le32 unsynced;
};
static_assert(sizeof(struct disk_payload) == 48, "payload");

struct disk_payload_mark {
	le64 file_id;
	le64 len;
	le64 number;
};
static_assert(sizeof(struct disk_payload_mark) == 24, "payload mark");

/* position: bit 63 is set if the newest record is a tombstone. */
struct disk_key_entry {
	le64 hash;
	le64 position;
};
static_assert(sizeof(struct disk_key_entry) == 16, "key entry");

enum { KEYS_PAGE = 4096, KEYS_PAGE_MAX = 254 }; /* bytes with the frame's head; entries */

struct disk_keys_page {
	struct disk_frame frame;
	le16 n;
	uint8_t zero[10];
	struct disk_key_entry entries[KEYS_PAGE_MAX];
};
static_assert(sizeof(struct disk_keys_page) == KEYS_PAGE, "keys page");

#endif
