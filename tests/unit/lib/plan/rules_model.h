/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef UNIT_RULES_MODEL_H
#define UNIT_RULES_MODEL_H

#include "lib/plan/ruleset.h"

#include <stdbool.h>
#include <stddef.h>

#define RULES_MODEL_LINES 400

struct rules_model_line {
	char table[16];
	char chain[48];
	char *rule; /* NULL: the chain itself */
};

/**
 * struct rules_model - netfilter tables that understand what we give to iptables-restore --noflush
 *
 * Rules are kept as text; like the kernel it refuses to delete a chain that a rule goes to. What
 * goes wrong fails the test.
 */
struct rules_model {
	struct rules_model_line lines[RULES_MODEL_LINES];
	size_t count;
};

/** rules_model_restore() - as iptables-restore --noflush */
void rules_model_restore(struct rules_model *model, const char *input);

/** rules_model_save() - as iptables-save prints it, all chains of a table before its rules; to be
 *  freed */
char *rules_model_save(const struct rules_model *model);

/** rules_model_find() - where a chain begins; @count: how many lines it has, itself included */
size_t rules_model_find(const struct rules_model *model, const char *table, const char *chain,
			size_t *count);

/** rules_model_insert() - a line at that place; @rule: copied; NULL for a chain */
void rules_model_insert(struct rules_model *model, size_t at, const char *table, const char *chain,
			const char *rule);

/** rules_model_delete() - the line at that place */
void rules_model_delete(struct rules_model *model, size_t at);

/** rules_model_clear() - all lines */
void rules_model_clear(struct rules_model *model);

/** rules_model_builtin - the chains that exist before anyone adds to them, for rules_model_restore() */
extern const char rules_model_builtin[];

/** rules_model_usual_ruleset() - of IPv4, with a pod prefix and marks for clients in the cluster */
struct ruleset *rules_model_usual_ruleset(void);

/**
 * rules_model_repair() - what the agent does when it finds these tables
 * @ret_what: what differed, to be freed; may be NULL
 * Return: whether anything did
 */
bool rules_model_repair(struct rules_model *model, const struct ruleset *ruleset, char **ret_what);

#endif
