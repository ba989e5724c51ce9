/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules_keeper.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/memory.h"
#include "lib/base/timer.h"
#include "lib/kernel/rules.h"
#include "marks_trial.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RETRY_FIRST_SECONDS 0.5
#define RETRY_MOST_SECONDS  30.0

/* A burst of changes by others ends within this time. */
#define GATHER_SECONDS 0.1

/* Between two looks because of changes by others, however many there are. */
#define PAUSE_SECONDS 0.5

/*
 * So many repairs within this time are no accident: then another program wants other rules than we,
 * and repairs come after a while, ever longer from one to the next.
 */
#define REPAIRS_MAX	    3
#define REPAIRS_SECONDS	    60.0
#define CONTEST_SECONDS_MIN 10.0
#define CONTEST_SECONDS_MAX 300.0

/**
 * enum rules_family_state - what is known of the rules of a family
 *   UNKNOWN    nothing, or only of former rules; then any other
 *   IN_PLACE   they were as they should be, or have been written; to CONTESTED, FAILED, UNKNOWN
 *   CONTESTED  they were repaired too often: not before the time for that are they looked at again;
 *              then IN_PLACE if nobody changed them, or CONTESTED for longer, or FAILED
 *   FAILED     they could not be read or written, which is tried again; then any other
 */
enum rules_family_state {
	RULES_FAMILY_STATE_UNKNOWN,
	RULES_FAMILY_STATE_IN_PLACE,
	RULES_FAMILY_STATE_CONTESTED,
	RULES_FAMILY_STATE_FAILED,
};

/**
 * struct rules_keeper_family
 * @rules:             NULL: this host does not have the family
 * @error:             why they are not in place; "" if they are
 * @unreadable:        what the report said; "" if everything is readable
 * @writer:            who changed them last, if known
 * @due:               when they are looked at next, because of others or of a contest
 * @is_absent:         the family is turned off on this host
 * @was_in_place:      these rules, at any time
 * @is_outdated:       the ruleset is to be built anew
 * @is_due:            to be verified once the verification under way is over
 * @repairs:           clock_milliseconds() of the last ones, the newest first; 0 = none
 * @failed:            how often they could not be read or written
 * @contest_seconds:   until the next look while they are contested
 * @contested_until:   clock_milliseconds()
 * @verified:          clock_milliseconds() of the last report
 */
struct rules_keeper_family {
	struct rules_keeper *keeper;
	const char *name;
	uint16_t family;
	struct rules *rules;
	struct ruleset *ruleset;
	enum rules_family_state state;
	char error[700];
	char unreadable[700];
	char writer[48];
	char *clash;
	char *news;
	struct timer due;
	bool is_absent;
	bool was_in_place;
	bool is_outdated;
	bool is_due;
	uint64_t repairs[REPAIRS_MAX];
	unsigned long failed;
	double contest_seconds;
	uint64_t contested_until;
	uint64_t verified;
};

struct rules_keeper {
	struct ev_loop *loop;
	void (*on_report)(void *owner, enum ip_family family, bool is_in_place, const char *error);
	void *owner;
	struct rules_keeper_family families[IP_FAMILY_COUNT];
	struct timer retry;
	double retry_seconds;
	unsigned long repaired;
	bool has_random_fully;
	bool has_options;
	struct ruleset_options options[2];
	char *interfaces[2]; /* what @options name; theirs */
	struct marks_trial marks;
	struct timer without_marks; /* until they are tried again */
	char marks_error[700];
};

static bool is_kept(const struct rules_keeper_family *family)
{
	return family->rules && !family->is_absent;
}

unsigned int rules_keeper_families(const struct rules_keeper *keeper)
{
	unsigned int families = 0;

	for (size_t i = 0; i < COUNT(keeper->families); i++)
		if (is_kept(&keeper->families[i]))
			families |= 1U << i;
	return families;
}

unsigned int rules_keeper_in_place(const struct rules_keeper *keeper)
{
	unsigned int families = 0;

	for (size_t i = 0; i < COUNT(keeper->families); i++)
		if (is_kept(&keeper->families[i]) &&
		    keeper->families[i].state == RULES_FAMILY_STATE_IN_PLACE)
			families |= 1U << i;
	return families;
}

static bool all_in_place(const struct rules_keeper *keeper)
{
	return rules_keeper_in_place(keeper) == rules_keeper_families(keeper);
}

static void tell(struct rules_keeper *keeper, enum ip_family family)
{
	const char *error = "";

	for (size_t i = 0; i < COUNT(keeper->families) && !*error; i++)
		error = keeper->families[i].error;
	if (!*error)
		error = rules_keeper_unreadable(keeper);
	keeper->on_report(keeper->owner, family, all_in_place(keeper), error);
}

