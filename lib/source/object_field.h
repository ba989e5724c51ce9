/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_OBJECT_FIELD_H
#define SOURCE_OBJECT_FIELD_H

#include "lib/base/address.h"
#include "lib/base/error.h"
#include "object_value.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No list in an object we read has more entries; an API server would not store it. */
#define OBJECT_FIELD_LIST_LIMIT 65536

/**
 * struct object_field - a place in an API object, which knows its own path
 * @parent:  must outlive the field; NULL for the object itself
 * @name:    NULL for an element of a list
 * @index:   of an element
 * @value:   what is there
 *
 * The readers below leave *ret alone and return 0 when the field is absent, so that the caller
 * sets the default before. A value of the wrong type gives -EINVAL and "spec.type: not a string".
 */
struct object_field {
	const struct object_field *parent;
	const char *name;
	size_t index;
	struct object_value value;
};

/** object_field_root() - the object itself; its path is empty */
struct object_field object_field_root(struct object_value object);

/** object_field_get() - a member; absent if @parent is absent or no object */
struct object_field object_field_get(const struct object_field *parent, const char *name);

/** object_field_at() - an element of a list that object_field_list() checked */
struct object_field object_field_at(const struct object_field *list, size_t index);

static inline bool object_field_is_present(const struct object_field *field)
{
	return field->value.type != OBJECT_VALUE_ABSENT;
}

/** object_field_plain_text() - "" if the field is absent or no text; belongs to the object */
const char *object_field_plain_text(const struct object_field *field);

/** object_field_error() - -EINVAL and "PATH: REASON" */
__attribute__((format(printf, 3, 4))) int
object_field_error(const struct object_field *field, struct error *err, const char *format, ...);

/**
 * struct object_leftovers - parts of an object that cannot be used; zeroed at first
 * @first:  which one it was, and why
 * @count:  how many
 */
struct object_leftovers {
	struct error first;
	size_t count;
};

/** object_leftovers_add() - leave a part out, for the reason in @why; the rest counts */
void object_leftovers_add(struct object_leftovers *leftovers, const struct error *why);

/** object_leftovers_tell() - 0 if nothing was left out; else 1, and what it was in @err */
int object_leftovers_tell(const struct object_leftovers *leftovers, struct error *err);

/** object_field_object() - 0 if the field is absent or an object */
int object_field_object(const struct object_field *field, struct error *err);

/** object_field_list() - *ret is the number of elements, 0 if absent */
int object_field_list(const struct object_field *field, size_t *ret, struct error *err);

/** object_field_text() - *ret belongs to the object */
int object_field_text(const struct object_field *field, const char **ret, struct error *err);

/** object_field_copy_text() - of the field @name of @parent; *ret is the caller's, and stays as it is if
 *  the field is absent or "", which is the same to client-go */
int object_field_copy_text(const struct object_field *parent, const char *name, char **ret,
			   struct error *err);

int object_field_boolean(const struct object_field *field, bool *ret, struct error *err);

int object_field_integer(const struct object_field *field, int64_t *ret, struct error *err);

/** object_field_port() - 1 to 65535 */
int object_field_port(const struct object_field *field, uint16_t *ret, struct error *err);

/** object_field_protocol() - TCP, UDP or SCTP as IPPROTO_ number; "" counts as absent */
int object_field_protocol(const struct object_field *field, uint8_t *ret, struct error *err);

/**
 * object_field_choice() - the place of a text in @choices; "" counts as absent
 *
 * The error names the choices.
 */
int object_field_choice(const struct object_field *field, const char *const *choices, size_t count,
			size_t *ret, struct error *err);

/**
 * object_field_address() - an IP address as kube-proxy reads it
 *
 * Leading zeros of IPv4 octets are dropped (not taken as octal), ::ffff:10.0.0.1 is 10.0.0.1.
 */
int object_field_address(const struct object_field *field, struct address *ret, struct error *err);

/**
 * object_field_unicast() - an address that traffic can be sent to from elsewhere
 *
 * The rule for every address in an object, whoever wrote it. Refused are those that mean the node
 * itself or its link wherever they are used (unspecified, loopback, link-local) and those that are
 * not one host's (multicast, broadcast). Bound to an interface or programmed as a virtual server,
 * 127.0.0.1 would take the node's own connections to itself. Source: what an API server takes for
 * endpoints and external IPs, k8s.io/kubernetes/pkg/apis/core/validation ValidateNonSpecialIP()
 */
int object_field_unicast(const struct object_field *field, struct address *ret, struct error *err);

/** object_field_prefix() - a CIDR block, blanks around it are ignored */
int object_field_prefix(const struct object_field *field, struct prefix *ret, struct error *err);

/** object_field_time() - RFC 3339 where it is a text; in milliseconds since 1970 */
int object_field_time(const struct object_field *field, int64_t *ret, struct error *err);

/** object_field_name() - what an API server takes as an object's name; "" counts as absent */
int object_field_name(const struct object_field *field, const char **ret, struct error *err);

/** object_field_port_name() - what an API server takes as a port's name; may be "" */
int object_field_port_name(const struct object_field *field, const char **ret, struct error *err);

#endif
