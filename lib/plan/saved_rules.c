/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "saved_rules.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TOKEN_SEPARATOR '\x1f'
#define GROUP_SEPARATOR '\x1e'

/* A rule in pieces. All tokens lie in @text, one after the other with their NULs. */
struct tokens {
	char *text;
	char **items;
	size_t count;
	size_t capacity;
};

/* A match with its options, or one of the options before all matches: a run of tokens. */
struct group {
	size_t first;
	size_t count;
	const char *text;
};

static void tokens_clear(struct tokens *tokens)
{
	free(tokens->text);
	free(tokens->items);
}

/* Words, with double quotes and backslashes as iptables-save writes and iptables-restore reads
 * them. */
static void tokens_split(struct tokens *tokens, const char *text)
{
	const char *from = text;
	char *to;

	*tokens = (struct tokens){.text = memory_allocate(strlen(text) + 1)};
	to = tokens->text;
	for (;;) {
		bool is_quoted = false;

		while (*from == ' ' || *from == '\t')
			from++;
		if (!*from)
			return;
		tokens->items = memory_grow(tokens->items, tokens->count, &tokens->capacity,
					    sizeof(*tokens->items));
		tokens->items[tokens->count++] = to;
		for (; *from && (is_quoted || (*from != ' ' && *from != '\t')); from++) {
			if (*from == '"') {
				is_quoted = !is_quoted;
				continue;
			}
			if (*from == '\\' && is_quoted && from[1])
				from++;
			*to++ = *from;
		}
		*to = '\0';
		/* Two tokens have at least a blank between them, so the copy never catches up. */
		if (*from)
			to++;
	}
}

/* The options that iptables-save prints before the matches. */
static bool is_leading_option(const char *token)
{
	return token[0] == '-' && token[1] && !token[2] && strchr("psdiof", token[1]);
}

static bool is_group_start(const struct tokens *tokens, size_t at)
{
	const char *token = tokens->items[at];

	if (strcmp(token, "-m") == 0 || strcmp(token, "-j") == 0 || strcmp(token, "-g") == 0)
		return true;
	if (strcmp(token, "!") == 0)
		return at + 1 < tokens->count && is_leading_option(tokens->items[at + 1]);
	return is_leading_option(token) && !(at && strcmp(tokens->items[at - 1], "!") == 0);
}

/*
 * "0x04000/0x04000" as "0x4000/0x4000". Return: how long what was put at @to is, where there is room
 * for @token; 0 if that is not made of hexadecimal numbers
 */
static size_t put_hexadecimal(char *to, const char *token)
{
	size_t room = strlen(token) + 1;
	unsigned long value, mask = 0;
	bool has_mask = false;
	char *end;

	if (strncmp(token, "0x", 2) != 0 || !isxdigit((unsigned char)token[2]))
		return 0;
	errno = 0;
	value = strtoul(token, &end, 16);
	if (*end == '/' && strncmp(end + 1, "0x", 2) == 0 && isxdigit((unsigned char)end[3])) {
		has_mask = true;
		mask = strtoul(end + 1, &end, 16);
	}
	if (*end || errno)
		return 0;
	if (has_mask)
		return (size_t)snprintf(to, room, "0x%lx/0x%lx", value, mask);
	return (size_t)snprintf(to, room, "0x%lx", value);
}

/* A host is printed with or without the length of its prefix, by different versions. */
static size_t put_address(char *to, const char *token)
{
	const char *slash = strrchr(token, '/');
	const char *full = strchr(token, ':') ? "/128" : "/32";
	const char *end = stpcpy(to, token);

	return slash && strcmp(slash, full) == 0 ? (size_t)(slash - token) : (size_t)(end - to);
}

/* Return: behind the text of @group, which is put at @to and takes no more room than its tokens */
static char *put_group(char *to, const struct tokens *tokens, struct group *group)
{
	bool is_address = false;

	group->text = to;
	for (size_t i = 0; i < group->count; i++) {
		const char *token = tokens->items[group->first + i];
		size_t length = is_address ? put_address(to, token) : put_hexadecimal(to, token);

		to = length ? to + length : stpcpy(to, token);
		*to++ = TOKEN_SEPARATOR;
		is_address = strcmp(token, "-s") == 0 || strcmp(token, "-d") == 0;
	}
	to[-1] = '\0';
	return to;
}

static int compare_groups(const void *a, const void *b)
{
	return strcmp(((const struct group *)a)->text, ((const struct group *)b)->text);
}

/* Without streams, each of which costs more than the rule: this is called for all rules at each
 * verification. */
char *saved_rules_canonical(const char *text)
{
	/* Each token is followed by one character, as it is in @text. */
	size_t size = strlen(text) + 2;
	auto_memory char *scratch = memory_allocate(size);
	char *ret = memory_allocate(size), *to = scratch;
	struct tokens tokens;
	struct group *groups = NULL;
	size_t count = 0, capacity = 0;

	tokens_split(&tokens, text);
	for (size_t i = 0; i < tokens.count; i++) {
		if (i == 0 || is_group_start(&tokens, i)) {
			groups = memory_grow(groups, count, &capacity, sizeof(*groups));
			groups[count++] = (struct group){.first = i};
		}
		groups[count - 1].count++;
	}
	for (size_t i = 0; i < count; i++)
		to = put_group(to, &tokens, &groups[i]);
	if (count)
		qsort(groups, count, sizeof(*groups), compare_groups);

	to = ret;
	for (size_t i = 0; i < count; i++) {
		to = stpcpy(to, groups[i].text);
		*to++ = GROUP_SEPARATOR;
	}
	*to = '\0';
	free(groups);
	tokens_clear(&tokens);
	return ret;
}

