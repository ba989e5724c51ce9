/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command_line.h"

#include "agent_config.h"
#include "kube_proxy_config.h"
#include "setting.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* A flag as it was given; @value is borrowed from the command line. */
struct given {
	const struct setting *setting;
	const char *value;
};

/* @is_alone: files that it names are not read */
struct flags {
	struct given *items;
	size_t count;
	bool is_alone;
};

/* Letters are pflag's: -v=4 is -v 4. @scope: commands that have the letter, if not all do that have
 * the flag. */
static const struct {
	const char *name;
	int letter;
	unsigned int scope;
} letters[] = {
	{"v", 'v', ~0U},
	{"output", 'o', ~0U},
	{"watch", 'w', ~0U},
	{"help", 'h', ~0U},
	{"n", 'n', OPTION_SCOPE_EVENTS},
	{"manifests", 'f', OPTION_SCOPE_PLAN | OPTION_SCOPE_DIFF | OPTION_SCOPE_EXPLAIN},
};

static const struct setting *find_short(int letter)
{
	for (size_t l = 0; l < COUNT(letters); l++)
		for (size_t i = 0; letters[l].letter == letter && i < setting_count; i++)
			if (string_equal(settings[i].flag, letters[l].name))
				return &settings[i];
	return NULL;
}

/* kube-proxy takes --cluster_cidr for --cluster-cidr. */
static void write_dashes(char *argument)
{
	if (strncmp(argument, "--", 2) != 0)
		return;
	for (; *argument && *argument != '='; argument++)
		if (*argument == '_')
			*argument = '-';
}

static const char *value_of(const struct setting *setting, const char *argument, bool is_letter)
{
	if (!argument)
		return setting_is_switch(setting) ? "true" : "";
	return argument + (is_letter && *argument == '=');
}

/* For getopt_long(3). */
static const char *short_flags_of(enum option_scope scope)
{
	if (scope & (OPTION_SCOPE_PLAN | OPTION_SCOPE_DIFF | OPTION_SCOPE_EXPLAIN))
		return ":v:o:whf:";
	return scope == OPTION_SCOPE_EVENTS ? ":v:o:whn:" : ":v:o:wh";
}

/* Takes the command line apart; @rows are the settings with flags, in the order of @table. */
static int gather(struct options *options, const struct option *table,
		  const struct setting *const *rows, enum option_scope scope, int argc, char **argv,
		  struct flags *ret, struct error *err)
{
	const char *short_flags = short_flags_of(scope);
	int letter, row = 0;

	optind = 0;
	opterr = 0;
	while ((letter = getopt_long(argc, argv, short_flags, table, &row)) != -1) {
		const struct setting *setting = letter ? find_short(letter) : rows[row];

		if (letter == '?')
			return error_set(err, -EINVAL, "unknown flag %s", argv[optind - 1]);
		if (letter == ':')
			return error_set(err, -EINVAL, "%s requires a value", argv[optind - 1]);
		if (!setting_is_of(setting, scope))
			return error_set(err, -EINVAL, "%s: unknown flag --%s", argv[0],
					 setting->flag);
		ret->items = memory_resize(ret->items, ret->count + 1, sizeof(*ret->items));
		ret->items[ret->count++] =
			(struct given){setting, value_of(setting, optarg, letter != 0)};
	}
	for (; optind < argc; optind++)
		string_list_add(&options->arguments, argv[optind]);
	return 0;
}

static int gather_flags(struct options *options, enum option_scope scope, int argc, char **argv,
			struct flags *ret, struct error *err)
{
	struct option *table = memory_array(setting_count + 1, sizeof(*table));
	const struct setting **rows = memory_array(setting_count, sizeof(*rows));
	size_t count = 0;
	int r;

	for (size_t i = 0; i < setting_count; i++) {
		int has_argument =
			setting_is_switch(&settings[i]) ? optional_argument : required_argument;

		if (!settings[i].flag)
			continue;
		table[count] = (struct option){settings[i].flag, has_argument, NULL, 0};
		rows[count++] = &settings[i];
	}
	r = gather(options, table, rows, scope, argc, argv, ret, err);
	free(rows);
	free(table);
	return r;
}

static int set_flag(struct options *options, const struct given *given, struct error *err)
{
	int r = setting_set(given->setting, options, given->value, err);

	return r < 0 ? error_wrap(err, r, "--%s", given->setting->flag) : 0;
}

/* A flag beside a configuration file that decides: it has to be right, but that is all. */
static int pass_over(struct options *options, const struct given *given, struct error *err)
{
	auto_free(options) struct options *scratch = options_new();
	auto_memory char *name = string_printf("--%s", given->setting->flag);

	options_note(options, true, name, "ignored; the file given with --config overrides it");
	return set_flag(scratch, given, err);
}

