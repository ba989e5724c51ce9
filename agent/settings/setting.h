/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_SETTING_H
#define AGENT_SETTING_H

#include "options.h"

#include <jansson.h>

struct setting;

/**
 * enum setting_form - how a KubeProxyConfiguration writes a value
 *   TEXT      "" stands for the default
 *   DURATION  "1m30s"
 *   SWITCH    true or false
 *   INTEGER, REAL
 *   LIST      of texts; on the command line separated by commas, or in several flags
 *   VERSION   "1.36", which YAML takes for a number without the quotes
 *   MAP       of switches; on the command line NAME=true,...
 */
enum setting_form {
	SETTING_FORM_TEXT,
	SETTING_FORM_DURATION,
	SETTING_FORM_SWITCH,
	SETTING_FORM_INTEGER,
	SETTING_FORM_REAL,
	SETTING_FORM_LIST,
	SETTING_FORM_VERSION,
	SETTING_FORM_MAP,
};

/**
 * struct setting_kind - what a value can be
 * @set:              take the value; of a LIST, add one element. -EINVAL with the reason
 * @get:              the value as a file of settings has it; a new reference. NULL for kinds that
 *                    never occur there
 * @empty_is_unset:   "" on the command line changes nothing
 * @size:             of its place in struct options, in bytes; 0 = it has several places
 */
struct setting_kind {
	enum setting_form form;
	size_t size;
	int (*set)(const struct setting *setting, struct options *options, const char *text,
		   struct error *err);
	json_t *(*get)(const struct setting *setting, const struct options *options);
	bool empty_is_unset;
};

/**
 * enum setting_bit
 *   ALWAYS        the flag counts although a configuration file has been given
 *   ZERO_DEFAULT  0 in the file stands for the default
 *   NOT_EMPTY     "" is an error
 *   POSITIVE      must be greater than 0
 *   RESTART       what a file says of it while the program runs counts from the next start
 *   WHOLE         a LIST whose flag gives one element, commas included
 *   ACTION        makes `run` do something else than run, and is of no other command
 */
enum setting_bit {
	SETTING_ALWAYS = 1,
	SETTING_ZERO_DEFAULT = 2,
	SETTING_NOT_EMPTY = 4,
	SETTING_POSITIVE = 8,
	SETTING_RESTART = 16,
	SETTING_WHOLE = 32,
	SETTING_ACTION = 64,
};

/**
 * struct setting - one thing that can be set
 * @flag:      without dashes; NULL = only in the configuration file
 * @field:     of a KubeProxyConfiguration: "ipvs.scheduler"; NULL = it has none
 * @own_field: of our own file of settings; NULL = it has none
 * @kind:      NULL = has no effect here and always its default value
 * @offset:    of its place in struct options
 * @minimum, @maximum: of an INTEGER
 * @scope:     commands that have the flag; bits of enum option_scope
 * @bits:      of enum setting_bit
 * @argument:  what --help calls the value; NULL = a switch, or not listed there
 * @help:      what --help says
 * @ignored:   why it has no effect, if that is so
 * @default_json:  of one without effect: the default value as JSON, for writing configuration files and
 *             showing flags
 */
struct setting {
	const char *flag;
	const char *field;
	const char *own_field;
	const struct setting_kind *kind;
	size_t offset;
	int minimum, maximum;
	unsigned int scope;
	unsigned int bits;
	const char *argument;
	const char *help;
	const char *ignored;
	const char *default_json;
};

extern const struct setting settings[];
extern const size_t setting_count;

/** setting_set() - take a value from the command line; Return: 0 or -EINVAL with the reason */
int setting_set(const struct setting *setting, struct options *options, const char *text,
		struct error *err);

/** setting_exchange() - each of the two gets the other's value; only for kinds of one place */
void setting_exchange(const struct setting *setting, struct options *a, struct options *b);

/** setting_is_equal() - whether the two have the same value */
bool setting_is_equal(const struct setting *setting, const struct options *a,
		      const struct options *b);

/** setting_is_of() - whether the command has the flag */
bool setting_is_of(const struct setting *setting, enum option_scope scope);

/** setting_name() - by which an operator knows it: its field in a file, else its flag */
const char *setting_name(const struct setting *setting);

/** setting_is_switch() - whether the flag can stand without a value */
bool setting_is_switch(const struct setting *setting);

extern const struct setting_kind setting_kind_text;
extern const struct setting_kind setting_kind_texts;
extern const struct setting_kind setting_kind_switch;
extern const struct setting_kind setting_kind_integer;
extern const struct setting_kind setting_kind_mark;
extern const struct setting_kind setting_kind_real;
extern const struct setting_kind setting_kind_duration;
extern const struct setting_kind setting_kind_seconds;
extern const struct setting_kind setting_kind_address;
extern const struct setting_kind setting_kind_addresses;
extern const struct setting_kind setting_kind_listen_address;
extern const struct setting_kind setting_kind_prefixes;
extern const struct setting_kind setting_kind_cluster_cidr;
extern const struct setting_kind setting_kind_node_port_addresses;
extern const struct setting_kind setting_kind_scheduler;
extern const struct setting_kind setting_kind_other_nodes;
extern const struct setting_kind setting_kind_detection;
extern const struct setting_kind setting_kind_mode;
extern const struct setting_kind setting_kind_feature_gates;
extern const struct setting_kind setting_kind_release;
extern const struct setting_kind setting_kind_log_format;
extern const struct setting_kind setting_kind_port_range;
extern const struct setting_kind setting_kind_output;
extern const struct setting_kind setting_kind_plan_part;
extern const struct setting_kind setting_kind_top_order;

#endif
