/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "object_decode.h"

#include "json_value.h"
#include "object_field.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LIST_DEPTH_LIMIT 8
#define KIND_SIZE	 128

static const char *const kind_names[] = {
	[OBJECT_KIND_SERVICE] = "Service",     [OBJECT_KIND_ENDPOINT_SLICE] = "EndpointSlice",
	[OBJECT_KIND_ENDPOINTS] = "Endpoints", [OBJECT_KIND_NODE] = "Node",
	[OBJECT_KIND_OTHER] = "object",
};

const char *object_kind_name(enum object_kind kind)
{
	return kind_names[kind];
}

/* What a list implies for its elements; "" where they must say it themselves. */
struct type {
	const char *api_version;
	const char *kind;
};

/* @list: the innermost, NULL outside of one; @index: where in it the walk is */
struct walk {
	int (*visit)(const struct object_identity *identity, const json_t *object,
		     const struct error *err, void *owner);
	void *owner;
	unsigned int depth;
	const json_t *list;
	size_t index;
};

static enum object_kind find_kind(const char *kind)
{
	for (size_t i = 0; i < OBJECT_KIND_OTHER; i++)
		if (strcmp(kind, kind_names[i]) == 0)
			return (enum object_kind)i;
	return OBJECT_KIND_OTHER;
}

/*
 * Kinds of other API groups may have the same names: a Service of Knative is none of ours. An
 * EndpointSlice of an older version is, but not one that we can read. @wrong: of the version, see
 * visit_object()
 */
static int classify(const struct type *type, const struct error *wrong, enum object_kind *ret,
		    struct error *err)
{
	enum object_kind kind = find_kind(type->kind);

	*ret = kind;
	if (wrong->code && (kind != OBJECT_KIND_OTHER || !*type->kind)) {
		*err = *wrong;
		return err->code;
	}
	if (!*type->kind)
		return error_set(err, -EINVAL, "kind: missing");
	if (kind == OBJECT_KIND_OTHER || !*type->api_version)
		return kind == OBJECT_KIND_OTHER ? 0
						 : error_set(err, -EINVAL, "apiVersion: missing");
	if (kind == OBJECT_KIND_ENDPOINT_SLICE) {
		if (strncmp(type->api_version, "discovery.k8s.io/", 17) != 0)
			*ret = OBJECT_KIND_OTHER;
		else if (strcmp(type->api_version, "discovery.k8s.io/v1") != 0)
			return error_set(
				err, -EINVAL,
				"apiVersion: %.60s is not supported, discovery.k8s.io/v1 is",
				type->api_version);
	} else if (strcmp(type->api_version, "v1") != 0) {
		*ret = OBJECT_KIND_OTHER;
	}
	return 0;
}

static int identify_metadata(const struct object_field *object, struct object_identity *identity,
			     struct error *err)
{
	struct object_field metadata = object_field_get(object, "metadata");
	struct object_field name = object_field_get(&metadata, "name");
	struct object_field namespace_name = object_field_get(&metadata, "namespace");
	int r;

	r = object_field_object(&metadata, err);
	if (r < 0)
		return r;
	r = object_field_name(&name, &identity->name, err);
	if (r < 0)
		return r;
	if (!*identity->name)
		return object_field_error(&name, err, "missing");
	if (identity->kind == OBJECT_KIND_NODE)
		return 0;
	identity->namespace_name = "default";
	return object_field_name(&namespace_name, &identity->namespace_name, err);
}

/* One that cannot be named is found by its place; a list of one may be a piece of a longer one. */
static int hand_out(const struct walk *walk, const struct object_identity *identity,
		    const json_t *object, struct error *err)
{
	if (err && !*identity->name && json_array_size(walk->list) > 1)
		error_wrap(err, err->code, "items[%zu]", walk->index);
	return walk->visit(identity, object, err, walk->owner);
}

static int visit_nameless(const struct walk *walk, const struct type *type, const json_t *object,
			  struct error *err)
{
	const struct object_identity identity = {
		.kind = OBJECT_KIND_OTHER,
		.kind_text = type->kind,
		.namespace_name = "",
		.name = "",
	};

	return hand_out(walk, &identity, object, err);
}

