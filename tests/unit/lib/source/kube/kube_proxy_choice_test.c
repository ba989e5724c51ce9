/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/source/kube/kube_proxy_choice.h"

#include "lib/base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define P "http://proxy:3128"

static void the_environment_chooses(void **state)
{
	static const struct {
		const char *what, *https, *http, *none, *server, *proxy;
	} rows[] = {
		{"nothing is said", NULL, NULL, NULL, "https://h", NULL},
		{"HTTPS_PROXY", P, NULL, NULL, "https://h:6443", P},
		{"HTTPS_PROXY is not for http", P, NULL, NULL, "http://h", NULL},
		{"HTTP_PROXY", NULL, P, NULL, "http://h", P},
		{"HTTP_PROXY is not for https", NULL, P, NULL, "https://h", NULL},
		{"localhost is direct", P, NULL, NULL, "https://localhost:6443", NULL},
		{"127.0.0.1 is direct", P, NULL, NULL, "https://127.0.0.1:6443", NULL},
		{"::1 is direct", P, NULL, NULL, "https://[::1]:6443/x", NULL},
		{"all is direct", P, NULL, "*", "https://h", NULL},
		{"another name", P, NULL, "x", "https://h", P},
		{"the name", P, NULL, "x, H", "https://h:1/path", NULL},
		{"what is below the name", P, NULL, "example.org", "https://a.b.example.org", NULL},
		{"what only ends like it", P, NULL, "example.org", "https://badexample.org", P},
		{".name: what is below", P, NULL, ".svc", "https://kubernetes.default.svc", NULL},
		{".name: not itself", P, NULL, ".example.org", "https://example.org", P},
		{"*.name: what is below", P, NULL, "*.example.org", "https://a.example.org", NULL},
		{"the address", P, NULL, "10.0.0.1", "https://10.0.0.1:6443", NULL},
		{"another address", P, NULL, "10.0.0.2", "https://10.0.0.1:6443", P},
		{"an address is no end of a name", P, NULL, "0.1", "https://10.0.0.1", P},
		{"a range", P, NULL, "x,10.96.0.0/12", "https://10.96.0.1", NULL},
		{"outside of the range", P, NULL, "10.96.0.0/12", "https://10.0.0.1", P},
		{"a range and a name", P, NULL, "10.96.0.0/12", "https://h", P},
		{"an IPv6 address", P, NULL, "fd00::1", "https://[fd00::1]:6443", NULL},
		{"an IPv6 address in brackets", P, NULL, "[fd00::1]", "https://[fd00::1]", NULL},
		{"an IPv6 range", P, NULL, "fd00::/8", "https://[fd00::1]", NULL},
		{"the port", P, NULL, "h:6443", "https://h:6443", NULL},
		{"another port", P, NULL, "h:6443", "https://h", P},
		{"the port of https", P, NULL, "h:443", "https://h", NULL},
		{"an IPv6 address with its port", P, NULL, "[fd00::1]:1", "https://[fd00::1]:1",
		 NULL},
		{"an IPv6 address with another port", P, NULL, "[fd00::1]:1", "https://[fd00::1]",
		 P},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct kube_proxy_environment environment = {
			.https = rows[i].https, .http = rows[i].http, .none = rows[i].none};
		const char *proxy = kube_proxy_choice(&environment, rows[i].server);

		print_message("%s\n", rows[i].what);
		assert_true(string_equal(proxy, rows[i].proxy));
	}
}

static void upper_case_comes_first(void **state)
{
	struct kube_proxy_environment environment;

	(void)state;
	unsetenv("HTTP_PROXY");
	setenv("HTTPS_PROXY", "http://upper", 1);
	setenv("https_proxy", "http://lower", 1);
	setenv("http_proxy", "http://lower", 1);
	setenv("NO_PROXY", "", 1);
	setenv("no_proxy", "x", 1);
	kube_proxy_environment_read(&environment);
	assert_string_equal(environment.https, "http://upper");
	assert_string_equal(environment.http, "http://lower");
	assert_string_equal(environment.none, "x");
	unsetenv("http_proxy");
	kube_proxy_environment_read(&environment);
	assert_null(environment.http);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_environment_chooses),
		cmocka_unit_test(upper_case_comes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
