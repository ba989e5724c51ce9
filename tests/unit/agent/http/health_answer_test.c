/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/http/health_answer.h"

#include "lib/base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

static struct health_time time_at(uint64_t now)
{
	return (struct health_time){
		.now = now, .wall = 1700000000 + (double)now / 1000, .age = (double)now / 1000};
}

static void assert_status(const struct proxy_health *health, enum kube_proxy_release release,
			  bool is_liveness, const struct health_time *time, bool is_good)
{
	unsigned int status;
	auto_memory char *text = health_answer_text(health, release, is_liveness, time, &status);

	assert_non_null(text);
	assert_int_equal(status, is_good ? 200 : 503);
}

static void assert_text(const struct proxy_health *health, enum kube_proxy_release release,
			bool is_liveness, const struct health_time *time, const char *expected)
{
	unsigned int status;
	auto_memory char *text = health_answer_text(health, release, is_liveness, time, &status);

	assert_string_equal(text, expected);
}

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
		const struct health_time time = time_at(steps[i].now);
		uint64_t last_updated;

		print_message("%s\n", steps[i].what);
		switch (steps[i].step) {
		case LOOK:
			break;
		case OBJECTS_QUEUED:
			proxy_health_queued(&health, PROXY_PART_OBJECTS, IP_FAMILY_ALL,
					    steps[i].now);
			break;
		case OBJECTS_UPDATED:
			proxy_health_updated(&health, PROXY_PART_OBJECTS, IP_FAMILY_ALL,
					     steps[i].now, time.wall);
			break;
		case RULES_QUEUED:
			proxy_health_queued(&health, PROXY_PART_RULES, IP_FAMILY_ALL, steps[i].now);
			break;
		case RULES_UPDATED:
			proxy_health_updated(&health, PROXY_PART_RULES, IP_FAMILY_ALL, steps[i].now,
					     time.wall);
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
		for (int r = 0; r < 2; r++) {
			const enum kube_proxy_release release = (enum kube_proxy_release)r;

			assert_status(&health, release, false, &time, steps[i].is_healthy);
			assert_status(&health, release, true, &time, steps[i].is_alive);
		}
		assert_int_equal(proxy_health_is_alive(&health, steps[i].now, &last_updated),
				 steps[i].is_alive);
		assert_int_equal(last_updated, steps[i].last_updated);
	}
}

/* What it had not followed when it was turned off makes nobody late, and it is shown no more. */
static void test_a_family_that_is_off(void **state)
{
	const unsigned int ipv6 = 1U << IP_FAMILY_IPV6;
	const struct health_time time = time_at(100000);
	struct family_health family;
	struct proxy_health health;

	(void)state;
	proxy_health_init(&health, 10);
	proxy_health_updated(&health, PROXY_PART_OBJECTS, IP_FAMILY_ALL, 1000, 1);
	proxy_health_queued(&health, PROXY_PART_OBJECTS, ipv6, 2000);
	assert_status(&health, KUBE_PROXY_RELEASE_1_36, false, &time, false);

	proxy_health_forget(&health, ipv6);
	proxy_health_queued(&health, PROXY_PART_OBJECTS, ipv6, 3000);
	assert_status(&health, KUBE_PROXY_RELEASE_1_36, false, &time, true);
	assert_false(proxy_health_look(&health, IP_FAMILY_IPV6, time.now, false, &family));
	assert_true(proxy_health_look(&health, IP_FAMILY_IPV4, time.now, false, &family));

	proxy_health_updated(&health, PROXY_PART_OBJECTS, IP_FAMILY_ALL, 4000, 4);
	assert_true(proxy_health_look(&health, IP_FAMILY_IPV6, time.now, false, &family));
}

