/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FAKE_API_BODY_H
#define FAKE_API_BODY_H

#include "api_exchange.h"

/** api_body_encode() - makes of the text what is sent for it */
void api_body_encode(struct api_exchange *exchange);

/**
 * api_body_read() - the next bytes of the answer, as the faults have it; a watch waits for events.
 *                   Called with the lock held
 * Return: as a MHD_ContentReaderCallback
 */
ssize_t api_body_read(struct api_exchange *exchange, char *buffer, size_t size);

#endif
