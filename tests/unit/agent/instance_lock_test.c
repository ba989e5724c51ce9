/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/instance_lock.h"

#include "lib/base/memory.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* Of the file; what the kernel grants is the matter of the kernel test second-agent. */
struct directory {
	char top[32];
	char *path;
};

static int create(void **state)
{
	struct directory *directory = memory_allocate(sizeof(*directory));

	strcpy(directory->top, "/tmp/instance-lock.XXXXXX");
	if (!mkdtemp(directory->top))
		return -1;
	directory->path = string_printf("%s/run", directory->top);
	*state = directory;
	return 0;
}

static int remove_all(void **state)
{
	struct directory *directory = *state;
	auto_memory char *command = string_printf("rm -r %s", directory->top);
	int r = system(command); /* NOLINT(cert-env33-c): its own directory */

	free(directory->path);
	free(directory);
	return r;
}

static void test_one_at_a_time(void **state)
{
	const struct directory *directory = *state;
	struct instance_lock *first = NULL, *second = NULL;
	struct error err = {0};
	struct stat status;

	assert_int_equal(instance_lock_take_file(directory->path, &first, &err), 0);
	assert_return_code(stat(directory->path, &status), errno);
	assert_int_equal(status.st_mode & 0777, 0700);

	assert_int_equal(instance_lock_take_file(directory->path, &second, &err), -EBUSY);
	assert_non_null(strstr(err.text, "another ipvsagent is running in this network namespace"));

	instance_lock_release(first);
	assert_int_equal(instance_lock_take_file(directory->path, &second, &err), 0);
	instance_lock_release(second);
	instance_lock_release(NULL);
}

static void test_where_others_may_write_there_is_no_lock(void **state)
{
	const struct directory *directory = *state;
	struct instance_lock *lock = NULL;
	struct error err = {0};

	assert_return_code(mkdir(directory->path, 0700), errno);
	assert_return_code(chmod(directory->path, 01777), errno);
	assert_int_equal(instance_lock_take_file(directory->path, &lock, &err), -EACCES);
	assert_non_null(strstr(err.text, "others may write there"));
}

static void test_a_link_is_no_directory(void **state)
{
	const struct directory *directory = *state;
	struct instance_lock *lock = NULL;
	struct error err = {0};

	assert_return_code(symlink("/tmp", directory->path), errno);
	assert_true(instance_lock_take_file(directory->path, &lock, &err) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_at_a_time, create, remove_all),
		cmocka_unit_test_setup_teardown(test_where_others_may_write_there_is_no_lock,
						create, remove_all),
		cmocka_unit_test_setup_teardown(test_a_link_is_no_directory, create, remove_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
