/* boot.h -- which boot of the machine this is */
#ifndef COLLECTOR_BOOT_H
#define COLLECTOR_BOOT_H

#include "collector/procfs.h"

/* XXH3 of the boot id's text; 0 in a tree that has none. */
uint64_t boot_id(struct procfs *fs);

#endif
