/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/source/kube/kube_credentials.h"

#include "lib/source/kube/kube_certificate.h"
#include "lib/source/kube/kube_text.h"

#include <errno.h>
#include <gnutls/x509.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define LONG_AGO      1577934245 /* 2020-01-02T03:04:05Z */
#define NOT_SO_LONG   1609557845 /* 2021-01-02T03:24:05Z */
#define IN_THE_FUTURE 4133980799 /* 2100-12-31T23:59:59Z */

static char directory[] = "/tmp/kube_credentials_test.XXXXXX";

/* Return: PEM of a certificate that ends then, to be freed */
static char *make_certificate(int64_t expiry)
{
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t certificate;
	gnutls_datum_t pem = {0};
	char *text;

	assert_int_equal(gnutls_x509_privkey_init(&key), 0);
	assert_int_equal(
		gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
					     GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
		0);
	assert_int_equal(gnutls_x509_crt_init(&certificate), 0);
	gnutls_x509_crt_set_version(certificate, 3);
	gnutls_x509_crt_set_serial(certificate, "\1", 1);
	gnutls_x509_crt_set_dn(certificate, "CN=proxy", NULL);
	gnutls_x509_crt_set_activation_time(certificate, LONG_AGO - 86400);
	gnutls_x509_crt_set_expiration_time(certificate, expiry);
	gnutls_x509_crt_set_key(certificate, key);
	assert_int_equal(gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0),
			 0);
	assert_int_equal(gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &pem), 0);
	text = string_dup((char *)pem.data);
	gnutls_free(pem.data);
	gnutls_x509_crt_deinit(certificate);
	gnutls_x509_privkey_deinit(key);
	return text;
}

static char *write_file(const char *name, const char *text)
{
	char *path = string_printf("%s/%s", directory, name);
	FILE *stream = fopen(path, "w");

	assert_non_null(stream);
	assert_true(fputs(text, stream) >= 0);
	assert_int_equal(fclose(stream), 0);
	return path;
}

/* What was told, without the directory; @is_ready: the plugin has ended. */
struct fixture {
	struct ev_loop *loop;
	struct kube_config *config;
	struct kube_credentials *credentials;
	char told[500];
	bool is_ready;
};

static void on_ready(void *owner, const struct error *err)
{
	assert_null(err);
	((struct fixture *)owner)->is_ready = true;
}

static void on_certificate(void *owner, bool is_expired, const char *text)
{
	struct fixture *fixture = owner;
	size_t used = strlen(fixture->told);
	const char *path = strstr(text, directory);

	snprintf(fixture->told + used, sizeof(fixture->told) - used, "%s: %.*s%s\n",
		 is_expired ? "expired" : "valid", (int)(path ? path - text : 1000), text,
		 path ? path + strlen(directory) + 1 : "");
}

static void prepare(struct fixture *fixture, const char *user)
{
	auto_memory char *text = string_printf(
		"{current-context: c, contexts: [{name: c, context: {cluster: k, user: u}}], "
		"clusters: [{name: k, cluster: {server: \"https://h\"}}], users: [{name: u, user: "
		"{%s}}]}",
		user);
	auto_memory char *path = write_file("config", text);
	struct error err = {0};

	*fixture = (struct fixture){.loop = ev_default_loop(0)};
	if (kube_config_load(&(struct kube_config_place){.kubeconfig = path}, &fixture->config,
			     &err) < 0)
		fail_msg("%s", err.text);
	fixture->credentials =
		kube_credentials_new(fixture->loop, fixture->config, on_ready, fixture);
	kube_credentials_watch_certificate(fixture->credentials, on_certificate);
}

static void clean_up(struct fixture *fixture)
{
	kube_credentials_free(fixture->credentials);
	kube_config_free(fixture->config);
}

/* The credentials are needed now; what is told about them is in the fixture. */
static void get(struct fixture *fixture)
{
	const struct kube_access *access;
	struct error err = {0};
	int r;

	fixture->told[0] = '\0';
	while ((r = kube_credentials_get(fixture->credentials, &access, &err)) == -EINPROGRESS)
		while (!fixture->is_ready)
			ev_run(fixture->loop, EVRUN_ONCE);
	if (r < 0)
		fail_msg("%s", err.text);
}

static void assert_told(struct fixture *fixture, const char *wanted)
{
	get(fixture);
	assert_string_equal(fixture->told, wanted);
}

static void assert_expiry(const struct fixture *fixture, int64_t wanted)
{
	assert_int_equal(kube_credentials_certificate_expiry(fixture->credentials), wanted);
}

static void put_certificate(int64_t expiry)
{
	auto_memory char *pem = make_certificate(expiry);

	free(write_file("client.crt", pem));
}

