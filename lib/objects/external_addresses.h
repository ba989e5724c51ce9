/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OBJECTS_EXTERNAL_ADDRESSES_H
#define OBJECTS_EXTERNAL_ADDRESSES_H

#include "endpoint_slice.h"
#include "service.h"

/**
 * struct external_addresses - the external and load balancer IPs of all Services, and which of them
 *                             are a pod's or a node's as endpoints have it
 *
 * Services without ClusterIP do not count: they have no addresses.
 *
 * Whatever of such an address is known from endpoints costs nothing more to know: those with a
 * nodeName are pods, which have the node's address if they use its network, and those of
 * default/kubernetes are API servers. Other endpoints may be anything, a VIP elsewhere included.
 */
struct external_addresses;

struct external_addresses *external_addresses_new(void);
void external_addresses_free(struct external_addresses *externals);
AUTO_FREE_DEFINE(external_addresses);

/** external_addresses_add() - a Service came; _remove() it goes, as it was added; NULL is fine */
void external_addresses_add(struct external_addresses *externals, const struct service *service);
void external_addresses_remove(struct external_addresses *externals, const struct service *service);

/**
 * external_addresses_count() - the endpoints of a slice came, or go with @by of -1
 *
 * Return: whether an address begins or ceases to be that of an endpoint
 */
bool external_addresses_count(struct external_addresses *externals,
			      const struct endpoint_slice *slice, int by);

/**
 * external_addresses_is_behind() - there are addresses that came after endpoints did
 * external_addresses_catch_up() - the endpoints of one of all slices, for these; then _caught_up()
 */
bool external_addresses_is_behind(const struct external_addresses *externals);
void external_addresses_catch_up(struct external_addresses *externals,
				 const struct endpoint_slice *slice);
void external_addresses_caught_up(struct external_addresses *externals);

/** external_addresses_is_told() - the address of the endpoint @index is a pod's or a node's */
bool external_addresses_is_told(const struct endpoint_slice *slice, size_t index);

/** external_addresses_is_named() - a Service has it, or says that it is its load balancer's own */
bool external_addresses_is_named(const struct external_addresses *externals,
				 const struct address *address);

/** external_addresses_has_endpoint() - @address is that of an endpoint; NULL: of none */
bool external_addresses_has_endpoint(const struct external_addresses *externals,
				     const struct address *address);

/** external_addresses_version() - another one where there are other addresses */
uint64_t external_addresses_version(const struct external_addresses *externals);

/** external_addresses_list() - all of them, in no order; freed by the caller */
struct address *external_addresses_list(const struct external_addresses *externals, size_t *count);

#endif
