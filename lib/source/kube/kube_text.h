/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_KUBE_TEXT_H
#define SOURCE_KUBE_TEXT_H

#include "lib/base/error.h"

#include <stddef.h>

/*
 * Small texts: certificates, tokens, answers of plugins. The errors never show what they contain.
 */

#define KUBE_TEXT_LIMIT ((size_t)1 << 20)

/**
 * kube_text_read() - a whole file of at most KUBE_TEXT_LIMIT bytes
 * @ret:  set on success only; NUL-terminated, freed by the caller
 *
 * Return: 0 or a negative errno with "PATH: REASON"; a file with a NUL in it is -EINVAL.
 */
int kube_text_read(const char *path, char **ret, struct error *err);

/**
 * kube_text_decode_base64() - what a text in standard base64 stands for
 * @ret:  as kube_text_read()
 *
 * White space is skipped. Return: 0 or -EINVAL
 */
int kube_text_decode_base64(const char *text, char **ret, struct error *err);

/** kube_text_encode_base64() - the reverse; freed by the caller */
char *kube_text_encode_base64(const char *text);

/** kube_text_escape() - as a value in the query of a URL; freed by the caller */
char *kube_text_escape(const char *text);

/** kube_text_trim() - cut white space off both ends, in place; Return: @text */
char *kube_text_trim(char *text);

/** kube_text_erase() - free a secret and leave no copy of it in memory; NULL is fine */
void kube_text_erase(char *text);

#endif
