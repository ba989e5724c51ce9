/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ipvsagent.conf(5), whose file is the argument, has every field of both configuration files, with its
 * form, range, default and flag, and no other; ignored ones are in a section of their own.
 */
#include "agent/settings/agent_config.h"
#include "agent/settings/kube_proxy_config.h"
#include "agent/settings/setting.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ITEM	"\n.It Li "
#define IGNORED "\n.Sh IGNORED FIELDS\n"

static const char *page_path;
static char *page;

static char *form_of(const struct setting *setting)
{
	static const char *const forms[] = {
		[SETTING_FORM_TEXT] = "Text",	  [SETTING_FORM_DURATION] = "Duration",
		[SETTING_FORM_SWITCH] = "Switch", [SETTING_FORM_REAL] = "Decimal number",
		[SETTING_FORM_LIST] = "List",	  [SETTING_FORM_VERSION] = "Version in quotes",
		[SETTING_FORM_MAP] = "Mapping",
	};

	if (setting->kind->form != SETTING_FORM_INTEGER)
		return string_dup(forms[setting->kind->form]);
	if (setting->maximum == INT_MAX)
		return string_printf("Number from %d", setting->minimum);
	return string_printf("Number from %s%d to %d", setting->minimum < 0 ? "\\" : "",
			     setting->minimum, setting->maximum);
}

/* "; VALUE by default"; "" where that is nothing */
static char *default_of(const struct setting *setting, const struct options *options)
{
	json_t *value = setting->kind->get(setting, options);
	auto_memory char *text = json_is_string(value)
					 ? string_dup(json_string_value(value))
					 : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	bool is_nothing = !*text || strcmp(text, "[]") == 0 || strcmp(text, "{}") == 0 ||
			  strcmp(text, "null") == 0;

	json_decref(value);
	if (is_nothing)
		return string_dup("");
	return string_printf(";\n.Li %s%s\nby default", *text == '-' ? "\\" : "", text);
}

/* The beginning of its item in the page; to be freed. */
static char *item_of(const char *field, const struct setting *setting,
		     const struct options *options)
{
	auto_memory char *form = form_of(setting);
	auto_memory char *otherwise = default_of(setting, options);
	auto_memory char *flag = !setting->flag ? string_dup(".")
				 : setting->flag[1]
					 ? string_printf("; as\n.Fl \\-%s .", setting->flag)
					 : string_printf("; as\n.Fl %s .", setting->flag);

	return string_printf(ITEM "%s\n%s%s%s\n%s", field, form, otherwise, flag,
			     setting->bits & SETTING_RESTART ? "Takes effect after a restart.\n"
							     : "");
}

static void assert_described(const char *field, const struct setting *setting,
			     const struct options *options)
{
	auto_memory char *item = item_of(field, setting, options);

	if (!strstr(page, item))
		fail_msg("%s does not have:%s", page_path, item);
}

/* Its item, and below it the reason, on however many lines. */
static void assert_ignored(const char *section, const struct setting *setting)
{
	auto_memory char *item = string_printf(ITEM "%s\n", setting->field);
	const char *found = strstr(section, item), *reason = strchr(setting->ignored, ' ') + 1;

	if (!found)
		fail_msg("%s does not have among the ignored:%s", page_path, item);
	for (found += strlen(item); strncmp(found, ".It Li ", 7) == 0;)
		found = strchr(found, '\n') + 1;
	for (size_t i = 0; reason[i]; i++) {
		char wanted = i ? reason[i] : (char)toupper((unsigned char)reason[i]);
		char there = found[i] == '\n' ? ' ' : found[i];

		if (there != wanted)
			fail_msg("%s: the reason for %s is not: %s", page_path, setting->field,
				 reason);
	}
}

static void test_page_has_every_field_and_no_other(void **state)
{
	auto_free(options) struct options *options = options_new();
	const char *ignored = strstr(page, IGNORED);
	size_t wanted = 0, count = 0;

	(void)state;
	assert_non_null(ignored);
	for (size_t i = 0; i < setting_count; i++) {
		const struct setting *setting = &settings[i];

		wanted += setting->field != NULL;
		wanted += setting->own_field != NULL;
		if (setting->own_field)
			assert_described(setting->own_field, setting, options);
		if (setting->field && setting->ignored)
			assert_ignored(ignored, setting);
		else if (setting->field)
			assert_described(setting->field, setting, options);
	}
	for (const char *at = page; (at = strstr(at, ITEM)); at++)
		count++;
	assert_int_equal(count, wanted);
}

/* The display that begins so, up to its end; to be freed. */
static char *display_of(const char *beginning)
{
	const char *found = strstr(page, beginning), *end;

	if (!found)
		fail_msg("%s does not have: %s", page_path, beginning);
	end = strstr(found, ".Ed\n");
	assert_non_null(end);
	return string_printf("%.*s", (int)(end - found), found);
}

static void test_examples_are_valid(void **state)
{
	auto_memory char *kube_proxy = display_of("apiVersion: "),
			 *own = display_of("drainTimeout: ");
	auto_free(options) struct options *options = options_new();
	struct error err = {0};

	(void)state;
	if (kube_proxy_config_parse(options, kube_proxy, strlen(kube_proxy), &err) < 0 ||
	    agent_config_parse(options, own, strlen(own), &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(options->note_count, 0);
	assert_true(options->strict_arp);
	assert_int_equal(options->service_metrics, 100);
}

static int read_page(void **state)
{
	FILE *file = fopen(page_path, "re");
	const size_t size = 1 << 18;

	(void)state;
	if (!file)
		fail_msg("%s: %s", page_path, strerror(errno));
	page = memory_allocate(size);
	assert_true(fread(page, 1, size - 1, file) > 0);
	assert_true(feof(file));
	fclose(file);
	return 0;
}

static int free_page(void **state)
{
	(void)state;
	free(page);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_page_has_every_field_and_no_other),
		cmocka_unit_test(test_examples_are_valid),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: settings_manual_test PAGE\n");
		return 2;
	}
	page_path = argv[1];
	return cmocka_run_group_tests(tests, read_page, free_page);
}
