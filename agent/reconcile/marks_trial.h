/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_MARKS_TRIAL_H
#define AGENT_MARKS_TRIAL_H

#include <stdbool.h>

/*
 * Whether the rules mark packets of clients in the cluster. Rules may be refused because of the marks,
 * which not every kernel and iptables has, or for a reason that has nothing to do with them and will
 * pass; which of them it is shows when rules without marks are accepted or refused as well.
 */

/**
 * enum marks_trial_state
 *   ASKED     the rules have marks, and were not accepted yet; to ACCEPTED when they are in all families,
 *             to LEFT_OUT when they were refused too often
 *   LEFT_OUT  they have none; to ASKED if they are refused as well, since then it is not because of the
 *             marks, and some time after they were accepted, since the reason may have gone
 *   ACCEPTED  they have marks, for good: what is refused from now on is not refused because of them
 */
enum marks_trial_state {
	MARKS_TRIAL_STATE_ASKED,
	MARKS_TRIAL_STATE_LEFT_OUT,
	MARKS_TRIAL_STATE_ACCEPTED,
};

/**
 * struct marks_trial - all zeros at first
 * @refusals:      of rules with marks
 * @wait_seconds:  the last wait for another trial; 0 = none yet
 */
struct marks_trial {
	enum marks_trial_state state;
	unsigned int refusals;
	double wait_seconds;
};

/** marks_trial_has_marks() - whether the rules are to have them */
bool marks_trial_has_marks(const struct marks_trial *trial);

/** marks_trial_refused() - the rules were, in any family; Return: whether they are to be others now */
bool marks_trial_refused(struct marks_trial *trial);

/**
 * marks_trial_accepted() - the rules were, in all families
 *
 * Return: after how many seconds marks_trial_repeat() is due; 0 = never. Not to be called again
 *         before that
 */
double marks_trial_accepted(struct marks_trial *trial);

/** marks_trial_repeat() - marks once more, of which one refusal is enough this time */
void marks_trial_repeat(struct marks_trial *trial);

#endif
