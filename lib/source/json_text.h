/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_JSON_TEXT_H
#define SOURCE_JSON_TEXT_H

#include <jansson.h>

/**
 * json_text() - of bytes that may be no UTF-8, which JSON has to be: then those beyond ASCII become "?"
 *
 * Names and reasons come from files, and a text may have been cut in the middle of a character.
 * Return: owned by the caller
 */
json_t *json_text(const char *text);

#endif
