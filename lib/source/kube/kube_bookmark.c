/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_bookmark.h"

#include "lib/source/object_field.h"

#include <string.h>

/* "" if there is no such text in the metadata, or in the part of it that @parent names */
static const char *text_at(struct object_value object, const char *parent, const char *name)
{
	struct object_field root = object_field_root(object);
	struct object_field metadata = object_field_get(&root, "metadata");
	struct object_field inner = parent ? object_field_get(&metadata, parent) : metadata;
	struct object_field field = object_field_get(&inner, name);

	return object_field_plain_text(&field);
}

bool kube_bookmark_ends_initial_events(struct object_value object)
{
	return strcmp(text_at(object, "annotations", "k8s.io/initial-events-end"), "true") == 0;
}

const char *kube_bookmark_version(struct object_value object)
{
	return text_at(object, NULL, "resourceVersion");
}
