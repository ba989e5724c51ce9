/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_LAST_WORDS_H
#define BASE_LAST_WORDS_H

/**
 * last_words() - write @line, which ends with a newline, to standard error, as the last thing before an end
 *
 * Needs no memory and may be called in a signal handler. A pipe that nobody reads is not waited for.
 */
void last_words(const char *line);

#endif
