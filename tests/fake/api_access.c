/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api_access.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>

/* Whether @text has a line that starts with the word @wanted; what follows it goes to @ret_rest. */
static bool has_line(const char *text, const char *wanted, char *ret_rest)
{
	size_t length = strlen(wanted);

	while (*text) {
		size_t line = strcspn(text, "\n");

		if (line >= length && strncmp(text, wanted, length) == 0 &&
		    (line == length || text[length] == ' ')) {
			if (ret_rest && line > length)
				snprintf(ret_rest, API_ACCESS_USER_SIZE, "%.*s",
					 (int)(line - length - 1), text + length + 1);
			return true;
		}
		text += line + (text[line] == '\n');
	}
	return false;
}

/* Return: whether the client has a certificate that the authority signed, and so a name */
static bool read_certificate(struct MHD_Connection *connection, char user[API_ACCESS_USER_SIZE])
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	unsigned int status = 0, count = 0;
	size_t size = API_ACCESS_USER_SIZE;
	const gnutls_datum_t *chain;
	gnutls_x509_crt_t certificate;
	bool has_name;

	chain = info ? gnutls_certificate_get_peers(info->tls_session, &count) : NULL;
	if (!chain || !count || gnutls_certificate_verify_peers2(info->tls_session, &status) < 0 ||
	    status)
		return false;
	gnutls_x509_crt_init(&certificate);
	has_name = gnutls_x509_crt_import(certificate, chain, GNUTLS_X509_FMT_DER) >= 0 &&
		   gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, 0,
						 user, &size) >= 0;
	gnutls_x509_crt_deinit(certificate);
	return has_name;
}

bool api_access_authenticate(struct MHD_Connection *connection, const char *tokens,
			     bool has_authority, char user[API_ACCESS_USER_SIZE])
{
	const char *header =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Authorization");

	if (has_authority && read_certificate(connection, user))
		return true;
	strcpy(user, "system:anonymous");
	if (!header || !tokens)
		return true;
	return strncmp(header, "Bearer ", 7) == 0 && has_line(tokens, header + 7, user);
}

bool api_access_is_allowed(const char *users, const char *user)
{
	return !users || has_line(users, "*", NULL) || has_line(users, user, NULL);
}
