/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "footprint.h"

#include "lib/base/memory.h"
#include "lib/base/timer.h"

#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Whatever follows the first pass, such as answers to whoever waited for it, is over then. */
#define DELAY_SECONDS 1.0

/* @next: the loaded object whose pages are dropped next, one with each turn of the loop */
struct footprint {
	struct timer timer;
	size_t next;
	size_t passed; /* while they are gone through */
};

/* Segments that cannot be written have nothing but what the file has. */
static void drop_pages(const struct dl_phdr_info *object)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	for (size_t i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
		uintptr_t begin = (object->dlpi_addr + segment->p_vaddr) & ~(page - 1);
		uintptr_t end = object->dlpi_addr + segment->p_vaddr + segment->p_filesz;

		if (segment->p_type != PT_LOAD || segment->p_flags & PF_W)
			continue;
		/* An address from the dynamic linker. */
		/* NOLINTNEXTLINE(performance-no-int-to-ptr) */
		madvise((void *)begin, end - begin, MADV_DONTNEED);
	}
}

/* Return: 1 when it was the one */
static int visit_object(struct dl_phdr_info *object, size_t size, void *owner)
{
	struct footprint *footprint = owner;

	(void)size;
	if (footprint->passed++ < footprint->next)
		return 0;
	drop_pages(object);
	return 1;
}

static void on_timer(void *owner)
{
	struct footprint *footprint = owner;

	footprint->passed = 0;
	if (!dl_iterate_phdr(visit_object, footprint)) {
		malloc_trim(0);
		return;
	}
	footprint->next++;
	timer_start(&footprint->timer, 0);
}

void footprint_settled(struct footprint **footprint, struct ev_loop *loop)
{
	struct footprint *made;

	if (*footprint)
		return;
	made = *footprint = memory_allocate(sizeof(*made));
	timer_init(&made->timer, loop, on_timer, made);
	timer_start(&made->timer, DELAY_SECONDS);
}

void footprint_free(struct footprint *footprint)
{
	if (!footprint)
		return;
	timer_stop(&footprint->timer);
	free(footprint);
}
