/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rule_walk.h"

#include <string.h>

/* Chains of ours do not go deeper, and none leads back. */
#define DEPTH_MAX 8

/* What a set of that type is asked for. */
static struct set_member wanted_member(const struct packet *packet, const struct rule_book *book,
				       enum set_kind set, enum set_fields fields)
{
	struct set_member wanted = {.kind = (uint8_t)set, .family = (uint8_t)book->family};
	bool is_of_source = fields == SET_FIELDS_SOURCE || fields == SET_FIELDS_SOURCE_PORT;

	if (set_kind_type(set) == SET_TYPE_BITMAP_PORT) {
		wanted.port = packet->port;
		return wanted;
	}
	wanted.address = is_of_source ? packet->source : packet->destination;
	if (fields == SET_FIELDS_DESTINATION || fields == SET_FIELDS_SOURCE)
		return wanted;
	wanted.port = packet->port;
	wanted.protocol = packet->protocol;
	if (fields == SET_FIELDS_DESTINATION_PORT_SOURCE)
		wanted.source = packet->source;
	return wanted;
}

/* In hash:ip,port,net the source is a network. */
static bool is_member(const struct set_member *member, const struct set_member *wanted)
{
	struct set_member bare = *member, one = *wanted;
	const struct prefix network = {member->source, member->prefix_length};

	if (set_kind_type((enum set_kind)member->kind) != SET_TYPE_HASH_IP_PORT_NET)
		return memcmp(member, wanted, sizeof(*member)) == 0;
	memset(&bare.source, 0, sizeof(bare.source));
	memset(&one.source, 0, sizeof(one.source));
	bare.prefix_length = 0;
	return memcmp(&bare, &one, sizeof(bare)) == 0 && prefix_contains(&network, &wanted->source);
}

static bool set_has(const struct walk_facts *facts, const struct packet *packet, enum set_kind set,
		    enum set_fields fields)
{
	struct set_member wanted = wanted_member(packet, facts->book, set, fields);

	for (size_t i = 0; i < facts->member_count; i++)
		if (is_member(&facts->members[i], &wanted))
			return true;
	return false;
}

static bool holds(const struct walk_facts *facts, const struct packet *packet,
		  const struct rule_match *match)
{
	switch (match->kind) {
	case MATCH_SOURCE:
		return prefix_contains(&match->source, &packet->source);
	case MATCH_PROTOCOL:
		return packet->protocol == match->protocol;
	case MATCH_INTERFACE:
		return packet->has_pod_interface;
	case MATCH_SET:
		return set_has(facts, packet, match->set, match->fields);
	case MATCH_MARK:
		return (packet->mark & match->mask) == match->value;
	case MATCH_NEW:
		return true;
	case MATCH_SOURCE_IS_LOCAL:
		return facts->is_local(facts->owner, &packet->source);
	case MATCH_DESTINATION_IS_LOCAL:
		return facts->is_local(facts->owner, &packet->destination);
	}
	return false;
}

static bool matches(const struct walk_facts *facts, const struct packet *packet,
		    const struct book_rule *rule)
{
	for (size_t i = 0; i < rule->match_count; i++)
		if (holds(facts, packet, &rule->matches[i]) == rule->matches[i].is_negated)
			return false;
	return true;
}

static void note(struct walk *walk, const struct book_chain *chain, const struct book_rule *rule)
{
	if (walk->count < WALK_STEPS_MAX)
		walk->steps[walk->count++] = (struct walk_step){chain, rule};
}

static void set_mark(const struct walk_facts *facts, struct packet *packet,
		     const struct book_rule *rule)
{
	if (rule->action == RULE_ACTION_SET_MARK)
		packet->mark = (packet->mark & ~rule->mask) ^ rule->value;
	else if (set_has(facts, packet, rule->set, SET_FIELDS_DESTINATION_PORT))
		packet->mark = facts->member_mark;
}

static enum walk_end walk_chain(const struct walk_facts *facts, const struct book_chain *chain,
				struct packet *packet, struct walk *walk, int depth);

/* @ret_is_over: the chain ends here, with the end that is returned */
static enum walk_end follow(const struct walk_facts *facts, const struct book_chain *chain,
			    const struct book_rule *rule, struct packet *packet, struct walk *walk,
			    int depth, bool *ret_is_over)
{
	const struct book_chain *target;
	enum walk_end end = WALK_END_PASS;

	*ret_is_over = true;
	switch (rule->action) {
	case RULE_ACTION_ACCEPT:
		return WALK_END_ACCEPT;
	case RULE_ACTION_DROP:
		return WALK_END_DROP;
	case RULE_ACTION_REJECT:
		return WALK_END_REJECT;
	case RULE_ACTION_MASQUERADE:
		return WALK_END_MASQUERADE;
	case RULE_ACTION_RETURN:
		return WALK_END_PASS;
	case RULE_ACTION_MAP_MARK:
	case RULE_ACTION_SET_MARK:
		set_mark(facts, packet, rule);
		break;
	case RULE_ACTION_CHAIN:
		target = rule_book_chain(facts->book, chain->table, rule->target);
		if (target && depth < DEPTH_MAX)
			end = walk_chain(facts, target, packet, walk, depth + 1);
		break;
	}
	*ret_is_over = rule->is_goto || end != WALK_END_PASS;
	return end;
}

static enum walk_end walk_chain(const struct walk_facts *facts, const struct book_chain *chain,
				struct packet *packet, struct walk *walk, int depth)
{
	for (size_t i = 0; i < chain->count; i++) {
		const struct book_rule *rule = &chain->rules[i];
		enum walk_end end;
		bool is_over;

		if (!matches(facts, packet, rule))
			continue;
		note(walk, chain, rule);
		end = follow(facts, chain, rule, packet, walk, depth, &is_over);
		if (is_over)
			return end;
	}
	return WALK_END_PASS;
}

enum walk_end rule_walk(const struct walk_facts *facts, const char *table, const char *chain,
			struct packet *packet, struct walk *walk)
{
	const struct book_chain *entrance = rule_book_chain(facts->book, table, chain);

	return entrance ? walk_chain(facts, entrance, packet, walk, 0) : WALK_END_PASS;
}

static bool names_set(const struct book_rule *rule, enum set_kind set)
{
	for (size_t i = 0; i < rule->match_count; i++)
		if (rule->matches[i].kind == MATCH_SET && rule->matches[i].set == set)
			return true;
	return rule->action == RULE_ACTION_MAP_MARK && rule->set == set;
}

const struct walk_step *walk_find(const struct walk *walk, enum rule_action action,
				  enum set_kind set)
{
	for (size_t i = walk->count; i-- > 0;)
		if (walk->steps[i].rule->action == action && names_set(walk->steps[i].rule, set))
			return &walk->steps[i];
	return NULL;
}

const struct walk_step *walk_find_chain(const struct walk *walk, const char *table,
					const char *chain)
{
	for (size_t i = 0; i < walk->count; i++)
		if (strcmp(walk->steps[i].chain->table, table) == 0 &&
		    strcmp(walk->steps[i].chain->name, chain) == 0)
			return &walk->steps[i];
	return NULL;
}
