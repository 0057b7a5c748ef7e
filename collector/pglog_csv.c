/* pglog_csv.c -- csvlog: a message a record, whose fields are in a fixed order */
#include "collector/pglog_format.h"

/* Versions have added fields at the end, after these. */
enum field {
	LOG_TIME,
	USER_NAME,
	DATABASE_NAME,
	PROCESS_ID,
	ERROR_SEVERITY = 11,
	SQL_STATE,
	MESSAGE,
	DETAIL,
	CONTEXT = 18,
	QUERY,
	APPLICATION_NAME = 22,
	FIELDS_MIN = 23,
	FIELDS_MAX = 64
};

/* Takes a field and what ends it. 1: a comma; 0: the record's end; -EAGAIN; -EBADMSG. */
static int take_field(struct pgtext *t, enum pglog_ahead ahead, struct buf *scratch, struct pgtext *ret)
{
	size_t from = scratch->len;
	bool quoted = pgtext_take(t, "\"");

	for (; t->len > 0; pgtext_skip(t, 1)) {
		char c = *t->p;

		if (quoted && c == '"') {
			if (t->len == 1)
				break;
			if (t->p[1] != '"') {
				quoted = false;
				if (t->p[1] != ',' && t->p[1] != '\n')
					return -EBADMSG;
				continue;
			}
			pgtext_skip(t, 1);
		} else if (!quoted && (c == ',' || c == '\n')) {
			*ret = (struct pgtext){(const char *)scratch->p + from, scratch->len - from};
			pgtext_skip(t, 1);
			return c == ',';
		} else if (!quoted && c == '"') {
			return -EBADMSG;
		}
		buf_put_u8(scratch, (uint8_t)c);
	}
	if (ahead != PGLOG_END)
		return -EAGAIN;
	pgtext_skip(t, t->len);
	*ret = (struct pgtext){(const char *)scratch->p + from, scratch->len - from};
	return 0;
}

static bool set_field(struct pglog_record *rec, unsigned field, struct pgtext v, const struct pglog_clock *clock)
{
	switch (field) {
	case LOG_TIME:
		return pglog_record_take_time(&v, clock, &rec->time_ms) && v.len == 0;
	case USER_NAME:
		rec->user = v;
		break;
	case DATABASE_NAME:
		rec->database = v;
		break;
	case PROCESS_ID:
		return pgtext_take_u64(&v, &rec->pid) && v.len == 0;
	case ERROR_SEVERITY:
		rec->severity = pglog_record_find_severity(v);
		break;
	case SQL_STATE:
		pglog_record_set_sqlstate(rec, v);
		break;
	case MESSAGE:
		rec->part[PGLOG_MESSAGE] = v;
		break;
	case DETAIL:
		rec->part[PGLOG_DETAIL] = v;
		break;
	case CONTEXT:
		rec->part[PGLOG_CONTEXT] = v;
		break;
	case QUERY:
		rec->part[PGLOG_STATEMENT] = v;
		break;
	case APPLICATION_NAME:
		rec->application = v;
		break;
	}
	return true;
}

int pglog_csv_take(struct pgtext *t, enum pglog_ahead ahead, const struct pglog_clock *clock, struct buf *scratch,
    struct pglog_record *ret)
{
	struct pgtext left = *t;
	unsigned n = 0;
	int r = 1;

	while (r == 1) {
		struct pgtext field;

		r = take_field(&left, ahead, scratch, &field);
		if (r < 0)
			return r;
		if (n == FIELDS_MAX || !set_field(ret, n++, field, clock))
			return -EBADMSG;
	}
	/* A record that was cut off at the end counts if its message was begun. */
	if (n < FIELDS_MIN && (ahead != PGLOG_END || left.len > 0 || n <= MESSAGE))
		return -EBADMSG;
	*t = left;
	return 0;
}
