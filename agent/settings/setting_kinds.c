/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setting_kinds.h"

#include "lib/base/duration.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* A timeout that the kernel still counts in its clock ticks. */
#define LONGEST_TIMEOUT (86400.0 * 24)

static json_t *text_or_empty(const char *text)
{
	return json_string(text ? text : "");
}

static int set_text(const struct setting *setting, struct options *options, const char *text,
		    struct error *err)
{
	char **field = FIELD(char *, setting, options);

	(void)err;
	free(*field);
	*field = string_dup(text);
	return 0;
}

static json_t *get_text(const struct setting *setting, const struct options *options)
{
	return text_or_empty(*CONST_FIELD(char *, setting, options));
}

static int add_text(const struct setting *setting, struct options *options, const char *text,
		    struct error *err)
{
	struct string_list *list = FIELD(struct string_list, setting, options);

	if (!*text)
		return error_set(err, -EINVAL, "must not be empty");
	string_list_add(list, text);
	return 0;
}

static json_t *get_texts(const struct setting *setting, const struct options *options)
{
	const struct string_list *list = CONST_FIELD(struct string_list, setting, options);
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(array, json_string(list->items[i]));
	return array;
}

static int set_switch(const struct setting *setting, struct options *options, const char *text,
		      struct error *err)
{
	static const char *const words[2][6] = {
		{"false", "False", "FALSE", "f", "F", "0"},
		{"true", "True", "TRUE", "t", "T", "1"},
	};

	for (size_t i = 0; i < 2 * COUNT(words[0]); i++) {
		if (strcmp(words[i % 2][i / 2], text) != 0)
			continue;
		*FIELD(bool, setting, options) = i % 2;
		return 0;
	}
	return error_set(err, -EINVAL, "\"%s\" is not a boolean (true or false)", text);
}

static json_t *get_switch(const struct setting *setting, const struct options *options)
{
	return json_boolean(*CONST_FIELD(bool, setting, options));
}

static int set_integer(const struct setting *setting, struct options *options, const char *text,
		       struct error *err)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(text, &end, 10);
	if (!*text || strchr(" \t\n+", *text) || *end || errno || number < setting->minimum ||
	    number > setting->maximum)
		return error_set(err, -EINVAL, "\"%s\" is not a number from %d to %d", text,
				 setting->minimum, setting->maximum);
	*FIELD(int, setting, options) = (int)number;
	return 0;
}

static json_t *get_integer(const struct setting *setting, const struct options *options)
{
	return json_integer(*CONST_FIELD(int, setting, options));
}

static int set_mark(const struct setting *setting, struct options *options, const char *text,
		    struct error *err)
{
	char *end;
	unsigned long number;

	errno = 0;
	number = strtoul(text, &end, 0);
	if (!*text || strchr(" \t\n+-", *text) || *end || errno || number > UINT32_MAX)
		return error_set(err, -EINVAL, "\"%s\" is not a 32-bit number such as 0x60000000",
				 text);
	*FIELD(uint32_t, setting, options) = (uint32_t)number;
	return 0;
}

static json_t *get_mark(const struct setting *setting, const struct options *options)
{
	return json_sprintf("0x%x", *CONST_FIELD(uint32_t, setting, options));
}

static int set_real(const struct setting *setting, struct options *options, const char *text,
		    struct error *err)
{
	char *end;
	double number = strtod(text, &end);

	if (!*text || *end || !isfinite(number))
		return error_set(err, -EINVAL, "\"%s\" is not a number", text);
	*FIELD(double, setting, options) = number;
	return 0;
}

static json_t *get_real(const struct setting *setting, const struct options *options)
{
	double number = *CONST_FIELD(double, setting, options);

	if (number > -1e9 && number < 1e9 && (double)(json_int_t)number == number)
		return json_integer((json_int_t)number);
	return json_real(number);
}

static int parse_duration(const struct setting *setting, const char *text, double *ret,
			  struct error *err)
{
	if (!duration_parse(text, ret))
		return error_set(err, -EINVAL, "\"%s\" is not a duration such as 30s or 1m10s",
				 text);
	if (setting->bits & SETTING_POSITIVE && *ret <= 0)
		return error_set(err, -EINVAL, "must be greater than 0");
	return 0;
}

static json_t *duration_json(double seconds)
{
	char text[DURATION_TEXT_SIZE];

	return json_string(duration_text(seconds, text));
}

