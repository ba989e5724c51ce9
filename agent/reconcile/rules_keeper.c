/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules_keeper.h"

#include "lib/base/log.h"
#include "lib/base/memory.h"
#include "lib/kernel/rules.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RETRY_FIRST_SECONDS 0.5
#define RETRY_MOST_SECONDS  30.0

/* As often rules with marks may be refused, for whatever reason, before they are tried without. */
#define TRIES_WITH_MARKS 2

struct rules_keeper_family {
	struct rules_keeper *keeper;
	const char *name;
	uint16_t family;
	struct rules *rules; /* NULL: this host does not have the family */
	struct ruleset *ruleset;
	char error[520];
	char *clash;
	bool is_in_place;
	bool was_in_place;
	bool is_outdated; /* the ruleset is to be built anew */
	bool is_due;	  /* to be verified once the verification under way is over */
};

struct rules_keeper {
	struct ev_loop *loop;
	void (*on_report)(void *owner, bool is_in_place, const char *error);
	void *owner;
	struct rules_keeper_family families[2];
	ev_timer retry;
	ev_timer due;
	double retry_seconds;
	unsigned long repaired;
	unsigned long failed;
	bool has_random_fully;
	bool has_options;
	struct ruleset_options options[2];
	char *interfaces[2]; /* what @options name; theirs */
	char marks_error[520];
	unsigned int refusals; /* of rules with marks, before any were accepted */
	bool is_without_marks;
	bool has_marked;
};

static bool all_in_place(const struct rules_keeper *keeper)
{
	for (size_t i = 0; i < COUNT(keeper->families); i++)
		if (keeper->families[i].rules && !keeper->families[i].is_in_place)
			return false;
	return true;
}

static void tell(struct rules_keeper *keeper)
{
	const char *error = "";

	for (size_t i = 0; i < COUNT(keeper->families) && !*error; i++)
		error = keeper->families[i].error;
	keeper->on_report(keeper->owner, all_in_place(keeper), error);
}

static void schedule_retry(struct rules_keeper *keeper)
{
	if (ev_is_active(&keeper->retry))
		return;
	ev_timer_set(&keeper->retry, keeper->retry_seconds, 0.);
	ev_timer_start(keeper->loop, &keeper->retry);
	keeper->retry_seconds *= 2;
	if (keeper->retry_seconds > RETRY_MOST_SECONDS)
		keeper->retry_seconds = RETRY_MOST_SECONDS;
}

static void outdate(struct rules_keeper *keeper)
{
	for (size_t i = 0; i < COUNT(keeper->families); i++)
		keeper->families[i].is_outdated = true;
}

/* Whether it is the marks that are refused shows when the rules are accepted without. */
static void note_refusal(struct rules_keeper *keeper, const char *error)
{
	if (keeper->has_marked || !keeper->options[0].has_in_cluster)
		return;
	if (keeper->is_without_marks) {
		keeper->is_without_marks = false;
		outdate(keeper);
	} else if (++keeper->refusals >= TRIES_WITH_MARKS) {
		snprintf(keeper->marks_error, sizeof(keeper->marks_error), "%s", error);
		keeper->is_without_marks = true;
		outdate(keeper);
	}
}

static void note_report(struct rules_keeper_family *family, const struct rules_report *report)
{
	struct rules_keeper *keeper = family->keeper;

	if (report->code < 0) {
		keeper->failed++;
		snprintf(family->error, sizeof(family->error), "%s rules: %s", family->name,
			 report->error->text);
		log_warning("%s; retrying in %.1f s", family->error, keeper->retry_seconds);
		family->is_in_place = false;
		note_refusal(keeper, family->error);
		schedule_retry(keeper);
		tell(keeper);
		return;
	}
	if (report->is_changed && family->was_in_place) {
		log_warning("another program changed the %s rules (%s); restored them",
			    family->name, report->what);
		keeper->repaired++;
	} else if (report->is_changed) {
		log_info("wrote the %s rules", family->name);
	}
	free(family->clash);
	family->clash = report->clash ? string_printf("%s %s", family->name, report->clash) : NULL;
	family->error[0] = '\0';
	family->is_in_place = true;
	family->was_in_place = true;
	if (all_in_place(keeper)) {
		keeper->retry_seconds = RETRY_FIRST_SECONDS;
		if (keeper->options[0].has_in_cluster && !keeper->is_without_marks)
			keeper->has_marked = true;
	}
	tell(keeper);
}

/* The ruleset belongs to the verification under way until that ends; only then it may change. */
static void verify_family(struct rules_keeper_family *family)
{
	struct rules_keeper *keeper = family->keeper;
	struct ruleset_options options = keeper->options[family->family == AF_INET6];

	if (!family->rules)
		return;
	if (rules_is_busy(family->rules)) {
		family->is_due = true;
		return;
	}
	family->is_due = false;
	if (family->is_outdated) {
		options.family = family->family;
		options.has_random_fully = keeper->has_random_fully;
		options.has_in_cluster = options.has_in_cluster && !keeper->is_without_marks;
		ruleset_free(family->ruleset);
		family->ruleset = ruleset_new(&options);
		family->was_in_place = false;
		family->is_outdated = false;
	}
	if (family->ruleset)
		rules_verify(family->rules, family->ruleset);
}