static void schedule_retry(struct rules_keeper *keeper)
{
	if (timer_is_running(&keeper->retry))
		return;
	timer_start(&keeper->retry, keeper->retry_seconds);
	keeper->retry_seconds *= 2;
	if (keeper->retry_seconds > RETRY_MOST_SECONDS)
		keeper->retry_seconds = RETRY_MOST_SECONDS;
}

static void outdate(struct rules_keeper *keeper)
{
	for (size_t i = 0; i < COUNT(keeper->families); i++)
		keeper->families[i].is_outdated = true;
}

/* Families that are refused one after the other are one refusal. */
static void note_refusal(const struct rules_keeper_family *family)
{
	struct rules_keeper *keeper = family->keeper;
	bool is_same_try = timer_is_running(&keeper->retry) || family->is_outdated;

	if (is_same_try || !keeper->options[0].has_in_cluster ||
	    !marks_trial_refused(&keeper->marks))
		return;
	timer_stop(&keeper->without_marks);
	if (!marks_trial_has_marks(&keeper->marks))
		snprintf(keeper->marks_error, sizeof(keeper->marks_error), "%s", family->error);
	outdate(keeper);
}

static void on_without_marks(void *owner)
{
	struct rules_keeper *keeper = owner;

	log_info("trying the rules with marks for in-cluster clients again");
	marks_trial_repeat(&keeper->marks);
	outdate(keeper);
	rules_keeper_verify(keeper);
}

/* Whether what is in place are the rules of today, not those of before the last change of the trial. */
static bool are_current(const struct rules_keeper *keeper)
{
	for (size_t i = 0; i < COUNT(keeper->families); i++)
		if (is_kept(&keeper->families[i]) && keeper->families[i].is_outdated)
			return false;
	return true;
}

static void note_acceptance(struct rules_keeper *keeper)
{
	double wait;

	if (!keeper->options[0].has_in_cluster || timer_is_running(&keeper->without_marks) ||
	    !are_current(keeper))
		return;
	wait = marks_trial_accepted(&keeper->marks);
	if (wait > 0)
		timer_start(&keeper->without_marks, wait);
}

static void schedule(struct rules_keeper_family *family, double after)
{
	timer_stop(&family->due);
	timer_start(&family->due, after);
}

static void note_failure(struct rules_keeper_family *family, const struct rules_report *report)
{
	struct rules_keeper *keeper = family->keeper;

	family->failed++;
	snprintf(family->error, sizeof(family->error), "%s rules: %s", family->name,
		 report->error->text);
	log_warning("%s; retrying in %.1f s", family->error, keeper->retry_seconds);
	family->state = RULES_FAMILY_STATE_FAILED;
	note_refusal(family);
	schedule_retry(keeper);
}

/* Return: whether there were too many of them lately */
static bool note_repair(struct rules_keeper_family *family, uint64_t now)
{
	uint64_t oldest;

	memmove(family->repairs + 1, family->repairs,
		(REPAIRS_MAX - 1) * sizeof(family->repairs[0]));
	family->repairs[0] = now;
	oldest = family->repairs[REPAIRS_MAX - 1];
	return family->state == RULES_FAMILY_STATE_CONTESTED ||
	       (oldest && (double)(now - oldest) / 1000 < REPAIRS_SECONDS);
}

static void begin_contest(struct rules_keeper_family *family, const char *what, uint64_t now)
{
	family->contest_seconds *= 2;
	if (family->state != RULES_FAMILY_STATE_CONTESTED)
		family->contest_seconds = CONTEST_SECONDS_MIN;
	if (family->contest_seconds > CONTEST_SECONDS_MAX)
		family->contest_seconds = CONTEST_SECONDS_MAX;
	family->state = RULES_FAMILY_STATE_CONTESTED;
	family->contested_until = now + (uint64_t)(family->contest_seconds * 1000);
	snprintf(
		family->error, sizeof(family->error),
		"%s rules: %s keeps changing them (%s); repaired %d times within %.0f s, next repair in %.0f s",
		family->name, *family->writer ? family->writer : "another program", what,
		REPAIRS_MAX, REPAIRS_SECONDS, family->contest_seconds);
	log_warning("%s", family->error);
	schedule(family, family->contest_seconds);
}

static void note_change(struct rules_keeper_family *family, const struct rules_report *report,
			uint64_t now)
{
	free(family->news);
	family->news = family->was_in_place
			       ? string_printf("drift: %s changed them (%s)",
					       *family->writer ? family->writer : "another program",
					       report->what)
			       : string_dup("written, since they were not there");
	if (!family->was_in_place) {
		log_info("wrote the %s rules", family->name);
		return;
	}
	family->keeper->repaired++;
	if (note_repair(family, now)) {
		begin_contest(family, report->what, now);
		return;
	}
	log_warning("%s changed the %s rules (%s); restored them",
		    *family->writer ? family->writer : "another program", family->name,
		    report->what);
}

