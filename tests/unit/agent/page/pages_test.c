/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/page/pages.h"

#include "agent/page/html.h"
#include "agent/page/service_choice.h"
#include "agent/page/service_document.h"
#include "lib/base/clock.h"
#include "tests/unit/agent/agent_fixture.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int set_up(void **state)
{
	struct fixture *fixture = memory_allocate(sizeof(*fixture));

	fixture_set_up(fixture);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	fixture_tear_down(*state);
	free(*state);
	return 0;
}

static bool is_void_element(const char *name)
{
	return strcmp(name, "meta") == 0 || strcmp(name, "br") == 0 || strcmp(name, "input") == 0;
}

/* Every element that begins ends where it should; a browser would guess otherwise. */
static void assert_balanced(const char *page)
{
	char open[40][16], name[16];
	size_t depth = 0;

	for (const char *tag = strchr(page, '<'); tag; tag = strchr(tag + 1, '<')) {
		bool is_end = tag[1] == '/';

		if (tag[1] == '!')
			continue;
		assert_int_equal(sscanf(tag + 1 + is_end, "%15[a-z0-9]", name), 1);
		if (is_end) {
			assert_true(depth > 0);
			assert_string_equal(name, open[--depth]);
		} else if (!is_void_element(name)) {
			assert_true(depth < COUNT(open));
			strcpy(open[depth++], name);
		}
	}
	assert_int_equal(depth, 0);
}

/* Where tests/checks/page finds them; NULL: nowhere. */
static const char *kept_in;

static void keep(const char *page)
{
	static int count;
	auto_memory char *path = string_printf("%s/page-%02d.html", kept_in, ++count);
	FILE *stream = fopen(path, "we");

	assert_non_null(stream);
	fputs(page, stream);
	assert_int_equal(fclose(stream), 0);
}

static char *page_of(struct fixture *fixture, const char *path, const char *wanted,
		     const char *after)
{
	const struct page_request request = {
		.path = path, .wanted = wanted, .after = after, .seconds = 1000};
	char *page = pages_text(&fixture->sources, &request);

	assert_non_null(page);
	assert_balanced(page);
	if (kept_in)
		keep(page);
	return page;
}

/* Of a message cmocka shows the beginning only. */
static void assert_has(const char *page, const char *part)
{
	if (strstr(page, part))
		return;
	puts(page);
	fail_msg("the page lacks '%s'", part);
}

static void assert_lacks(const char *page, const char *part)
{
	if (!strstr(page, part))
		return;
	puts(page);
	fail_msg("the page has '%s'", part);
}

static void reject(struct fixture *fixture, const char *kind, const char *name, const char *reason)
{
	rejections_set(fixture->rejections, &(struct rejection){.kind = kind,
								.namespace_name = "a",
								.name = name,
								.reason = reason});
}

static void test_overview(void **state)
{
	struct fixture *fixture = *state;
	auto_memory char *page = NULL;

	add_service(fixture, "a/web ip=10.0.0.1 lb=10.8.0.1 type=NodePort port=http:80/TCP:30080");
	add_slice(fixture, "a/web-1 service=web port=http:8080/TCP 10.1.0.1 10.1.0.2");
	add_service(fixture, "a/refused ip=10.0.0.2 port=:666/TCP");
	program(fixture);
	reject(fixture, "EndpointSlice", "<script>", "bad & \"worse\"");
	reject(fixture, "Service", "never", "bad address");
	page = page_of(fixture, "/", "", "");

	assert_has(page, "<dt>Node</dt><dd>n</dd>");
	assert_has(page, "<a href=\"/services/a/web\">a/web</a></th><td>NodePort</td>"
			 "<td>10.0.0.1:80/TCP<br>10.8.0.1:80/TCP<br>192.168.0.1:30080/TCP</td>"
			 "<td class=\"n\">2</td><td class=\"n\">-</td><td class=\"n\">-</td>"
			 "<td><span class=\"good\">programmed</span></td>");
	assert_has(page, "<span class=\"bad\">kernel</span>: 1 objects failed");
	assert_lacks(page, "Recent changes");
	assert_has(page,
		   "<span class=\"bad\">failed</span>: 10.0.0.2:666/TCP: No space left on device");
	assert_has(page, "<caption>3 Services</caption>");
	assert_has(page, ">a/never</a>");
	assert_has(page, "EndpointSlice a/&lt;script&gt;</span>: bad &amp; &quot;worse&quot;</li>");
	assert_lacks(page, "<script");
	assert_lacks(page, "More Services");
}

