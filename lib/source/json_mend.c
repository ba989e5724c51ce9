/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json_mend.h"

#include "json_scan.h"
#include "lib/base/memory.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ESCAPE_LENGTH 6 /* of "\ufffd" */

/* The longest number that is certain to be within all limits. */
#define SAFE_DIGITS 18

/* Return: the four digits of the escape at @at; -1 if it is none of that kind */
static int read_escape(const char *at, const char *end)
{
	char digits[5] = "", *stop;
	long code;

	if (end - at < ESCAPE_LENGTH || at[0] != '\\' || at[1] != 'u')
		return -1;
	memcpy(digits, at + 2, 4);
	if (strspn(digits, "0123456789abcdefABCDEF") != 4)
		return -1;
	code = strtol(digits, &stop, 16);
	return (int)code;
}

static bool is_high_surrogate(int code)
{
	return code >= 0xd800 && code < 0xdc00;
}

static bool is_low_surrogate(int code)
{
	return code >= 0xdc00 && code < 0xe000;
}

/* Return: behind the escape at @at */
static char *mend_escape(char *at, const char *end)
{
	/* U+FFFD, which stands for what is no character */
	static const char replacement[ESCAPE_LENGTH] = {'\\', 'u', 'f', 'f', 'f', 'd'};
	int code = read_escape(at, end);

	if (code < 0)
		return at + (end - at < 2 ? 1 : 2);
	if (is_high_surrogate(code) && is_low_surrogate(read_escape(at + ESCAPE_LENGTH, end)))
		return at + 2 * (ptrdiff_t)ESCAPE_LENGTH;
	if (!code || is_high_surrogate(code) || is_low_surrogate(code))
		memcpy(at, replacement, sizeof(replacement));
	return at + ESCAPE_LENGTH;
}

/* Return: how many bytes the character at @at has in UTF-8; 0 if it is none */
static size_t character_length(const char *at, const char *end)
{
	const unsigned char *byte = (const unsigned char *)at;
	size_t length = *byte < 0x80 ? 1 : *byte < 0xe0 ? 2 : *byte < 0xf0 ? 3 : 4;
	uint32_t code;

	if (length == 1)
		return 1;
	if (*byte < 0xc2 || *byte > 0xf4 || (size_t)(end - at) < length)
		return 0;
	code = *byte & (0x7fU >> length);
	for (size_t i = 1; i < length; i++) {
		if ((byte[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (byte[i] & 0x3fU);
	}
	if ((length == 3 && code < 0x800) || (length == 4 && (code < 0x10000 || code > 0x10ffff)) ||
	    (code >= 0xd800 && code < 0xe000))
		return 0;
	return length;
}

/* Return: behind the string at @at */
static char *mend_string(char *at, const char *end)
{
	at++;
	while (at < end && *at != '"') {
		size_t length = character_length(at, end);

		if (*at == '\\') {
			at = mend_escape(at, end);
		} else if (length) {
			at += length;
		} else {
			*at++ = '?';
		}
	}
	return at < end ? at + 1 : at;
}

static bool is_too_large(const char *number)
{
	char *end = NULL;

	errno = 0;
	if (strpbrk(number, ".eE"))
		return isinf(strtod(number, &end)) && !*end;
	strtoll(number, &end, 10);
	return errno == ERANGE && !*end;
}

/* Return: behind the number at @at */
static char *mend_number(char *at, const char *end)
{
	char *begin = at;
	auto_memory char *copy = NULL;
	size_t length;

	while (at < end && strchr("+-.eE0123456789", *at) && *at)
		at++;
	length = (size_t)(at - begin);
	if (length <= SAFE_DIGITS && !memchr(begin, 'e', length) && !memchr(begin, 'E', length))
		return at;
	copy = string_printf("%.*s", (int)length, begin);
	if (!is_too_large(copy))
		return at;
	begin += *begin == '-';
	memset(begin, '0', (size_t)(at - begin));
	begin[1] = '.';
	return at;
}

void json_mend(char *text, size_t size)
{
	const char *end = text + size;

	while (text < end) {
		if (*text == '"')
			text = mend_string(text, end);
		else if (*text == '-' || (*text >= '0' && *text <= '9'))
			text = mend_number(text, end);
		else
			text++;
	}
}
