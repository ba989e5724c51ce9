/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "heap.h"

#include <malloc.h>

void heap_prepare(void)
{
	mallopt(M_MXFAST, 0);
}
