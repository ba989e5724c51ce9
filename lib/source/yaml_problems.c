/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "yaml_problems.h"

#include "lib/base/memory.h"

#include <stdbool.h>
#include <string.h>
#include <uthash.h>

/* @container: kept until the end, so that no other one gets its address */
struct yaml_problem {
	UT_hash_handle hh;
	json_t *container;
	bool is_told;
	char text[];
};

static struct yaml_problem *find(const struct yaml_problems *problems, const json_t *container)
{
	struct yaml_problem *problem;

	HASH_FIND_PTR(problems->table, &container, problem);
	return problem;
}

void yaml_problems_add(struct yaml_problems *problems, json_t *container, const char *text)
{
	size_t size = strlen(text) + 1;
	struct yaml_problem *problem;

	if (find(problems, container))
		return;
	problem = memory_allocate(sizeof(*problem) + size);
	problem->container = json_incref(container);
	memcpy(problem->text, text, size);
	HASH_ADD_PTR(problems->table, container, problem);
}

const char *yaml_problems_tell(struct yaml_problems *problems, const json_t *part)
{
	struct yaml_problem *problem;
	const char *name, *text = NULL;
	json_t *value;
	size_t i;

	if (!problems->table)
		return NULL;
	problem = find(problems, part);
	if (problem) {
		problem->is_told = true;
		text = problem->text;
	}
	json_array_foreach (part, i, value) {
		const char *below = yaml_problems_tell(problems, value);

		text = text ? text : below;
	}
	json_object_foreach ((json_t *)part, name, value) {
		const char *below = yaml_problems_tell(problems, value);

		text = text ? text : below;
	}
	return text;
}

const char *yaml_problems_untold(const struct yaml_problems *problems)
{
	const struct yaml_problem *problem, *next;

	HASH_ITER (hh, problems->table, problem, next)
		if (!problem->is_told)
			return problem->text;
	return NULL;
}

void yaml_problems_clear(struct yaml_problems *problems)
{
	struct yaml_problem *problem, *next;

	HASH_ITER (hh, problems->table, problem, next) {
		HASH_DEL(problems->table, problem);
		json_decref(problem->container);
		free(problem);
	}
}
