/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/base/memory.h"
#include "lib/source/kube/kube_proxy_choice.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * What NO_PROXY says of a server, which are the two lines of the input. Whatever they are: no
 * memory error, the answer is the proxy or none, and "*" is for all.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_memory char *none = string_printf("%.*s", (int)size, (const char *)data);
	auto_memory char *server = NULL, *all = NULL;
	char *line = strchr(none, '\n');
	struct kube_proxy_environment environment = {.https = "proxy", .none = none};
	const char *chosen;

	if (line)
		*line++ = '\0';
	server = string_printf("https://%s", line ? line : "");
	chosen = kube_proxy_choice(&environment, server);
	if (chosen && chosen != environment.https)
		abort();
	all = string_printf("%s,*", none);
	environment.none = all;
	if (kube_proxy_choice(&environment, server))
		abort();
	return 0;
}
