/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_YAML_PROBLEMS_H
#define SOURCE_YAML_PROBLEMS_H

#include <jansson.h>

/**
 * struct yaml_problems - what is wrong in a document that can be read all the same, by the object
 * or list that it stands in; zeroed at first
 */
struct yaml_problems {
	struct yaml_problem *table;
};

/** yaml_problems_add() - something is wrong directly in @container; of several things, the first */
void yaml_problems_add(struct yaml_problems *problems, json_t *container, const char *text);

/**
 * yaml_problems_tell() - what is wrong in @part, at any depth, which somebody takes note of
 * Return: the text; NULL if nothing is
 */
const char *yaml_problems_tell(struct yaml_problems *problems, const json_t *part);

/** yaml_problems_untold() - one that nobody has taken note of; NULL if there is none */
const char *yaml_problems_untold(const struct yaml_problems *problems);

void yaml_problems_clear(struct yaml_problems *problems);

#endif
