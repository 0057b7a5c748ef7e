/* usb.c -- table usb: what is plugged in, out of /sys/bus/usb/devices
 *
 * A device's strings are read from it when it is found, and lie in the kernel since then; what the table costs is the
 * lock of the device.
 */
#include "collector/sysdir.h"

static const struct column columns[] = {
    {"device", "", COL_STR, KIND_LABEL, COL_KEY, 0}, /* bus-port.port…, usb1 for a bus */
    {"bus", "", COL_U64, KIND_LABEL, 0, 0},
    {"number", "", COL_U64, KIND_LABEL, 0, 0}, /* the device's on the bus, given anew each time */
    {"vendor_id", "", COL_STR, KIND_LABEL, 0, 0},
    {"product_id", "", COL_STR, KIND_LABEL, 0, 0},
    {"max_power_ma", "mA", COL_U64, KIND_LABEL, 0, 0},
    {"speed_mbit", "Mbit/s", COL_STR, KIND_LABEL, 0, 0}, /* 1.5, 12, 480, … */
    {"manufacturer", "", COL_STR, KIND_LABEL, 0, 0},
    {"product", "", COL_STR, KIND_LABEL, 0, 0},
};

static const char *const files[N_ELEMENTS(columns)] = {
    NULL, "busnum", "devnum", "idVendor", "idProduct", "bMaxPower", "speed", "manufacturer", "product"};

static int sample(const struct source_env *env, void *state, struct table *t)
{
	/* Interfaces ("1-1:1.0") are listed beside their devices and have none of these files. */
	int r = sysdir_rows(env->fs, "sys/bus/usb/devices", "", files, N_ELEMENTS(files), t);

	(void)state;
	return r == 0 && t->n_rows == 0 ? -ENOENT : r;
}

SOURCE(usb) = {
    .name = "usb",
    .id = 32,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .sample = sample,
    .slow = true,
    .every_ms = 60000,
    .apart = true,
};
