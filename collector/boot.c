/* boot.c -- see boot.h */
#include "collector/boot.h"

#include "store/recorder.h"

uint64_t boot_id(struct procfs *fs)
{
	const char *text;
	size_t len;

	if (procfs_read(fs, "proc/sys/kernel/random/boot_id", &text, &len) < 0)
		return 0;
	text = parse_word(&text, &len);
	return recorder_boot(text, len);
}
