/* columns.h -- the usual kinds of columns, as descriptors of tables list them */
#ifndef COLLECTOR_COLUMNS_H
#define COLLECTOR_COLUMNS_H

#include "store/schema.h"

#define LABEL(name)                                                                                                    \
	{                                                                                                              \
		name, "", COL_U64, KIND_LABEL, 0, 0                                                                    \
	}
#define TEXT(name)                                                                                                     \
	{                                                                                                              \
		name, "", COL_STR, KIND_LABEL, 0, 0                                                                    \
	}
#define GAUGE(name, unit)                                                                                              \
	{                                                                                                              \
		name, unit, COL_U64, KIND_GAUGE, 0, 0                                                                  \
	}
#define COUNTER(name, unit)                                                                                            \
	{                                                                                                              \
		name, unit, COL_U64, KIND_COUNTER, 0, 0                                                                \
	}

#endif
