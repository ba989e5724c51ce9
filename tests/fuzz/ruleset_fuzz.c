/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/plan/ruleset.h"
#include "lib/plan/saved_rules.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/*
 * The reader of iptables-save output. Whatever it is given: no memory error, every table that is
 * begun is committed, and a chain that was read is one that can be found.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_input(const char *restore)
{
	size_t begun = 0, committed = 0;

	for (const char *line = restore; *line; line = strchr(line, '\n') + 1) {
		begun += *line == '*';
		committed += strncmp(line, "COMMIT\n", 7) == 0;
	}
	if (begun != committed)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ruleset_options options = {.family = AF_INET,
					  .detection = LOCAL_DETECTION_BRIDGE,
					  .pod_interface = "cni0",
					  .masquerade_mark = 0x4000,
					  .has_in_cluster = true,
					  .marks = {0x60000000, 0x1fff0000}};
	auto_free(ruleset) struct ruleset *ruleset = ruleset_new(&options);
	auto_memory char *text = memory_allocate(size + 1);
	auto_memory char *restore = NULL;
	auto_memory char *what = NULL;
	auto_memory char *removal = NULL;
	auto_memory char *reduction = NULL;
	auto_memory char *clash = NULL;
	auto_free(saved_rules) struct saved_rules *saved = NULL;

	memcpy(text, data, size);
	if (ruleset_difference(ruleset, text, &restore, &what))
		check_input(restore);
	clash = ruleset_clash(ruleset, text);
	removal = ruleset_removal(text);
	if (removal)
		check_input(removal);
	reduction = ruleset_kube_proxy_restore(AF_INET, text);
	if (reduction)
		check_input(reduction);

	saved = saved_rules_new(text);
	for (size_t i = 0; i < saved->count; i++) {
		for (size_t j = 0; j < saved->tables[i].count; j++) {
			if (!saved_rules_chain(saved, saved->tables[i].name,
					       saved->tables[i].chains[j].name))
				abort();
		}
	}
	return 0;
}
