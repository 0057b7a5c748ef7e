/* names.h -- names of hours and of the files in snapshots/ */
#ifndef STORE_NAMES_H
#define STORE_NAMES_H

#include "store/bytes.h"

#define STORE_FILE "histfs.store"
#define LOCK_FILE "lock"
#define SNAPSHOT_DIR "snapshots"

enum { HOUR_NAME_LEN = 13, FILE_NAME_SIZE = 48 };

/* "2026-11-20T03" of the hours since 1970 (years 0 to 9999; hours outside are written as the nearest), and back:
 * exactly 13 bytes of that form, and a day that exists. */
void hour_name(char ret[HOUR_NAME_LEN + 1], int32_t hour);
bool hour_parse(const char *s, size_t len, int32_t *ret);

/* The hour that a time lies in. */
int32_t hour_of(int64_t time_ms);
/* Milliseconds since 1970 of the beginning of an hour. */
int64_t hour_begin_ms(int32_t hour);

enum file_type { FILE_WAL, FILE_CHUNK, FILE_HEAT, FILE_DAMAGED, FILE_TMP };

/* What a name in snapshots/ says; false for names that are none of ours. FILE_TMP has hour and part only if the rest of
 * the name has. */
bool file_name_parse(const char *name, enum file_type *ret_type, int32_t *ret_hour, uint32_t *ret_part);
/* suffix: ".wal", ".chunk", ".heat", with ".damaged" behind it or not. */
void file_name(char ret[FILE_NAME_SIZE], int32_t hour, uint32_t part, const char *suffix);

#endif
