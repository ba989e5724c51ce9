/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

/**
 * struct error - why something failed, in words for an operator
 * @code:  0 or a negative errno
 * @text:  one line without newline; cut at the buffer's size
 *
 * A value: the caller declares it as `struct error err = {0};` and passes its address. The
 * function that knows the cause sets it, each caller that knows more wraps it.
 */
struct error {
	int code;
	char text[500];
};

/**
 * error_set() - record a cause
 * @err:   may be NULL when the caller needs only the code
 * @code:  negative errno
 * Return: @code, so that `return error_set(...)` reads well
 */
__attribute__((format(printf, 3, 4))) int error_set(struct error *err, int code, const char *format,
						    ...);

/** error_wrap() - put "CONTEXT: " before the text of @err; Return: its code */
__attribute__((format(printf, 3, 4))) int error_wrap(struct error *err, int code,
						     const char *format, ...);

#endif
