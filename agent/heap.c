/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "heap.h"

#include <malloc.h>

/* What the C library begins with; once it is set, it is not adapted to what is freed. */
#define MAPPED_BYTES (128 << 10)

void heap_prepare(void)
{
	mallopt(M_MXFAST, 0);
	mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES);
}