void rules_keeper_verify(struct rules_keeper *keeper)
{
	for (size_t i = 0; i < COUNT(keeper->families); i++)
		verify_family(&keeper->families[i]);
}

static void on_due(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct rules_keeper *keeper = container_of(timer, struct rules_keeper, due);

	(void)loop;
	(void)events;
	for (size_t i = 0; i < COUNT(keeper->families); i++)
		if (keeper->families[i].is_due)
			verify_family(&keeper->families[i]);
}

static void on_done(void *user, const struct rules_report *report)
{
	struct rules_keeper_family *family = user;
	struct rules_keeper *keeper = family->keeper;

	note_report(family, report);

	/* Not from within the callback of what is to be started again. */
	if (family->is_due && !ev_is_active(&keeper->due))
		ev_timer_start(keeper->loop, &keeper->due);
}

static void on_retry(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	rules_keeper_verify(container_of(timer, struct rules_keeper, retry));
}

static bool options_are_equal(const struct ruleset_options *a, const struct ruleset_options *b)
{
	return a->detection == b->detection &&
	       memcmp(&a->pod_prefix, &b->pod_prefix, sizeof(a->pod_prefix)) == 0 &&
	       string_equal(a->pod_interface, b->pod_interface) &&
	       a->masquerade_mark == b->masquerade_mark && a->masquerade_all == b->masquerade_all;
}

void rules_keeper_set(struct rules_keeper *keeper, const struct ruleset_options options[2])
{
	if (keeper->has_options && options_are_equal(&keeper->options[0], &options[0]) &&
	    options_are_equal(&keeper->options[1], &options[1]))
		return;
	for (size_t i = 0; i < COUNT(keeper->options); i++) {
		char *interface = string_dup(options[i].pod_interface);

		free(keeper->interfaces[i]);
		keeper->interfaces[i] = interface;
		keeper->options[i] = options[i];
		keeper->options[i].pod_interface = interface;
	}
	keeper->has_options = true;
	outdate(keeper);
	rules_keeper_verify(keeper);
}

const char *rules_keeper_clash(const struct rules_keeper *keeper)
{
	for (size_t i = 0; i < COUNT(keeper->families); i++)
		if (keeper->families[i].clash)
			return keeper->families[i].clash;
	return "";
}

bool rules_keeper_does_mark(const struct rules_keeper *keeper, const char **ret_reason)
{
	*ret_reason = keeper->marks_error;
	return keeper->options[0].has_in_cluster && !keeper->is_without_marks;
}

unsigned long rules_keeper_failed(const struct rules_keeper *keeper)
{
	return keeper->failed;
}

unsigned long rules_keeper_repaired(const struct rules_keeper *keeper)
{
	return keeper->repaired;
}

int rules_keeper_new(struct ev_loop *loop,
		     void (*on_report)(void *owner, bool is_in_place, const char *error),
		     void *owner, struct rules_keeper **ret, struct error *err)
{
	struct rules_keeper *keeper = memory_allocate(sizeof(*keeper));
	int r;

	keeper->loop = loop;
	keeper->on_report = on_report;
	keeper->owner = owner;
	keeper->retry_seconds = RETRY_FIRST_SECONDS;
	ev_timer_init(&keeper->retry, on_retry, 0., 0.);
	ev_timer_init(&keeper->due, on_due, 0., 0.);
	keeper->families[0] =
		(struct rules_keeper_family){.keeper = keeper, .name = "IPv4", .family = AF_INET};
	keeper->families[1] =
		(struct rules_keeper_family){.keeper = keeper, .name = "IPv6", .family = AF_INET6};

	r = rules_open(loop, AF_INET, on_done, &keeper->families[0], &keeper->families[0].rules,
		       err);
	if (r < 0) {
		rules_keeper_free(keeper);
		return r;
	}
	keeper->has_random_fully = rules_has_random_fully(keeper->families[0].rules);

	if (access("/proc/net/if_inet6", F_OK) < 0) {
		log_info("no IPv6 on this host; proxying IPv4 only");
	} else {
		struct error error6 = {0};

		r = rules_open(loop, AF_INET6, on_done, &keeper->families[1],
			       &keeper->families[1].rules, &error6);
		if (r < 0)
			log_warning("%s; IPv6 Services work without masquerading and source ranges",
				    error6.text);
	}
	*ret = keeper;
	return 0;
}

void rules_keeper_free(struct rules_keeper *keeper)
{
	if (!keeper)
		return;
	ev_timer_stop(keeper->loop, &keeper->retry);
	ev_timer_stop(keeper->loop, &keeper->due);
	for (size_t i = 0; i < COUNT(keeper->families); i++) {
		rules_close(keeper->families[i].rules);
		ruleset_free(keeper->families[i].ruleset);
		free(keeper->interfaces[i]);
		free(keeper->families[i].clash);
	}
	free(keeper);
}
