/* murmur2.h -- the hash by which Kafka's own clients find the partition of a key */
#ifndef CTL_MURMUR2_H
#define CTL_MURMUR2_H

#include <stddef.h>
#include <stdint.h>

uint32_t murmur2(const void *key, size_t len);
uint32_t murmur2_partition(const void *key, size_t len, uint32_t n_partitions);

#endif
