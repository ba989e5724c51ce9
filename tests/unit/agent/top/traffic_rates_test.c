/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/top/traffic_rates.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct virtual_server_key key_of(const char *address, uint16_t port)
{
	struct virtual_server_key key = {.port = port, .protocol = IPPROTO_TCP};

	assert_true(address_parse(address, &key.address));
	return key;
}

static void add(struct traffic_rates *rates, const char *address, uint16_t port, uint64_t count)
{
	const struct virtual_server_key key = key_of(address, port);
	const struct ipvs_traffic traffic = {count, 2 * count, 3 * count, 40 * count, 50 * count};

	traffic_rates_add(rates, &key, &traffic);
}

static void name(struct traffic_rates *rates, const char *address, uint16_t port,
		 const char *service)
{
	const struct virtual_server_key key = key_of(address, port);

	traffic_rates_name(rates, &key, service);
}

/* "NAME CONNECTIONS; ", in order */
static void assert_rates(const struct traffic_rates *rates, enum top_order order,
			 const char *expected)
{
	auto_memory char *text = NULL;
	size_t size, count;
	FILE *stream = open_memstream(&text, &size);
	double seconds;
	auto_memory struct traffic_rate *rows =
		traffic_rates_sorted(rates, order, &count, &seconds);

	for (size_t i = 0; i < count; i++)
		fprintf(stream, "%s %g; ", rows[i].name, rows[i].connections);
	fprintf(stream, "in %g s", seconds);
	fclose(stream);
	assert_string_equal(text, expected);
}

static void test_rates(void **state)
{
	auto_free(traffic_rates) struct traffic_rates *rates = traffic_rates_new();

	(void)state;
	name(rates, "10.0.0.1", 80, "a/web");
	name(rates, "10.0.0.1", 443, "a/web");
	name(rates, "fd00::2", 80, "a/dns");
	traffic_rates_begin(rates, 100);
	add(rates, "10.0.0.1", 80, 1000);
	add(rates, "10.0.0.1", 443, 500);
	add(rates, "fd00::2", 80, 7);
	add(rates, "10.9.9.9", 53, 0);
	assert_rates(rates, TOP_ORDER_NAME, "10.9.9.9:53/TCP 0; a/dns 0; a/web 0; in 0 s");

	traffic_rates_begin(rates, 104);
	add(rates, "10.0.0.1", 80, 1010);
	add(rates, "10.0.0.1", 443, 506);
	add(rates, "10.0.0.1", 443, 506); /* told twice */
	add(rates, "fd00::2", 80, 107);
	add(rates, "10.9.9.9", 53, 0);
	assert_rates(rates, TOP_ORDER_CONNECTIONS, "a/dns 25; a/web 4; 10.9.9.9:53/TCP 0; in 4 s");
	assert_rates(rates, TOP_ORDER_NAME, "10.9.9.9:53/TCP 0; a/dns 25; a/web 4; in 4 s");
}

static void test_made_anew(void **state)
{
	auto_free(traffic_rates) struct traffic_rates *rates = traffic_rates_new();

	(void)state;
	traffic_rates_begin(rates, 0);
	add(rates, "10.0.0.1", 80, 1000);
	traffic_rates_begin(rates, 2);
	add(rates, "10.0.0.1", 80, 10);
	add(rates, "10.0.0.2", 80, 30);
	assert_rates(rates, TOP_ORDER_PACKETS, "10.0.0.2:80/TCP 15; 10.0.0.1:80/TCP 5; in 2 s");

	/* One goes, and comes back as another. */
	traffic_rates_begin(rates, 3);
	add(rates, "10.0.0.1", 80, 10);
	traffic_rates_begin(rates, 4);
	add(rates, "10.0.0.1", 80, 10);
	add(rates, "10.0.0.2", 80, 31);
	assert_rates(rates, TOP_ORDER_BYTES, "10.0.0.2:80/TCP 31; 10.0.0.1:80/TCP 0; in 1 s");
}

static void test_names_change(void **state)
{
	auto_free(traffic_rates) struct traffic_rates *rates = traffic_rates_new();

	(void)state;
	name(rates, "10.0.0.1", 80, "a/old");
	traffic_rates_begin(rates, 0);
	add(rates, "10.0.0.1", 80, 1);
	traffic_rates_forget_names(rates);
	name(rates, "10.0.0.1", 80, "a/new");
	traffic_rates_begin(rates, 1);
	add(rates, "10.0.0.1", 80, 3);
	assert_rates(rates, TOP_ORDER_NAME, "a/new 2; in 1 s");
}

static void test_orders(void **state)
{
	auto_free(traffic_rates) struct traffic_rates *rates = traffic_rates_new();
	const struct virtual_server_key one = key_of("10.0.0.1", 80);
	const struct virtual_server_key two = key_of("10.0.0.2", 80);
	const struct virtual_server_key three = key_of("10.0.0.3", 80);

	(void)state;
	traffic_rates_begin(rates, 0);
	traffic_rates_begin(rates, 1);
	traffic_rates_add(rates, &one, &(struct ipvs_traffic){9, 1, 1, 10, 10});
	traffic_rates_add(rates, &two, &(struct ipvs_traffic){1, 1, 9, 20, 20});
	traffic_rates_add(rates, &three, &(struct ipvs_traffic){2, 1, 3, 10, 90});
	assert_rates(rates, TOP_ORDER_CONNECTIONS,
		     "10.0.0.1:80/TCP 9; 10.0.0.3:80/TCP 2; 10.0.0.2:80/TCP 1; in 1 s");
	assert_rates(rates, TOP_ORDER_PACKETS,
		     "10.0.0.2:80/TCP 1; 10.0.0.3:80/TCP 2; 10.0.0.1:80/TCP 9; in 1 s");
	assert_rates(rates, TOP_ORDER_BYTES,
		     "10.0.0.3:80/TCP 2; 10.0.0.2:80/TCP 1; 10.0.0.1:80/TCP 9; in 1 s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_made_anew),
		cmocka_unit_test(test_names_change),
		cmocka_unit_test(test_orders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