static int set_duration(const struct setting *setting, struct options *options, const char *text,
			struct error *err)
{
	double seconds;
	int r = parse_duration(setting, text, &seconds, err);

	if (r >= 0)
		*FIELD(double, setting, options) = seconds;
	return r;
}

static json_t *get_duration(const struct setting *setting, const struct options *options)
{
	return duration_json(*CONST_FIELD(double, setting, options));
}

static int set_seconds(const struct setting *setting, struct options *options, const char *text,
		       struct error *err)
{
	double seconds;
	int r = parse_duration(setting, text, &seconds, err);

	if (r < 0)
		return r;
	if (seconds > LONGEST_TIMEOUT)
		return error_set(err, -EINVAL, "%s is longer than 24 days", text);
	*FIELD(uint32_t, setting, options) = (uint32_t)seconds;
	return 0;
}

static json_t *get_seconds(const struct setting *setting, const struct options *options)
{
	return duration_json(*CONST_FIELD(uint32_t, setting, options));
}

static int set_address(const struct setting *setting, struct options *options, const char *text,
		       struct error *err)
{
	if (address_parse(text, FIELD(struct address, setting, options)))
		return 0;
	return error_set(err, -EINVAL, "\"%s\" is not an IP address", text);
}

static json_t *get_address(const struct setting *setting, const struct options *options)
{
	const struct address *address = CONST_FIELD(struct address, setting, options);
	char text[ADDRESS_TEXT_SIZE];

	return json_string(address->family ? address_text(address, text) : "");
}

static int set_listen_address(const struct setting *setting, struct options *options,
			      const char *text, struct error *err)
{
	struct listen_address address = {0};

	if (*text && !address_parse_port(text, &address.address, &address.port))
		return error_set(err, -EINVAL,
				 "\"%s\" is not ADDRESS, ADDRESS:PORT or, for IPv6, [ADDRESS]:PORT",
				 text);
	*FIELD(struct listen_address, setting, options) = address;
	return 0;
}

static json_t *get_listen_address(const struct setting *setting, const struct options *options)
{
	const struct listen_address *listen = CONST_FIELD(struct listen_address, setting, options);
	char text[ADDRESS_TEXT_SIZE];

	return json_string(listen->port ? address_port_text(&listen->address, listen->port, text)
					: "");
}

