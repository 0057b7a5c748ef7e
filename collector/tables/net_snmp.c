/* net_snmp.c -- table net_snmp: every field of /proc/net/snmp, netstat and snmp6, a row each
 *
 * A row has either a counter or a gauge; which one is known by name, as the files do not say. Ip ReasmTimeout is a
 * constant by its definition in the MIB, but the kernel counts timeouts with it.
 */
#include "collector/line.h"
#include "collector/procfiles.h"
#include "collector/source.h"

enum { PROTOCOL, FIELD, COUNTER, GAUGE };

static const struct column columns[] = {
    [PROTOCOL] = {"protocol", "", COL_STR, KIND_LABEL, COL_KEY, 0},
    [FIELD] = {"field", "", COL_STR, KIND_LABEL, COL_KEY, 0},
    [COUNTER] = {"counter", "", COL_U64, KIND_COUNTER, 0, 0},
    [GAUGE] = {"gauge", "", COL_I64, KIND_GAUGE, 0, 0},
};

/* Which fields of a protocol are gauges. */
static const struct gauges {
	const char *protocol;
	const char *fields[6];
} gauges[] = {
    {"Ip", {"Forwarding", "DefaultTTL"}},
    {"Tcp", {"RtoAlgorithm", "RtoMin", "RtoMax", "MaxConn", "CurrEstab"}},
    {"MPTcpExt", {"MPCurrEstab"}},
};

enum { SNMP, NETSTAT, SNMP6, N_FILES };

static int open_(const struct source_env *env, void **ret_state)
{
	(void)env;
	return procfiles_open(N_FILES, ret_state);
}

struct name {
	const char *p;
	size_t len;
};

static bool is_name(struct name n, const char *s)
{
	return strncmp(n.p, s, n.len) == 0 && s[n.len] == '\0';
}

/* What the rows of a protocol have in common. */
struct protocol {
	struct name name;
	uint32_t id; /* the name's, in the pool */
	const struct gauges *gauges;
};

static int protocol_init(struct protocol *pr, struct name name, struct strpool *pool)
{
	pr->name = name;
	pr->gauges = NULL;
	for (size_t i = 0; i < N_ELEMENTS(gauges); i++)
		if (is_name(name, gauges[i].protocol))
			pr->gauges = &gauges[i];
	return strpool_intern(pool, name.p, name.len, &pr->id);
}

static bool is_gauge(const struct protocol *pr, struct name field)
{
	for (size_t i = 0; pr->gauges && i < N_ELEMENTS(pr->gauges->fields) && pr->gauges->fields[i]; i++)
		if (is_name(field, pr->gauges->fields[i]))
			return true;
	return false;
}

/* Takes the number at *p as a row; what is no number is passed. */
static int sample_field(struct table *t, const struct protocol *pr, struct name field, const char **p)
{
	bool gauge = is_gauge(pr, field);
	int64_t level = 0;
	uint64_t count = 0;
	uint32_t row;
	int r;

	if (gauge ? !line_i64(p, &level) : !line_u64(p, &count)) {
		const char *word;
		size_t len;

		line_word(p, &word, &len);
		return 0;
	}
	r = table_add_row(t, &row);
	if (r < 0)
		return r;
	table_set(t, row, PROTOCOL, pr->id);
	table_set(t, row, gauge ? GAUGE : COUNTER, gauge ? (uint64_t)level : count);
	return table_set_str(t, row, FIELD, field.p, field.len);
}

/* Two lines that begin with the same protocol: names, and their values in the same order. */
static int sample_pairs(struct table *t, const char *p)
{
	while (*p != '\0') {
		const char *names = p, *values;
		struct name name, again, field;
		struct protocol pr;
		int r;

		parse_next_line(&p);
		values = p;
		if (!line_before_colon(&names, false, &name.p, &name.len) ||
		    !line_before_colon(&values, false, &again.p, &again.len) || name.len != again.len ||
		    memcmp(name.p, again.p, again.len) != 0)
			continue;
		r = protocol_init(&pr, name, t->pool);
		while (r == 0 && !line_ends(values) && line_word(&names, &field.p, &field.len))
			r = sample_field(t, &pr, field, &values);
		if (r < 0)
			return r;
		parse_next_line(&p);
	}
	return 0;
}

/* Lines of a name and a value; the name begins with its protocol, which ends in 6. */
static int sample_lines(struct table *t, const char *p)
{
	struct protocol pr = {.name = {"", 0}};

	for (; *p != '\0'; parse_next_line(&p)) {
		struct name name = {"snmp6", strlen("snmp6")}, field;
		const char *six;
		int r = 0;

		if (!line_word(&p, &field.p, &field.len))
			continue;
		six = memchr(field.p, '6', field.len);
		if (six && six + 1 < field.p + field.len) {
			name = (struct name){field.p, (size_t)(six + 1 - field.p)};
			field = (struct name){six + 1, field.len - name.len};
		}
		if (name.len != pr.name.len || memcmp(name.p, pr.name.p, name.len) != 0)
			r = protocol_init(&pr, name, t->pool);
		if (r == 0)
			r = sample_field(t, &pr, field, &p);
		if (r < 0)
			return r;
	}
	return 0;
}

static int sample(const struct source_env *env, void *state, struct table *t)
{
	static const char *const paths[N_FILES] = {
	    [SNMP] = "proc/net/snmp", [NETSTAT] = "proc/net/netstat", [SNMP6] = "proc/net/snmp6"};
	bool any = false;

	for (size_t i = 0; i < N_FILES; i++) {
		const char *text;
		int r = procfiles_read(state, i, env->fs, paths[i], &text);

		if (r == -ENOENT)
			continue;
		if (r == 0)
			r = i == SNMP6 ? sample_lines(t, text) : sample_pairs(t, text);
		if (r < 0)
			return r;
		any = true;
	}
	return any ? 0 : -ENOENT;
}

SOURCE(net_snmp) = {
    .name = "net_snmp",
    .id = 9,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .open = open_,
    .close = procfiles_close,
    .sample = sample,
};
