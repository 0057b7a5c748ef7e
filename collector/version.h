/* version.h -- of histd */
#ifndef COLLECTOR_VERSION_H
#define COLLECTOR_VERSION_H

#ifndef VERSION
#define VERSION "0.1"
#endif

#endif