int prefix_list_add(struct prefix_list *list, const char *text, struct error *err)
{
	struct prefix prefix;

	if (!address_parse_prefix(text, &prefix))
		return error_set(err, -EINVAL, "\"%s\" is not a CIDR such as 10.0.0.0/8", text);
	list->items = memory_resize(list->items, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = prefix;
	return 0;
}

static json_t *prefix_json(const struct prefix *prefix)
{
	char text[ADDRESS_TEXT_SIZE];

	return json_string(address_prefix_text(prefix, text));
}

json_t *prefix_list_json(const struct prefix_list *list)
{
	json_t *array;

	if (!list->count)
		return json_null();
	array = json_array();
	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(array, prefix_json(&list->items[i]));
	return array;
}

static int add_prefixes(const struct setting *setting, struct options *options, const char *text,
			struct error *err)
{
	return prefix_list_add(FIELD(struct prefix_list, setting, options), text, err);
}

static json_t *get_prefixes(const struct setting *setting, const struct options *options)
{
	return prefix_list_json(CONST_FIELD(struct prefix_list, setting, options));
}

static int set_scheduler(const struct setting *setting, struct options *options, const char *text,
			 struct error *err)
{
	char *field = FIELD(char, setting, options);

	if (strlen(text) >= SCHEDULER_NAME_SIZE)
		return error_set(err, -EINVAL, "\"%s\" is not the name of an IPVS scheduler", text);
	strcpy(field, text);
	return 0;
}

static json_t *get_scheduler(const struct setting *setting, const struct options *options)
{
	return json_string(CONST_FIELD(char, setting, options));
}

static const struct {
	const char *name;
	enum kube_proxy_release release;
} releases[] = {
	{"1.32", KUBE_PROXY_RELEASE_1_32},
	{"1.36", KUBE_PROXY_RELEASE_1_36},
};

static int set_release(const struct setting *setting, struct options *options, const char *text,
		       struct error *err)
{
	for (size_t i = 0; i < COUNT(releases); i++) {
		if (strcmp(releases[i].name, text) != 0)
			continue;
		*FIELD(enum kube_proxy_release, setting, options) = releases[i].release;
		return 0;
	}
	return error_set(err, -EINVAL, "\"%s\" is not 1.32 or 1.36", text);
}

static json_t *get_release(const struct setting *setting, const struct options *options)
{
	for (size_t i = 0; i < COUNT(releases); i++)
		if (releases[i].release == *CONST_FIELD(enum kube_proxy_release, setting, options))
			return json_string(releases[i].name);
	return json_string("");
}

/* By enum log_format */
static const char *const log_formats[] = {
	[LOG_FORMAT_TEXT] = "text",
	[LOG_FORMAT_JSON] = "json",
};

static int set_log_format(const struct setting *setting, struct options *options, const char *text,
			  struct error *err)
{
	for (size_t i = 0; i < COUNT(log_formats); i++) {
		if (strcmp(log_formats[i], text) != 0)
			continue;
		*FIELD(enum log_format, setting, options) = (enum log_format)i;
		return 0;
	}
	return error_set(err, -EINVAL, "\"%s\" is not text or json", text);
}

static json_t *get_log_format(const struct setting *setting, const struct options *options)
{
	return json_string(log_formats[*CONST_FIELD(enum log_format, setting, options)]);
}

/* By enum kube_nodes */
static const char *const other_nodes[] = {
	[KUBE_NODES_LISTED] = "list",
	[KUBE_NODES_WATCHED] = "watch",
	[KUBE_NODES_OFF] = "off",
};

static int set_other_nodes(const struct setting *setting, struct options *options, const char *text,
			   struct error *err)
{
	for (size_t i = 0; i < COUNT(other_nodes); i++) {
		if (strcmp(other_nodes[i], text) != 0)
			continue;
		*FIELD(enum kube_nodes, setting, options) = (enum kube_nodes)i;
		return 0;
	}
	return error_set(err, -EINVAL, "\"%s\" is not list, watch or off", text);
}

static json_t *get_other_nodes(const struct setting *setting, const struct options *options)
{
	return json_string(other_nodes[*CONST_FIELD(enum kube_nodes, setting, options)]);
}

static int set_output(const struct setting *setting, struct options *options, const char *text,
		      struct error *err)
{
	bool is_status = options->scope == OPTION_SCOPE_STATUS;
	const char *plain = is_status ? "wide" : "text";

	if (!is_status && strcmp(text, "yaml") == 0)
		return error_set(err, -EINVAL,
				 "\"yaml\" is not text or json; use json, which is YAML as well");
	if (strcmp(text, plain) != 0 && strcmp(text, "json") != 0)
		return error_set(err, -EINVAL, "\"%s\" is not %s or json", text, plain);
	return set_text(setting, options, text, err);
}

const char *plan_part_name(enum plan_part part)
{
	static const char *const names[PLAN_PART_COUNT] = {
		[PLAN_PART_ALL] = "all",	   [PLAN_PART_IPSET] = "ipset",
		[PLAN_PART_IPTABLES] = "iptables", [PLAN_PART_IP6TABLES] = "ip6tables",
		[PLAN_PART_IPVS] = "ipvs",	   [PLAN_PART_ADDRESSES] = "addresses",
	};

	return names[part];
}

static int set_plan_part(const struct setting *setting, struct options *options, const char *text,
			 struct error *err)
{
	for (int part = 0; part < PLAN_PART_COUNT; part++) {
		if (strcmp(plan_part_name((enum plan_part)part), text) != 0)
			continue;
		*FIELD(enum plan_part, setting, options) = (enum plan_part)part;
		return 0;
	}
	return error_set(err, -EINVAL,
			 "\"%s\" is not all, ipset, iptables, ip6tables, ipvs or addresses", text);
}

static int set_top_order(const struct setting *setting, struct options *options, const char *text,
			 struct error *err)
{
	static const char *const names[TOP_ORDER_COUNT] = {[TOP_ORDER_CONNECTIONS] = "connections",
							   [TOP_ORDER_PACKETS] = "packets",
							   [TOP_ORDER_BYTES] = "bytes",
							   [TOP_ORDER_NAME] = "name"};

	for (int order = 0; order < TOP_ORDER_COUNT; order++) {
		if (strcmp(names[order], text) != 0)
			continue;
		*FIELD(enum top_order, setting, options) = (enum top_order)order;
		return 0;
	}
	return error_set(err, -EINVAL, "\"%s\" is not connections, packets, bytes or name", text);
}

static int add_address(const struct setting *setting, struct options *options, const char *text,
		       struct error *err)
{
	struct address_list *list = FIELD(struct address_list, setting, options);
	struct address address;

	if (!address_parse(text, &address))
		return error_set(err, -EINVAL, "\"%s\" is not an IP address", text);
	list->items = memory_resize(list->items, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = address;
	return 0;
}

static int set_port_range(const struct setting *setting, struct options *options, const char *text,
			  struct error *err)
{
	struct port_range *range = FIELD(struct port_range, setting, options);
	struct port_range read = {0, 0};
	int length = 0;

	if (*text &&
	    (sscanf(text, "%5u-%5u%n", &read.first, &read.last, &length) != 2 || text[length] ||
	     !read.first || read.last < read.first || read.last > UINT16_MAX))
		return error_set(err, -EINVAL, "\"%s\" is not a range of ports such as 30000-32767",
				 text);
	*range = read;
	return 0;
}

static json_t *get_port_range(const struct setting *setting, const struct options *options)
{
	const struct port_range *range = CONST_FIELD(struct port_range, setting, options);

	return range->first ? json_sprintf("%u-%u", range->first, range->last) : json_string("");
}

const struct setting_kind setting_kind_text = {SETTING_FORM_TEXT, sizeof(char *), set_text,
					       get_text, true};
const struct setting_kind setting_kind_texts = {SETTING_FORM_LIST, sizeof(struct string_list),
						add_text, get_texts, false};
const struct setting_kind setting_kind_switch = {SETTING_FORM_SWITCH, sizeof(bool), set_switch,
						 get_switch, false};
const struct setting_kind setting_kind_integer = {SETTING_FORM_INTEGER, sizeof(int), set_integer,
						  get_integer, false};
const struct setting_kind setting_kind_mark = {SETTING_FORM_TEXT, sizeof(uint32_t), set_mark,
					       get_mark, false};
const struct setting_kind setting_kind_real = {SETTING_FORM_REAL, sizeof(double), set_real,
					       get_real, false};
const struct setting_kind setting_kind_duration = {SETTING_FORM_DURATION, sizeof(double),
						   set_duration, get_duration, false};
const struct setting_kind setting_kind_seconds = {SETTING_FORM_DURATION, sizeof(uint32_t),
						  set_seconds, get_seconds, false};
const struct setting_kind setting_kind_address = {SETTING_FORM_TEXT, sizeof(struct address),
						  set_address, get_address, true};
const struct setting_kind setting_kind_addresses = {SETTING_FORM_LIST, sizeof(struct address_list),
						    add_address, NULL, false};
const struct setting_kind setting_kind_listen_address = {
	SETTING_FORM_TEXT, sizeof(struct listen_address), set_listen_address, get_listen_address,
	false};
const struct setting_kind setting_kind_prefixes = {SETTING_FORM_LIST, sizeof(struct prefix_list),
						   add_prefixes, get_prefixes, true};
const struct setting_kind setting_kind_scheduler = {SETTING_FORM_TEXT, SCHEDULER_NAME_SIZE,
						    set_scheduler, get_scheduler, true};
const struct setting_kind setting_kind_release = {
	SETTING_FORM_VERSION, sizeof(enum kube_proxy_release), set_release, get_release, false};
const struct setting_kind setting_kind_log_format = {SETTING_FORM_TEXT, sizeof(enum log_format),
						     set_log_format, get_log_format, true};
const struct setting_kind setting_kind_other_nodes = {SETTING_FORM_TEXT, sizeof(enum kube_nodes),
						      set_other_nodes, get_other_nodes, false};
const struct setting_kind setting_kind_port_range = {SETTING_FORM_TEXT, sizeof(struct port_range),
						     set_port_range, get_port_range, false};
const struct setting_kind setting_kind_output = {SETTING_FORM_TEXT, sizeof(char *), set_output,
						 NULL, false};
const struct setting_kind setting_kind_plan_part = {SETTING_FORM_TEXT, sizeof(enum plan_part),
						    set_plan_part, NULL, false};
const struct setting_kind setting_kind_top_order = {SETTING_FORM_TEXT, sizeof(enum top_order),
						    set_top_order, NULL, false};
