/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What the program is built with against bugs that nobody knows of yet, read from the ELF file. The
 * argument is the program.
 */

#include "lib/base/memory.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char *path;
static const uint8_t *image;
static size_t image_size;

static int map_program(void **state)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;

	(void)state;
	if (fd < 0 || fstat(fd, &status) < 0)
		return -1;
	image_size = (size_t)status.st_size;
	image = mmap(NULL, image_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	return image == MAP_FAILED ? -1 : 0;
}

static const ElfW(Ehdr) * header(void)
{
	return (const ElfW(Ehdr) *)image;
}

/* Return: the program header of that type; NULL if there is none */
static const ElfW(Phdr) * segment(uint32_t type)
{
	const ElfW(Phdr) *segments = (const ElfW(Phdr) *)(image + header()->e_phoff);

	for (size_t i = 0; i < header()->e_phnum; i++)
		if (segments[i].p_type == type)
			return &segments[i];
	return NULL;
}

/* Return: whether there is such an entry of the dynamic section; @value: its number */
static bool dynamic_entry(ElfW(Sxword) tag, ElfW(Xword) * value)
{
	const ElfW(Phdr) *dynamic = segment(PT_DYNAMIC);
	const ElfW(Dyn) *entries = (const ElfW(Dyn) *)(image + dynamic->p_offset);

	for (; entries->d_tag != DT_NULL; entries++) {
		if (entries->d_tag != tag)
			continue;
		*value = entries->d_un.d_val;
		return true;
	}
	return false;
}

static void test_it_may_be_loaded_anywhere(void **state)
{
	ElfW(Xword) flags = 0;

	(void)state;
	assert_int_equal(header()->e_type, ET_DYN);
	assert_non_null(segment(PT_INTERP));
	assert_true(dynamic_entry(DT_FLAGS_1, &flags));
	assert_true(flags & DF_1_PIE);
}

static void test_tables_of_the_linker_are_read_only(void **state)
{
	ElfW(Xword) flags = 0;

	(void)state;
	assert_non_null(segment(PT_GNU_RELRO));
	assert_true(dynamic_entry(DT_FLAGS_1, &flags));
	assert_true(flags & DF_1_NOW);
}

static void test_nothing_is_writable_and_executable(void **state)
{
	const ElfW(Phdr) *segments = (const ElfW(Phdr) *)(image + header()->e_phoff);

	(void)state;
	assert_non_null(segment(PT_GNU_STACK));
	for (size_t i = 0; i < header()->e_phnum; i++)
		assert_int_not_equal(segments[i].p_flags & (PF_W | PF_X), PF_W | PF_X);
}

static void test_libraries_come_from_the_system(void **state)
{
	ElfW(Xword) ignored;

	(void)state;
	assert_false(dynamic_entry(DT_RPATH, &ignored));
	assert_false(dynamic_entry(DT_RUNPATH, &ignored));
	assert_false(dynamic_entry(DT_TEXTREL, &ignored));
}

static bool imports(const char *symbol)
{
	size_t length = strlen(symbol) + 1;

	return memmem(image, image_size, symbol, length) != NULL;
}

/* The level is that of this test, which is built with the same flags. */
static void test_sizes_are_checked(void **state)
{
	(void)state;
	assert_int_equal(__USE_FORTIFY_LEVEL, 3);
	assert_true(imports("__memcpy_chk"));
	assert_true(imports("__snprintf_chk"));
	assert_true(imports("__stack_chk_fail"));
}

#if defined(__x86_64__)

/*
 * endbr64, where an indirect jump may land. The file as a whole is marked for that only where the C
 * library's start-up code is, too, which Debian's is not.
 */
static void test_targets_of_jumps_are_marked(void **state)
{
	static const uint8_t mark[] = {0xf3, 0x0f, 0x1e, 0xfa};
	const uint8_t *at = image, *end = image + image_size;
	size_t count = 0;

	(void)state;
	while ((at = memmem(at, (size_t)(end - at), mark, sizeof(mark))) != NULL) {
		at += sizeof(mark);
		count++;
	}
	assert_true(count > 500);
}

#ifndef __clang__

/* orq $0, (%rsp): what a frame larger than a page does for each page of it; clang does it otherwise */
static void test_large_frames_touch_each_page(void **state)
{
	static const uint8_t probe[] = {0x48, 0x83, 0x0c, 0x24, 0x00};

	(void)state;
	assert_non_null(memmem(image, image_size, probe, sizeof(probe)));
}

#endif
#endif

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_may_be_loaded_anywhere),
		cmocka_unit_test(test_tables_of_the_linker_are_read_only),
		cmocka_unit_test(test_nothing_is_writable_and_executable),
		cmocka_unit_test(test_libraries_come_from_the_system),
		cmocka_unit_test(test_sizes_are_checked),
#if defined(__x86_64__)
		cmocka_unit_test(test_targets_of_jumps_are_marked),
#ifndef __clang__
		cmocka_unit_test(test_large_frames_touch_each_page),
#endif
#endif
	};

	if (argc != 2) {
		fprintf(stderr, "usage: elf_test PROGRAM\n");
		return 2;
	}
	path = argv[1];
	return cmocka_run_group_tests(tests, map_program, NULL);
}
