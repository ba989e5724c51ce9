/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_OBJECT_DECODE_H
#define SOURCE_OBJECT_DECODE_H

#include "lib/base/error.h"
#include "lib/objects/endpoint_slice.h"
#include "lib/objects/node.h"
#include "lib/objects/service.h"
#include "object_value.h"

#include <jansson.h>
#include <stddef.h>

/*
 * From API objects to the structs of lib/objects. Missing fields get the defaults of the API
 * server; what decides about traffic is checked, and the error names field and reason:
 * "spec.ports[1].port: 70000 is not a port (1-65535)". Fields that no proxy reads are not looked
 * at. Addresses are read as kube-proxy reads them: 010.0.0.1 is 10.0.0.1.
 */

/*
 * The decoders return 0, or 1 if they left out parts of the object that cannot be used, such as an
 * address that can be nobody else's: then everything else of it counts, and @err names the first of
 * these parts. They return -EINVAL if the object as a whole cannot be used.
 */

/** enum object_kind - what we read; OTHER is everything else, to be ignored */
enum object_kind {
	OBJECT_KIND_SERVICE,
	OBJECT_KIND_ENDPOINT_SLICE,
	OBJECT_KIND_ENDPOINTS,
	OBJECT_KIND_NODE,
	OBJECT_KIND_OTHER,
};

/** object_kind_name() - "Service", "EndpointSlice", "Endpoints", "Node", "object" */
const char *object_kind_name(enum object_kind kind);

/**
 * struct object_identity - which object a tree describes
 * @kind_text:       as written in the tree or implied by the list around it; never NULL
 * @namespace_name:  "default" where a namespaced object names none, "" for Nodes
 *
 * The texts belong to the tree (or are constants).
 */
struct object_identity {
	enum object_kind kind;
	const char *kind_text;
	const char *namespace_name;
	const char *name;
};

/**
 * object_decode_each() - call @visit for a tree's object, or for each one of a list
 * @tree:   a Service, a v1 List, a ServiceList, ...; lists may hold lists
 * @visit:  @err is NULL and @identity complete; or @err says why the object, or the element of a
 *          list that is none, cannot be identified, and @identity holds what is known of it ("" for
 *          the rest). Objects of kind OTHER have whatever name they carry. A negative return value
 *          ends the walk and is returned.
 *
 * Return: 0, -EINVAL if the tree is no object, or what @visit returned.
 */
int object_decode_each(const json_t *tree,
		       int (*visit)(const struct object_identity *identity, const json_t *object,
				    const struct error *err, void *owner),
		       void *owner, struct error *err);

/**
 * object_decode_service() - a v1 Service
 * @ret:  set on success only; freed with service_free()
 *
 * Left out: addresses. loadBalancerSourceRanges, which restrict, count all or not at all, and come
 * from the field alone: kube-proxy does not look at the old annotation. An ExternalName Service may carry anything and yields no address.
 */
int object_decode_service(struct object_value object, struct service **ret, struct error *err);

/**
 * object_decode_endpoint_slice() - a discovery.k8s.io/v1 EndpointSlice
 * @strings:  pool of the shared strings, outlives the slice
 *
 * Left out: endpoints.
 */
int object_decode_endpoint_slice(struct object_value object, struct string_pool *strings,
				 struct endpoint_slice **ret, struct error *err);

/** struct endpoint_slices - an array that owns its slices */
struct endpoint_slices {
	struct endpoint_slice **slices;
	size_t count;
};

/** endpoint_slices_clear() - free the slices (not the struct); slots set to NULL are skipped */
void endpoint_slices_clear(struct endpoint_slices *slices);

/**
 * object_decode_endpoints() - a v1 Endpoints as EndpointSlices
 * @ret:  set on success only
 *
 * Left out: addresses.
 *
 * What the EndpointSlice mirroring controller makes of it: for each subset one slice per address
 * family, addresses ready, notReadyAddresses not ready. The slices are called NAME:SUBSET:FAMILY
 * ("web:0:ipv4"), which no real slice can be, and belong to the Service of the same name.
 * Nothing is made of an object with the label endpointslice.kubernetes.io/skip-mirror=true or
 * with the annotation control-plane.alpha.kubernetes.io/leader (an election record), nor of those
 * of headless Services.
 *
 * The controller also leaves out Services that have a selector, because their slices come from
 * elsewhere. The decoder sees one object and cannot: if a Service has slices of its own and an
 * Endpoints object, both count, and an endpoint that is in both counts once.
 */
int object_decode_endpoints(struct object_value object, struct string_pool *strings,
			    struct endpoint_slices *ret, struct error *err);

/** object_decode_node() - a v1 Node; left out: addresses and podCIDRs */
int object_decode_node(struct object_value object, struct node **ret, struct error *err);

#endif
