/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OBJECTS_OBJECT_SINK_H
#define OBJECTS_OBJECT_SINK_H

#include "endpoint_slice.h"
#include "node.h"
#include "service.h"

/**
 * struct rejection - an object, or a whole file, that could not be used
 * @kind:            "Service", "EndpointSlice", "Node", "Endpoints"; "file" for unreadable input
 * @namespace_name:  may be "" (Node, file)
 * @name:            of the object, or the path of the file; REJECTION_UNNAMED
 * @uid:             metadata.uid; NULL if it is not known, and does not tell objects apart
 * @reason:          names field and reason, one line; NULL = the earlier complaint is settled
 * @is_partial:      the object is used all the same, without what the reason names
 */
struct rejection {
	const char *kind;
	const char *namespace_name;
	const char *name;
	const char *uid;
	const char *reason;
	bool is_partial;
};

/** rejection_object() - "NAMESPACE/NAME", or "NAME"; the caller frees it */
char *rejection_object(const struct rejection *rejection);

/* Stands for all objects of a kind whose names cannot be read. */
#define REJECTION_UNNAMED "(unnamed)"

/**
 * struct object_sink - where a source delivers objects
 *
 * The set functions take ownership of the object. Setting an object with the identity (namespace
 * and name) of an earlier one replaces it; the sink finds out whether anything differs.
 * synced() is called each time the source's view is complete: after the first full read, and
 * after each later batch. Nothing may be programmed before the first call.
 * rejected() leaves whatever was delivered before for the same object in force.
 */
struct object_sink {
	void *owner;
	struct string_pool *strings;
	void (*service_set)(void *owner, struct service *service);
	void (*service_removed)(void *owner, const char *namespace_name, const char *name);
	void (*endpoint_slice_set)(void *owner, struct endpoint_slice *slice);
	void (*endpoint_slice_removed)(void *owner, const char *namespace_name, const char *name);
	void (*node_set)(void *owner, struct node *node);
	void (*node_removed)(void *owner, const char *name);
	void (*rejected)(void *owner, const struct rejection *rejection);
	void (*synced)(void *owner);
};

#endif
