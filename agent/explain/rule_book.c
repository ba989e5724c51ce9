/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rule_book.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* A rule while it is read: the words that are left, and whether a "!" precedes the next one. */
struct reading {
	const struct rule_book *book;
	struct book_rule *rule;
	char *rest;
	bool is_negated;
};

/* The next word, without its quotes; NULL at the end. The text is written to. */
static char *next_word(struct reading *reading)
{
	char *word = reading->rest + strspn(reading->rest, " "), *end;

	if (!*word)
		return NULL;
	if (*word == '"') {
		word++;
		for (end = word; *end && *end != '"'; end++)
			end += *end == '\\' && end[1];
	} else {
		end = word + strcspn(word, " ");
	}
	reading->rest = *end ? end + 1 : end;
	*end = '\0';
	return word;
}

static struct rule_match *add_match(struct reading *reading, enum match_kind kind)
{
	struct rule_match *match = &reading->rule->matches[reading->rule->match_count];

	if (reading->rule->match_count == RULE_MATCH_MAX)
		return NULL;
	reading->rule->match_count++;
	match->kind = kind;
	match->is_negated = reading->is_negated;
	reading->is_negated = false;
	return match;
}

static bool find_set(const struct reading *reading, const char *name, enum set_kind *ret)
{
	for (int kind = 0; name && kind < SET_KIND_COUNT; kind++)
		if (strcmp(set_kind_name((enum set_kind)kind, reading->book->family), name) == 0) {
			*ret = (enum set_kind)kind;
			return true;
		}
	return false;
}

static bool find_fields(const char *text, enum set_kind set, enum set_fields *ret)
{
	static const struct {
		const char *text;
		enum set_fields fields;
	} fields[] = {
		{"dst", SET_FIELDS_DESTINATION},
		{"dst,dst", SET_FIELDS_DESTINATION_PORT},
		{"dst,dst,src", SET_FIELDS_DESTINATION_PORT_SOURCE},
		{"src", SET_FIELDS_SOURCE},
		{"src,dst", SET_FIELDS_SOURCE_PORT},
	};

	for (size_t i = 0; text && i < COUNT(fields); i++) {
		if (strcmp(fields[i].text, text) != 0)
			continue;
		*ret = fields[i].fields;
		if (set_kind_type(set) == SET_TYPE_BITMAP_PORT)
			*ret = SET_FIELDS_DESTINATION_PORT;
		return true;
	}
	return false;
}

static bool read_set(struct reading *reading)
{
	struct rule_match *match = add_match(reading, MATCH_SET);

	return match && find_set(reading, next_word(reading), &match->set) &&
	       find_fields(next_word(reading), match->set, &match->fields);
}

static bool read_protocol(struct reading *reading)
{
	static const struct {
		const char *name;
		uint8_t number;
	} protocols[] = {{"tcp", IPPROTO_TCP}, {"udp", IPPROTO_UDP}, {"sctp", IPPROTO_SCTP}};
	struct rule_match *match = add_match(reading, MATCH_PROTOCOL);
	const char *name = next_word(reading);

	for (size_t i = 0; match && name && i < COUNT(protocols); i++)
		if (strcmp(protocols[i].name, name) == 0)
			match->protocol = protocols[i].number;
	return match && match->protocol;
}

static bool read_masked(const char *text, uint32_t *value, uint32_t *mask)
{
	return text && sscanf(text, "%x/%x", value, mask) == 2;
}

static bool read_mark(struct reading *reading)
{
	struct rule_match *match = add_match(reading, MATCH_MARK);

	return match && read_masked(next_word(reading), &match->value, &match->mask);
}

/* A packet that opens a connection is NEW and nothing else. */
static bool read_state(struct reading *reading)
{
	struct rule_match *match = add_match(reading, MATCH_NEW);
	const char *states = next_word(reading);

	if (!match || !states)
		return false;
	if (strstr(states, "NEW") == NULL)
		match->is_negated = !match->is_negated;
	return true;
}

/* What is followed opens a flow, which makes the direction. */
static bool read_direction(struct reading *reading)
{
	const char *direction = next_word(reading);

	return direction && strcmp(direction, "ORIGINAL") == 0;
}

static bool read_source(struct reading *reading)
{
	struct rule_match *match = add_match(reading, MATCH_SOURCE);
	const char *text = next_word(reading);

	return match && text && address_parse_prefix(text, &match->source);
}

static bool read_interface(struct reading *reading)
{
	return next_word(reading) && add_match(reading, MATCH_INTERFACE);
}

static bool read_local(struct reading *reading, enum match_kind kind)
{
	const char *type = next_word(reading);

	return type && strcmp(type, "LOCAL") == 0 && add_match(reading, kind);
}

static bool read_source_local(struct reading *reading)
{
	return read_local(reading, MATCH_SOURCE_IS_LOCAL);
}

static bool read_destination_local(struct reading *reading)
{
	return read_local(reading, MATCH_DESTINATION_IS_LOCAL);
}

static bool read_action(struct reading *reading)
{
	static const struct {
		const char *name;
		enum rule_action action;
	} actions[] = {
		{"ACCEPT", RULE_ACTION_ACCEPT}, {"DROP", RULE_ACTION_DROP},
		{"REJECT", RULE_ACTION_REJECT}, {"RETURN", RULE_ACTION_RETURN},
		{"SET", RULE_ACTION_MAP_MARK},	{"MASQUERADE", RULE_ACTION_MASQUERADE},
		{"MARK", RULE_ACTION_SET_MARK},
	};
	const char *target = next_word(reading);

	for (size_t i = 0; target && i < COUNT(actions); i++)
		if (strcmp(actions[i].name, target) == 0) {
			reading->rule->action = actions[i].action;
			return true;
		}
	reading->rule->action = RULE_ACTION_CHAIN;
	reading->rule->target = string_dup(target);
	return target;
}

