/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/base/listen_retry.h"
#include "lib/base/memory.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void count(void *owner)
{
	++*(unsigned int *)owner;
}

static void news_are_changes(void **state)
{
	static const struct {
		const char *name;
		int before, result, failure;
		enum listen_news news;
		unsigned int tries;
	} rows[] = {
		{"what listens at once is no news", 0, 7, 0, LISTEN_NEWS_NONE, 0},
		{"a first failure is, and is tried again once", 0, -EADDRINUSE, -EADDRINUSE,
		 LISTEN_NEWS_FAILED, 1},
		{"the same failure is not, and is tried again", -EADDRINUSE, -EADDRINUSE,
		 -EADDRINUSE, LISTEN_NEWS_NONE, 1},
		{"another reason is news", -EADDRINUSE, -EMFILE, -EMFILE, LISTEN_NEWS_FAILED, 1},
		{"what listens at last is news, and is not tried again", -EMFILE, 0, 0,
		 LISTEN_NEWS_LISTENS, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
		struct listen_retry retry = {0};
		int failure = rows[i].before;
		unsigned int tries = 0;

		printf("%s\n", rows[i].name);
		listen_retry_init(&retry, loop, 0.001, count, &tries);
		assert_int_equal(listen_retry_note(&retry, &failure, rows[i].result), rows[i].news);
		assert_int_equal(failure, rows[i].failure);
		ev_run(loop, 0);
		assert_int_equal(tries, rows[i].tries);
		ev_loop_destroy(loop);
	}
}

static void failures_of_one_owner_are_tried_again_together(void **state)
{
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	struct listen_retry retry = {0};
	int failures[2] = {0};
	unsigned int tries = 0;

	(void)state;
	listen_retry_init(&retry, loop, 0.001, count, &tries);
	listen_retry_note(&retry, &failures[0], -EADDRINUSE);
	listen_retry_note(&retry, &failures[1], -EADDRNOTAVAIL);
	ev_run(loop, 0);
	assert_int_equal(tries, 1);

	listen_retry_note(&retry, &failures[0], -EADDRINUSE);
	listen_retry_stop(&retry);
	ev_run(loop, 0);
	assert_int_equal(tries, 1);
	ev_loop_destroy(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(news_are_changes),
		cmocka_unit_test(failures_of_one_owner_are_tried_again_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
