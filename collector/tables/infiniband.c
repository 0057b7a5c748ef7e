/* infiniband.c -- table infiniband: counters of every port of /sys/class/infiniband
 *
 * The data counters count words of four bytes. Reading a counter asks the adapter's firmware.
 */
#include "collector/columns.h"
#include "collector/sysdir.h"

enum { DEVICE, PORT, FIRST };

static const struct column columns[] = {
    [DEVICE] = {"device", "", COL_STR, KIND_LABEL, COL_KEY, 0},
    [PORT] = {"port", "", COL_STR, KIND_LABEL, COL_KEY, 0},
    [FIRST] = {"state", "", COL_STR, KIND_LABEL, 0, 0},
    {"rate", "", COL_STR, KIND_LABEL, 0, 0}, /* with the number of lanes: "100 Gb/sec (4X EDR)" */
    {"link_layer", "", COL_STR, KIND_LABEL, 0, 0},
    COUNTER("rx_words", "words"),
    COUNTER("tx_words", "words"),
    COUNTER("rx_packets", ""),
    COUNTER("tx_packets", ""),
    COUNTER("rx_errors", ""),
    COUNTER("rx_remote_physical_errors", ""),
    COUNTER("rx_switch_relay_errors", ""),
    COUNTER("rx_constraint_errors", ""),
    COUNTER("tx_constraint_errors", ""),
    COUNTER("tx_discards", ""),
    COUNTER("tx_wait_ticks", "ticks"),
    COUNTER("symbol_errors", ""),
    COUNTER("link_error_recoveries", ""),
    COUNTER("link_downed", ""),
};

static const char *const files[N_ELEMENTS(columns)] = {
    [FIRST] = "state",
    "rate",
    "link_layer",
    "counters/port_rcv_data",
    "counters/port_xmit_data",
    "counters/port_rcv_packets",
    "counters/port_xmit_packets",
    "counters/port_rcv_errors",
    "counters/port_rcv_remote_physical_errors",
    "counters/port_rcv_switch_relay_errors",
    "counters/port_rcv_constraint_errors",
    "counters/port_xmit_constraint_errors",
    "counters/port_xmit_discards",
    "counters/port_xmit_wait",
    "counters/symbol_error",
    "counters/link_error_recovery",
    "counters/link_downed",
};

static int sample_port(const struct source_env *env, const char *device, const char *port, struct table *t)
{
	uint32_t row;
	int r = table_add_row(t, &row);

	if (r == 0)
		r = table_set_str(t, row, DEVICE, device, strlen(device));
	if (r == 0)
		r = table_set_str(t, row, PORT, port, strlen(port));
	for (uint32_t i = FIRST; i < N_ELEMENTS(files) && r == 0; i++) {
		char path[SYSDIR_PATH_LEN_MAX + 1];

		if (snprintf(path, sizeof path, "sys/class/infiniband/%s/ports/%s/%s", device, port, files[i]) <
		    (int)sizeof path)
			r = sysdir_cell(env->fs, path, t, row, i);
	}
	return r;
}

static int sample_device(const struct source_env *env, const char *device, struct table *t)
{
	char dir[SYSDIR_PATH_LEN_MAX + 1];
	struct sysdir ports;
	int r;

	snprintf(dir, sizeof dir, "sys/class/infiniband/%s/ports", device);
	r = sysdir_list(env->fs, dir, "", &ports);
	if (r < 0)
		return r == -ENOMEM ? r : 0; /* gone meanwhile */
	for (size_t i = 0; i < ports.n && r == 0; i++)
		r = sample_port(env, device, ports.names[i], t);
	sysdir_done(&ports);
	return r;
}

static int sample(const struct source_env *env, void *state, struct table *t)
{
	struct sysdir devices;
	int r = sysdir_list(env->fs, "sys/class/infiniband", "", &devices);

	(void)state;
	if (r < 0)
		return r;
	for (size_t i = 0; i < devices.n && r == 0; i++)
		r = sample_device(env, devices.names[i], t);
	sysdir_done(&devices);
	return r == 0 && t->n_rows == 0 ? -ENOENT : r;
}

SOURCE(infiniband) = {
    .name = "infiniband",
    .id = 31,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .sample = sample,
    .slow = true,
    .every_ms = 10000,
    .apart = true,
};