static char *rule_target(const char *text)
{
	struct tokens tokens;
	char *target = NULL;

	tokens_split(&tokens, text);
	for (size_t i = 0; i + 1 < tokens.count && !target; i++) {
		if (strcmp(tokens.items[i], "-j") == 0 || strcmp(tokens.items[i], "-g") == 0)
			target = string_dup(tokens.items[i + 1]);
	}
	tokens_clear(&tokens);
	return target;
}

bool saved_rules_is_kube_name(const char *name)
{
	return strncmp(name, "KUBE-", 5) == 0;
}

static struct saved_table *add_table(struct saved_rules *saved, const char *name)
{
	struct saved_table *table;

	saved->tables =
		memory_grow(saved->tables, saved->count, &saved->capacity, sizeof(*saved->tables));
	table = &saved->tables[saved->count++];
	*table = (struct saved_table){.name = string_dup(name)};
	return table;
}

static void add_chain(struct saved_table *table, const char *name, const char *policy)
{
	table->chains =
		memory_grow(table->chains, table->count, &table->capacity, sizeof(*table->chains));
	table->chains[table->count++] = (struct saved_chain){
		.name = string_dup(name),
		.has_policy_drop = strncmp(policy, "DROP", strlen("DROP")) == 0,
	};
}

/*
 * Rules come chain by chain in the order in which the chains were declared, so the search goes on
 * from where the last one ended.
 */
static struct saved_chain *find_chain(struct saved_table *table, size_t *position, const char *name)
{
	for (size_t i = 0; i < table->count; i++) {
		size_t at = (*position + i) % table->count;

		if (strcmp(table->chains[at].name, name) == 0) {
			*position = at;
			return &table->chains[at];
		}
	}
	return NULL;
}

static void add_rule(struct saved_chain *chain, const char *text)
{
	struct saved_rule *rule;

	chain->rules =
		memory_grow(chain->rules, chain->count, &chain->capacity, sizeof(*chain->rules));
	rule = &chain->rules[chain->count++];
	rule->text = string_dup(text);
	rule->canonical = saved_rules_canonical(text);
	rule->target = rule_target(text);
}

static void read_line(struct saved_rules *saved, char *line, size_t *position)
{
	struct saved_table *table = saved->count ? &saved->tables[saved->count - 1] : NULL;
	struct saved_chain *chain;
	char *name, *end;

	if (line[0] == '*') {
		add_table(saved, line + 1);
		*position = 0;
		return;
	}
	if (!table)
		return;
	if (line[0] == ':') {
		name = line + 1;
		end = name + strcspn(name, " ");
		if (*end)
			*end++ = '\0';
		add_chain(table, name, end);
		return;
	}
	if (line[0] == '[') { /* packet counters, as with iptables-save -c */
		line += strcspn(line, "]");
		line += *line ? 1 : 0;
		line += strspn(line, " ");
	}
	if (strncmp(line, "-A ", 3) != 0)
		return;
	name = line + 3;
	/* Most rules of a busy node belong to others; they cost one search each. */
	if (!strstr(name, "KUBE-") && !strstr(name, "--comment \"kubernetes "))
		return;
	end = name + strcspn(name, " ");
	if (*end)
		*end++ = '\0';
	chain = find_chain(table, position, name);
	if (chain)
		add_rule(chain, end);
}

struct saved_rules *saved_rules_new(const char *output)
{
	struct saved_rules *saved = memory_allocate(sizeof(*saved));
	auto_memory char *line = NULL;
	size_t capacity = 0, position = 0;

	while (*output) {
		size_t length = strcspn(output, "\n");

		if (length >= capacity) {
			capacity = 2 * length + 256;
			line = memory_resize(line, capacity, 1);
		}
		memcpy(line, output, length);
		line[length] = '\0';
		read_line(saved, line, &position);
		output += length + (output[length] ? 1 : 0);
	}
	return saved;
}

void saved_rules_free(struct saved_rules *saved)
{
	if (!saved)
		return;
	for (size_t i = 0; i < saved->count; i++) {
		struct saved_table *table = &saved->tables[i];

		for (size_t j = 0; j < table->count; j++) {
			struct saved_chain *chain = &table->chains[j];

			for (size_t k = 0; k < chain->count; k++) {
				free(chain->rules[k].text);
				free(chain->rules[k].canonical);
				free(chain->rules[k].target);
			}
			free(chain->rules);
			free(chain->name);
		}
		free(table->chains);
		free(table->name);
	}
	free(saved->tables);
	free(saved);
}

const struct saved_chain *saved_rules_chain(const struct saved_rules *saved, const char *table,
					    const char *chain)
{
	for (size_t i = 0; i < saved->count; i++) {
		struct saved_table *at = &saved->tables[i];
		size_t position = 0;
		const struct saved_chain *found;

		if (strcmp(at->name, table) != 0)
			continue;
		found = find_chain(at, &position, chain);
		if (found)
			return found;
	}
	return NULL;
}