static void test_texts_of_1_32(void **state)
{
	const struct health_time time = {.now = 1123456, .wall = 1763644740.5, .age = 1000.25};
	const enum kube_proxy_release release = KUBE_PROXY_RELEASE_1_32;
	struct proxy_health health;

	(void)state;
	proxy_health_init(&health, 30);
	assert_text(&health, release, false, &time,
		    "{\"lastUpdated\": \"2025-11-20 13:19:00.500000 +0000 UTC m=+1000.250000\","
		    "\"currentTime\": \"2025-11-20 13:19:00.500000 +0000 UTC m=+1000.250000\", "
		    "\"nodeEligible\": true}");
	assert_text(&health, release, true, &time,
		    "{\"lastUpdated\": \"2025-11-20 13:19:00.500000 +0000 UTC m=+1000.250000\","
		    "\"currentTime\": \"2025-11-20 13:19:00.500000 +0000 UTC m=+1000.250000\"}");

	proxy_health_updated(&health, PROXY_PART_OBJECTS, IP_FAMILY_ALL, time.now - 100000,
			     time.wall - 100);
	proxy_health_queued(&health, PROXY_PART_OBJECTS, IP_FAMILY_ALL, time.now - 60000);
	health.is_eligible = false;
	assert_text(&health, release, false, &time,
		    "{\"lastUpdated\": \"2025-11-20 13:17:20.500000 +0000 UTC m=+900.250000\","
		    "\"currentTime\": \"2025-11-20 13:19:00.500000 +0000 UTC m=+1000.250000\", "
		    "\"nodeEligible\": false}");
}

/*
 * The first answers are kube-proxy 1.36.3's, with its times in microseconds and only one clock
 * asked: its lastUpdated of a healthy proxy is a moment after its currentTime.
 */
static void test_texts_of_1_36(void **state)
{
	const enum kube_proxy_release release = KUBE_PROXY_RELEASE_1_36;
	struct health_time time = {.now = 1123456, .wall = 1795977297.656255, .age = 38};
	struct proxy_health health;

	(void)state;
	proxy_health_init(&health, 30);
	assert_text(&health, release, false, &time,
		    "{\"lastUpdated\":\"2026-11-29T18:34:57.656255Z\","
		    "\"currentTime\":\"2026-11-29T18:34:57.656255Z\",\"nodeEligible\":true,"
		    "\"healthy\":true}");

	proxy_health_updated(&health, PROXY_PART_OBJECTS, ip_family_bit(AF_INET), time.now - 1537,
			     1795977296.119595);
	proxy_health_updated(&health, PROXY_PART_OBJECTS, ip_family_bit(AF_INET6), time.now - 1521,
			     1795977296.135854);
	assert_text(
		&health, release, false, &time,
		"{\"lastUpdated\":\"2026-11-29T18:34:57.656255Z\","
		"\"currentTime\":\"2026-11-29T18:34:57.656255Z\",\"nodeEligible\":true,"
		"\"healthy\":true,\"status\":{"
		"\"IPv4\":{\"lastUpdated\":\"2026-11-29T18:34:56.119595Z\",\"healthy\":true},"
		"\"IPv6\":{\"lastUpdated\":\"2026-11-29T18:34:56.135854Z\",\"healthy\":true}}}");
	time.wall = 1795977297.81672;
	assert_text(
		&health, release, true, &time,
		"{\"lastUpdated\":\"2026-11-29T18:34:57.81672Z\","
		"\"currentTime\":\"2026-11-29T18:34:57.81672Z\",\"healthy\":true,\"status\":{"
		"\"IPv4\":{\"lastUpdated\":\"2026-11-29T18:34:56.119595Z\",\"healthy\":true},"
		"\"IPv6\":{\"lastUpdated\":\"2026-11-29T18:34:56.135854Z\",\"healthy\":true}}}");
}