static void test_expiry(void **state)
{
	auto_memory char *pem = make_certificate(LONG_AGO);
	auto_memory char *next = make_certificate(IN_THE_FUTURE);
	auto_memory char *with_more = string_printf(
		"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n%s%s", pem, next);

	(void)state;
	assert_int_equal(kube_certificate_expiry(pem), LONG_AGO);
	assert_int_equal(kube_certificate_expiry(with_more), LONG_AGO);
	assert_int_equal(kube_certificate_expiry(NULL), 0);
	assert_int_equal(kube_certificate_expiry(""), 0);
	assert_int_equal(kube_certificate_expiry("-----BEGIN CERTIFICATE-----\nAAAA\n"
						 "-----END CERTIFICATE-----\n"),
			 0);
}

static void test_a_file(void **state)
{
	struct fixture fixture;

	(void)state;
	free(write_file("client.key", "key"));
	put_certificate(IN_THE_FUTURE);
	prepare(&fixture, "client-certificate: client.crt, client-key: client.key");
	assert_expiry(&fixture, 0);
	assert_told(&fixture, "");
	assert_expiry(&fixture, IN_THE_FUTURE);

	put_certificate(LONG_AGO);
	assert_told(&fixture, "expired: client-certificate client.crt expired at "
			      "2020-01-02T03:04:05Z; using it until it is replaced\n");
	assert_told(&fixture, "");
	assert_expiry(&fixture, LONG_AGO);
	put_certificate(NOT_SO_LONG);
	assert_told(&fixture, "expired: client-certificate client.crt expired at "
			      "2021-01-02T03:24:05Z; using it until it is replaced\n");
	assert_told(&fixture, "");

	put_certificate(IN_THE_FUTURE);
	assert_told(&fixture,
		    "valid: client-certificate client.crt is valid until 2100-12-31T23:59:59Z\n");
	assert_told(&fixture, "");
	free(write_file("client.crt", "no certificate"));
	assert_told(&fixture, "");
	assert_expiry(&fixture, 0);
	clean_up(&fixture);
}

static void test_expiring_while_running(void **state)
{
	int64_t expiry = time(NULL) + 2;
	struct fixture fixture;

	(void)state;
	free(write_file("client.key", "key"));
	put_certificate(expiry);
	prepare(&fixture, "client-certificate: client.crt, client-key: client.key");
	get(&fixture);
	if (time(NULL) < expiry)
		assert_string_equal(fixture.told, "");
	while (time(NULL) < expiry)
		usleep(10000);
	/* On a machine that was asleep it may have been told before. */
	if (!*fixture.told)
		get(&fixture);
	assert_non_null(strstr(fixture.told, "expired: client-certificate client.crt expired at "));
	assert_told(&fixture, "");
	clean_up(&fixture);
}

static void test_data_in_the_configuration(void **state)
{
	auto_memory char *pem = make_certificate(LONG_AGO);
	auto_memory char *encoded = kube_text_encode_base64(pem);
	auto_memory char *user = string_printf(
		"client-certificate-data: \"%s\", client-key-data: \"a2V5\"", encoded);
	struct fixture fixture;

	(void)state;
	prepare(&fixture, user);
	assert_told(&fixture, "expired: client-certificate-data expired at 2020-01-02T03:04:05Z; "
			      "using it until it is replaced\n");
	clean_up(&fixture);
}

static void test_a_plugin(void **state)
{
	auto_memory char *pem = make_certificate(LONG_AGO);
	auto_memory char *script = NULL, *path = NULL;
	struct fixture fixture;
	json_t *answer = json_pack("{s:s, s:s, s:{s:s, s:s}}", "kind", "ExecCredential",
				   "apiVersion", "client.authentication.k8s.io/v1", "status",
				   "clientCertificateData", pem, "clientKeyData", "key");
	char *text = json_dumps(answer, JSON_COMPACT);

	(void)state;
	script = string_printf("#!/bin/sh\ncat <<'END'\n%s\nEND\n", text);
	path = write_file("plugin", script);
	assert_return_code(chmod(path, 0700), errno);
	prepare(&fixture, "exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin}");
	assert_told(&fixture,
		    "expired: clientCertificateData of credential plugin ./plugin expired at "
		    "2020-01-02T03:04:05Z; using it until it is replaced\n");
	assert_told(&fixture, "");
	assert_expiry(&fixture, LONG_AGO);
	clean_up(&fixture);
	free(text);
	json_decref(answer);
}

static int set_up_group(void **state)
{
	(void)state;
	unsetenv("KUBECONFIG");
	return mkdtemp(directory) ? 0 : -1;
}

static int clean_up_group(void **state)
{
	static const char *const names[] = {"config", "client.crt", "client.key", "plugin"};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		auto_memory char *path = string_printf("%s/%s", directory, names[i]);

		unlink(path);
	}
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_a_file),
		cmocka_unit_test(test_expiring_while_running),
		cmocka_unit_test(test_data_in_the_configuration),
		cmocka_unit_test(test_a_plugin),
	};

	return cmocka_run_group_tests(tests, set_up_group, clean_up_group);
}
