/* pglog_class.c -- see pglog_class.h */
#include "collector/pglog_class.h"

#include "store/cleanup.h"

static const char *const names[PGLOG_CATEGORIES] = {
    [PGLOG_OF_OTHER] = "other",
    [PGLOG_OF_LOCK] = "lock",
    [PGLOG_OF_CONSTRAINT] = "constraint",
    [PGLOG_OF_SERIALIZATION] = "serialization",
    [PGLOG_OF_TIMEOUT] = "timeout",
    [PGLOG_OF_CONNECTION] = "connection",
    [PGLOG_OF_AUTH] = "auth",
    [PGLOG_OF_SYNTAX] = "syntax",
    [PGLOG_OF_RESOURCE] = "resource",
    [PGLOG_OF_CORRUPTION] = "data_corruption",
    [PGLOG_OF_SYSTEM] = "system",
};

/* Whole codes before their classes. */
static const struct {
	const char *code;
	enum pglog_category category;
} codes[] = {
    {"40P01", PGLOG_OF_LOCK},    /* deadlock_detected */
    {"55P03", PGLOG_OF_LOCK},    /* lock_not_available */
    {"57014", PGLOG_OF_TIMEOUT}, /* query_canceled */
    {"25P03", PGLOG_OF_TIMEOUT}, /* idle_in_transaction_session_timeout */
    {"25P04", PGLOG_OF_TIMEOUT}, /* transaction_timeout */
    {"57P05", PGLOG_OF_TIMEOUT}, /* idle_session_timeout */
    {"57P0", PGLOG_OF_CONNECTION},
    {"42501", PGLOG_OF_AUTH}, /* insufficient_privilege */
    {"XX001", PGLOG_OF_CORRUPTION},
    {"XX002", PGLOG_OF_CORRUPTION},
    {"08", PGLOG_OF_CONNECTION},
    {"23", PGLOG_OF_CONSTRAINT},
    {"26", PGLOG_OF_SYNTAX}, /* no such prepared statement */
    {"28", PGLOG_OF_AUTH},
    {"3F", PGLOG_OF_SYNTAX}, /* no such schema */
    {"40", PGLOG_OF_SERIALIZATION},
    {"42", PGLOG_OF_SYNTAX},
    {"44", PGLOG_OF_CONSTRAINT}, /* with check option */
    {"53", PGLOG_OF_RESOURCE},
    {"54", PGLOG_OF_RESOURCE},
    {"57", PGLOG_OF_SYSTEM},
    {"58", PGLOG_OF_SYSTEM},
    {"F0", PGLOG_OF_SYSTEM},
    {"XX", PGLOG_OF_SYSTEM},
};

