/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "marks_trial.h"

/* As often rules with marks may be refused before they are tried without. */
#define REFUSALS_MAX 2

#define WAIT_SECONDS_MIN 10.0
#define WAIT_SECONDS_MAX 3600.0

bool marks_trial_has_marks(const struct marks_trial *trial)
{
	return trial->state != MARKS_TRIAL_STATE_LEFT_OUT;
}

bool marks_trial_refused(struct marks_trial *trial)
{
	switch (trial->state) {
	case MARKS_TRIAL_STATE_ASKED:
		if (++trial->refusals < REFUSALS_MAX)
			return false;
		trial->state = MARKS_TRIAL_STATE_LEFT_OUT;
		return true;
	case MARKS_TRIAL_STATE_LEFT_OUT:
		trial->state = MARKS_TRIAL_STATE_ASKED;
		return true;
	case MARKS_TRIAL_STATE_ACCEPTED:
		break;
	}
	return false;
}

double marks_trial_accepted(struct marks_trial *trial)
{
	if (marks_trial_has_marks(trial)) {
		trial->state = MARKS_TRIAL_STATE_ACCEPTED;
		return 0;
	}
	trial->wait_seconds = trial->wait_seconds > 0 ? 2 * trial->wait_seconds : WAIT_SECONDS_MIN;
	if (trial->wait_seconds > WAIT_SECONDS_MAX)
		trial->wait_seconds = WAIT_SECONDS_MAX;
	return trial->wait_seconds;
}

void marks_trial_repeat(struct marks_trial *trial)
{
	trial->state = MARKS_TRIAL_STATE_ASKED;
	trial->refusals = REFUSALS_MAX - 1;
}
