/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setting.h"

#include "lib/base/duration.h"

#include "lib/plan/node_addresses.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/socket.h>

/* A timeout that the kernel still counts in its clock ticks. */
#define LONGEST_TIMEOUT (86400.0 * 24)

/* The setting's place in @options. */
#define FIELD(type, setting, options) ((type *)(void *)((char *)(options) + (setting)->offset))
#define CONST_FIELD(type, setting, options) \
	((const type *)(const void *)((const char *)(options) + (setting)->offset))

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

/* The port after the last colon of @text, which is cut off there. */
static bool cut_port(char *text, uint16_t *ret)
{
	char *colon = strrchr(text, ':'), *end;
	unsigned long port;

	if (!colon || colon[1] < '0' || colon[1] > '9')
		return false;
	port = strtoul(colon + 1, &end, 10);
	if (*end || port < 1 || port > 65535)
		return false;
	*colon = '\0';
	*ret = (uint16_t)port;
	return true;
}

/* "127.0.0.1:10249", "[::1]:10249", or an address alone, whose port is decided later. */
static bool parse_listen_address(const char *text, struct listen_address *ret)
{
	auto_memory char *copy = string_dup(text);
	char *host = copy;
	size_t length;

	memset(ret, 0, sizeof(*ret));
	if (address_parse(text, &ret->address))
		return true;
	if (!cut_port(copy, &ret->port))
		return false;
	length = strlen(copy);
	if (*host == '[' && copy[length - 1] == ']') {
		copy[length - 1] = '\0';
		host++;
	}
	return address_parse(host, &ret->address) &&
	       (host != copy) == (ret->address.family == AF_INET6);
}

static int set_listen_address(const struct setting *setting, struct options *options,
			      const char *text, struct error *err)
{
	struct listen_address address = {0};

	if (*text && !parse_listen_address(text, &address))
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

static int add_prefix(struct prefix_list *list, const char *text, struct error *err)
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

static json_t *list_json(const struct prefix_list *list)
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
	return add_prefix(FIELD(struct prefix_list, setting, options), text, err);
}

static json_t *get_prefixes(const struct setting *setting, const struct options *options)
{
	return list_json(CONST_FIELD(struct prefix_list, setting, options));
}

static int set_cluster_cidr(const struct setting *setting, struct options *options,
			    const char *text, struct error *err)
{
	auto_memory char *copy = string_dup(text);
	char *rest = NULL;
	int r = 0;

	(void)setting;
	options->cluster_cidrs.count = 0;
	for (char *item = strtok_r(copy, ", ", &rest); item && r >= 0;
	     item = strtok_r(NULL, ", ", &rest))
		r = add_prefix(&options->cluster_cidrs, item, err);
	return r;
}

static json_t *get_cluster_cidr(const struct setting *setting, const struct options *options)
{
	const struct prefix_list *list = &options->cluster_cidrs;
	auto_memory char *text = string_dup("");

	(void)setting;
	for (size_t i = 0; i < list->count; i++) {
		char prefix[ADDRESS_TEXT_SIZE];
		char *longer = string_printf("%s%s%s", text, i ? "," : "",
					     address_prefix_text(&list->items[i], prefix));

		free(text);
		text = longer;
	}
	return json_string(text);
}

static const struct {
	const char *name;
	enum node_port_keyword keyword;
} node_port_keywords[] = {
	{"primary", NODE_PORT_KEYWORD_PRIMARY},
	{"localhost", NODE_PORT_KEYWORD_LOCALHOST},
	{"all", NODE_PORT_KEYWORD_ALL},
};

static int add_node_port_addresses(const struct setting *setting, struct options *options,
				   const char *text, struct error *err)
{
	(void)setting;
	for (size_t i = 0; i < COUNT(node_port_keywords); i++) {
		if (strcmp(text, node_port_keywords[i].name) != 0)
			continue;
		options->node_port_keywords |= node_port_keywords[i].keyword;
		return 0;
	}
	return add_prefix(&options->node_port_prefixes, text, err);
}