/* What a message contains; the first that does counts. */
static const struct {
	const char *text;
	enum pglog_category category;
} texts[] = {
    {"deadlock detected", PGLOG_OF_LOCK},
    {"could not obtain lock", PGLOG_OF_LOCK},
    {"due to lock timeout", PGLOG_OF_LOCK},
    {"due to statement timeout", PGLOG_OF_TIMEOUT},
    {"due to user request", PGLOG_OF_OTHER},
    {"due to transaction timeout", PGLOG_OF_TIMEOUT},
    {"due to idle-in-transaction timeout", PGLOG_OF_TIMEOUT},
    {"due to idle-session timeout", PGLOG_OF_TIMEOUT},
    {"violates ", PGLOG_OF_CONSTRAINT},
    {"could not serialize access", PGLOG_OF_SERIALIZATION},
    {"due to conflict with recovery", PGLOG_OF_SERIALIZATION},
    {"authentication failed", PGLOG_OF_AUTH},
    {"no pg_hba.conf entry", PGLOG_OF_AUTH},
    {"pg_hba.conf rejects", PGLOG_OF_AUTH},
    {"permission denied", PGLOG_OF_AUTH},
    {"must be owner of", PGLOG_OF_AUTH},
    {"must be superuser", PGLOG_OF_AUTH},
    {"is not permitted to log in", PGLOG_OF_AUTH},
    {"too many connections", PGLOG_OF_RESOURCE},
    {"too many clients", PGLOG_OF_RESOURCE},
    {"remaining connection slots", PGLOG_OF_RESOURCE},
    {"out of memory", PGLOG_OF_RESOURCE},
    {"out of shared memory", PGLOG_OF_RESOURCE},
    {"No space left on device", PGLOG_OF_RESOURCE},
    {"stack depth limit exceeded", PGLOG_OF_RESOURCE},
    {"invalid page in block", PGLOG_OF_CORRUPTION},
    {"page verification failed", PGLOG_OF_CORRUPTION},
    {"invalid page header", PGLOG_OF_CORRUPTION},
    {"missing chunk number", PGLOG_OF_CORRUPTION},
    {"unexpected chunk number", PGLOG_OF_CORRUPTION},
    {"could not read block", PGLOG_OF_CORRUPTION},
    {"contains unexpected zero page", PGLOG_OF_CORRUPTION},
    {"terminating connection", PGLOG_OF_CONNECTION},
    {"connection to client lost", PGLOG_OF_CONNECTION},
    {"could not receive data from client", PGLOG_OF_CONNECTION},
    {"could not send data to client", PGLOG_OF_CONNECTION},
    {"unexpected EOF on client connection", PGLOG_OF_CONNECTION},
    {"the database system is", PGLOG_OF_CONNECTION},
    {"syntax error", PGLOG_OF_SYNTAX},
    {"does not exist", PGLOG_OF_SYNTAX},
    {"already exists", PGLOG_OF_SYNTAX},
    {"is ambiguous", PGLOG_OF_SYNTAX},
    {"must appear in the GROUP BY clause", PGLOG_OF_SYNTAX},
    {"could not open file", PGLOG_OF_SYSTEM},
    {"could not write", PGLOG_OF_SYSTEM},
    {"could not read", PGLOG_OF_SYSTEM},
    {"could not fsync", PGLOG_OF_SYSTEM},
    {"could not fork", PGLOG_OF_SYSTEM},
    {"cache lookup failed", PGLOG_OF_SYSTEM},
};

static bool contains(struct pgtext t, const char *s)
{
	return pgtext_skip_behind(&t, s);
}

static enum pglog_category by_code(const struct pglog_record *rec)
{
	/* What a person cancelled is no timeout; in another language than English it is taken for one. */
	if (strcmp(rec->sqlstate, "57014") == 0 && contains(rec->part[PGLOG_MESSAGE], "due to user request"))
		return PGLOG_OF_OTHER;
	for (unsigned i = 0; i < N_ELEMENTS(codes); i++)
		if (strncmp(rec->sqlstate, codes[i].code, strlen(codes[i].code)) == 0)
			return codes[i].category;
	return PGLOG_OF_OTHER;
}

enum pglog_category pglog_class_of(const struct pglog_record *rec)
{
	if (rec->sqlstate[0] != '\0')
		return by_code(rec);
	for (unsigned i = 0; i < N_ELEMENTS(texts); i++)
		if (contains(rec->part[PGLOG_MESSAGE], texts[i].text))
			return texts[i].category;
	return PGLOG_OF_OTHER;
}

const char *pglog_class_name(enum pglog_category c)
{
	return names[c];
}

enum pglog_weight pglog_class_weight(enum pglog_severity severity, enum pglog_category c)
{
	if (severity == PGLOG_PANIC)
		return PGLOG_CRITICAL;
	if (severity < PGLOG_ERROR)
		return PGLOG_MINOR;
	switch (c) {
	case PGLOG_OF_RESOURCE:
	case PGLOG_OF_CORRUPTION:
	case PGLOG_OF_SYSTEM:
		return PGLOG_CRITICAL;
	case PGLOG_OF_CONSTRAINT:
	case PGLOG_OF_SYNTAX:
		return PGLOG_MINOR;
	case PGLOG_OF_OTHER:
		return severity == PGLOG_FATAL ? PGLOG_MATTERS : PGLOG_MINOR;
	default:
		return PGLOG_MATTERS;
	}
}
