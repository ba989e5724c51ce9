/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_RULE_WALK_H
#define AGENT_RULE_WALK_H

#include "rule_book.h"

/**
 * struct packet - one that opens a connection, on its way
 * @source:           family 0: a client outside that nobody named
 * @has_pod_interface: it arrives where --detect-local-mode has pods arrive
 */
struct packet {
	struct address source;
	struct address destination;
	uint32_t mark;
	uint16_t port;
	uint8_t protocol;
	bool has_pod_interface;
};

/**
 * struct walk_facts - what rules are asked about
 * @members:      of all sets, those that can concern the packet
 * @member_mark:  which the members of sets with marks give
 * @is_local:     whether the node holds an address
 */
struct walk_facts {
	const struct rule_book *book;
	const struct set_member *members;
	size_t member_count;
	uint32_t member_mark;
	bool (*is_local)(const void *owner, const struct address *address);
	const void *owner;
};

/** enum walk_end - what a built-in chain does with a packet; PASS: no rule of ours decides */
enum walk_end {
	WALK_END_PASS,
	WALK_END_ACCEPT,
	WALK_END_DROP,
	WALK_END_REJECT,
	WALK_END_MASQUERADE,
};

#define WALK_STEPS_MAX 48

/** struct walk_step - a rule that matched, and the chain that has it */
struct walk_step {
	const struct book_chain *chain;
	const struct book_rule *rule;
};

/** struct walk - the rules that matched, in their order; borrowed from the rule book */
struct walk {
	struct walk_step steps[WALK_STEPS_MAX];
	size_t count;
};

/**
 * rule_walk() - send a packet through one built-in chain
 * @packet:  its mark is changed as the rules say
 * @walk:    is appended to
 */
enum walk_end rule_walk(const struct walk_facts *facts, const char *table, const char *chain,
			struct packet *packet, struct walk *walk);

/** walk_find() - the last matching rule with this action that names @set, in whatever chain; NULL if
 *  there is none */
const struct walk_step *walk_find(const struct walk *walk, enum rule_action action,
				  enum set_kind set);

/** walk_find_chain() - the first rule of that chain that matched; NULL if none did */
const struct walk_step *walk_find_chain(const struct walk *walk, const char *table,
					const char *chain);

#endif
