/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_PROTO_VALUE_H
#define SOURCE_PROTO_VALUE_H

#include "lib/source/object_value.h"

#include <protobuf-c/protobuf-c.h>

/**
 * proto_value_of() - an unpacked message of kubernetes.proto as a value; NULL is ABSENT
 *
 * Its members have the names that they have in JSON. The API server writes many fields that are
 * empty, where JSON leaves them out: a list without elements is ABSENT, and so is a time that is not
 * set; a text is "".
 */
struct object_value proto_value_of(const ProtobufCMessage *message);

#endif
