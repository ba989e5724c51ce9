/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_easy.h"

#include "kube_encoding.h"
#include "kube_proxy_choice.h"
#include "lib/base/memory.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define USER_AGENT "ipvsagent/" IPVSAGENT_VERSION " (linux)"

/* What libcurl may find at once; the kernel allows twice as much. */
#define RECEIVE_BUFFER_SIZE (128 << 10)

/* A peer that is gone is noticed after 5 + 3 x 1 s of silence, or 8 s after data was sent. */
#define KEEPALIVE_IDLE_SECONDS	    5
#define KEEPALIVE_INTERVAL_SECONDS  1
#define KEEPALIVE_PROBES	    3
#define UNACKNOWLEDGED_MILLISECONDS 8000

static void add_header(struct kube_easy *easy, const char *text)
{
	easy->headers = curl_slist_append(easy->headers, text);
	if (!easy->headers)
		memory_exhausted();
}

/* CURLOPT_CAINFO_BLOB and others: libcurl takes a copy. */
static void set_blob(CURL *handle, CURLoption option, const char *text)
{
	struct curl_blob blob = {
		.data = (void *)text, .len = strlen(text), .flags = CURL_BLOB_COPY};

	curl_easy_setopt(handle, option, &blob);
}

static void set_tls(CURL *handle, const struct kube_access *access)
{
	curl_easy_setopt(handle, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, access->is_insecure ? 0L : 1L);
	curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, access->is_insecure ? 0L : 2L);
	if (access->authority) {
		/* Else the system's authorities would count as well. */
		curl_easy_setopt(handle, CURLOPT_CAPATH, NULL);
		set_blob(handle, CURLOPT_CAINFO_BLOB, access->authority);
	}
	if (access->certificate && access->key) {
		set_blob(handle, CURLOPT_SSLCERT_BLOB, access->certificate);
		set_blob(handle, CURLOPT_SSLKEY_BLOB, access->key);
	}
}

/* "https://host:port/path" -> "host:port" */
static void set_host(struct kube_easy *easy, const char *server)
{
	const char *host = strstr(server, "://") + 3;

	snprintf(easy->host, sizeof(easy->host), "%.*s", (int)strcspn(host, "/"), host);
}

static bool has_port(const char *host)
{
	const char *colon = strrchr(host, ':');

	return colon && !strchr(colon, ']');
}

/*
 * libcurl checks the certificate against the name in the URL, so the other name is put there, and
 * the connection goes to where the server is.
 */
static char *build_url(struct kube_easy *easy, const struct kube_access *access, const char *path)
{
	const char *rest = strstr(access->server, "://") + 3;
	const char *port = has_port(easy->host) ? strrchr(easy->host, ':') : ":443";
	auto_memory char *target = NULL;
	auto_memory char *header = NULL;

	if (!access->tls_server_name || strncmp(access->server, "https://", 8) != 0)
		return string_printf("%s%s", access->server, path);
	target = string_printf("::%s%s", easy->host, has_port(easy->host) ? "" : ":443");
	header = string_printf("Host: %s", easy->host);
	easy->connect_to = curl_slist_append(NULL, target);
	if (!easy->connect_to)
		memory_exhausted();
	add_header(easy, header);
	curl_easy_setopt(easy->handle, CURLOPT_CONNECT_TO, easy->connect_to);
	return string_printf("https://%s%s%s%s", access->tls_server_name, port,
			     rest + strcspn(rest, "/"), path);
}

static void set_authorization(struct kube_easy *easy, const struct kube_access *access)
{
	auto_memory char *header = NULL;

	if (access->token) {
		header = string_printf("Authorization: Bearer %s", access->token);
		add_header(easy, header);
		explicit_bzero(header, strlen(header));
	} else if (access->user) {
		curl_easy_setopt(easy->handle, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		curl_easy_setopt(easy->handle, CURLOPT_USERNAME, access->user);
		curl_easy_setopt(easy->handle, CURLOPT_PASSWORD,
				 access->password ? access->password : "");
	}
}

/*
 * libcurl would look at the environment, too, but for the name in the URL, which is not the
 * server's where a tls-server-name is given.
 */
static void set_proxy(CURL *handle, const struct kube_access *access)
{
	struct kube_proxy_environment environment;
	const char *proxy = access->proxy;

	if (!proxy) {
		kube_proxy_environment_read(&environment);
		proxy = kube_proxy_choice(&environment, access->server);
	}
	curl_easy_setopt(handle, CURLOPT_PROXY, proxy ? proxy : "");
	curl_easy_setopt(handle, CURLOPT_NOPROXY, "");
}

static void set_accept(struct kube_easy *easy, const struct kube_call *call)
{
	auto_memory char *header =
		string_printf("Accept: %s", call->accept ? call->accept : KUBE_ENCODING_JSON_TYPE);

	add_header(easy, header);
}

static void set_body(struct kube_easy *easy, const struct kube_call *call)
{
	auto_memory char *header = string_printf("Content-Type: %s", call->content_type);

	add_header(easy, header);
	curl_easy_setopt(easy->handle, CURLOPT_COPYPOSTFIELDS, call->body);
	/* With a body libcurl would make it a POST. */
	curl_easy_setopt(easy->handle, CURLOPT_CUSTOMREQUEST, call->method);
}

void kube_easy_open(struct kube_easy *easy, const struct kube_access *access,
		    const struct kube_call *call)
{
	CURL *handle = easy->handle = curl_easy_init();
	auto_memory char *url = NULL;

	if (!handle)
		memory_exhausted();
	set_host(easy, access->server);
	url = build_url(easy, access, call->path);
	curl_easy_setopt(handle, CURLOPT_URL, url);
	curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	/* Without TLS there is no HTTP/2 to wait for, and a watch would keep the others waiting. */
	curl_easy_setopt(handle, CURLOPT_PIPEWAIT,
			 strncmp(access->server, "https:", strlen("https:")) == 0 ? 1L : 0L);
	curl_easy_setopt(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(handle, CURLOPT_TCP_NODELAY, 1L);
	curl_easy_setopt(handle, CURLOPT_USERAGENT, USER_AGENT);
	set_proxy(handle, access);
	set_tls(handle, access);
	set_accept(easy, call);
	set_authorization(easy, access);
	if (call->body)
		set_body(easy, call);
	curl_easy_setopt(handle, CURLOPT_HTTPHEADER, easy->headers);
}

void kube_easy_close(struct kube_easy *easy)
{
	curl_easy_cleanup(easy->handle);
	for (struct curl_slist *item = easy->headers; item; item = item->next)
		explicit_bzero(item->data, strlen(item->data));
	curl_slist_free_all(easy->headers);
	curl_slist_free_all(easy->connect_to);
}

static void set_socket_option(int descriptor, int level, int option, int value)
{
	setsockopt(descriptor, level, option, &value, sizeof(value));
}

void kube_easy_tune_socket(int descriptor)
{
	set_socket_option(descriptor, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER_SIZE);
	set_socket_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_socket_option(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_SECONDS);
	set_socket_option(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_SECONDS);
	set_socket_option(descriptor, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
	set_socket_option(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, UNACKNOWLEDGED_MILLISECONDS);
}
