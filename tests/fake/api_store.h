/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FAKE_API_STORE_H
#define FAKE_API_STORE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/** enum api_resource - what the server of the tests keeps */
enum api_resource {
	API_RESOURCE_SERVICES,
	API_RESOURCE_ENDPOINT_SLICES,
	API_RESOURCE_NODES,
	API_RESOURCE_COUNT,
	API_RESOURCE_EVENTS = API_RESOURCE_COUNT,
};

/** struct api_kind - how a resource is called */
struct api_kind {
	const char *resource; /* "endpointslices" */
	const char *kind;     /* "EndpointSlice" */
	const char *group;    /* "discovery.k8s.io", "" for the core */
	const char *version;  /* "discovery.k8s.io/v1" */
};

const struct api_kind *api_store_kind(enum api_resource resource);

/**
 * struct api_store - objects with resourceVersions, and the history of their changes
 *
 * Objects are never changed once they are in the store: a change replaces them.
 */
struct api_store;

/** api_store_new() - empty; the first change gets @version + 1 */
struct api_store *api_store_new(long version);
void api_store_free(struct api_store *store);

/** api_store_version() - of the latest change; api_store_oldest() - before it nothing is known */
long api_store_version(const struct api_store *store);
long api_store_oldest(const struct api_store *store);

/**
 * api_store_set() - create or replace; metadata the server would add is added
 * @object:  with kind, apiVersion, metadata.name
 * Return: false if it is of no kind the store keeps, or has no name. Nothing happens if it is there
 * already as it is.
 */
bool api_store_set(struct api_store *store, const json_t *object);

/**
 * api_store_say() - an event that a server should not send: the next thing that watches hear
 * @line:  without its end
 */
void api_store_say(struct api_store *store, enum api_resource resource, const char *line);

/**
 * api_store_show() - an item that a server should not have
 * @text:  comes in each list, as it is, and in streaming lists as the object of an event
 */
void api_store_show(struct api_store *store, enum api_resource resource, const char *text);

/** api_store_shown() - an array of the same, as strings; it belongs to the store */
const json_t *api_store_shown(const struct api_store *store, enum api_resource resource);

/** api_store_keep() - delete everything that was not set since the last call of this function */
void api_store_keep(struct api_store *store);

/** api_store_rewind() - the latest change gets that version, as after a backup was restored */
void api_store_rewind(struct api_store *store, long version);

/** api_store_compact() - forget the history: versions below the current one are gone */
void api_store_compact(struct api_store *store);

/**
 * struct api_selector - what is listed and watched; NULL: everything
 * @labels:  "!LABEL,!LABEL"
 * @fields:  "metadata.name=NAME" or "spec.clusterIP!=None"
 */
struct api_selector {
	const char *labels;
	const char *fields;
};

/** api_store_list() - a new array of the objects as items of a list, in the order of their names */
json_t *api_store_list(const struct api_store *store, enum api_resource resource,
		       const struct api_selector *selector);

/** api_store_object() - an item as an object of its own, with kind and apiVersion; a new one */
json_t *api_store_object(enum api_resource resource, const json_t *item);

/**
 * api_store_next() - the first change after @version that someone with this selector sees
 * @ret_version:  of that change; or the current one if there is none
 * Return: a new event {"type": ..., "object": ...}, a string for what api_store_say() was given, or
 * NULL
 */
json_t *api_store_next(const struct api_store *store, enum api_resource resource,
		       const struct api_selector *selector, long version, long *ret_version);

#endif
