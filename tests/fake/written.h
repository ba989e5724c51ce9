/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FAKE_WRITTEN_H
#define FAKE_WRITTEN_H

#include "base/strings.h"
#include "objects/endpoint_slice.h"
#include "objects/service.h"

/*
 * Objects written in one line, for tables of tests. Words are separated by spaces; the first is
 * NAMESPACE/NAME. Whatever is not understood ends the program: the row is wrong.
 */

/**
 * written_service() - for the caller to free, or to give to a store
 *
 * Words, those for lists repeatable:
 *   ip=ADDRESS external=ADDRESS lb=ADDRESS range=PREFIX
 *   port=NAME:PORT/PROTOCOL[:NODEPORT]   NAME may be empty
 *   type=NodePort affinity=SECONDS created=SECONDS health=PORT proxy=NAME
 *   etp=Local itp=Local
 */
struct service *written_service(const char *text);

/**
 * written_slice() - for the caller to free, or to give to a store
 *
 * Words:
 *   service=NAME             the label; none without
 *   family=6 or family=FQDN  IPv4 without
 *   port=NAME:PORT/PROTOCOL  repeatable
 *   ADDRESS[@NODE][+ZONE...][!CONDITION]
 *       an endpoint; CONDITION is unready, terminating (and still serving) or ended (terminating
 *       and not serving)
 */
struct endpoint_slice *written_slice(struct strings *strings, const char *text);

/** written_address(), written_prefix() - ends the program if it is none */
struct address written_address(const char *text);
struct prefix written_prefix(const char *text);

#endif
