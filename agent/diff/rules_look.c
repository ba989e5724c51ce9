/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules_look.h"

#include "lib/kernel/rules.h"

struct looking {
	struct rules_look *ret;
	struct error *err;
	int code;
};

static void on_done(void *owner, const struct rules_report *report)
{
	struct looking *looking = owner;

	looking->code = report->code;
	*looking->err = *report->error;
	looking->ret->restore = string_dup(report->restore);
	looking->ret->unreadable = string_dup(report->unreadable);
}

int rules_look_take(const struct ruleset_options *options, bool asks_random_fully,
		    struct rules_look *ret, struct error *err)
{
	struct ev_loop *loop = ev_default_loop(EVFLAG_AUTO);
	auto_free(ruleset) struct ruleset *ruleset = NULL;
	struct looking looking = {.ret = ret, .err = err};
	struct ruleset_options wanted = *options;
	struct rules *rules = NULL;
	int r;

	*ret = (struct rules_look){0};
	r = rules_open(loop, options->family, on_done, &looking, &rules, err);
	if (r < 0)
		return r;
	if (asks_random_fully)
		wanted.has_random_fully = rules_has_random_fully(rules);
	ruleset = ruleset_new(&wanted);
	rules_only_look(rules);
	rules_verify(rules, ruleset);
	while (rules_is_busy(rules))
		ev_run(loop, EVRUN_ONCE);
	rules_close(rules);
	if (looking.code < 0)
		rules_look_clear(ret);
	return looking.code;
}

void rules_look_clear(struct rules_look *look)
{
	free(look->restore);
	free(look->unreadable);
	*look = (struct rules_look){0};
}
