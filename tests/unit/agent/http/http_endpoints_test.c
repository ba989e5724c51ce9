/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/http/http_endpoints.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_configuration(void **state)
{
	auto_free(options) struct options *options = options_new();
	auto_memory char *text = NULL;
	const json_t *configuration;
	json_t *all;

	(void)state;
	options->sync_period = 7;
	text = http_endpoints_configuration_text(options);
	all = json_loads(text, 0, NULL);
	assert_int_equal(json_object_size(all), 1);
	configuration = json_object_get(all, "kubeproxy.config.k8s.io");
	assert_string_equal(json_string_value(json_object_get(configuration, "kind")),
			    "KubeProxyConfiguration");
	assert_string_equal(json_string_value(json_object_get(
				    json_object_get(configuration, "ipvs"), "syncPeriod")),
			    "7s");
	json_decref(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