static void test_no_problems(void **state)
{
	struct fixture *fixture = *state;
	auto_memory char *page = NULL;

	program(fixture);
	page = page_of(fixture, "/", "", "");
	assert_has(page, "<h2>Problems</h2>\n<p>None.</p>");
	assert_has(page, "<caption>0 Services</caption>");
}

static void test_service(void **state)
{
	struct fixture *fixture = *state;
	auto_memory char *page = NULL;

	add_service(fixture, "a/web ip=10.0.0.1 port=http:80/TCP affinity=600");
	add_slice(fixture, "a/web-1 service=web port=http:8080/TCP 10.1.0.1 10.1.0.2!unready");
	program(fixture);
	page = page_of(fixture, "/services/a/web", "", "");
	assert_has(page, "<h1>Service a/web</h1>");
	assert_has(page, "<h2>10.0.0.1:80/TCP</h2>");
	assert_has(page, "<dt>Affinity</dt><dd>ClientIP, 600 s</dd>");
	assert_has(page, "<tr><td>10.1.0.1:8080</td><td>used</td><td></td></tr>");
	assert_has(page, "<tr><td>10.1.0.2:8080</td><td>not used</td><td>not ready</td></tr>");
}

static double frozen_time;

static double frozen_clock(void)
{
	return frozen_time;
}

static void test_changes(void **state)
{
	struct fixture *fixture = *state;
	auto_free(history) struct history *history = history_new(frozen_clock);
	auto_memory char *page = NULL, *service = NULL;

	fixture->sources.history = history;
	add_service(fixture, "a/web ip=10.0.0.1 port=http:80/TCP");
	program(fixture);
	frozen_time = 1767323045;
	history_note(history, "Service a/web", "EndpointSlice <x> changed", "add");
	for (int i = 0; i < 20; i++)
		history_note(history, "rules", "newer", "write");
	page = page_of(fixture, "/", "", "");
	assert_has(page, "<h2>Recent changes</h2>");
	assert_has(page, "<tr><td>2026-01-02 03:04:05 UTC</td><td>rules</td><td>newer</td>"
			 "<td class=\"n\">1</td><td class=\"n\">0</td></tr>");
	assert_lacks(page, "EndpointSlice");
	service = page_of(fixture, "/services/a/web", "", "");
	assert_has(service, "<td>EndpointSlice &lt;x&gt; changed</td>");
	assert_lacks(service, "newer");
}

static bool nobody_wants(void *owner)
{
	(void)owner;
	return false;
}

static void observe(struct server_rates *rates, double now, uint64_t connections)
{
	const struct traffic_observer observer = server_rates_observer(rates);
	const struct ipvs_traffic traffic = {connections, 2 * connections, 3 * connections,
					     50 * connections, 50 * connections};
	struct virtual_server_key key = {.port = 80, .protocol = IPPROTO_TCP};

	frozen_time = now;
	assert_true(address_parse("10.0.0.1", &key.address));
	assert_true(observer.is_wanted(observer.owner));
	observer.begin(observer.owner);
	observer.observe(observer.owner, &key, &traffic);
	observer.begin(observer.owner);
	observer.observe(observer.owner, &key, &traffic);
	observer.end(observer.owner);
}

static void test_rates(void **state)
{
	const struct traffic_observer nobody = {.is_wanted = nobody_wants};
	auto_free(server_rates) struct server_rates *rates =
		server_rates_new(frozen_clock, &nobody);
	struct fixture *fixture = *state;
	auto_memory char *before = NULL, *page = NULL, *service = NULL, *anew = NULL;

	fixture->sources.rates = rates;
	server_rates_want(rates, true);
	add_service(fixture, "a/web ip=10.0.0.1 port=http:80/TCP");
	program(fixture);
	observe(rates, 100, 1000);
	before = page_of(fixture, "/", "", "");
	assert_has(before, "<td class=\"n\">-</td><td class=\"n\">-</td>");
	observe(rates, 110, 1025);
	page = page_of(fixture, "/", "", "");
	assert_has(page, "<td class=\"n\">2.5</td><td class=\"n\">250</td>");
	service = page_of(fixture, "/services/a/web", "", "");
	assert_has(service,
		   "<td>10.0.0.1:80/TCP</td><td class=\"n\">2.5</td><td class=\"n\">5.0</td>"
		   "<td class=\"n\">7.5</td><td class=\"n\">125</td>"
		   "<td class=\"n\">125</td></tr>");
	observe(rates, 111, 20);
	anew = page_of(fixture, "/", "", "");
	assert_has(anew, "<td class=\"n\">20</td><td class=\"n\">2000</td>");
}

