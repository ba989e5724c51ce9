/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/plan/restore_outline.h"

#include "lib/base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void note(void *owner, const char *table, const char *chain, enum restore_part part)
{
	auto_memory char *text = restore_outline_text(table, chain, part);

	fprintf(owner, "%s\n", text);
}

static const struct {
	const char *what, *restore, *outline;
} rows[] = {
	{"nothing", "", ""},
	{"a chain that gets other rules, once",
	 "*nat\n:KUBE-A - [0:0]\n-A KUBE-A -j RETURN\n-A KUBE-A -j X\nCOMMIT\n",
	 "rules of chain KUBE-A of table nat\n"},
	{"a chain that goes, and jumps to it",
	 "*nat\n:KUBE-A - [0:0]\n-D OUTPUT -j KUBE-A\n-D OUTPUT -p tcp -j KUBE-A\n-X KUBE-A\n"
	 "COMMIT\n",
	 "chain KUBE-A of table nat\njumps in chain OUTPUT of table nat\n"},
	{"a chain that stays beside one of a longer name that goes",
	 "*nat\n:KUBE-A - [0:0]\n:KUBE-AB - [0:0]\n-X KUBE-AB\nCOMMIT\n",
	 "rules of chain KUBE-A of table nat\nchain KUBE-AB of table nat\n"},
	{"a chain that goes from one table and stays in another",
	 "*filter\n:KUBE-A - [0:0]\nCOMMIT\n*mangle\n:KUBE-A - [0:0]\n-X KUBE-A\nCOMMIT\n",
	 "rules of chain KUBE-A of table filter\nchain KUBE-A of table mangle\n"},
	{"jumps inserted at the top and at the end",
	 "*filter\n-I INPUT -j KUBE-A\n-A INPUT -j KUBE-B\n-I FORWARD -j KUBE-C\nCOMMIT\n",
	 "jumps in chain INPUT of table filter\njumps in chain FORWARD of table filter\n"},
};

static void outlines(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_memory char *text = NULL;
		size_t size;
		FILE *stream = open_memstream(&text, &size);

		restore_outline_each(rows[i].restore, note, stream);
		fclose(stream);
		if (strcmp(text, rows[i].outline) != 0)
			fail_msg("%s: %s", rows[i].what, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(outlines)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
