/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/base/text_stream.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PIECE_SIZE 4096
#define LIMIT	   ((rlim_t)256 << 20)

static void test_the_text_is_there_when_it_is_closed(void **state)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = text_stream_open(&text, &size);

	(void)state;
	fputs("*nat\n", stream);
	fprintf(stream, ":%s - [0:0]\n", "KUBE-SERVICES");
	assert_int_equal(ftell(stream), strlen("*nat\n:KUBE-SERVICES - [0:0]\n"));
	text_stream_close(stream);
	assert_string_equal(text, "*nat\n:KUBE-SERVICES - [0:0]\n");
	assert_int_equal(size, strlen(text));
	free(text);
}

/* Return: how a process ends that writes more than there is memory for, and then a little */
static int write_too_much(void)
{
	const struct rlimit no_core = {0}, memory = {.rlim_cur = LIMIT, .rlim_max = LIMIT};
	static char piece[PIECE_SIZE];
	char *text = NULL;
	size_t size = 0;
	int status = 0;
	pid_t process = fork();

	assert_true(process >= 0);
	if (process == 0) {
		FILE *stream;

		setrlimit(RLIMIT_CORE, &no_core);
		setrlimit(RLIMIT_AS, &memory);
		stream = text_stream_open(&text, &size);
		memset(piece, 'x', sizeof(piece) - 1);
		for (rlim_t written = 0; written < LIMIT; written += PIECE_SIZE)
			fputs(piece, stream);
		text_stream_close(stream);
		_exit(0);
	}
	waitpid(process, &status, 0);
	return status;
}

static void test_no_text_lacks_a_part_for_want_of_memory(void **state)
{
	int status;

	(void)state;
#ifdef __SANITIZE_ADDRESS__
	skip();
#endif
	status = write_too_much();
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_text_is_there_when_it_is_closed),
		cmocka_unit_test(test_no_text_lacks_a_part_for_want_of_memory),
	};

	return cmocka_run_group_tests_name("text_stream", tests, NULL, NULL);
}
