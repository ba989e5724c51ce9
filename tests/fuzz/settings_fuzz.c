/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/settings/agent_config.h"
#include "agent/settings/kube_proxy_config.h"
#include "agent/settings/settings_change.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * The files of settings. Whatever they hold: no memory error, a refusal says why, and what is
 * accepted can be written and reads the same.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round_trip(const struct options *options)
{
	auto_free(options) struct options *again = options_new();
	json_t *first = kube_proxy_config_json(options), *second;
	auto_memory char *text = json_dumps(first, JSON_COMPACT);
	struct error err = {0};

	if (!text || kube_proxy_config_parse(again, text, strlen(text), &err) < 0)
		abort();
	second = kube_proxy_config_json(again);
	if (!json_equal(first, second))
		abort();
	json_decref(first);
	json_decref(second);
}

/* As a reload does it, there and back. */
static void check_exchange(struct options *options)
{
	auto_free(options) struct options *current = options_new();
	struct settings_change change;

	settings_change_make(current, options, &change);
	options_exchange(current, options);
	settings_change_clear(&change);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int (*const parsers[2])(struct options * options, const char *text, size_t size,
				       struct error *err) = {kube_proxy_config_parse,
							     agent_config_parse};

	for (size_t i = 0; i < COUNT(parsers); i++) {
		auto_free(options) struct options *options = options_new();
		struct error err = {0};

		if (parsers[i](options, (const char *)data, size, &err) < 0) {
			if (!*err.text)
				abort();
			continue;
		}
		if (parsers[i] == kube_proxy_config_parse)
			check_round_trip(options);
		check_exchange(options);
	}
	return 0;
}