/* One row is one more event in the life of one proxy. */
static void test_families_of_1_36(void **state)
{
	enum step { RULES_ONLY, LATE_IPV6, LOST, INELIGIBLE };
	static const struct {
		const char *what;
		enum step step;
		const char *ready, *alive;
	} rows[] = {
		{"never up to date", INELIGIBLE,
		 "{\"lastUpdated\":\"0001-01-01T00:00:00Z\",\"currentTime\":\"2023-11-14T22:14:20Z\","
		 "\"nodeEligible\":false,\"healthy\":true}",
		 "{\"lastUpdated\":\"2023-11-14T22:14:20Z\",\"currentTime\":\"2023-11-14T22:14:20Z\","
		 "\"healthy\":true}"},
		{"only its rules are in place", RULES_ONLY,
		 "{\"lastUpdated\":\"2023-11-14T22:14:20Z\",\"currentTime\":\"2023-11-14T22:14:20Z\","
		 "\"nodeEligible\":true,\"healthy\":true}",
		 "{\"lastUpdated\":\"2023-11-14T22:14:20Z\",\"currentTime\":\"2023-11-14T22:14:20Z\","
		 "\"healthy\":true}"},
		{"IPv6 is late", LATE_IPV6,
		 "{\"lastUpdated\":\"2023-11-14T22:13:30Z\",\"currentTime\":\"2023-11-14T22:14:20Z\","
		 "\"nodeEligible\":true,\"healthy\":false,\"status\":{"
		 "\"IPv4\":{\"lastUpdated\":\"2023-11-14T22:13:30Z\",\"healthy\":true},"
		 "\"IPv6\":{\"lastUpdated\":\"2023-11-14T22:13:25.5Z\",\"healthy\":false}}}",
		 "{\"lastUpdated\":\"2023-11-14T22:13:30Z\",\"currentTime\":\"2023-11-14T22:14:20Z\","
		 "\"healthy\":false,\"status\":{"
		 "\"IPv4\":{\"lastUpdated\":\"2023-11-14T22:13:30Z\",\"healthy\":true},"
		 "\"IPv6\":{\"lastUpdated\":\"2023-11-14T22:13:25.5Z\",\"healthy\":false}}}"},
		{"the kernel is lost, which no restart mends", LOST,
		 "{\"lastUpdated\":\"2023-11-14T22:14:10Z\",\"currentTime\":\"2023-11-14T22:14:20Z\","
		 "\"nodeEligible\":true,\"healthy\":false,\"status\":{"
		 "\"IPv4\":{\"lastUpdated\":\"2023-11-14T22:13:30Z\",\"healthy\":false},"
		 "\"IPv6\":{\"lastUpdated\":\"2023-11-14T22:14:10Z\",\"healthy\":false}}}",
		 "{\"lastUpdated\":\"2023-11-14T22:14:20Z\",\"currentTime\":\"2023-11-14T22:14:20Z\","
		 "\"healthy\":true,\"status\":{"
		 "\"IPv4\":{\"lastUpdated\":\"2023-11-14T22:13:30Z\",\"healthy\":true},"
		 "\"IPv6\":{\"lastUpdated\":\"2023-11-14T22:14:10Z\",\"healthy\":true}}}"},
	};
	const struct health_time time = time_at(60000);
	struct proxy_health health;

	(void)state;
	proxy_health_init(&health, 10);
	for (size_t i = 0; i < COUNT(rows); i++) {
		print_message("%s\n", rows[i].what);
		health.is_eligible = rows[i].step != INELIGIBLE;
		switch (rows[i].step) {
		case INELIGIBLE:
			break;
		case RULES_ONLY:
			proxy_health_updated(&health, PROXY_PART_RULES, IP_FAMILY_ALL, 5500,
					     time_at(5500).wall);
			break;
		case LATE_IPV6:
			proxy_health_updated(&health, PROXY_PART_OBJECTS, IP_FAMILY_ALL, 10000,
					     time_at(10000).wall);
			proxy_health_queued(&health, PROXY_PART_RULES, ip_family_bit(AF_INET6),
					    30000);
			break;
		case LOST:
			proxy_health_updated(&health, PROXY_PART_RULES, ip_family_bit(AF_INET6),
					     50000, time_at(50000).wall);
			proxy_health_set_lost(&health, true, 50000);
			break;
		}
		assert_text(&health, KUBE_PROXY_RELEASE_1_36, false, &time, rows[i].ready);
		assert_text(&health, KUBE_PROXY_RELEASE_1_36, true, &time, rows[i].alive);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_health),
		cmocka_unit_test(test_a_family_that_is_off),
		cmocka_unit_test(test_texts_of_1_32),
		cmocka_unit_test(test_texts_of_1_36),
		cmocka_unit_test(test_families_of_1_36),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
