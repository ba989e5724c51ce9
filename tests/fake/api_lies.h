/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FAKE_API_LIES_H
#define FAKE_API_LIES_H

#include "api_faults.h"
#include "lib/base/memory.h"
#include "tests/fake/api_protobuf.h"

/*
 * Answers that are not what they say, for api_request.c.
 */

/** api_lies_page() - a page for people, where a list or a watch is asked for; for the caller to free */
char *api_lies_page(void);

/** api_lies_blanks() - the beginning of a list whose item is a text of so many MiB, as gzip has it */
void api_lies_blanks(struct api_bytes *ret, size_t mebibytes);

/**
 * api_lies_answer() - a header and a body which do not belong together
 * @body:  as it should be
 * Return: for the caller to free; NULL if @action is another fault
 */
char *api_lies_answer(enum api_fault_action action, const char *body);

#endif
