/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules.h"

#include "lib/base/timer.h"
#include "lib/process/child.h"
#include "modules.h"
#include "nftables.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * iptables-restore's exit status when another program holds the xtables lock, or, of the nf_tables
 * variant, when the kernel refuses (RESOURCE_PROBLEM of xtables.h).
 */
#define STATUS_LOCKED 4

#define OUTPUT_LIMIT	    ((size_t)64 << 20)
#define ATTEMPTS	    4
#define RETRY_DELAY_SECONDS 1.0

/**
 * enum rules_state - what is under way
 *   IDLE       nothing; rules_verify() and rules_remove() begin at once
 *   SAVING     iptables-save runs; then IDLE, or RESTORING if something differs
 *   RESTORING  iptables-restore runs; then IDLE, or WAITING if the lock was taken
 *   WAITING    for the next attempt, which begins with SAVING as rules may have changed; or for
 *              the loop to report that a program could not be started
 */
enum rules_state {
	RULES_STATE_IDLE,
	RULES_STATE_SAVING,
	RULES_STATE_RESTORING,
	RULES_STATE_WAITING,
};

/* What is to be done: keep a ruleset in place, or remove ours if it is NULL; all or some of them. */
struct task {
	const struct ruleset *ruleset;
	bool for_kube_proxy;
};

struct rules {
	struct ev_loop *loop;
	uint16_t family;
	const char *save_program;
	const char *restore_program;
	char *environment[4]; /* of both */
	void (*on_done)(void *owner, const struct rules_report *report);
	void *owner;
	enum rules_state state;
	struct child *child;
	struct timer retry;
	struct task task;
	int attempt;
	char *restore; /* the input of iptables-restore */
	char *what;
	char *clash;
	char *unreadable;
	bool is_legacy;
	bool only_looks;
	struct error error;
	struct task next; /* if has_next: asked for in the meantime */
	bool has_next;
};

static void on_saved(void *owner, const struct child_outcome *outcome);
static void on_restored(void *owner, const struct child_outcome *outcome);

/* From the loop: a caller may not be ready for its callback yet. */
static void finish_later(struct rules *rules)
{
	rules->state = RULES_STATE_WAITING;
	timer_start(&rules->retry, 0.);
}

static struct child_request request_of(const struct rules *rules, const char *const *arguments,
				       const char *input)
{
	return (struct child_request){.arguments = arguments,
				      .environment = (const char *const *)rules->environment,
				      .input = input,
				      .output_limit = OUTPUT_LIMIT};
}

static void start_saving(struct rules *rules)
{
	const char *arguments[] = {rules->save_program, NULL};
	const struct child_request request = request_of(rules, arguments, NULL);

	if (child_start(rules->loop, &request, on_saved, rules, &rules->child, &rules->error) < 0)
		finish_later(rules);
	else
		rules->state = RULES_STATE_SAVING;
}

static void start_restoring(struct rules *rules)
{
	const char *arguments[] = {rules->restore_program, "--noflush", "-w", "5", NULL};
	const struct child_request request = request_of(rules, arguments, rules->restore);

	if (child_start(rules->loop, &request, on_restored, rules, &rules->child, &rules->error) <
	    0)
		finish_later(rules);
	else
		rules->state = RULES_STATE_RESTORING;
}

static void begin(struct rules *rules, struct task task)
{
	if (rules->state != RULES_STATE_IDLE) {
		rules->next = task;
		rules->has_next = true;
		return;
	}
	rules->task = task;
	rules->attempt = 1;
	start_saving(rules);
}

/* Nothing may touch @rules after this: the owner may have closed it. */
static void finish(struct rules *rules, bool is_changed)
{
	auto_memory char *what = take(&rules->what);
	auto_memory char *clash = take(&rules->clash);
	auto_memory char *unreadable = take(&rules->unreadable);
	auto_memory char *restore = take(&rules->restore);
	struct error error = rules->error;
	struct rules_report report = {.is_changed = is_changed && !error.code,
				      .what = what ? what : "",
				      .restore = restore && rules->only_looks ? restore : "",
				      .clash = clash,
				      .unreadable = unreadable ? unreadable : "",
				      .error = &error,
				      .code = error.code};
	void (*on_done)(void *owner, const struct rules_report *report) = rules->on_done;
	void *owner = rules->owner;

	rules->error = (struct error){0};
	rules->state = RULES_STATE_IDLE;
	if (rules->has_next) {
		rules->has_next = false;
		begin(rules, rules->next);
	}
	on_done(owner, &report);
}

static void on_retry(void *owner)
{
	struct rules *rules = owner;

	if (rules->error.code) {
		finish(rules, false);
		return;
	}
	rules->attempt++;
	start_saving(rules);
}

