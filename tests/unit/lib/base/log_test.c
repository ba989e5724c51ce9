/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/base/log.h"

#include "lib/base/log_limit.h"
#include "lib/base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* A line that waits ends the test. */
#define PATIENCE_SECONDS 60

struct pipe {
	int ends[2]; /* to read, and to write, which standard error is meanwhile */
	int standard_error;
};

static void begin(struct pipe *pipe)
{
	pipe->standard_error = dup(STDERR_FILENO);
	assert_return_code(pipe->standard_error, errno);
	assert_return_code(dup2(pipe->ends[1], STDERR_FILENO), errno);
	alarm(PATIENCE_SECONDS);
}

static void end(struct pipe *pipe)
{
	alarm(0);
	dup2(pipe->standard_error, STDERR_FILENO);
	close(pipe->standard_error);
	close(pipe->ends[0]);
	close(pipe->ends[1]);
}

/* Return: what can be read now, to be freed */
static char *drain(const struct pipe *pipe)
{
	size_t size = 1 << 20, length = 0;
	char *text = memory_allocate(size);
	ssize_t got;

	fcntl(pipe->ends[0], F_SETFL, O_NONBLOCK);
	while ((got = read(pipe->ends[0], text + length, size - length - 1)) > 0)
		length += (size_t)got;
	return text;
}

static unsigned int count_lines(const char *text)
{
	unsigned int count = 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

static void assert_drops_and_tells(struct pipe *pipe)
{
	unsigned long before = log_dropped_count();
	auto_memory char *first = NULL, *second = NULL, *notice = NULL;
	unsigned int lines = 0;

	begin(pipe);
	log_set_level(LOG_LEVEL_DEBUG); /* of these the number is not limited */
	while (log_dropped_count() < before + 10) {
		log_debug("line %u", lines);
		lines++;
	}
	log_set_level(LOG_LEVEL_INFO);
	first = drain(pipe);
	log_info("the last line");
	second = drain(pipe);
	end(pipe);

	assert_int_equal(count_lines(first), lines - 10);
	notice = string_printf(
		"warning: %u log lines were dropped, because nobody read standard error", 10);
	assert_non_null(strstr(second, notice));
	assert_non_null(strstr(second, "info: the last line\n"));
	assert_int_equal(count_lines(second), 2);
	assert_int_equal(log_dropped_count(), before + 10);
}

static void test_a_full_pipe_stops_nobody(void **state)
{
	struct pipe pipe_ends;

	(void)state;
	assert_return_code(pipe(pipe_ends.ends), errno);
	assert_drops_and_tells(&pipe_ends);
}

/* As the journal's are. */
static void test_a_full_socket_stops_nobody(void **state)
{
	struct pipe sockets;

	(void)state;
	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets.ends), errno);
	assert_drops_and_tells(&sockets);
}

static void test_a_flood_is_held_back(void **state)
{
	struct pipe pipe_ends;
	auto_memory char *text = NULL;

	(void)state;
	assert_return_code(pipe(pipe_ends.ends), errno);
	begin(&pipe_ends);
	for (unsigned int i = 0; i < 1000; i++)
		log_about(LOG_LEVEL_WARNING, "Service", "default/web", "line %u", i);
	log_info("another line");
	text = drain(&pipe_ends);
	end(&pipe_ends);
	assert_int_equal(count_lines(text), LOG_LIMIT_BURST + 1);
	assert_int_equal(log_held_back_count(), 1000 - LOG_LIMIT_BURST);
	assert_non_null(strstr(text, "info: another line\n"));
}

static void test_a_line_is_written_at_once_and_ends(void **state)
{
	struct pipe pipe_ends;
	auto_memory char *text = NULL, *word = memory_allocate(5001);

	(void)state;
	memset(word, 'x', 5000);
	assert_return_code(pipe(pipe_ends.ends), errno);
	begin(&pipe_ends);
	log_warning("%s", word);
	text = drain(&pipe_ends);
	end(&pipe_ends);
	assert_int_equal(count_lines(text), 1);
	assert_int_equal(text[strlen(text) - 1], '\n');
	assert_non_null(strstr(text, "Z warning: xxx"));
}

/* Return: what is read as JSON of what the callback wrote */
static json_t *written_as_json(void (*write)(const char *word), const char *word)
{
	struct pipe pipe_ends;
	auto_memory char *text = NULL;
	json_error_t error;
	json_t *line;

	assert_return_code(pipe(pipe_ends.ends), errno);
	begin(&pipe_ends);
	log_set_format(LOG_FORMAT_JSON);
	write(word);
	log_set_format(LOG_FORMAT_TEXT);
	text = drain(&pipe_ends);
	end(&pipe_ends);
	assert_int_equal(count_lines(text), 1);
	assert_int_equal(text[strlen(text) - 1], '\n');
	line = json_loads(text, 0, &error);
	assert_non_null(line);
	return line;
}

static void assert_text(const json_t *line, const char *key, const char *expected)
{
	const char *text = json_string_value(json_object_get(line, key));

	assert_non_null(text);
	assert_string_equal(text, expected);
}

static void warn_about(const char *word)
{
	log_about(LOG_LEVEL_WARNING, "Service", "default/web", "%s", word);
}

static void stop(const char *word)
{
	log_error("%s", word);
}

static void inform(const char *word)
{
	log_info("%s", word);
}

static void test_a_line_as_json(void **state)
{
	double before = (double)time(NULL) * 1000, when;
	json_t *line = written_as_json(warn_about, "a \"port\"");

	(void)state;
	when = json_real_value(json_object_get(line, "ts"));
	assert_true(when >= before && when < before + 60000);
	assert_text(line, "msg", "Service default/web: a \"port\"");
	assert_text(line, "level", "warning");
	assert_text(line, "kind", "Service");
	assert_text(line, "object", "default/web");
	assert_text(line, "logger", "tests/unit/lib/base");
	assert_int_equal(
		strncmp(json_string_value(json_object_get(line, "caller")), "log_test.c:", 11), 0);
	assert_int_equal(json_integer_value(json_object_get(line, "v")), 0);
	assert_true(json_is_integer(json_object_get(line, "v")));
	json_decref(line);

	line = written_as_json(inform, "all is well");
	assert_int_equal(json_integer_value(json_object_get(line, "v")), 2);
	assert_null(json_object_get(line, "object"));
	json_decref(line);

	/* As klog has it: no verbosity hides an error. */
	line = written_as_json(stop, "no IPVS");
	assert_null(json_object_get(line, "v"));
	assert_text(line, "level", "error");
	json_decref(line);
}

static void test_json_of_any_bytes(void **state)
{
	char controls[3000];
	json_t *line = written_as_json(inform, "caf\xc3\xa9");

	(void)state;
	assert_text(line, "msg", "caf\xc3\xa9");
	json_decref(line);
	line = written_as_json(inform, "caf\xe9 \x01\n");
	assert_text(line, "msg", "caf? \x01\n");
	json_decref(line);

	/* Each of them takes six bytes: the line is shortened, but stays one. */
	memset(controls, 1, sizeof(controls) - 1);
	controls[sizeof(controls) - 1] = '\0';
	line = written_as_json(warn_about, controls);
	assert_true(strlen(json_string_value(json_object_get(line, "msg"))) > 100);
	json_decref(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_full_pipe_stops_nobody),
		cmocka_unit_test(test_a_full_socket_stops_nobody),
		cmocka_unit_test(test_a_flood_is_held_back),
		cmocka_unit_test(test_a_line_is_written_at_once_and_ends),
		cmocka_unit_test(test_a_line_as_json),
		cmocka_unit_test(test_json_of_any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
