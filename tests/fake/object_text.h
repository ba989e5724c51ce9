/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FAKE_OBJECT_TEXT_H
#define FAKE_OBJECT_TEXT_H

#include "lib/base/string_pool.h"
#include "lib/objects/endpoint_slice.h"
#include "lib/objects/service.h"

/*
 * Objects written in one line, for tables of tests. Words are separated by spaces; the first is
 * NAMESPACE/NAME. Whatever is not understood ends the program: the row is wrong.
 */

/**
 * object_text_service() - for the caller to free, or to give to a store
 *
 * Words, those for lists repeatable:
 *   ip=ADDRESS external=ADDRESS lb=ADDRESS proxied=ADDRESS range=PREFIX
 *   port=NAME:PORT/PROTOCOL[:NODEPORT]   NAME may be empty
 *   type=NodePort affinity=SECONDS created=SECONDS health=PORT proxy=NAME
 *   scheduler=NAME etp=Local itp=Local opted-out unbound
 */
struct service *object_text_service(const char *text);

/**
 * object_text_slice() - for the caller to free, or to give to a store
 *
 * Words:
 *   service=NAME             the label; none without
 *   family=6 or family=FQDN  IPv4 without
 *   port=NAME:PORT/PROTOCOL  repeatable
 *   ADDRESS[@NODE][+ZONE...][~NODE...][!CONDITION]
 *       an endpoint, with hints for zones and for nodes; CONDITION is unready, terminating (and still serving) or ended (terminating
 *       and not serving)
 */
struct endpoint_slice *object_text_slice(struct string_pool *strings, const char *text);

/** object_text_address(), object_text_prefix() - ends the program if it is none */
struct address object_text_address(const char *text);
struct prefix object_text_prefix(const char *text);

#endif
