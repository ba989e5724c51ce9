/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>
#include <time.h>

/* A part that is encrypted is none that counts: nobody is asked for a password. */
static int refuse_password(char *buffer, int size, int is_writing, void *owner)
{
	(void)buffer;
	(void)size;
	(void)is_writing;
	(void)owner;
	return -1;
}

static X509 *read_first(const char *pem)
{
	BIO *bytes = BIO_new_mem_buf(pem, -1);
	X509 *certificate;

	if (!bytes)
		return NULL;
	certificate = PEM_read_bio_X509(bytes, NULL, refuse_password, NULL);
	BIO_free(bytes);
	/* Of what nobody asks for, so that it is not taken for a failure of a later call. */
	ERR_clear_error();
	return certificate;
}

int64_t kube_certificate_expiry(const char *pem)
{
	X509 *certificate = pem ? read_first(pem) : NULL;
	struct tm parts;
	time_t expiry = 0;

	if (!certificate)
		return 0;
	if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) == 1)
		expiry = timegm(&parts);
	X509_free(certificate);
	return expiry > 0 ? expiry : 0;
}
