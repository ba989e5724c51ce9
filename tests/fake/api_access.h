/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FAKE_API_ACCESS_H
#define FAKE_API_ACCESS_H

#include <microhttpd.h>
#include <stdbool.h>

#define API_ACCESS_USER_SIZE 128

/**
 * api_access_authenticate() - who sends this request
 * @tokens:         "TOKEN USER" per line; NULL: tokens do not count
 * @has_authority:  a client certificate that was verified counts: its CN is the user
 * @user:           "system:anonymous" for who shows nothing
 *
 * Return: false if the client showed a token that nobody has
 */
bool api_access_authenticate(struct MHD_Connection *connection, const char *tokens,
			     bool has_authority, char user[API_ACCESS_USER_SIZE]);

/** api_access_is_allowed() - @users: one per line, "*" is everybody; NULL: everybody */
bool api_access_is_allowed(const char *users, const char *user);

#endif
