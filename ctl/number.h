/* number.h -- numbers as options of a command */
#ifndef CTL_NUMBER_H
#define CTL_NUMBER_H

#include <stdint.h>

/* The number from min to max that -option has. -EINVAL; stderr has been told why. */
int number_option(int option, const char *text, int64_t min, int64_t max, int64_t *ret);

#endif