/* The first line that is not one of the warnings which the nft variant likes to print. */
static char *first_line(const char *errors)
{
	while (*errors) {
		size_t length = strcspn(errors, "\n");

		if (length && *errors != '#' && strncmp(errors, "Warning", 7) != 0)
			return string_printf("%.*s", (int)length, errors);
		errors += length + (errors[length] ? 1 : 0);
	}
	return string_dup("no reason given");
}

/* The line of @input that @errors names, as in "line 7 failed" or "Error occurred at line: 7". */
static char *refused_line(const char *errors, const char *input)
{
	const char *found = errors;
	unsigned long number = 0;

	while (!number && (found = strstr(found, "line"))) {
		found += strlen("line");
		found += strspn(found, ": ");
		if (isdigit((unsigned char)*found))
			number = strtoul(found, NULL, 10);
	}
	if (!number)
		return NULL;
	for (; number > 1 && *input; number--) {
		input += strcspn(input, "\n");
		input += *input ? 1 : 0;
	}
	return string_printf("%.*s", (int)strcspn(input, "\n"), input);
}

/* What the programs say of a missing module names neither it nor where it is to be had. */
static bool tell_of_missing_module(struct rules *rules)
{
	static const struct {
		const char *name, *feature;
		bool is_for_nft;
	} modules[] = {
		{"xt_set", "rules that look addresses up in ipsets", false},
		{"nft_compat", "rules of iptables in nftables", true},
	};

	for (size_t i = 0; i < COUNT(modules); i++) {
		if ((modules[i].is_for_nft && rules->is_legacy) ||
		    modules_look(modules[i].name) != MODULE_STATE_MISSING)
			continue;
		error_set(&rules->error, -EIO, "this kernel has no module %s, required for %s; %s",
			  modules[i].name, modules[i].feature, modules_remedy());
		return true;
	}
	return false;
}

/* Return: 0, or a negative errno with rules->error saying why the program failed */
static int check(struct rules *rules, const char *program, const struct child_outcome *outcome)
{
	auto_memory char *reason = NULL;
	auto_memory char *line = NULL;

	if (outcome->code < 0)
		return error_set(&rules->error, outcome->code, "%s%s: %s",
				 outcome->has_started ? "" : "starting ", program,
				 strerror(-outcome->code));
	if (outcome->status == 0)
		return 0;
	if (rules->restore && tell_of_missing_module(rules))
		return rules->error.code;
	reason = first_line(outcome->errors);
	if (rules->restore)
		line = refused_line(outcome->errors, rules->restore);
	return error_set(&rules->error, outcome->status == STATUS_LOCKED ? -EAGAIN : -EIO,
			 "%s failed with status %d: %s%s%s%s", program, outcome->status, reason,
			 line ? " (" : "", line ? line : "", line ? ")" : "");
}

/* So that the table counts as one that is not there. Return: whether it does */
static bool hide(char *saved, const char *table)
{
	auto_memory char *comment = string_printf("`%s'", table);
	char *at = strstr(saved, comment);

	if (at)
		memset(at, ' ', strlen(comment));
	return at;
}

/*
 * What iptables cannot show, nftables can list. A table in which it finds no chain of ours is known
 * to need all of them, and can be written; of one that has them nobody knows what else it needs.
 */
static void look_at_unreadable(struct rules *rules, char *saved, const char *table)
{
	auto_memory char *before = take(&rules->unreadable);
	struct nftables_view view = {0};
	struct error err = {0};

	if (nftables_look(rules->family, table, &view, &err) >= 0 && !view.has_our_chains &&
	    hide(saved, table)) {
		rules->unreadable = take(&before);
		return;
	}
	rules->unreadable = string_printf(
		"%s%stable %s cannot be shown by %s because of %s, so it is left as it is; move what is not made by iptables to a table of its own",
		before ? before : "", before ? "; " : "", table, rules->save_program,
		*view.native ? view.native : "a rule that is not made by iptables");
}

static void note_variant(struct rules *rules, const char *saved)
{
	/* The first line of either names the program; without any table nothing is printed. */
	if (*saved)
		rules->is_legacy = !strstr(saved, "nf_tables") && !strstr(saved, "-nft-save");
}

