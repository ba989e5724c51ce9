/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_HEAP_H
#define AGENT_HEAP_H

/**
 * heap_prepare() - make malloc suit a process whose objects come and go for months
 *
 * By itself it leaves small blocks that were freed apart for a while, and takes fresh memory for a
 * larger one meanwhile. So the heap grows, though no more of it is in use: with 2,000 Services, a
 * fifth of it is free after 70,000 changes, and it still grows.
 *
 * Call it before there is anything.
 */
void heap_prepare(void);

#endif
