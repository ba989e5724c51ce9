/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_proxy_choice.h"

#include "lib/base/address.h"
#include "lib/base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/*
 * A server, or an entry of NO_PROXY: with its address, if it is one, and its port, if it has one.
 */
struct place {
	char *host;
	const char *port; /* "" = none */
	struct address address;
	bool is_address;
};

static const char *variable(const char *upper, const char *lower)
{
	const char *value = getenv(upper);

	if (!value || !*value)
		value = getenv(lower);
	return value && *value ? value : NULL;
}

void kube_proxy_environment_read(struct kube_proxy_environment *ret)
{
	ret->https = variable("HTTPS_PROXY", "https_proxy");
	ret->http = variable("HTTP_PROXY", "http_proxy");
	ret->none = variable("NO_PROXY", "no_proxy");
}

/* Takes "[fd00::1]:443", "10.0.0.1", "fd00::1", "name:443" apart. */
static void take_apart(struct place *place, char *text)
{
	char *end, *colon = strrchr(text, ':');

	place->port = "";
	place->host = text;
	place->is_address = address_parse(text, &place->address);
	if (place->is_address)
		return;
	if (*text == '[' && (end = strchr(text, ']'))) {
		if (end[1] == ':')
			place->port = end + 2;
		*end = '\0';
		place->host = text + 1;
	} else if (colon) {
		place->port = colon + 1;
		*colon = '\0';
	}
	place->is_address = address_parse(place->host, &place->address);
}

static bool is_name_below(const char *name, const char *top)
{
	size_t length = strlen(name), top_length = strlen(top);

	return length > top_length && name[length - top_length - 1] == '.' &&
	       strcasecmp(name + length - top_length, top) == 0;
}

/* @entry is changed. */
static bool matches(char *entry, const struct place *server)
{
	struct prefix prefix;
	struct place place;

	if (strcmp(entry, "*") == 0)
		return true;
	if (strchr(entry, '/'))
		return server->is_address && address_parse_prefix(entry, &prefix) &&
		       prefix_contains(&prefix, &server->address);
	take_apart(&place, entry);
	if (*place.port && strcmp(place.port, server->port) != 0)
		return false;
	if (place.is_address || server->is_address)
		return place.is_address && server->is_address &&
		       address_is_equal(&place.address, &server->address);
	if (strncmp(place.host, "*.", 2) == 0)
		place.host++;
	if (*place.host == '.')
		return is_name_below(server->host, place.host + 1);
	return strcasecmp(server->host, place.host) == 0 || is_name_below(server->host, place.host);
}

static bool is_direct(const char *none, const struct place *server)
{
	auto_memory char *copy = string_dup(none ? none : "");
	char *rest = NULL;

	if (strcasecmp(server->host, "localhost") == 0 ||
	    (server->is_address && address_is_loopback(&server->address)))
		return true;
	for (char *entry = strtok_r(copy, ", \t", &rest); entry;
	     entry = strtok_r(NULL, ", \t", &rest))
		if (matches(entry, server))
			return true;
	return false;
}

const char *kube_proxy_choice(const struct kube_proxy_environment *environment, const char *server)
{
	bool is_https = strncmp(server, "https://", strlen("https://")) == 0;
	const char *proxy = is_https ? environment->https : environment->http;
	const char *host = strstr(server, "://") + 3;
	auto_memory char *copy = string_printf("%.*s", (int)strcspn(host, "/"), host);
	struct place place;

	if (!proxy)
		return NULL;
	take_apart(&place, copy);
	if (!*place.port)
		place.port = is_https ? "443" : "80";
	return is_direct(environment->none, &place) ? NULL : proxy;
}
