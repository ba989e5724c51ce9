/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/objects/object_uid.h"

#include "lib/base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_texts(void **state)
{
	static const struct {
		const char *text, *shown;
	} cases[] = {
		{"4a6b1c9e-0f2d-4e8a-b7c3-00ff10203040", "4a6b1c9e-0f2d-4e8a-b7c3-00ff10203040"},
		{NULL, ""},
		{"", ""},
		{"00000000-0000-0000-0000-000000000000", ""},
		{"4A6B1C9E-0F2D-4E8A-B7C3-00FF10203040", ""},
		{"4a6b1c9e-0f2d-4e8a-b7c3-00ff1020304", ""},
		{"4a6b1c9e-0f2d-4e8a-b7c3-00ff102030405", ""},
		{"4a6b1c9e00f2d-4e8a-b7c3-00ff10203040", ""},
		{"4a6b1c9e-0f2d-4e8a-b7c3-00ff1020304g", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct object_uid uid = object_uid_parse(cases[i].text);
		char text[OBJECT_UID_TEXT_SIZE];

		print_message("%s\n", cases[i].text ? cases[i].text : "nothing");
		assert_string_equal(object_uid_text(&uid, text), cases[i].shown);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
