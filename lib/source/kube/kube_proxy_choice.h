/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_KUBE_PROXY_CHOICE_H
#define SOURCE_KUBE_PROXY_CHOICE_H

/**
 * struct kube_proxy_environment - what the environment says about proxies; NULL = nothing
 * @https:  $HTTPS_PROXY, for https:// URLs: "http://10.0.0.1:3128"; without scheme it is http://
 * @http:   $HTTP_PROXY, for http:// URLs
 * @none:   $NO_PROXY: whom to reach directly, separated by commas: "*", a name (with all below
 *          it), ".name" (only what is below it), an address, a CIDR; names and addresses may end
 *          in ":PORT"
 *
 * Of each, the name in lower case counts if the other one is not set.
 * Source: golang.org/x/net/http/httpproxy, which kube-proxy's client uses. It never uses a proxy
 * for localhost and loopback addresses.
 */
struct kube_proxy_environment {
	const char *https;
	const char *http;
	const char *none;
};

/** kube_proxy_environment_read() - borrowed from the environment */
void kube_proxy_environment_read(struct kube_proxy_environment *ret);

/**
 * kube_proxy_choice() - the proxy by which to reach a server
 * @server:  "https://10.96.0.1:443/path"
 * Return: its URL, borrowed from @environment; NULL = none
 */
const char *kube_proxy_choice(const struct kube_proxy_environment *environment, const char *server);

#endif
