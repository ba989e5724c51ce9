/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FAKE_API_REQUEST_H
#define FAKE_API_REQUEST_H

#include "api_exchange.h"

/**
 * api_request_answer() - the request is complete: an answer is queued, or the connection ends.
 *                        Called with the lock held
 * @url:  without the query
 */
enum MHD_Result api_request_answer(struct api_exchange *exchange, const char *url);

#endif
