/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iptables_variant.h"

#include "lib/process/child.h"

#include <errno.h>
#include <string.h>

#define ANSWER_MAX 4096

struct answer {
	struct ev_loop *loop;
	int code;
	enum iptables_variant variant;
};

static void on_end(void *owner, const struct child_outcome *outcome)
{
	struct answer *answer = owner;

	answer->code = outcome->code < 0 ? outcome->code : outcome->status ? -EIO : 0;
	answer->variant = strstr(outcome->output, "nf_tables") ? IPTABLES_VARIANT_NFT
							       : IPTABLES_VARIANT_LEGACY;
	ev_break(answer->loop, EVBREAK_ALL);
}

int iptables_variant_ask(const char *program, enum iptables_variant *ret, struct error *err)
{
	struct answer answer = {.loop = ev_default_loop(0)};
	const char *const arguments[] = {program, "-V", NULL};
	const struct child_request request = {.arguments = arguments, .output_limit = ANSWER_MAX};
	struct child *child = NULL;
	int r = child_start(answer.loop, &request, on_end, &answer, &child, err);

	if (r < 0)
		return r;
	ev_run(answer.loop, 0);
	child_free(child);
	if (answer.code < 0)
		return error_set(err, answer.code, "%s: %s", program, strerror(-answer.code));
	*ret = answer.variant;
	return 0;
}
