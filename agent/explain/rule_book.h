/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_RULE_BOOK_H
#define AGENT_RULE_BOOK_H

#include "lib/base/address.h"
#include "lib/base/error.h"
#include "lib/base/memory.h"
#include "lib/plan/proxy_state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RULE_MATCH_MAX 6

/**
 * enum match_kind - what a rule asks of a packet
 *   SOURCE, PROTOCOL   are what they say
 *   INTERFACE          it arrives on the interface of pods
 *   SET                a set has what it is, see enum set_fields
 *   MARK               (mark & @mask) == @value
 *   NEW                it opens a connection; negated: it belongs to one
 *   SOURCE_IS_LOCAL, DESTINATION_IS_LOCAL
 *                      the node holds the address
 */
enum match_kind {
	MATCH_SOURCE,
	MATCH_PROTOCOL,
	MATCH_INTERFACE,
	MATCH_SET,
	MATCH_MARK,
	MATCH_NEW,
	MATCH_SOURCE_IS_LOCAL,
	MATCH_DESTINATION_IS_LOCAL,
};

/** enum set_fields - what of a packet a set is asked for, in the order of iptables' option */
enum set_fields {
	SET_FIELDS_DESTINATION,
	SET_FIELDS_DESTINATION_PORT,	    /* dst,dst; of a bitmap: dst */
	SET_FIELDS_DESTINATION_PORT_SOURCE, /* dst,dst,src */
	SET_FIELDS_SOURCE,
	SET_FIELDS_SOURCE_PORT, /* src,dst */
};

struct rule_match {
	enum match_kind kind;
	enum set_fields fields;
	enum set_kind set;
	uint32_t value, mask;
	struct prefix source;
	uint8_t protocol;
	bool is_negated;
};

/**
 * enum rule_action
 *   CHAIN     go through another chain
 *   MAP_MARK  the packet gets the mark of the set's member
 *   SET_MARK  mark = (mark & ~@mask) ^ @value
 */
enum rule_action {
	RULE_ACTION_CHAIN,
	RULE_ACTION_ACCEPT,
	RULE_ACTION_DROP,
	RULE_ACTION_REJECT,
	RULE_ACTION_RETURN,
	RULE_ACTION_MASQUERADE,
	RULE_ACTION_MAP_MARK,
	RULE_ACTION_SET_MARK,
};

/**
 * struct book_rule
 * @text:    without "-A CHAIN "
 * @target:  of CHAIN
 * @is_goto: of CHAIN: what it leaves undecided leaves this chain as well
 * @set:     of MAP_MARK
 */
struct book_rule {
	char *text;
	char *target;
	struct rule_match matches[RULE_MATCH_MAX];
	size_t match_count;
	enum rule_action action;
	enum set_kind set;
	uint32_t value, mask;
	bool is_goto;
};

struct book_chain {
	char *table;
	char *name;
	struct book_rule *rules;
	size_t count, capacity;
};

/** struct rule_book - the fixed rules of one family, as ruleset_text() writes them, taken apart */
struct rule_book {
	struct book_chain *chains;
	size_t count, capacity;
	uint16_t family;
};

/**
 * rule_book_new() - read rules
 * @text:  input for iptables-restore --noflush on a node without any rules; only what ruleset.h
 *         makes is understood
 * Return: 0; -EINVAL, and the error names the first rule that is not understood
 */
int rule_book_new(const char *text, uint16_t family, struct rule_book **ret, struct error *err);
void rule_book_free(struct rule_book *book);
AUTO_FREE_DEFINE(rule_book);

/** rule_book_chain() - NULL if there is none */
const struct book_chain *rule_book_chain(const struct rule_book *book, const char *table,
					 const char *name);

#endif
