/* net.c -- table net: every interface of /proc/net/dev, and its link out of /sys/class/net
 *
 * LINKS. Speed and duplex are asked of the driver, under the lock of all network configuration: that costs, may have to
 * wait for who holds the lock, and some drivers talk to slow hardware first. Therefore an interface's link is read when
 * the interface is new and then every LINK_EVERY ticks, with the last answer shown in between, and at most LINKS_A_TICK
 * are read in a tick: a tick waits for no more drivers than that. The kernel asks no driver whose interface is down.
 */
#include "collector/columns.h"
#include "collector/line.h"
#include "collector/procfiles.h"
#include "collector/source.h"

enum {
	INTERFACE,
	FIRST,
	COUNTERS = 16,
	SPEED = FIRST + COUNTERS,
	DUPLEX,
	OPERSTATE,
	NAME_LEN_MAX = 63,
	WORD_LEN_MAX = 23,
	LINK_EVERY = 30,
	LINKS_A_TICK = 8,
};

static const struct column columns[] = {
    [INTERFACE] = {"interface", "", COL_STR, KIND_LABEL, COL_KEY, 0},
    [FIRST] = COUNTER("rx_bytes", "bytes"),
    COUNTER("rx_packets", ""),
    COUNTER("rx_errors", ""),
    COUNTER("rx_dropped", ""),
    COUNTER("rx_fifo_errors", ""),
    COUNTER("rx_frame_errors", ""),
    COUNTER("rx_compressed", ""),
    COUNTER("rx_multicast", ""),
    COUNTER("tx_bytes", "bytes"),
    COUNTER("tx_packets", ""),
    COUNTER("tx_errors", ""),
    COUNTER("tx_dropped", ""),
    COUNTER("tx_fifo_errors", ""),
    COUNTER("tx_collisions", ""),
    COUNTER("tx_carrier_errors", ""),
    COUNTER("tx_compressed", ""),
    [SPEED] = {"speed_mbit", "Mbit/s", COL_U64, KIND_GAUGE, 0, 0},
    [DUPLEX] = {"duplex", "", COL_STR, KIND_LABEL, 0, 0},
    [OPERSTATE] = {"operstate", "", COL_STR, KIND_LABEL, 0, 0},
};

/* A word that the kernel says about a link; empty if it says nothing. */
struct word {
	char p[WORD_LEN_MAX];
	uint8_t len;
};

struct link {
	char name[NAME_LEN_MAX + 1];
	bool known;
	uint64_t read_at; /* tick */
	bool has_speed;
	uint64_t speed;
	struct word duplex, operstate;
};

struct net {
	struct procfiles *file;
	uint64_t tick;
	unsigned n_read;    /* links in this tick */
	struct link *links; /* in the order of the rows of the tick before; those of this tick come first */
	size_t n, cap;
};

static void close_(void *state)
{
	struct net *net = state;

	if (net->file)
		procfiles_free(net->file);
	free(net->links);
	free(net);
}

static int open_(const struct source_env *env, void **ret_state)
{
	struct net *net = calloc(1, sizeof *net);
	int r;

	(void)env;
	if (!net)
		return -ENOMEM;
	r = procfiles_new(1, &net->file);
	if (r < 0) {
		close_(net);
		return r;
	}
	*ret_state = net;
	return 0;
}

/* --- links --- */

/* The only word of a file below the interface's directory. */
static struct word read_word(const struct source_env *env, const char *interface, const char *file)
{
	char path[NAME_LEN_MAX + 64];
	struct word w = {.len = 0};
	const char *p, *word;
	size_t len;

	/* The kernel has no such names; no file may be looked for elsewhere because of one. */
	if (interface[0] == '.' || strchr(interface, '/'))
		return w;
	snprintf(path, sizeof path, "sys/class/net/%s/%s", interface, file);
	if (procfs_read(env->fs, path, &p, &len) == 0 && line_word(&p, &word, &len) && len <= WORD_LEN_MAX) {
		memcpy(w.p, word, len);
		w.len = (uint8_t)len;
	}
	return w;
}

