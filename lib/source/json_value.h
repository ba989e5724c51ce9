/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_JSON_VALUE_H
#define SOURCE_JSON_VALUE_H

#include "object_value.h"

#include <jansson.h>

/** json_value_of() - a JSON tree, or part of one, as a value; NULL is ABSENT */
struct object_value json_value_of(const json_t *json);

#endif
