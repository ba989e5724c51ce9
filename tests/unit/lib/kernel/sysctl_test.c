/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/kernel/sysctl.h"

#include "lib/base/memory.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include <cmocka.h>

static void reads_an_integer(void **state)
{
	struct error err = {0};
	int value = -1;

	(void)state;
	/* A constant of the kernel, NGROUPS_MAX. */
	assert_int_equal(sysctl_get("kernel/ngroups_max", &value, &err), 0);
	assert_int_equal(value, 65536);
}

static void names_what_it_cannot_read(void **state)
{
	static const struct {
		const char *what, *name;
		int code;
		const char *text;
	} cases[] = {
		{"unknown", "net/ipv4/vs-nonsense", -ENOENT,
		 "/proc/sys/net/ipv4/vs-nonsense: No such file or directory"},
		{"a directory", "kernel", -EISDIR, "/proc/sys/kernel: Is a directory"},
		{"a text", "kernel/ostype", -EBADMSG,
		 "/proc/sys/kernel/ostype does not contain an integer"},
		{"several numbers", "kernel/printk", -EBADMSG,
		 "/proc/sys/kernel/printk does not contain an integer"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error err = {0};
		int value = 4711;

		print_message("%s\n", cases[i].what);
		assert_int_equal(sysctl_get(cases[i].name, &value, &err), cases[i].code);
		assert_string_equal(err.text, cases[i].text);
		assert_int_equal(value, 4711);
		assert_int_equal(sysctl_ensure(cases[i].name, 1, &err), cases[i].code);
	}
}

/* This one cannot be written by anybody, so an attempt would be noticed. */
static void writes_only_what_differs(void **state)
{
	struct error err = {0};

	(void)state;
	assert_int_equal(sysctl_ensure("kernel/ngroups_max", 65536, &err), 0);
	assert_int_equal(sysctl_ensure("kernel/ngroups_max", 1, &err), -EACCES);
	assert_string_equal(err.text, "/proc/sys/kernel/ngroups_max: Permission denied");
}

static void refuses_endless_names(void **state)
{
	struct error err = {0};
	char name[5000];
	int value;

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(sysctl_get(name, &value, &err), -ENAMETOOLONG);
}

static void knows_the_kernel_version(void **state)
{
	unsigned int version = sysctl_kernel_version();
	struct utsname name;
	char text[32];

	(void)state;
	assert_int_equal(uname(&name), 0);
	snprintf(text, sizeof(text), "%u.%u", version >> 16, version & 0xffff);
	assert_memory_equal(name.release, text, strlen(text));
	assert_true(version >= 0x30000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_an_integer),
		cmocka_unit_test(names_what_it_cannot_read),
		cmocka_unit_test(writes_only_what_differs),
		cmocka_unit_test(refuses_endless_names),
		cmocka_unit_test(knows_the_kernel_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