static json_t *get_node_port_addresses(const struct setting *setting, const struct options *options)
{
	json_t *list = list_json(&options->node_port_prefixes);

	(void)setting;
	if (!json_is_array(list) && options->node_port_keywords)
		list = json_array();
	for (size_t i = 0; i < COUNT(node_port_keywords); i++)
		if (options->node_port_keywords & node_port_keywords[i].keyword)
			json_array_append_new(list, json_string(node_port_keywords[i].name));
	return list;
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
	enum local_detection detection;
	bool is_node_cidr;
} detections[] = {
	{"ClusterCIDR", LOCAL_DETECTION_PREFIX, false},
	{"NodeCIDR", LOCAL_DETECTION_PREFIX, true},
	{"BridgeInterface", LOCAL_DETECTION_BRIDGE, false},
	{"InterfaceNamePrefix", LOCAL_DETECTION_INTERFACE_PREFIX, false},
};

static int set_detection(const struct setting *setting, struct options *options, const char *text,
			 struct error *err)
{
	(void)setting;
	for (size_t i = 0; i < COUNT(detections); i++) {
		if (strcmp(detections[i].name, text) != 0)
			continue;
		options->detection = detections[i].detection;
		options->is_node_cidr = detections[i].is_node_cidr;
		return 0;
	}
	return error_set(
		err, -EINVAL,
		"\"%s\" is not ClusterCIDR, NodeCIDR, BridgeInterface or InterfaceNamePrefix",
		text);
}

static json_t *get_detection(const struct setting *setting, const struct options *options)
{
	(void)setting;
	for (size_t i = 0; i < COUNT(detections); i++)
		if (detections[i].detection == options->detection &&
		    detections[i].is_node_cidr == options->is_node_cidr)
			return json_string(detections[i].name);
	return json_string("");
}

static int set_mode(const struct setting *setting, struct options *options, const char *text,
		    struct error *err)
{
	(void)setting;
	(void)options;
	if (strcmp(text, "ipvs") == 0)
		return 0;
	return error_set(err, -EINVAL, "\"%s\" is not supported; the only mode is ipvs", text);
}

static json_t *get_mode(const struct setting *setting, const struct options *options)
{
	(void)setting;
	(void)options;
	return json_string("ipvs");
}

/* Return: a new object, or NULL if @text is not NAME=true,NAME=false,... */
static json_t *feature_gates_json(const char *text)
{
	auto_memory char *copy = string_dup(text);
	json_t *gates = json_object();
	char *rest = NULL;

	for (char *item = strtok_r(copy, ", ", &rest); item; item = strtok_r(NULL, ", ", &rest)) {
		char *value = strchr(item, '=');

		if (value)
			*value++ = '\0';
		if (!value || value == item + 1 ||
		    (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)) {
			json_decref(gates);
			return NULL;
		}
		json_object_set_new(gates, item, json_boolean(strcmp(value, "true") == 0));
	}
	return gates;
}

/*
 * Of kube-proxy's gates two concern this program: the one that closes external IPs must not be
 * reopened by an exchange of images, and the one that ends kube-proxy's IPVS mode is not about us.
 */
static void follow_feature_gates(struct options *options, const json_t *gates, const char *field)
{
	const json_t *external_ips = json_object_get(gates, "AllowServiceExternalIPs");
	const json_t *ipvs = json_object_get(gates, "KubeProxyIPVS");
	size_t known = (external_ips ? 1U : 0U) + (ipvs ? 1U : 0U);

	options->desired.omits_external_ips = json_is_false(external_ips);
	if (json_is_false(ipvs))
		options_note(
			options, true, field,
			"KubeProxyIPVS=false disables the IPVS mode of kube-proxy; the agent runs all the same");
	if (json_object_size(gates) > known)
		options_note(
			options, false, field,
			"ignored but for AllowServiceExternalIPs, the only feature gate that applies to the agent");
}

static int set_feature_gates(const struct setting *setting, struct options *options,
			     const char *text, struct error *err)
{
	json_t *gates = feature_gates_json(text);

	if (!gates)
		return error_set(err, -EINVAL, "\"%s\" is not NAME=true,NAME=false,...", text);
	follow_feature_gates(options, gates, setting->field);
	json_decref(gates);
	free(options->feature_gates);
	options->feature_gates = string_dup(text);
	return 0;
}

