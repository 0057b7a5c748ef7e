/* fc_host.c -- table fc_host: ports of Fibre Channel adapters, out of /sys/class/fc_host
 *
 * A counter that the adapter does not have is NULL: the kernel shows it with all bits set. Reading a counter asks the
 * adapter, which may be busy or gone.
 */
#include "collector/columns.h"
#include "collector/sysdir.h"

static const struct column columns[] = {
    {"host", "", COL_STR, KIND_LABEL, COL_KEY, 0},
    {"port_name", "", COL_STR, KIND_LABEL, 0, 0},
    {"port_state", "", COL_STR, KIND_LABEL, 0, 0},
    {"speed", "", COL_STR, KIND_LABEL, 0, 0},
    COUNTER("rx_frames", ""),
    COUNTER("tx_frames", ""),
    COUNTER("rx_words", "words"), /* of four bytes */
    COUNTER("tx_words", "words"),
    COUNTER("error_frames", ""),
    COUNTER("dumped_frames", ""),
    COUNTER("link_failures", ""),
    COUNTER("loss_of_signal", ""),
    COUNTER("loss_of_sync", ""),
    COUNTER("invalid_crcs", ""),
    COUNTER("invalid_tx_words", "words"),
    COUNTER("lips", ""),
    COUNTER("nos", ""),
};

static const char *const files[N_ELEMENTS(columns)] = {
    NULL,
    "port_name",
    "port_state",
    "speed",
    "statistics/rx_frames",
    "statistics/tx_frames",
    "statistics/rx_words",
    "statistics/tx_words",
    "statistics/error_frames",
    "statistics/dumped_frames",
    "statistics/link_failure_count",
    "statistics/loss_of_signal_count",
    "statistics/loss_of_sync_count",
    "statistics/invalid_crc_count",
    "statistics/invalid_tx_word_count",
    "statistics/lip_count",
    "statistics/nos_count",
};

static int sample(const struct source_env *env, void *state, struct table *t)
{
	int r = sysdir_rows(env->fs, "sys/class/fc_host", "", files, N_ELEMENTS(files), t);

	(void)state;
	return r == 0 && t->n_rows == 0 ? -ENOENT : r;
}

SOURCE(fc_host) = {
    .name = "fc_host",
    .id = 33,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .sample = sample,
    .slow = true,
    .every_ms = 10000,
    .apart = true,
};
