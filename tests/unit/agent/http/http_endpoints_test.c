/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/http/http_endpoints.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* One row is one step in the life of one proxy; verification every 10 s. */
static void test_health(void **state)
{
	enum step {
		LOOK,
		OBJECTS_QUEUED,
		OBJECTS_UPDATED,
		RULES_QUEUED,
		RULES_UPDATED,
		DRAIN,
		STAY,
		LOST,
		FOUND,
	};
	static const struct {
		const char *what;
		uint64_t now;
		enum step step;
		bool is_healthy, is_alive;
		uint64_t last_updated;
	} steps[] = {
		{"starting up", 1000, LOOK, true, true, 1000},
		{"what waits while starting up does not count", 1000, OBJECTS_QUEUED, true, true,
		 1000},
		{"however long it takes", 90000, RULES_QUEUED, true, true, 90000},
		{"programmed", 91000, OBJECTS_UPDATED, true, true, 91000},
		{"rules in place", 92000, RULES_UPDATED, true, true, 92000},
		{"idle for long", 500000, LOOK, true, true, 500000},
		{"a change", 500000, OBJECTS_QUEUED, true, true, 500000},
		{"a change is not late yet", 519999, LOOK, true, true, 519999},
		{"a later change does not extend the time of the first", 519999, OBJECTS_QUEUED,
		 true, true, 519999},
		{"a change is late", 520000, LOOK, false, false, 91000},
		{"a late change is applied", 520001, OBJECTS_UPDATED, true, true, 520001},
		{"the rules are gone", 600000, RULES_QUEUED, true, true, 600000},
		{"objects do not make up for rules", 610000, OBJECTS_UPDATED, true, true, 610000},
		{"the rules are late", 620000, LOOK, false, false, 92000},
		{"the rules are back", 630000, RULES_UPDATED, true, true, 630000},
		{"about to be drained", 640000, DRAIN, false, true, 640000},
		{"staying after all", 650000, STAY, true, true, 650000},
		{"the kernel is lost", 660000, LOST, true, true, 660000},
		{"for a moment, that is", 662999, LOST, true, true, 662999},
		{"a restart would not help", 663000, LOST, false, true, 663000},
		{"it is back", 664000, FOUND, true, true, 664000},
		{"it is lost again", 665000, LOST, true, true, 665000},
	};
	struct proxy_health health;

	(void)state;
	proxy_health_init(&health, 10);
	for (size_t i = 0; i < COUNT(steps); i++) {
		struct http_endpoints_time time = {.now = steps[i].now,
						   .wall = 1700000000 + (double)steps[i].now / 1000,
						   .age = (double)steps[i].now / 1000};
		auto_memory char *ready = NULL, *alive = NULL;
		unsigned int ready_status, alive_status;
		uint64_t last_updated;

		print_message("%s\n", steps[i].what);
		switch (steps[i].step) {
		case LOOK:
			break;
		case OBJECTS_QUEUED:
			proxy_health_queued(&health, PROXY_PART_OBJECTS, steps[i].now);
			break;
		case OBJECTS_UPDATED:
			proxy_health_updated(&health, PROXY_PART_OBJECTS, steps[i].now);
			break;
		case RULES_QUEUED:
			proxy_health_queued(&health, PROXY_PART_RULES, steps[i].now);
			break;
		case RULES_UPDATED:
			proxy_health_updated(&health, PROXY_PART_RULES, steps[i].now);
			break;
		case LOST:
		case FOUND:
			proxy_health_set_lost(&health, steps[i].step == LOST, steps[i].now);
			break;
		case DRAIN:
		case STAY:
			health.is_eligible = steps[i].step == STAY;
			break;
		}
		ready = http_endpoints_health_text(&health, false, &time, &ready_status);
		alive = http_endpoints_health_text(&health, true, &time, &alive_status);
		assert_int_equal(ready_status, steps[i].is_healthy ? 200 : 503);
		assert_int_equal(alive_status, steps[i].is_alive ? 200 : 503);
		assert_int_equal(proxy_health_is_alive(&health, steps[i].now, &last_updated),
				 steps[i].is_alive);
		assert_int_equal(last_updated, steps[i].last_updated);
	}
}

static void test_health_texts(void **state)
{
	struct http_endpoints_time time = {.now = 1123456, .wall = 1763644740.5, .age = 1000.25};
	auto_memory char *ready = NULL, *alive = NULL, *late = NULL;
	struct proxy_health health;
	unsigned int status;

	(void)state;
	proxy_health_init(&health, 30);
	ready = http_endpoints_health_text(&health, false, &time, &status);
	assert_string_equal(
		ready, "{\"lastUpdated\": \"2025-11-20 13:19:00.500000 +0000 UTC m=+1000.250000\","
		       "\"currentTime\": \"2025-11-20 13:19:00.500000 +0000 UTC m=+1000.250000\", "
		       "\"nodeEligible\": true}");
	alive = http_endpoints_health_text(&health, true, &time, &status);
	assert_string_equal(
		alive, "{\"lastUpdated\": \"2025-11-20 13:19:00.500000 +0000 UTC m=+1000.250000\","
		       "\"currentTime\": \"2025-11-20 13:19:00.500000 +0000 UTC m=+1000.250000\"}");

	proxy_health_updated(&health, PROXY_PART_OBJECTS, time.now - 100000);
	proxy_health_queued(&health, PROXY_PART_OBJECTS, time.now - 60000);
	health.is_eligible = false;
	late = http_endpoints_health_text(&health, false, &time, &status);
	assert_int_equal(status, 503);
	assert_string_equal(
		late, "{\"lastUpdated\": \"2025-11-20 13:17:20.500000 +0000 UTC m=+900.250000\","
		      "\"currentTime\": \"2025-11-20 13:19:00.500000 +0000 UTC m=+1000.250000\", "
		      "\"nodeEligible\": false}");
}

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
		cmocka_unit_test(test_health),
		cmocka_unit_test(test_health_texts),
		cmocka_unit_test(test_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
