/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_JSON_SCAN_H
#define SOURCE_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct json_scan - how far into a JSON text somebody has looked, who sees strings and brackets
 * only
 * @depth:  brackets that are open
 *
 * All zero at the start of a text. What cuts JSON into pieces, or leaves pieces of it out, need not
 * know more: whether it is JSON shows when it is parsed. The text may come in parts; the state says
 * where the next one begins.
 */
struct json_scan {
	size_t depth;
	bool is_in_string;
	bool is_escaped;
};

/**
 * json_scan_string() - go over what belongs to a string; the scan is in one
 * Return: behind the closing quote; @end if that is not there, and then the scan is still in it
 */
const char *json_scan_string(struct json_scan *scan, const char *at, const char *end);

/**
 * json_scan_brackets() - go on until a closing bracket leaves @depth of them open
 * Return: behind that bracket; @end if it is not there, and then scan->depth is another
 */
const char *json_scan_brackets(struct json_scan *scan, size_t depth, const char *at,
			       const char *end);

/** json_scan_value() - behind the value that starts at @at; NULL if it does not end */
const char *json_scan_value(const char *at, const char *end);

/** json_scan_text() - behind the string whose opening quote is at @at; NULL if it does not end */
const char *json_scan_text(const char *at, const char *end);

bool json_scan_is_blank(char c);

/** json_scan_blanks() - behind the blanks at @at */
const char *json_scan_blanks(const char *at, const char *end);

#endif