/* To a chain of which the end is that of this one, too. */
static bool read_goto(struct reading *reading)
{
	if (!read_action(reading) || reading->rule->action != RULE_ACTION_CHAIN)
		return false;
	reading->rule->is_goto = true;
	return true;
}

static bool read_map(struct reading *reading)
{
	return find_set(reading, next_word(reading), &reading->rule->set) && next_word(reading);
}

static bool read_new_mark(struct reading *reading)
{
	return read_masked(next_word(reading), &reading->rule->value, &reading->rule->mask);
}

static bool read_negation(struct reading *reading)
{
	reading->is_negated = true;
	return true;
}

static bool read_nothing(struct reading *reading)
{
	(void)reading;
	return true;
}

static bool pass_over(struct reading *reading)
{
	return next_word(reading);
}

static bool read_option(struct reading *reading, const char *option)
{
	static const struct {
		const char *name;
		bool (*read)(struct reading *reading);
	} options[] = {
		{"!", read_negation},
		{"-m", pass_over},
		{"--comment", pass_over},
		{"-s", read_source},
		{"-i", read_interface},
		{"-p", read_protocol},
		{"--match-set", read_set},
		{"--mark", read_mark},
		{"--ctstate", read_state},
		{"--ctdir", read_direction},
		{"--src-type", read_source_local},
		{"--dst-type", read_destination_local},
		{"-j", read_action},
		{"-g", read_goto},
		{"--map-set", read_map},
		{"--map-mark", read_nothing},
		{"--set-xmark", read_new_mark},
		{"--reject-with", pass_over},
		{"--random-fully", read_nothing},
	};

	for (size_t i = 0; i < COUNT(options); i++)
		if (strcmp(options[i].name, option) == 0)
			return options[i].read(reading);
	return false;
}

static struct book_chain *get_chain(struct rule_book *book, const char *table, const char *name)
{
	struct book_chain *chain;

	for (size_t i = 0; i < book->count; i++)
		if (strcmp(book->chains[i].table, table) == 0 &&
		    strcmp(book->chains[i].name, name) == 0)
			return &book->chains[i];
	book->chains =
		memory_grow(book->chains, book->count, &book->capacity, sizeof(*book->chains));
	chain = &book->chains[book->count++];
	*chain = (struct book_chain){.table = string_dup(table), .name = string_dup(name)};
	return chain;
}

/* @is_first: -I: before those that the chain has */
static struct book_rule *add_rule(struct book_chain *chain, bool is_first)
{
	size_t at = is_first ? 0 : chain->count;

	chain->rules =
		memory_grow(chain->rules, chain->count, &chain->capacity, sizeof(*chain->rules));
	memmove(&chain->rules[at + 1], &chain->rules[at],
		(chain->count - at) * sizeof(*chain->rules));
	chain->count++;
	memset(&chain->rules[at], 0, sizeof(chain->rules[at]));
	return &chain->rules[at];
}

/* @line: "-A CHAIN RULE" or "-I CHAIN RULE" */
static int read_rule(struct rule_book *book, const char *table, const char *line, struct error *err)
{
	auto_memory char *copy = string_dup(line);
	struct reading reading = {.book = book, .rest = copy + 2};
	const char *name = next_word(&reading), *word;
	bool has_action = false;

	if (!name)
		return error_set(err, -EINVAL, "rule not understood: %s", line);
	reading.rule = add_rule(get_chain(book, table, name), line[1] == 'I');
	reading.rule->text = string_dup(reading.rest);
	while ((word = next_word(&reading))) {
		has_action |= strcmp(word, "-j") == 0 || strcmp(word, "-g") == 0;
		if (!read_option(&reading, word))
			return error_set(err, -EINVAL, "rule not understood: %s: %s", word, line);
	}
	if (!has_action)
		return error_set(err, -EINVAL, "rule without a target: %s", line);
	return 0;
}

static int read_rules(struct rule_book *book, const char *text, struct error *err)
{
	auto_memory char *copy = string_dup(text);
	char *rest = copy, *line;
	const char *table = "";

	while ((line = strsep(&rest, "\n"))) {
		int r = 0;

		if (*line == '*')
			table = line + 1;
		else if (*line == '-')
			r = read_rule(book, table, line, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int rule_book_new(const char *text, uint16_t family, struct rule_book **ret, struct error *err)
{
	auto_free(rule_book) struct rule_book *book = memory_allocate(sizeof(*book));
	int r;

	book->family = family;
	r = read_rules(book, text, err);
	if (r >= 0)
		*ret = take(&book);
	return r;
}

void rule_book_free(struct rule_book *book)
{
	if (!book)
		return;
	for (size_t i = 0; i < book->count; i++) {
		struct book_chain *chain = &book->chains[i];

		for (size_t k = 0; k < chain->count; k++) {
			free(chain->rules[k].text);
			free(chain->rules[k].target);
		}
		free(chain->rules);
		free(chain->table);
		free(chain->name);
	}
	free(book->chains);
	free(book);
}

const struct book_chain *rule_book_chain(const struct rule_book *book, const char *table,
					 const char *name)
{
	for (size_t i = 0; i < book->count; i++)
		if (strcmp(book->chains[i].table, table) == 0 &&
		    strcmp(book->chains[i].name, name) == 0)
			return &book->chains[i];
	return NULL;
}
