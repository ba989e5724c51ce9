/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_JSON_SKIM_H
#define SOURCE_JSON_SKIM_H

#include <stddef.h>

/** struct skimmed - a text and its room; zeroed at first, @text is freed by the owner */
struct skimmed {
	char *text;
	size_t length;
	size_t capacity;
};

/**
 * enum json_skim_extent - what is copied
 *   READ      all members that some decoder here looks at
 *   IDENTITY  those that say which object it is, and of which version
 */
enum json_skim_extent { JSON_SKIM_READ, JSON_SKIM_IDENTITY };

/**
 * json_skim() - copy the first value of a JSON text, without what no proxy reads
 * @ret:  receives the copy
 *
 * Keeps the members whose names are known here, wherever they are, and leaves out all others with
 * whatever is in them, and the conditions of an endpoint if they say what their absence means: in
 * what an API server sends these are more than two thirds of all bytes, and skipping them takes a
 * tenth of the time that parsing them would. What is left out cannot be a reason to refuse an
 * object: of that it looks at quotes and brackets only; of the rest it keeps each byte.
 *
 * Return: how many bytes the value has, blanks before it included; 0 if it is no object or list,
 * or does not end
 */
size_t json_skim(const char *text, size_t size, enum json_skim_extent extent, struct skimmed *ret);

#endif
