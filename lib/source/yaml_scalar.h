/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_YAML_SCALAR_H
#define SOURCE_YAML_SCALAR_H

#include "lib/base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * yaml_scalar_resolve() - what a scalar means to the YAML reader of Kubernetes
 * @text:      the scalar with escapes and folding undone; @length bytes and a NUL
 * @is_plain:  written without quotes and not as a block
 * @tag:       "tag:yaml.org,2002:int", "!", ..., or NULL
 * @ret:       a new string, number, boolean or null; set on success only
 *
 * Numbers too large for 64 bits become reals; reals without fraction become integers, as they
 * look in JSON. Return: 0 or -EINVAL.
 */
int yaml_scalar_resolve(const char *text, size_t length, bool is_plain, const char *tag,
			json_t **ret, struct error *err);

#endif
