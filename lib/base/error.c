/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(struct error *err, int code, const char *format, ...)
{
	va_list arguments;

	if (!err)
		return code;
	err->code = code;
	va_start(arguments, format);
	vsnprintf(err->text, sizeof(err->text), format, arguments);
	va_end(arguments);
	return code;
}

int error_wrap(struct error *err, int code, const char *format, ...)
{
	char context[sizeof(err->text)];
	va_list arguments;
	size_t used, rest;

	if (!err)
		return code;
	err->code = code;
	va_start(arguments, format);
	vsnprintf(context, sizeof(context), format, arguments);
	va_end(arguments);

	used = strnlen(context, sizeof(err->text) - 3);
	rest = sizeof(err->text) - used - 3;
	memmove(err->text + used + 2, err->text, rest);
	err->text[sizeof(err->text) - 1] = '\0';
	memcpy(err->text, context, used);
	memcpy(err->text + used, ": ", 2);
	return code;
}
