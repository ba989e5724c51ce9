/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_certificate.h"

#include <gnutls/x509.h>
#include <string.h>

int64_t kube_certificate_expiry(const char *pem)
{
	gnutls_datum_t bytes = {.data = (unsigned char *)pem};
	gnutls_x509_crt_t certificate;
	time_t expiry = 0;

	if (!pem || gnutls_x509_crt_init(&certificate) < 0)
		return 0;
	bytes.size = (unsigned int)strlen(pem);
	if (gnutls_x509_crt_import(certificate, &bytes, GNUTLS_X509_FMT_PEM) >= 0)
		expiry = gnutls_x509_crt_get_expiration_time(certificate);
	gnutls_x509_crt_deinit(certificate);
	return expiry > 0 ? expiry : 0;
}
