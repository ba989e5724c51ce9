/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_KUBE_CERTIFICATE_H
#define SOURCE_KUBE_CERTIFICATE_H

#include <stdint.h>

/**
 * kube_certificate_expiry() - until when a certificate is valid
 * @pem:  the first certificate in it counts, whatever else there is; NULL is fine
 *
 * Return: seconds since 1970; 0 if there is no certificate in it, which is for the TLS library to
 * complain about when it is to use it
 */
int64_t kube_certificate_expiry(const char *pem);

#endif