static json_t *get_feature_gates(const struct setting *setting, const struct options *options)
{
	(void)setting;
	return options->feature_gates ? feature_gates_json(options->feature_gates) : json_object();
}

static int set_output(const struct setting *setting, struct options *options, const char *text,
		      struct error *err)
{
	if (strcmp(text, "wide") != 0 && strcmp(text, "json") != 0)
		return error_set(err, -EINVAL, "\"%s\" is not wide or json", text);
	return set_text(setting, options, text, err);
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
const struct setting_kind setting_kind_listen_address = {
	SETTING_FORM_TEXT, sizeof(struct listen_address), set_listen_address, get_listen_address,
	false};
const struct setting_kind setting_kind_prefixes = {SETTING_FORM_LIST, sizeof(struct prefix_list),
						   add_prefixes, get_prefixes, true};
const struct setting_kind setting_kind_cluster_cidr = {SETTING_FORM_TEXT, 0, set_cluster_cidr,
						       get_cluster_cidr, false};
const struct setting_kind setting_kind_node_port_addresses = {
	SETTING_FORM_LIST, 0, add_node_port_addresses, get_node_port_addresses, true};
const struct setting_kind setting_kind_scheduler = {SETTING_FORM_TEXT, SCHEDULER_NAME_SIZE,
						    set_scheduler, get_scheduler, true};
const struct setting_kind setting_kind_detection = {SETTING_FORM_TEXT, 0, set_detection,
						    get_detection, true};
const struct setting_kind setting_kind_mode = {SETTING_FORM_TEXT, 0, set_mode, get_mode, true};
const struct setting_kind setting_kind_feature_gates = {SETTING_FORM_MAP, 0, set_feature_gates,
							get_feature_gates, true};
const struct setting_kind setting_kind_output = {SETTING_FORM_TEXT, sizeof(char *), set_output,
						 NULL, false};

static int set_elements(const struct setting *setting, struct options *options, const char *text,
			struct error *err)
{
	auto_memory char *copy = string_dup(text);
	char *rest = NULL;
	int r = 0;

	for (char *item = strtok_r(copy, ", ", &rest); item && r >= 0;
	     item = strtok_r(NULL, ", ", &rest))
		r = setting->kind->set(setting, options, item, err);
	return r;
}

int setting_set(const struct setting *setting, struct options *options, const char *text,
		struct error *err)
{
	if (setting->ignored) {
		auto_memory char *name = string_printf("--%s", setting->flag);

		options_note(options, false, name, setting->ignored);
	}
	if (!setting->kind)
		return 0;
	if (!*text && setting->bits & SETTING_NOT_EMPTY)
		return error_set(err, -EINVAL, "must not be empty");
	if (!*text && setting->kind->empty_is_unset)
		return 0;
	if (setting->kind->form == SETTING_FORM_LIST && !(setting->bits & SETTING_WHOLE))
		return set_elements(setting, options, text, err);
	return setting->kind->set(setting, options, text, err);
}

void setting_exchange(const struct setting *setting, struct options *a, struct options *b)
{
	char *first = FIELD(char, setting, a), *second = FIELD(char, setting, b);

	for (size_t i = 0; i < setting->kind->size; i++) {
		char byte = first[i];

		first[i] = second[i];
		second[i] = byte;
	}
}

bool setting_is_equal(const struct setting *setting, const struct options *a,
		      const struct options *b)
{
	json_t *first = setting->kind->get(setting, a), *second = setting->kind->get(setting, b);
	bool is_equal = json_equal(first, second);

	json_decref(first);
	json_decref(second);
	return is_equal;
}

const char *setting_name(const struct setting *setting)
{
	if (setting->field)
		return setting->field;
	return setting->own_field ? setting->own_field : setting->flag;
}

bool setting_is_switch(const struct setting *setting)
{
	return setting->kind ? setting->kind->form == SETTING_FORM_SWITCH
			     : setting->default_json && strcmp(setting->default_json, "false") == 0;
}