/* @wrong: what is with its apiVersion; the code is 0 if that can be read */
static int visit_object(const struct walk *walk, const struct type *type, const struct error *wrong,
			const json_t *object)
{
	struct object_field root = object_field_root(json_value_of(object));
	struct object_field metadata = object_field_get(&root, "metadata");
	struct object_field name = object_field_get(&metadata, "name");
	struct object_identity identity = {
		.kind = OBJECT_KIND_OTHER,
		.kind_text = type->kind,
		.namespace_name = "",
		.name = "",
	};
	struct error err = {0};
	int r = classify(type, wrong, &identity.kind, &err);

	if (r >= 0 && identity.kind == OBJECT_KIND_OTHER) {
		identity.name = object_field_plain_text(&name);
		return hand_out(walk, &identity, object, NULL);
	}
	/* An object that can be named is complained about by name, even if its version is wrong. */
	if (identity.kind != OBJECT_KIND_OTHER) {
		int identified = identify_metadata(&root, &identity, r < 0 ? NULL : &err);

		if (identified < 0)
			identity.name = "";
		r = r < 0 ? r : identified;
	}
	return hand_out(walk, &identity, object, r < 0 ? &err : NULL);
}

static bool is_list(const char *kind, const json_t *object)
{
	size_t length = strlen(kind);

	if (strcmp(kind, "List") == 0)
		return true;
	return length > 4 && length < KIND_SIZE && strcmp(kind + length - 4, "List") == 0 &&
	       json_is_array(json_object_get(object, "items"));
}

static int walk_tree(const struct walk *walk, const struct type *implied, const json_t *tree);

/* What a list implies is written to @ret and @kind. */
static int check_list(const struct walk *walk, const struct type *type,
		      const struct object_field *root, struct type *ret, char kind[KIND_SIZE],
		      struct error *err)
{
	struct object_field items = object_field_get(root, "items");

	if (object_field_is_present(&items) && items.value.type != OBJECT_VALUE_LIST)
		return object_field_error(&items, err, "not a list");
	if (walk->depth == LIST_DEPTH_LIMIT)
		return error_set(err, -EINVAL, "lists nested deeper than %d", LIST_DEPTH_LIMIT);
	*ret = (struct type){.api_version = "", .kind = ""};
	if (strcmp(type->kind, "List") != 0) {
		snprintf(kind, KIND_SIZE, "%.*s", (int)strlen(type->kind) - 4, type->kind);
		*ret = (struct type){type->api_version, kind};
	}
	return 0;
}

static int walk_list(const struct walk *walk, const struct type *type, const json_t *list)
{
	struct object_field root = object_field_root(json_value_of(list));
	struct walk inner = *walk;
	struct type element_type;
	char kind[KIND_SIZE];
	struct error err = {0};
	const json_t *element;
	int r = check_list(walk, type, &root, &element_type, kind, &err);

	if (r < 0)
		return visit_nameless(walk, type, list, &err);
	inner.depth++;
	inner.list = json_object_get(list, "items");
	json_array_foreach (inner.list, inner.index, element) {
		r = walk_tree(&inner, &element_type, element);
		if (r < 0)
			return r;
	}
	return 0;
}

static int walk_tree(const struct walk *walk, const struct type *implied, const json_t *tree)
{
	struct object_field root = object_field_root(json_value_of(tree));
	struct object_field kind = object_field_get(&root, "kind");
	struct object_field version = object_field_get(&root, "apiVersion");
	struct type type = *implied;
	struct error err = {0};

	if (!json_is_object(tree)) {
		error_set(&err, -EINVAL, "not a Kubernetes object");
		return visit_nameless(walk, &(struct type){"", ""}, tree, &err);
	}
	if (object_field_text(&kind, &type.kind, &err) < 0)
		return visit_nameless(walk, &(struct type){"", ""}, tree, &err);
	object_field_text(&version, &type.api_version, &err);
	if (is_list(type.kind, tree))
		return walk_list(walk, &type, tree);
	return visit_object(walk, &type, &err, tree);
}

int object_decode_each(const json_t *tree,
		       int (*visit)(const struct object_identity *identity, const json_t *object,
				    const struct error *err, void *owner),
		       void *owner, struct error *err)
{
	struct walk walk = {.visit = visit, .owner = owner};
	struct type implied = {.api_version = "", .kind = ""};

	if (!json_is_object(tree))
		return error_set(err, -EINVAL, "not a Kubernetes object");
	return walk_tree(&walk, &implied, tree);
}

/*
 * Adds the addresses of one type, in their order; all types other than that are left for later. Host
 * names and empty texts are passed over in silence, as kube-proxy does it: clouds write such.
 */
static int add_node_addresses(struct node *node, const struct object_field *list, size_t count,
			      const char *wanted, struct object_leftovers *left, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		struct object_field entry = object_field_at(list, i);
		struct object_field type = object_field_get(&entry, "type");
		struct object_field text = object_field_get(&entry, "address");
		struct address address = {0};
		struct error why = {0};
		const char *type_text = "";
		int r;

		r = object_field_object(&entry, err);
		if (r >= 0)
			r = object_field_text(&type, &type_text, err);
		if (r < 0)
			return r;
		if (strcmp(type_text, wanted) != 0 ||
		    object_field_address(&text, &address, NULL) < 0)
			continue;
		if (object_field_unicast(&text, &address, &why) < 0)
			object_leftovers_add(left, &why);
		else if (address.family)
			node->addresses[node->address_count++] = address;
	}
	return 0;
}