static bool is_overruled(const struct options *options, const struct flags *line,
			 const struct setting *setting)
{
	return !line->is_alone && options->configuration_path && setting->field &&
	       !(setting->bits & SETTING_ALWAYS);
}

static bool is_given(const struct flags *line, size_t count, const struct setting *setting)
{
	for (size_t i = 0; i < count; i++)
		if (line->items[i].setting == setting)
			return true;
	return false;
}

/* Of our own settings, flags decide over the file. */
static void forget_own(struct options *options, const struct flags *line)
{
	auto_free(options) struct options *defaults = options_new();

	for (size_t i = 0; options->agent_config_path && i < line->count; i++) {
		const struct setting *setting = line->items[i].setting;
		auto_memory char *name = NULL;

		if (!setting->own_field || is_given(line, i, setting) ||
		    setting_is_equal(setting, options, defaults))
			continue;
		name = string_dup(setting->own_field);
		options_note(
			options, true, name,
			"ignored in the file given with --ipvsagent-config; the flag overrides it");
		setting_exchange(setting, options, defaults);
	}
}

static int apply(struct options *options, const struct flags *line, struct error *err)
{
	forget_own(options, line);
	for (size_t i = 0; i < line->count; i++) {
		const struct given *given = &line->items[i];
		int r = is_overruled(options, line, given->setting) ? pass_over(options, given, err)
								    : set_flag(options, given, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int read_files(struct options *options, const struct flags *line, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < line->count && !line->is_alone; i++) {
		const struct given *given = &line->items[i];

		if (strcmp(given->setting->flag, "config") == 0 ||
		    strcmp(given->setting->flag, "ipvsagent-config") == 0)
			set_flag(options, given, err);
	}
	if (options->configuration_path)
		r = kube_proxy_config_read(options, options->configuration_path, err);
	if (r >= 0 && options->agent_config_path)
		r = agent_config_read(options, options->agent_config_path, err);
	return r;
}

static void trim(char **text)
{
	const char *begin = *text;
	size_t length;
	char *trimmed;

	if (!begin)
		return;
	begin += strspn(begin, " \t\n");
	for (length = strlen(begin); length && isspace((unsigned char)begin[length - 1]);)
		length--;
	trimmed = string_printf("%.*s", (int)length, begin);
	free(*text);
	*text = trimmed;
}

static void complete_listen_address(struct listen_address *listen, int port, bool has_file)
{
	if (port == 0 && !has_file)
		memset(listen, 0, sizeof(*listen));
	else if (listen->address.family && !listen->port)
		listen->port = (uint16_t)port;
}

/* What the flags leave open until all are known. */
static void complete(struct options *options, bool has_file)
{
	trim(&options->node_name);
	if (has_file) {
		options->healthz_port = OPTIONS_HEALTHZ_PORT;
		options->metrics_port = OPTIONS_METRICS_PORT;
	}
	complete_listen_address(&options->healthz, options->healthz_port, has_file);
	complete_listen_address(&options->metrics, options->metrics_port, has_file);
	options_settle_marks(options);
}

static int check_cluster_cidrs(const struct options *options, struct error *err)
{
	const struct prefix_list *list = &options->cluster_cidrs;

	for (size_t i = 1; i < list->count; i++)
		for (size_t j = 0; j < i; j++)
			if (list->items[i].address.family == list->items[j].address.family)
				return error_set(
					err, -EINVAL,
					"--cluster-cidr: more than one CIDR of an IP family");
	return 0;
}

static int check_marks(const struct options *options, struct error *err)
{
	const struct mark_range *range = &options->in_cluster_marks;

	if (!range->mask)
		return 0;
	if (!mark_range_is_valid(range))
		return error_set(
			err, -EINVAL,
			"--in-cluster-mark-base 0x%x and --in-cluster-mark-mask 0x%x: the mask must be 1 to 20 bits, the base two or more other bits without 0x80000000",
			range->base, range->mask);
	if ((range->base | range->mask) & 1U << options->masquerade_bit)
		return error_set(
			err, -EINVAL,
			"--in-cluster-mark-base 0x%x and --in-cluster-mark-mask 0x%x must not contain the bit of --iptables-masquerade-bit %d",
			range->base, range->mask, options->masquerade_bit);
	return 0;
}

static int check_plan(const struct options *options, struct error *err)
{
	if (!options->manifests.count)
		return error_set(err, -EINVAL, "missing -f PATH, a file or directory of manifests");
	if (options->part != PLAN_PART_ALL && strcmp(options->output, "json") == 0)
		return error_set(err, -EINVAL, "--part applies to text, not to -o json");
	return 0;
}

static int check_cleanup(const struct options *options, struct error *err)
{
	if (*options->output && !options->dry_run)
		return error_set(err, -EINVAL, "--output requires --dry-run");
	return 0;
}

/* What remains to be checked when all settings are known. */
static int check(const struct options *options, struct error *err)
{
	if (options->node_name && !*options->node_name)
		return error_set(err, -EINVAL, "--hostname-override must not be blank");
	if (options->detection == LOCAL_DETECTION_BRIDGE && !options->pod_bridge_interface)
		return error_set(
			err, -EINVAL,
			"--detect-local-mode BridgeInterface requires --pod-bridge-interface");
	if (options->detection == LOCAL_DETECTION_INTERFACE_PREFIX &&
	    !options->pod_interface_prefix)
		return error_set(
			err, -EINVAL,
			"--detect-local-mode InterfaceNamePrefix requires --pod-interface-name-prefix");
	if (options->min_sync_period > options->sync_period)
		return error_set(
			err, -EINVAL,
			"--ipvs-min-sync-period must not be longer than --ipvs-sync-period");
	if (check_marks(options, err) < 0)
		return err->code;
	if (options->scope == OPTION_SCOPE_PLAN && check_plan(options, err) < 0)
		return err->code;
	return check_cluster_cidrs(options, err);
}

static int parse(struct options *options, enum option_scope scope, int argc, char **argv,
		 bool is_alone, struct error *err)
{
	struct flags line = {.is_alone = is_alone};
	char **copies = memory_array((size_t)argc + 1, sizeof(*copies));
	int r;

	options->scope = scope;
	for (int i = 0; i < argc; i++) {
		string_list_add(&options->command_line, argv[i]);
		copies[i] = string_dup(argv[i]);
		write_dashes(copies[i]);
	}
	r = gather_flags(options, scope, argc, copies, &line, err);
	if (r >= 0)
		r = read_files(options, &line, err);
	if (r >= 0)
		r = apply(options, &line, err);
	if (r >= 0)
		complete(options, options->configuration_path && !is_alone);
	if (r >= 0 && !options->help && scope == OPTION_SCOPE_CLEANUP)
		r = check_cleanup(options, err);
	if (r >= 0 && !is_alone && !options->help &&
	    (scope & (OPTION_SCOPE_RUN | OPTION_SCOPE_PLAN | OPTION_SCOPE_CHECK |
		      OPTION_SCOPE_DIFF | OPTION_SCOPE_EXPLAIN)))
		r = check(options, err);
	free(line.items);
	for (int i = 0; i < argc; i++)
		free(copies[i]);
	free(copies);
	return r;
}

int command_line_parse(struct options *options, enum option_scope scope, int argc, char **argv,
		       struct error *err)
{
	return parse(options, scope, argc, argv, false, err);
}

struct options *command_line_of_flags(const struct options *options)
{
	struct options *flags = options_new();
	struct error ignored = {0};

	/* It was right before. */
	parse(flags, options->scope, (int)options->command_line.count, options->command_line.items,
	      true, &ignored);
	return flags;
}

int command_line_reread(const struct options *options, struct options **ret, struct error *err)
{
	auto_free(options) struct options *next = options_new();
	int r = command_line_parse(next, options->scope, (int)options->command_line.count,
				   options->command_line.items, err);

	if (r >= 0)
		*ret = take(&next);
	return r;
}

/* "-f, " before a flag that has a letter as well. */
static const char *letter_text(const struct setting *setting, enum option_scope scope,
			       char buffer[8])
{
	*buffer = '\0';
	for (size_t i = 0; i < COUNT(letters); i++)
		if (letters[i].scope & scope && setting->flag[1] &&
		    strcmp(letters[i].name, setting->flag) == 0)
			snprintf(buffer, 8, "-%c, ", letters[i].letter);
	return buffer;
}

void command_line_print_flags(enum option_scope scope)
{
	const char *separator = "\nAccepted for kube-proxy compatibility and ignored:\n  --";

	for (size_t i = 0; i < setting_count; i++) {
		const struct setting *setting = &settings[i];
		char left[64], letter[8];

		if (!setting_is_of(setting, scope) || !setting->help)
			continue;
		snprintf(left, sizeof(left), "%s%s%s %s", letter_text(setting, scope, letter),
			 setting->flag[1] ? "--" : "-", setting->flag,
			 setting->argument ? setting->argument : "");
		printf("  %-45s %s\n", left, setting->help);
	}
	for (size_t i = 0; i < setting_count; i++) {
		if (!setting_is_of(&settings[i], scope) || settings[i].help)
			continue;
		printf("%s%s", separator, settings[i].flag);
		separator = "\n  --";
	}
	if (scope & (OPTION_SCOPE_RUN | OPTION_SCOPE_CHECK))
		printf("\n");
}
