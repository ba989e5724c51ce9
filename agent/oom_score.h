/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_OOM_SCORE_H
#define AGENT_OOM_SCORE_H

/** oom_score_set() - oom_score_adj of this process, -1000 to 1000; what is refused is logged */
void oom_score_set(int score);

#endif
