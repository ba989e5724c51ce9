/* SPDX-License-Identifier: GPL-2.0-or-later */
/* modules_* and sysctl_* against the running kernel; needs root. */
#include "lib/base/memory.h"
#include "lib/kernel/modules.h"
#include "lib/kernel/sysctl.h"
#include "witness.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void loads_a_module_once_or_more(void **state)
{
	struct error err = {0};

	(void)state;
	for (int i = 0; i < 2; i++) {
		if (modules_load("ip_vs_wrr", "scheduler wrr", &err) < 0)
			fail_msg("%s", err.text);
		assert_int_equal(witness_number("{ cat /proc/modules; cat /lib/modules/$(uname -r)/"
						"modules.builtin; } | grep -c '^ip_vs_wrr \\|"
						"/ip_vs_wrr.ko'"),
				 1);
	}
}

static void names_what_a_missing_module_is_needed_for(void **state)
{
	struct error err = {0};
	auto_memory char *expected =
		string_printf("this kernel has no module ip_vs_nonsense, required for scheduler "
			      "nonsense; %s",
			      modules_remedy());

	(void)state;
	assert_int_equal(modules_load("ip_vs_nonsense", "scheduler nonsense", &err), -ENOENT);
	assert_string_equal(err.text, expected);
}

static void without_privilege_a_loaded_module_is_fine(void **state)
{
	struct error err = {0};
	pid_t child;
	int status;

	(void)state;
	assert_int_equal(modules_load("ip_vs_wrr", "scheduler wrr", &err), 0);
	child = fork();
	if (child == 0) {
		if (setuid(65534) < 0 || modules_load("ip_vs_wrr", "scheduler wrr", &err) != 0)
			_exit(1);
		if (modules_load("ip_vs_lblcr", "scheduler lblcr", &err) != -EPERM ||
		    strcmp(err.text,
			   "loading the module ip_vs_lblcr, required for scheduler lblcr: "
			   "Operation not "
			   "permitted") != 0)
			_exit(2);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void writes_a_sysctl_only_if_it_differs(void **state)
{
	struct error err = {0};
	int value = -1;

	(void)state;
	witness_run("echo 0 >/proc/sys/net/ipv4/vs/conntrack");
	assert_int_equal(sysctl_get("net/ipv4/vs/conntrack", &value, &err), 0);
	assert_int_equal(value, 0);
	assert_int_equal(sysctl_ensure("net/ipv4/vs/conntrack", 1, &err), 1);
	assert_int_equal(witness_number("cat /proc/sys/net/ipv4/vs/conntrack"), 1);
	assert_int_equal(sysctl_ensure("net/ipv4/vs/conntrack", 1, &err), 0);
	assert_int_equal(sysctl_ensure("net/ipv4/ip_default_ttl", 4711, &err), -EINVAL);
	assert_string_equal(err.text,
			    "writing 4711 to /proc/sys/net/ipv4/ip_default_ttl: Invalid argument");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_a_module_once_or_more),
		cmocka_unit_test(names_what_a_missing_module_is_needed_for),
		cmocka_unit_test(without_privilege_a_loaded_module_is_fine),
		cmocka_unit_test_setup(writes_a_sysctl_only_if_it_differs, witness_enter_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