static int decode_node_addresses(const struct object_field *root, struct node *node,
				 struct object_leftovers *left, struct error *err)
{
	struct object_field status = object_field_get(root, "status");
	struct object_field list = object_field_get(&status, "addresses");
	size_t count = 0;
	int r;

	r = object_field_object(&status, err);
	if (r >= 0)
		r = object_field_list(&list, &count, err);
	if (r < 0 || count == 0)
		return r;
	node->addresses = memory_array(count, sizeof(*node->addresses));
	r = add_node_addresses(node, &list, count, "InternalIP", left, err);
	if (r < 0)
		return r;
	node->internal_count = node->address_count;
	return add_node_addresses(node, &list, count, "ExternalIP", left, err);
}

static void add_pod_cidr(const struct object_field *field, struct node *node,
			 struct object_leftovers *left)
{
	struct error why = {0};

	if (object_field_prefix(field, &node->pod_cidrs[node->pod_cidr_count], &why) < 0)
		object_leftovers_add(left, &why);
	else
		node->pod_cidr_count++;
}

static int decode_node_cidrs(const struct object_field *spec, struct node *node,
			     struct object_leftovers *left, struct error *err)
{
	struct object_field list = object_field_get(spec, "podCIDRs");
	struct object_field single = object_field_get(spec, "podCIDR");
	size_t count = 0;
	int r = object_field_list(&list, &count, err);

	if (r < 0 || (count == 0 && !*object_field_plain_text(&single)))
		return r;
	node->pod_cidrs = memory_array(count + 1, sizeof(*node->pod_cidrs));
	for (size_t i = 0; i < count; i++) {
		struct object_field entry = object_field_at(&list, i);

		if (!object_field_is_present(&entry))
			return object_field_error(&entry, err, "missing");
		add_pod_cidr(&entry, node, left);
	}
	if (count == 0)
		add_pod_cidr(&single, node, left);
	return 0;
}

static int decode_node_taints(const struct object_field *spec, struct node *node, struct error *err)
{
	struct object_field list = object_field_get(spec, "taints");
	size_t count = 0;
	int r = object_field_list(&list, &count, err);

	for (size_t i = 0; r >= 0 && i < count; i++) {
		struct object_field entry = object_field_at(&list, i);
		struct object_field key = object_field_get(&entry, "key");
		const char *text = "";

		r = object_field_object(&entry, err);
		if (r >= 0)
			r = object_field_text(&key, &text, err);
		if (strcmp(text, "ToBeDeletedByClusterAutoscaler") == 0)
			node->has_drain_taint = true;
	}
	return r;
}

static int decode_node_metadata(const struct object_field *root, struct node *node,
				struct error *err)
{
	struct object_field metadata = object_field_get(root, "metadata");
	struct object_field name = object_field_get(&metadata, "name");
	struct object_field deletion = object_field_get(&metadata, "deletionTimestamp");
	struct object_field labels = object_field_get(&metadata, "labels");
	struct object_field zone = object_field_get(&labels, "topology.kubernetes.io/zone");
	const char *name_text = "", *zone_text = "";
	int r;

	r = object_field_object(&metadata, err);
	if (r >= 0)
		r = object_field_object(&labels, err);
	if (r >= 0)
		r = object_field_name(&name, &name_text, err);
	if (r >= 0)
		r = object_field_text(&zone, &zone_text, err);
	if (r < 0)
		return r;
	if (!*name_text)
		return object_field_error(&name, err, "missing");
	node->name = string_dup(name_text);
	node->zone = *zone_text ? string_dup(zone_text) : NULL;
	node->is_deleting = object_field_is_present(&deletion);
	return 0;
}

int object_decode_node(struct object_value object, struct node **ret, struct error *err)
{
	auto_free(node) struct node *node = memory_allocate(sizeof(*node));
	struct object_field root = object_field_root(object);
	struct object_field spec = object_field_get(&root, "spec");
	struct object_leftovers left = {0};
	int r;

	r = object_field_object(&root, err);
	if (r >= 0)
		r = object_field_object(&spec, err);
	if (r >= 0)
		r = decode_node_metadata(&root, node, err);
	if (r >= 0)
		r = decode_node_cidrs(&spec, node, &left, err);
	if (r >= 0)
		r = decode_node_taints(&spec, node, err);
	if (r >= 0)
		r = decode_node_addresses(&root, node, &left, err);
	if (r < 0)
		return r;
	*ret = take(&node);
	return object_leftovers_tell(&left, err);
}