static void test_no_such_page(void **state)
{
	static const char *const paths[] = {"/services/a/none", "/services/", "/services/a", "/x",
					    ""};
	struct fixture *fixture = *state;

	program(fixture);
	for (size_t i = 0; i < COUNT(paths); i++) {
		const struct page_request request = {.path = paths[i], .wanted = "", .after = ""};

		assert_null(pages_text(&fixture->sources, &request));
	}
}

/* Every Service is on one page and on one only, whatever the order in which they came. */
static void test_all_pages(void **state)
{
	enum { SERVICES = 3 * SERVICE_CHOICE_MAX - 20 };
	struct fixture *fixture = *state;
	struct service_choice choice = {.wanted = "a/", .after = ""};
	char text[80], last[80] = "";
	size_t seen = 0, pages = 0;

	for (int i = 0; i < SERVICES; i++) {
		snprintf(text, sizeof(text), "a/s%03d ip=10.0.%d.1 port=:80/TCP", i * 37 % SERVICES,
			 i);
		add_service(fixture, text);
	}
	add_service(fixture, "b/other ip=10.1.0.1 port=:80/TCP");
	program(fixture);
	do {
		choice.after = last;
		service_choice_make(&choice, &fixture->sources);
		assert_int_equal(choice.total, SERVICES);
		for (size_t i = 0; i < choice.count; i++) {
			snprintf(text, sizeof(text), "a/s%03zu", seen++);
			assert_string_equal(choice.keys[i], text);
		}
		strcpy(last, choice.keys[choice.count - 1]);
		service_choice_clear(&choice);
		pages++;
	} while (choice.is_more);
	assert_int_equal(seen, SERVICES);
	assert_int_equal(pages, 3);
}

static void test_next_page(void **state)
{
	struct fixture *fixture = *state;
	auto_memory char *first = NULL, *second = NULL;
	char text[80];

	for (int i = 0; i <= SERVICE_CHOICE_MAX; i++) {
		snprintf(text, sizeof(text), "a/s%03d ip=10.0.%d.1 port=:80/TCP", i, i);
		add_service(fixture, text);
	}
	program(fixture);
	second = page_of(fixture, "/", "s0", "a/s049");
	assert_has(second, "value=\"s0\"");
	assert_has(second, "<caption>51 Services with s0</caption>");
	assert_lacks(second, ">a/s049</a>");
	assert_has(second, ">a/s050</a>");
	assert_lacks(second, "More Services");
	first = page_of(fixture, "/", "s0", "");
	assert_has(first, ">a/s000</a>");
	assert_has(first, "<a rel=\"next\" href=\"/?name=s0&amp;after=a/s0");
}

/* What there is no time for is left out and said to be; what was written is whole. */
static void test_cut(void **state)
{
	struct fixture *fixture = *state;
	struct html text = {0};
	json_t *document;
	bool is_complete;

	html_markup(&text, "a/wide ip=10.0.0.1");
	for (int i = 1; i <= 150; i++) {
		char port[40];

		snprintf(port, sizeof(port), " port=p%d:%d/TCP", i, i);
		html_markup(&text, port);
	}
	add_service(fixture, text.text);
	program(fixture);
	document = service_document(&fixture->sources, "a/wide", 100, clock_now() + 1000,
				    &is_complete);
	assert_false(is_complete);
	assert_int_equal(json_array_size(json_object_get(document, "servers")), 100);
	json_decref(document);

	document =
		service_document(&fixture->sources, "a/wide", 100, clock_now() - 1, &is_complete);
	assert_false(is_complete);
	assert_int_equal(json_array_size(json_object_get(document, "servers")), 0);
	json_decref(document);

	free(text.text);
	text.text = page_of(fixture, "/services/a/wide", "", "");
	assert_has(text.text, "<code>ipvsagent status a/wide</code> shows all of them");
	free(text.text);
	text.text = page_of(fixture, "/", "", "");
	assert_has(text.text, "many virtual servers");
	free(text.text);
}

static void test_html(void **state)
{
	struct html html = {0};

	(void)state;
	html_text(&html, "a<b>&\"'\x01\n\xc3\xa4");
	html_markup(&html, "|");
	html_path(&html, "a/b c?d&\xc3<");
	html_markup(&html, "|");
	html_element(&html, "td class=\"n\"", "1 < 2");
	assert_string_equal(html.text, "a&lt;b&gt;&amp;&quot;&#39;? \xc3\xa4|a/b%20c%3Fd%26%C3%3C|"
				       "<td class=\"n\">1 &lt; 2</td>");
	free(html.text);
}

/* An argument is the directory in which the pages are kept. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_overview, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_problems, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_service, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_changes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rates, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_such_page, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_all_pages, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_next_page, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cut, set_up, tear_down),
		cmocka_unit_test(test_html),
	};

	kept_in = argc > 1 ? argv[1] : NULL;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