/* Logged once, however often they are looked at. */
static void note_unreadable(struct rules_keeper_family *family, const char *unreadable)
{
	char text[sizeof(family->unreadable)] = "";

	if (*unreadable)
		snprintf(text, sizeof(text), "%s rules: %s", family->name, unreadable);
	if (strcmp(text, family->unreadable) == 0)
		return;
	if (*text)
		log_warning("%s", text);
	else
		log_info("%s rules: all tables can be read again", family->name);
	snprintf(family->unreadable, sizeof(family->unreadable), "%s", text);
}

static void note_success(struct rules_keeper_family *family, const struct rules_report *report)
{
	struct rules_keeper *keeper = family->keeper;
	enum rules_family_state before = family->state;

	free(family->clash);
	family->clash = report->clash ? string_printf("%s %s", family->name, report->clash) : NULL;
	family->error[0] = '\0';
	note_unreadable(family, report->unreadable);
	if (report->is_changed)
		note_change(family, report, family->verified);
	else if (before == RULES_FAMILY_STATE_CONTESTED)
		memset(family->repairs, 0, sizeof(family->repairs));
	if (!*family->error)
		family->state = RULES_FAMILY_STATE_IN_PLACE;
	family->writer[0] = '\0';
	family->was_in_place = true;
	if (!all_in_place(keeper))
		return;
	keeper->retry_seconds = RETRY_FIRST_SECONDS;
	note_acceptance(keeper);
}

/* Contested rules are looked at when their time has come, for which there is the timer. */
static bool is_waiting(const struct rules_keeper_family *family)
{
	return family->state == RULES_FAMILY_STATE_CONTESTED &&
	       clock_milliseconds() < family->contested_until;
}

/*
 * What could not be read or written is tried again when its time has come, whatever changes meanwhile: it may be
 * what the failed attempt itself wrote, of a table before the one that was refused.
 */
static bool is_to_be_retried(const struct rules_keeper_family *family)
{
	return family->state == RULES_FAMILY_STATE_FAILED &&
	       timer_is_running(&family->keeper->retry);
}

static struct ruleset_options options_of(const struct rules_keeper_family *family)
{
	const struct rules_keeper *keeper = family->keeper;
	struct ruleset_options options = keeper->options[family->family == AF_INET6];

	options.family = family->family;
	options.has_random_fully = keeper->has_random_fully;
	options.has_in_cluster = options.has_in_cluster && marks_trial_has_marks(&keeper->marks);
	return options;
}