static void on_saved(void *owner, const struct child_outcome *outcome)
{
	struct rules *rules = owner;
	int r = check(rules, rules->save_program, outcome);
	auto_memory char *saved = string_dup(r >= 0 ? outcome->output : "");

	free(take(&rules->what));
	free(take(&rules->clash));
	free(take(&rules->unreadable));
	note_variant(rules, saved);
	for (int i = 0; i < RULESET_TABLE_COUNT; i++) {
		const char *table = ruleset_table_name((enum ruleset_table)i);

		if (ruleset_is_unreadable(saved, table))
			look_at_unreadable(rules, saved, table);
	}
	if (r >= 0 && rules->task.ruleset) {
		rules->clash = ruleset_clash(rules->task.ruleset, saved);
		ruleset_difference(rules->task.ruleset, saved, &rules->restore, &rules->what);
	} else if (r >= 0) {
		rules->restore = rules->task.for_kube_proxy
					 ? ruleset_kube_proxy_restore(rules->family, saved)
					 : ruleset_removal(saved);
		if (rules->restore)
			rules->what = string_dup("our chains were there");
	}
	child_free(take(&rules->child));
	if (rules->restore && !rules->only_looks)
		start_restoring(rules);
	else
		finish(rules, false);
}

static void on_restored(void *owner, const struct child_outcome *outcome)
{
	struct rules *rules = owner;
	int r = check(rules, rules->restore_program, outcome);

	child_free(take(&rules->child));
	if (r == -EAGAIN && rules->attempt < ATTEMPTS) {
		rules->error = (struct error){0};
		free(take(&rules->restore));
		rules->state = RULES_STATE_WAITING;
		timer_start(&rules->retry, RETRY_DELAY_SECONDS);
		return;
	}
	finish(rules, true);
}

static bool is_in_path(const char *program)
{
	const char *path = getenv("PATH");

	while (path && *path) {
		size_t length = strcspn(path, ":");
		auto_memory char *file = string_printf("%.*s/%s", (int)length, path, program);

		if (access(file, X_OK) == 0)
			return true;
		path += length + (path[length] ? 1 : 0);
	}
	return false;
}

static void fill_environment(char *environment[4])
{
	const char *path = getenv("PATH"), *lock = getenv("XTABLES_LOCKFILE");

	environment[0] = string_printf("PATH=%s", path ? path : "");
	environment[1] = string_dup("LC_ALL=C");
	environment[2] = lock ? string_printf("XTABLES_LOCKFILE=%s", lock) : NULL;
	environment[3] = NULL;
}

int rules_open(struct ev_loop *loop, uint16_t family,
	       void (*on_done)(void *owner, const struct rules_report *report), void *owner,
	       struct rules **ret, struct error *err)
{
	bool is_ipv6 = family == AF_INET6;
	struct rules *rules;
	const struct rules programs = {
		.family = family,
		.loop = loop,
		.save_program = is_ipv6 ? "ip6tables-save" : "iptables-save",
		.restore_program = is_ipv6 ? "ip6tables-restore" : "iptables-restore",
		.on_done = on_done,
		.owner = owner,
	};

	if (!is_in_path(programs.save_program))
		return error_set(err, -ENOENT, "%s is not in PATH; install iptables",
				 programs.save_program);
	if (!is_in_path(programs.restore_program))
		return error_set(err, -ENOENT, "%s is not in PATH; install iptables",
				 programs.restore_program);
	rules = memory_allocate(sizeof(*rules));
	*rules = programs;
	fill_environment(rules->environment);
	timer_init(&rules->retry, rules->loop, on_retry, rules);
	*ret = rules;
	return 0;
}

void rules_only_look(struct rules *rules)
{
	rules->only_looks = true;
}

void rules_close(struct rules *rules)
{
	if (!rules)
		return;
	child_free(rules->child);
	timer_stop(&rules->retry);
	for (size_t i = 0; i < COUNT(rules->environment); i++)
		free(rules->environment[i]);
	free(rules->restore);
	free(rules->what);
	free(rules->clash);
	free(rules->unreadable);
	free(rules);
}

bool rules_has_random_fully(struct rules *rules)
{
	const char *arguments[] = {rules->restore_program, "--noflush", "--test", "-w", "5", NULL};
	const struct child_request request =
		request_of(rules, arguments,
			   "*nat\n:KUBE-TEST - [0:0]\n-A KUBE-TEST -j MASQUERADE --random-fully\n"
			   "COMMIT\n");
	struct error err = {0};
	int status;

	return child_wait(&request, &status, &err) >= 0 && status == 0;
}

void rules_verify(struct rules *rules, const struct ruleset *ruleset)
{
	begin(rules, (struct task){.ruleset = ruleset});
}

void rules_remove(struct rules *rules)
{
	begin(rules, (struct task){.ruleset = NULL});
}

void rules_keep_for_kube_proxy(struct rules *rules)
{
	begin(rules, (struct task){.for_kube_proxy = true});
}

bool rules_is_busy(const struct rules *rules)
{
	return rules->state != RULES_STATE_IDLE;
}

bool rules_is_legacy(const struct rules *rules)
{
	return rules->is_legacy;
}
