/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explanation.h"

void explanation_clear(struct explanation *explanation)
{
	for (size_t i = 0; i < explanation->step_count; i++) {
		free(explanation->steps[i].text);
		free(explanation->steps[i].because);
		free(explanation->steps[i].rule);
	}
	for (size_t i = 0; i < explanation->unused_count; i++)
		free(explanation->unused[i].reason);
	free(explanation->steps);
	free(explanation->answers);
	free(explanation->unused);
	free(explanation->service);
	free(explanation->client_sees);
	*explanation = (struct explanation){0};
}

void explanation_add(struct explanation *explanation, const char *stage, char *text, char *because,
		     const struct walk_step *rule)
{
	struct explain_step *step;

	explanation->steps = memory_grow(explanation->steps, explanation->step_count,
					 &explanation->step_capacity, sizeof(*explanation->steps));
	step = &explanation->steps[explanation->step_count++];
	*step = (struct explain_step){.stage = stage, .text = text, .because = because};
	if (!because)
		step->because = string_dup("");
	step->rule = rule ? string_printf("%s %s %s", rule->chain->table, rule->chain->name,
					  rule->rule->text)
			  : string_dup("");
}

void explanation_end(struct explanation *explanation, enum explain_outcome outcome,
		     const char *client_sees)
{
	explanation->outcome = outcome;
	free(explanation->client_sees);
	explanation->client_sees = string_dup(client_sees);
}

void explanation_add_answer(struct explanation *explanation, const struct explain_answer *answer)
{
	explanation->answers =
		memory_grow(explanation->answers, explanation->answer_count,
			    &explanation->answer_capacity, sizeof(*explanation->answers));
	explanation->answers[explanation->answer_count++] = *answer;
}

void explanation_add_unused(struct explanation *explanation, const struct destination *destination,
			    const char *reason)
{
	explanation->unused =
		memory_grow(explanation->unused, explanation->unused_count,
			    &explanation->unused_capacity, sizeof(*explanation->unused));
	explanation->unused[explanation->unused_count++] =
		(struct explain_unused){*destination, string_dup(reason)};
}

const char *explain_outcome_name(enum explain_outcome outcome)
{
	switch (outcome) {
	case EXPLAIN_OUTCOME_NOT_OURS:
		return "not-a-service";
	case EXPLAIN_OUTCOME_ANSWERED:
		return "answered";
	case EXPLAIN_OUTCOME_REFUSED:
		return "refused";
	case EXPLAIN_OUTCOME_DROPPED:
		return "dropped";
	}
	return "";
}
