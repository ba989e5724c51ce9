/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_MANIFEST_INTAKE_H
#define AGENT_MANIFEST_INTAKE_H

#include "agent/input/node_state.h"
#include "agent/settings/options.h"
#include "lib/base/error.h"
#include "lib/base/string_pool.h"
#include "lib/objects/store.h"

/**
 * manifest_intake_read() - read the manifests once, as `ipvsagent run` reads them at its start
 * @strings:  must outlive @store, into which Services and EndpointSlices go
 * @node:     gets the Nodes
 *
 * Blocks until all is read. What is wrong is logged: as a warning if the rest of an object can be
 * used, else as an error.
 * Return: 0; -EBADMSG if a file cannot be read, or an object cannot be used or is defined twice;
 * -ENOENT and others if a path cannot be read
 */
int manifest_intake_read(const struct options *options, struct string_pool *strings,
			 struct store *store, struct node_state *node, struct error *err);

#endif
