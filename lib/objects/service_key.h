/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OBJECTS_SERVICE_KEY_H
#define OBJECTS_SERVICE_KEY_H

/*
 * A Service is known by "NAMESPACE/NAME", its key.
 */

/** service_key_namespace() - for the caller to free; NULL if @key is none */
char *service_key_namespace(const char *key);

/** service_key_name() - in @key; NULL if that is none */
const char *service_key_name(const char *key);

#endif