/* The ruleset belongs to the verification under way until that ends; only then it may change. */
static void verify_family(struct rules_keeper_family *family)
{
	if (!is_kept(family))
		return;
	if (rules_is_busy(family->rules)) {
		family->is_due = true;
		return;
	}
	if (is_waiting(family) && !family->is_outdated)
		return;
	family->is_due = false;
	timer_stop(&family->due);
	if (family->is_outdated) {
		struct ruleset_options options = options_of(family);

		ruleset_free(family->ruleset);
		family->ruleset = ruleset_new(&options);
		family->state = RULES_FAMILY_STATE_UNKNOWN;
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

static void on_due(void *owner)
{
	verify_family(owner);
}

static void on_done(void *owner, const struct rules_report *report)
{
	struct rules_keeper_family *family = owner;

	family->verified = clock_milliseconds();
	if (family->is_absent)
		return;
	if (report->code < 0)
		note_failure(family, report);
	else
		note_success(family, report);
	tell(family->keeper, family->family == AF_INET6 ? IP_FAMILY_IPV6 : IP_FAMILY_IPV4);

	/* Not from within the callback of what is to be started again. */
	if (family->is_due && !is_waiting(family) && !is_to_be_retried(family))
		schedule(family, family->is_outdated ? 0. : PAUSE_SECONDS);
}

void rules_keeper_changed(struct rules_keeper *keeper, uint16_t family_number, const char *writer)
{
	struct rules_keeper_family *family = &keeper->families[family_number == AF_INET6];
	double since = (double)(clock_milliseconds() - family->verified) / 1000;

	if (!is_kept(family) || !family->ruleset)
		return;
	/* What is told while the rules are written is likely to be the writing. */
	if (*writer && !rules_is_busy(family->rules))
		snprintf(family->writer, sizeof(family->writer), "%s", writer);
	family->is_due = rules_is_busy(family->rules);
	if (family->is_due || timer_is_running(&family->due) || is_waiting(family) ||
	    is_to_be_retried(family))
		return;
	schedule(family, since < PAUSE_SECONDS ? PAUSE_SECONDS : GATHER_SECONDS);
}

static void on_retry(void *owner)
{
	rules_keeper_verify(owner);
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

/* A host without them gets none, and Services are programmed all the same. */
static void open_ipv6(struct rules_keeper *keeper)
{
	struct error err = {0};

	if (rules_open(keeper->loop, AF_INET6, on_done, &keeper->families[1],
		       &keeper->families[1].rules, &err) < 0)
		log_warning("%s; IPv6 Services work without masquerading and source ranges",
			    err.text);
}

void rules_keeper_set_absent(struct rules_keeper *keeper, uint16_t family_number, bool is_absent)
{
	struct rules_keeper_family *family = &keeper->families[family_number == AF_INET6];

	if (family->is_absent == is_absent)
		return;
	family->is_absent = is_absent;
	family->state = RULES_FAMILY_STATE_UNKNOWN;
	family->was_in_place = false;
	family->error[0] = '\0';
	family->unreadable[0] = '\0';
	free(take(&family->clash));
	timer_stop(&family->due);
	if (!is_absent && !family->rules && family_number == AF_INET6)
		open_ipv6(keeper);
	if (!is_absent)
		verify_family(family);
	/* Nothing else would report where this was all that was waited for, or there are no rules. */
	if ((is_absent || !family->rules) && all_in_place(keeper))
		tell(keeper, IP_FAMILY_IPV4);
}

const char *rules_keeper_clash(const struct rules_keeper *keeper)
{
	for (size_t i = 0; i < COUNT(keeper->families); i++)
		if (keeper->families[i].clash)
			return keeper->families[i].clash;
	return "";
}

const char *rules_keeper_unreadable(const struct rules_keeper *keeper)
{
	for (size_t i = 0; i < COUNT(keeper->families); i++)
		if (*keeper->families[i].unreadable)
			return keeper->families[i].unreadable;
	return "";
}

bool rules_keeper_is_legacy(const struct rules_keeper *keeper)
{
	return keeper->families[0].rules && rules_is_legacy(keeper->families[0].rules);
}

bool rules_keeper_does_mark(const struct rules_keeper *keeper, const char **ret_reason)
{
	*ret_reason = keeper->marks_error;
	return keeper->options[0].has_in_cluster && marks_trial_has_marks(&keeper->marks);
}

bool rules_keeper_options(const struct rules_keeper *keeper, enum ip_family family,
			  struct ruleset_options *ret)
{
	if (!is_kept(&keeper->families[family]) || !keeper->has_options)
		return false;
	*ret = options_of(&keeper->families[family]);
	return true;
}

char *rules_keeper_take_news(struct rules_keeper *keeper, enum ip_family family)
{
	return take(&keeper->families[family].news);
}

unsigned long rules_keeper_failed(const struct rules_keeper *keeper, enum ip_family family)
{
	return keeper->families[family].failed;
}

unsigned long rules_keeper_repaired(const struct rules_keeper *keeper)
{
	return keeper->repaired;
}

int rules_keeper_new(struct ev_loop *loop,
		     void (*on_report)(void *owner, enum ip_family family, bool is_in_place,
				       const char *error),
		     void *owner, struct rules_keeper **ret, struct error *err)
{
	struct rules_keeper *keeper = memory_allocate(sizeof(*keeper));
	int r;

	keeper->loop = loop;
	keeper->on_report = on_report;
	keeper->owner = owner;
	keeper->retry_seconds = RETRY_FIRST_SECONDS;
	timer_init(&keeper->retry, keeper->loop, on_retry, keeper);
	timer_init(&keeper->without_marks, keeper->loop, on_without_marks, keeper);
	keeper->families[0] =
		(struct rules_keeper_family){.keeper = keeper, .name = "IPv4", .family = AF_INET};
	keeper->families[1] =
		(struct rules_keeper_family){.keeper = keeper, .name = "IPv6", .family = AF_INET6};

	for (size_t i = 0; i < COUNT(keeper->families); i++)
		timer_init(&keeper->families[i].due, keeper->loop, on_due, &keeper->families[i]);

	r = rules_open(loop, AF_INET, on_done, &keeper->families[0], &keeper->families[0].rules,
		       err);
	if (r < 0) {
		rules_keeper_free(keeper);
		return r;
	}
	keeper->has_random_fully = rules_has_random_fully(keeper->families[0].rules);

	if (access("/proc/net/if_inet6", F_OK) == 0)
		open_ipv6(keeper);
	*ret = keeper;
	return 0;
}

void rules_keeper_free(struct rules_keeper *keeper)
{
	if (!keeper)
		return;
	timer_stop(&keeper->retry);
	timer_stop(&keeper->without_marks);
	for (size_t i = 0; i < COUNT(keeper->families); i++) {
		timer_stop(&keeper->families[i].due);
		rules_close(keeper->families[i].rules);
		ruleset_free(keeper->families[i].ruleset);
		free(keeper->interfaces[i]);
		free(keeper->families[i].clash);
		free(keeper->families[i].news);
	}
	free(keeper);
}
