/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "witness.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

static _Noreturn void give_up(const char *what)
{
	fprintf(stderr, "the test cannot go on: %s\n", what);
	abort();
}

int witness_enter_namespace(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNET) < 0)
		give_up("unshare(CLONE_NEWNET); these tests need root");
	witness_run("ip link set lo up");
	return 0;
}

const char *witness_read(const char *command)
{
	static char text[1 << 16];
	FILE *pipe = popen(command, "r");
	size_t length;

	if (!pipe)
		give_up(command);
	length = fread(text, 1, sizeof(text) - 1, pipe);
	if (length == sizeof(text) - 1)
		give_up("output too long");
	text[length] = '\0';
	if (pclose(pipe) != 0)
		give_up(command);
	return text;
}

long witness_number(const char *command)
{
	return strtol(witness_read(command), NULL, 10);
}

void witness_expect(const char *command, const char *output)
{
	assert_string_equal(witness_read(command), output);
}

void witness_run(const char *command)
{
	witness_read(command);
}

double witness_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}