static void read_link(const struct source_env *env, struct link *l)
{
	struct word speed = read_word(env, l->name, "speed");
	char text[WORD_LEN_MAX + 2];
	const char *p = text;

	memcpy(text, speed.p, speed.len);
	memcpy(text + speed.len, "\n", 2);
	/* "Not known" is -1; older kernels print that as an unsigned number of 32 bits, older drivers of 16. */
	l->has_speed = line_u64(&p, &l->speed) && l->speed != UINT32_MAX && l->speed != UINT16_MAX;
	l->duplex = read_word(env, l->name, "duplex");
	l->operstate = read_word(env, l->name, "operstate");
}

/* Moves the link of that name to place i, or makes a new one there. */
static int place_link(struct net *net, size_t i, const char *name, size_t len)
{
	struct link l = {.known = false};

	if (i < net->n && strncmp(net->links[i].name, name, len) == 0 && net->links[i].name[len] == '\0')
		return 0;
	memcpy(l.name, name, len);
	for (size_t j = i + 1; j < net->n; j++)
		if (strcmp(net->links[j].name, l.name) == 0) {
			l = net->links[j];
			net->links[j] = net->links[i];
			net->links[i] = l;
			return 0;
		}
	if (net->n == net->cap) {
		size_t cap = net->cap ? 2 * net->cap : 8;
		struct link *links = realloc(net->links, cap * sizeof *links);

		if (!links)
			return -ENOMEM;
		net->links = links;
		net->cap = cap;
	}
	memmove(net->links + i + 1, net->links + i, (net->n - i) * sizeof *net->links);
	net->links[i] = l;
	net->n++;
	return 0;
}

static int sample_link(const struct source_env *env, struct net *net, struct link *l, struct table *t, uint32_t row)
{
	bool due = !l->known || net->tick - l->read_at >= LINK_EVERY;
	int r = 0;

	if (due && net->n_read < LINKS_A_TICK) {
		read_link(env, l);
		l->known = true;
		l->read_at = net->tick;
		net->n_read++;
	}
	if (l->has_speed)
		table_set(t, row, SPEED, l->speed);
	if (l->duplex.len > 0)
		r = table_set_str(t, row, DUPLEX, l->duplex.p, l->duplex.len);
	if (r == 0 && l->operstate.len > 0)
		r = table_set_str(t, row, OPERSTATE, l->operstate.p, l->operstate.len);
	return r;
}

/* --- lines --- */

static int sample_line(const struct source_env *env, struct net *net, struct table *t, const char *p)
{
	const char *name;
	size_t len;
	uint64_t v[COUNTERS];
	uint32_t row;
	int r;

	/* An alias has a colon in its name; the first number may stand right behind the last one. */
	if (!line_before_colon(&p, true, &name, &len) || len > NAME_LEN_MAX || line_numbers(&p, v, COUNTERS) < COUNTERS)
		return 0;
	r = table_add_row(t, &row);
	if (r == 0)
		r = table_set_str(t, row, INTERFACE, name, len);
	for (uint32_t i = 0; r == 0 && i < COUNTERS; i++)
		table_set(t, row, FIRST + i, v[i]);
	if (r == 0)
		r = place_link(net, row, name, len);
	return r < 0 ? r : sample_link(env, net, &net->links[row], t, row);
}

static int sample(const struct source_env *env, void *state, struct table *t)
{
	struct net *net = state;
	const char *p;
	int r = procfiles_read(net->file, 0, env->fs, "proc/net/dev", &p);

	net->tick++;
	net->n_read = 0;
	for (; r == 0 && *p != '\0'; parse_next_line(&p))
		r = sample_line(env, net, t, p);
	/* Links behind those of this tick's rows are of interfaces that are gone. */
	if (r == 0)
		net->n = t->n_rows;
	return r;
}

SOURCE(net) = {
    .name = "net",
    .id = 8,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .open = open_,
    .close = close_,
    .sample = sample,
};
