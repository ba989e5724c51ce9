/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FAKE_API_SERVER_H
#define FAKE_API_SERVER_H

#include "api_store.h"

#include <stdbool.h>
#include <stdio.h>

/**
 * struct api_server - an API server for tests
 *
 * Answers as Kubernetes does on the paths that a proxy uses, in JSON or in protocol buffers: lists in pages, from the watch
 * cache (in one piece) where resourceVersion is 0 or a number; watches with bookmarks; streaming
 * lists; Events that are created or patched; Status objects for everything else. HTTP/1.1, with TLS
 * if it has a certificate. Runs in threads of its own.
 */
struct api_server;

/**
 * struct api_server_options - how it listens, and whom it believes
 * @port:              0 = any that is free
 * @certificate:       PEM, with @key; NULL: plain HTTP
 * @client_authority:  PEM; who has a certificate of its own from there is the user of its CN
 * @first_version:     resourceVersion to start from
 * @bookmark_seconds:  between two bookmarks; one comes before a watch ends in any case
 * @log:               requests and Events, a line each, as they come; may be NULL
 */
struct api_server_options {
	unsigned int port;
	const char *certificate;
	const char *key;
	const char *client_authority;
	long first_version;
	double bookmark_seconds;
	FILE *log;
};

/** api_server_new() - without objects, and not listening yet */
struct api_server *api_server_new(const struct api_server_options *options);

/** api_server_listen() - from now on it answers; Return: false if it cannot listen */
bool api_server_listen(struct api_server *server, const struct api_server_options *options);

/** api_server_free() - all connections end; NULL is fine */
void api_server_free(struct api_server *server);

unsigned int api_server_port(const struct api_server *server);

/** api_server_lock() - the objects, for changes; watchers hear of them at the unlock */
struct api_store *api_server_lock(struct api_server *server);
void api_server_unlock(struct api_server *server);

/**
 * api_server_set_tokens() - "TOKEN USER" per line; who shows another token is turned away
 * api_server_set_users() - one per line: who may do what a proxy may; "*" is everybody
 *
 * As long as no users are set, everybody may.
 */
void api_server_set_tokens(struct api_server *server, const char *text);
void api_server_set_users(struct api_server *server, const char *text);

/** api_server_set_faults() - see api_faults.h; Return: false if the script cannot be read */
bool api_server_set_faults(struct api_server *server, const char *script);

/** api_server_rewind() - see api_store.h; what is under way goes on as long as it can */
void api_server_rewind(struct api_server *server, long version);

/** api_server_compact() - versions below the current one, and continue tokens, are gone */
void api_server_compact(struct api_server *server);

/**
 * api_server_requests() - "USER VERB TARGET STATUS" per line, of all requests so far
 * api_server_events() - the JSON of all Events, one per line
 *
 * Return: a copy for the caller to free
 */
char *api_server_requests(struct api_server *server);
char *api_server_events(struct api_server *server);

#endif
