/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "metrics_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int set_up_release(void **state, enum kube_proxy_release release)
{
	struct metrics_fixture *fixture = memory_allocate(sizeof(*fixture));

	fixture_set_up(&fixture->agent);
	fixture->metrics = proxy_metrics_new(METRICS_FIXTURE_START, 2, release);
	*state = fixture;
	return 0;
}

int metrics_fixture_set_up(void **state)
{
	return set_up_release(state, KUBE_PROXY_RELEASE_1_36);
}

int metrics_fixture_set_up_1_32(void **state)
{
	return set_up_release(state, KUBE_PROXY_RELEASE_1_32);
}

int metrics_fixture_tear_down(void **state)
{
	struct metrics_fixture *fixture = *state;

	proxy_metrics_free(fixture->metrics);
	fixture_tear_down(&fixture->agent);
	free(fixture);
	return 0;
}

char *metrics_fixture_text(struct metrics_fixture *fixture, enum metrics_format format)
{
	return proxy_metrics_text(
		fixture->metrics,
		&(struct proxy_metrics_sources){.status = &fixture->agent.sources}, format);
}

/* The number behind "NAME{LABELS}", as text; fails without such a line. */
void metrics_fixture_assert(struct metrics_fixture *fixture, const char *name, const char *expected)
{
	auto_memory char *text = metrics_fixture_text(fixture, METRICS_FORMAT_TEXT);
	auto_memory char *line = string_printf("\n%s %s\n", name, expected);
	auto_memory char *start = string_printf("\n%s ", name);
	const char *found = strstr(text, start);

	if (!found)
		fail_msg("no %s in:\n%s", name, text);
	if (strncmp(found, line, strlen(line)) != 0)
		fail_msg("%s is not %s but%.*s", name, expected,
			 (int)strcspn(found + strlen(start), "\n"), found + strlen(start));
}
