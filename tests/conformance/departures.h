/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFORMANCE_DEPARTURES_H
#define CONFORMANCE_DEPARTURES_H

/*
 * Where the recorded state is not what the Service API promises, or is what kube-proxy does no more
 * since Kubernetes 1.33 or later, what it should be instead: the part of the intended difference
 * api-semantics that is about single cases, and the difference since-1.33. Everything else of these
 * cases has to be as recorded.
 */

/**
 * departures_apply() - what a file of a case should have been
 * @path:  within the step: "expect/ipset.txt"
 * @text:  as recorded; taken over
 * Return: the text with the departures of this file; the caller frees it. A departure that does not
 * fit what was recorded aborts.
 */
char *departures_apply(const char *case_name, unsigned int step, const char *path, char *text);

/** departures_reasons() - of a case, separated by ", "; "" for most; the caller frees it */
char *departures_reasons(const char *case_name);

#endif
