/* config_value.h -- keys of the configuration, and what may stand behind them */
#ifndef COLLECTOR_CONFIG_VALUE_H
#define COLLECTOR_CONFIG_VALUE_H

#include "collector/source.h"

struct string_list {
	char **v;
	size_t n;
};

/* What a value is, and what it becomes. */
enum config_type {
	CONFIG_PATH,        /* char * */
	CONFIG_SYNC,        /* enum sync_mode */
	CONFIG_NUMBER,      /* uint64_t, from min to max */
	CONFIG_COUNT,       /* the same, or all: UINT32_MAX */
	CONFIG_SIZE,        /* the same */
	CONFIG_TIME,        /* the same, in ms */
	CONFIG_SWITCH,      /* bool */
	CONFIG_PATTERN,     /* struct string_list; may be repeated */
	CONFIG_TABLES,      /* struct string_list; may be repeated */
	CONFIG_PRIORITY,    /* enum priority */
	CONFIG_SCORE,       /* int, from -max to max */
	CONFIG_CONNINFO,    /* char * */
	CONFIG_LOG,         /* char *: files, or "off" */
	CONFIG_QUOTED,      /* char * */
	CONFIG_MODE,        /* uint64_t, of a file */
	CONFIG_USER,        /* int64_t */
	CONFIG_GROUP,       /* int64_t */
	CONFIG_COMPRESSION, /* uint64_t, BATCH_* */
	CONFIG_FILES,       /* struct string_list of absolute paths; may be repeated */
	CONFIG_FORM,        /* uint64_t, LISTEN_* */
	CONFIG_UNIT,        /* uint64_t, nanoseconds */
	CONFIG_ADDRESS,     /* char *, as address.h has it */
	CONFIG_URL,         /* char * */
	CONFIG_ROOTED,      /* char *: an absolute path */
};

struct config_key {
	const char *section, *name;
	enum config_type type;
	size_t off; /* in the struct that the section's values go to */
	uint64_t min, max;
	const char *expected;
};

/* Sets what the key stands for in the struct at base. -EINVAL: the value is not what is expected. */
int config_value_set(void *base, const struct config_key *k, const char *value);
/* Whether the key may be given more than once. */
bool config_value_repeats(const struct config_key *k);

enum { CONFIG_WHY_MAX = 512 };

/* Tells why, and returns r. */
int config_value_refuse(char why[CONFIG_WHY_MAX], int r, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* A line of that section, for one of n keys, whose values go to the struct at base; given: which were there, a bit
 * each. 1: taken; 0: it is none of these keys; otherwise why is told for a person. */
int config_value_take(const struct config_key *keys, size_t n, const char *section, const char *name, const char *value,
    void *base, uint64_t *given, char why[CONFIG_WHY_MAX]);

int config_value_list_add(struct string_list *l, const char *s, size_t len);
bool config_value_list_has(const struct string_list *l, const char *s);
void config_value_list_done(struct string_list *l);

/* The table of that name; NULL: there is none. */
const struct source_desc *config_value_table(const char *name, size_t len);

/* "1s", "100ms", "7d" (ms s m min h d w; a bare 0 too) in milliseconds; "64K", "1G" (K M G T or none) in bytes. False
 * if the text is something else or too large. */
bool config_value_time(const char *text, uint64_t *ret_ms);
bool config_value_size(const char *text, uint64_t *ret_bytes);

#endif
