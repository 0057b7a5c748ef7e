/* keymap.h -- the newest offset of each key, in bounded memory; keys are compared byte by byte */
#ifndef STORE_KEYMAP_H
#define STORE_KEYMAP_H

#include "store/cleanup.h"
#include "store/format.h"

struct keymap;

/* max_bytes: of keys and table. */
int keymap_new(size_t max_bytes, struct keymap **ret);
void keymap_free(struct keymap *k);
DEFINE_CLEANUP(keymap, keymap_free)

/* The key's newest offset is this. -ENOBUFS: that would take more than max_bytes (the first key is always taken). */
int keymap_put(struct keymap *k, struct span key, uint64_t offset);

/* false: the key is not known. */
bool keymap_get(const struct keymap *k, struct span key, uint64_t *ret_offset);

#endif
