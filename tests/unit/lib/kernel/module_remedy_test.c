/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/kernel/module_remedy.h"

#include "lib/base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define TO_INSTALL "install the package of the kernel's other modules: "

static void test_names_the_package_of_the_distribution(void **state)
{
	static const struct {
		const char *release, *packages;
	} rows[] = {
		{"6.12.0-124.el10_1.x86_64", "kernel-modules-extra-6.12.0-124.el10_1.x86_64"},
		{"5.14.0-427.13.1.el9_4.aarch64",
		 "kernel-modules-extra-5.14.0-427.13.1.el9_4.aarch64"},
		{"6.12.0-1.23.3.2.el9uek.x86_64",
		 "kernel-uek-modules-extra-6.12.0-1.23.3.2.el9uek.x86_64"},
		{"6.14.0-63.fc42.x86_64",
		 "kernel-modules-6.14.0-63.fc42.x86_64 and kernel-modules-extra-6.14.0-63.fc42.x86_64"},
		{"6.8.0-45-generic", "linux-modules-extra-6.8.0-45-generic"},
		{"6.8.0-1016-aws", "linux-modules-extra-6.8.0-1016-aws"},
		{"6.1.0-40-amd64", "linux-image-6.1.0-40-amd64"},
		{"6.12.48+deb13-cloud-amd64",
		 "linux-image-amd64 or linux-image-arm64, which replace the cloud kernel"},
		{"6.4.0-150600.23.7-default", "kernel-default, which replaces kernel-default-base"},
		{"6.12.13-0-virt", "linux-lts, which replaces linux-virt"},
		{"6.12.13-0-lts", "linux-lts"},
		{"6.1.134-152.225.amzn2023.x86_64",
		 "kernel-modules-extra-6.1.134-152.225.amzn2023.x86_64"},
		{"6.9.1",
		 "kernel-modules-extra on Fedora and Enterprise Linux, linux-modules-extra-6.9.1 on "
		 "Ubuntu, linux-image-6.9.1 on Debian, kernel-default instead of kernel-default-base "
		 "on SUSE, linux-lts instead of linux-virt on Alpine"},
	};
	char buffer[MODULE_REMEDY_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *remedy = module_remedy(rows[i].release, buffer);

		print_message("%s\n", rows[i].release);
		assert_int_equal(strncmp(remedy, TO_INSTALL, strlen(TO_INSTALL)), 0);
		assert_string_equal(remedy + strlen(TO_INSTALL), rows[i].packages);
	}
}

/* A release is of 64 bytes at most. */
static void test_has_room_for_the_longest_release(void **state)
{
	char release[65], buffer[MODULE_REMEDY_SIZE];

	(void)state;
	memset(release, 'x', sizeof(release) - 1);
	release[sizeof(release) - 1] = '\0';
	assert_non_null(strstr(module_remedy(release, buffer), "on Alpine"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_the_package_of_the_distribution),
		cmocka_unit_test(test_has_room_for_the_longest_release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
